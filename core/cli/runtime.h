// Everything behind the commands: the store that the YAML names, the notifier, the providers, the engine over them, the
// scheduler and the services.
//
// Thread-safety: `open_runtime` and `refused_instances` on the main thread; every member of the runtime from any
// thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/call_watch.h"
#include "cli/console.h"
#include "cli/failure.h"
#include "cli/interruption.h"
#include "embedq/engine.h"
#include "embedq/error.h"
#include "embedq/options.h"
#include "embedq/store.h"
#include "engine/host_engine.h"
#include "fetch/fetch.h"
#include "scheduler/counters.h"

namespace embedq::config {
struct Configuration;
struct Diagnostic;
}  // namespace embedq::config
namespace embedq::plugins {
struct LoadedPlugin;
class Registry;
struct CallStatistics;
}  // namespace embedq::plugins

namespace embedq::cli {

// Which catalogs a process gives a target when a provider answers, or answers with another model: `serve` and `index`
// do what `embedding.model_change` says, a worker provides for new catalogs only.
enum class TargetPolicy : std::uint8_t { as_configured, new_catalogs };

class Runtime {
public:
    virtual ~Runtime() = default;
    [[nodiscard]] virtual Engine& engine() = 0;
    [[nodiscard]] virtual StoreCapabilities store_capabilities() const = 0;
    [[nodiscard]] virtual std::string store_name() const = 0;
    // A worker whose last heartbeat is older has lost its jobs.
    [[nodiscard]] virtual std::chrono::milliseconds lease() const = 0;
    [[nodiscard]] virtual Time now() const = 0;
    [[nodiscard]] virtual Result<std::vector<EndpointState>> endpoint_states() = 0;
    [[nodiscard]] virtual Result<MigrationState> migration_state() = 0;
    [[nodiscard]] virtual Result<MigrationState> migrate() = 0;
    // Gives new catalogs the target profiles that the YAML asks for, and the others as `embedding.model_change` says.
    // Waits at most 10 s for providers, or as long as the limit if that is less, and not beyond a stop.
    [[nodiscard]] virtual Status apply_targets(std::stop_token stop,
                                               std::optional<std::chrono::milliseconds> limit) = 0;
    // The same for all catalogs, whatever `embedding.model_change` says. From then on the command writes.
    [[nodiscard]] virtual Status apply_configuration(std::stop_token stop) = 0;
    [[nodiscard]] virtual Result<engine::CatalogProvider> provider_of(std::string_view catalog_id) = 0;
    // Starts the scheduler; a second start does nothing. `stop_work` ends it cleanly and may be called at any time.
    // While the scheduler runs, a provider that answers late or has another model gives its catalogs targets, as far as
    // the policy goes.
    [[nodiscard]] virtual Status start_work(TargetPolicy targets) = 0;
    virtual void stop_work() noexcept = 0;
    // Ends the store's calls, and refuses later ones: for a stop that takes too long. Never blocks.
    virtual void interrupt() noexcept = 0;
    // The calls of all plugins that have not returned, whether they hang or have just begun: "store 'postgres': claim,
    // extend".
    [[nodiscard]] virtual std::string running_calls() const = 0;
    // Those of them that take longer than 3 s; not those whose purpose is to wait.
    [[nodiscard]] virtual std::string slow_calls() const = 0;
    [[nodiscard]] virtual scheduler::Counters counters() const = 0;
    // The endpoints that get no calls from the scheduler of this process at present.
    [[nodiscard]] virtual std::vector<EndpointState> pauses() const = 0;
    // Fetches documents by URL, as configured under `fetch:`; `invalid_argument` where that does not work on this
    // machine.
    [[nodiscard]] virtual Result<std::unique_ptr<fetch::Fetcher>> make_fetcher() const = 0;
    // `fetch.refresh`: how often the URLs of specs without an interval of their own are asked; 0: never.
    [[nodiscard]] virtual std::chrono::milliseconds default_refresh() const { return {}; }
    // Asks the URLs of specs that are due again, until `stop_work`. The errors are those of `make_fetcher`, and
    // `unavailable` where the system starts no thread.
    [[nodiscard]] virtual Status start_refreshing() { return {}; }
    [[nodiscard]] virtual Status start_services() = 0;
    // The number of configured services.
    [[nodiscard]] virtual std::size_t service_count() const = 0;
};

// What a command does with the store, which it says when it opens it.
enum class StoreUse : std::uint8_t {
    read,     // changes nothing, and works where nothing may be changed; the schema must be this build's
    write,    // changes rows; likewise
    work,     // as `write`; the schema is brought up to date first, unless the store's option says `migrate: never`
    inspect,  // changes nothing, whatever version the schema has
    migrate,  // changes the schema, and nothing else
};
[[nodiscard]] constexpr bool only_reads(StoreUse use) noexcept {
    return use == StoreUse::read || use == StoreUse::inspect;
}

struct OpenRequest {
    StoreUse use = StoreUse::read;
    bool keeps_running = false;    // until a stop
    bool logs_everything = false;  // log as configured; otherwise warnings and errors only
    // For calls in flight at a stop, if that is less than the configured `grace`.
    std::optional<std::chrono::milliseconds> grace = std::nullopt;
    // Called while the store is `unavailable`: true, after a pause, to try again. Without it the first such error is
    // the failure.
    std::function<bool(const Error&)> try_again = {};
    // Ends what waits for the store meanwhile, its calls and those that follow, the reading of secrets, and that of
    // documents.
    std::stop_token stop = {};
};

// The calls of one instance, for the watch.
[[nodiscard]] std::vector<WatchedCall> watched(const std::vector<plugins::CallStatistics>& rows);
// Tells a store that has the option `read_only` not to write.
void keep_from_writing(const plugins::LoadedPlugin& store, Options& options);

// The value of a store's option in the YAML, as text.
[[nodiscard]] std::optional<std::string> store_option(const config::Configuration& configuration,
                                                      std::string_view name);

// Makes each configured store, notifier and provider, and destroys it again. Returns what the factories refuse, at the
// place where the plugin is named. Services are left out, since they need an engine over an open store, and so is what
// needs a command to know its secrets: none is run.
[[nodiscard]] std::vector<config::Diagnostic> refused_instances(Console& console, plugins::Registry& registry,
                                                                const config::Configuration& configuration);

// What a stop that takes too long does to a runtime, which must outlive the scope.
[[nodiscard]] inline OverdueStop overdue_stop_of(Runtime& runtime) {
    return {.interrupt = [&runtime] { runtime.interrupt(); },
            .hanging = [&runtime] { return runtime.running_calls(); }};
}

// The console, the registry and the watch must outlive the runtime.
[[nodiscard]] FailureOr<std::unique_ptr<Runtime>> open_runtime(Console& console, plugins::Registry& registry,
                                                               config::Configuration configuration,
                                                               const OpenRequest& request, const std::string& version,
                                                               CallWatch& watch);

}  // namespace embedq::cli
