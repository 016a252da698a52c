// What is known of one provider beyond its facts: whether it is being asked anew, which of its models is the present
// one, and whether it answers queries. Shared by all copies of its facts.
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

    // How long after the provider began to be asked anew any answer is held. Real time, whatever clock the host
    // injects.
    static constexpr std::chrono::milliseconds shortest_hold{1'000};

    enum class Model : std::uint8_t { same, changed, unknown };

    // `doubt` is told of each `misconfigured`.
    ProviderHealth(std::function<Steady()> now, std::function<void()> doubt)
        : now_(std::move(now)), request_recheck_(std::move(doubt)) {}

    [[nodiscard]] Steady now() const { return now_(); }
    void request_recheck() {
        recheck_requested_ = true;
        request_recheck_();
    }
    // Since it was last asked.
    [[nodiscard]] bool recheck_requested() const noexcept { return recheck_requested_; }

    void begin_asking() {
        const sync::Lock lock(mutex_);
        asking_ = true;
        asked_at_ = std::chrono::steady_clock::now();
        recheck_requested_ = false;
    }
    void end_asking(std::uint64_t generation) {
        const sync::Lock lock(mutex_);
        asking_ = false;
        // What the model of before said of queries is no matter of this one.
        if (generation != generation_) queries_ = QueryBreaker();
        generation_ = generation;
        answered_.notify_all();
    }
    // Whose vectors a call of this generation brought. Waits while the provider is being asked: for the shortest hold,
    // and on until the deadline or a stop. `unknown` where it still is then.
    [[nodiscard]] Model model_of(std::uint64_t generation, Steady deadline, std::stop_token stop) {
        sync::Lock lock(mutex_);
        const auto told = [&]() EMBEDQ_REQUIRES(mutex_) { return !asking_; };
        const bool known = answered_.wait_until(lock, stop, std::max(deadline, asked_at_ + shortest_hold), told);
        if (!known) return Model::unknown;
        return generation == generation_ ? Model::same : Model::changed;
    }

    [[nodiscard]] QueryBreaker::Permit ask_query() {
        const auto at = now_();
        const sync::Lock lock(mutex_);
        return queries_.ask(at);
    }
    void finish_query(QueryBreaker::Permit permit, const std::optional<Error>& error) {
        const auto at = now_();
        const sync::Lock lock(mutex_);
        queries_.finished(at, permit, error);
    }
    void stop_query(QueryBreaker::Permit permit) {
        const sync::Lock lock(mutex_);
        queries_.stopped(permit);
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
    std::condition_variable_any answered_;
    bool asking_ EMBEDQ_GUARDED_BY(mutex_) = false;
    Steady asked_at_ EMBEDQ_GUARDED_BY(mutex_){};  // in real time
    std::uint64_t generation_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    QueryBreaker queries_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::endpoints
