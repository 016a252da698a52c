// The loader's plugins as the configuration reads them, and the folders that a program of this installation loads them
// from.
//
// A library of its own, because config/ does not know the loader, nor the loader config/: every program that opens
// plugins by YAML links it (the command line, the conformance kit, the benchmarks). Thread-safety: none; use it on the
// main thread before worker threads start, as the registry requires.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"
#include "loader/registry.h"

namespace embedq::cli {

// The option tables of a registry's plugins, which must outlive it. Finding a plugin loads it.
class PluginTables final : public config::PluginTables {
public:
    explicit PluginTables(plugins::Registry& registry) : registry_(registry) {}

    [[nodiscard]] Result<config::PluginTable> find(PluginKind kind, std::string_view name) override;
    // Sorted; without the plugins that the loader refuses.
    [[nodiscard]] std::vector<std::string> names(PluginKind kind) override;

private:
    plugins::Registry& registry_;
};

// The folder of this program's own plugins, beside it in a build or an installation. Empty if it does not exist.
[[nodiscard]] std::filesystem::path own_plugin_folder();

// The registry of the listed folders (`plugins.paths`) and, after them, the program's own folder. A plugin in a listed
// folder takes precedence over the program's own one of the same kind and name, so that an installed plugin can be
// developed elsewhere. The same folders give the same registry. It is never deleted: plugins stay loaded for the life
// of the process, and objects with static lifetime may refer to them until its end. Errors are those of
// Registry::discover.
[[nodiscard]] Result<plugins::Registry*> open_registry(std::vector<std::filesystem::path> listed);

}  // namespace embedq::cli
