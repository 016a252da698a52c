#include "endpoints/endpoint.h"

#include <algorithm>
#include <utility>

#include "sync/backoff.h"

namespace embedq::endpoints {

namespace {
constexpr double slow_down_factor = 2.0 / 3.0;
constexpr std::chrono::milliseconds same_round{500};  // calls that were sent together fail within it
constexpr double pause_jitter = 0.1;                  // longer, of a pause
// What a success adds to the concurrency: before it was ever cut, and after that.
constexpr double first_growth = 1.0 / 10;
constexpr double slow_growth = 1.0 / 12;
// Refused so often in a row, it counts per minute, or what it says about the time to wait is wrong.
constexpr std::size_t refusals_until_minute = 3;
// Refused so often in a row, it may refuse what is sent and nothing else.
constexpr std::size_t refusals_until_trial = 5;
// A text is not charged for one failure, and is found in the end.
constexpr std::size_t least_failures_needed = 2;
constexpr std::size_t most_failures_needed = 6;
constexpr double rare = 0.05;
constexpr double weight_of_control = 1.0 / 8;

bool says_how_long(const Error& error) {
    // A server that refuses and asks for a wait of 0 has not said how long to wait.
    return error.retry_after && error.retry_after->count() > 0;
}
}  // namespace

Endpoint::Endpoint(const EndpointSettings& settings)
    : settings_(settings),
      concurrency_(static_cast<double>(
          std::clamp<std::size_t>(settings.first_concurrency, 1, std::max<std::size_t>(1, settings.concurrency)))) {}

bool Endpoint::admits(Steady now) const noexcept {
    if (control_running_) return false;
    if (now < pause_.until || now < backoff_until_) return false;
    // Calls that were in flight when the pause began do not delay the first call after it: they may hang.
    if (one_at_a_time()) return calls_since_pause_ == 0;
    return in_flight_ < static_cast<std::size_t>(concurrency_);
}

Endpoint::Steady Endpoint::ready_at(Steady now) const {
    const Steady resumes = std::max(pause_.until, backoff_until_);
    if (now < resumes) return resumes;
    if (!admits(now)) return Steady::max();
    return random_.in_trial() ? now : rate_.available_at(now);
}

void Endpoint::begin(Steady now) {
    ++in_flight_;
    if (one_at_a_time()) ++calls_since_pause_;
    const bool had_rate = rate_.limit() > 0;
    rate_.sent(now);
    // Without a rate it is as unknown as at first.
    if (had_rate && rate_.limit() <= 0) {
        concurrency_ = std::min(concurrency_, static_cast<double>(std::max(in_flight_, settings_.first_concurrency)));
        slowed_down_ = false;
    }
}

bool Endpoint::answered_recently(Steady now) const noexcept {
    return failures_ == 0 && answered_at_ && now - *answered_at_ <= settings_.recent_answer;
}

bool Endpoint::needs_control(const Error& error, bool single, Steady now) const noexcept {
    if (tripped_ || control_failed_ || now < pause_.until || says_how_long(error)) return false;
    switch (error.kind) {
        case ErrorKind::misconfigured: return true;
        // Several texts are halved after the first failure, which charges nobody yet.
        case ErrorKind::unavailable: return single || !answered_recently(now);
        case ErrorKind::internal: return single;
        default: return false;
    }
}

void Endpoint::end_control(bool answered) noexcept {
    control_running_ = false;
    control_failed_ = !answered;
}

void Endpoint::count_control(bool answered) noexcept {
    controls_lost_ += ((answered ? 0 : 1) - controls_lost_) * weight_of_control;
}

std::size_t Endpoint::failures_needed() const noexcept {
    double by_chance = controls_lost_;
    std::size_t needed = 1;
    while (needed < most_failures_needed && (needed < least_failures_needed || by_chance > rare)) {
        by_chance *= controls_lost_;
        ++needed;
    }
    return needed;
}

void Endpoint::call_ended(Steady sent_at) noexcept {
    --in_flight_;
    if (calls_since_pause_ > 0 && sent_at >= pause_.until) --calls_since_pause_;
}

Endpoint::CallEffect Endpoint::undecided(Steady sent_at) {
    call_ended(sent_at);
    return {};
}

Endpoint::CallEffect Endpoint::finished(Steady now, const std::optional<Error>& error, double jitter, Steady sent_at) {
    call_ended(sent_at);
    CallEffect effect;
    const Steady before = pause_.until;
    const ErrorKind kind = error ? error->kind : ErrorKind::invalid_input;
    switch (kind) {
        case ErrorKind::throttled: throttled(*error, now, sent_at, jitter, effect); break;
        case ErrorKind::misconfigured:
            tripped_ = true;
            if (now >= pause_.until)
                back_off(now, settings_.misconfigured_pause, jitter, PauseKind::misconfigured, *error);
            break;
        case ErrorKind::unavailable:
        case ErrorKind::internal: failed(*error, now, jitter, effect); break;
        default:
            // The endpoint answered: a refused text or batch is not a failure of the endpoint.
            answered(now, sent_at, effect);
    }
    effect.paused = pause_.until > before;
    return effect;
}

void Endpoint::throttled(const Error& error, Steady now, Steady sent_at, double jitter, CallEffect& effect) {
    const Steady before = std::max(now, pause_.until);
    effect.charge_jobs = false;
    if (throttled_at_random(error, now, sent_at)) {
        throttled_for_ += std::chrono::duration_cast<std::chrono::milliseconds>(std::max(now, pause_.until) - before);
        return;
    }
    // A call from before the pause says nothing new.
    if (sent_at >= pause_.until) {
        ++refusals_;
        effect.charge_jobs = std::exchange(trial_answered_, false);
        if (refusals_ >= refusals_until_trial || effect.charge_jobs) tripped_ = true;
    }
    rate_.refused(sent_at, now);
    const bool stated = says_how_long(error);
    if (stated) {
        pause_for({now + std::min(*error.retry_after, settings_.longest_retry_after), PauseKind::throttled,
                   to_string(error)});
    } else {
        slow_down(now);
        slowed_down_ = true;
        if (now >= pause_.until) back_off(now, first_throttled_pause(now), jitter, PauseKind::throttled, error);
    }
    // What it takes after a pause of seconds, a limit per minute would refuse.
    const bool took_another = resumed_at_ && now - *resumed_at_ < std::chrono::minutes(1);
    if (!took_another && refusals_ >= refusals_until_minute) {
        if (const auto minute_over = rate_.minute_over(now))
            pause_for({*minute_over, PauseKind::throttled, to_string(error)});
    }
    throttled_for_ += std::chrono::duration_cast<std::chrono::milliseconds>(std::max(now, pause_.until) - before);
}

bool Endpoint::throttled_at_random(const Error& error, Steady now, Steady sent_at) {
    const bool followed = random_.found(now) || random_.in_trial();
    random_.ended(true, sent_at, now);
    // After a trial that was answered, what is refused may be the reason.
    if (!followed && sent_at >= pause_.until && refusals_ == 0 && !trial_answered_ && rate_.within_limit(sent_at)) {
        random_.at_low_rate(true);
        const bool doubtful = says_how_long(error) || !rate_.proven();
        random_.begin_trial(now, now - sent_at, rate_.per_second(sent_at), doubtful);
    }
    if (random_.found(now)) rate_.forget();
    if (!random_.found(now) && !random_.in_trial()) return false;
    if (random_.in_trial()) rate_.refused(sent_at, now);
    if (says_how_long(error))
        pause_for({now + std::min(*error.retry_after, settings_.longest_retry_after), PauseKind::throttled,
                   to_string(error)});
    return true;
}

std::chrono::milliseconds Endpoint::first_throttled_pause(Steady now) const {
    const auto learned = std::chrono::ceil<std::chrono::milliseconds>(rate_.likely_pause(now));
    return std::max(settings_.first_pause, learned);
}

void Endpoint::failed(const Error& error, Steady now, double jitter, CallEffect& effect) {
    // Where no control has decided, the first failure after an answer may be caused by what was sent. Those that follow
    // it are the endpoint's, and so are all failures without a recent answer. A broken answer is an answer, so it is
    // charged while the breaker is closed.
    effect.charge_jobs = !tripped_ && !control_failed_ && (error.kind == ErrorKind::internal || answered_recently(now));
    slow_down(now);
    ++failures_;
    // A trial after the pause is the control that the endpoint asked not to get now.
    if (says_how_long(error)) tripped_ = true;
    if (says_how_long(error))
        pause_for({now + std::min(*error.retry_after, settings_.longest_retry_after), PauseKind::unavailable,
                   to_string(error)});
    if (tripped_ || failures_ >= settings_.breaker_failures) {
        tripped_ = true;
        if (now >= pause_.until) back_off(now, settings_.breaker_pause, jitter, PauseKind::unavailable, error);
    } else if (failures_ > 1 && !says_how_long(error)) {
        backoff_until_ =
            now + sync::fixed_backoff(settings_.first_backoff, settings_.longest_pause).delay(failures_ - 1);
    }
}

void Endpoint::answered(Steady now, Steady sent_at, CallEffect& effect) {
    answered_at_ = now;
    const auto max_concurrency = static_cast<double>(std::max<std::size_t>(1, settings_.concurrency));
    concurrency_ = std::min(max_concurrency, concurrency_ + (slowed_down_ ? slow_growth : first_growth));
    if (sent_at >= pause_.until && rate_.within_limit(sent_at)) random_.at_low_rate(false);
    // The first call after the wait that it asked for says nothing in a trial.
    const bool in_trial = random_.in_trial();
    if (!in_trial || !resuming_) random_.ended(false, sent_at, now);
    if (random_.found(now)) rate_.forget();
    // An answer to what was sent before the pause began does not end it.
    if (sent_at < pause_.until) return;
    effect.recovered = !pause_.reason.empty();
    if ((resuming_ || in_trial) && !random_.in_trial()) {
        rate_.resumed(sent_at);
        resumed_at_ = sent_at;
    }
    trial_answered_ = tripped_ && pause_.kind == PauseKind::throttled;
    failures_ = 0;
    pauses_ = 0;
    refusals_ = 0;
    calls_since_pause_ = 0;
    tripped_ = false;
    resuming_ = false;
    control_failed_ = false;
    backoff_until_ = {};
    pause_.reason.clear();
}

void Endpoint::adopt_pause(const Pause& pause, Steady now) {
    switch (pause.kind) {
        case PauseKind::throttled: break;
        case PauseKind::unavailable:
            if (answered_recently(now)) return;
            tripped_ = true;
            break;
        case PauseKind::misconfigured: return;
    }
    pause_for(pause);
}

void Endpoint::inherit(const Endpoint& old) {
    rate_ = old.rate_;
    random_ = old.random_;
    controls_lost_ = old.controls_lost_;
    failures_ = old.failures_;
    pauses_ = old.pauses_;
    tripped_ = old.tripped_;
    answered_at_ = old.answered_at_;
    throttled_for_ = old.throttled_for_;
    pause_for(old.pause_);
}

void Endpoint::pause_for(const Pause& pause) {
    if (pause.until <= pause_.until) return;
    pause_ = pause;
    resuming_ = true;
    calls_since_pause_ = 0;
    rate_.pause_until(pause.until);
}

void Endpoint::slow_down(Steady now) {
    // Calls that were sent together fail together: they count once.
    if (now < slowed_down_until_) return;
    slowed_down_until_ = now + same_round;
    concurrency_ = std::max(1.0, concurrency_ * slow_down_factor);
}

void Endpoint::back_off(Steady now, std::chrono::milliseconds first, double jitter, PauseKind kind,
                        const Error& error) {
    const sync::Backoff backoff{
        .base = first,
        .max = std::max(first, kind == PauseKind::throttled ? settings_.longest_retry_after : settings_.longest_pause),
        .jitter = pause_jitter,
        .mode = sync::Jitter::above};
    pause_for({now + backoff.delay(++pauses_, jitter), kind, to_string(error)});
}

}  // namespace embedq::endpoints
