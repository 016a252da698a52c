// What the processes tell each other, through the store, about the endpoints of a provider.
//
// Plain values. Durations are counted from now, by the store's clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "embedq/values.h"

namespace embedq {

// Why an endpoint gets no calls.
enum class PauseKind : std::uint8_t {
    throttled,      // it asked to be left alone
    unavailable,    // it does not answer, or breaks off
    misconfigured,  // it answers, and refuses: a wrong key, a missing model
};

[[nodiscard]] constexpr std::string_view to_string(PauseKind kind) noexcept {
    switch (kind) {
        case PauseKind::throttled: return "throttled";
        case PauseKind::unavailable: return "unavailable";
        case PauseKind::misconfigured: return "misconfigured";
    }
    return "unavailable";
}

// What an endpoint was found to take, so that no other process has to find it again. 0: not known.
struct EndpointLimits {
    std::chrono::microseconds request_interval{0};  // between two requests
    std::uint64_t max_inputs = 0;                   // in a request, as it stated
    std::uint64_t max_request_tokens = 0;           // likewise
    std::uint64_t max_text_tokens = 0;              // likewise
    std::uint64_t inputs_bound = 0;                 // in a request; with more of them, requests failed
    bool operator==(const EndpointLimits&) const = default;
};

// The cool-down of one endpoint and its learned limits, for every process to see.
struct EndpointState {
    // As a cool-down that is put: the present one stays as it is.
    static constexpr std::chrono::milliseconds same_cool_down{-1};

    Sha256 fingerprint{};  // of the provider's profile
    std::string endpoint;
    PauseKind kind = PauseKind::throttled;
    std::chrono::milliseconds cool_down{0};  // 0: none; when it is put, that ends it
    std::string reason;                      // for people; no code reads it
    // When they are put, these replace the former ones, and nothing leaves them as they are. Limits that know nothing
    // are not kept, others for a day (support/store_rules.h).
    std::optional<EndpointLimits> limits = std::nullopt;
};

// Kind and reason in one line, as people see them: "throttled: too many requests".
[[nodiscard]] inline std::string to_string(const EndpointState& state) {
    return std::string(to_string(state.kind)) + (state.reason.empty() ? "" : ": " + state.reason);
}

// What a rate limit counts per minute.
enum class RateUnit : std::uint8_t { requests, tokens };

[[nodiscard]] constexpr std::string_view to_string(RateUnit unit) noexcept {
    return unit == RateUnit::requests ? "requests" : "tokens";
}

// Asks for a part of a rate limit that all processes with this provider share.
struct RateRequest {
    Sha256 fingerprint{};  // of the provider's profile
    RateUnit unit = RateUnit::requests;
    double per_minute = 0;  // the whole limit, as the caller is configured; positive
    double amount = 0;      // positive
};

// A granted part: the amount may be spent from this moment on, evenly, at the limit's rate. One that starts later
// belongs to the caller already.
struct RateSlot {
    std::chrono::microseconds starts_in{0};  // never negative
};

}  // namespace embedq
