// The registry of plugins: which files there are, and the loaded ones.
//
// A library, once loaded, stays for the life of the process, also when the plugin is then refused: its code may be
// referred to by thread-local destructors, exception objects and instances, and glibc ignores many unloads anyway.
// Upgrade by restart. Thread-safety: none. Discover and load on the main thread before workers start; what `load` gave
// may be read from any thread.
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

// A file that by its name holds a plugin; not loaded yet.
struct PluginFile {
    PluginKind kind;
    std::string name;
    std::filesystem::path path;  // absolute
};

// Keep it for the life of the process: the LoadedPlugin it hands out live in it.
class Registry {
public:
    // `own` is the program's own folder, or empty: what the listed folders bring goes before what is there.
    explicit Registry(std::vector<std::filesystem::path> folders, std::filesystem::path own = {});

    // Lists `libembedq_<kind>_<name>.so` in the folders, in their order, by name within each; other files are passed
    // over. `misconfigured` when a folder is missing, a folder or plugin file could be changed by other users, or two
    // listed folders hold the same kind and name.
    [[nodiscard]] Status discover();

    [[nodiscard]] const std::vector<PluginFile>& files() const noexcept { return files_; }

    // Loads a plugin that `discover` found; the second time, the same answer. `not_found` names the nearest right name
    // and the folders searched; `misconfigured` says why the file is refused.
    [[nodiscard]] Result<const LoadedPlugin*> load(PluginKind kind, std::string_view name);

    // The same for one file, wherever it lies.
    [[nodiscard]] Result<const LoadedPlugin*> load_file(const std::filesystem::path& file);

private:
    enum class DuplicatePolicy { refused, passed_over };

    [[nodiscard]] Status add_folder(const std::filesystem::path& folder, DuplicatePolicy twice);
    [[nodiscard]] Status add_file(PluginFile file, DuplicatePolicy twice);
    [[nodiscard]] Error no_such_plugin(PluginKind kind, std::string_view name) const;

    const std::vector<std::filesystem::path> folders_;
    const std::filesystem::path own_;
    std::vector<PluginFile> files_;
    std::vector<std::unique_ptr<const LoadedPlugin>> loaded_;
};

}  // namespace embedq::plugins
