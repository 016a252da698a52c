#include "catalog/json_token.h"

#include <charconv>

#include "catalog/ascii.h"

namespace embedq::catalog {
namespace {

// Removes digits from the front; returns whether there was one.
bool take_digits(std::string_view& rest) {
    const auto before = rest.size();
    while (!rest.empty() && is_digit(rest.front())) rest.remove_prefix(1);
    return rest.size() < before;
}

bool take(std::string_view& rest, std::string_view any_of) {
    if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
}

// The four hexadecimal digits at `at`.
std::optional<unsigned> code_unit(std::string_view text, std::size_t at) {
    if (at + 4 > text.size()) return std::nullopt;
    unsigned value = 0;
    const char* const first = text.data() + at;
    const auto [end, error] = std::from_chars(first, first + 4, value, 16);
    if (error != std::errc{} || end != first + 4) return std::nullopt;
    return value;
}

bool is_high(unsigned unit) {
    return unit >= 0xd800 && unit <= 0xdbff;
}
bool is_low(unsigned unit) {
    return unit >= 0xdc00 && unit <= 0xdfff;
}

}  // namespace

bool is_json_number(std::string_view token) {
    take(token, "-");
    if (!take(token, "0") && !take_digits(token)) return false;
    if (take(token, ".") && !take_digits(token)) return false;
    if (take(token, "eE")) {
        take(token, "+-");
        if (!take_digits(token)) return false;
    }
    return token.empty();
}

std::optional<std::size_t> find_bad_escape(std::string_view text) {
    std::size_t at = 0;
    auto quote = text.find('"');
    while (true) {
        // Searched again only when it has been passed: the closing quote may be megabytes of escapes away.
        if (quote < at) quote = text.find('"', at);
        const auto backslash = text.substr(0, quote).find('\\', at);
        if (backslash == std::string_view::npos) return std::nullopt;
        const char escaped = backslash + 1 < text.size() ? text[backslash + 1] : '\0';
        if (escaped == 'u') {
            if (!code_unit(text, backslash + 2)) return backslash;
            at = backslash + 6;
            continue;
        }
        if (std::string_view("\"\\/bfnrt").find(escaped) == std::string_view::npos) return backslash;
        at = backslash + 2;
    }
}

std::string without_lone_surrogates(std::string_view token) {
    std::string out(token);
    for (std::size_t at = 0; at + 1 < out.size(); ++at) {
        if (out[at] != '\\') continue;
        const auto unit = out[at + 1] == 'u' ? code_unit(out, at + 2) : std::nullopt;
        if (!unit) {
            ++at;
            continue;
        }
        const bool pair_follows = std::string_view(out).substr(at + 6).starts_with("\\u");
        const auto next = pair_follows ? code_unit(out, at + 8) : std::nullopt;
        if (is_high(*unit) && next && is_low(*next)) {
            at += 11;
            continue;
        }
        if (is_high(*unit) || is_low(*unit)) out.replace(at, 6, "\\ufffd");
        at += 5;
    }
    return out;
}

std::optional<std::size_t> find_broken_string(std::string_view document) {
    std::optional<std::size_t> opened;
    for (std::size_t at = 0; at < document.size(); ++at) {
        const char c = document[at];
        if (c == '"') {
            opened = opened ? std::nullopt : std::optional(at);
        } else if (opened && c == '\\') {
            ++at;
        } else if (opened && static_cast<unsigned char>(c) < 0x20) {
            return at;
        }
    }
    return opened;
}

}  // namespace embedq::catalog
