#include "scheduler/lane.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace embedq::scheduler {

namespace {
constexpr double shrink = 2.0 / 3.0;
}

Lane::Lane(const LaneLimits& limits)
    : limits_(limits),
      requests_(limits.requests_per_minute),
      tokens_(limits.tokens_per_minute),
      concurrency_(static_cast<double>(std::max<std::size_t>(1, limits.concurrency))) {}

bool Lane::open(Steady now) const noexcept {
    if (now < paused_until_) return false;
    if (probing_) return in_flight_ == 0;
    return in_flight_ < static_cast<std::size_t>(concurrency_);
}

Lane::Admission Lane::admit(Steady now, double tokens) {
    if (now < paused_until_) return {.not_before = paused_until_};
    if (!open(now)) return {};
    const Steady free_at = std::max(requests_.available_at(1, now), tokens_.available_at(tokens, now));
    if (free_at > now) return {.not_before = free_at};
    requests_.take(1, now);
    tokens_.take(tokens, now);
    ++in_flight_;
    return {.admitted = true};
}

void Lane::finished(Steady now, const std::optional<Error>& error, double jitter) {
    --in_flight_;
    if (!error) return succeeded();
    switch (error->kind) {
        case ErrorKind::throttled: {
            slow_down(now);
            if (error->retry_after) {
                const auto wait = std::clamp(*error->retry_after, std::chrono::milliseconds(0), limits_.longest_retry_after);
                pause_until(now + wait, "throttled: " + error->message);
            } else if (now >= paused_until_) {
                pause(now, limits_.first_pause, jitter, "throttled: " + error->message);
            }
            return;
        }
        case ErrorKind::misconfigured:
            probing_ = true;
            if (now >= paused_until_) pause(now, limits_.misconfigured_pause, jitter, "misconfigured: " + error->message);
            return;
        case ErrorKind::unavailable:
        case ErrorKind::internal: {
            slow_down(now);
            ++failures_;
            if (error->retry_after)
                pause_until(now + std::min(*error->retry_after, limits_.longest_retry_after), "unavailable: " + error->message);
            if (probing_ || failures_ >= limits_.breaker_failures) {
                probing_ = true;
                if (now >= paused_until_) pause(now, limits_.breaker_pause, jitter, "unavailable: " + error->message);
            }
            return;
        }
        default:
            // The endpoint answered: a refused text or batch says nothing against the lane.
            return succeeded();
    }
}

void Lane::pause_until(Steady until, std::string reason) {
    if (until <= paused_until_) return;
    paused_until_ = until;
    reason_ = std::move(reason);
}

void Lane::succeeded() {
    failures_ = 0;
    pauses_ = 0;
    probing_ = false;
    reason_.clear();
    const auto most = static_cast<double>(std::max<std::size_t>(1, limits_.concurrency));
    concurrency_ = std::min(most, concurrency_ + 1.0 / concurrency_);
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
    const auto spread = std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(base.count()) * 0.1 * jitter));
    ++pauses_;
    pause_until(now + base + spread, std::move(reason));
}

}  // namespace embedq::scheduler
