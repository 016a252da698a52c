// Opens what a checked configuration names: store, notifier, providers, engine, scheduler, services.
//
// Thread-safety: `open_runtime` on the main thread; the runtime as session.h says.
#pragma once

#include <memory>
#include <string>

#include "cli/session.h"

namespace embedq::config {
struct Configuration;
}
namespace embedq::plugins {
class Registry;
}

namespace embedq::cli {

// The console and the registry must outlive the runtime.
[[nodiscard]] Opened<std::unique_ptr<Runtime>> open_runtime(Console& console, plugins::Registry& registry,
                                                            config::Configuration configuration, const OpenRequest& request,
                                                            const std::string& version);

}  // namespace embedq::cli
