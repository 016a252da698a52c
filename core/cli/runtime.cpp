#include "cli/runtime.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>

#include "catalog/hash.h"
#include "cli/logging.h"
#include "cli/refresher.h"
#include "cli/renewed_provider.h"
#include "config/configuration.h"
#include "config/secrets.h"
#include "config/text.h"
#include "engine/host_engine.h"
#include "loader/instances.h"
#include "loader/registry.h"
#include "scheduler/scheduler.h"
#include "sync/mutex.h"
#include "sync/start_thread.h"

namespace embedq::cli {
namespace {

// As the YAML has them: " (4 calls at a time, 500 requests a minute)", or nothing.
std::string limits_in_words(const LimitSettings& limits) {
    std::vector<std::string> words;
    const auto add = [&](std::uint64_t limit, std::string_view of) {
        if (limit > 0) words.push_back(fmt::format("{} {}", limit, of));
    };
    add(limits.concurrency, "calls at a time");
    add(limits.batch_inputs, "texts a call");
    add(limits.requests_per_minute, "requests a minute");
    add(limits.tokens_per_minute, "tokens a minute");
    return words.empty() ? "" : fmt::format(" ({})", fmt::join(words, ", "));
}

// Members stand in the order in which they are needed: each is destroyed before what it uses.
class RuntimeImpl : public Runtime {
public:
    RuntimeImpl(Console& console, plugins::Registry& registry, config::Configuration configuration, LogLevel level,
                std::string version, std::stop_token stop, CallWatch& watch)
        : configuration_(std::move(configuration)),
          version_(std::move(version)),
          stop_(std::move(stop)),
          registry_(registry),
          watch_(watch),
          log_(console, level, configuration_.logging.format) {}

    ~RuntimeImpl() override {
        stop_work();
        for (const auto& service : services_) service->stop();
        watch_.clear();
    }

    Status open(const OpenRequest& request) {
        grace_ = request.grace;
        if (Status made = make_store(request); !made) return made;
        // Nothing has begun that a stop would have to wait for.
        const std::stop_callback at_stop(stop_, [this] { store_->interrupt(); });
        if (Status opened = open_store(request); !opened) return opened;
        if (Status opened = open_notifier(); !opened) return opened;
        if (Status opened = open_providers(request); !opened) return opened;
        engine_ = engine::make_engine(*store_, *notifier_, *providers_,
                                      {configuration_.embedding.provider, configuration_.embedding.catalogs},
                                      context("engine"), stop_);
        return {};
    }

    Engine& engine() override { return *engine_; }
    StoreCapabilities store_capabilities() const override { return store_->capabilities(); }
    std::string store_name() const override { return configuration_.store.plugin; }
    std::chrono::milliseconds lease() const override { return configuration_.scheduler.lease; }
    Time now() const override { return clock_.wall(); }
    Result<std::vector<EndpointState>> endpoint_states() override { return store_->endpoint_states(); }
    Result<MigrationState> migration_state() override { return store_->migration_state(); }
    Result<MigrationState> migrate() override {
        watch_.use(Patience::writes);
        return store_->migrate();
    }
    Status apply_targets(std::stop_token stop, std::optional<std::chrono::milliseconds> limit) override {
        return engine_->apply_targets(scope_of(TargetPolicy::as_configured), std::move(stop), limit);
    }
    Status apply_configuration(std::stop_token stop) override {
        watch_.use(Patience::writes);
        return engine_->apply_targets(engine::TargetScope::all, std::move(stop));
    }
    Result<engine::CatalogProvider> provider_of(std::string_view catalog_id) override {
        return engine_->provider_of(catalog_id);
    }

    Status start_work(TargetPolicy targets) override {
        if (scheduler_ != nullptr) return {};
        const endpoints::ModelListener listener = [this, scope = scope_of(targets)] {
            return engine_->apply_known_targets(scope);
        };
        SchedulerSettings settings = configuration_.scheduler;
        settings.version = version_;
        settings.grace = std::min(settings.grace, grace_.value_or(settings.grace));
        scheduler_ = std::make_unique<scheduler::Scheduler>(*store_, *notifier_, *providers_, std::move(settings),
                                                            context("scheduler"), listener);
        log_start();
        return scheduler_->start();
    }

    void interrupt() noexcept override { store_->interrupt(); }

    std::string running_calls() const override { return watch_.running(); }

    std::string slow_calls() const override { return watch_.slow(std::chrono::steady_clock::now()); }

    void stop_work() noexcept override {
        const sync::Lock lock(stop_mutex_);
        // Services and refreshes create work, so they end first.
        refreshing_ = {};
        for (const auto& service : services_) service->stop();
        if (scheduler_ != nullptr) scheduler_->stop();
    }

    scheduler::Counters counters() const override {
        return scheduler_ == nullptr ? scheduler::Counters{} : scheduler_->counters();
    }
    std::vector<EndpointState> pauses() const override {
        return scheduler_ == nullptr ? std::vector<EndpointState>{} : scheduler_->pauses();
    }
    Result<std::unique_ptr<fetch::Fetcher>> make_fetcher() const override {
        FetchSettings settings = configuration_.fetch;
        settings.user_agent = "embedq/" + version_;
        return fetch::make_fetcher(std::move(settings));
    }
    std::chrono::milliseconds default_refresh() const override { return configuration_.fetch.refresh; }
    Status start_refreshing() override {
        auto fetcher = make_fetcher();
        if (!fetcher) return std::unexpected(std::move(fetcher.error()));
        refresher_ =
            std::make_unique<Refresher>(*engine_, std::move(*fetcher), configuration_.fetch, context("refresher"));
        return sync::start_thread(refreshing_, [this](const std::stop_token& stop) { refresher_->run(stop); });
    }
    std::size_t service_count() const override { return configuration_.services.size(); }

    Status start_services() override {
        for (const config::PluginInstance& instance : configuration_.services) {
            const auto plugin = registry_.load(PluginKind::service, instance.plugin);
            if (!plugin) return std::unexpected(plugin.error());
            const std::string who = fmt::format("service '{}'", instance.name);
            const auto options = options_of(instance, who);
            if (!options) return std::unexpected(options.error());
            auto service = plugins::make_service(**plugin, *options, context(instance.name), *engine_);
            if (!service) return std::unexpected(service.error());
            services_.push_back(std::move(*service));
            watch_.add(who, [made = services_.back().get()] { return watched(plugins::call_statistics(*made)); });
            if (Status started = services_.back()->start(); !started) return started;
        }
        return {};
    }

private:
    [[nodiscard]] engine::TargetScope scope_of(TargetPolicy targets) const {
        const bool applies = configuration_.embedding.settings.model_change == ModelChangePolicy::apply;
        return targets == TargetPolicy::as_configured && applies ? engine::TargetScope::new_models
                                                                 : engine::TargetScope::new_catalogs;
    }

    void log_start() {
        std::vector<std::string> providers;
        for (const auto& [name, provider] : configuration_.providers)
            providers.push_back(name + limits_in_words(provider.limits));
        const std::string all = providers.empty() ? "none" : fmt::format("{}", fmt::join(providers, ", "));
        const std::string line =
            fmt::format("embedq {} works as {}: store {}, notifier {}, providers: {}", version_,
                        scheduler_->worker_id(), store_name(), configuration_.notifier.plugin, all);
        const std::array fields{LogField{"version", version_}, LogField{"worker", scheduler_->worker_id()},
                                LogField{"store", configuration_.store.plugin},
                                LogField{"notifier", configuration_.notifier.plugin}, LogField{"providers", all}};
        context("embedq").logger().log_fields(LogLevel::info, line, fields);
    }

    HostContext& context(const std::string& name) {
        const sync::Lock lock(contexts_mutex_);
        contexts_.push_back(std::make_unique<HostContext>(
            name, log_, [this](std::string_view option) { return store_option(configuration_, option); }));
        return *contexts_.back();
    }

    // Calls the store until it is available, or until the caller gives up.
    template <class Ask>
    static auto ask_store(const OpenRequest& request, Ask&& ask) {
        while (true) {
            auto answer = ask();
            if (answer || answer.error().kind != ErrorKind::unavailable) return answer;
            if (!request.try_again || !request.try_again(answer.error())) return answer;
        }
    }

    // A stop ends the reading of secrets, which a command may give.
    Result<Options> options_of(const config::PluginInstance& instance, const std::string& who) {
        const CallWatch::Step step(watch_, who + ": reading its secrets");
        return config::options_with_secrets(instance, stop_);
    }

    Status make_store(const OpenRequest& request) {
        const auto plugin = registry_.load(PluginKind::store, configuration_.store.plugin);
        if (!plugin) return std::unexpected(plugin.error());
        const std::string who = fmt::format("store '{}'", store_name());
        auto options = options_of(configuration_.store, who);
        if (!options) return std::unexpected(std::move(options.error()));
        if (only_reads(request.use)) keep_from_writing(**plugin, *options);
        configuration_.store.options = std::move(*options);
        auto store = plugins::make_store(**plugin, configuration_.store.options, context(configuration_.store.plugin));
        if (!store) return std::unexpected(store.error());
        store_ = std::move(*store);
        watch_.add(who, [this] { return watched(plugins::call_statistics(*store_)); });
        return {};
    }

    Status open_store(const OpenRequest& request) {
        if (request.use == StoreUse::inspect || request.use == StoreUse::migrate) return {};
        // Stores may have this option. It fails here, rather than at each later call to the store.
        const bool migrates = store_option(configuration_, "migrate") != "never";
        if (request.use != StoreUse::work || !migrates) return require_schema(request, migrates);
        const auto migrated = ask_store(request, [&] { return store_->migrate(request.stop); });
        return migrated ? Status{} : std::unexpected(migrated.error());
    }

    Status require_schema(const OpenRequest& request, bool migrates) {
        const auto state = ask_store(request, [&] { return store_->migration_state(); });
        if (!state) return std::unexpected(state.error());
        if (state->current == state->newest) return {};
        const std::string hint = migrates ? "run `embedq migrate up`; index, serve and worker do it when they start"
                                          : "it may not migrate by itself (migrate: never): run `embedq migrate up`";
        if (state->current == 0)
            return fail(ErrorKind::misconfigured, fmt::format("the store '{}' has no schema yet", store_name()), hint);
        return fail(
            ErrorKind::misconfigured,
            fmt::format("the store's schema has version {}, and this build needs {}", state->current, state->newest),
            state->current < state->newest ? hint : "a newer embedq made it: use that one");
    }

    Status open_notifier() {
        const auto plugin = registry_.load(PluginKind::notifier, configuration_.notifier.plugin);
        if (!plugin) return std::unexpected(plugin.error());
        const std::string who = fmt::format("notifier '{}'", configuration_.notifier.plugin);
        const auto options = options_of(configuration_.notifier, who);
        if (!options) return std::unexpected(options.error());
        auto notifier = plugins::make_notifier(**plugin, *options, context(configuration_.notifier.plugin));
        if (!notifier) return std::unexpected(notifier.error());
        notifier_ = std::move(*notifier);
        watch_.add(who, [this] { return watched(plugins::call_statistics(*notifier_)); });
        return {};
    }

    Status open_providers(const OpenRequest& request) {
        std::vector<endpoints::ProviderBinding> bindings;
        for (const auto& [name, provider] : configuration_.providers) {
            const auto plugin = registry_.load(PluginKind::provider, provider.instance.plugin);
            if (!plugin) return std::unexpected(plugin.error());
            provider_plugins_.emplace(provider.instance.plugin, *plugin);
            auto made = make_configured_provider(**plugin, provider.instance, context(name));
            if (!made) return std::unexpected(made.error());
            watch_.add(fmt::format("provider '{}'", name), [watched_one = std::shared_ptr<const Provider>(*made)] {
                return watched(statistics_of(*watched_one));
            });
            bindings.push_back({name, provider.instance.plugin, std::move(*made), provider.limits});
        }
        add_serving_providers(bindings, request);
        // Another process may switch a catalog to a profile that this configuration does not have.
        providers_ = std::make_unique<endpoints::ProviderDirectory>(
            std::move(bindings), &clock_, [this](const Profile& profile) { return serving_provider(profile); });
        return {};
    }

    // Catalogs may still be ranked by vectors of an earlier configuration, and their queries need a provider like the
    // earlier one. If it cannot be made (the plugin is gone, a secret is needed), search reports that and ranks by
    // words.
    void add_serving_providers(std::vector<endpoints::ProviderBinding>& bindings, const OpenRequest& request) {
        const auto catalogs = ask_store(request, [&] { return store_->catalogs(); });
        if (!catalogs) return;
        std::set<Sha256> serving;
        for (const CatalogInfo& catalog : *catalogs) {
            if (catalog.serving_profile) serving.insert(*catalog.serving_profile);
        }
        for (const Sha256& id : serving) {
            const auto profile = store_->profile(id);
            if (!profile) continue;
            const auto plugin = registry_.load(PluginKind::provider, profile->plugin);
            if (plugin) provider_plugins_.emplace(profile->plugin, *plugin);
            if (auto binding = serving_provider(*profile)) bindings.push_back(std::move(*binding));
        }
    }

    // Loads no plugin, because it is called from any thread.
    std::optional<endpoints::ProviderBinding> serving_provider(const Profile& profile) {
        const auto found = provider_plugins_.find(profile.plugin);
        if (found == provider_plugins_.end()) return std::nullopt;
        const plugins::LoadedPlugin& plugin = *found->second;
        std::map<std::string, std::string> written(profile.public_options.begin(), profile.public_options.end());
        const std::span table(plugin.descriptor->options, plugin.descriptor->option_count);
        const auto takes = [&](std::string_view name) {
            return std::ranges::any_of(table, [&](const OptionSpec& o) { return o.name == name; });
        };
        if (!profile.document_prefix.empty() && takes("document_prefix"))
            written.try_emplace("document_prefix", profile.document_prefix);
        if (!profile.query_prefix.empty() && takes("query_prefix"))
            written.try_emplace("query_prefix", profile.query_prefix);
        const auto options = config::options_from_text(table, written);
        if (!options) return std::nullopt;
        const std::string name = "(serving " + catalog::to_hex(profile.id).substr(0, 12) + ")";
        auto made = plugins::make_provider(plugin, *options, context(name));
        if (!made) return std::nullopt;
        return endpoints::ProviderBinding{name, profile.plugin, std::move(*made), {}, true};
    }

    config::Configuration configuration_;  // constant once the store is open: its secrets are read then
    const std::string version_;
    const std::stop_token stop_;
    std::optional<std::chrono::milliseconds> grace_;  // constant once it is open
    plugins::Registry& registry_;
    CallWatch& watch_;
    const Log log_;
    const SystemClock clock_;
    sync::Mutex contexts_mutex_;
    std::vector<std::unique_ptr<HostContext>> contexts_ EMBEDQ_GUARDED_BY(contexts_mutex_);
    // By name; filled on the main thread before the first call to a provider, and constant afterwards.
    std::map<std::string, const plugins::LoadedPlugin*, std::less<>> provider_plugins_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Notifier> notifier_;
    std::unique_ptr<endpoints::ProviderDirectory> providers_;
    std::unique_ptr<engine::HostEngine> engine_;
    std::unique_ptr<scheduler::Scheduler> scheduler_;
    std::vector<std::unique_ptr<Service>> services_;
    std::unique_ptr<Refresher> refresher_;
    std::jthread refreshing_;  // ended by `stop_work`
    sync::Mutex stop_mutex_;   // who stops second waits for the first
};

}  // namespace

std::vector<WatchedCall> watched(const std::vector<plugins::CallStatistics>& rows) {
    std::vector<WatchedCall> calls;
    for (const plugins::CallStatistics& row : rows) {
        WatchedCall& call = calls.emplace_back(std::string(row.verb), row.running);
        call.succeeded = row.calls - std::min(row.calls, row.errors);
        // A notifier waits until something happens.
        if (row.verb != "wait") call.since = row.running_since;
        call.embeds = row.verb == "embed";
    }
    return calls;
}

void keep_from_writing(const plugins::LoadedPlugin& store, Options& options) {
    constexpr std::string_view name = "read_only";
    const std::span table(store.descriptor->options, store.descriptor->option_count);
    const auto has = [&](const OptionSpec& each) { return each.name == name && each.type == OptionType::boolean; };
    if (std::ranges::any_of(table, has)) options.set(std::string(name), true);
}

std::optional<std::string> store_option(const config::Configuration& configuration, std::string_view name) {
    const auto& values = configuration.store.options.values();
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return config::option_to_text(found->second);
}

std::vector<config::Diagnostic> refused_instances(Console& console, plugins::Registry& registry,
                                                  const config::Configuration& configuration) {
    const Log log(console, LogLevel::error, configuration.logging.format);
    std::vector<config::Diagnostic> refused;
    const auto try_out = [&](PluginKind kind, const config::PluginInstance& instance, const std::string& where,
                             auto make) {
        // Their options are known only to who runs the command. A notifier may take those of the store.
        const bool takes_stores = kind == PluginKind::notifier && config::needs_command(configuration.store);
        if (takes_stores || config::needs_command(instance)) return;
        HostContext context(instance.name, log,
                            [&](std::string_view option) { return store_option(configuration, option); });
        const auto plugin = registry.load(kind, instance.plugin);
        Status made = plugin ? Status{} : std::unexpected(plugin.error());
        if (plugin) {
            if (auto instance_made = make(**plugin, instance.options, context); !instance_made)
                made = std::unexpected(instance_made.error());
        }
        if (made) return;
        refused.push_back({configuration.source, instance.line, instance.column, false,
                           fmt::format("{}: {}", where, config::hide_credentials(made.error().message)),
                           config::hide_credentials(made.error().hint)});
    };
    try_out(PluginKind::store, configuration.store, "store", plugins::make_store);
    try_out(PluginKind::notifier, configuration.notifier, "notifier", plugins::make_notifier);
    for (const auto& [name, provider] : configuration.providers) {
        try_out(PluginKind::provider, provider.instance, "providers." + name, plugins::make_provider);
    }
    std::ranges::stable_sort(refused, {},
                             [](const config::Diagnostic& each) { return std::pair(each.line, each.column); });
    return refused;
}

FailureOr<std::unique_ptr<Runtime>> open_runtime(Console& console, plugins::Registry& registry,
                                                 config::Configuration configuration, const OpenRequest& request,
                                                 const std::string& version, CallWatch& watch) {
    const LogLevel configured = configuration.logging.level;
    // A command that prints an answer logs warnings only, unless the configuration asks for less, or for debug output.
    const bool diagnosis = configured == LogLevel::debug || configured == LogLevel::trace;
    const LogLevel level = request.logs_everything || diagnosis ? configured : std::max(configured, LogLevel::warn);
    auto runtime =
        std::make_unique<RuntimeImpl>(console, registry, std::move(configuration), level, version, request.stop, watch);
    if (const Status opened = runtime->open(request); !opened) {
        const bool bad_configuration = opened.error().kind == ErrorKind::misconfigured ||
                                       opened.error().kind == ErrorKind::invalid_argument ||
                                       opened.error().kind == ErrorKind::not_found;
        return std::unexpected(Failure{bad_configuration ? exit_usage : exit_failed, {to_string(opened.error())}});
    }
    return runtime;
}

}  // namespace embedq::cli
