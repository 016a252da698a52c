#include "engine/engine_impl.h"

#include <algorithm>
#include <utility>

#include "catalog/names.h"
#include "catalog/profile.h"
#include "engine/searcher.h"
#include "engine/spec_writer.h"

namespace embedq::engine {

namespace {

constexpr std::size_t page = 1'000;
constexpr std::size_t most_hits = 500;

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

class StoreEngine final : public EngineImpl {
public:
    StoreEngine(Store& store, Notifier& notifier, scheduler::ProviderDirectory& providers, EngineSettings settings, Context& context)
        : store_(store),
          notifier_(notifier),
          providers_(providers),
          settings_(std::move(settings)),
          context_(context),
          writer_(store, notifier, [this](const CatalogWrite& catalog) { return put_catalog(catalog); }),
          searcher_(store, providers, context) {}

    // --- catalogs

    Result<bool> put_catalog(const CatalogWrite& catalog) override {
        if (Status valid = catalog::check_catalog_id(catalog.catalog_id); !valid) return std::unexpected(valid.error());
        auto created = store_.put_catalog(catalog);
        if (created && *created) give_target(catalog.catalog_id);
        return created;
    }

    Result<std::vector<CatalogInfo>> catalogs() override { return store_.catalogs(); }

    Result<CatalogInfo> catalog(std::string_view catalog_id) override {
        auto all = store_.catalogs();
        if (!all) return std::unexpected(all.error());
        for (CatalogInfo& info : *all) {
            if (info.catalog_id == catalog_id) return std::move(info);
        }
        return fail(ErrorKind::not_found, "there is no catalog " + quoted(catalog_id) + "; `embedq catalogs list` names those there are");
    }

    Status delete_catalog(std::string_view catalog_id) override { return store_.delete_catalog(catalog_id); }

    Status clone_catalog(std::string_view source_id, const CatalogWrite& target) override {
        if (Status valid = catalog::check_catalog_id(target.catalog_id); !valid) return valid;
        Status cloned = store_.clone_catalog(source_id, target);
        if (cloned) notifier_.publish();
        return cloned;
    }

    Result<std::size_t> reembed_catalog(std::string_view catalog_id) override {
        const auto info = catalog(catalog_id);
        if (!info) return std::unexpected(info.error());
        if (!info->target_profile) {
            return fail(ErrorKind::conflict, "catalog " + quoted(catalog_id) +
                                                 " is embedded by no provider; name one under `embedding:` in the configuration first");
        }
        const auto current = store_.profile(*info->target_profile);
        if (!current) return std::unexpected(current.error());
        const CatalogTarget target{info->catalog_id, info->provider, catalog::with_epoch(*current, current->epoch + 1)};
        if (const auto set = store_.set_targets(std::span(&target, 1)); !set) return std::unexpected(set.error());
        return enqueue_all(catalog_id);
    }

    Result<Profile> profile(const Sha256& profile_id) override { return store_.profile(profile_id); }

    Status apply_targets() override {
        const auto all = store_.catalogs();
        if (!all) return std::unexpected(all.error());
        Status first_error;
        std::vector<CatalogTarget> targets;
        for (const CatalogInfo& info : *all) {
            auto wanted = wanted_target(info.catalog_id);
            if (!wanted) {
                if (first_error) first_error = std::unexpected(wanted.error());
                continue;
            }
            if (wanted->profile && info.target_profile) {
                const auto current = store_.profile(*info.target_profile);
                if (!current) return std::unexpected(current.error());
                // The same fingerprint in a later epoch is still what the configuration asks for.
                if (current->fingerprint == wanted->profile->fingerprint) wanted->profile = *current;
            }
            const bool same = info.provider == wanted->provider && info.target_profile.has_value() == wanted->profile.has_value() &&
                              (!wanted->profile || wanted->profile->id == *info.target_profile);
            if (!same) targets.push_back(std::move(*wanted));
        }
        if (!targets.empty()) {
            const auto set = store_.set_targets(targets);
            if (!set) return std::unexpected(set.error());
            for (const CatalogTarget& target : targets) {
                context_.logger().info("catalog " + quoted(target.catalog_id) + " is now embedded by " +
                                       (target.profile ? quoted(target.provider) + " (model " + quoted(target.profile->model) +
                                                             ", dimension " + std::to_string(target.profile->dimension) + ")"
                                                       : std::string("no provider")));
                if (!target.profile) continue;
                if (const auto queued = enqueue_all(target.catalog_id); !queued && first_error)
                    first_error = std::unexpected(queued.error());
            }
        }
        return first_error;
    }

    // --- specs

    Result<std::vector<Result<PutResult>>> put_specs(std::span<const SpecInput> specs) override { return writer_.put(specs); }

    Result<std::vector<SpecInfo>> specs(std::string_view catalog_id, std::string_view after, std::size_t limit) override {
        return store_.specs(catalog_id, after, limit);
    }
    Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) override { return store_.spec(catalog_id, spec_name); }
    Result<std::string> spec_content(std::string_view catalog_id, std::string_view spec_name) override {
        return store_.spec_content(catalog_id, spec_name);
    }
    Result<std::vector<Operation>> spec_operations(std::string_view catalog_id, std::string_view spec_name) override {
        if (const auto known = store_.spec(catalog_id, spec_name); !known) return std::unexpected(known.error());
        std::vector<Operation> operations;
        const std::string name(spec_name);
        const Status read = store_.operations(catalog_id, std::span(&name, 1),
                                              [&](std::string_view, const Operation& operation) { operations.push_back(operation); });
        if (!read) return std::unexpected(read.error());
        return operations;
    }
    Status delete_spec(std::string_view catalog_id, std::string_view spec_name) override {
        return store_.delete_spec(catalog_id, spec_name);
    }

    Result<EnqueueOutcome> reembed_spec(std::string_view catalog_id, std::string_view spec_name) override {
        const EnqueueRequest request{std::string(catalog_id), std::string(spec_name), JobKind::manual_retry};
        const auto outcome = store_.enqueue(std::span(&request, 1));
        if (!outcome) return std::unexpected(outcome.error());
        if (outcome->front() != EnqueueOutcome::none) notifier_.publish();
        return outcome->front();
    }

    // --- reading and control

    Result<SearchResponse> search(const SearchRequest& request) override {
        if (request.limit < 1 || request.limit > most_hits) {
            return fail(ErrorKind::invalid_argument,
                        "the limit is " + std::to_string(request.limit) + ", but must be 1 to " + std::to_string(most_hits));
        }
        auto all = store_.catalogs();
        if (!all) return std::unexpected(all.error());
        if (request.catalog_id) {
            std::erase_if(*all, [&](const CatalogInfo& info) { return info.catalog_id != *request.catalog_id; });
            if (all->empty()) return std::unexpected(catalog(*request.catalog_id).error());
        }
        return searcher_.search(request, *all);
    }

    Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) override { return store_.health(catalog_id); }
    Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id, std::span<const std::string> spec_names) override {
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
            return fail(ErrorKind::conflict,
                        "job " + std::to_string(id) + " is " + std::string(to_string(job.status)) + "; only a finished job can be retried");
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
    // What the configuration says of a catalog; the provider's error where it does not answer.
    [[nodiscard]] Result<CatalogTarget> wanted_target(const std::string& catalog_id) {
        const auto exception = settings_.catalogs.find(catalog_id);
        const std::string& provider = exception != settings_.catalogs.end() ? exception->second : settings_.provider;
        if (provider.empty() || provider == "none") return CatalogTarget{catalog_id, {}, std::nullopt};
        const auto resolved = providers_.resolve(provider);
        if (!resolved) return std::unexpected(resolved.error());
        return CatalogTarget{catalog_id, provider, (*resolved)->profile};
    }

    void give_target(const std::string& catalog_id) {
        const auto target = wanted_target(catalog_id);
        if (!target) {
            context_.logger().warn("catalog " + quoted(catalog_id) +
                                   " has no target yet, because its provider does not answer: " + target.error().message);
            return;
        }
        if (!target->profile) return;
        if (const auto set = store_.set_targets(std::span(&*target, 1)); !set) {
            context_.logger().warn("catalog " + quoted(catalog_id) + " has no target yet: " + set.error().message);
        }
    }

    [[nodiscard]] Result<std::size_t> enqueue_all(std::string_view catalog_id) {
        std::size_t enqueued = 0;
        std::string after;
        while (true) {
            const auto specs = store_.specs(catalog_id, after, page);
            if (!specs) return std::unexpected(specs.error());
            if (specs->empty()) break;
            std::vector<EnqueueRequest> requests;
            for (const SpecInfo& info : *specs) {
                if (info.operation_count > 0) requests.push_back({info.catalog_id, info.spec_name, JobKind::reconciler});
            }
            const auto outcomes = store_.enqueue(requests);
            if (!outcomes) return std::unexpected(outcomes.error());
            enqueued +=
                static_cast<std::size_t>(std::ranges::count_if(*outcomes, [](EnqueueOutcome o) { return o != EnqueueOutcome::none; }));
            after = specs->back().spec_name;
        }
        if (enqueued > 0) notifier_.publish();
        return enqueued;
    }

    Store& store_;
    Notifier& notifier_;
    scheduler::ProviderDirectory& providers_;
    const EngineSettings settings_;
    Context& context_;
    SpecWriter writer_;
    Searcher searcher_;
};

}  // namespace

std::unique_ptr<EngineImpl> make_engine(Store& store, Notifier& notifier, scheduler::ProviderDirectory& providers, EngineSettings settings,
                                        Context& context) {
    return std::make_unique<StoreEngine>(store, notifier, providers, std::move(settings), context);
}

}  // namespace embedq::engine
