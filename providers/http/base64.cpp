#include "http/base64.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace embedq::http {
namespace {

static_assert(std::endian::native == std::endian::little, "the bytes of a float are copied without swapping");

constexpr std::uint32_t invalid = 0x8000'0000U;  // a bit that no valid group sets
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// What the character at each of the four positions of a group adds to its three bytes, lowest first.
using Tables = std::array<std::array<std::uint32_t, 256>, 4>;

consteval Tables make_tables() {
    Tables tables{};
    for (auto& table : tables) table.fill(invalid);
    for (std::uint32_t value = 0; value < alphabet.size(); ++value) {
        const auto character = static_cast<unsigned char>(alphabet[value]);
        tables[0][character] = value << 2U;
        tables[1][character] = (value >> 4U) | ((value & 0xFU) << 12U);
        tables[2][character] = ((value >> 2U) << 8U) | ((value & 0x3U) << 22U);
        tables[3][character] = value << 16U;
    }
    return tables;
}

constexpr Tables tables = make_tables();

std::uint32_t group(const unsigned char* at) {
    return tables[0][at[0]] | tables[1][at[1]] | tables[2][at[2]] | tables[3][at[3]];
}

std::size_t padding_of(std::string_view text) {
    return text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
}

}  // namespace

std::optional<std::size_t> floats_in_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t bytes = text.size() / 4 * 3 - padding_of(text);
    if (bytes % sizeof(float) != 0) return std::nullopt;
    return bytes / sizeof(float);
}

bool decode_base64(std::string_view text, std::span<float> out) {
    if (floats_in_base64(text) != out.size()) return false;
    if (text.empty()) return true;
    const auto* in = reinterpret_cast<const unsigned char*>(text.data());
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    std::uint32_t seen = 0;
    // Each step writes four bytes for three, so the last group, behind which nothing may be written, comes after.
    for (std::size_t left = text.size() / 4 - 1; left > 0; --left, in += 4, to += 3) {
        const std::uint32_t bytes = group(in);
        seen |= bytes;
        std::memcpy(to, &bytes, sizeof bytes);
    }
    const std::size_t padding = padding_of(text);
    std::array<unsigned char, 4> last{in[0], in[1], in[2], in[3]};
    for (std::size_t i = 4 - padding; i < 4; ++i) last[i] = 'A';
    const std::uint32_t bytes = group(last.data());
    std::memcpy(to, &bytes, 3 - padding);
    return ((seen | bytes) & invalid) == 0;
}

}  // namespace embedq::http
