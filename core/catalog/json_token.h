// Checks on single JSON tokens: On-Demand hands over what it skips without looking at it.
//
// Internal to core/catalog. Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace embedq::catalog {

// Whether the text is a number by the grammar of JSON; its value may be as large as it likes.
[[nodiscard]] bool is_json_number(std::string_view token);

// `text` begins after an opening quote and holds the closing one. The first broken escape, nothing if all are right.
[[nodiscard]] std::optional<std::size_t> find_bad_escape(std::string_view text);

// A copy in which \uXXXX escapes that are half a surrogate pair are \ufffd: JSON's grammar lets them be, UTF-8 has no
// place for them.
[[nodiscard]] std::string without_lone_surrogates(std::string_view token);

// Where a string holds a bare control character, or is never closed, counted from the start of the document.
[[nodiscard]] std::optional<std::size_t> find_broken_string(std::string_view document);

}  // namespace embedq::catalog
