// A Context for tests: a clock that moves when told to, a log that can be read.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "embedq/context.h"

namespace embedq::testing {

class ManualClock final : public Clock {
public:
    Steady now() const noexcept override {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    Wall wall() const noexcept override { return Wall(std::chrono::duration_cast<std::chrono::microseconds>(now().time_since_epoch())); }
    void advance(std::chrono::nanoseconds by) {
        const std::lock_guard lock(mutex_);
        now_ += by;
    }

private:
    mutable std::mutex mutex_;
    Steady now_{std::chrono::hours(1)};
};

class KeepingLogger final : public Logger {
public:
    void log(LogLevel, std::string_view message) override {
        const std::lock_guard lock(mutex_);
        lines_.emplace_back(message);
    }
    bool enabled(LogLevel) const noexcept override { return true; }
    std::vector<std::string> lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

class TestContext final : public Context {
public:
    explicit TestContext(std::string name = "test") : name_(std::move(name)) {}
    std::string_view name() const noexcept override { return name_; }
    Logger& logger() noexcept override { return logger_; }
    const Clock& clock() const noexcept override { return clock_; }
    std::uint64_t random() noexcept override { return 4; }
    std::optional<std::string> store_option(std::string_view) const override { return std::nullopt; }

    ManualClock& manual_clock() { return clock_; }
    const KeepingLogger& log() const { return logger_; }

private:
    const std::string name_;
    KeepingLogger logger_;
    ManualClock clock_;
};

}  // namespace embedq::testing
