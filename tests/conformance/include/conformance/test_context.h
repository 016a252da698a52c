// A Context for tests: a clock that only the test moves, seeded randomness, and a logger that keeps its lines.
//
// Every member may be called from any thread.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "embedq/context.h"

namespace embedq::conformance {

// Both times move together, unless the wall clock is set. Starts at a fixed moment, so that a failure looks the same
// each time.
class ManualClock final : public Clock {
public:
    void advance(std::chrono::microseconds by) noexcept { passed_ += by.count(); }
    // As an administrator does: the time for deadlines does not move.
    void set_wall_back(std::chrono::microseconds by) noexcept { set_back_ += by.count(); }

    [[nodiscard]] Steady now() const noexcept override {
        return Steady(std::chrono::hours(1) + std::chrono::microseconds(passed_.load()));
    }
    [[nodiscard]] Wall wall() const noexcept override {
        return Wall(std::chrono::sys_days(std::chrono::year(2031) / 5 / 17)) +
               std::chrono::microseconds(passed_.load() - set_back_.load());
    }

private:
    std::atomic<std::int64_t> passed_{0};
    std::atomic<std::int64_t> set_back_{0};
};

class CapturingLogger final : public Logger {
public:
    using Fields = std::map<std::string, std::string>;  // numbers as text

    void log(LogLevel level, std::string_view message) override { log_fields(level, message, {}); }
    void log_fields(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
        Fields texts;
        for (const LogField& field : fields) {
            const auto* number = std::get_if<std::int64_t>(&field.value);
            texts.emplace(field.key, number ? std::to_string(*number) : std::get<std::string_view>(field.value));
        }
        const std::lock_guard lock(mutex_);
        lines_.emplace_back(level, message);
        fields_.push_back(std::move(texts));
    }
    [[nodiscard]] bool enabled(LogLevel) const noexcept override { return true; }

    [[nodiscard]] std::vector<std::pair<LogLevel, std::string>> lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

    // Of each line.
    [[nodiscard]] std::vector<Fields> fields() const {
        const std::lock_guard lock(mutex_);
        return fields_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::pair<LogLevel, std::string>> lines_;  // guarded by mutex_
    std::vector<Fields> fields_;                           // guarded by mutex_
};

class TestContext final : public Context {
public:
    explicit TestContext(std::string name, std::uint64_t seed = 1) : name_(std::move(name)), engine_(seed) {}

    [[nodiscard]] std::string_view name() const noexcept override { return name_; }
    [[nodiscard]] CapturingLogger& logger() noexcept override { return logger_; }
    [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
    [[nodiscard]] std::uint64_t random() noexcept override {
        const std::lock_guard lock(mutex_);
        return engine_();
    }
    [[nodiscard]] std::optional<std::string> store_option(std::string_view name) const override {
        const auto found = store_options_.find(name);
        return found == store_options_.end() ? std::nullopt : std::optional(found->second);
    }

    [[nodiscard]] ManualClock& manual_clock() noexcept { return clock_; }
    // Before the context is shared between threads.
    void set_store_option(std::string name, std::string value) {
        store_options_.insert_or_assign(std::move(name), std::move(value));
    }

private:
    const std::string name_;
    ManualClock clock_;
    CapturingLogger logger_;
    std::map<std::string, std::string, std::less<>> store_options_;

    std::mutex mutex_;
    std::mt19937_64 engine_;  // guarded by mutex_
};

}  // namespace embedq::conformance
