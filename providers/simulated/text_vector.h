// Vectors made from a hash of the text: the same text always has the same one, different texts are nearly orthogonal.
//
// They carry no meaning: only the same text has a vector close to it.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace embedq::simulated {

// The next number of a pseudo-random sequence (splitmix64); the same on every machine.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t value) noexcept {
    value += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31U);
}

// In [0, 1).
[[nodiscard]] constexpr double unit_interval(std::uint64_t bits) noexcept {
    return static_cast<double>(bits >> 11U) * 0x1.0p-53;
}

// Fills `row` with the text's vector, normalised to length 1. The vector depends on the row's size and on the
// concatenation of prefix and text.
void fill_text_vector(std::string_view prefix, std::string_view text, std::span<float> row);

}  // namespace embedq::simulated
