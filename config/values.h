// One option's value: from text to type and back, and the words for what was expected. Pure functions.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "config/configuration.h"

namespace embedq::config {

// Where relative paths count from; none leaves them as they are.
using Folder = std::optional<std::filesystem::path>;

// The value of a single text, or the sentence "found …, expected …". A list takes the text as its only element unless
// it is written `[…]`; a map must be written `{…}`. A secret's text is not in the sentence.
[[nodiscard]] std::expected<OptionValue, std::string> convert(const OptionSpec& spec, std::string_view text,
                                                              const Folder& folder);

// One text of a list or a map, checked against the choices.
[[nodiscard]] std::expected<std::string, std::string> convert_element(const OptionSpec& spec, std::string_view text);

// "an integer between 1 and 10", "a duration of at least 1s", "one of text, json".
[[nodiscard]] std::string expectation(const OptionSpec& spec);

// "found 'x', expected …", with the text hidden for a secret.
[[nodiscard]] std::string mismatch(const OptionSpec& spec, std::string_view text);

// The largest unit that divides it: "90s", "5m", "14d".
[[nodiscard]] std::string duration_text(std::chrono::milliseconds value);
[[nodiscard]] std::string size_text(std::int64_t bytes);
[[nodiscard]] std::string number_text(double value);

}  // namespace embedq::config
