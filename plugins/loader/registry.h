// The registry of plugins: the plugin files that exist, and the loaded ones.
//
// A loaded library stays loaded until the process ends, even when the plugin is then refused: thread-local destructors,
// exception objects and instances may refer to its code, and glibc ignores many unloads anyway. Upgrade by restart.
// Thread-safety: none. Discover and load on the main thread before workers start; what `load` returned may be read from
// any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/error.h"
#include "embedq/plugin.h"
#include "loader/instances.h"

namespace embedq::plugins {

struct LoadedPlugin {
    const PluginDescriptor* descriptor;
    std::filesystem::path path;  // absolute
};

// A file whose name is that of a plugin; not loaded yet.
struct PluginFile {
    PluginKind kind;
    std::string name;
    std::filesystem::path path;  // absolute
};

// Must live until the process ends: it owns the LoadedPlugin objects that it returns.
class Registry {
public:
    // `own` is the program's own folder, or empty. Plugins of the listed folders take precedence over those in it.
    explicit Registry(std::vector<std::filesystem::path> folders, std::filesystem::path own = {});

    // Lists `libembedq_<kind>_<name>.so` in the folders, in their order, by name within each; other files are ignored.
    // `misconfigured` when a folder is missing, other users could change a folder or plugin file, or two listed folders
    // contain the same kind and name.
    [[nodiscard]] Status discover();

    [[nodiscard]] const std::vector<PluginFile>& files() const noexcept { return files_; }

    // Loads a plugin that `discover` found; a second call returns the same. `not_found` names the folders searched and,
    // as its hint, the nearest right name; `misconfigured` says why the file is refused.
    [[nodiscard]] Result<const LoadedPlugin*> load(PluginKind kind, std::string_view name);

    // The same for one file in any folder.
    [[nodiscard]] Result<const LoadedPlugin*> load_file(const std::filesystem::path& file);

private:
    // What to do with a file whose kind and name another file has already.
    enum class DuplicatePolicy { refuse, ignore };

    [[nodiscard]] Status add_folder(const std::filesystem::path& folder, DuplicatePolicy duplicates);
    [[nodiscard]] Status add_file(PluginFile file, DuplicatePolicy duplicates);
    [[nodiscard]] Error no_such_plugin(PluginKind kind, std::string_view name) const;

    const std::vector<std::filesystem::path> folders_;
    const std::filesystem::path own_;
    std::vector<PluginFile> files_;
    std::vector<std::unique_ptr<const LoadedPlugin>> loaded_;
};

}  // namespace embedq::plugins
