// Assigns each catalog its target: the provider and the profile that the catalog is embedded with, by the configuration
// and by what the providers report.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <span>
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
#include "engine/parallel_prober.h"
#include "sync/mutex.h"

namespace embedq::engine {

class TargetAssigner {
public:
    TargetAssigner(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers, EngineSettings settings,
                   Context& context)
        : store_(store),
          notifier_(notifier),
          providers_(providers),
          settings_(std::move(settings)),
          context_(context),
          prober_(providers) {}

    // As HostEngine::apply_targets, HostEngine::apply_known_targets and HostEngine::provider_of.
    [[nodiscard]] Status apply(TargetScope scope, std::stop_token stop, std::chrono::milliseconds limit);
    [[nodiscard]] Status apply_known(TargetScope scope);
    [[nodiscard]] Result<CatalogProvider> provider_for(const CatalogInfo& catalog);
    // Assigns a new catalog its target, or logs why it has none yet: it gets one from a process that works on the
    // store, when the provider answers. A provider that did not answer is not waited for again for 30 s.
    void assign(const std::string& catalog_id);
    // As Engine::reembed_catalog.
    [[nodiscard]] Result<std::size_t> reembed(const CatalogInfo& catalog);
    // As Engine::estimate.
    [[nodiscard]] Result<EmbeddingEstimate> estimate(const CatalogInfo& catalog, EstimateFor what);
    // The provider that the configuration names for a catalog; empty for none.
    [[nodiscard]] std::string provider_of(const std::string& catalog_id) const;

private:
    using Answers = ParallelProber::Answers;
    // A provider that did not answer: why, and until when it is not asked again.
    struct Unanswered {
        Error error;
        Clock::Steady until;
    };

    // The target that the configuration asks for. If the present target is a later epoch of the same profile, it stays.
    // The provider's error where it did not answer.
    [[nodiscard]] Result<CatalogTarget> configured_target(const CatalogInfo& catalog, const Answers& answers);
    // A catalog with the target that it is to get.
    struct Change {
        const CatalogInfo* catalog = nullptr;
        CatalogTarget target;
    };
    [[nodiscard]] Status set(const std::vector<CatalogInfo>& catalogs, const Answers& answers, TargetScope scope);
    [[nodiscard]] Result<bool> in_scope(const Change& change, TargetScope scope);
    // In one transaction. The first error of the store.
    [[nodiscard]] Status set(std::span<const Change> changes);
    // Logs those that have not been reported yet.
    void report(const std::vector<Change>& out_of_scope);
    // Whether a provider of this process that has answered makes vectors of the profile.
    [[nodiscard]] bool made_here(const Sha256& fingerprint) const;
    void remember_unanswered(const Answers& answers);
    // The next epoch of the present target.
    [[nodiscard]] Result<CatalogTarget> next_epoch(const CatalogInfo& catalog);
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
    std::map<std::string, Unanswered> unanswered_ EMBEDQ_GUARDED_BY(mutex_);
    // What was reported last: a target, and the one that the configuration asks for. The zero hash for none.
    struct Difference {
        Sha256 target{};
        Sha256 wanted{};
        bool operator==(const Difference&) const = default;
    };
    std::map<std::string, Difference> reported_ EMBEDQ_GUARDED_BY(mutex_);  // by catalog
    ParallelProber prober_;
};

}  // namespace embedq::engine
