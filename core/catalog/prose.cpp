#include "catalog/prose.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <utility>

#include "catalog/ascii.h"
#include "catalog/encoding.h"
#include "catalog/entity.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_markup_bytes = 2000;  // longer text only looks like markup

// Inline elements are removed; block elements become a space.
constexpr std::array<std::string_view, 23> inline_elements{
    "a",     "abbr", "b", "big",  "cite",  "code", "del",    "em",     "font", "i",   "ins", "kbd",
    "label", "mark", "s", "samp", "small", "span", "strike", "strong", "sub",  "sup", "u"};
constexpr std::array<std::string_view, 46> block_elements{
    "article", "aside",  "blockquote", "body",      "br",      "center", "dd",      "details", "div",   "dl",
    "dt",      "figure", "footer",     "h1",        "h2",      "h3",     "h4",      "h5",      "h6",    "head",
    "header",  "hr",     "html",       "important", "iframe",  "img",    "li",      "main",    "nav",   "nobr",
    "note",    "ol",     "p",          "pre",       "section", "style",  "summary", "table",   "tbody", "td",
    "tfoot",   "th",     "thead",      "tr",        "tt",      "ul"};

// White space and invisible characters beyond ASCII: no-break space, en quad to zero-width joiner, line and paragraph
// separator, narrow no-break space, word joiner, ideographic space, byte order mark.
constexpr std::array<std::string_view, 21> wide_spaces{
    "\xc2\xa0",     "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
    "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\x8b", "\xe2\x80\x8c",
    "\xe2\x80\x8d", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf"};

bool is_element_end(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '/' || c == '>';
}

struct Piece {
    std::size_t length = 0;             // bytes of the source
    std::string_view replacement = {};  // what replaces them
};

// The next position of a mark at or after a given one. The given positions only grow, so a text is searched only once,
// however many openings without an end it has.
class NextMark {
public:
    enum class Match : std::uint8_t { any_of, whole };

    NextMark(std::string_view text, std::string_view mark, Match match) : text_(text), mark_(mark), match_(match) {}

    // npos if it is further away than the longest markup.
    std::size_t find(std::size_t from) {
        if (!searched_ || position_ < from)
            position_ = match_ == Match::any_of ? text_.find_first_of(mark_, from) : text_.find(mark_, from);
        searched_ = true;
        return position_ == std::string_view::npos || position_ - from > max_markup_bytes ? std::string_view::npos
                                                                                          : position_;
    }

private:
    std::string_view text_;
    std::string_view mark_;
    Match match_;
    bool searched_ = false;
    std::size_t position_ = 0;
};

class PlainProse {
public:
    explicit PlainProse(std::string_view text) : text_(text) {}

    std::string run() && {
        out_.reserve(text_.size());
        for (std::size_t at = 0; at < text_.size();) {
            const Piece piece = next(at);
            put(piece.replacement);
            at += piece.length;
        }
        if (out_.ends_with(' ')) out_.pop_back();
        return std::move(out_);
    }

private:
    void put(std::string_view piece) {
        if (piece != " ") {
            out_.append(piece);
        } else if (!out_.empty() && out_.back() != ' ') {
            out_.push_back(' ');
        }
    }

    Piece next(std::size_t at) {
        const auto c = static_cast<unsigned char>(text_[at]);
        if (c <= 0x20 || c == 0x7f) return {1, " "};
        std::optional<Piece> piece;
        if ((c == '#' || c == '-' || c == '*' || c == '_' || c == '=') && begins_line(at)) piece = line_mark(at);
        if (c == '#' && !piece) piece = heading_end(at);
        if (c == '<') piece = html(at);
        if (c == '[') piece = link_start(at);
        if (c == ']' && at == link_end_) piece = link_target(at);
        if (c == '&') piece = entity(at);
        if (c >= 0xc2) piece = wide_space(text_.substr(at));
        return piece.value_or(Piece{1, text_.substr(at, 1)});
    }

    std::optional<Piece> html(std::size_t at) {
        const auto rest = text_.substr(at);
        if (rest.starts_with("<!--")) {
            const auto end = comment_end_.find(at + 4);
            return end == std::string_view::npos ? std::nullopt : std::optional(Piece{end + 3 - at, " "});
        }
        std::size_t name_end = rest.starts_with("</") ? 2 : 1;
        std::string name;
        while (name_end < rest.size() && name.size() < 12 && (is_letter(rest[name_end]) || is_digit(rest[name_end]))) {
            name.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(rest[name_end++]))));
        }
        if (name.empty() || name_end >= rest.size() || !is_element_end(rest[name_end])) return std::nullopt;
        const bool is_inline = std::ranges::find(inline_elements, name) != inline_elements.end();
        if (!is_inline && std::ranges::find(block_elements, name) == block_elements.end()) return std::nullopt;
        const auto end = tag_end_.find(at + name_end);
        if (end == std::string_view::npos || text_[end] == '<') return std::nullopt;
        return Piece{end + 1 - at, is_inline ? "" : " "};
    }

    // The "[" of "[text](target)" or "![text](target)".
    std::optional<Piece> link_start(std::size_t at) {
        const auto close = bracket_.find(at + 1);
        if (close == std::string_view::npos || text_[close] != ']' || !link_target(close)) return std::nullopt;
        link_end_ = close;
        if (out_.ends_with('!')) out_.pop_back();
        return Piece{1, ""};
    }

    // "](https://…)" and "](#…)".
    std::optional<Piece> link_target(std::size_t at) {
        if (!text_.substr(at).starts_with("](")) return std::nullopt;
        const auto end = target_end_.find(at + 2);
        if (end == std::string_view::npos || text_[end] != ')') return std::nullopt;
        return Piece{end + 1 - at, ""};
    }

    std::optional<Piece> entity(std::size_t at) {
        const std::size_t length = Entities::length_at(text_.substr(at));
        if (length == 0) return std::nullopt;
        const std::string& decoded = entities_.decoded(text_.substr(at, length));
        if (decoded.empty()) return std::nullopt;
        if (static_cast<unsigned char>(decoded.front()) <= 0x20 || wide_space(decoded)) return Piece{length, " "};
        return Piece{length, decoded};
    }

    // The marks of a heading of Markdown, or a line that is a rule or underlines a heading.
    [[nodiscard]] std::optional<Piece> line_mark(std::size_t at) {
        const std::string_view line = text_.substr(at, text_.find('\n', at) - at);
        const auto marks = line.find_first_not_of('#');
        if (line.front() == '#') {
            const bool is_heading =
                marks != std::string_view::npos && marks <= 6 && (line[marks] == ' ' || line[marks] == '\t');
            if (!is_heading) return std::nullopt;
            heading_end_ = at + line.size();
            return Piece{marks, ""};
        }
        const char mark = line.front();
        const std::array<char, 4> of_a_rule{mark, ' ', '\t', '\r'};
        const bool is_rule = std::string_view("-*_=").find(mark) != std::string_view::npos &&
                             line.find_first_not_of({of_a_rule.data(), of_a_rule.size()}) == std::string_view::npos &&
                             std::ranges::count(line, mark) >= 3;
        return is_rule ? std::optional(Piece{line.size(), " "}) : std::nullopt;
    }

    // The marks that close a heading: "## Carts ##".
    [[nodiscard]] std::optional<Piece> heading_end(std::size_t at) const {
        if (at >= heading_end_ || (text_[at - 1] != ' ' && text_[at - 1] != '\t')) return std::nullopt;
        const std::string_view rest = text_.substr(at, heading_end_ - at);
        const auto marks = std::min(rest.find_first_not_of('#'), rest.size());
        if (rest.find_first_not_of(" \t\r", marks) != std::string_view::npos) return std::nullopt;
        return Piece{marks, " "};
    }

    // Whether the line has only spaces before this; four make it code.
    [[nodiscard]] bool begins_line(std::size_t at) const {
        std::size_t spaces = 0;
        while (at > 0 && text_[at - 1] == ' ' && ++spaces < 4) --at;
        return spaces < 4 && (at == 0 || text_[at - 1] == '\n');
    }

    [[nodiscard]] static std::optional<Piece> wide_space(std::string_view rest) {
        const auto second = rest.size() > 1 ? static_cast<unsigned char>(rest[1]) : 0U;
        if (rest.front() == '\xc2' && second >= 0x80 && second < 0xa0) return Piece{2, " "};  // C1 control characters
        const auto space =
            std::ranges::find_if(wide_spaces, [rest](std::string_view wide) { return rest.starts_with(wide); });
        return space == wide_spaces.end() ? std::nullopt : std::optional(Piece{space->size(), " "});
    }

    std::string_view text_;
    std::string out_;
    Entities entities_;
    std::size_t heading_end_ = 0;                    // of the line of the last heading
    std::size_t link_end_ = std::string_view::npos;  // the "]" of the link that is being read
    NextMark comment_end_{text_, "-->", NextMark::Match::whole};
    NextMark tag_end_{text_, "<>", NextMark::Match::any_of};
    NextMark bracket_{text_, "[]", NextMark::Match::any_of};
    NextMark target_end_{text_, ")\n", NextMark::Match::any_of};
};

}  // namespace

std::string plain_prose(std::string_view text) {
    return PlainProse(text).run();
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
        // "e.g. this" and "No. 5" continue; a sentence begins with anything but a lower-case letter or a digit.
        const char next = at + 2 < prose.size() ? prose[at + 2] : 'A';
        const bool initial = at < 2 || prose[at - 2] == '.' || prose[at - 2] == ' ';
        if (!initial && !(next >= 'a' && next <= 'z') && !is_digit(next)) return at + 1;
    }
    return word_floor(prose, bound);
}

}  // namespace embedq::catalog
