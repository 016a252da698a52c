#include "subjects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <utility>

#include "cli/plugin_tables.h"
#include "config/configuration.h"
#include "config/files.h"
#include "config/secrets.h"

namespace embedq::conformance {
namespace {

constexpr std::string_view slow_suffix = ".slow";
constexpr std::string_view refusing_suffix = ".refusing";

Error all_faults(const std::vector<config::Diagnostic>& diagnostics) {
    std::string lines;
    for (const config::Diagnostic& diagnostic : diagnostics)
        lines += (lines.empty() ? "" : "\n") + config::to_string(diagnostic);
    return {ErrorKind::misconfigured, lines};
}

class ConfiguredSubjects final : public Subjects {
public:
    ConfiguredSubjects(config::Source source, plugins::Registry& registry)
        : source_(std::move(source)), registry_(registry) {}

    Status read() {
        const CaseWorld world;
        const auto configuration = load(world);
        if (!configuration) return std::unexpected(configuration.error());
        subjects_.push_back({PluginKind::store, configuration->store.plugin});
        subjects_.push_back({PluginKind::notifier, configuration->notifier.plugin});
        const auto& providers = configuration->providers;
        for (const auto& [name, provider] : providers) {
            if (name.ends_with(slow_suffix) || name.ends_with(refusing_suffix)) {
                const std::string base = name.substr(0, name.rfind('.'));
                if (providers.contains(base)) continue;
                return fail(ErrorKind::misconfigured,
                            fmt::format("{}: provider '{}' is a variant of '{}', which is not configured",
                                        source_.name(), name, base));
            }
            subjects_.push_back({PluginKind::provider, name, providers.contains(name + std::string(slow_suffix)),
                                 providers.contains(name + std::string(refusing_suffix))});
        }
        for (const config::PluginInstance& service : configuration->services)
            subjects_.push_back({PluginKind::service, service.name});
        return {};
    }

    const std::vector<Subject>& all() const override { return subjects_; }

    Result<Configured> configured(const Subject& subject, Variant variant, const CaseWorld& world) override {
        const auto configuration = load(world);
        if (!configuration) return std::unexpected(configuration.error());
        switch (subject.kind) {
            case PluginKind::store: return made(subject.kind, configuration->store);
            case PluginKind::notifier: return made(subject.kind, configuration->notifier);
            case PluginKind::provider:
                return made(subject.kind, configuration->providers.at(name_of(subject, variant)).instance);
            case PluginKind::service: break;
        }
        const auto found = std::ranges::find(configuration->services, subject.name, &config::PluginInstance::name);
        return made(subject.kind, *found);
    }

    Result<Configured> store(const CaseWorld& world) override {
        return configured({PluginKind::store, {}}, Variant::plain, world);
    }

private:
    static std::string name_of(const Subject& subject, Variant variant) {
        if (variant == Variant::plain) return subject.name;
        return subject.name + std::string(variant == Variant::slow ? slow_suffix : refusing_suffix);
    }

    Result<config::Configuration> load(const CaseWorld& world) {
        cli::PluginTables tables(registry_);
        auto loaded = config::load(source_, tables, world.environment());
        if (!loaded) return std::unexpected(all_faults(loaded.error()));
        return std::move(loaded->configuration);
    }

    Result<Configured> made(PluginKind kind, const config::PluginInstance& instance) {
        const auto plugin = registry_.load(kind, instance.plugin);
        if (!plugin) return std::unexpected(plugin.error());
        auto options = config::options_with_secrets(instance);
        if (!options) return std::unexpected(std::move(options.error()));
        return Configured{*plugin, std::move(*options)};
    }

    const config::Source source_;
    plugins::Registry& registry_;
    std::vector<Subject> subjects_;
};

class FileSubject final : public Subjects {
public:
    FileSubject(PluginFileArguments arguments, plugins::Registry& registry, const plugins::LoadedPlugin& plugin)
        : arguments_(std::move(arguments)), registry_(registry), plugin_(plugin) {
        subjects_.push_back({plugin.descriptor->kind, plugin.descriptor->name, arguments_.slow.has_value(),
                             arguments_.refusing.has_value()});
    }

    // The options are checked once, before any case.
    Status check() {
        const CaseWorld world;
        for (const Variant variant : {Variant::plain, Variant::slow, Variant::refusing}) {
            const auto tried = configured(subjects_.front(), variant, world);
            if (!tried) return std::unexpected(tried.error());
        }
        return {};
    }

    const std::vector<Subject>& all() const override { return subjects_; }

    Result<Configured> configured(const Subject&, Variant variant, const CaseWorld& world) override {
        OptionTexts texts = arguments_.options;
        const auto& more = variant == Variant::slow ? arguments_.slow : arguments_.refusing;
        if (variant != Variant::plain && more) {
            for (const auto& [name, text] : *more) texts.insert_or_assign(name, text);
        }
        return with_options(plugin_, texts, world);
    }

    // A service needs an engine: on the configured store if there is one, otherwise on the memory store.
    Result<Configured> store(const CaseWorld& world) override {
        if (plugin_.descriptor->kind == PluginKind::store) return configured(subjects_.front(), Variant::plain, world);
        const auto memory = registry_.load(PluginKind::store, "memory");
        if (!memory) return std::unexpected(memory.error());
        return with_options(**memory, {}, world);
    }

private:
    static Result<Configured> with_options(const plugins::LoadedPlugin& plugin, OptionTexts texts,
                                           const CaseWorld& world) {
        for (auto& [name, text] : texts) {
            auto expanded = config::expand(text, world.environment());
            if (!expanded)
                return fail(ErrorKind::invalid_argument,
                            fmt::format("--options {}={}: {}", name, text, expanded.error().message),
                            expanded.error().hint);
            text = std::move(expanded->text);
        }
        const std::span table(plugin.descriptor->options, plugin.descriptor->option_count);
        auto options = config::options_from_text(table, texts);
        if (!options) {
            return fail(
                options.error().kind,
                fmt::format("embedq-conformance: {} plugin '{}': {}; options are given by --options NAME=VALUE",
                            to_string(plugin.descriptor->kind), plugin.descriptor->name, to_string(options.error())));
        }
        return Configured{&plugin, std::move(*options)};
    }

    const PluginFileArguments arguments_;
    plugins::Registry& registry_;
    const plugins::LoadedPlugin& plugin_;
    std::vector<Subject> subjects_;
};

}  // namespace

Result<std::unique_ptr<Subjects>> subjects_of_configuration(const std::string& file) {
    const config::Source source = config::Source::file(file);
    auto paths = config::read_plugin_paths(source, config::process_environment());
    if (!paths) return std::unexpected(all_faults(paths.error()));
    const auto registry = cli::open_registry(std::move(*paths));
    if (!registry) return std::unexpected(registry.error());
    auto subjects = std::make_unique<ConfiguredSubjects>(source, **registry);
    if (Status read = subjects->read(); !read) return std::unexpected(read.error());
    return subjects;
}

Result<std::unique_ptr<Subjects>> subjects_of_file(PluginFileArguments arguments) {
    const auto registry = cli::open_registry({});
    if (!registry) return std::unexpected(registry.error());
    const auto plugin = (*registry)->load_file(arguments.file);
    if (!plugin) return std::unexpected(plugin.error());
    auto subject = std::make_unique<FileSubject>(std::move(arguments), **registry, **plugin);
    if (Status checked = subject->check(); !checked) return std::unexpected(checked.error());
    return subject;
}

}  // namespace embedq::conformance
