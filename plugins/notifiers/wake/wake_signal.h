// A signal within the process: it wakes every waiter. Without a waiter it is kept for the next wait.
//
// Thread-safety: all members may be called from any thread, `wait` from several at the same time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <stop_token>

#include "embedq/context.h"
#include "embedq/notifier.h"
#include "sync/mutex.h"

namespace embedq::notifiers {

class WakeSignal {
public:
    // `clock` outlives the signal. It decides deadlines, but waiting takes real time.
    explicit WakeSignal(const Clock& clock) : clock_(clock) {}

    void publish() {
        {
            const sync::Lock lock(mutex_);
            ++published_;
            if (waiters_ == 0) kept_ = true;
        }
        woken_.notify_all();
    }

    // As Notifier::wait. A stop request takes precedence over a notification, which is then kept for the next wait.
    [[nodiscard]] Wake wait(Clock::Steady deadline, const std::stop_token& stop) {
        sync::Lock lock(mutex_);
        if (stop.stop_requested()) return Wake::stopped;
        if (kept_) {
            kept_ = false;
            return Wake::notified;
        }
        const std::uint64_t seen = published_;
        const auto woken = [&]() EMBEDQ_REQUIRES(mutex_) { return published_ != seen; };
        ++waiters_;
        const bool notified = wait_until(lock, deadline, stop, woken);
        --waiters_;
        if (notified) return Wake::notified;
        return stop.stop_requested() ? Wake::stopped : Wake::timeout;
    }

private:
    template <class Woken>
    bool wait_until(sync::Lock& lock, Clock::Steady deadline, const std::stop_token& stop, const Woken& woken)
        EMBEDQ_REQUIRES(mutex_) {
        // Adding a later deadline to the current time could overflow, and no process waits that long.
        constexpr auto forever = std::chrono::hours(24 * 365);
        const auto now = clock_.now();
        if (deadline <= now) return false;
        if (deadline == Clock::Steady::max() || deadline - now > forever) return woken_.wait(lock, stop, woken);
        return woken_.wait_until(lock, stop, std::chrono::steady_clock::now() + (deadline - now), woken);
    }

    const Clock& clock_;

    sync::Mutex mutex_;
    std::condition_variable_any woken_;
    std::uint64_t published_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    std::size_t waiters_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    bool kept_ EMBEDQ_GUARDED_BY(mutex_) = false;  // published without a waiter
};

}  // namespace embedq::notifiers
