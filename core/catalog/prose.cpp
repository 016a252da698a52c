#include "catalog/prose.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "catalog/encoding.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_tag_bytes = 2000;
constexpr std::size_t max_link_bytes = 2000;

// Sorted. Inline elements vanish; block elements leave a space behind.
constexpr std::array<std::string_view, 23> inline_elements{"a",     "abbr", "b",      "big",    "cite",  "code", "del", "em",
                                                           "font",  "i",    "ins",    "kbd",    "label", "mark", "s",   "samp",
                                                           "small", "span", "strike", "strong", "sub",   "sup",  "u"};
constexpr std::array<std::string_view, 46> block_elements{
    "article", "aside", "blockquote", "body", "br",    "center", "dd",    "details", "div",    "dl",  "dt",      "figure",
    "footer",  "h1",    "h2",         "h3",   "h4",    "h5",     "h6",    "head",    "header", "hr",  "html",    "important",
    "iframe",  "img",   "li",         "main", "nav",   "nobr",   "note",  "ol",      "p",      "pre", "section", "style",
    "summary", "table", "tbody",      "td",   "tfoot", "th",     "thead", "tr",      "tt",     "ul"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> entities{
    {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&#x27;", "'"}, {"&apos;", "'"}, {"&nbsp;", " "}}};

// White space and invisible characters beyond ASCII: no-break space, en quad to zero-width joiner, line and paragraph separator,
// narrow no-break space, word joiner, ideographic space, byte order mark.
constexpr std::array<std::string_view, 21> wide_spaces{
    "\xc2\xa0",     "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
    "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\x8b", "\xe2\x80\x8c",
    "\xe2\x80\x8d", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf"};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

struct Piece {
    std::size_t length = 0;         // bytes of the source it stands for
    std::string_view instead = {};  // what is put in its place
};

std::optional<Piece> html_tag(std::string_view rest) {
    if (rest.starts_with("<!--")) {
        const auto end = rest.substr(0, max_tag_bytes).find("-->", 4);
        if (end == std::string_view::npos) return std::nullopt;
        return Piece{end + 3, " "};
    }
    const std::size_t name_start = rest.starts_with("</") ? 2 : 1;
    std::string name;
    std::size_t at = name_start;
    while (at < rest.size() && name.size() < 12 && (is_letter(rest[at]) || is_digit(rest[at]))) {
        name.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(rest[at++]))));
    }
    if (name.empty() || at >= rest.size() || std::string_view(" \t\r\n/>").find(rest[at]) == std::string_view::npos) return std::nullopt;
    const bool inline_element = std::ranges::find(inline_elements, name) != inline_elements.end();
    if (!inline_element && std::ranges::find(block_elements, name) == block_elements.end()) return std::nullopt;
    const auto end = rest.substr(0, max_tag_bytes).find_first_of("<>", at);
    if (end == std::string_view::npos || rest[end] == '<') return std::nullopt;
    return Piece{end + 1, inline_element ? "" : " "};
}

// "](https://…)" and "](#…)" after a link's text.
std::optional<Piece> link_target(std::string_view rest) {
    if (!rest.starts_with("](")) return std::nullopt;
    const auto end = rest.substr(0, max_link_bytes).find_first_of(")\n", 2);
    if (end == std::string_view::npos || rest[end] != ')') return std::nullopt;
    return Piece{end + 1, ""};
}

std::optional<Piece> special(std::string_view rest) {
    const auto c = static_cast<unsigned char>(rest.front());
    if (c <= 0x20 || c == 0x7f) return Piece{1, " "};
    if (c == '<') return html_tag(rest);
    if (c == ']') return link_target(rest);
    if (c == '&') {
        for (const auto& [entity, text] : entities) {
            if (rest.starts_with(entity)) return Piece{entity.size(), text};
        }
    }
    if (c == 0xc2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) >= 0x80 && static_cast<unsigned char>(rest[1]) < 0xa0) {
        return Piece{2, " "};
    }
    if (c < 0xc2) return std::nullopt;
    const auto space = std::ranges::find_if(wide_spaces, [rest](std::string_view wide) { return rest.starts_with(wide); });
    if (space == wide_spaces.end()) return std::nullopt;
    return Piece{space->size(), " "};
}

// Whether a "[" opens a link whose target is taken out.
bool opens_link(std::string_view rest) {
    const auto close = rest.substr(0, max_link_bytes).find_first_of("[]", 1);
    return close != std::string_view::npos && rest[close] == ']' && link_target(rest.substr(close)).has_value();
}

}  // namespace

std::string plain_prose(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    const auto put = [&out](std::string_view piece) {
        if (piece != " ") {
            out.append(piece);
        } else if (!out.empty() && out.back() != ' ') {
            out.push_back(' ');
        }
    };
    bool in_link = false;
    while (!text.empty()) {
        if (text.front() == '[' && opens_link(text)) {
            in_link = true;
            if (out.ends_with('!')) out.pop_back();
            text.remove_prefix(1);
            continue;
        }
        std::optional<Piece> piece = text.front() == ']' && !in_link ? std::nullopt : special(text);
        if (text.front() == ']') in_link = false;
        put(piece ? piece->instead : text.substr(0, 1));
        text.remove_prefix(piece ? piece->length : 1);
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

std::size_t word_floor(std::string_view prose, std::size_t bound) {
    if (bound >= prose.size()) return prose.size();
    const auto space = prose.rfind(' ', bound);
    return space == std::string_view::npos || space == 0 ? utf8_floor(prose, bound) : space;
}

std::size_t first_sentence(std::string_view prose, std::size_t bound) {
    for (std::size_t at = 1; at + 1 < prose.size() && at < bound; ++at) {
        const bool mark = prose[at] == '.' || prose[at] == '!' || prose[at] == '?';
        if (!mark || prose[at + 1] != ' ') continue;
        // "e.g. this" and "No. 5" go on; a sentence begins with anything but a small letter or a digit.
        const char next = at + 2 < prose.size() ? prose[at + 2] : 'A';
        const bool initial = at < 2 || prose[at - 2] == '.' || prose[at - 2] == ' ';
        if (!initial && !(next >= 'a' && next <= 'z') && !is_digit(next)) return at + 1;
    }
    return word_floor(prose, bound);
}

}  // namespace embedq::catalog
