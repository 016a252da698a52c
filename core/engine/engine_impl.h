// The engine over a store, a notifier and the configured providers.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "scheduler/providers.h"

namespace embedq::engine {

struct EngineSettings {
    std::string provider;                         // the default for every catalog; empty or "none": embedding is off
    std::map<std::string, std::string> catalogs;  // and the exceptions; "none" turns it off for one
};

class EngineImpl : public Engine {
public:
    // Gives every catalog of the store the target profile that the settings say, logs what changed, and closes the gaps that this opens.
    // A provider that does not answer keeps its catalogs' present targets; the error of the first is returned after the rest is done.
    // For `serve`, `index` and `migrate`; a worker never does this.
    [[nodiscard]] virtual Status apply_targets() = 0;
};

// All references must outlive the engine.
[[nodiscard]] std::unique_ptr<EngineImpl> make_engine(Store& store, Notifier& notifier, scheduler::ProviderDirectory& providers,
                                                      EngineSettings settings, Context& context);

}  // namespace embedq::engine
