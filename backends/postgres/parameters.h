// The parameters of one call, in PostgreSQL's text format.
//
// Thread-safety: plain values. A text with a NUL byte, which PostgreSQL cannot store, throws Failure
// (invalid_argument).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/values.h"

namespace embedq::postgres {

// An array literal that grows by one element at a time.
class Array {
public:
    Array& add(std::int64_t value);
    Array& add(std::string_view text);
    Array& add(const Sha256& hash);
    Array& add_uuid(const LeaseToken& token);
    [[nodiscard]] std::string take();

private:
    void separate();
    std::string literal_ = "{";
};

class Parameters {
public:
    Parameters& add(std::string_view text);
    Parameters& add(std::int64_t value);
    Parameters& add(bool value);
    Parameters& add(double value);
    Parameters& add(const Sha256& hash);
    Parameters& add(std::span<const std::byte> bytes);
    Parameters& add_uuid(const LeaseToken& token);
    Parameters& add(Array&& array);
    Parameters& add(std::span<const std::string> texts);
    Parameters& add(std::span<const Sha256> hashes);
    Parameters& add_null();
    Parameters& append(Parameters&& others);
    // For a value that is a literal already.
    Parameters& add_literal(std::string literal);

    [[nodiscard]] const std::vector<std::optional<std::string>>& values() const noexcept { return values_; }

private:
    std::vector<std::optional<std::string>> values_;
};

// "\x…" of bytes.
void append_hex(std::string& out, std::span<const std::byte> bytes);

[[nodiscard]] inline std::int64_t to_us(Time time) {
    return time.time_since_epoch().count();
}
[[nodiscard]] inline std::int64_t to_us(std::chrono::milliseconds duration) {
    // Longer times would not fit the server's timestamps.
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24) * 365 * 100;
    return std::chrono::microseconds(duration < longest ? duration : longest).count();
}
[[nodiscard]] inline std::chrono::milliseconds to_ms(std::int64_t us) {
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(us));
}
[[nodiscard]] inline std::int64_t to_limit(std::size_t limit) {
    return limit > static_cast<std::size_t>(INT64_MAX) ? INT64_MAX : static_cast<std::int64_t>(limit);
}

}  // namespace embedq::postgres
