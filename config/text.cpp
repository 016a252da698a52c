#include "config/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

#include "embedq/support/nearest.h"

namespace embedq::config {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool ends_authority(char c) {
    return c == '/' || c == '?' || c == '#' || c == '"' || c == '\'' || static_cast<unsigned char>(c) <= ' ';
}

std::string hide_url_passwords(std::string_view text) {
    std::string out;
    std::size_t at = 0;
    for (;;) {
        const auto scheme = text.find("://", at);
        if (scheme == std::string_view::npos) return out.append(text.substr(at));
        const std::size_t begin = scheme + 3;
        std::size_t end = begin;
        while (end < text.size() && !ends_authority(text[end])) ++end;
        const std::string_view authority = text.substr(begin, end - begin);
        out.append(text.substr(at, begin - at));
        const auto sign = authority.rfind('@');
        const auto colon = authority.find(':');
        if (sign != std::string_view::npos && colon < sign) {
            out.append(authority.substr(0, colon + 1)).append(hidden).append(authority.substr(sign));
        } else {
            out.append(authority);
        }
        at = end;
    }
}

// `password=…` as in libpq's connection strings and in query strings, and other names that only ever hold secrets.
std::string hide_pairs(std::string_view text) {
    static constexpr std::array<std::string_view, 5> names = {
        "password=", "passwd=", "api_key=", "access_token=", "client_secret="};
    const std::string folded = lower(text);
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto name = std::find_if(names.begin(), names.end(),
                                       [&](std::string_view n) { return folded.compare(at, n.size(), n) == 0; });
        if (name == names.end()) {
            out.push_back(text[at++]);
            continue;
        }
        out.append(text.substr(at, name->size()));
        at += name->size();
        const char closing = at < text.size() && (text[at] == '\'' || text[at] == '"') ? text[at] : '\0';
        std::size_t end = closing == '\0' ? at : at + 1;
        while (end < text.size() && (closing == '\0' ? text[end] != '&' && static_cast<unsigned char>(text[end]) > ' '
                                                     : text[end] != closing)) {
            ++end;
        }
        if (closing != '\0' && end < text.size()) ++end;
        if (end > at) out.append(hidden);
        at = end;
    }
    return out;
}

// The length of the well-formed UTF-8 sequence at the front, or 0 (the table of the Unicode standard, section 3.9).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                               : first >= 0xE0 && first <= 0xEF ? 3
                               : first >= 0xF0 && first <= 0xF4 ? 4
                                                                : 0;
    if (length == 0 || text.size() < length) return 0;
    const std::uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const std::uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (byte(1) < low || byte(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    }
    return length;
}

}  // namespace

std::string suggestion(std::string_view wanted, std::span<const std::string> candidates, std::string otherwise) {
    const auto near = nearest(wanted, candidates);
    return near ? fmt::format("did you mean '{}'?", *near) : otherwise;
}

std::string quote(std::string_view value) {
    static constexpr std::size_t longest = 80;
    const std::string shown = hide_credentials(value);
    std::string out = "'";
    std::size_t at = 0;
    while (at < shown.size() && at < longest) {
        const auto c = static_cast<unsigned char>(shown[at]);
        const std::size_t length = sequence_length(std::string_view(shown).substr(at));
        if (c < 0x20 || c == 0x7F || length == 0) {
            out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : fmt::format("\\x{:02x}", c);
            ++at;
        } else {
            out.append(shown, at, length);
            at += length;
        }
    }
    return out + (at < shown.size() ? "…'" : "'");
}

std::string hide_credentials(std::string_view text) {
    return hide_pairs(hide_url_passwords(text));
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts.begin(), parts.end(), separator));
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_length(text.substr(at));
        if (length == 0) return at;
        at += length;
    }
    return std::nullopt;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace embedq::config
