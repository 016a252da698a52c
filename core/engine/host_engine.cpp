#include "engine/host_engine.h"

#include <algorithm>
#include <utility>

#include "embedq/support/ids.h"
#include "engine/searcher.h"
#include "engine/spec_writer.h"
#include "engine/target_assigner.h"

namespace embedq::engine {

namespace {

constexpr std::size_t max_hits = 500;

class StoreEngine final : public HostEngine {
public:
    StoreEngine(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers, EngineSettings settings,
                Context& context, std::stop_token stop)
        : store_(store),
          notifier_(notifier),
          targets_(store, notifier, providers, std::move(settings), context),
          writer_(
              store, notifier, [this](const CatalogWrite& catalog) { return put_catalog(catalog); }, std::move(stop)),
          searcher_(store, providers, context, [this](const std::string& id) { return targets_.provider_of(id); }) {}

    // --- catalogs

    Result<bool> put_catalog(const CatalogWrite& catalog) override {
        if (Status valid = check_catalog_id(catalog.catalog_id); !valid) return std::unexpected(valid.error());
        auto created = store_.put_catalog(catalog);
        if (created && *created) targets_.assign(catalog.catalog_id);
        return created;
    }

    Result<std::vector<CatalogInfo>> catalogs() override { return store_.catalogs(); }

    Result<CatalogInfo> catalog(std::string_view catalog_id) override {
        auto all = store_.catalogs();
        if (!all) return std::unexpected(all.error());
        for (CatalogInfo& info : *all) {
            if (info.catalog_id == catalog_id) return std::move(info);
        }
        return fail(ErrorKind::not_found, "there is no catalog '" + std::string(catalog_id) + "'",
                    "`embedq catalogs list` shows all catalogs");
    }

    Status delete_catalog(std::string_view catalog_id, std::optional<CatalogVersion> seen) override {
        return store_.delete_catalog(catalog_id, seen);
    }

    Status clone_catalog(std::string_view source_id, const CatalogWrite& target) override {
        if (Status valid = check_catalog_id(target.catalog_id); !valid) return valid;
        Status cloned = store_.clone_catalog(source_id, target);
        if (cloned) notifier_.publish();
        return cloned;
    }

    Result<std::size_t> reembed_catalog(std::string_view catalog_id) override {
        const auto info = catalog(catalog_id);
        if (!info) return std::unexpected(info.error());
        return targets_.reembed(*info);
    }
    Result<EmbeddingEstimate> estimate(std::string_view catalog_id, EstimateFor what) override {
        const auto info = catalog(catalog_id);
        if (!info) return std::unexpected(info.error());
        return targets_.estimate(*info, what);
    }

    Result<Profile> profile(const Sha256& profile_id) override { return store_.profile(profile_id); }

    Status apply_targets(TargetScope scope, std::stop_token stop,
                         std::optional<std::chrono::milliseconds> limit) override {
        return targets_.apply(scope, std::move(stop), limit.value_or(std::chrono::milliseconds::max()));
    }
    Status apply_known_targets(TargetScope scope) override { return targets_.apply_known(scope); }
    Result<CatalogProvider> provider_of(std::string_view catalog_id) override {
        const auto info = catalog(catalog_id);
        if (!info) return std::unexpected(info.error());
        return targets_.provider_for(*info);
    }

    // --- specs

    Result<std::vector<Result<PutResult>>> put_specs(std::span<const SpecInput> specs) override {
        return writer_.put(specs);
    }

    Result<std::vector<SpecInfo>> specs(std::string_view catalog_id, std::string_view after,
                                        std::size_t limit) override {
        return store_.specs(catalog_id, after, limit);
    }
    Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) override {
        return store_.spec(catalog_id, spec_name);
    }
    Result<std::string> spec_content(std::string_view catalog_id, std::string_view spec_name) override {
        return store_.spec_content(catalog_id, spec_name);
    }
    Result<std::vector<Operation>> spec_operations(std::string_view catalog_id, std::string_view spec_name) override {
        if (const auto known = store_.spec(catalog_id, spec_name); !known) return std::unexpected(known.error());
        std::vector<Operation> operations;
        const std::string name(spec_name);
        const Status read =
            store_.operations(catalog_id, std::span(&name, 1),
                              [&](std::string_view, const Operation& operation) { operations.push_back(operation); });
        if (!read) return std::unexpected(read.error());
        return operations;
    }
    Status delete_spec(std::string_view catalog_id, std::string_view spec_name,
                       std::optional<SpecVersion> seen) override {
        return store_.delete_spec(catalog_id, spec_name, seen);
    }

    Result<std::vector<SpecInfo>> due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                std::chrono::milliseconds default_interval) override {
        return store_.due_refreshes(limit, hold, default_interval);
    }

    Status checked(std::span<const SpecRef> specs) override { return store_.checked(specs); }

    Result<EnqueueOutcome> reembed_spec(std::string_view catalog_id, std::string_view spec_name) override {
        const EnqueueRequest request{std::string(catalog_id), std::string(spec_name), JobKind::manual_retry};
        const auto outcome = store_.enqueue(std::span(&request, 1));
        if (!outcome) return std::unexpected(outcome.error());
        if (outcome->front() != EnqueueOutcome::none) notifier_.publish();
        return outcome->front();
    }

    // --- reading and control

    Result<SearchResponse> search(const SearchRequest& request) override {
        if (request.limit < 1 || request.limit > max_hits) {
            return fail(ErrorKind::invalid_argument, "the limit is " + std::to_string(request.limit) +
                                                         ", but must be 1 to " + std::to_string(max_hits));
        }
        auto all = store_.catalogs();
        if (!all) return std::unexpected(all.error());
        if (request.catalog_id) {
            std::erase_if(*all, [&](const CatalogInfo& info) { return info.catalog_id != *request.catalog_id; });
            if (all->empty()) return std::unexpected(catalog(*request.catalog_id).error());
        }
        if (request.spec_name) {
            if (const Status there = keep_catalogs_with(*request.spec_name, *all); !there)
                return std::unexpected(there.error());
        }
        return searcher_.search(request, *all);
    }

    Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) override {
        return store_.health(catalog_id);
    }
    Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                             std::span<const std::string> spec_names) override {
        return store_.statuses(catalog_id, spec_names);
    }
    Result<Settlement> settlement(std::string_view catalog_id, std::span<const std::string> spec_names) override {
        return store_.settlement(catalog_id, spec_names);
    }
    Result<std::vector<Job>> jobs(const JobQuery& query) override { return store_.jobs(query); }

    Result<EnqueueOutcome> retry_job(JobId id) override {
        const auto found = store_.jobs({.id = id, .limit = 1});
        if (!found) return std::unexpected(found.error());
        if (found->empty()) return fail(ErrorKind::not_found, "there is no job " + std::to_string(id));
        const Job& job = found->front();
        if (job.status == JobStatus::pending || job.status == JobStatus::running) {
            return fail(ErrorKind::conflict, "job " + std::to_string(id) + " is " + std::string(to_string(job.status)),
                        "only a finished job can be retried");
        }
        return reembed_spec(job.catalog_id, job.spec_name);
    }

    Result<std::size_t> cancel_jobs(std::span<const JobId> jobs) override { return store_.cancel(jobs); }
    Result<PruneResult> prune(const PruneRequest& request) override { return store_.prune(request); }
    Result<std::vector<WorkerInfo>> workers() override { return store_.workers(); }

    Result<ReconcileResult> reconcile(std::string_view catalog_id) override {
        auto result = store_.reconcile(catalog_id);
        if (result && result->enqueued > 0) notifier_.publish();
        return result;
    }

private:
    Status keep_catalogs_with(std::string_view spec_name, std::vector<CatalogInfo>& catalogs) {
        std::vector<CatalogInfo> with;
        for (CatalogInfo& info : catalogs) {
            const auto spec = store_.spec(info.catalog_id, spec_name);
            if (spec) {
                with.push_back(std::move(info));
            } else if (spec.error().kind != ErrorKind::not_found || catalogs.size() == 1) {
                return std::unexpected(spec.error());
            }
        }
        catalogs = std::move(with);
        if (!catalogs.empty()) return {};
        return fail(ErrorKind::not_found, "no catalog has a spec '" + std::string(spec_name) + "'",
                    "embedq specs list --catalog ID shows the specs of a catalog");
    }

    Store& store_;
    Notifier& notifier_;
    TargetAssigner targets_;
    SpecWriter writer_;
    Searcher searcher_;
};

}  // namespace

std::unique_ptr<HostEngine> make_engine(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers,
                                        EngineSettings settings, Context& context, std::stop_token stop) {
    return std::make_unique<StoreEngine>(store, notifier, providers, std::move(settings), context, std::move(stop));
}

}  // namespace embedq::engine
