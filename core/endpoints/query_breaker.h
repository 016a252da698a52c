// The circuit breaker of a provider's queries, so that they do not wait for a provider that does not answer: after a
// failure queries are refused for some time, then one is allowed as a trial.
//
// Pure: time is passed in. Not thread-safe; its owner guards it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "embedq/error.h"
#include "sync/backoff.h"

namespace embedq::endpoints {

class QueryBreaker {
public:
    using Steady = std::chrono::steady_clock::time_point;

    static constexpr std::chrono::milliseconds first_pause{1'000};  // doubles while trials fail
    static constexpr std::chrono::milliseconds longest_pause{30'000};
    static constexpr std::chrono::milliseconds longest_trial{3'000};  // how long a trial may take

    enum class Decision : std::uint8_t { allowed, trial, refused };

    // Each query that is not refused must be ended by `finished` or `stopped`.
    [[nodiscard]] Decision begin(Steady now) noexcept {
        if (failures_ == 0) return Decision::allowed;
        if (trial_running_ || now < until_) return Decision::refused;
        trial_running_ = true;
        return Decision::trial;
    }

    // `error` is the whole call's; a refused text is not a failure of the provider.
    void finished(Steady now, Decision decision, const std::optional<Error>& error) {
        if (decision == Decision::trial) trial_running_ = false;
        const bool answered = !error || error->kind == ErrorKind::invalid_input || error->kind == ErrorKind::too_large;
        if (answered) {
            failures_ = 0;
            reason_.clear();
            return;
        }
        reason_ = to_string(*error);
        // Queries that were in flight together fail together: they count once.
        if (decision == Decision::allowed && failures_ > 0) return;
        const auto pause = sync::fixed_backoff(first_pause, longest_pause).delay(++failures_);
        until_ = now + std::min(error->retry_after.value_or(pause), longest_pause);
    }

    // The caller gave up waiting, which says nothing.
    void stopped(Decision decision) noexcept {
        if (decision == Decision::trial) trial_running_ = false;
    }

    // Why the last query failed.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

private:
    std::size_t failures_ = 0;  // in a row
    bool trial_running_ = false;
    Steady until_{};
    std::string reason_;
};

}  // namespace embedq::endpoints
