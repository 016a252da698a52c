// The parts that a checked configuration names, each opened by itself for a diagnosis: one that fails does not hide the
// others. Nothing is migrated, assigned or started.
//
// Called on the main thread only.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cli/call_watch.h"
#include "cli/console.h"
#include "embedq/diagnosis.h"
#include "embedq/engine.h"
#include "embedq/error.h"
#include "embedq/provider.h"
#include "embedq/store.h"

namespace embedq::config {
struct Configuration;
}
namespace embedq::plugins {
class Registry;
}

namespace embedq::cli {

// A provider that the YAML names, and what it reported.
struct ProviderAnswer {
    std::string name;
    std::string plugin;
    Result<ProviderInfo> info;
    Sha256 fingerprint{};  // of the vectors it makes; only if it answered
    std::chrono::milliseconds took{0};
};

class Examination {
public:
    virtual ~Examination() = default;
    [[nodiscard]] virtual std::string source() const = 0;  // as CheckedConfiguration
    [[nodiscard]] virtual std::vector<std::string> warnings() const = 0;

    [[nodiscard]] virtual std::string store_name() const = 0;
    // The error where the store cannot be made; the other functions of the store must not be called then.
    [[nodiscard]] virtual Result<StoreCapabilities> store_capabilities() = 0;
    [[nodiscard]] virtual Result<std::vector<Finding>> store_findings() = 0;
    [[nodiscard]] virtual Result<MigrationState> migration_state() = 0;
    [[nodiscard]] virtual Result<std::vector<EndpointState>> endpoint_states() = 0;
    [[nodiscard]] virtual Engine& engine() = 0;  // for reading

    [[nodiscard]] virtual std::string notifier_name() const = 0;
    // Empty if notifications arrive, which the notifier has `limit` to achieve; otherwise why it only polls.
    [[nodiscard]] virtual Result<std::string> notifier_degraded(std::chrono::milliseconds limit) = 0;
    // Asks all providers in parallel. One that does not answer in time is `unavailable`.
    [[nodiscard]] virtual std::vector<ProviderAnswer> ask_providers(std::chrono::milliseconds limit) = 0;
    // The provider that catalogs get by default; "none" when embedding is off.
    [[nodiscard]] virtual std::string default_provider() const = 0;

    [[nodiscard]] virtual std::chrono::milliseconds lease() const = 0;
    [[nodiscard]] virtual Time now() const = 0;
};

// The console, the registry and the watch must outlive it.
[[nodiscard]] std::unique_ptr<Examination> examine(Console& console, plugins::Registry& registry,
                                                   config::Configuration configuration,
                                                   std::vector<std::string> warnings, CallWatch& watch);

}  // namespace embedq::cli
