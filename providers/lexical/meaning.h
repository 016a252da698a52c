// What stems mean, as far as descriptions of APIs and a dictionary tell: a short vector for each common one, compiled
// in.
//
// Thread-safety: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace embedq::lexical {

inline constexpr std::size_t meaning_places = 96;

// One stem's vector, as the table has it: a scale and one printable character per place.
class Meaning {
public:
    constexpr Meaning() = default;
    constexpr Meaning(unsigned scale, std::string_view digits) : scale_(scale), digits_(digits) {}
    [[nodiscard]] explicit operator bool() const noexcept { return !digits_.empty(); }
    [[nodiscard]] float operator[](std::size_t place) const {
        const char digit = digits_[place];
        const int value = (digit == ' ' ? '\\' : digit == '!' ? '?' : digit) - 'P';  // a literal takes neither as it is
        return static_cast<float>(value * static_cast<int>(scale_)) / 45000.0F;
    }

private:
    unsigned scale_ = 0;
    std::string_view digits_;
};

// False for a stem that the table does not have.
[[nodiscard]] Meaning meaning_of(std::string_view stem);

}  // namespace embedq::lexical
