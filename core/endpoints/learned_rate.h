// The learned rate of an endpoint that throttles: how many requests a second it takes, from what it accepted before it
// refused and from the pause that it then needed.
//
// A refusal alone says little. How long the endpoint goes on to refuse says the rest: when `n` calls were accepted and
// the next one after a pause of P passes, `n` calls in the time that they took, and P, is a rate that the endpoint
// keeps up, whatever it counts in (a window that is fixed or slides, a bucket of tokens; a second or a minute). So the
// rate is set when the first call after the pause is answered. From there it grows along a cubic curve that is flat
// around the learned limit and steep far from it: a limit that was right is rarely tested, and one that was wrong or no
// longer holds is soon forgotten. The shape is that of CUBIC (RFC 9438, section 4.2). Its scale is time, and calls
// where they are few, since a test costs a refused call.
//
// Pure: time is passed in. Not thread-safe; its endpoint guards it.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

namespace embedq::endpoints {

class LearnedRate {
public:
    using Steady = std::chrono::steady_clock::time_point;
    using Seconds = std::chrono::duration<double>;

    // The moment from which the next call may go.
    [[nodiscard]] Steady available_at(Steady now) const;

    // A call is sent.
    void sent(Steady now);
    // A call that was sent at `sent_at` was refused. Refusals of calls that were sent before the first one was reported
    // count as the same refusal.
    void refused(Steady sent_at, Steady now);
    // The endpoint is paused, or for longer.
    void pause_until(Steady resumes);
    // A call that was sent after the pause at `sent_at` was answered: the pause is over, and sets the rate.
    void resumed(Steady sent_at);
    // There is none, since refusals do not depend on it.
    void forget() noexcept;
    // Another process learned this rate, or this one did before it was restarted. 0: that there is none.
    void adopt(double per_second, Steady now);

    // Requests a second; 0 while none is set.
    [[nodiscard]] double per_second(Steady now) const;
    // The learned limit, from which the rate grows; 0 while none is set.
    [[nodiscard]] double limit() const noexcept { return limit_; }
    // A rate is set, and has not grown above the learned limit.
    [[nodiscard]] bool within_limit(Steady now) const { return limit_ > 0 && growth(now) <= 1; }
    // The limit is more than what a burst was accepted at.
    [[nodiscard]] bool proven() const noexcept { return !unproven_; }
    // How long the endpoint is likely to refuse further calls; 0 while no rate is set.
    [[nodiscard]] Seconds likely_pause(Steady now) const;
    // When the oldest call that was accepted within a minute is a minute old: then a limit per minute, whichever way it
    // is counted, takes another one. Nothing if no call was accepted.
    [[nodiscard]] std::optional<Steady> minute_over(Steady now) const;

private:
    void learn(Steady sent_at);
    // Of the calls that were accepted before the first refusal of all, and in which time.
    struct Burst {
        double per_second = 0;
        Seconds span{0};
    };
    [[nodiscard]] Burst burst(Seconds pause) const;
    // Of the calls that were accepted at a rate.
    [[nodiscard]] double sustained(Steady sent_at, Seconds pause);
    [[nodiscard]] double growth(Steady now) const;

    double limit_ = 0;
    bool confirmed_ = false;       // a second refusal found the same limit again
    Seconds window_{0};            // in which the endpoint seems to count
    bool unproven_ = false;        // the limit was set by a burst
    std::size_t corrections_ = 0;  // in a row, refusals that the rate was too high by far
    Steady set_at_{};              // when there was no rate before
    Steady grows_from_{};
    Steady next_{};
    std::size_t calls_ = 0;    // since the last pause
    std::deque<Steady> sent_;  // the calls that were not refused
    // The first refusal of the present pause, while it is not known how long the pause must be.
    std::optional<Steady> refused_;  // when the refused call was sent
    Steady refusal_reported_{};
    double refused_rate_ = 0;  // the rate when it was sent
    Steady last_refusal_{};    // when it was reported
};

}  // namespace embedq::endpoints
