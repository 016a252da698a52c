#include "vectors.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <span>

namespace protocol_server {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// splitmix64
constexpr std::uint64_t mix(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31U);
}

// Eight bytes at a time: long texts are hashed for every request.
std::uint64_t hash(std::string_view text, std::uint64_t state) {
    state = mix(state ^ text.size());
    while (text.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), 8);
        state = (state ^ word) * 0x9FB21C651E98DF25ULL;
        state ^= state >> 32U;
        text.remove_prefix(8);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, text.data(), text.size());
    return mix(state ^ rest);
}

void encode(std::span<const unsigned char> bytes, std::string& to) {
    const std::size_t begin = to.size();
    to.resize(begin + (bytes.size() + 2) / 3 * 4);
    char* out = to.data() + begin;
    std::size_t i = 0;
    for (; i + 2 < bytes.size(); i += 3) {
        const std::uint32_t word =
            static_cast<std::uint32_t>(bytes[i]) << 16U | static_cast<std::uint32_t>(bytes[i + 1]) << 8U | bytes[i + 2];
        *out++ = alphabet[word >> 18U];
        *out++ = alphabet[word >> 12U & 63U];
        *out++ = alphabet[word >> 6U & 63U];
        *out++ = alphabet[word & 63U];
    }
    const std::size_t left = bytes.size() - i;
    if (left == 0) return;
    const std::uint32_t word =
        static_cast<std::uint32_t>(bytes[i]) << 16U | (left == 2 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8U : 0U);
    *out++ = alphabet[word >> 18U];
    *out++ = alphabet[word >> 12U & 63U];
    *out++ = left == 2 ? alphabet[word >> 6U & 63U] : '=';
    *out++ = '=';
}

std::span<const unsigned char> bytes_of(std::span<const float> row) {
    return {reinterpret_cast<const unsigned char*>(row.data()), row.size_bytes()};
}

}  // namespace

VectorTable::VectorTable(std::string_view digest, std::size_t dimension, float scale)
    : values_(dimension), seed_(hash(digest, dimension)) {
    double squares = 0;
    std::vector<double> numbers(dimension);
    for (std::size_t i = 0; i < dimension; ++i) {
        // In [0.5, 1.5): no number is near zero, so that each one's sign matters.
        numbers[i] = 0.5 + static_cast<double>(mix(seed_ + i) >> 11U) * 0x1.0p-53;
        squares += numbers[i] * numbers[i];
    }
    positive_.resize(dimension);
    negative_.resize(dimension);
    for (std::size_t i = 0; i < dimension; ++i) {
        values_[i] = static_cast<float>(numbers[i] / std::sqrt(squares)) * scale;
        for (auto* digits : {&positive_[i], &negative_[i]}) {
            const float value = digits == &positive_[i] ? values_[i] : -values_[i];
            char* const begin = digits->characters.data();
            char* end = std::to_chars(begin, begin + digits->characters.size() - 1, value).ptr;
            *end++ = ',';
            digits->size = static_cast<std::uint8_t>(end - begin);
        }
    }
}

template <class Take>
void VectorTable::walk(std::string_view text, Take take) const {
    const std::uint64_t state = hash(text, seed_);
    const std::size_t dimension = values_.size();
    std::size_t at = state % dimension;
    std::uint64_t signs = 0;
    for (std::size_t i = 0; i < dimension; ++i, signs >>= 1U) {
        if (i % 64 == 0) signs = mix(state + i);
        take(at, (signs & 1U) != 0);
        if (++at == dimension) at = 0;
    }
}

std::vector<float> VectorTable::row(std::string_view text) const {
    std::vector<float> row;
    row.reserve(values_.size());
    walk(text, [&](std::size_t at, bool negative) { row.push_back(negative ? -values_[at] : values_[at]); });
    return row;
}

void VectorTable::append_json(std::string_view text, std::string& to) const {
    const std::size_t begin = to.size();
    to.resize(begin + values_.size() * sizeof(Digits) + 2);
    char* out = to.data() + begin;
    *out++ = '[';
    walk(text, [&](std::size_t at, bool negative) {
        const Digits& digits = negative ? negative_[at] : positive_[at];
        std::memcpy(out, digits.characters.data(), digits.characters.size());  // of a fixed size: no call
        out += digits.size;
    });
    out[-1] = ']';
    to.resize(static_cast<std::size_t>(out - to.data()));
}

void VectorTable::append_base64(std::string_view text, std::string& to) const {
    protocol_server::append_base64(row(text), to);
}

std::vector<float> shortened(std::vector<float> row, std::size_t dimension) {
    row.resize(dimension);
    double squares = 0;
    for (const float value : row) squares += static_cast<double>(value) * value;
    for (float& value : row) value = static_cast<float>(value / std::sqrt(squares));
    return row;
}

void append_json(const std::vector<float>& row, std::string& to) {
    to += '[';
    std::array<char, 32> digits{};
    for (const float value : row) {
        to.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
        to += ',';
    }
    if (row.empty()) {
        to += ']';
    } else {
        to.back() = ']';
    }
}

void append_base64(const std::vector<float>& row, std::string& to) {
    encode(bytes_of(row), to);
}

}  // namespace protocol_server
