// The configured providers of this process, resolved when they first answer: what the scheduler sends texts to and the engine
// embeds queries with.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/error.h"
#include "embedq/provider.h"
#include "scheduler/traffic.h"

namespace embedq::scheduler {

// What the YAML's `limits:` says; 0 means "not said".
struct ConfiguredLimits {
    std::size_t concurrency = 0;
    std::size_t batch_inputs = 0;
    std::uint32_t requests_per_minute = 0;
    std::uint32_t tokens_per_minute = 0;
};

struct ProviderBinding {
    std::string name;  // in the YAML
    std::string plugin;
    std::shared_ptr<Provider> provider;
    ConfiguredLimits limits;
    // Made from a stored profile, so that queries can be embedded for what a catalog is still ranked by; gets no documents.
    bool queries_only = false;
};

// A provider that answered: its facts, with the configured limits applied, and the profile (epoch 0) that its vectors have.
struct ResolvedProvider {
    std::string name;
    std::string plugin;
    std::shared_ptr<Provider> provider;
    ProviderInfo info;
    ConfiguredLimits limits;
    Profile profile;
};

class ProviderDirectory {
public:
    explicit ProviderDirectory(std::vector<ProviderBinding> bindings);

    // Those that documents are sent to.
    [[nodiscard]] std::vector<std::string> names() const;

    // Asks the provider for its facts once, and remembers them when it answered. `not_found` for a name that is not configured;
    // otherwise what the provider said.
    [[nodiscard]] Result<std::shared_ptr<const ResolvedProvider>> resolve(std::string_view name, std::stop_token stop = {});

    // A provider that makes vectors of the fingerprint. `not_found` when there is none; `unavailable` when one that did not answer may be
    // it.
    [[nodiscard]] Result<std::shared_ptr<const ResolvedProvider>> for_fingerprint(const Sha256& fingerprint, std::stop_token stop = {});

    // What lanes and queries of this process share of each provider's road.
    [[nodiscard]] Traffic& traffic() noexcept { return traffic_; }

private:
    Traffic traffic_;
    const std::map<std::string, ProviderBinding, std::less<>> bindings_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const ResolvedProvider>, std::less<>> resolved_;  // guarded by mutex_
};

}  // namespace embedq::scheduler
