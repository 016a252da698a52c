#include "cli/plugin_tables.h"

#include <algorithm>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "cli/layout.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;

bool is_replaced(const fs::path& own, const std::vector<fs::path>& listed) {
    std::error_code error;
    for (fs::directory_iterator it(own, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (!name.starts_with("libembedq_") || !name.ends_with(".so")) continue;
        std::error_code ignored;
        if (std::ranges::any_of(listed, [&](const fs::path& folder) { return fs::exists(folder / name, ignored); })) return true;
    }
    return false;
}

std::vector<fs::path> with_own_folder(std::vector<fs::path> listed) {
    const fs::path own = own_plugin_folder();
    if (!own.empty() && !is_replaced(own, listed)) listed.push_back(own);
    return listed;
}

}  // namespace

Result<config::PluginTable> PluginTables::find(PluginKind kind, std::string_view name) {
    const auto loaded = registry_.load(kind, name);
    if (!loaded) return std::unexpected(loaded.error());
    const PluginDescriptor& descriptor = *(*loaded)->descriptor;
    return config::PluginTable{descriptor.name, descriptor.version, descriptor.summary, {descriptor.options, descriptor.option_count}};
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
    std::vector<fs::path> folders = with_own_folder(std::move(listed));
    if (const auto found = opened.find(folders); found != opened.end()) return found->second;
    auto registry = std::make_unique<plugins::Registry>(folders);
    if (Status discovered = registry->discover(); !discovered) return std::unexpected(std::move(discovered.error()));
    return opened.emplace(std::move(folders), registry.release()).first->second;
}

}  // namespace embedq::cli
