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

namespace embedq::scheduler {

class QueryBreaker {
public:
    using Steady = std::chrono::steady_clock::time_point;

    static constexpr std::chrono::milliseconds first_pause{1'000};  // doubles while probes fail
    static constexpr std::chrono::milliseconds longest_pause{30'000};
    static constexpr std::chrono::milliseconds longest_probe{3'000};  // how long the one that is let through may wait

    enum class Passage : std::uint8_t { free, probe, refused };

    // Each passage that is not refused must be ended by `finished` or `stopped`.
    [[nodiscard]] Passage ask(Steady now) noexcept {
        if (failures_ == 0) return Passage::free;
        if (probing_ || now < until_) return Passage::refused;
        probing_ = true;
        return Passage::probe;
    }

    // `error` is the whole call's; a text that was refused says nothing against the provider.
    void finished(Steady now, Passage passage, const std::optional<Error>& error) {
        if (passage == Passage::probe) probing_ = false;
        const bool answered = !error || error->kind == ErrorKind::invalid_input || error->kind == ErrorKind::too_large;
        if (answered) {
            failures_ = 0;
            reason_.clear();
            return;
        }
        reason_ = error->message;
        // Queries that were under way together fail together: they count once.
        if (passage == Passage::free && failures_ > 0) return;
        const auto doubled = first_pause * (1LL << std::min<std::size_t>(failures_, 16));
        until_ = now + std::min<std::chrono::milliseconds>(error->retry_after.value_or(doubled), longest_pause);
        ++failures_;
    }

    // The caller gave up waiting, which says nothing.
    void stopped(Passage passage) noexcept {
        if (passage == Passage::probe) probing_ = false;
    }

    // Why the last one failed.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

private:
    std::size_t failures_ = 0;  // in a row
    bool probing_ = false;
    Steady until_{};
    std::string reason_;
};

}  // namespace embedq::scheduler
