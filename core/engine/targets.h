// The catalogs' targets: what each is to be embedded by, as the configuration and the providers say now.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <cstddef>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "endpoints/providers.h"
#include "engine/host_engine.h"
#include "engine/query_embedder.h"
#include "sync/mutex.h"

namespace embedq::engine {

class Targets {
public:
    Targets(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers, EngineSettings settings,
            Context& context)
        : store_(store),
          notifier_(notifier),
          providers_(providers),
          settings_(std::move(settings)),
          context_(context),
          query_embedder_(providers) {}

    // As HostEngine::apply_targets and HostEngine::apply_known_targets.
    [[nodiscard]] Status apply(std::stop_token stop);
    [[nodiscard]] Status apply_known();
    // Gives a new catalog its target, or logs why it has none yet. A provider that did not answer is not waited for
    // again for a while.
    void give(const std::string& catalog_id);
    // As Engine::reembed_catalog.
    [[nodiscard]] Result<std::size_t> reembed(const CatalogInfo& catalog);
    // As Engine::estimate.
    [[nodiscard]] Result<EmbeddingEstimate> estimate(const CatalogInfo& catalog, EstimateFor what);

private:
    using Answers = QueryEmbedder::Answers;

    // The provider that the configuration names for a catalog; empty for none.
    [[nodiscard]] std::string provider_of(const std::string& catalog_id) const;
    // What the configuration says of a catalog, or a later epoch of the present target where that is what it asks for;
    // the provider's error where it does not answer.
    [[nodiscard]] Result<CatalogTarget> wanted(const CatalogInfo& catalog, const Answers& answers);
    [[nodiscard]] Status set(const std::vector<CatalogInfo>& catalogs, const Answers& answers);
    void remember_silent(const Answers& answers);
    // The next epoch of the present target.
    [[nodiscard]] Result<CatalogTarget> anew(const CatalogInfo& catalog);
    [[nodiscard]] Result<EmbeddingEstimate> estimate_of(const std::string& catalog_id, const std::string& provider,
                                                        const Profile& profile);
    [[nodiscard]] Result<std::size_t> enqueue_all(std::string_view catalog_id);
    void log_change(const CatalogInfo& before, const CatalogTarget& target);

    Store& store_;
    Notifier& notifier_;
    endpoints::ProviderDirectory& providers_;
    const EngineSettings settings_;
    Context& context_;
    sync::Mutex mutex_;
    // Why, and until when it is not waited for.
    std::map<std::string, std::pair<Error, Clock::Steady>> silent_ EMBEDQ_GUARDED_BY(mutex_);
    QueryEmbedder query_embedder_;
};

}  // namespace embedq::engine
