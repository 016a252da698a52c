#include "endpoints/learned_rate.h"

#include <algorithm>
#include <array>

namespace embedq::endpoints {

namespace {

constexpr std::chrono::minutes minute{1};
constexpr std::chrono::seconds minute_margin{1};  // for a server that counts a call when it has answered it
constexpr std::chrono::minutes remembered{2};     // calls
constexpr std::size_t max_remembered = 10'000;
constexpr double margin = 0.98;             // of what was accepted, for calls that arrive unevenly
constexpr double start = 0.97;              // of the limit, after a pause
constexpr double forgotten_at = 4;          // times the limit: it no longer holds
constexpr double same_limit = 1.25;         // a limit within this factor of the last one confirms it
constexpr double lowest_limit = 1.0 / 600;  // a second
constexpr LearnedRate::Seconds shortest_span{1e-3};
constexpr LearnedRate::Seconds shortest_window{1};
constexpr LearnedRate::Seconds longest_window{60};
constexpr double likely_part = 0.2;  // of a window that is left when a call more than it takes is refused

// The rate falls at most to this part at the first, second refusal in a row that want it far lower.
constexpr std::array least_part{0.85, 0.6};
constexpr double least_part_of_burst = 0.3;  // where the rate is only what a burst was accepted at

// How long the rate takes until it is back at the limit: the longest of a time, a number of windows, and a number of
// calls.
struct Flat {
    double seconds;
    double windows;
    double calls;
};
constexpr Flat flat_after_burst{5, 1, 4};
constexpr Flat flat_at_first{5, 1, 6};
constexpr Flat flat_when_confirmed{60, 3, 36};

}  // namespace

LearnedRate::Steady LearnedRate::available_at(Steady now) const {
    return limit_ > 0 ? std::max(now, next_) : now;
}

void LearnedRate::sent(Steady now) {
    sent_.push_back(now);
    while (sent_.front() < now - remembered || sent_.size() > max_remembered) sent_.pop_front();
    ++calls_;
    if (limit_ <= 0) return;
    if (growth(now) > forgotten_at) {
        limit_ = 0;
        return;
    }
    // A thread that wakes up late may catch up by one call, so that the average is kept.
    const auto step = std::chrono::duration_cast<Steady::duration>(Seconds(1 / per_second(now)));
    next_ = std::max(next_, now - step) + step;
}

void LearnedRate::refused(Steady sent_at, Steady now) {
    const bool same = last_refusal_ != Steady{} && sent_at <= last_refusal_;
    if (!refused_ && !same) {
        refused_ = sent_at;
        refusal_reported_ = now;
        refused_rate_ = per_second(sent_at);
    }
    if (!same) last_refusal_ = now;
    if (const auto call = std::ranges::find(sent_, sent_at); call != sent_.end()) sent_.erase(call);
}

void LearnedRate::pause_until(Steady resumes) {
    next_ = std::max(next_, resumes);
}

void LearnedRate::resumed(Steady sent_at) {
    if (refused_) learn(sent_at);
    refused_.reset();
    grows_from_ = sent_at;
    calls_ = 1;
    if (limit_ > 0)
        next_ = std::max(next_, sent_at + std::chrono::duration_cast<Steady::duration>(Seconds(1 / (start * limit_))));
}

void LearnedRate::learn(Steady sent_at) {
    const Seconds pause = sent_at - *refused_;
    const double former = limit_;
    double accepted = 0;
    if (refused_rate_ > 0) {
        window_ = std::clamp(std::max(window_, pause), shortest_window, longest_window);
        accepted = sustained(sent_at, pause);
    } else {
        const Burst best = burst(pause);
        window_ = std::clamp(best.span, shortest_window, longest_window);
        set_at_ = sent_at;
        unproven_ = true;
        corrections_ = 0;
        accepted = best.per_second;
    }
    if (accepted <= 0) return;
    limit_ = std::max(margin * accepted, lowest_limit);
    const bool insisted = corrections_ == least_part.size();
    confirmed_ = insisted || (former > 0 && limit_ >= former / same_limit && limit_ <= former * same_limit);
}

LearnedRate::Burst LearnedRate::burst(Seconds pause) const {
    Burst best;
    double calls = 0;
    for (auto call = sent_.rbegin(); call != sent_.rend(); ++call) {
        // Calls that are sent together do not always arrive in that order.
        if (*call > refusal_reported_) continue;
        const Seconds span = std::max(shortest_span, Seconds(*refused_ - *call + pause));
        if (++calls / span.count() > best.per_second) best = {calls / span.count(), span};
    }
    return best;
}

double LearnedRate::sustained(Steady sent_at, Seconds pause) {
    // All processes that share the rate are in the first one, and nothing from before the last pause is. The second one
    // is what this process sent, whatever pauses were in it.
    const double took = std::max(Seconds(*refused_ - grows_from_).count(), 1 / refused_rate_);
    const double with_pause = refused_rate_ * took / (took + pause.count());
    const Steady from = std::max(set_at_, sent_at - std::chrono::duration_cast<Steady::duration>(window_));
    const auto sent = std::ranges::count_if(sent_, [&](Steady call) { return call > from && call <= sent_at; });
    const double rate = std::min(refused_rate_, std::max(with_pause, static_cast<double>(sent) / window_.count()));
    // A refusal soon after another may be chance.
    const double least = refused_rate_ * (unproven_                          ? least_part_of_burst
                                          : corrections_ < least_part.size() ? least_part[corrections_]
                                                                             : 0);
    corrections_ =
        unproven_ || rate >= least_part.front() * refused_rate_ ? 0 : std::min(corrections_ + 1, least_part.size());
    unproven_ = unproven_ && rate < least;
    return std::max(rate, least);
}

void LearnedRate::forget() noexcept {
    limit_ = 0;
    refused_.reset();
}

void LearnedRate::adopt(double per_second, Steady now) {
    // It has grown elsewhere: growth goes on from there, and does not begin again with each such report.
    if (const double present = this->per_second(now); present > 0 && per_second > present) {
        limit_ *= per_second / present;
        return;
    }
    limit_ = std::max(0.0, per_second);
    confirmed_ = false;
    unproven_ = false;
    corrections_ = 0;
    refused_.reset();
    // The endpoint may have been asked for its model a moment ago, which may count.
    if (limit_ > 0)
        next_ = std::max(next_, now + std::chrono::duration_cast<Steady::duration>(Seconds(1 / (start * limit_))));
    grows_from_ = now;
    calls_ = 0;
}

double LearnedRate::growth(Steady now) const {
    const Flat& flat = confirmed_ ? flat_when_confirmed : unproven_ ? flat_after_burst : flat_at_first;
    const double time =
        std::max(0.0, Seconds(now - grows_from_).count()) / std::max(flat.seconds, flat.windows * window_.count());
    const double away = std::min(time, static_cast<double>(calls_) / flat.calls) - 1;
    return 1 + (1 - start) * away * away * away;
}

double LearnedRate::per_second(Steady now) const {
    return limit_ > 0 ? limit_ * growth(now) : 0;
}

LearnedRate::Seconds LearnedRate::likely_pause(Steady now) const {
    if (limit_ <= 0) return Seconds(0);
    return std::max(Seconds(1 / per_second(now)), likely_part * window_);
}

std::optional<LearnedRate::Steady> LearnedRate::minute_over(Steady now) const {
    const auto oldest = std::ranges::find_if(sent_, [&](Steady call) { return call > now - minute; });
    if (oldest == sent_.end()) return std::nullopt;
    return *oldest + minute + minute_margin;
}

}  // namespace embedq::endpoints
