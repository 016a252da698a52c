// Loaded plugins as `plugins list` and `plugins show` present them.
//
// Thread-safety: plain values and a pure function.
#pragma once

#include <string>
#include <vector>

#include "embedq/error.h"

namespace embedq::plugins {
struct LoadedPlugin;
}

namespace embedq::cli {

struct OptionDescription {
    std::string name, type, default_value, help;
    bool required = false;
    bool secret = false;
    std::string minimum, maximum;  // as written in YAML; empty where there is no bound
    std::vector<std::string> choices;
};

struct PluginDescription {
    std::string kind, name, version, summary, file;
    std::vector<OptionDescription> options;
    bool built_in = false;  // from the folder beside the program; else from one of plugins.paths
    std::string build_tag;
};

struct PluginsFound {
    std::vector<PluginDescription> plugins;
    std::vector<Error> refused;  // one for each file that was not loaded
};

[[nodiscard]] PluginDescription describe(const plugins::LoadedPlugin& plugin);

}  // namespace embedq::cli
