#include "engine/searcher.h"

#include <algorithm>
#include <optional>
#include <set>

#include "sync/mutex.h"

namespace embedq::engine {

namespace {

// For the vectors of one search, with the probes: a model that must be loaded first may take that long.
constexpr std::chrono::seconds query_timeout{10};
constexpr double rank_constant = 60;  // of reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009)

constexpr std::string_view not_indexed = "embeddings_not_indexed";
constexpr std::string_view not_configured = "provider_not_configured";
constexpr std::string_view not_available = "provider_unavailable";

// Operations of one spec after another, handed to the index spec by spec.
class SpecCollector {
public:
    explicit SpecCollector(ranking::CatalogIndex& index) : index_(index) {}
    void add(std::string_view spec_name, const Operation& operation) {
        if (spec_name != spec_name_) flush();
        spec_name_ = spec_name;
        operations_.push_back(operation);
    }
    void flush() {
        if (!operations_.empty()) index_.put_spec(spec_name_, operations_);
        operations_.clear();
    }

private:
    ranking::CatalogIndex& index_;
    std::string spec_name_;
    std::vector<Operation> operations_;
};

// What is left of the time in which a search waits for providers. Each of the profiles that it needs a vector under
// gets an equal part of it: a provider that hangs leaves time for the others.
class QueryTime {
public:
    QueryTime(const Clock& clock, const std::vector<CatalogInfo>& catalogs) : clock_(clock) {
        for (const CatalogInfo& catalog : catalogs) {
            if (catalog.serving_profile) profiles_.insert(*catalog.serving_profile);
        }
    }
    // `embed` is given the deadline.
    template <class Embed>
    [[nodiscard]] auto spend(const Sha256& profile, const Embed& embed) {
        const auto begins = clock_.now();
        const auto parts = static_cast<std::int64_t>(std::max<std::size_t>(1, profiles_.size()));
        auto vector = embed(begins + left_ / parts);
        left_ -= std::min(left_, clock_.now() - begins);
        profiles_.erase(profile);
        return vector;
    }

private:
    const Clock& clock_;
    Clock::Steady::duration left_ = query_timeout;
    std::set<Sha256> profiles_;  // without a vector yet
};

SearchHit to_hit(const std::string& catalog_id, const ranking::Ranked& ranked) {
    return {catalog_id,
            std::string(ranked.spec_name),
            std::string(ranked.operation_id),
            std::string(ranked.method),
            std::string(ranked.path),
            std::string(ranked.summary),
            ranked.score};
}

// Answers ranked by different profiles or in different ways have no common scale: only their ranks are merged.
void merge_by_rank(std::vector<std::vector<SearchHit>>& lists, std::vector<SearchHit>& merged) {
    for (auto& list : lists) {
        for (std::size_t rank = 0; rank < list.size(); ++rank) {
            list[rank].score = (rank_constant + 1) / (rank_constant + 1 + static_cast<double>(rank));
            merged.push_back(std::move(list[rank]));
        }
    }
}

}  // namespace

std::shared_ptr<Searcher::CachedCatalog> Searcher::cached(const std::string& catalog_id) {
    const sync::Lock lock(mutex_);
    auto& entry = cache_[catalog_id];
    if (!entry) entry = std::make_shared<CachedCatalog>();
    return entry;
}

Status Searcher::refresh(CachedCatalog& cached, const CatalogInfo& catalog) {
    {
        const sync::ReaderLock lock(cached.mutex);
        if (cached.loaded && cached.revision == catalog.revision && cached.profile == catalog.serving_profile)
            return {};
    }
    const sync::WriterLock lock(cached.mutex);
    if (cached.loaded && cached.revision >= catalog.revision && cached.profile == catalog.serving_profile) return {};
    Changes changes{.revision = catalog.revision, .everything = true, .specs = {}};
    if (cached.loaded) {
        auto since = store_.changes(catalog.catalog_id, cached.revision);
        if (!since) return std::unexpected(since.error());
        changes = std::move(*since);
    }
    const bool everything = changes.everything || cached.profile != catalog.serving_profile;
    // If reading fails half-way, the next query reads everything again.
    cached.loaded = false;
    if (everything) cached.index = ranking::CatalogIndex();
    if (!everything) {
        // A vector can change under the same text, so the vectors of changed specs are read again.
        for (const std::string& spec : changes.specs) cached.index.remove_spec(spec);
    }
    if (everything || !changes.specs.empty()) {
        SpecCollector collector(cached.index);
        const std::vector<std::string> specs = everything ? std::vector<std::string>{} : changes.specs;
        const Status read = store_.operations(
            catalog.catalog_id, specs,
            [&](std::string_view spec, const Operation& operation) { collector.add(spec, operation); });
        if (!read) return read;
        collector.flush();
    }
    if (catalog.serving_profile) {
        if (Status vectors = load_vectors(cached, *catalog.serving_profile); !vectors) return vectors;
    }
    cached.profile = catalog.serving_profile;
    // The specs were read after the revision, so the cache is at least that new.
    cached.revision = changes.revision;
    cached.loaded = true;
    return {};
}

Status Searcher::load_vectors(CachedCatalog& cached, const Sha256& profile_id) {
    const auto profile = store_.profile(profile_id);
    if (!profile) return std::unexpected(profile.error());
    cached.index.set_dimension(profile->dimension);
    const std::vector<Sha256> wanted = cached.index.texts_without_vector();
    return store_.vectors(profile_id, wanted,
                          [&](std::size_t index, std::span<const float> values)
                              EMBEDQ_REQUIRES(cached.mutex) { cached.index.put_vector(wanted[index], values); });
}

Searcher::QueryVector Searcher::embed_query(const SearchRequest& request, const Sha256& profile_id,
                                            Clock::Steady deadline) {
    QueryVector answer;
    const auto profile = store_.profile(profile_id);
    if (!profile) return {.reason = std::string(not_indexed), .detail = to_string(profile.error())};
    answer.semantic_weight = profile->semantic_weight;
    const auto provider = providers_.for_profile(*profile, request.stop, deadline);
    if (!provider) {
        const bool missing = provider.error().kind == ErrorKind::not_found;
        answer.reason = missing ? not_configured : not_available;
        answer.detail = missing ? "no configured provider makes vectors like those the catalog is ranked by (plugin '" +
                                      profile->plugin + "', model '" + profile->model + "')"
                                : to_string(provider.error());
        return answer;
    }
    auto vector = embed_by(**provider, request, deadline);
    if (vector && vector->size() == profile->dimension) {
        answer.values = std::move(*vector);
        return answer;
    }
    answer.reason = not_available;
    answer.detail = "provider '" + (*provider)->name + "' could not embed the query: ";
    if (!vector)
        answer.detail += to_string(vector.error());
    else
        answer.detail += "it returned a vector of another dimension than " + std::to_string(profile->dimension);
    return answer;
}

Result<std::vector<float>> Searcher::embed_by(const endpoints::ProbedProvider& provider, const SearchRequest& request,
                                              Clock::Steady deadline) {
    endpoints::QueryAdmission& query_admission = providers_.query_admission();
    const auto permit =
        query_admission.admit_query(store_, provider, request.query.size(), context_.clock(), request.stop);
    if (!permit) return std::unexpected(permit.error());
    const std::string_view text = request.query;
    EmbedRequest embed;
    embed.texts = std::span(&text, 1);
    embed.kind = TextKind::query;
    embed.deadline = deadline;
    embed.stop = request.stop;
    auto result = provider.embed_query(embed, permit->endpoints(), [&](std::size_t endpoint, const Error& error) {
        query_admission.query_failed(store_, provider, endpoint, error, context_.clock().now());
    });
    if (!result) return std::unexpected(result.error());
    if (!result->errors.empty()) return std::unexpected(result->errors.front().error);
    return std::move(result->matrix);
}

std::string Searcher::why_no_target(const CatalogInfo& catalog) const {
    const std::string name = "catalog '" + catalog.catalog_id + "' ";
    const std::string provider = provider_of_(catalog.catalog_id);
    // One that is ranked by vectors had a target once: embedding was turned off for it.
    if (provider.empty() || catalog.serving_profile)
        return name + "has no provider; name one under `embedding:` in the configuration";
    return name + "waits for provider '" + provider +
           "', which has not answered a process that works yet; `embedq doctor` asks it";
}

Result<SearchResponse> Searcher::search(const SearchRequest& request, const std::vector<CatalogInfo>& catalogs) {
    SearchResponse response;
    response.ranking = request.mode;
    std::map<std::optional<Sha256>, std::vector<SearchHit>> by_profile;
    std::map<Sha256, QueryVector> vectors;
    bool any_ranked_as_asked = false;
    QueryTime query_time(context_.clock(), catalogs);
    for (const CatalogInfo& catalog : catalogs) {
        const std::shared_ptr<CachedCatalog> current = cached(catalog.catalog_id);
        if (Status fresh = refresh(*current, catalog); !fresh) return std::unexpected(fresh.error());

        ranking::Query query{.text = request.query, .mode = request.mode, .limit = request.limit};
        if (request.spec_name) query.spec_name = *request.spec_name;
        std::optional<Sha256> group;
        std::string reason;
        std::string detail;
        sync::ReaderLock lock(current->mutex);
        if (request.mode != RankingMode::lexical && !request.query.empty()) {
            // The provider is called without the lock: a slow answer would block the refresh of the catalog, and all
            // queries behind it. If the catalog moves to another profile meanwhile, the query needs a vector under that
            // one, too.
            while (catalog.target_profile && current->profile && current->index.vectors() > 0 &&
                   !vectors.contains(*current->profile)) {
                const Sha256 profile = *current->profile;
                lock.unlock();
                QueryVector vector = query_time.spend(
                    profile, [&](Clock::Steady deadline) { return embed_query(request, profile, deadline); });
                lock.lock();
                vectors.emplace(profile, std::move(vector));
            }
            if (!catalog.target_profile) {
                reason = not_indexed;
                detail = why_no_target(catalog);
            } else if (current->index.vectors() == 0 || !current->profile) {
                reason = not_indexed;
                detail = "no operation of catalog '" + catalog.catalog_id + "' has a vector yet; see `embedq status " +
                         catalog.catalog_id + "`";
            } else {
                const QueryVector& vector = vectors.at(*current->profile);
                reason = vector.reason;
                detail = vector.detail;
                if (reason.empty()) {
                    query.vector = vector.values;
                    query.semantic_weight = vector.semantic_weight;
                    group = current->profile;
                }
            }
        }
        if (reason.empty())
            any_ranked_as_asked = true;
        else if (current->index.operations() > 0 || response.fallback_reason.empty()) {
            response.fallback_reason = reason;
            response.fallback_detail = detail;
        }
        std::vector<SearchHit>& hits = by_profile[group];
        for (const ranking::Ranked& ranked : current->index.rank(query))
            hits.push_back(to_hit(catalog.catalog_id, ranked));
    }
    if (!any_ranked_as_asked && !response.fallback_reason.empty()) response.ranking = RankingMode::lexical;
    if (catalogs.empty() && request.mode != RankingMode::lexical) {
        response.ranking = RankingMode::lexical;
        response.fallback_reason = not_indexed;
        response.fallback_detail = "there is no catalog yet; `embedq index PATH` creates one";
    }

    const auto better = [](const SearchHit& a, const SearchHit& b) { return a.score > b.score; };
    std::vector<std::vector<SearchHit>> lists;
    for (auto& [profile, hits] : by_profile) {
        std::ranges::stable_sort(hits, better);
        if (!hits.empty()) lists.push_back(std::move(hits));
    }
    if (lists.size() == 1)
        response.hits = std::move(lists.front());
    else
        merge_by_rank(lists, response.hits);
    std::ranges::stable_sort(response.hits, better);
    if (response.hits.size() > request.limit) response.hits.resize(request.limit);
    return response;
}

}  // namespace embedq::engine
