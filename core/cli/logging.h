// The host's log on stderr, which plugin instances write through their context: text, or one JSON object per line.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/console.h"
#include "embedq/context.h"
#include "settings/settings.h"

namespace embedq::cli {

class Log {
public:
    Log(Console& console, LogLevel level, LogFormat form);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    // A logger that puts the name before each line; the log must outlive it.
    [[nodiscard]] std::unique_ptr<Logger> logger(std::string name) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

class SystemClock : public Clock {
public:
    [[nodiscard]] Steady now() const noexcept override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] Wall wall() const noexcept override {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
};

using StoreOption = std::function<std::optional<std::string>(std::string_view)>;

// The context of one plugin instance.
class HostContext : public Context {
public:
    HostContext(std::string name, const Log& log, StoreOption store_option);
    [[nodiscard]] std::string_view name() const noexcept override { return name_; }
    [[nodiscard]] Logger& logger() noexcept override { return *logger_; }
    [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
    [[nodiscard]] std::uint64_t random() noexcept override;
    [[nodiscard]] std::optional<std::string> store_option(std::string_view name) const override {
        return store_option_(name);
    }

private:
    const std::string name_;
    const std::unique_ptr<Logger> logger_;
    const StoreOption store_option_;
    const SystemClock clock_;
};

}  // namespace embedq::cli
