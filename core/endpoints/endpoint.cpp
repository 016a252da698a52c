#include "endpoints/endpoint.h"

#include "sync/backoff.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace embedq::endpoints {

namespace {
constexpr double shrink = 2.0 / 3.0;
}

Endpoint::Endpoint(const EndpointSettings& limits)
    : limits_(limits), concurrency_(static_cast<double>(std::max<std::size_t>(1, limits.concurrency))) {}

bool Endpoint::open(Steady now) const noexcept {
    if (now < pause_.until || now < backoff_until_) return false;
    // What was under way when the pause began does not hold up the first call after it: it may hang.
    if (probing_ || resuming_) return trials_ == 0;
    return in_flight_ < static_cast<std::size_t>(concurrency_);
}

Endpoint::Steady Endpoint::ready_at(Steady now) const {
    const Steady rested = std::max(pause_.until, backoff_until_);
    if (now < rested) return rested;
    if (!open(now)) return Steady::max();
    return rate_.available_at(now);
}

void Endpoint::begin(Steady now) {
    ++in_flight_;
    if (probing_ || resuming_) ++trials_;
    rate_.sent(now);
}

Endpoint::Verdict Endpoint::finished(Steady now, const std::optional<Error>& error, double jitter, Steady sent_at) {
    --in_flight_;
    if (trials_ > 0 && sent_at >= pause_.until) --trials_;
    Verdict verdict;
    const Steady before = pause_.until;
    const ErrorKind kind = error ? error->kind : ErrorKind::invalid_input;
    switch (kind) {
        case ErrorKind::throttled: throttled(*error, now, sent_at, jitter); break;
        case ErrorKind::misconfigured:
            probing_ = true;
            if (now >= pause_.until)
                back_off(now, limits_.misconfigured_pause, jitter, PauseKind::misconfigured, *error);
            break;
        case ErrorKind::unavailable:
        case ErrorKind::internal: failed(*error, now, jitter, verdict); break;
        default:
            // The endpoint answered: a refused text or batch says nothing against the endpoint.
            answered(now, sent_at, verdict);
    }
    verdict.paused = pause_.until > before;
    return verdict;
}

void Endpoint::throttled(const Error& error, Steady now, Steady sent_at, double jitter) {
    const Steady before = std::max(now, pause_.until);
    // "In no time" from a server that refuses is no answer to how long.
    if (error.retry_after && error.retry_after->count() > 0) {
        pause_for(
            {now + std::min(*error.retry_after, limits_.longest_retry_after), PauseKind::throttled, to_string(error)});
    } else {
        slow_down(now);
        if (now >= pause_.until) back_off(now, limits_.first_pause, jitter, PauseKind::throttled, error);
    }
    rate_.refused(sent_at, now, std::max(now, pause_.until));
    throttled_for_ += std::chrono::duration_cast<std::chrono::milliseconds>(std::max(now, pause_.until) - before);
}

void Endpoint::failed(const Error& error, Steady now, double jitter, Verdict& verdict) {
    // The first failure after an answer may be what was sent; those that follow it, and any when nobody has been
    // answered for a while, are the endpoint's. A broken answer is an answer, so it is charged while the breaker is
    // closed.
    const bool fresh = answered_at_ && now - *answered_at_ <= limits_.fresh_answer;
    verdict.jobs_pay = !probing_ && (error.kind == ErrorKind::internal || (failures_ == 0 && fresh));
    slow_down(now);
    ++failures_;
    if (error.retry_after)
        pause_for({now + std::min(*error.retry_after, limits_.longest_retry_after), PauseKind::unavailable,
                   to_string(error)});
    if (probing_ || failures_ >= limits_.breaker_failures) {
        probing_ = true;
        if (now >= pause_.until) back_off(now, limits_.breaker_pause, jitter, PauseKind::unavailable, error);
    } else if (failures_ > 1 && !error.retry_after) {
        backoff_until_ = now + sync::fixed_backoff(limits_.first_backoff, limits_.longest_pause).delay(failures_ - 1);
    }
}

void Endpoint::answered(Steady now, Steady sent_at, Verdict& verdict) {
    answered_at_ = now;
    const auto most = static_cast<double>(std::max<std::size_t>(1, limits_.concurrency));
    concurrency_ = std::min(most, concurrency_ + 1.0 / concurrency_);
    // An answer to what was sent before the pause began does not end it.
    if (sent_at < pause_.until) return;
    verdict.recovered = !pause_.reason.empty();
    failures_ = 0;
    pauses_ = 0;
    trials_ = 0;
    probing_ = false;
    resuming_ = false;
    backoff_until_ = {};
    pause_.reason.clear();
}

void Endpoint::adopt_pause(const Pause& pause, Steady now) {
    const bool answered = answered_at_ && failures_ == 0 && now - *answered_at_ <= limits_.fresh_answer;
    switch (pause.kind) {
        case PauseKind::throttled: break;
        case PauseKind::unavailable:
            if (answered) return;
            probing_ = true;
            break;
        case PauseKind::misconfigured: return;
    }
    pause_for(pause);
}

void Endpoint::inherit(const Endpoint& old) {
    rate_ = old.rate_;
    failures_ = old.failures_;
    pauses_ = old.pauses_;
    probing_ = old.probing_;
    answered_at_ = old.answered_at_;
    throttled_for_ = old.throttled_for_;
    pause_for(old.pause_);
}

void Endpoint::pause_for(const Pause& pause) {
    if (pause.until <= pause_.until) return;
    pause_ = pause;
    resuming_ = true;
    trials_ = 0;
    rate_.rest_until(pause.until);
}

void Endpoint::slow_down(Steady now) {
    // Calls that were sent together fail together: they count once.
    if (now < slow_window_end_) return;
    slow_window_end_ = now + std::chrono::milliseconds(500);
    concurrency_ = std::max(1.0, concurrency_ * shrink);
}

void Endpoint::back_off(Steady now, std::chrono::milliseconds first, double jitter, PauseKind kind,
                        const Error& error) {
    const sync::Backoff backoff{
        .base = first, .max = std::max(first, limits_.longest_pause), .jitter = 0.1, .mode = sync::Jitter::above};
    pause_for({now + backoff.delay(++pauses_, jitter), kind, to_string(error)});
}

}  // namespace embedq::endpoints
