#include "catalog/claims.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "catalog/hidden.h"

namespace embedq::catalog {
namespace {

constexpr std::string_view blank_bytes = " \t\r\n";

[[nodiscard]] std::string_view without_space(std::string_view text) {
    const auto begin = text.find_first_not_of(blank_bytes);
    return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

[[nodiscard]] bool is_claim(std::string_view key) {
    return key == "openapi" || key == "swagger";
}

// Whether the text begins with such a key, quoted or not, and a colon.
[[nodiscard]] bool begins_with_claim(std::string_view text) {
    if (text.empty()) return false;
    const char quote = text.front();
    const bool quoted = quote == '"' || quote == '\'';
    if (quoted) text.remove_prefix(1);
    const auto end = quoted ? text.find(quote) : text.find_first_of(": \t");
    if (end == std::string_view::npos || !is_claim(text.substr(0, end))) return false;
    return without_space(text.substr(end + (quoted ? 1 : 0))).starts_with(':');
}

// The offset behind a quoted text that begins at `at`.
[[nodiscard]] std::size_t after_quoted(std::string_view text, std::size_t at) {
    const char quote = text[at];
    for (++at; at < text.size() && text[at] != quote; ++at) {
        if (text[at] == '\\' && quote == '"') ++at;
    }
    return at + 1;
}

// Of an object in braces: a key at the first level follows a brace or a comma.
[[nodiscard]] bool claims_in_braces(std::string_view text) {
    std::size_t depth = 0;
    bool key_is_due = false;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (blank_bytes.find(c) != std::string_view::npos) {
            ++i;
            continue;
        }
        if (depth == 1 && key_is_due && begins_with_claim(text.substr(i, 64))) return true;
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && depth > 0) --depth;
        key_is_due = c == '{' || c == ',';
        i = c == '"' || c == '\'' ? after_quoted(text, i) : i + 1;
    }
    return false;
}

// Of a block: the outermost keys are indented as the first line that has a key.
[[nodiscard]] bool claims_in_block(std::string_view text) {
    std::size_t indentation = std::string_view::npos;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of("\r\n"), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with("--- ")) line.remove_prefix(4);
        const auto begin = line.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos || line[begin] == '#' || line[begin] == '%' || line.starts_with("---"))
            continue;
        indentation = std::min(indentation, begin);
        if (begin == indentation && begins_with_claim(line.substr(begin))) return true;
    }
    return false;
}

}  // namespace

bool claims_to_be_document(std::string_view content) {
    // Of UTF-16 and UTF-32 the zeros, too, are hidden characters; their mark is no UTF-8.
    if (content.starts_with("\xff\xfe") || content.starts_with("\xfe\xff")) content.remove_prefix(2);
    const std::string visible = without_hidden(content);
    const std::string_view text = without_space(visible);
    return text.starts_with('{') ? claims_in_braces(text) : claims_in_block(visible);
}

}  // namespace embedq::catalog
