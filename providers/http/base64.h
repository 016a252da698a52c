// Vectors as base64: the float32 array, little-endian, in the standard alphabet with padding (RFC 4648, section 4).
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace embedq::http {

// How many floats `text` holds by its length and padding; nothing where that is no whole number of them.
[[nodiscard]] std::optional<std::size_t> floats_in_base64(std::string_view text);

// Writes them to `out`, which has room for just as many. False where `text` has another character than the alphabet's
// or padding elsewhere than at its end; `out` is then worth nothing.
//
// A table of our own: OpenSSL's EVP_DecodeBlock takes 1.6 times as long (6.7 ms against 4.2 ms for 2,048 vectors of
// 1,536), passes over what is not base64 at the end of a text, and reads "=" in its middle as "A"; simdjson 3.0.1 has
// no decoder.
[[nodiscard]] bool decode_base64(std::string_view text, std::span<float> out);

}  // namespace embedq::http
