// The engine over a store, a notifier and the configured providers.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

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
    // How long `apply_targets` and `put_catalog` wait for providers that have not answered yet, all together.
    std::chrono::milliseconds provider_timeout = default_provider_timeout;
};

class HostEngine : public Engine {
public:
    // Gives every catalog of the store the target profile that the settings ask for, logs the changes, and enqueues
    // jobs for the texts that have no vector under the new target. Providers that are not known yet are asked once
    // each, in parallel, for `provider_timeout` in all. The catalogs of a provider that does not answer keep their
    // targets; the first error is returned after the other catalogs are done. A stop ends the wait, and nothing is
    // changed. For `serve`, `index` and `migrate`; a worker never does this.
    [[nodiscard]] virtual Status apply_targets(std::stop_token stop) = 0;
    // The same for the providers that are known already: asks none, and leaves the catalogs of the others as they are.
    // For the scheduler, which asks the providers itself.
    [[nodiscard]] virtual Status apply_known_targets() = 0;
};

// All references must outlive the engine. `stop` is the process's: it ends the reading of documents, which may take
// long.
[[nodiscard]] std::unique_ptr<HostEngine> make_engine(Store& store, Notifier& notifier,
                                                      endpoints::ProviderDirectory& providers, EngineSettings settings,
                                                      Context& context, std::stop_token stop = {});

}  // namespace embedq::engine
