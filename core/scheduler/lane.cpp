#include "scheduler/lane.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace embedq::scheduler {

namespace {
constexpr double shrink = 2.0 / 3.0;
}

Lane::Lane(const LaneLimits& limits)
    : limits_(limits), concurrency_(static_cast<double>(std::max<std::size_t>(1, limits.concurrency))) {}

bool Lane::open(Steady now) const noexcept {
    if (now < paused_until_ || now < breath_until_) return false;
    // What was under way when the pause began does not hold up the first call after it: it may hang.
    if (probing_ || resuming_) return trials_ == 0;
    return in_flight_ < static_cast<std::size_t>(concurrency_);
}

Lane::Steady Lane::ready_at(Steady now) const {
    const Steady rested = std::max(paused_until_, breath_until_);
    if (now < rested) return rested;
    if (!open(now)) return Steady::max();
    return pace_.available_at(now);
}

void Lane::begin(Steady now) {
    ++in_flight_;
    if (probing_ || resuming_) ++trials_;
    pace_.sent(now);
}

Lane::Verdict Lane::finished(Steady now, const std::optional<Error>& error, double jitter, Steady sent_at) {
    --in_flight_;
    if (trials_ > 0 && sent_at >= paused_until_) --trials_;
    Verdict verdict;
    const Steady before = paused_until_;
    const ErrorKind kind = error ? error->kind : ErrorKind::invalid_input;
    switch (kind) {
        case ErrorKind::throttled: throttled(*error, now, sent_at, jitter); break;
        case ErrorKind::misconfigured:
            probing_ = true;
            if (now >= paused_until_)
                pause(now, limits_.misconfigured_pause, jitter, "misconfigured: " + error->message);
            break;
        case ErrorKind::unavailable:
        case ErrorKind::internal: failed(*error, now, jitter, verdict); break;
        default:
            // The endpoint answered: a refused text or batch says nothing against the lane.
            answered(now, sent_at, verdict);
    }
    verdict.paused = paused_until_ > before;
    return verdict;
}

void Lane::throttled(const Error& error, Steady now, Steady sent_at, double jitter) {
    const Steady before = std::max(now, paused_until_);
    // "In no time" from a server that refuses is no answer to how long.
    if (error.retry_after && error.retry_after->count() > 0) {
        pause_until(now + std::min(*error.retry_after, limits_.longest_retry_after), "throttled: " + error.message);
    } else {
        slow_down(now);
        if (now >= paused_until_) pause(now, limits_.first_pause, jitter, "throttled: " + error.message);
    }
    pace_.refused(sent_at, now, std::max(now, paused_until_));
    throttled_for_ += std::chrono::duration_cast<std::chrono::milliseconds>(std::max(now, paused_until_) - before);
}

void Lane::failed(const Error& error, Steady now, double jitter, Verdict& verdict) {
    // The first failure after an answer may be what was sent; those that follow it, and any when nobody has been
    // answered for a while, are the endpoint's. A broken answer is an answer, so it is charged while the breaker is
    // closed.
    const bool fresh = answered_at_ && now - *answered_at_ <= limits_.fresh_answer;
    verdict.jobs_pay = !probing_ && (error.kind == ErrorKind::internal || (failures_ == 0 && fresh));
    slow_down(now);
    ++failures_;
    if (error.retry_after)
        pause_until(now + std::min(*error.retry_after, limits_.longest_retry_after), "unavailable: " + error.message);
    if (probing_ || failures_ >= limits_.breaker_failures) {
        probing_ = true;
        if (now >= paused_until_) pause(now, limits_.breaker_pause, jitter, "unavailable: " + error.message);
    } else if (failures_ > 1 && !error.retry_after) {
        breath_until_ = now + limits_.first_breath * (1LL << std::min<std::size_t>(failures_ - 2, 16));
    }
}

void Lane::answered(Steady now, Steady sent_at, Verdict& verdict) {
    answered_at_ = now;
    const auto most = static_cast<double>(std::max<std::size_t>(1, limits_.concurrency));
    concurrency_ = std::min(most, concurrency_ + 1.0 / concurrency_);
    // An answer to what was sent before the pause began does not end it.
    if (sent_at < paused_until_) return;
    verdict.recovered = !reason_.empty();
    failures_ = 0;
    pauses_ = 0;
    trials_ = 0;
    probing_ = false;
    resuming_ = false;
    breath_until_ = {};
    reason_.clear();
}

void Lane::adopt_pause(Steady until, const std::string& reason, Steady now) {
    const bool throttling = reason.starts_with("throttled");
    const bool reached = answered_at_ && failures_ == 0 && now - *answered_at_ <= limits_.fresh_answer;
    if (!throttling && (!reason.starts_with("unavailable") || reached)) return;
    if (!throttling) probing_ = true;
    pause_until(until, reason);
}

void Lane::inherit(const Lane& old) {
    pace_ = old.pace_;
    failures_ = old.failures_;
    pauses_ = old.pauses_;
    probing_ = old.probing_;
    answered_at_ = old.answered_at_;
    throttled_for_ = old.throttled_for_;
    pause_until(old.paused_until_, old.reason_);
}

void Lane::pause_until(Steady until, std::string reason) {
    if (until <= paused_until_) return;
    paused_until_ = until;
    resuming_ = true;
    trials_ = 0;
    reason_ = std::move(reason);
    pace_.rest_until(until);
}

void Lane::slow_down(Steady now) {
    // Calls that were sent together fail together: they count once.
    if (now < slow_window_end_) return;
    slow_window_end_ = now + std::chrono::milliseconds(500);
    concurrency_ = std::max(1.0, concurrency_ * shrink);
}

void Lane::pause(Steady now, std::chrono::milliseconds first, double jitter, std::string reason) {
    const auto doubled = first * (1LL << std::min<std::size_t>(pauses_, 16));
    const auto longest = std::max(first, limits_.longest_pause);
    const auto base = std::min<std::chrono::milliseconds>(doubled, longest);
    const auto spread =
        std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(base.count()) * 0.1 * jitter));
    ++pauses_;
    pause_until(now + base + spread, std::move(reason));
}

}  // namespace embedq::scheduler
