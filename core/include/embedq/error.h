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

// What went wrong, named by whom it is charged to (docs/architecture.md has the table).
enum class ErrorKind {
    throttled,         // the lane: cool down, then the same batch again; costs no attempt
    unavailable,       // the lane, then the job: connect, 5xx, timeout; the breaker counts it
    too_large,         // the batch: halve it and remember the limit
    invalid_input,     // one text: isolate it, record the refusal, go on with the others
    misconfigured,     // the provider: it pauses with a visible reason; jobs stay pending
    lost,              // the caller: its lease is gone; drop the result
    conflict,          // the caller: the present state forbids it
    not_found,         // the caller: no such thing
    invalid_argument,  // the caller: a value is out of its domain
    unsupported,       // the caller: this implementation cannot do it
    internal,          // the job: a bug or a broken answer; retried with backoff, logged with context
};

// What the other side says that it takes at most. 0 where it does not say.
struct SaidLimits {
    std::size_t max_inputs = 0;          // texts of a request
    std::size_t max_request_tokens = 0;  // of all texts of a request
    std::size_t max_text_tokens = 0;     // of one text
};

// One failure. `message` is a sentence for people that names what was found, what was expected and the mend.
struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string message;
    // How long the other side asks to be left alone; only with throttled and unavailable.
    std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
    // What helps a diagnosis but not every reader: a response excerpt, a SQL state. Never holds a secret.
    std::string detail = {};
    // What a provider's endpoint said of its limits when it refused; only with too_large and invalid_input. The host
    // keeps to them from then on.
    SaidLimits limits = {};
    // A provider's call ended because its time was over: the provider's own limit, or EmbedRequest::deadline, which the
    // host sees by itself; only with unavailable. The same batch would find no answer the next time either, so the host
    // sends a smaller one.
    bool deadline_reached = false;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string detail = {}) {
    return std::unexpected(Error{kind, std::move(message), std::nullopt, std::move(detail)});
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
