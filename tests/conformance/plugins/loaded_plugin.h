// A plugin file as the kits use it: loaded by the host's loader, options read as from YAML, a context with a real
// clock.
//
// Contexts and plugins are never destroyed: an instance whose call never returned still uses them. Thread-safety: load
// on the main thread; instances may be made on any.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "embedq/engine.h"
#include "embedq/notifier.h"
#include "embedq/provider.h"
#include "embedq/service.h"

namespace embedq::plugins {
struct LoadedPlugin;
}

namespace embedq::conformance {

class LoadedKitPlugin {
public:
    // Throws std::runtime_error with the loader's message.
    explicit LoadedKitPlugin(const std::filesystem::path& file);

    using Texts = std::map<std::string, std::string>;  // as they would be written in YAML
    [[nodiscard]] std::function<Result<std::unique_ptr<Provider>>()> provider(const Texts& options = {}) const;
    [[nodiscard]] std::function<Result<std::unique_ptr<Notifier>>()> notifier(const Texts& options = {}) const;
    // On an engine without catalogs.
    [[nodiscard]] std::function<Result<std::unique_ptr<Service>>()> service(const Texts& options = {}) const;

private:
    const plugins::LoadedPlugin* plugin_;
};

}  // namespace embedq::conformance
