// Texts for people: quotes what was found, suggests what was meant, hides credentials. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedq::config {

// Replaces a secret.
inline constexpr std::string_view hidden = "<hidden>";

// A hint: "did you mean 'x'?" when a candidate is near enough, or else `otherwise`.
[[nodiscard]] std::string suggestion(std::string_view wanted, std::span<const std::string> candidates,
                                     std::string otherwise = {});

// 'value', without credentials, with control characters escaped, cut when long.
[[nodiscard]] std::string quote(std::string_view value);

// The text with passwords in URLs (user:password@) and in `password=…` pairs replaced.
[[nodiscard]] std::string hide_credentials(std::string_view text);

[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator = ", ");
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

// The offset of the first byte that is not part of valid UTF-8.
[[nodiscard]] std::optional<std::size_t> first_invalid_utf8(std::string_view text);

// How many characters (code points) the bytes of valid UTF-8 hold.
[[nodiscard]] std::size_t characters(std::string_view text);

}  // namespace embedq::config
