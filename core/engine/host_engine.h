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
    // How long commands and whoever puts a catalog wait for providers to say what they are, all together.
    static constexpr std::chrono::milliseconds default_patience{10'000};

    std::string provider;                         // the default for every catalog; empty or "none": embedding is off
    std::map<std::string, std::string> catalogs;  // and the exceptions; "none" turns it off for one
    std::chrono::milliseconds patience = default_patience;
};

class HostEngine : public Engine {
public:
    // Gives every catalog of the store the target profile that the settings say, logs what changed, and closes the gaps
    // that this opens. Providers that are not known yet are asked, once each and for `patience` in all. One that does
    // not answer keeps its catalogs' present targets; the error of the first is returned after the rest is done. A stop
    // ends the wait, and nothing is changed. For `serve`, `index` and `migrate`; a worker never does this.
    [[nodiscard]] virtual Status apply_targets(std::stop_token stop) = 0;
    // The same by what is known alone: asks no provider, and leaves the catalogs of those that have not answered as
    // they are. For a scheduler that asks them itself.
    [[nodiscard]] virtual Status apply_known_targets() = 0;
};

// All references must outlive the engine.
[[nodiscard]] std::unique_ptr<HostEngine> make_engine(Store& store, Notifier& notifier,
                                                      endpoints::ProviderDirectory& providers, EngineSettings settings,
                                                      Context& context);

}  // namespace embedq::engine
