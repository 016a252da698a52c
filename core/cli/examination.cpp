#include "cli/examination.h"

#include <fmt/format.h>

#include <utility>

#include "catalog/document.h"
#include "catalog/profile.h"
#include "cli/logging.h"
#include "cli/provider_probe.h"
#include "cli/renewed_provider.h"
#include "cli/runtime.h"
#include "config/configuration.h"
#include "config/secrets.h"
#include "config/text.h"
#include "endpoints/providers.h"
#include "engine/host_engine.h"
#include "loader/instances.h"
#include "loader/registry.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds notifier_step{100};

// What plugin instances use as long as they live. A provider that hangs keeps it alive, too.
struct Surroundings {
    Surroundings(Console& console, config::Configuration checked)
        : configuration(std::move(checked)), log(console, LogLevel::error, configuration.logging.format) {}

    HostContext& context(const std::string& name) {
        contexts.push_back(std::make_unique<HostContext>(
            name, log, [this](std::string_view option) { return store_option(configuration, option); }));
        return *contexts.back();
    }

    config::Configuration configuration;  // the secrets of the store are filled in when it is made
    const Log log;
    std::vector<std::unique_ptr<HostContext>> contexts;
};

// The engine only reads here, so there is nothing to publish.
class SilentNotifier : public Notifier {
public:
    void publish() override {}
    Wake wait(steady_clock::time_point /*deadline*/, std::stop_token /*stop*/) override { return Wake::timeout; }
};

// Members stand in the order in which they are needed: each is destroyed before what it uses.
class ExaminationImpl : public Examination {
public:
    ExaminationImpl(Console& console, plugins::Registry& registry, config::Configuration configuration,
                    std::vector<std::string> warnings, CallWatch& watch)
        : registry_(registry),
          watch_(watch),
          warnings_(std::move(warnings)),
          surroundings_(std::make_shared<Surroundings>(console, std::move(configuration))) {}

    ~ExaminationImpl() override { watch_.clear(); }

    std::string source() const override { return configuration().source; }
    std::vector<std::string> warnings() const override { return warnings_; }

    std::string store_name() const override { return configuration().store.plugin; }

    Result<StoreCapabilities> store_capabilities() override {
        auto store = make<Store>(PluginKind::store, configuration().store, plugins::make_store);
        if (!store) return std::unexpected(store.error());
        store_ = std::move(*store);
        watch_.add(fmt::format("store '{}'", store_name()),
                   [this] { return watched(plugins::call_statistics(*store_)); });
        engine_ = engine::make_engine(*store_, silent_, no_providers_,
                                      {configuration().embedding.provider, configuration().embedding.catalogs},
                                      surroundings_->context("engine"));
        return store_->capabilities();
    }

    Result<std::vector<Finding>> store_findings() override { return store_->diagnose(); }
    Result<MigrationState> migration_state() override { return store_->migration_state(); }
    Result<std::vector<EndpointState>> endpoint_states() override { return store_->endpoint_states(); }
    Engine& engine() override { return *engine_; }

    std::string notifier_name() const override { return configuration().notifier.plugin; }

    Result<std::string> notifier_degraded(milliseconds limit) override {
        const auto notifier = make<Notifier>(PluginKind::notifier, configuration().notifier, plugins::make_notifier);
        if (!notifier) return std::unexpected(notifier.error());
        const auto deadline = steady_clock::now() + limit;
        std::string reason = (*notifier)->degraded();
        // It may still be connecting.
        while (!reason.empty() && steady_clock::now() < deadline) {
            (void)(*notifier)->wait(steady_clock::now() + notifier_step, {});
            reason = (*notifier)->degraded();
        }
        return reason;
    }

    std::vector<ProviderAnswer> ask_providers(milliseconds limit) override {
        std::vector<ProviderAnswer> answers;
        std::vector<std::pair<std::size_t, ProviderProbe>> probes;
        const auto deadline = steady_clock::now() + limit;
        for (const auto& [name, provider] : configuration().providers) {
            answers.push_back({name, provider.instance.plugin, ProviderInfo{}, {}, {}});
            auto made = make_provider(provider.instance);
            if (made) {
                probes.emplace_back(answers.size() - 1, ProviderProbe(std::move(*made), surroundings_));
            } else {
                answers.back().info = std::unexpected(made.error());
            }
        }
        for (auto& [index, probe] : probes) {
            ProviderAnswer& answer = answers[index];
            answer.info = probe.answer(deadline, limit);
            if (!answer.info) continue;
            answer.took = probe.took();
            answer.fingerprint = catalog::make_profile(answer.plugin, *answer.info, catalog::text_form).fingerprint;
        }
        return answers;
    }

    std::string default_provider() const override { return configuration().embedding.provider; }
    milliseconds lease() const override { return configuration().scheduler.lease; }
    Time now() const override { return SystemClock().wall(); }

private:
    [[nodiscard]] const config::Configuration& configuration() const { return surroundings_->configuration; }

    template <class Interface, class Make>
    Result<std::unique_ptr<Interface>> make(PluginKind kind, const config::PluginInstance& instance, Make factory) {
        const auto plugin = registry_.load(kind, instance.plugin);
        if (!plugin) return std::unexpected(plugin.error());
        const CallWatch::Step step(watch_,
                                   fmt::format("{} '{}': reading its secrets", to_string(kind), instance.plugin));
        auto options = config::options_with_secrets(instance);
        if (!options) return std::unexpected(std::move(options.error()));
        // A notifier may ask for the store's options.
        if (kind == PluginKind::store) {
            keep_from_writing(**plugin, *options);
            surroundings_->configuration.store.options = *options;
        }
        return without_credentials(factory(**plugin, *options, surroundings_->context(instance.name)));
    }

    Result<std::shared_ptr<Provider>> make_provider(const config::PluginInstance& instance) {
        const auto plugin = registry_.load(PluginKind::provider, instance.plugin);
        if (!plugin) return std::unexpected(plugin.error());
        return without_credentials(make_configured_provider(**plugin, instance, surroundings_->context(instance.name)));
    }

    // An error of a factory may quote an address.
    template <class Made>
    static Made without_credentials(Made made) {
        if (!made) {
            made.error().message = config::hide_credentials(made.error().message);
            made.error().hint = config::hide_credentials(made.error().hint);
        }
        return made;
    }

    plugins::Registry& registry_;
    CallWatch& watch_;
    const std::vector<std::string> warnings_;
    const std::shared_ptr<Surroundings> surroundings_;
    SilentNotifier silent_;
    endpoints::ProviderDirectory no_providers_{{}};
    std::unique_ptr<Store> store_;
    std::unique_ptr<engine::HostEngine> engine_;
};

}  // namespace

std::unique_ptr<Examination> examine(Console& console, plugins::Registry& registry, config::Configuration configuration,
                                     std::vector<std::string> warnings, CallWatch& watch) {
    return std::make_unique<ExaminationImpl>(console, registry, std::move(configuration), std::move(warnings), watch);
}

}  // namespace embedq::cli
