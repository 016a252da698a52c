// Writes JSON. Request bodies are built as text, since they consist mostly of strings and need no tree.
//
// Thread-safety: functions without state.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace embedq::http {

// Appends `text` (UTF-8) as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

// `text` as a JSON string with its quotes.
[[nodiscard]] std::string json_string(std::string_view text);

// Appends `texts` as a JSON array of strings, each with `prefix` before it.
void append_json_strings(std::string& out, std::span<const std::string_view> texts, std::string_view prefix);

// The value of a text option: unchanged where it is JSON ("true", "7", "[1]", "{…}", "\"7\""), else as a JSON string.
[[nodiscard]] std::string json_value(std::string_view text);

}  // namespace embedq::http
