#include "http/redact.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "http/client.h"

namespace embedq::http {
namespace {

constexpr std::string_view hidden_mark = "***";

bool is_key_character(unsigned char c) {
    return std::isalnum(c) || std::string_view("-_.~+/=").contains(static_cast<char>(c));
}

constexpr std::size_t shortest_secret = 4;
constexpr std::size_t shortest_anywhere = 8;

bool is_word(std::string_view text, std::size_t at, std::size_t length) {
    const bool begins = at == 0 || !is_key_character(static_cast<unsigned char>(text[at - 1]));
    return begins && (at + length == text.size() || !is_key_character(static_cast<unsigned char>(text[at + length])));
}

void replace_all(std::string& text, std::string_view what) {
    for (auto at = text.find(what); at != std::string::npos;) {
        const bool secret = what.size() >= shortest_anywhere || is_word(text, at, what.size());
        if (secret) text.replace(at, what.size(), hidden_mark);
        at = text.find(what, at + (secret ? hidden_mark.size() : 1));
    }
}

// Hides what follows `prefix` where it is at least `shortest` characters long, as keys are.
void hide_after(std::string& text, std::string_view prefix, std::size_t shortest) {
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + prefix.size())) {
        const auto begin = text.begin() + static_cast<std::ptrdiff_t>(at + prefix.size());
        const auto end = std::find_if_not(begin, text.end(), [](unsigned char c) { return is_key_character(c); });
        if (static_cast<std::size_t>(end - begin) >= shortest) text.replace(begin, end, hidden_mark);
    }
}

// How many bytes the valid UTF-8 character at the front has; 0 when there is none (RFC 3629 §4).
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                               : (first & 0xF0) == 0xE0        ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    if (first == 0xE0 && byte(1) < 0xA0) return 0;  // an overlong form
    if (first == 0xED && byte(1) > 0x9F) return 0;  // a surrogate
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return length;
}

}  // namespace

Secrets::Secrets(std::vector<std::string> values) : values_(std::move(values)) {
    std::erase_if(values_, [](const std::string& value) { return value.size() < shortest_secret; });
    // The longer first, since one may be part of another.
    std::ranges::sort(values_, std::ranges::greater{}, &std::string::size);
}

std::string Secrets::hide(std::string text) const {
    for (const std::string& value : values_) replace_all(text, value);
    for (const std::string_view scheme : {"Bearer ", "bearer ", "Basic ", "basic "}) hide_after(text, scheme, 8);
    for (const std::string_view prefix : {"sk-", "pa-", "jina_", "key=", "token=", "hf_"}) hide_after(text, prefix, 8);
    return text;
}

bool is_public_header(std::string_view name) {
    static constexpr std::array<std::string_view, 12> names = {
        "accept",         "accept-encoding", "accept-language",   "content-type",
        "user-agent",     "http-referer",    "x-title",           "openai-organization",
        "openai-project", "openai-beta",     "anthropic-version", "x-goog-user-project"};
    return std::ranges::any_of(names, [&](std::string_view known) { return same_header(known, name); });
}

std::string excerpt(std::string_view text, std::size_t limit) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        std::string_view shown = length == 0 ? std::string_view("?") : text.substr(0, length);
        const auto first = static_cast<unsigned char>(shown.front());
        if (first <= ' ' || first == 0x7F) shown = " ";
        text.remove_prefix(std::max<std::size_t>(length, 1));
        if (shown == " " && (out.empty() || out.back() == ' ')) continue;
        if (out.size() + shown.size() > limit) {
            out += "…";
            return out;
        }
        out += shown;
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
}

}  // namespace embedq::http
