// Loaded plugins as `plugins list` and `plugins show` tell of them.
//
// Thread-safety: pure function.
#pragma once

#include "cli/command_context.h"

namespace embedq::plugins {
struct LoadedPlugin;
}

namespace embedq::cli {

[[nodiscard]] PluginDescription describe(const plugins::LoadedPlugin& plugin);

}  // namespace embedq::cli
