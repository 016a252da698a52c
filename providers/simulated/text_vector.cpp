#include "simulated/text_vector.h"

#include <cmath>

namespace embedq::simulated {
namespace {

// FNV-1a, so that prefix and text can be hashed one after the other.
std::uint64_t hash(std::string_view text, std::uint64_t state) {
    for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    return state;
}

}  // namespace

void fill_text_vector(std::string_view prefix, std::string_view text, std::span<float> row) {
    const std::uint64_t seed = mix(hash(text, hash(prefix, 0xCBF29CE484222325ULL)) ^ mix(row.size()));
    double squares = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
        // Never 0, so that a vector of one number also has a length.
        const double value = 2 * unit_interval(mix(seed + i)) - 1 + 0x1.0p-54;
        row[i] = static_cast<float>(value);
        squares += value * value;
    }
    const double length = std::sqrt(squares);
    for (float& value : row) value = static_cast<float>(value / length);
}

}  // namespace embedq::simulated
