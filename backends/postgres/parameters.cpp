#include "parameters.h"

#include <array>
#include <charconv>

#include "failure.h"

namespace embedq::postgres {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

void check_text(std::string_view text) {
    if (text.find('\0') == std::string_view::npos) return;
    throw failure(ErrorKind::invalid_argument, "a text has a NUL byte, which PostgreSQL cannot store: '" +
                                                   std::string(text.substr(0, text.find('\0'))) + "…'");
}

[[nodiscard]] std::string uuid_of(const LeaseToken& token) {
    std::string text;
    text.reserve(2 * token.size());
    for (const std::byte byte : token) {
        text += digits[std::to_integer<unsigned>(byte) >> 4U];
        text += digits[std::to_integer<unsigned>(byte) & 0xFU];
    }
    return text;
}

[[nodiscard]] std::string number(double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

}  // namespace

void append_hex(std::string& out, std::span<const std::byte> bytes) {
    out.reserve(out.size() + 2 * bytes.size());
    for (const std::byte byte : bytes) {
        const auto value = std::to_integer<unsigned>(byte);
        out += digits[value >> 4U];
        out += digits[value & 0xFU];
    }
}

void Array::separate() {
    if (literal_.size() > 1) literal_ += ',';
}

Array& Array::add(std::int64_t value) {
    separate();
    literal_ += std::to_string(value);
    return *this;
}

Array& Array::add(std::string_view text) {
    check_text(text);
    separate();
    literal_ += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') literal_ += '\\';
        literal_ += c;
    }
    literal_ += '"';
    return *this;
}

Array& Array::add(const Sha256& hash) {
    separate();
    literal_ += "\"\\\\x";
    append_hex(literal_, hash);
    literal_ += '"';
    return *this;
}

Array& Array::add_uuid(const LeaseToken& token) {
    separate();
    literal_ += uuid_of(token);
    return *this;
}

std::string Array::take() {
    literal_ += '}';
    return std::move(literal_);
}

Parameters& Parameters::add(std::string_view text) {
    check_text(text);
    values_.emplace_back(text);
    return *this;
}
Parameters& Parameters::add(std::int64_t value) {
    values_.emplace_back(std::to_string(value));
    return *this;
}
Parameters& Parameters::add(bool value) {
    values_.emplace_back(value ? "t" : "f");
    return *this;
}
Parameters& Parameters::add(double value) {
    values_.emplace_back(number(value));
    return *this;
}
Parameters& Parameters::add(const Sha256& hash) {
    return add(std::span<const std::byte>(hash));
}
Parameters& Parameters::add(std::span<const std::byte> bytes) {
    std::string literal = "\\x";
    append_hex(literal, bytes);
    values_.emplace_back(std::move(literal));
    return *this;
}
Parameters& Parameters::add_uuid(const LeaseToken& token) {
    values_.emplace_back(uuid_of(token));
    return *this;
}
Parameters& Parameters::add(Array&& array) {
    values_.emplace_back(array.take());
    return *this;
}
Parameters& Parameters::add(std::span<const std::string> texts) {
    Array array;
    for (const std::string& text : texts) array.add(std::string_view(text));
    return add(std::move(array));
}
Parameters& Parameters::add(std::span<const Sha256> hashes) {
    Array array;
    for (const Sha256& hash : hashes) array.add(hash);
    return add(std::move(array));
}
Parameters& Parameters::append(Parameters&& others) {
    for (auto& value : others.values_) values_.push_back(std::move(value));
    return *this;
}
Parameters& Parameters::add_null() {
    values_.emplace_back(std::nullopt);
    return *this;
}
Parameters& Parameters::add_literal(std::string literal) {
    values_.emplace_back(std::move(literal));
    return *this;
}

}  // namespace embedq::postgres
