// A Context with the machine's clock and randomness, for plugins that are tested in real time.
//
// Every member may be called from any thread.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "conformance/test_context.h"

namespace embedq::conformance {

class SystemClock final : public Clock {
public:
    [[nodiscard]] Steady now() const noexcept override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] Wall wall() const noexcept override {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
};

class SystemContext final : public Context {
public:
    using StoreOption = std::function<std::optional<std::string>(std::string_view)>;

    explicit SystemContext(std::string name, StoreOption store_option = {})
        : name_(std::move(name)), store_option_(std::move(store_option)) {}

    [[nodiscard]] std::string_view name() const noexcept override { return name_; }
    [[nodiscard]] CapturingLogger& logger() noexcept override { return logger_; }
    [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
    [[nodiscard]] std::uint64_t random() noexcept override {
        std::random_device device;
        return (static_cast<std::uint64_t>(device()) << 32U) | device();
    }
    [[nodiscard]] std::optional<std::string> store_option(std::string_view name) const override {
        return store_option_ ? store_option_(name) : std::nullopt;
    }

private:
    const std::string name_;
    const StoreOption store_option_;
    const SystemClock clock_;
    CapturingLogger logger_;
};

}  // namespace embedq::conformance
