// Names and texts as they are written in SQL. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace embedq::postgres {

// An identifier in double quotes, and back.
[[nodiscard]] std::string identifier(std::string_view name);
[[nodiscard]] std::string unquoted(std::string_view quoted_identifier);
// A text as a literal, in single quotes.
[[nodiscard]] std::string literal(std::string_view text);

}  // namespace embedq::postgres
