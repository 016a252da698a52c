#include "cli/plugin_tables.h"

#include <algorithm>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "cli/layout.h"

namespace embedq::cli {

namespace fs = std::filesystem;

Result<config::PluginTable> PluginTables::find(PluginKind kind, std::string_view name) {
    const auto loaded = registry_.load(kind, name);
    if (!loaded) return std::unexpected(loaded.error());
    const PluginDescriptor& descriptor = *(*loaded)->descriptor;
    return config::PluginTable{
        descriptor.name, descriptor.version, descriptor.summary, {descriptor.options, descriptor.option_count}};
}

std::vector<std::string> PluginTables::names(PluginKind kind) {
    std::vector<std::string> names;
    for (const plugins::PluginFile& file : registry_.files()) {
        if (file.kind == kind && registry_.load(kind, file.name)) names.push_back(file.name);
    }
    std::ranges::sort(names);
    return names;
}

fs::path own_plugin_folder() {
    std::error_code error;
    const fs::path folder = own_layout().plugins;
    return fs::is_directory(folder, error) ? folder : fs::path();
}

Result<plugins::Registry*> open_registry(std::vector<fs::path> listed) {
    static auto& opened = *new std::map<std::vector<fs::path>, plugins::Registry*>;
    if (const auto found = opened.find(listed); found != opened.end()) return found->second;
    auto registry = std::make_unique<plugins::Registry>(listed, own_plugin_folder());
    if (Status discovered = registry->discover(); !discovered) return std::unexpected(std::move(discovered.error()));
    return opened.emplace(std::move(listed), registry.release()).first->second;
}

}  // namespace embedq::cli
