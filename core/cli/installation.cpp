#include "cli/installation.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "cli/examination.h"
#include "cli/logging.h"
#include "cli/plugin_descriptions.h"
#include "cli/plugin_tables.h"
#include "cli/present.h"
#include "cli/runtime.h"
#include "config/configuration.h"

namespace embedq::cli {
namespace {

Failure failure_of(const Error& error, int status = exit_failed) {
    return {status, {to_string(error)}};
}

Failure failure_of(const std::vector<config::Diagnostic>& diagnostics) {
    Failure failure{exit_usage, {}};
    for (const config::Diagnostic& diagnostic : diagnostics) failure.lines.push_back(config::to_string(diagnostic));
    return failure;
}

Patience patience_of(const OpenRequest& request) {
    if (request.use == StoreUse::work) return request.keeps_running ? Patience::services : Patience::works;
    return only_reads(request.use) && !request.keeps_running ? Patience::reads : Patience::writes;
}

class InstallationImpl : public Installation {
public:
    InstallationImpl(Console& console, std::string config_file, std::string version, LogOverride log, CallWatch& watch)
        : console_(console),
          watch_(watch),
          version_(std::move(version)),
          log_override_(log),
          source_(config_file.empty() ? config::embedded_default() : config::Source::file(std::move(config_file))) {}

    FailureOr<std::unique_ptr<Runtime>> open(const OpenRequest& request) override {
        auto loaded = load();
        if (!loaded) return std::unexpected(loaded.error());
        if (request.logs_everything) report_as(loaded->configuration.logging);
        for (const config::Diagnostic& warning : loaded->warnings) {
            // It says itself that it is a warning.
            console_.report(log_ ? LogLevel::warn : LogLevel::error, config::to_string(warning));
        }
        const Patience patience = patience_of(request);
        watch_.start(patience == Patience::services ? Patience::writes : patience);
        OpenRequest logged = request;
        // A level that was asked for is not raised to that of commands which answer.
        logged.logs_everything = logged.logs_everything || log_override_.level.has_value();
        auto runtime = open_runtime(console_, *registry_, std::move(loaded->configuration), logged, version_, watch_);
        watch_.use(patience);
        return runtime;
    }

    FailureOr<std::unique_ptr<Examination>> examine() override {
        auto loaded = load();
        if (!loaded) return std::unexpected(loaded.error());
        std::vector<std::string> warnings;
        for (const config::Diagnostic& warning : loaded->warnings) warnings.push_back(config::to_string(warning));
        watch_.start(Patience::reads);
        return cli::examine(console_, *registry_, std::move(loaded->configuration), std::move(warnings), watch_);
    }

    FailureOr<PluginsFound> plugins() override {
        if (auto ready = prepare_registry(); !ready) return std::unexpected(ready.error());
        PluginsFound found;
        for (const plugins::PluginFile& file : registry_->files()) {
            const auto loaded = registry_->load(file.kind, file.name);
            if (loaded) {
                found.plugins.push_back(describe(**loaded));
            } else {
                found.refused.push_back(loaded.error());
            }
        }
        return found;
    }

    FailureOr<PluginDescription> plugin_file(const std::string& file) override {
        const auto registry = open_registry({});
        if (!registry) return std::unexpected(failure_of(registry.error(), exit_usage));
        const auto loaded = (*registry)->load_file(file);
        if (!loaded) return std::unexpected(failure_of(loaded.error(), exit_usage));
        return describe(**loaded);
    }

    FailureOr<CheckedConfiguration> check_configuration() override {
        CheckedConfiguration checked;
        checked.source = source_.name();
        if (auto ready = prepare_registry(); !ready) {
            if (ready.error().exit_status != exit_usage) return std::unexpected(ready.error());
            checked.errors = ready.error().lines;
            return checked;
        }
        PluginTables tables(*registry_);
        const auto loaded = config::load(source_, tables, config::process_environment());
        const auto note = [&](const config::Diagnostic& diagnostic) {
            (diagnostic.warning ? checked.warnings : checked.errors).push_back(config::to_string(diagnostic));
        };
        std::ranges::for_each(loaded ? loaded->warnings : loaded.error(), note);
        if (!loaded) return checked;
        checked.effective = config::show(loaded->configuration, tables);
        // The option tables cannot express everything that a plugin requires of its options: whether it accepts them
        // shows only when an instance is made.
        std::ranges::for_each(refused_instances(console_, *registry_, loaded->configuration), note);
        return checked;
    }

    FailureOr<std::string> configuration_schema() override {
        if (auto ready = prepare_registry(); !ready) return std::unexpected(ready.error());
        PluginTables tables(*registry_);
        return config::schema(tables);
    }

    FailureOr<std::string> configuration_reference() override {
        if (auto ready = prepare_registry(); !ready) return std::unexpected(ready.error());
        PluginTables tables(*registry_);
        return config::reference(tables);
    }

    ~InstallationImpl() override { console_.report_to(nullptr); }

private:
    // What is reported before and beside the runtime has the form of its log.
    void report_as(const LoggingSettings& logging) {
        log_.emplace(console_, logging.level, logging.format);
        logger_ = log_->logger("embedq");
        console_.report_to(logger_.get());
    }

    FailureOr<config::Loaded> load() {
        if (auto ready = prepare_registry(); !ready) return std::unexpected(ready.error());
        PluginTables tables(*registry_);
        auto loaded = config::load(source_, tables, config::process_environment());
        if (!loaded) return std::unexpected(failure_of(loaded.error()));
        LoggingSettings& logging = loaded->configuration.logging;
        logging.level = log_override_.level.value_or(logging.level);
        if (log_override_.json) logging.format = LogFormat::json;
        return std::move(*loaded);
    }

    // The configuration names the plugin folders, and its other keys depend on the plugins: hence two steps.
    FailureOr<void> prepare_registry() {
        if (registry_ != nullptr) return {};
        auto paths = config::read_plugin_paths(source_, config::process_environment());
        if (!paths) return std::unexpected(failure_of(all_diagnostics(paths.error())));
        const auto registry = open_registry(std::move(*paths));
        if (!registry) return std::unexpected(failure_of(registry.error(), exit_usage));
        registry_ = *registry;
        return {};
    }

    // If `plugins.paths` cannot be read, the whole file is read with the program's own plugins, so that every fault is
    // reported.
    std::vector<config::Diagnostic> all_diagnostics(const std::vector<config::Diagnostic>& of_paths) {
        const auto registry = open_registry({});
        if (!registry) return of_paths;
        PluginTables tables(**registry);
        const auto loaded = config::load(source_, tables, config::process_environment());
        std::vector<config::Diagnostic> all = loaded ? loaded->warnings : loaded.error();
        std::ranges::copy_if(of_paths, std::back_inserter(all), [&](const config::Diagnostic& diagnostic) {
            return std::ranges::find(all, diagnostic) == all.end();
        });
        std::ranges::stable_sort(all, {},
                                 [](const config::Diagnostic& each) { return std::pair(each.line, each.column); });
        return all;
    }

    Console& console_;
    CallWatch& watch_;
    const std::string version_;
    const LogOverride log_override_;
    const config::Source source_;
    plugins::Registry* registry_ = nullptr;  // never deleted
    std::optional<Log> log_;
    std::unique_ptr<Logger> logger_;
};

}  // namespace

std::unique_ptr<Installation> make_installation(Console& console, std::string config_file, std::string version,
                                                LogOverride log, CallWatch& watch) {
    return std::make_unique<InstallationImpl>(console, std::move(config_file), std::move(version), log, watch);
}

}  // namespace embedq::cli
