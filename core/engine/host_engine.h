// The engine over a store, a notifier and the configured providers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "endpoints/providers.h"

namespace embedq::engine {

struct EngineSettings {
    static constexpr std::chrono::milliseconds default_provider_timeout{10'000};

    std::string provider;                         // the default for every catalog; empty or "none": embedding is off
    std::map<std::string, std::string> catalogs;  // the exceptions by catalog; "none" turns embedding off for one
    // How long `apply_targets` waits for providers that have not answered yet, all together. `put_catalog` waits 2 s at
    // most: a process that works on the store gives the catalog its target later.
    std::chrono::milliseconds provider_timeout = default_provider_timeout;
};

// Which catalogs get the target that the settings ask for. Each includes those before it.
enum class TargetScope : std::uint8_t {
    new_catalogs,  // those that never had a target, and those whose provider only has another name now
    new_models,    // those whose model would be new to the store: no catalog has ever been embedded by it
    all,
};

// The provider that the settings name for a catalog, as this process knows it.
struct CatalogProvider {
    std::string name;           // empty for none
    std::size_t endpoints = 0;  // 0 until it has answered
    // Why this process makes no vectors for the catalog: its provider has not answered yet, or makes those of another
    // model (`misconfigured`).
    std::optional<Error> failure = std::nullopt;
};

class HostEngine : public Engine {
public:
    // Gives the catalogs in scope the target profile that the settings ask for, logs the changes, and enqueues jobs for
    // the texts that have no vector under the new target. A catalog out of scope whose target is another one is
    // reported once. Providers that are not known yet are asked once each, in parallel, for `provider_timeout` in all,
    // or for the limit if that is less. The catalogs of a provider that does not answer keep their targets; the first
    // error is returned after the other catalogs are done. A stop ends the wait, and nothing is changed.
    [[nodiscard]] virtual Status apply_targets(TargetScope scope, std::stop_token stop,
                                               std::optional<std::chrono::milliseconds> limit = std::nullopt) = 0;
    // The same for the providers that are known already: asks none, and leaves the catalogs of the others as they are.
    // For the scheduler, which asks the providers itself.
    [[nodiscard]] virtual Status apply_known_targets(TargetScope scope) = 0;
    // `not_found` for an unknown catalog. Asks no provider.
    [[nodiscard]] virtual Result<CatalogProvider> provider_of(std::string_view catalog_id) = 0;
};

// All references must outlive the engine. `stop` is the process's: it ends the reading of documents, which may take
// long.
[[nodiscard]] std::unique_ptr<HostEngine> make_engine(Store& store, Notifier& notifier,
                                                      endpoints::ProviderDirectory& providers, EngineSettings settings,
                                                      Context& context, std::stop_token stop = {});

}  // namespace embedq::engine
