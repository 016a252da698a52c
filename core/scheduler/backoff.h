// How long a job waits before its next attempt.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "scheduler/settings.h"

namespace embedq::scheduler {

// The wait after the `failed_attempts`-th attempt (1 or more): base · factor^(n−1), at most `max`, spread by ±jitter.
// `random` in [0, 1). With the defaults: 5, 10, 20, 40, 80 s.
[[nodiscard]] inline std::chrono::milliseconds backoff_delay(const Backoff& backoff, std::uint32_t failed_attempts,
                                                             double random) {
    const double exponent = failed_attempts == 0 ? 0.0 : static_cast<double>(std::min(failed_attempts, 64U)) - 1.0;
    const double plain = std::min(static_cast<double>(backoff.max.count()),
                                  static_cast<double>(backoff.base.count()) * std::pow(backoff.factor, exponent));
    const double spread = 1.0 + backoff.jitter * (2.0 * random - 1.0);
    return std::chrono::milliseconds(static_cast<std::int64_t>(plain * spread));
}

}  // namespace embedq::scheduler
