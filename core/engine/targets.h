// The catalogs' targets: what each is to be embedded by, as the configuration and the providers say now.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "engine/engine_impl.h"
#include "scheduler/providers.h"

namespace embedq::engine {

class Targets {
public:
    Targets(Store& store, Notifier& notifier, scheduler::ProviderDirectory& providers, EngineSettings settings, Context& context)
        : store_(store), notifier_(notifier), providers_(providers), settings_(std::move(settings)), context_(context) {}

    // As EngineImpl::apply_targets.
    [[nodiscard]] Status apply();
    // Gives a new catalog its target, or logs why it has none yet.
    void give(const std::string& catalog_id);
    // As Engine::reembed_catalog.
    [[nodiscard]] Result<std::size_t> reembed(const CatalogInfo& catalog);
    // As Engine::estimate.
    [[nodiscard]] Result<EmbeddingEstimate> estimate(const CatalogInfo& catalog, EstimateFor what);

private:
    // What the configuration says of a catalog; the provider's error where it does not answer.
    [[nodiscard]] Result<CatalogTarget> wanted(const std::string& catalog_id);
    // The same, but a later epoch of the present target where that is what the configuration asks for.
    [[nodiscard]] Result<CatalogTarget> wanted_now(const CatalogInfo& catalog);
    // The next epoch of the present target.
    [[nodiscard]] Result<CatalogTarget> anew(const CatalogInfo& catalog);
    [[nodiscard]] Result<EmbeddingEstimate> estimate_of(const std::string& catalog_id, const std::string& provider, const Profile& profile);
    [[nodiscard]] Result<std::size_t> enqueue_all(std::string_view catalog_id);
    void log_change(const CatalogInfo& before, const CatalogTarget& target);

    Store& store_;
    Notifier& notifier_;
    scheduler::ProviderDirectory& providers_;
    const EngineSettings settings_;
    Context& context_;
};

}  // namespace embedq::engine
