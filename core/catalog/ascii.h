// ASCII character classes, independent of the locale.
//
// Internal to core/catalog. Thread-safety: pure functions.
#pragma once

namespace embedq::catalog {

[[nodiscard]] constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace embedq::catalog
