// Opens what a checked configuration names part by part, for a diagnosis.
//
// Thread-safety: `examine` on the main thread; the examination as session.h says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command_context.h"

namespace embedq::config {
struct Configuration;
}
namespace embedq::plugins {
class Registry;
}

namespace embedq::cli {

// The console and the registry must outlive it.
[[nodiscard]] std::unique_ptr<Examination> examine(Console& console, plugins::Registry& registry,
                                                   config::Configuration configuration,
                                                   std::vector<std::string> warnings);

}  // namespace embedq::cli
