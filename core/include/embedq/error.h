// Errors as values: every expected failure crosses the contract as an Error inside std::expected.
//
// Exceptions are for bugs. The host catches what a plugin throws and turns it into ErrorKind::internal.
// Thread-safety: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace embedq {

// What went wrong. The comment names what pays for it: nothing is charged to what did not cause it.
enum class ErrorKind {
    throttled,         // the endpoint: cool down, then the same batch again; costs no attempt
    unavailable,       // the endpoint, then the job: connect, 5xx, timeout; the circuit breaker counts it
    too_large,         // the batch: halve it and remember the limit
    invalid_input,     // one text: isolate it, record the refusal, continue with the others
    misconfigured,     // the provider: it pauses with a visible reason; jobs stay pending
    lost,              // the caller: its lease is gone; drop the result
    conflict,          // the caller: the present state forbids it
    not_found,         // the caller: no such thing
    invalid_argument,  // the caller: a value is out of its domain
    unsupported,       // the caller: this implementation cannot do it
    internal,          // the job: a bug or a broken answer; retried with backoff, logged with context
};

// The limits that the other side stated. 0 where it stated none.
struct StatedLimits {
    std::size_t max_inputs = 0;          // texts of a request
    std::size_t max_request_tokens = 0;  // of all texts of a request
    std::size_t max_text_tokens = 0;     // of one text
};

// One failure. The texts are for people; no code reads them. What code needs is a field.
struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string message;    // what is wrong: what was found, and what was expected
    std::string hint = {};  // what to do about it, without a full stop; empty where nobody knows
    // What helps a diagnosis but not every reader: a response excerpt, a SQL state. Never holds a secret.
    std::string detail = {};
    // How long the other side asks to be left alone; only with throttled and unavailable.
    std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
    // What a provider's endpoint stated about its limits when it refused; only with too_large and invalid_input. The
    // host keeps to them from then on.
    StatedLimits limits = {};
    // A provider's call ended because its time was over: the provider's own limit, or EmbedRequest::deadline, which the
    // host sees by itself; only with unavailable. The same batch would time out again, so the host sends a smaller one.
    bool deadline_reached = false;
    // A provider refused a text, or a batch because of one, for its length; only with too_large and invalid_input. The
    // host cuts such a text instead of recording a refusal.
    bool text_too_long = false;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string hint = {},
                                                 std::string detail = {}) {
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    error.hint = std::move(hint);
    error.detail = std::move(detail);
    return std::unexpected(std::move(error));
}

// Message and hint in one line, as a log or a terminal shows them: "no such folder; create it first".
[[nodiscard]] inline std::string to_string(const Error& error) {
    return error.hint.empty() ? error.message : error.message + "; " + error.hint;
}

[[nodiscard]] constexpr std::string_view to_string(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::throttled: return "throttled";
        case ErrorKind::unavailable: return "unavailable";
        case ErrorKind::too_large: return "too_large";
        case ErrorKind::invalid_input: return "invalid_input";
        case ErrorKind::misconfigured: return "misconfigured";
        case ErrorKind::lost: return "lost";
        case ErrorKind::conflict: return "conflict";
        case ErrorKind::not_found: return "not_found";
        case ErrorKind::invalid_argument: return "invalid_argument";
        case ErrorKind::unsupported: return "unsupported";
        case ErrorKind::internal: return "internal";
    }
    return "internal";
}

}  // namespace embedq
