// Admits queries to providers: it reserves from the store's rate limits for queries and documents, limits queries to a
// share of them, and keeps queries from endpoints that are paused.
//
// Queries never wait behind documents. They reserve from the same rate limit, but do not wait until their slot begins:
// documents wait in their place. So that documents are not starved, queries also have a rate limit of their own, a
// tenth of the whole. A query that is too far ahead of it is refused. A query also goes immediately to a provider that
// takes one call at a time: for queries a process makes one call more than its endpoints' concurrency allows, or a
// quarter of that number.
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

struct ProbedProvider;

class QueryAdmission {
public:
    using Steady = std::chrono::steady_clock::time_point;

    static constexpr double query_share = 0.1;  // of each rate limit
    // The part of a minute's rate limit that queries may be ahead; at least two requests.
    static constexpr double query_burst = 1.0 / 150;
    static constexpr std::chrono::milliseconds max_wait{2'000};  // for another query's call to end
    // After a query failed at an endpoint, queries ask the others first for so long.
    static constexpr std::chrono::milliseconds avoided_for{300'000};

    // As Store::reserve. If the store does not share rate limits, they hold for this process alone.
    [[nodiscard]] Result<std::vector<RateSlot>> reserve(Store& store, const std::vector<RateRequest>& requests,
                                                        Steady now);

    // The right to make one call for a query, released when it is destroyed.
    class Permit {
    public:
        Permit(QueryAdmission& query_admission, const Sha256& fingerprint, std::vector<std::size_t> endpoints)
            : query_admission_(&query_admission), fingerprint_(fingerprint), endpoints_(std::move(endpoints)) {}
        Permit(Permit&& other) noexcept
            : query_admission_(std::exchange(other.query_admission_, nullptr)),
              fingerprint_(other.fingerprint_),
              endpoints_(std::move(other.endpoints_)) {}
        Permit(const Permit&) = delete;
        Permit& operator=(const Permit&) = delete;
        Permit& operator=(Permit&&) = delete;
        ~Permit() {
            if (query_admission_ != nullptr) query_admission_->release(fingerprint_);
        }
        // At least one; in the order in which they are to be asked, until one answers.
        [[nodiscard]] const std::vector<std::size_t>& endpoints() const noexcept { return endpoints_; }

    private:
        QueryAdmission* query_admission_;
        Sha256 fingerprint_;
        std::vector<std::size_t> endpoints_;
    };
    // Admits a query of about `bytes` to the endpoints that are not paused, or fails with `throttled` or `unavailable`
    // and the reason.
    [[nodiscard]] Result<Permit> admit_query(Store& store, const ProbedProvider& provider, std::size_t bytes,
                                             const Clock& clock, std::stop_token stop);
    // Reports that a query failed at an endpoint, which is then asked after the others. Throttling is published in the
    // store, so that all processes keep to it.
    void query_failed(Store& store, const ProbedProvider& provider, std::size_t endpoint_index, const Error& error,
                      Steady now);

    // Sets the present pauses of this process's endpoints, one for each endpoint.
    void set_pauses(const Sha256& fingerprint, std::vector<Pause> pauses);

private:
    struct ProviderQueries {
        std::vector<Pause> endpoint_pauses;
        std::vector<Pause> query_pauses;    // that endpoints asked queries for
        std::vector<Steady> avoided_until;  // by endpoint, after a query failed there
        std::size_t in_flight = 0;
        // Set while the queries' share is used up: from then on one query may go, whose share has been reserved.
        std::optional<Steady> next_allowed;
    };

    [[nodiscard]] Result<std::vector<std::size_t>> free_endpoints(Store& store, const ProbedProvider& provider,
                                                                  Steady now);
    [[nodiscard]] Status reserve_share(Store& store, const ProbedProvider& provider, std::size_t bytes, Steady now);
    void release(const Sha256& fingerprint);

    sync::Mutex mutex_;
    std::condition_variable_any released_;
    std::map<Sha256, ProviderQueries> by_provider_ EMBEDQ_GUARDED_BY(mutex_);
    // When the next slot of each rate limit begins, where the store does not share them.
    std::map<std::pair<Sha256, RateUnit>, Steady> next_free_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::endpoints
