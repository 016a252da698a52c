// Keeps queries from waiting for a provider that does not answer: after a failure they are refused at once for a while,
// then one of them is let through to see.
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

    static constexpr std::chrono::milliseconds first_pause{1'000};  // doubles while probes fail
    static constexpr std::chrono::milliseconds longest_pause{30'000};
    static constexpr std::chrono::milliseconds longest_probe{3'000};  // how long the one that is let through may wait

    enum class Permit : std::uint8_t { free, probe, refused };

    // Each permit that is not refused must be ended by `finished` or `stopped`.
    [[nodiscard]] Permit ask(Steady now) noexcept {
        if (failures_ == 0) return Permit::free;
        if (probing_ || now < until_) return Permit::refused;
        probing_ = true;
        return Permit::probe;
    }

    // `error` is the whole call's; a text that was refused says nothing against the provider.
    void finished(Steady now, Permit permit, const std::optional<Error>& error) {
        if (permit == Permit::probe) probing_ = false;
        const bool answered = !error || error->kind == ErrorKind::invalid_input || error->kind == ErrorKind::too_large;
        if (answered) {
            failures_ = 0;
            reason_.clear();
            return;
        }
        reason_ = to_string(*error);
        // Queries that were under way together fail together: they count once.
        if (permit == Permit::free && failures_ > 0) return;
        const auto pause = sync::fixed_backoff(first_pause, longest_pause).delay(++failures_);
        until_ = now + std::min(error->retry_after.value_or(pause), longest_pause);
    }

    // The caller gave up waiting, which says nothing.
    void stopped(Permit permit) noexcept {
        if (permit == Permit::probe) probing_ = false;
    }

    // Why the last one failed.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

private:
    std::size_t failures_ = 0;  // in a row
    bool probing_ = false;
    Steady until_{};
    std::string reason_;
};

}  // namespace embedq::endpoints
