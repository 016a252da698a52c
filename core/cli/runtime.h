// Opens what a checked configuration names: store, notifier, providers, engine, scheduler, services.
//
// Thread-safety: `open_runtime` on the main thread; the runtime as session.h says.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_context.h"

namespace embedq::config {
struct Configuration;
struct Diagnostic;
}  // namespace embedq::config
namespace embedq::plugins {
class Registry;
}

namespace embedq::cli {

// What the YAML says of the store's option, as text.
[[nodiscard]] std::optional<std::string> store_option(const config::Configuration& configuration,
                                                      std::string_view name);

// Makes each store, notifier and provider that is configured, and lets it go again: what the factories refuse, where
// the plugin is named. Services are left out, since they need an engine over a store that is open.
[[nodiscard]] std::vector<config::Diagnostic> refused_instances(Console& console, plugins::Registry& registry,
                                                                const config::Configuration& configuration);

// The console and the registry must outlive the runtime.
[[nodiscard]] Opened<std::unique_ptr<Runtime>> open_runtime(Console& console, plugins::Registry& registry,
                                                            config::Configuration configuration,
                                                            const OpenRequest& request, const std::string& version);

}  // namespace embedq::cli
