// A endpoint is the queries to one provider endpoint: how many calls at a time, how fast, and when none at all.
//
//             success                    failures in a row
//   closed ◀────────── half-open ◀─ pause over ─ open ◀──────────── closed
//                          └───── failure ───────▲
//
// Concurrency starts at the limit, is cut by a third on failures and on throttling that says nothing of time (once per
// round of calls), and grows by one per `limit` successes (additive increase, multiplicative decrease: Chiu and Jain,
// 1989). Where the server says how long to wait it counts requests, not calls at a time: then the endpoint keeps its
// concurrency and learns a rate (learned_rate.h). After any pause calls go one at a time until one is answered. Pure: time is
// passed in. Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "embedq/endpoint.h"
#include "embedq/error.h"
#include "endpoints/learned_rate.h"

namespace embedq::endpoints {

// What a provider may ask for (Retry-After), whoever was told it: a endpoint, a query, another process.
inline constexpr std::chrono::milliseconds longest_asked_pause{600'000};

// A cool-down: until when an endpoint gets no calls, and why.
struct Pause {
    std::chrono::steady_clock::time_point until{};
    PauseKind kind = PauseKind::throttled;
    std::string reason;  // empty where there is none

    [[nodiscard]] std::string text() const { return std::string(to_string(kind)) + ": " + reason; }
};

struct EndpointSettings {
    std::size_t concurrency = 1;
    std::size_t breaker_failures = 5;                // in a row open the breaker
    std::chrono::milliseconds first_backoff{250};    // after a second failure in a row; doubles until the breaker opens
    std::chrono::milliseconds first_pause{1'000};    // after throttling without Retry-After; doubles while it goes on
    std::chrono::milliseconds breaker_pause{5'000};  // doubles while probes fail
    std::chrono::milliseconds misconfigured_pause{30'000};
    std::chrono::milliseconds longest_pause{60'000};
    std::chrono::milliseconds longest_retry_after{longest_asked_pause};
    std::chrono::milliseconds fresh_answer{30'000};  // an answer not older than this shows that the endpoint is there
};

class Endpoint {
public:
    using Steady = std::chrono::steady_clock::time_point;

    explicit Endpoint(const EndpointSettings& limits);

    // Whether a slot is free now and no pause forbids to use it.
    [[nodiscard]] bool open(Steady now) const noexcept;
    // The moment from which the next call may go; Steady::max() where time alone does not help.
    [[nodiscard]] Steady ready_at(Steady now) const;

    // A call goes. Only when `ready_at` has come; it must be ended by `finished`.
    void begin(Steady now);

    // What the end of a call means beyond the endpoint.
    struct Verdict {
        // A failure may be the jobs' own; false: it is the endpoint's, and no job pays for it with an attempt.
        bool jobs_pay = true;
        bool paused = false;     // a pause began or became longer
        bool recovered = false;  // the endpoint answers again
    };
    // Reports the end of a call that began at `sent_at`. `error` is the whole call's; errors of single texts are no
    // matter of the endpoint. `jitter` in [0, 1) spreads pauses.
    Verdict finished(Steady now, const std::optional<Error>& error, double jitter, Steady sent_at);

    // Another process saw this endpoint throttle, or finds it unreachable. What this process has no sign of itself it
    // does not believe of a broken queries: that may be the other's own.
    void adopt_pause(const Pause& pause, Steady now);

    // Takes over pause, rate and breaker of the endpoint that led to the same endpoint before.
    void inherit(const Endpoint& old);

    [[nodiscard]] bool paused(Steady now) const noexcept { return now < pause_.until; }
    [[nodiscard]] Steady paused_until() const noexcept { return pause_.until; }
    // The present pause, or the last; without a reason once a call was answered since.
    [[nodiscard]] const Pause& pause() const noexcept { return pause_; }
    [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
    [[nodiscard]] double concurrency() const noexcept { return concurrency_; }
    // Half-open, or open: the next call is a probe, a single text.
    [[nodiscard]] bool probing() const noexcept { return probing_; }
    [[nodiscard]] double rate(Steady now) const { return rate_.per_second(now); }
    // How long the endpoint asked to be left alone, all together.
    [[nodiscard]] std::chrono::milliseconds throttled_for() const noexcept { return throttled_for_; }

private:
    void answered(Steady now, Steady sent_at, Verdict& verdict);
    void throttled(const Error& error, Steady now, Steady sent_at, double jitter);
    void failed(const Error& error, Steady now, double jitter, Verdict& verdict);
    void slow_down(Steady now);
    void back_off(Steady now, std::chrono::milliseconds first, double jitter, PauseKind kind, const Error& error);
    void pause_for(const Pause& pause);

    const EndpointSettings limits_;
    double concurrency_;
    LearnedRate rate_;
    std::size_t in_flight_ = 0;
    std::size_t trials_ = 0;    // of them, those sent since the last pause, while it is not over for good
    std::size_t failures_ = 0;  // unavailable or broken answers in a row
    std::size_t pauses_ = 0;    // in a row, for doubling
    bool probing_ = false;      // after a pause by the breaker or a misconfiguration
    bool resuming_ = false;     // after any pause
    Pause pause_;
    Steady backoff_until_{};
    Steady slow_window_end_{};
    std::optional<Steady> answered_at_;
    std::chrono::milliseconds throttled_for_{0};
};

}  // namespace embedq::endpoints
