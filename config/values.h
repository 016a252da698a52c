// One option's value: from text to type and back, and the description of what was expected. Pure functions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "config/configuration.h"
#include "embedq/error.h"
#include "embedq/options.h"

namespace embedq::config {

// What relative paths are relative to; without a value they stay as they are.
using Folder = std::optional<std::filesystem::path>;

// The value of a single text; else `invalid_argument` with "found …, expected …". A list takes the text as its only
// element unless it is written `[…]`; a map must be written `{…}`. The message never contains a secret's text.
[[nodiscard]] Result<OptionValue> convert(const OptionSpec& spec, std::string_view text, const Folder& folder);

// One text of a list or a map, checked against the choices.
[[nodiscard]] Result<std::string> convert_element(const OptionSpec& spec, std::string_view text);

// "an integer between 1 and 10", "a duration of at least 1s", "one of text, json".
[[nodiscard]] std::string expectation(const OptionSpec& spec);

// With the largest unit that divides the value: "90s", "5m", "14d".
[[nodiscard]] std::string duration_text(std::chrono::milliseconds value);
[[nodiscard]] std::string size_text(std::int64_t bytes);
[[nodiscard]] std::string number_text(double value);

}  // namespace embedq::config
