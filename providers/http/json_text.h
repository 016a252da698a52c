// JSON that is written: request bodies are put together by hand, since their texts are most of them and need no tree.
//
// Thread-safety: functions without state.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace embedq::http {

// Appends `text` (UTF-8) as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

// The same, by itself.
[[nodiscard]] std::string json_string(std::string_view text);

// Appends `texts` as a JSON array of strings, each with `prefix` before it.
void append_json_strings(std::string& out, std::span<const std::string_view> texts, std::string_view prefix);

// A value from an option that only knows texts: as it is where it is JSON ("true", "7", "[1]", "{…}", "\"7\""), else as
// a JSON string.
[[nodiscard]] std::string json_value(std::string_view text);

}  // namespace embedq::http
