// A table of the error messages that servers send and what they mean. classify.cpp uses it.
//
// Thread-safety: constant data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "embedq/error.h"
#include "http/error_body.h"

namespace embedq::http {

enum class Meaning : std::uint8_t {
    quota_spent,
    key_refused,
    region_refused,
    model_missing,
    model_stopped,  // it crashed, or could not be loaded: the next request may load it
    no_embedding_model,
    not_pooled,  // the server has a vector for each token only
    option_missing,
    option_refused,
    too_many_tokens,
    too_many_texts,
    too_many_bytes,
    text_too_long,
    text_without_vector,
    overloaded,
};

struct Finding {
    Meaning meaning;
    std::size_t limit = 0;  // the number in the server's message; 0 when there is none
};

// Whether the body mentions the length of a text, in words that no rule covers. For statuses that refuse a request:
// other statuses may mean time ("took too long").
[[nodiscard]] bool mentions_text_length(const ErrorBody& body);

// Whether the body says that the time for an answer was over, as a gateway does whose own server takes too long.
[[nodiscard]] bool mentions_time_over(const ErrorBody& body);

// The first rule that matches the message, code, type or param; nothing when no rule does.
[[nodiscard]] std::optional<Finding> find_meaning(const ErrorBody& body);

[[nodiscard]] ErrorKind kind_of(Meaning meaning);

}  // namespace embedq::http
