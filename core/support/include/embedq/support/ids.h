// The rules for the ids of catalogs and the names of specs, for code that receives or stores them.
//
// Thread-safety: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "embedq/error.h"

namespace embedq {

inline constexpr std::size_t max_catalog_id = 100;
inline constexpr std::size_t max_spec_name = 200;
// As a regular expression, for schemas.
inline constexpr std::string_view catalog_id_pattern = "^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$";

namespace support {

[[nodiscard]] constexpr bool is_lower_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// The character as people see it, complete even if it is several bytes long.
[[nodiscard]] inline std::string shown_character(std::string_view text, std::size_t at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7f) {
        constexpr std::string_view digits = "0123456789abcdef";
        return {'b', 'y', 't', 'e', ' ', '0', 'x', digits[byte >> 4U], digits[byte & 0xfU]};
    }
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) ++end;
    return '"' + std::string(text.substr(at, end - at)) + '"';
}

// `what` names the id in messages; `marks` are allowed beside a-z and 0-9.
[[nodiscard]] inline Status check_id(std::string_view what, std::string_view id, std::size_t most,
                                     std::string_view marks) {
    const std::string the = "the " + std::string(what) + " ";
    if (id.empty())
        return fail(ErrorKind::invalid_argument, the + "is empty", "give 1 to " + std::to_string(most) + " characters");
    if (id.size() > most) {
        return fail(ErrorKind::invalid_argument, the + '"' + std::string(id.substr(0, 40)) + "…\" is " +
                                                     std::to_string(id.size()) + " bytes long, but at most " +
                                                     std::to_string(most) + " are allowed");
    }
    const auto bad = std::ranges::find_if_not(
        id, [marks](char c) { return is_lower_or_digit(c) || marks.find(c) != std::string_view::npos; });
    if (bad == id.end()) return {};
    const auto at = static_cast<std::size_t>(bad - id.begin());
    std::string allowed;
    for (const char mark : marks) allowed += allowed.empty() ? std::string(1, mark) : std::string(" ") + mark;
    return fail(ErrorKind::invalid_argument, the + '"' + std::string(id) + "\" has " + shown_character(id, at) +
                                                 " at position " + std::to_string(at + 1) + ", but only a-z, 0-9 and " +
                                                 allowed + " are allowed");
}

}  // namespace support

// 1 to 100 of a-z, 0-9 and '-', beginning and ending with a letter or digit; else invalid_argument.
[[nodiscard]] inline Status check_catalog_id(std::string_view id) {
    if (Status valid = support::check_id("catalog id", id, max_catalog_id, "-"); !valid) return valid;
    if (support::is_lower_or_digit(id.front()) && support::is_lower_or_digit(id.back())) return {};
    return fail(ErrorKind::invalid_argument, "the catalog id \"" + std::string(id) + "\" begins or ends with \"-\"",
                "begin and end it with a letter or a digit");
}

// 1 to 200 of a-z, 0-9, '.', '_' and '-'; else invalid_argument.
[[nodiscard]] inline Status check_spec_name(std::string_view name) {
    return support::check_id("spec name", name, max_spec_name, "._-");
}

}  // namespace embedq
