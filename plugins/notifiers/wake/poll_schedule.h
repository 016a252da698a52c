// When a polling notifier wakes its process next: an interval after the last wake-up, whatever caused that. A notifier
// that polls only while no notifications arrive turns polling on and off.
//
// Thread-safety: may be called from any thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "embedq/context.h"
#include "notifiers/wake/wake_signal.h"
#include "sync/mutex.h"

namespace embedq::notifiers {

class PollSchedule {
public:
    PollSchedule(const Clock& clock, std::chrono::milliseconds interval)
        : clock_(clock), interval_(interval), signal_(clock), next_(clock.now() + interval) {}

    void publish() { signal_.publish(); }

    // Polling is on at first. This does not affect a wait that has begun: publish as well.
    void set_polling(bool on) {
        const sync::Lock lock(mutex_);
        polling_ = on;
        next_ = clock_.now() + interval_;
    }

    // `notified` on a publish or at the end of the interval, whichever is first; `timeout` when the deadline comes
    // before both.
    [[nodiscard]] Wake wait(Clock::Steady deadline, const std::stop_token& stop) {
        const Clock::Steady poll = next();
        const Wake wake = signal_.wait(std::min(deadline, poll), stop);
        if (wake == Wake::stopped || (wake == Wake::timeout && deadline < poll)) return wake;
        restart_interval();
        return Wake::notified;
    }

private:
    [[nodiscard]] Clock::Steady next() {
        const sync::Lock lock(mutex_);
        return polling_ ? next_ : Clock::Steady::max();
    }
    void restart_interval() {
        const sync::Lock lock(mutex_);
        next_ = clock_.now() + interval_;
    }

    const Clock& clock_;
    const std::chrono::milliseconds interval_;
    WakeSignal signal_;

    sync::Mutex mutex_;
    bool polling_ EMBEDQ_GUARDED_BY(mutex_) = true;
    Clock::Steady next_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::notifiers
