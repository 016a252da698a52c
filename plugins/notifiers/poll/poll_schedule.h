// When a polling notifier looks next: an interval after its process last looked for work, for whatever reason it did.
//
// Thread-safety: may be called from any thread.
#pragma once

#include <chrono>
#include <mutex>

#include "embedq/context.h"
#include "notifiers/wake/wake_signal.h"

namespace embedq::notifiers {

class PollSchedule {
public:
    PollSchedule(const Clock& clock, std::chrono::milliseconds interval)
        : clock_(clock), interval_(interval), signal_(clock), next_(clock.now() + interval) {}

    void publish() { signal_.publish(); }

    // `notified` when published or when the interval is over, whichever is first; `timeout` when the deadline is earlier than both.
    [[nodiscard]] Wake wait(Clock::Steady deadline, const std::stop_token& stop) {
        const Clock::Steady poll = next();
        const Wake wake = signal_.wait(std::min(deadline, poll), stop);
        if (wake == Wake::stopped || (wake == Wake::timeout && deadline < poll)) return wake;
        looked();
        return Wake::notified;
    }

private:
    [[nodiscard]] Clock::Steady next() {
        const std::lock_guard lock(mutex_);
        return next_;
    }
    void looked() {
        const std::lock_guard lock(mutex_);
        next_ = clock_.now() + interval_;
    }

    const Clock& clock_;
    const std::chrono::milliseconds interval_;
    WakeSignal signal_;

    std::mutex mutex_;
    Clock::Steady next_;  // guarded by mutex_
};

}  // namespace embedq::notifiers
