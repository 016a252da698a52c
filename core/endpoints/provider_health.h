// The health of one provider: whether it is being probed, which of its models is the present one, and whether it
// answers queries. Shared by all ProbedProvider objects of the provider.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "endpoints/query_breaker.h"
#include "sync/mutex.h"

namespace embedq::endpoints {

class ProviderHealth {
public:
    using Steady = QueryBreaker::Steady;

    // How long after the start of a probe any answer is held back, at least. Real time, whatever clock the host
    // injects.
    static constexpr std::chrono::milliseconds shortest_hold{1'000};

    enum class Model : std::uint8_t { same, changed, unknown };

    // `on_recheck` is called for each `request_recheck`.
    ProviderHealth(std::function<Steady()> now, std::function<void()> on_recheck)
        : now_(std::move(now)), request_recheck_(std::move(on_recheck)) {}

    [[nodiscard]] Steady now() const { return now_(); }
    void request_recheck() {
        recheck_requested_ = true;
        request_recheck_();
    }
    // Since the last probe began.
    [[nodiscard]] bool recheck_requested() const noexcept { return recheck_requested_; }

    void begin_probe() {
        const sync::Lock lock(mutex_);
        probing_ = true;
        probe_began_at_ = std::chrono::steady_clock::now();
        recheck_requested_ = false;
    }
    void end_probe(std::uint64_t generation) {
        const sync::Lock lock(mutex_);
        probing_ = false;
        // How the former model answered queries says nothing about this one.
        if (generation != generation_) queries_ = QueryBreaker();
        generation_ = generation;
        probe_ended_.notify_all();
    }
    // Whether a call of this generation was answered by the present model. Waits while a probe is running: at least for
    // the shortest hold, and until the deadline or a stop. `unknown` if the probe is still running then.
    [[nodiscard]] Model model_of(std::uint64_t generation, Steady deadline, std::stop_token stop) {
        sync::Lock lock(mutex_);
        const auto probe_ended = [&]() EMBEDQ_REQUIRES(mutex_) { return !probing_; };
        const bool known =
            probe_ended_.wait_until(lock, stop, std::max(deadline, probe_began_at_ + shortest_hold), probe_ended);
        if (!known) return Model::unknown;
        return generation == generation_ ? Model::same : Model::changed;
    }

    [[nodiscard]] QueryBreaker::Decision begin_query() {
        const auto at = now_();
        const sync::Lock lock(mutex_);
        return queries_.begin(at);
    }
    void finish_query(QueryBreaker::Decision decision, const std::optional<Error>& error) {
        const auto at = now_();
        const sync::Lock lock(mutex_);
        queries_.finished(at, decision, error);
    }
    void stop_query(QueryBreaker::Decision decision) {
        const sync::Lock lock(mutex_);
        queries_.stopped(decision);
    }
    [[nodiscard]] std::string query_failure() const {
        const sync::Lock lock(mutex_);
        return queries_.reason();
    }

private:
    const std::function<Steady()> now_;
    const std::function<void()> request_recheck_;
    std::atomic<bool> recheck_requested_{false};
    mutable sync::Mutex mutex_;
    std::condition_variable_any probe_ended_;
    bool probing_ EMBEDQ_GUARDED_BY(mutex_) = false;
    Steady probe_began_at_ EMBEDQ_GUARDED_BY(mutex_){};  // in real time
    std::uint64_t generation_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    QueryBreaker queries_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::endpoints
