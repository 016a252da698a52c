// How long to wait before the next attempt: longer after each consecutive failure, up to a maximum, and spread randomly
// so that callers that failed together do not retry together.
//
// Everything that retries takes its wait from here: jobs, endpoints, queries, connections, commits. Exponential backoff
// as in Marc Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015); its "full jitter" is
// `Jitter::below` with a share of 1.
//
// Thread-safety: plain values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace embedq::sync {

// Which way the random part changes a wait.
enum class Jitter : std::uint8_t {
    around,  // up to `share` shorter or longer
    below,   // up to `share` shorter: the wait is an upper bound
    above,   // up to `share` longer: the wait is a lower bound
};

struct Backoff {
    std::chrono::milliseconds base{5'000};
    double factor = 2;  // 1 or more
    std::chrono::milliseconds max{80'000};
    double jitter = 0.1;  // the share of a wait that is random, in [0, 1]
    Jitter mode = Jitter::around;

    // The wait after so many consecutive failures (1 or more; 0 counts as 1): base · factor^(failures − 1), at most
    // `max`, then spread by the jitter. `random` in [0, 1).
    [[nodiscard]] std::chrono::milliseconds delay(std::uint64_t failures, double random = 0.5) const {
        constexpr std::uint64_t enough = 64;  // doublings after which any maximum is reached
        const auto exponent = static_cast<double>(std::clamp<std::uint64_t>(failures, 1, enough) - 1);
        const double plain =
            std::min(static_cast<double>(max.count()), static_cast<double>(base.count()) * std::pow(factor, exponent));
        return std::chrono::milliseconds(static_cast<std::int64_t>(plain * (1 + jitter * spread(random))));
    }

private:
    [[nodiscard]] double spread(double random) const {
        switch (mode) {
            case Jitter::around: return 2 * random - 1;
            case Jitter::below: return random - 1;
            case Jitter::above: return random;
        }
        return 0;
    }
};

// A backoff that doubles, without a random part.
[[nodiscard]] constexpr Backoff fixed_backoff(std::chrono::milliseconds base, std::chrono::milliseconds max) {
    return {.base = base, .factor = 2, .max = max, .jitter = 0, .mode = Jitter::around};
}

}  // namespace embedq::sync
