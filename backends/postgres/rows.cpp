// What the texts of libpqxx's rows mean.
#include <algorithm>
#include <charconv>
#include <utility>

#include "connection.h"

namespace embedq::postgres {
namespace {

[[nodiscard]] unsigned nibble(char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
}

void decode_hex(std::string_view hex, std::span<std::byte> out) {
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::byte>((nibble(hex[2 * i]) << 4U) | nibble(hex[2 * i + 1]));
}

// The older form: printable bytes as they are, '\\' twice, others as '\\' and three octal digits.
[[nodiscard]] std::vector<std::byte> decode_escaped(std::string_view text) {
    std::vector<std::byte> out;
    const auto digit = [&](std::size_t at) { return static_cast<unsigned>(text.at(at) - '0'); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out.push_back(static_cast<std::byte>(text[i]));
        } else if (i + 1 < text.size() && text[i + 1] == '\\') {
            out.push_back(static_cast<std::byte>('\\'));
            ++i;
        } else {
            out.push_back(static_cast<std::byte>(digit(i + 1) * 64 + digit(i + 2) * 8 + digit(i + 3)));
            i += 3;
        }
    }
    return out;
}

[[nodiscard]] bool is_hex(std::string_view text) {
    return text.starts_with("\\x");
}

}  // namespace

std::int64_t Rows::integer(std::size_t row, int column) const {
    const std::string_view text = view(row, column);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
    throw failure(ErrorKind::internal,
                  "PostgreSQL answered '" + std::string(text) + "' where a whole number was expected");
}
std::size_t Rows::count(std::size_t row, int column) const {
    const std::int64_t value = integer(row, column);
    if (value >= 0) return static_cast<std::size_t>(value);
    throw failure(ErrorKind::internal,
                  "PostgreSQL answered " + std::to_string(value) + " where a number of things was expected");
}
double Rows::number(std::size_t row, int column) const {
    const std::string_view text = view(row, column);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}
std::vector<std::byte> Rows::bytes(std::size_t row, int column) const {
    const std::string_view text = view(row, column);
    if (!is_hex(text)) return decode_escaped(text);
    std::vector<std::byte> out((text.size() - 2) / 2);
    decode_hex(text.substr(2), out);
    return out;
}
std::size_t Rows::byte_count(std::size_t row, int column) const {
    const std::string_view text = view(row, column);
    return is_hex(text) ? (text.size() - 2) / 2 : decode_escaped(text).size();
}
bool Rows::decode(std::size_t row, int column, std::span<std::byte> out) const {
    const std::string_view text = view(row, column);
    if (!is_hex(text)) {
        const std::vector<std::byte> bytes = decode_escaped(text);
        if (bytes.size() == out.size()) std::ranges::copy(bytes, out.begin());
        return bytes.size() == out.size();
    }
    if (text.size() != 2 + 2 * out.size()) return false;
    decode_hex(text.substr(2), out);
    return true;
}
Sha256 Rows::hash(std::size_t row, int column) const {
    Sha256 hash{};
    if (decode(row, column, hash)) return hash;
    throw failure(ErrorKind::internal, "a hash in the database is not 32 bytes long");
}
std::optional<std::int64_t> Rows::maybe(std::size_t row, int column) const {
    if (null(row, column)) return std::nullopt;
    return integer(row, column);
}
std::optional<Time> Rows::maybe_time(std::size_t row, int column) const {
    if (null(row, column)) return std::nullopt;
    return time(row, column);
}
// By hand, since libpqxx 6 takes an apostrophe for the beginning of a quotation.
std::vector<std::string> Rows::texts(std::size_t row, int column) const {
    const std::string_view array = view(row, column);
    std::vector<std::string> out;
    if (array.size() <= 2) return out;
    std::string text;
    bool quoted = false;
    for (std::size_t i = 1; i + 1 < array.size(); ++i) {
        const char c = array[i];
        if (c == '"') {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            out.push_back(std::exchange(text, {}));
        } else {
            if (c == '\\') ++i;
            text += array[i];
        }
    }
    out.push_back(std::move(text));
    return out;
}

}  // namespace embedq::postgres
