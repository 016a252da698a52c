// Search over catalogs held in memory, each brought up to date with the store at every query (one revision number when
// nothing changed).
//
// Thread-safety: every member may be called from any thread; queries of one catalog run in parallel.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/store.h"
#include "endpoints/providers.h"
#include "ranking/index.h"
#include "sync/mutex.h"

namespace embedq::engine {

class Searcher {
public:
    // The name of the provider that the configuration names for a catalog; empty for none.
    using ProviderOf = std::function<std::string(const std::string& catalog_id)>;

    Searcher(Store& store, endpoints::ProviderDirectory& providers, Context& context, ProviderOf provider_of)
        : store_(store), providers_(providers), context_(context), provider_of_(std::move(provider_of)) {}

    // `catalogs` are those to search, as the store lists them now.
    [[nodiscard]] Result<SearchResponse> search(const SearchRequest& request, const std::vector<CatalogInfo>& catalogs);

private:
    // One catalog as it was at a revision of the store.
    struct CachedCatalog {
        sync::SharedMutex mutex;
        ranking::CatalogIndex index EMBEDQ_GUARDED_BY(mutex);
        std::uint64_t revision EMBEDQ_GUARDED_BY(mutex) = 0;
        std::optional<Sha256> profile EMBEDQ_GUARDED_BY(mutex);  // of the vectors
        bool loaded EMBEDQ_GUARDED_BY(mutex) = false;
    };
    // A query's vector under one profile, or why there is none.
    struct QueryVector {
        std::vector<float> values;
        double semantic_weight = 0;
        std::string reason;
        std::string detail;
    };

    // Why a catalog without a target is ranked by words.
    [[nodiscard]] std::string why_no_target(const CatalogInfo& catalog) const;
    [[nodiscard]] std::shared_ptr<CachedCatalog> cached(const std::string& catalog_id);
    // Reads from the store with the catalog's lock held: other searches of the catalog wait for what is being read.
    [[nodiscard]] Status refresh(CachedCatalog& cached, const CatalogInfo& catalog) EMBEDQ_EXCLUDES(cached.mutex);
    [[nodiscard]] Status load_vectors(CachedCatalog& cached, const Sha256& profile_id) EMBEDQ_REQUIRES(cached.mutex);
    [[nodiscard]] QueryVector embed_query(const SearchRequest& request, const Sha256& profile_id,
                                          Clock::Steady deadline);
    // The query's vector from the endpoints that are not paused, one after the other until the deadline, or why there
    // is none; never waits behind documents.
    [[nodiscard]] Result<std::vector<float>> embed_by(const endpoints::ProbedProvider& provider,
                                                      const SearchRequest& request, Clock::Steady deadline);

    Store& store_;
    endpoints::ProviderDirectory& providers_;
    Context& context_;
    const ProviderOf provider_of_;
    sync::Mutex mutex_;
    std::map<std::string, std::shared_ptr<CachedCatalog>, std::less<>> cache_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::engine
