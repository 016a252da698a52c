// What a command gets: the console, the paths of the configuration, and a way to open the rest when it needs it.
//
// The rest is behind interfaces, so that each command is tested against a fake. Thread-safety: see the members.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/layout.h"
#include "embedq/engine.h"
#include "embedq/error.h"
#include "embedq/provider.h"
#include "embedq/store.h"
#include "fetch/fetch.h"
#include "scheduler/counters.h"

namespace embedq::cli {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

// Why a command cannot go on: each line is told, then the process ends.
struct Failure {
    int exit_status = exit_failed;
    std::vector<std::string> lines;
};
template <class T>
using Opened = std::expected<T, Failure>;

// Whether a process follows its providers with the catalogs' targets: `serve` and `index` do, a worker does not.
enum class TargetKeeping : std::uint8_t { follow, leave };

// Everything behind the commands: the store that the YAML names, the providers, the engine over them, and the
// scheduler. Every member may be called from any thread.
class Runtime {
public:
    virtual ~Runtime() = default;
    [[nodiscard]] virtual Engine& engine() = 0;
    [[nodiscard]] virtual StoreCapabilities store_capabilities() const = 0;
    [[nodiscard]] virtual std::string store_name() const = 0;
    [[nodiscard]] virtual Result<std::vector<EndpointState>> endpoint_states() = 0;
    [[nodiscard]] virtual Result<MigrationState> migration_state() = 0;
    [[nodiscard]] virtual Result<MigrationState> migrate() = 0;
    // Gives the catalogs the target profiles that the YAML says. Waits for providers for 10 s at most, and not beyond a
    // stop.
    [[nodiscard]] virtual Status apply_targets(std::stop_token stop) = 0;
    // Starts the scheduler; a second start does nothing. `stop_work` ends it cleanly and may be called at any time.
    // While it runs, a provider that answers late or has another model gives the catalogs their targets anew, unless
    // `targets` says to leave them.
    [[nodiscard]] virtual Status start_work(TargetKeeping targets) = 0;
    virtual void stop_work() noexcept = 0;
    [[nodiscard]] virtual scheduler::Counters counters() const = 0;
    // What asks for documents by URL, as the YAML's `fetch:` says; `invalid_argument` where that is wrong on this
    // machine.
    [[nodiscard]] virtual Result<std::unique_ptr<fetch::Fetcher>> make_fetcher() const = 0;
    [[nodiscard]] virtual Status start_services() = 0;
    // How many services are configured.
    [[nodiscard]] virtual std::size_t service_count() const = 0;
};

// A provider that the YAML names, and what it said of itself.
struct ProviderAnswer {
    std::string name;
    std::string plugin;
    Result<ProviderInfo> info;
    Sha256 fingerprint{};  // of the vectors it makes, where it answered
    std::chrono::milliseconds took{0};
};

// The parts that the YAML names, each opened by itself, so that one that fails does not hide the others. Nothing is
// migrated, set or started. Called on the main thread only.
class Examination {
public:
    virtual ~Examination() = default;
    [[nodiscard]] virtual std::string source() const = 0;  // as CheckedConfiguration
    [[nodiscard]] virtual std::vector<std::string> warnings() const = 0;

    [[nodiscard]] virtual std::string store_name() const = 0;
    // Where the store cannot be made, this says why, and the other questions to it are not to be asked.
    [[nodiscard]] virtual Result<StoreCapabilities> store_capabilities() = 0;
    [[nodiscard]] virtual Result<std::vector<Finding>> store_findings() = 0;
    [[nodiscard]] virtual Result<MigrationState> migration_state() = 0;
    [[nodiscard]] virtual Result<std::vector<EndpointState>> endpoint_states() = 0;
    [[nodiscard]] virtual Engine& engine() = 0;  // for reading

    [[nodiscard]] virtual std::string notifier_name() const = 0;
    // Empty while notifications arrive, for which the notifier gets that long; otherwise why it only polls.
    [[nodiscard]] virtual Result<std::string> notifier_degraded(std::chrono::milliseconds limit) = 0;
    // Asks all of them at once. Who does not answer in time is `unavailable`.
    [[nodiscard]] virtual std::vector<ProviderAnswer> ask_providers(std::chrono::milliseconds limit) = 0;
    // The provider that catalogs get by default; "none" when embedding is off.
    [[nodiscard]] virtual std::string default_provider() const = 0;

    [[nodiscard]] virtual std::chrono::milliseconds lease() const = 0;
    [[nodiscard]] virtual Time now() const = 0;
};

struct OpenRequest {
    bool migrate = true;           // bring the schema up to date; false leaves it as it is
    bool logs_everything = false;  // log as configured; otherwise warnings and errors only
    // Asked while the store is `unavailable`: whether to ask it again, after a pause. Without it the first such answer
    // is the failure.
    std::function<bool(const Error&)> try_again = {};
    std::stop_token stop = {};  // ends the waiting for others that migrate
};

struct OptionDescription {
    std::string name, type, default_value, help;
    bool required = false;
    bool secret = false;
    std::string minimum, maximum;  // as written in YAML; empty where there is no bound
    std::vector<std::string> choices;
};

struct PluginDescription {
    std::string kind, name, version, summary, file;
    std::vector<OptionDescription> options;
    bool built_in = false;  // from the folder beside the program; else from one of plugins.paths
    std::string build_tag;
};

struct PluginsFound {
    std::vector<PluginDescription> plugins;
    std::vector<std::string> refused;  // files that were not taken, with the reason
};

struct CheckedConfiguration {
    std::string source;               // the file, or a word for the built-in default
    std::vector<std::string> errors;  // as "file:line:column: …"
    std::vector<std::string> warnings;
    std::string effective;  // YAML, secrets hidden
};

// The machine as configured. Called on the main thread only.
class Installation {
public:
    virtual ~Installation() = default;
    [[nodiscard]] virtual Opened<std::unique_ptr<Runtime>> open(const OpenRequest& request) = 0;
    // Fails when the configuration is not valid.
    [[nodiscard]] virtual Opened<std::unique_ptr<Examination>> examine() = 0;
    [[nodiscard]] virtual Opened<PluginsFound> plugins() = 0;
    // Loads one file, whatever the configuration says; a refusal is bad usage, told by the loader's sentence.
    [[nodiscard]] virtual Opened<PluginDescription> plugin_file(const std::string& file) = 0;
    [[nodiscard]] virtual Opened<CheckedConfiguration> check_configuration() = 0;
    [[nodiscard]] virtual Opened<std::string> configuration_schema() = 0;
    [[nodiscard]] virtual Opened<std::string> configuration_reference() = 0;
};

// A stop that signals cause, and time to wait in. Tests bring their own.
class Interruption {
public:
    virtual ~Interruption() = default;
    [[nodiscard]] virtual std::stop_token token() const = 0;
    // Waits that long, or until stop; false when stopped.
    [[nodiscard]] virtual bool wait_for(std::chrono::milliseconds duration) = 0;
    // Waits until stop.
    virtual void wait() = 0;
    [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
};

struct CommandContext {
    Console& console;
    Installation& installation;
    // Called once, before anything that starts threads, by commands that end cleanly on a signal.
    std::function<std::unique_ptr<Interruption>()> listen_for_stop;
    bool json = false;
    Layout layout = {};
    // Becomes another program (path, then its arguments), and returns only where that fails, with the reason.
    std::function<std::string(const std::vector<std::string>&)> become = {};
    std::istream* input = nullptr;  // standard input, for commands that read it
};

// Tells the failure and returns its exit status.
inline int tell(CommandContext& context, const Failure& failure) {
    for (const std::string& line : failure.lines) context.console.error(line);
    return failure.exit_status;
}

inline int tell(CommandContext& context, const Error& error) {
    context.console.error(to_string(error));
    return error.kind == ErrorKind::invalid_argument || error.kind == ErrorKind::misconfigured ? exit_usage
                                                                                               : exit_failed;
}

}  // namespace embedq::cli
