#include "loaded_plugin.h"

#include <random>
#include <stdexcept>

#include "config/configuration.h"
#include "empty_engine.h"
#include "loader/instances.h"
#include "loader/registry.h"

namespace embedq::conformance {
namespace {

class RealContext final : public Context, private Logger, private Clock {
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "kit"; }
    [[nodiscard]] Logger& logger() noexcept override { return *this; }
    [[nodiscard]] const Clock& clock() const noexcept override { return *this; }
    [[nodiscard]] std::uint64_t random() noexcept override { return std::random_device()(); }
    [[nodiscard]] std::optional<std::string> store_option(std::string_view) const override { return std::nullopt; }

private:
    void log(LogLevel, std::string_view) override {}
    [[nodiscard]] bool enabled(LogLevel) const noexcept override { return false; }
    [[nodiscard]] Steady now() const noexcept override { return std::chrono::steady_clock::now(); }
    [[nodiscard]] Wall wall() const noexcept override {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
};

RealContext& context() {
    static auto* const kept = new RealContext;
    return *kept;
}

plugins::Registry& registry() {
    static auto* const kept = new plugins::Registry({});
    return *kept;
}

Options read(const plugins::LoadedPlugin& plugin, const LoadedKitPlugin::Texts& texts) {
    auto options =
        config::options_from_text(std::span(plugin.descriptor->options, plugin.descriptor->option_count), texts);
    if (!options) throw std::runtime_error(to_string(options.error()));
    return std::move(*options);
}

}  // namespace

LoadedKitPlugin::LoadedKitPlugin(const std::filesystem::path& file) {
    const auto loaded = registry().load_file(file);
    if (!loaded) throw std::runtime_error(to_string(loaded.error()));
    plugin_ = *loaded;
}

std::function<Result<std::unique_ptr<Provider>>()> LoadedKitPlugin::provider(const Texts& options) const {
    return [plugin = plugin_, values = read(*plugin_, options)] {
        return plugins::make_provider(*plugin, values, context());
    };
}

std::function<Result<std::unique_ptr<Notifier>>()> LoadedKitPlugin::notifier(const Texts& options) const {
    return [plugin = plugin_, values = read(*plugin_, options)] {
        return plugins::make_notifier(*plugin, values, context());
    };
}

std::function<Result<std::unique_ptr<Service>>()> LoadedKitPlugin::service(const Texts& options) const {
    static auto* const engine = new EmptyEngine;
    return [plugin = plugin_, values = read(*plugin_, options)] {
        return plugins::make_service(*plugin, values, context(), *engine);
    };
}

}  // namespace embedq::conformance
