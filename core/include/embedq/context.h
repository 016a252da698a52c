// What the host lends to a plugin instance: a logger, a clock, randomness, and its name.
//
// Lives longer than the instance. Every member may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace embedq {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

// What a line is about, for logs that machines read: the JSON log has each as a member (docs/deploying.md).
struct LogField {
    std::string_view key;
    std::variant<std::string_view, std::int64_t> value;
};

// Lines go to the host's log with the instance's name in front. A plugin never brings a logging library of its own.
class Logger {
public:
    virtual ~Logger() = default;
    virtual void log(LogLevel level, std::string_view message) = 0;
    [[nodiscard]] virtual bool enabled(LogLevel level) const noexcept = 0;
    // A line with fields. The message says all of it by itself.
    virtual void log_fields(LogLevel level, std::string_view message, std::span<const LogField> /*fields*/) {
        log(level, message);
    }

    void debug(std::string_view message) { log(LogLevel::debug, message); }
    void info(std::string_view message) { log(LogLevel::info, message); }
    void warn(std::string_view message) { log(LogLevel::warn, message); }
    void error(std::string_view message) { log(LogLevel::error, message); }
};

// Time, so that tests can move it. `now` is for deadlines and pauses; `wall` only for what people read and for stores
// that live in the process.
class Clock {
public:
    using Steady = std::chrono::steady_clock::time_point;
    using Wall = std::chrono::sys_time<std::chrono::microseconds>;

    virtual ~Clock() = default;
    [[nodiscard]] virtual Steady now() const noexcept = 0;
    [[nodiscard]] virtual Wall wall() const noexcept = 0;
};

class Context {
public:
    virtual ~Context() = default;
    // The name the YAML gives this instance: "ollama" under `providers:`, or the plugin's own name.
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;
    [[nodiscard]] virtual Logger& logger() noexcept = 0;
    [[nodiscard]] virtual const Clock& clock() const noexcept = 0;
    // 64 uniformly random bits. From the operating system, or from a seed in tests.
    [[nodiscard]] virtual std::uint64_t random() noexcept = 0;
    // Uniform in [0, 1), from `random`.
    [[nodiscard]] double uniform() noexcept { return static_cast<double>(random() >> 11U) * 0x1.0p-53; }
    // An option of the configured store (a notifier may want its `url`); nothing when it has none of that name.
    [[nodiscard]] virtual std::optional<std::string> store_option(std::string_view name) const = 0;
};

}  // namespace embedq
