// The learned rate of an endpoint that was throttled: how many requests a second it sends, from what the server
// accepted before.
//
// A server that counts requests in a window (50 in each second, say) gives a client that sends a burst its 50 requests,
// and then nothing for the rest of the second and for the pause after it. A client that sends evenly, just below the
// limit, is hardly ever refused. So the first refusal sets the rate to a little less than what was accepted in the
// second before it. From there the rate grows along a cubic curve that is flat around the remembered limit and steep
// far from it: a limit that was right is rarely tested, and one that was wrong or no longer holds is soon forgotten.
// The shape is that of CUBIC (RFC 9438, section 4.2). The time scale is different, since here a test costs a whole
// pause. A refusal soon after the last one means that the limit was set too high: the rate goes down immediately, but
// never below the average that was accepted, pauses included.
//
// Pure: time is passed in. Not thread-safe; its endpoint guards it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <deque>

namespace embedq::endpoints {

class LearnedRate {
public:
    using Steady = std::chrono::steady_clock::time_point;
    using Seconds = std::chrono::duration<double>;

    // The moment from which the next call may go.
    [[nodiscard]] Steady available_at(Steady now) const { return limit_ > 0 ? std::max(now, next_) : now; }

    // A call is sent.
    void sent(Steady now) {
        sent_.push_back(now);
        while (sent_.front() < now - window || sent_.size() > max_remembered) sent_.pop_front();
        ++since_refusal_;
        if (limit_ <= 0) return;
        const double rate = per_second(now);
        if (rate > forgotten_at * limit_) {
            limit_ = 0;
            return;
        }
        // A thread that wakes up late may catch up by one call, so that the average is kept.
        const auto step = std::chrono::duration_cast<Steady::duration>(Seconds(1 / rate));
        next_ = std::max(next_, now - step) + step;
    }

    // A call that was sent at `sent_at` was refused, and the endpoint is paused until `resumes`. Refusals of calls that
    // were sent before the one that began the pause count as the same refusal.
    void refused(Steady sent_at, Steady now, Steady resumes) {
        const bool same = refused_at_ != Steady{} && sent_at <= refused_at_;
        // Short pauses limit the rate by themselves.
        if (!same && resumes - now >= min_pause) learn(sent_at, now);
        next_ = std::max(next_, resumes);
        grows_from_ = std::max(grows_from_, resumes);
    }

    // The pause became longer.
    void pause_until(Steady resumes) {
        next_ = std::max(next_, resumes);
        grows_from_ = std::max(grows_from_, resumes);
    }

    // Requests a second; 0 while none is set.
    [[nodiscard]] double per_second(Steady now) const {
        if (limit_ <= 0) return 0;
        const double grown = std::max(0.0, Seconds(now - grows_from_).count());
        const double flat = confirmed_ ? flat_after_confirmed : flat_after;
        const double away = (grown - flat) / flat;
        return limit_ * (1 + (1 - start) * away * away * away);
    }

private:
    static constexpr std::chrono::seconds window{1};
    static constexpr std::chrono::milliseconds min_pause{500};
    static constexpr std::size_t max_remembered = 10'000;
    static constexpr std::size_t min_calls = 5;         // in the window; fewer do not show a rate
    static constexpr double margin = 0.98;              // of what was accepted, for calls that arrive unevenly
    static constexpr double start = 0.97;               // of the limit, after a pause
    static constexpr double flat_after = 20;            // seconds until the rate is back at the limit
    static constexpr double flat_after_confirmed = 60;  // the same for a limit that a second refusal found again
    static constexpr double soon = 10;                  // seconds
    static constexpr double too_high = 0.7;             // after a refusal that came soon
    static constexpr double same_limit = 1.25;          // a limit within this factor of the last one confirms it
    static constexpr double forgotten_at = 4;           // times the limit: it no longer holds

    void learn(Steady sent_at, Steady now) {
        const auto accepted = static_cast<double>(
            std::ranges::count_if(sent_, [&](Steady t) { return t >= sent_at - window && t < sent_at; }));
        const double present = per_second(now);
        const bool was_soon = refused_at_ != Steady{} && now - std::max(refused_at_, grows_from_) < Seconds(soon);
        if (accepted >= min_calls || limit_ > 0) {
            double reached = accepted >= min_calls ? accepted : present;
            if (limit_ > 0) reached = std::min(reached, present);
            if (was_soon && limit_ > 0) {
                const double average =
                    static_cast<double>(since_refusal_) / std::max(0.1, Seconds(now - refused_at_).count());
                reached = std::max(too_high * reached, std::min(average, reached));
            }
            confirmed_ = limit_ > 0 && !was_soon && reached >= limit_ / same_limit && reached <= same_limit * limit_;
            limit_ = margin * reached;
        }
        refused_at_ = now;
        since_refusal_ = 0;
    }

    double limit_ = 0;  // the server's, as far as is known; 0: none
    bool confirmed_ = false;
    Steady refused_at_{};
    Steady grows_from_{};
    Steady next_{};
    std::size_t since_refusal_ = 0;
    std::deque<Steady> sent_;  // of the last second
};

}  // namespace embedq::endpoints
