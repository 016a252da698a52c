#include "loader/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "embedq/support/nearest.h"
#include "files/file_safety.h"
#include "loader/descriptor_check.h"
#include "loader/elf_check.h"
#include "loader/names.h"
#include "loader/shared_object.h"

namespace embedq::plugins {
namespace fs = std::filesystem;

Registry::Registry(std::vector<fs::path> folders, fs::path own) : folders_(std::move(folders)), own_(std::move(own)) {}

Status Registry::discover() {
    files_.clear();
    std::vector<fs::path> seen;
    for (const fs::path& folder : folders_) {
        std::error_code error;
        const fs::path real = fs::canonical(folder, error);
        if (error || !fs::is_directory(real, error)) {
            return fail(ErrorKind::misconfigured,
                        fmt::format("plugin folder '{}' {}", folder.string(),
                                    fs::exists(folder, error) ? "is not a folder" : "does not exist"),
                        "create it, or remove it from plugins.paths");
        }
        if (std::ranges::find(seen, real) != seen.end()) continue;
        seen.push_back(real);
        if (auto added = add_folder(real, DuplicatePolicy::refuse); !added) return added;
    }
    std::error_code error;
    const fs::path own = own_.empty() ? fs::path() : fs::canonical(own_, error);
    if (own.empty() || std::ranges::find(seen, own) != seen.end()) return {};
    return add_folder(own, DuplicatePolicy::ignore);
}

Status Registry::add_folder(const fs::path& folder, DuplicatePolicy duplicates) {
    if (auto safe = files::check_only_owner_writes(folder, "plugin"); !safe) return safe;
    std::error_code error;
    std::vector<PluginFile> found;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        auto name = parse_file_name(entry->path().filename().string());
        if (name) found.push_back({name->kind, std::move(name->name), entry->path()});
    }
    if (error)
        return fail(ErrorKind::misconfigured,
                    fmt::format("plugin folder '{}' cannot be read: {}", folder.string(), error.message()));
    std::ranges::sort(found, {}, &PluginFile::path);
    for (PluginFile& file : found) {
        if (auto added = add_file(std::move(file), duplicates); !added) return added;
    }
    return {};
}

Status Registry::add_file(PluginFile file, DuplicatePolicy duplicates) {
    if (auto safe = files::check_only_owner_writes(file.path, "plugin"); !safe) return safe;
    const auto same = std::ranges::find_if(
        files_, [&](const PluginFile& other) { return other.kind == file.kind && other.name == file.name; });
    if (same != files_.end()) {
        if (duplicates == DuplicatePolicy::ignore) return {};
        return fail(ErrorKind::misconfigured,
                    fmt::format("{} '{}' exists twice, as '{}' and as '{}'", to_string(file.kind), file.name,
                                same->path.string(), file.path.string()),
                    "remove one of the two files");
    }
    files_.push_back(std::move(file));
    return {};
}

Error Registry::no_such_plugin(PluginKind kind, std::string_view name) const {
    std::vector<std::string> names;
    std::string hint;
    for (const PluginFile& file : files_) {
        if (file.kind == kind) names.push_back(file.name);
        if (file.kind != kind && file.name == name)
            hint = fmt::format("there is a {} of that name", to_string(file.kind));
    }
    if (const auto near = nearest(name, names)) {
        hint = fmt::format("did you mean '{}'?", *near);
    } else if (hint.empty()) {
        std::ranges::sort(names);
        hint = names.empty() ? fmt::format("there is no {} plugin at all", to_string(kind))
                             : fmt::format("there are: {}", fmt::join(names, ", "));
    }
    std::vector<std::string> searched;
    for (const fs::path& folder : folders_) searched.push_back(folder.string());
    if (!own_.empty()) searched.push_back(own_.string());
    return Error{ErrorKind::not_found,
                 fmt::format("no {} plugin '{}' (file {}) in {}", to_string(kind), name, file_name_of(kind, name),
                             searched.empty() ? "any folder, since plugins.paths is empty"
                                              : fmt::format("{}", fmt::join(searched, ", "))),
                 hint};
}

Result<const LoadedPlugin*> Registry::load(PluginKind kind, std::string_view name) {
    const auto file =
        std::ranges::find_if(files_, [&](const PluginFile& other) { return other.kind == kind && other.name == name; });
    if (file == files_.end()) return std::unexpected(no_such_plugin(kind, name));
    return load_file(file->path);
}

Result<const LoadedPlugin*> Registry::load_file(const fs::path& file) {
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    if (error)
        return fail(ErrorKind::not_found,
                    fmt::format("plugin file '{}' cannot be found: {}", file.string(), error.message()));
    const auto name = parse_file_name(file.filename().string());
    if (!name) {
        return fail(ErrorKind::misconfigured,
                    fmt::format("plugin file '{}' must be named libembedq_<kind>_<name>.so, where the kind is store, "
                                "provider, notifier or service and the name is of the form [a-z][a-z0-9_]*",
                                file.string()));
    }
    const auto before = std::ranges::find_if(loaded_, [&](const auto& loaded) { return loaded->path == real; });
    if (before != loaded_.end() && (*before)->descriptor->kind == name->kind &&
        (*before)->descriptor->name == name->name) {
        return before->get();
    }

    if (auto safe = files::check_only_owner_writes(real.parent_path(), "plugin"); !safe)
        return std::unexpected(std::move(safe.error()));
    if (auto safe = files::check_only_owner_writes(real, "plugin"); !safe)
        return std::unexpected(std::move(safe.error()));
    if (auto whole = check_loadable(real, plugin_symbol, sizeof(PluginDescriptor)); !whole)
        return std::unexpected(std::move(whole.error()));
    const auto symbols = exported_symbols(real);
    if (!symbols) return std::unexpected(symbols.error());
    if (auto known = check_symbols(real, *symbols); !known) return std::unexpected(std::move(known.error()));

    const auto address = load_symbol(real, plugin_symbol);
    if (!address) return std::unexpected(address.error());
    const auto* descriptor = static_cast<const PluginDescriptor*>(*address);
    if (auto sound = check_descriptor(*descriptor, *name, real); !sound)
        return std::unexpected(std::move(sound.error()));
    loaded_.push_back(std::make_unique<const LoadedPlugin>(LoadedPlugin{descriptor, real}));
    return loaded_.back().get();
}

}  // namespace embedq::plugins
