// What servers say, and what it means: the table that classify.cpp reads.
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

// What a rule found out; decides the sentence.
enum class Meaning : std::uint8_t {
    quota_spent,
    key_refused,
    place_refused,
    model_missing,
    no_embedding_model,
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
    std::size_t limit = 0;  // the number that the server named; 0 when it named none
};

// Whether the body speaks of the length of a text, in words that no rule knows. For statuses that refuse a request;
// others may speak of time ("took too long").
[[nodiscard]] bool speaks_of_length(const ErrorBody& body);

// The first rule that fits the message, code, type or param; nothing when the body says nothing that is known.
[[nodiscard]] std::optional<Finding> find_meaning(const ErrorBody& body);

[[nodiscard]] ErrorKind kind_of(Meaning meaning);

}  // namespace embedq::http
