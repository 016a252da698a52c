// Checks on single JSON tokens, which On-Demand does not validate when it skips them.
//
// Internal to core/catalog. Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace embedq::catalog {

// Whether the text is a number by the grammar of JSON; its value may be arbitrarily large.
[[nodiscard]] bool is_json_number(std::string_view token);

// The first broken escape; nothing if all are valid. `text` begins after an opening quote and contains the closing one.
[[nodiscard]] std::optional<std::size_t> find_bad_escape(std::string_view text);

// A copy in which \uXXXX escapes that are half a surrogate pair are \ufffd: JSON's grammar allows them, UTF-8 cannot
// represent them.
[[nodiscard]] std::string without_lone_surrogates(std::string_view token);

// The offset in the document of an unescaped control character in a string, or of a string that is never closed.
[[nodiscard]] std::optional<std::size_t> find_broken_string(std::string_view document);

}  // namespace embedq::catalog
