// One endpoint of a provider: how many calls may be in flight, how fast they may go, and when none may go.
//
//             success                    failures in a row
//   closed ◀────────── half-open ◀─ pause over ─ open ◀──────────── closed
//                          └───── failure ───────▲
//
// The concurrency starts at two, so that a limit that nobody stated costs a refused call or two, and grows with each
// success. It is cut by a third on failures, and on throttling without a time to wait, once per round of calls, and
// then grows slowly (additive increase, multiplicative decrease: Chiu and Jain, 1989). After any pause, calls go one at
// a time until one is answered; if the pause was because of throttling, they then go at the rate that it implies
// (learned_rate.h). Pure: time is passed in. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "embedq/endpoint.h"
#include "embedq/error.h"
#include "endpoints/learned_rate.h"
#include "endpoints/random_refusals.h"

namespace embedq::endpoints {

// The longest pause that a provider may ask for (Retry-After), whether of an endpoint, a query or another process.
inline constexpr std::chrono::milliseconds longest_asked_pause{600'000};

// A cool-down: until when an endpoint gets no calls, and why.
struct Pause {
    std::chrono::steady_clock::time_point until{};
    PauseKind kind = PauseKind::throttled;
    std::string reason;  // empty where there is none

    [[nodiscard]] std::string text() const { return std::string(to_string(kind)) + ": " + reason; }
};

struct EndpointSettings {
    std::size_t concurrency = 1;                     // calls at a time, at most
    std::size_t first_concurrency = 2;               // calls at a time, before any was answered
    std::size_t breaker_failures = 5;                // in a row open the breaker
    std::chrono::milliseconds first_backoff{250};    // after a second failure in a row; doubles until the breaker opens
    std::chrono::milliseconds first_pause{1'000};    // after throttling without Retry-After; doubles while it continues
    std::chrono::milliseconds breaker_pause{5'000};  // doubles while trials fail
    std::chrono::milliseconds misconfigured_pause{30'000};  // after a `misconfigured` call; doubles while trials fail
    std::chrono::milliseconds longest_pause{60'000};  // where pauses of the breaker and of a misconfiguration double
    std::chrono::milliseconds longest_retry_after{longest_asked_pause};  // the longest pause because of throttling
    std::chrono::milliseconds recent_answer{30'000};  // an answer no older than this shows that the endpoint works
};

class Endpoint {
public:
    using Steady = std::chrono::steady_clock::time_point;

    explicit Endpoint(const EndpointSettings& settings);

    // Whether a call may go now: a slot is free and there is no pause. The learned rate is not considered.
    [[nodiscard]] bool admits(Steady now) const noexcept;
    // When the next call may go; Steady::max() if that depends on more than time.
    [[nodiscard]] Steady ready_at(Steady now) const;

    // A call begins. Only from `ready_at` on; `finished` must follow.
    void begin(Steady now);

    // What the end of a call means to others than the endpoint.
    struct CallEffect {
        // The jobs may have caused the failure. Otherwise the endpoint did, and no job is charged an attempt.
        bool charge_jobs = true;
        bool paused = false;     // a pause began or became longer
        bool recovered = false;  // the endpoint answers again
    };
    // Reports the end of a call that began at `sent_at`. `error` is the whole call's; errors of single texts do not
    // concern the endpoint. `jitter` in [0, 1) spreads pauses.
    CallEffect finished(Steady now, const std::optional<Error>& error, double jitter, Steady sent_at);
    // Instead of `finished`: the end of the call says nothing about the endpoint.
    CallEffect undecided(Steady sent_at);

    // A failed call may be the fault of what was sent, or the endpoint's. Whether a control has to decide, which is a
    // call with a text that no working endpoint refuses; `single`: the failed call had one text. Not where a pause, the
    // endpoint itself (`retry_after`) or an earlier control has decided already.
    [[nodiscard]] bool needs_control(const Error& error, bool single, Steady now) const noexcept;
    // No call is admitted while a control is under way; the control itself is none.
    void begin_control() noexcept { control_running_ = true; }
    void end_control(bool answered) noexcept;
    // Counts a control or a trial.
    void count_control(bool answered) noexcept;
    // How often a text has to fail, each time while a control is answered, until that is not by chance: the more often
    // the more controls are lost.
    [[nodiscard]] std::size_t failures_needed() const noexcept;
    [[nodiscard]] bool control_running() const noexcept { return control_running_; }
    // The next call is a trial.
    void trip() noexcept { tripped_ = true; }
    // A trial was answered just now, after throttling: it is the control of what is sent next.
    [[nodiscard]] bool trial_answered() const noexcept { return trial_answered_; }

    // Another process saw this endpoint throttle, or could not reach it. A pause because it cannot be reached is
    // ignored if this process had an answer recently: the cause may be the other process's own.
    void adopt_pause(const Pause& pause, Steady now);

    // Another process learned this rate, in requests a second, or this one did before it was restarted.
    void adopt_rate(double per_second, Steady now) {
        if (!random_.found(now) && !random_.in_trial()) rate_.adopt(per_second, now);
    }

    // Takes over pause, rate and breaker of a former object for the same endpoint.
    void inherit(const Endpoint& old);

    [[nodiscard]] bool paused(Steady now) const noexcept { return now < pause_.until; }
    [[nodiscard]] Steady paused_until() const noexcept { return pause_.until; }
    // The present pause, or the last one; without a reason once a call has been answered since.
    [[nodiscard]] const Pause& pause() const noexcept { return pause_; }
    [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
    [[nodiscard]] double concurrency() const noexcept { return concurrency_; }
    // The breaker is open or half-open: the next call is a trial, which sends none of the queued texts.
    [[nodiscard]] bool tripped() const noexcept { return tripped_; }
    [[nodiscard]] double rate(Steady now) const { return random_.in_trial() ? 0 : rate_.per_second(now); }
    // The sum of all pauses because of throttling.
    [[nodiscard]] std::chrono::milliseconds throttled_for() const noexcept { return throttled_for_; }

private:
    [[nodiscard]] bool one_at_a_time() const noexcept { return tripped_ || resuming_ || random_.in_trial(); }
    [[nodiscard]] bool answered_recently(Steady now) const noexcept;
    void call_ended(Steady sent_at) noexcept;
    void answered(Steady now, Steady sent_at, CallEffect& effect);
    void throttled(const Error& error, Steady now, Steady sent_at, double jitter, CallEffect& effect);
    // Whether it is one at random, which lowers no rate; it pauses if the endpoint said so.
    [[nodiscard]] bool throttled_at_random(const Error& error, Steady now, Steady sent_at);
    void failed(const Error& error, Steady now, double jitter, CallEffect& effect);
    void slow_down(Steady now);
    void back_off(Steady now, std::chrono::milliseconds first, double jitter, PauseKind kind, const Error& error);
    [[nodiscard]] std::chrono::milliseconds first_throttled_pause(Steady now) const;
    void pause_for(const Pause& pause);

    const EndpointSettings settings_;
    double concurrency_;
    LearnedRate rate_;
    RandomRefusals random_;
    std::size_t in_flight_ = 0;
    std::size_t calls_since_pause_ = 0;  // in flight, of those that began after the last pause, until one is answered
    std::size_t failures_ = 0;           // unavailable or broken answers in a row
    std::size_t pauses_ = 0;             // in a row, for the backoff
    std::size_t refusals_ = 0;           // because of throttling, in a row, each after the pause of the one before it
    bool slowed_down_ = false;           // the concurrency has been cut: it grows slowly
    bool tripped_ = false;               // after a pause by the breaker or a misconfiguration, or after many refusals
    bool trial_answered_ = false;        // by an endpoint that had refused call after call; until the next answer
    bool resuming_ = false;              // after any pause
    bool control_running_ = false;
    double controls_lost_ = 0;     // the share of the last ones
    bool control_failed_ = false;  // since the last answer: what fails now is the endpoint's
    Pause pause_;
    Steady backoff_until_{};
    Steady slowed_down_until_{};  // failures before this count as one
    std::optional<Steady> answered_at_;
    std::optional<Steady> resumed_at_;  // when the first call after the last pause was sent
    std::chrono::milliseconds throttled_for_{0};
};

}  // namespace embedq::endpoints
