// A lane is the road to one provider endpoint: how many calls at a time, how many a minute, and when none at all.
//
//             success                    failures in a row
//   closed ◀────────── half-open ◀─ pause over ─ open ◀──────────── closed
//                          └───── failure ───────▲
//
// Concurrency starts at the limit, is cut by a third on throttling and timeouts (once per round of calls) and grows by one per
// `limit` successes (additive increase, multiplicative decrease). Pure: time is passed in. Not thread-safe; the workbench guards it.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "embedq/error.h"
#include "scheduler/budget.h"

namespace embedq::scheduler {

struct LaneLimits {
    std::size_t concurrency = 1;
    std::uint32_t requests_per_minute = 0;
    std::uint32_t tokens_per_minute = 0;
    std::size_t breaker_failures = 5;                // in a row open the breaker
    std::chrono::milliseconds first_pause{1'000};    // after throttling without Retry-After; doubles while it goes on
    std::chrono::milliseconds breaker_pause{5'000};  // doubles while probes fail
    std::chrono::milliseconds misconfigured_pause{30'000};
    std::chrono::milliseconds longest_pause{60'000};
    std::chrono::milliseconds longest_retry_after{600'000};  // what a provider may ask for
};

class Lane {
public:
    using Steady = std::chrono::steady_clock::time_point;

    explicit Lane(const LaneLimits& limits);

    struct Admission {
        bool admitted = false;
        Steady not_before = Steady::max();  // when to ask again, if time alone can help
    };

    // Whether a slot is free now, budgets aside.
    [[nodiscard]] bool open(Steady now) const noexcept;

    // Asks for a slot for one call of about `tokens` tokens. An admitted call must be ended by `finished`.
    [[nodiscard]] Admission admit(Steady now, double tokens);

    // Reports the end of an admitted call. `error` is the whole call's; errors of single texts are no matter of the lane.
    // `jitter` in [0, 1) spreads pauses.
    void finished(Steady now, const std::optional<Error>& error, double jitter);

    // Another process saw this endpoint throttle.
    void pause_until(Steady until, std::string reason);

    [[nodiscard]] bool paused(Steady now) const noexcept { return now < paused_until_; }
    [[nodiscard]] Steady paused_until() const noexcept { return paused_until_; }
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
    [[nodiscard]] double concurrency() const noexcept { return concurrency_; }
    [[nodiscard]] bool probing() const noexcept { return probing_; }

private:
    void succeeded();
    void slow_down(Steady now);
    void pause(Steady now, std::chrono::milliseconds first, double jitter, std::string reason);

    const LaneLimits limits_;
    Budget requests_;
    Budget tokens_;
    double concurrency_;
    std::size_t in_flight_ = 0;
    std::size_t failures_ = 0;  // unavailable or broken answers in a row
    std::size_t pauses_ = 0;    // in a row, for doubling
    bool probing_ = false;      // half-open: after a pause by the breaker or a misconfiguration
    Steady paused_until_{};
    Steady slow_window_end_{};
    std::string reason_;
};

}  // namespace embedq::scheduler
