// Checks on the bytes before any reader sees them, and positions in them.
//
// Internal to core/catalog. Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/document.h"

namespace embedq::catalog {

// The text without its byte order mark, or the reason why it is not UTF-8 text of an allowed size.
[[nodiscard]] Result<std::string_view> checked_text(std::string_view content, const Limits& limits);

// Offset of the first byte that is not part of valid UTF-8.
[[nodiscard]] std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// The largest length of at most `bound` bytes that does not cut a UTF-8 character.
[[nodiscard]] std::size_t utf8_floor(std::string_view text, std::size_t bound);

// "line 3, column 7 (byte 120)"; columns count bytes.
[[nodiscard]] std::string position_text(std::string_view text, std::size_t offset);

// The first bytes of the text at `offset`, on one line, for an error message.
[[nodiscard]] std::string excerpt(std::string_view text, std::size_t offset);

// The text, or its beginning and "…" if it is longer than `bound`.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t bound);

// A name from the document as a message or a note quotes it: at most 200 bytes of it.
[[nodiscard]] std::string shown(std::string_view name);

}  // namespace embedq::catalog
