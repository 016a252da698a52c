#include "cli/installation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <system_error>

#include "cli/present.h"
#include "cli/runtime.h"
#include "config/configuration.h"
#include "loader/registry.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;

Failure failure_of(const Error& error, int status = exit_failed) {
    return {status, {error.message}};
}

Failure failure_of(const std::vector<config::Diagnostic>& diagnostics) {
    Failure failure{exit_usage, {}};
    for (const config::Diagnostic& diagnostic : diagnostics) failure.lines.push_back(config::to_string(diagnostic));
    return failure;
}

// True when a listed folder brings a plugin of the same file name: then the listed folders are a whole set of their own.
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

std::vector<fs::path> folders_of(std::vector<fs::path> listed) {
    const fs::path own = own_plugin_folder();
    if (!own.empty() && !is_replaced(own, listed)) listed.push_back(own);
    return listed;
}

// The loader, as the configuration sees it.
class Tables : public config::PluginTables {
public:
    explicit Tables(plugins::Registry& registry) : registry_(registry) {}

    Result<config::PluginTable> find(PluginKind kind, std::string_view name) override {
        const auto loaded = registry_.load(kind, name);
        if (!loaded) return std::unexpected(loaded.error());
        const PluginDescriptor& descriptor = *(*loaded)->descriptor;
        return config::PluginTable{descriptor.name, descriptor.version, descriptor.summary, {descriptor.options, descriptor.option_count}};
    }

    std::vector<std::string> names(PluginKind kind) override {
        std::vector<std::string> names;
        for (const plugins::PluginFile& file : registry_.files()) {
            if (file.kind == kind && registry_.load(kind, file.name)) names.push_back(file.name);
        }
        std::ranges::sort(names);
        return names;
    }

private:
    plugins::Registry& registry_;
};

// Plugins stay loaded for the life of the process, and what has static lifetime may refer to them until its very end.
plugins::Registry* immortal(std::vector<fs::path> folders) {
    static auto& all = *new std::vector<plugins::Registry*>;
    return all.emplace_back(new plugins::Registry(std::move(folders)));
}

std::string type_name(OptionType type) {
    switch (type) {
        case OptionType::boolean: return "boolean";
        case OptionType::integer: return "integer";
        case OptionType::number: return "number";
        case OptionType::text: return "text";
        case OptionType::duration: return "duration";
        case OptionType::size: return "size";
        case OptionType::path: return "path";
        case OptionType::text_list: return "list of texts";
        case OptionType::text_map: return "map of texts";
    }
    return "text";
}

PluginDescription describe(const plugins::LoadedPlugin& plugin) {
    const PluginDescriptor& descriptor = *plugin.descriptor;
    PluginDescription described{to_string(descriptor.kind), descriptor.name,      descriptor.version,
                                descriptor.summary,         plugin.path.string(), {}};
    for (std::size_t i = 0; i < descriptor.option_count; ++i) {
        const OptionSpec& option = descriptor.options[i];
        described.options.push_back({option.name, type_name(option.type), option.default_value == nullptr ? "" : option.default_value,
                                     option.help, option.required, option.secret});
    }
    return described;
}

class InstallationImpl : public Installation {
public:
    InstallationImpl(Console& console, std::string config_file, std::string version)
        : console_(console),
          version_(std::move(version)),
          source_(config_file.empty() ? config::embedded_default() : config::Source::file(std::move(config_file))) {}

    Opened<std::unique_ptr<Runtime>> open(const OpenRequest& request) override {
        auto loaded = load();
        if (!loaded) return std::unexpected(loaded.error());
        for (const config::Diagnostic& warning : loaded->warnings) console_.error(config::to_string(warning));
        return open_runtime(console_, *registry_, std::move(loaded->configuration), request, version_);
    }

    Opened<PluginsFound> plugins() override {
        if (auto ready = prepare_registry(); !ready) return std::unexpected(ready.error());
        PluginsFound found;
        for (const plugins::PluginFile& file : registry_->files()) {
            const auto loaded = registry_->load(file.kind, file.name);
            if (loaded) {
                found.plugins.push_back(describe(**loaded));
            } else {
                found.refused.push_back(loaded.error().message);
            }
        }
        return found;
    }

    Opened<CheckedConfiguration> check_configuration() override {
        CheckedConfiguration checked;
        checked.source = source_.name();
        if (auto ready = prepare_registry(); !ready) {
            if (ready.error().exit_status != exit_usage) return std::unexpected(ready.error());
            checked.errors = ready.error().lines;
            return checked;
        }
        Tables tables(*registry_);
        const auto loaded = config::load(source_, tables, config::process_environment());
        const auto note = [&](const config::Diagnostic& diagnostic) {
            (diagnostic.warning ? checked.warnings : checked.errors).push_back(config::to_string(diagnostic));
        };
        std::ranges::for_each(loaded ? loaded->warnings : loaded.error(), note);
        if (!loaded) return checked;
        checked.effective = config::show(loaded->configuration, tables);
        // The option tables cannot say all that a plugin wants of its options: whether it takes them, only making it tells.
        std::ranges::for_each(refused_instances(console_, *registry_, loaded->configuration), note);
        return checked;
    }

    Opened<std::string> configuration_schema() override {
        if (auto ready = prepare_registry(); !ready) return std::unexpected(ready.error());
        Tables tables(*registry_);
        return config::schema(tables);
    }

    Opened<std::string> configuration_reference() override {
        if (auto ready = prepare_registry(); !ready) return std::unexpected(ready.error());
        Tables tables(*registry_);
        return config::reference(tables);
    }

private:
    Opened<config::Loaded> load() {
        if (auto ready = prepare_registry(); !ready) return std::unexpected(ready.error());
        Tables tables(*registry_);
        auto loaded = config::load(source_, tables, config::process_environment());
        if (!loaded) return std::unexpected(failure_of(loaded.error()));
        return std::move(*loaded);
    }

    // Which plugins there are depends on the configuration, and what it may say on the plugins: hence in two steps.
    Opened<void> prepare_registry() {
        if (registry_ != nullptr) return {};
        auto paths = config::read_plugin_paths(source_, config::process_environment());
        if (!paths) return std::unexpected(failure_of(all_faults(paths.error())));
        plugins::Registry* registry = immortal(folders_of(std::move(*paths)));
        if (const Status discovered = registry->discover(); !discovered) return std::unexpected(failure_of(discovered.error(), exit_usage));
        registry_ = registry;
        return {};
    }

    // Where the paths alone cannot be read, the whole file is read with the program's own plugins, so that every fault is told.
    std::vector<config::Diagnostic> all_faults(const std::vector<config::Diagnostic>& of_paths) {
        plugins::Registry* registry = immortal(folders_of({}));
        if (!registry->discover()) return of_paths;
        Tables tables(*registry);
        const auto loaded = config::load(source_, tables, config::process_environment());
        std::vector<config::Diagnostic> faults = loaded ? loaded->warnings : loaded.error();
        std::ranges::copy_if(of_paths, std::back_inserter(faults),
                             [&](const config::Diagnostic& fault) { return std::ranges::find(faults, fault) == faults.end(); });
        std::ranges::stable_sort(faults, {}, [](const config::Diagnostic& each) { return std::pair(each.line, each.column); });
        return faults;
    }

    Console& console_;
    const std::string version_;
    const config::Source source_;
    plugins::Registry* registry_ = nullptr;  // never deleted
};

}  // namespace

std::filesystem::path own_plugin_folder() {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (error) return {};
    const fs::path folder = program.parent_path().parent_path() / "lib" / "embedq" / "plugins";
    return fs::is_directory(folder, error) ? folder : fs::path();
}

std::unique_ptr<Installation> make_installation(Console& console, std::string config_file, std::string version) {
    return std::make_unique<InstallationImpl>(console, std::move(config_file), std::move(version));
}

}  // namespace embedq::cli
