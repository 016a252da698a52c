#include "catalog/hidden.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "catalog/encoding.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_key_characters = 1024;  // of a key that YAML finds by the colon after it
constexpr std::size_t max_searched = 65'536;      // bytes of a line that are looked at

constexpr std::string_view line_controls = "\t\r\n";  // no fault in a text, but in a name
constexpr std::string_view lines_hint = "end lines with a line feed, or with a carriage return and a line feed";
constexpr std::array<std::uint32_t, 5> line_ends{0x0b, 0x0c, 0x85, 0x2028, 0x2029};

struct Range {
    std::uint32_t first;
    std::uint32_t last;
    std::string_view name;
};

constexpr std::array ranges{
    Range{0x00, 0x08, "control character"},
    Range{0x0b, 0x0b, "vertical tab"},
    Range{0x0c, 0x0c, "form feed"},
    Range{0x0e, 0x1f, "control character"},
    Range{0x7f, 0x84, "control character"},
    Range{0x85, 0x85, "next line"},
    Range{0x86, 0x9f, "control character"},
    Range{0xa0, 0xa0, "no-break space"},
    Range{0xad, 0xad, "soft hyphen"},
    Range{0x34f, 0x34f, "combining grapheme joiner"},
    Range{0x61c, 0x61c, "Arabic letter mark"},
    Range{0x115f, 0x1160, "Hangul filler"},
    Range{0x1680, 0x1680, "Ogham space mark"},
    Range{0x17b4, 0x17b5, "invisible vowel"},
    Range{0x180b, 0x180f, "Mongolian separator"},
    Range{0x2000, 0x200a, "space of another width"},
    Range{0x200b, 0x200b, "zero-width space"},
    Range{0x200c, 0x200c, "zero-width non-joiner"},
    Range{0x200d, 0x200d, "zero-width joiner"},
    Range{0x200e, 0x200f, "direction mark"},
    Range{0x2028, 0x2028, "line separator"},
    Range{0x2029, 0x2029, "paragraph separator"},
    Range{0x202a, 0x202e, "direction mark"},
    Range{0x202f, 0x202f, "narrow no-break space"},
    Range{0x205f, 0x205f, "mathematical space"},
    Range{0x2060, 0x2060, "word joiner"},
    Range{0x2061, 0x2064, "invisible operator"},
    Range{0x2065, 0x2065, "invisible character"},
    Range{0x2066, 0x206f, "direction mark"},
    Range{0x2800, 0x2800, "empty Braille pattern"},
    Range{0x3000, 0x3000, "ideographic space"},
    Range{0x3164, 0x3164, "Hangul filler"},
    Range{0xfe00, 0xfe0f, "variation selector"},
    Range{0xfeff, 0xfeff, "byte order mark"},
    Range{0xffa0, 0xffa0, "Hangul filler"},
    Range{0xfff0, 0xfff8, "invisible character"},
    Range{0xfff9, 0xfffb, "annotation mark"},
    Range{0x13430, 0x1343f, "hieroglyph joiner"},
    Range{0x1bca0, 0x1bca3, "shorthand control"},
    Range{0x1d173, 0x1d17a, "musical control"},
    Range{0xe0000, 0xe0fff, "tag character"},
};

struct Character {
    std::uint32_t code = 0;
    std::size_t length = 1;
};

// Of valid UTF-8; of a text that was cut, what is left.
Character character_at(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 1 || at + length > text.size()) return {lead, 1};
    std::uint32_t code = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) code = code << 6U | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
    return {code, length};
}

// Null for a character that can be seen.
const Range* hidden_range(std::uint32_t code) {
    const auto range = std::ranges::lower_bound(ranges, code, {}, &Range::last);
    return range != ranges.end() && range->first <= code ? &*range : nullptr;
}

Hidden named(std::size_t at, std::uint32_t code, std::string_view name) {
    return {at, fmt::format("there is U+{:04X} ({})", code, name), "remove it: it cannot be seen in most editors"};
}

std::optional<Hidden> carriage_return(std::string_view line, std::size_t begin) {
    const auto at = line.find('\r');
    if (at == std::string_view::npos || at + 1 == line.size()) return std::nullopt;
    return Hidden{begin + at, "there is U+000D (carriage return) without a line feed", std::string(lines_hint)};
}

std::optional<Hidden> tab_in_indentation(std::string_view line, std::size_t begin) {
    const auto tab = line.find_first_not_of(' ');
    if (tab == std::string_view::npos || line[tab] != '\t') return std::nullopt;
    return Hidden{begin + tab, "there is U+0009 (tab) in the indentation",
                  "indent with spaces: YAML does not take tabs"};
}

// What ends a line elsewhere, before a key that YAML then does not find.
std::optional<Hidden> other_line_end(std::string_view line, std::size_t begin) {
    line = line.substr(0, max_searched);
    for (std::size_t at = 0; at < line.size();) {
        const auto [code, length] = character_at(line, at);
        if (std::ranges::find(line_ends, code) != line_ends.end()) {
            const auto rest = line.substr(at + length);
            if (!rest.ends_with(':') && rest.find(": ") == std::string_view::npos) return std::nullopt;
            return Hidden{begin + at, fmt::format("there is U+{:04X} ({})", code, hidden_range(code)->name),
                          std::string(lines_hint)};
        }
        at += length;
    }
    return std::nullopt;
}

// In the indentation, the key and after its colon. What is in a value is nobody's mistake.
std::optional<Hidden> hidden_character(std::string_view line, std::size_t begin) {
    const auto colon = line.find(": ");
    const auto end = std::min({colon == std::string_view::npos ? line.size() : colon + 5, line.size(), max_searched});
    for (std::size_t at = 0; at < end;) {
        const Character character = character_at(line, at);
        if (const Range* const range = hidden_range(character.code))
            return named(begin + at, character.code, range->name);
        at += character.length;
    }
    return std::nullopt;
}

Hidden long_key_of(std::size_t bytes, std::size_t at) {
    return {at,
            fmt::format("there is a key of {} bytes, and YAML reads a key of at most {} characters", bytes,
                        max_key_characters),
            "write it after \"? \" and its value on the next line after \": \", or write the document as JSON"};
}

std::optional<Hidden> long_key(std::string_view line, std::size_t begin) {
    const auto first = line.find_first_not_of(" \t-");
    const auto colon = line.find(": ", std::min(first, line.size()));
    const auto end = colon != std::string_view::npos ? colon : line.ends_with(':') ? line.size() - 1 : line.npos;
    if (first == std::string_view::npos || end == std::string_view::npos || end - first <= max_key_characters ||
        std::string_view("?#{[").find(line[first]) != std::string_view::npos)
        return std::nullopt;
    return long_key_of(end - first, begin + first);
}

// In brackets, where a key follows one of them or a comma.
std::optional<Hidden> long_key_in_brackets(std::string_view line, std::size_t begin) {
    line = line.substr(0, max_searched);
    auto first = std::string_view::npos;
    for (auto at = line.find('{'); at < line.size(); ++at) {
        if (line[at] == '{' || line[at] == ',') first = std::min(line.find_first_not_of(' ', at + 1), line.size());
        if (first >= at || line[at] != ':' || !line.substr(at).starts_with(": ")) continue;
        if (at - first > max_key_characters) return long_key_of(at - first, begin + first);
        first = std::string_view::npos;
    }
    return std::nullopt;
}

std::optional<Hidden> find_in_line(std::string_view line, std::size_t begin) {
    for (const auto find :
         {carriage_return, tab_in_indentation, other_line_end, hidden_character, long_key, long_key_in_brackets}) {
        if (auto hidden = find(line, begin)) return hidden;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Hidden> find_hidden_near(std::string_view text, std::size_t at) {
    at = std::min(at, text.size());
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::optional<Hidden> found;
    for (int line = 0; line < 2; ++line) {
        const auto before = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
        const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
        if (auto hidden = find_in_line(text.substr(begin, end - begin), begin)) found = std::move(hidden);
        if (begin == 0 || found) break;
        end = begin - 1;
    }
    return found;
}

std::optional<Hidden> find_hidden_at_start(std::string_view text) {
    const auto at = text.find_first_not_of(" \t\r\n");
    if (at == std::string_view::npos) return std::nullopt;
    const Character character = character_at(text, at);
    const Range* const range = hidden_range(character.code);
    if (range == nullptr) return std::nullopt;
    return named(at, character.code, range->name);
}

std::optional<Hidden> find_hidden_in(std::string_view text, std::string_view word) {
    const auto begin = text.find(word);
    if (begin == std::string_view::npos) return std::nullopt;
    for (std::size_t at = 0; at < word.size();) {
        const auto [code, length] = character_at(word, at);
        if (const Range* const range = hidden_range(code)) return named(begin + at, code, range->name);
        at += length;
    }
    return std::nullopt;
}

bool has_hidden(std::string_view name) {
    return name.find_first_of(line_controls) != std::string_view::npos || find_hidden_in(name, name).has_value();
}

Error explained(Error error, std::string_view text, const std::optional<Hidden>& cause) {
    if (!cause) return error;
    error.message = fmt::format("{}; {} at {}", error.message, cause->what, position_text(text, cause->at));
    error.hint = cause->hint;
    return error;
}

std::string without_hidden(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        if (hidden_range(character.code) == nullptr) out.append(text.substr(at, character.length));
        at += character.length;
    }
    return out;
}

std::string made_visible(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        const bool is_whole = character.length > 1 || character.code < 0x80;
        const bool is_shown = is_whole && hidden_range(character.code) != nullptr;
        if (is_shown || line_controls.find(text[at]) != std::string_view::npos) {
            out += fmt::format("<U+{:04X}>", character.code);
        } else {
            out.append(text.substr(at, character.length));
        }
        at += character.length;
    }
    return out;
}

}  // namespace embedq::catalog
