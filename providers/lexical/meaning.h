// Word vectors, learned from API descriptions and a dictionary: a short vector for each common stem, compiled in.
//
// Thread-safety: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace embedq::lexical {

inline constexpr std::size_t meaning_places = 96;

// One stem's vector in the form of the table: a scale and one printable character per component.
class Meaning {
public:
    constexpr Meaning() = default;
    constexpr Meaning(unsigned scale, std::string_view digits) : scale_(scale), digits_(digits) {}
    [[nodiscard]] explicit operator bool() const noexcept { return !digits_.empty(); }
    [[nodiscard]] float operator[](std::size_t place) const {
        const char digit = digits_[place];
        const int value = (digit == ' ' ? '\\' : digit == '!' ? '?' : digit) - 'P';  // '\\' and '?' would need escapes
        return static_cast<float>(value * static_cast<int>(scale_)) / 45000.0F;
    }

private:
    unsigned scale_ = 0;
    std::string_view digits_;
};

// False for a stem that is not in the table.
[[nodiscard]] Meaning meaning_of(std::string_view stem);

}  // namespace embedq::lexical
