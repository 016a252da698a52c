#include "catalog/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "catalog/hidden.h"

namespace embedq::catalog {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t excerpt_bytes = 30;
constexpr std::size_t shown_bytes = 200;

unsigned char byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

// Length of the character that starts at `at`, 0 if it is not valid UTF-8 (overlong forms and surrogates are not).
std::size_t character_length(std::string_view text, std::size_t at) {
    const unsigned char lead = byte_at(text, at);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                               : (lead & 0xf0U) == 0xe0U      ? 3
                               : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                              : 0;
    if (length == 0 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte_at(text, at + i) & 0xc0U) != 0x80U) return 0;
    }
    const unsigned char second = byte_at(text, at + 1);
    const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    const bool beyond = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
    return overlong || beyond ? 0 : length;
}

// The format of content that is not UTF-8 text, if its first bytes show it.
std::string_view other_format(std::string_view content) {
    if (content.starts_with("\xff\xfe\0\0"sv) || content.starts_with("\0\0\xfe\xff"sv)) return "UTF-32 text";
    if (content.size() >= 4 && (content.substr(1, 3) == "\0\0\0"sv || content.substr(0, 3) == "\0\0\0"sv))
        return "UTF-32 text without a byte order mark";
    if (content.starts_with("\xff\xfe"sv) || content.starts_with("\xfe\xff"sv)) return "UTF-16 text";
    if (content.starts_with("\x1f\x8b"sv)) return "gzip-compressed data";
    if (content.starts_with("PK\x03\x04"sv)) return "a ZIP archive";
    if (content.starts_with("%PDF-"sv)) return "a PDF file";
    if (content.size() >= 2 && (content[0] == '\0') != (content[1] == '\0'))
        return "UTF-16 text without a byte order mark";
    return {};
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080U;
    std::size_t at = 0;
    while (at < text.size()) {
        if (at + sizeof(std::uint64_t) <= text.size()) {
            std::uint64_t block = 0;
            std::memcpy(&block, text.data() + at, sizeof block);
            if ((block & high_bits) == 0) {
                at += sizeof block;
                continue;
            }
        }
        const std::size_t length = character_length(text, at);
        if (length == 0) return at;
        at += length;
    }
    return std::nullopt;
}

std::size_t utf8_floor(std::string_view text, std::size_t bound) {
    if (bound >= text.size()) return text.size();
    while (bound > 0 && (byte_at(text, bound) & 0xc0U) == 0x80U) --bound;
    return bound;
}

std::string position_text(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, std::min(offset, text.size()));
    const auto line = 1 + std::ranges::count(before, '\n');
    const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    return fmt::format("line {}, column {} (byte {})", line, before.size() - line_start + 1, before.size());
}

std::string excerpt(std::string_view text, std::size_t offset) {
    auto rest = text.substr(std::min(offset, text.size()));
    rest = rest.substr(0, utf8_floor(rest, excerpt_bytes));
    std::string shown(rest);
    for (char& c : shown) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return made_visible(shown);
}

std::string shortened(std::string_view text, std::size_t bound) {
    if (text.size() <= bound) return std::string(text);
    return fmt::format("{}…", text.substr(0, utf8_floor(text, bound)));
}

std::string shown(std::string_view name) {
    return made_visible(shortened(name, shown_bytes));
}

Result<std::string_view> checked_text(std::string_view content, const Limits& limits) {
    const auto refuse = [](std::string message, std::string hint = {}) {
        return fail(ErrorKind::invalid_argument, std::move(message), std::move(hint));
    };
    if (content.size() > limits.max_document_bytes) {
        return refuse(fmt::format("the document has {} bytes, but at most {} are read", content.size(),
                                  limits.max_document_bytes));
    }
    if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
    if (content.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return refuse("the document is empty: expected an OpenAPI document in JSON or YAML");
    }
    if (const auto format = other_format(content); !format.empty()) {
        return refuse(fmt::format("the document is {}: expected UTF-8 text", format), "convert it to UTF-8");
    }
    if (const auto nul = content.find('\0'); nul != std::string_view::npos) {
        return refuse(
            fmt::format("the document has a NUL byte at {}: expected UTF-8 text", position_text(content, nul)));
    }
    if (const auto bad = find_invalid_utf8(content)) {
        return refuse(fmt::format("the document is not UTF-8: byte 0x{:02x} at {}", byte_at(content, *bad),
                                  position_text(content, *bad)),
                      "if it is Latin-1 or another encoding, convert it to UTF-8");
    }
    return content;
}

}  // namespace embedq::catalog
