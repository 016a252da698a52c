// Vectors that cost almost nothing: a text's row is one fixed vector of the model, rotated and signed by a hash of the
// text.
//
// Rows have length 1, are finite, and depend only on the model's digest, its dimension and the text; rows of different
// texts are nearly orthogonal. Since only signs and a rotation differ, the numbers' digits are made once per model.
//
// Thread-safety: immutable after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace protocol_server {

class VectorTable {
public:
    // `scale`: the length of every row.
    VectorTable(std::string_view digest, std::size_t dimension, float scale = 1);

    [[nodiscard]] std::size_t dimension() const noexcept { return values_.size(); }
    [[nodiscard]] std::vector<float> row(std::string_view text) const;
    // Appends "[0.1,-0.2,…]".
    void append_json(std::string_view text, std::string& to) const;
    // Appends the row as little-endian float32 in base64, without quotes.
    void append_base64(std::string_view text, std::string& to) const;

private:
    struct Digits {
        std::array<char, 23> characters;  // "0.0123,", with a sign when it is negative
        std::uint8_t size;
    };
    template <class Take>
    void walk(std::string_view text, Take take) const;

    std::vector<float> values_;
    std::vector<Digits> positive_;
    std::vector<Digits> negative_;
    std::uint64_t seed_;
};

// The row's first `dimension` numbers, normalised to length 1 again.
[[nodiscard]] std::vector<float> shortened(std::vector<float> row, std::size_t dimension);
void append_json(const std::vector<float>& row, std::string& to);
void append_base64(const std::vector<float>& row, std::string& to);

}  // namespace protocol_server
