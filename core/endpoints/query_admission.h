// What the endpoints and the queries of a process share: the way to the store's budgets, the share of them that queries
// have, and the pauses that queries keep to.
//
// Queries never wait behind documents. They draw on the same rate limit, but do not wait for their turn on its line: what
// they take early, documents wait for. So that documents are not starved, queries have a line of their own at a tenth
// of the rate; who is too far ahead on it is told to do without. With a provider that takes one call at a time a query
// still goes at once: a process makes one call more for queries than its endpoints do, or a quarter of their number.
//
// Thread-safety: every member may be called from any thread. The store is called without a lock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "embedq/context.h"
#include "embedq/error.h"
#include "embedq/store.h"
#include "endpoints/endpoint.h"
#include "sync/mutex.h"

namespace embedq::endpoints {

struct ResolvedProvider;

class QueryAdmission {
public:
    using Steady = std::chrono::steady_clock::time_point;

    static constexpr double query_share = 0.1;  // of each rate limit
    // Of a minute's rate limit may be taken at once, or two requests.
    static constexpr double query_burst = 1.0 / 150;
    static constexpr std::chrono::milliseconds slot_wait{2'000};  // for another query's call to end

    // Store::reserve; where the store shares no budgets, by lines of this process alone.
    [[nodiscard]] Result<std::vector<RateSlot>> reserve(Store& store, const std::vector<RateRequest>& requests,
                                                        Steady now);

    // The right to make one call for a query, given back at its end.
    class Permit {
    public:
        Permit(QueryAdmission& query_admission, const Sha256& fingerprint, std::size_t endpoint_index)
            : query_admission_(&query_admission), fingerprint_(fingerprint), endpoint_index_(endpoint_index) {}
        Permit(Permit&& other) noexcept
            : query_admission_(std::exchange(other.query_admission_, nullptr)),
              fingerprint_(other.fingerprint_),
              endpoint_index_(other.endpoint_index_) {}
        Permit(const Permit&) = delete;
        Permit& operator=(const Permit&) = delete;
        Permit& operator=(Permit&&) = delete;
        ~Permit() {
            if (query_admission_ != nullptr) query_admission_->leave(fingerprint_);
        }
        [[nodiscard]] std::size_t endpoint() const noexcept { return endpoint_index_; }

    private:
        QueryAdmission* query_admission_;
        Sha256 fingerprint_;
        std::size_t endpoint_index_;
    };
    // Lets a query of about `bytes` pass to an endpoint that is not paused, or says why not: `throttled` or
    // `unavailable`.
    [[nodiscard]] Result<Permit> admit_query(Store& store, const ResolvedProvider& provider, std::size_t bytes,
                                             const Clock& clock, std::stop_token stop);
    // How the call of a query ended. What the endpoint said of throttling goes to the store, so that all endpoints keep to
    // it.
    void query_failed(Store& store, const ResolvedProvider& provider, std::size_t endpoint_index, const Error& error,
                      Steady now);

    // The pauses of this process's endpoints, as they are now; one for each endpoint.
    void set_pauses(const Sha256& fingerprint, std::vector<Pause> pauses);

private:
    struct ProviderQueries {
        std::vector<Pause> pauses;  // of the endpoints
        std::vector<Pause> own;     // that queries were told of
        std::size_t queries = 0;    // under way
        // The share of queries is used up until then; from then on one may go, for which the share was drawn on
        // already.
        std::optional<Steady> drawn_for;
    };

    [[nodiscard]] Result<std::size_t> free_endpoint(Store& store, const ResolvedProvider& provider, Steady now);
    [[nodiscard]] Status draw(Store& store, const ResolvedProvider& provider, std::size_t bytes, Steady now);
    void leave(const Sha256& fingerprint);

    sync::Mutex mutex_;
    std::condition_variable_any left_;
    std::map<Sha256, ProviderQueries> by_provider_ EMBEDQ_GUARDED_BY(mutex_);
    std::map<std::pair<Sha256, RateUnit>, Steady> next_free_
        EMBEDQ_GUARDED_BY(mutex_);  // the next free moment of each rate limit
};

}  // namespace embedq::endpoints
