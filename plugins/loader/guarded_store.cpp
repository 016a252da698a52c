#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "loader/guard.h"

namespace embedq::plugins {
namespace {

enum class StoreVerb : std::size_t {
    capabilities,
    migration_state,
    migrate,
    put_catalog,
    catalogs,
    delete_catalog,
    clone_catalog,
    set_targets,
    profile,
    put_specs,
    specs,
    spec,
    spec_content,
    delete_spec,
    due_refreshes,
    checked,
    revision,
    changes,
    operations,
    vectors,
    enqueue,
    cancel,
    claim,
    extend,
    missing_texts,
    commit,
    next_due,
    reap,
    reconcile,
    prune,
    put_endpoint_states,
    endpoint_states,
    reserve,
    statuses,
    health,
    settlement,
    workload,
    jobs,
    workers,
    change_stamp,
    diagnose,
};
constexpr std::array<std::string_view, 41> store_verbs = {"capabilities",
                                                          "migration_state",
                                                          "migrate",
                                                          "put_catalog",
                                                          "catalogs",
                                                          "delete_catalog",
                                                          "clone_catalog",
                                                          "set_targets",
                                                          "profile",
                                                          "put_specs",
                                                          "specs",
                                                          "spec",
                                                          "spec_content",
                                                          "delete_spec",
                                                          "due_refreshes",
                                                          "checked",
                                                          "revision",
                                                          "changes",
                                                          "operations",
                                                          "vectors",
                                                          "enqueue",
                                                          "cancel",
                                                          "claim",
                                                          "extend",
                                                          "missing_texts",
                                                          "commit",
                                                          "next_due",
                                                          "reap",
                                                          "reconcile",
                                                          "prune",
                                                          "put_endpoint_states",
                                                          "endpoint_states",
                                                          "reserve",
                                                          "statuses",
                                                          "health",
                                                          "settlement",
                                                          "workload",
                                                          "jobs",
                                                          "workers",
                                                          "change_stamp",
                                                          "diagnose"};

class GuardedStore final : public Store, public Measured {
public:
    GuardedStore(std::unique_ptr<Store> inner, const LoadedPlugin& plugin, Context& context)
        : inner_(std::move(inner)), guard_(plugin, context, store_verbs) {}

    std::vector<CallStatistics> statistics() const override { return guard_.statistics(); }

    StoreCapabilities capabilities() const override {
        return guard_.call_or(
            StoreVerb::capabilities, [&] { return inner_->capabilities(); },
            [](const Error&) { return StoreCapabilities{}; });
    }
    Result<MigrationState> migration_state() override {
        return guard_.call(StoreVerb::migration_state, [&] { return inner_->migration_state(); });
    }
    Result<MigrationState> migrate(std::stop_token stop) override {
        return guard_.call(StoreVerb::migrate, [&] { return inner_->migrate(std::move(stop)); });
    }
    Result<bool> put_catalog(const CatalogWrite& catalog) override {
        return guard_.call(StoreVerb::put_catalog, [&] { return inner_->put_catalog(catalog); });
    }
    Result<std::vector<CatalogInfo>> catalogs() override {
        return guard_.call(StoreVerb::catalogs, [&] { return inner_->catalogs(); });
    }
    Status delete_catalog(std::string_view catalog_id, std::optional<CatalogVersion> seen) override {
        return guard_.call(StoreVerb::delete_catalog, [&] { return inner_->delete_catalog(catalog_id, seen); });
    }
    Status clone_catalog(std::string_view source_id, const CatalogWrite& target) override {
        return guard_.call(StoreVerb::clone_catalog, [&] { return inner_->clone_catalog(source_id, target); });
    }
    Result<std::size_t> set_targets(std::span<const CatalogTarget> targets) override {
        return guard_.call(StoreVerb::set_targets, [&] { return inner_->set_targets(targets); });
    }
    Result<Profile> profile(const Sha256& profile_id) override {
        return guard_.call(StoreVerb::profile, [&] { return inner_->profile(profile_id); });
    }
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        return guard_.call(StoreVerb::put_specs,
                           [&] { return one_each(inner_->put_specs(specs), specs.size(), StoreVerb::put_specs); });
    }
    Result<std::vector<SpecInfo>> specs(std::string_view catalog_id, std::string_view after,
                                        std::size_t limit) override {
        return guard_.call(StoreVerb::specs, [&] { return inner_->specs(catalog_id, after, limit); });
    }
    Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) override {
        return guard_.call(StoreVerb::spec, [&] { return inner_->spec(catalog_id, spec_name); });
    }
    Result<std::string> spec_content(std::string_view catalog_id, std::string_view spec_name) override {
        return guard_.call(StoreVerb::spec_content, [&] { return inner_->spec_content(catalog_id, spec_name); });
    }
    Status delete_spec(std::string_view catalog_id, std::string_view spec_name,
                       std::optional<SpecVersion> seen) override {
        return guard_.call(StoreVerb::delete_spec, [&] { return inner_->delete_spec(catalog_id, spec_name, seen); });
    }
    Result<std::vector<SpecInfo>> due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                std::chrono::milliseconds default_interval) override {
        return guard_.call(StoreVerb::due_refreshes,
                           [&] { return inner_->due_refreshes(limit, hold, default_interval); });
    }
    Status checked(std::span<const SpecRef> specs) override {
        return guard_.call(StoreVerb::checked, [&] { return inner_->checked(specs); });
    }
    Result<std::uint64_t> revision(std::string_view catalog_id) override {
        return guard_.call(StoreVerb::revision, [&] { return inner_->revision(catalog_id); });
    }
    Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override {
        return guard_.call(StoreVerb::changes, [&] { return inner_->changes(catalog_id, since_revision); });
    }
    Status operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                      const OperationVisitor& visit) override {
        return guard_.call(StoreVerb::operations, [&] { return inner_->operations(catalog_id, spec_names, visit); });
    }
    Status vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes, const VectorVisitor& visit) override {
        return guard_.call(StoreVerb::vectors, [&] { return inner_->vectors(profile_id, text_hashes, visit); });
    }
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        return guard_.call(StoreVerb::enqueue,
                           [&] { return one_each(inner_->enqueue(requests), requests.size(), StoreVerb::enqueue); });
    }
    Result<std::size_t> cancel(std::span<const JobId> jobs) override {
        return guard_.call(StoreVerb::cancel, [&] { return inner_->cancel(jobs); });
    }
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        return guard_.call(StoreVerb::claim, [&] { return inner_->claim(request); });
    }
    Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                     std::chrono::milliseconds lease) override {
        return guard_.call(StoreVerb::extend, [&] {
            return one_each(inner_->extend(worker, jobs, lease), jobs.size(), StoreVerb::extend);
        });
    }
    Result<std::vector<Result<MissingTexts>>> missing_texts(std::span<const MissingQuery> queries) override {
        return guard_.call(StoreVerb::missing_texts, [&] {
            return one_each(inner_->missing_texts(queries), queries.size(), StoreVerb::missing_texts);
        });
    }
    Result<std::vector<bool>> commit(const Commit& report) override {
        return guard_.call(StoreVerb::commit,
                           [&] { return one_each(inner_->commit(report), report.jobs.size(), StoreVerb::commit); });
    }
    Result<NextDue> next_due(std::span<const Sha256> fingerprints) override {
        return guard_.call(StoreVerb::next_due, [&] { return inner_->next_due(fingerprints); });
    }
    Result<ReapResult> reap(std::uint32_t max_attempts) override {
        return guard_.call(StoreVerb::reap, [&] { return inner_->reap(max_attempts); });
    }
    Result<ReconcileResult> reconcile(std::string_view catalog_id) override {
        return guard_.call(StoreVerb::reconcile, [&] { return inner_->reconcile(catalog_id); });
    }
    Result<PruneResult> prune(const PruneRequest& request) override {
        return guard_.call(StoreVerb::prune, [&] { return inner_->prune(request); });
    }
    Status put_endpoint_states(std::span<const EndpointState> endpoint_states) override {
        return guard_.call(StoreVerb::put_endpoint_states,
                           [&] { return inner_->put_endpoint_states(endpoint_states); });
    }
    Result<std::vector<EndpointState>> endpoint_states() override {
        return guard_.call(StoreVerb::endpoint_states, [&] { return inner_->endpoint_states(); });
    }
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        return guard_.call(StoreVerb::reserve,
                           [&] { return one_each(inner_->reserve(requests), requests.size(), StoreVerb::reserve); });
    }
    Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                             std::span<const std::string> spec_names) override {
        return guard_.call(StoreVerb::statuses, [&] { return inner_->statuses(catalog_id, spec_names); });
    }
    Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) override {
        return guard_.call(StoreVerb::health, [&] { return inner_->health(catalog_id); });
    }
    Result<Settlement> settlement(std::string_view catalog_id, std::span<const std::string> spec_names) override {
        return guard_.call(StoreVerb::settlement, [&] { return inner_->settlement(catalog_id, spec_names); });
    }
    Result<Workload> workload(std::string_view catalog_id, const Sha256& profile_id) override {
        return guard_.call(StoreVerb::workload, [&] { return inner_->workload(catalog_id, profile_id); });
    }
    Result<std::vector<Job>> jobs(const JobQuery& query) override {
        return guard_.call(StoreVerb::jobs, [&] { return inner_->jobs(query); });
    }
    Result<std::vector<WorkerInfo>> workers() override {
        return guard_.call(StoreVerb::workers, [&] { return inner_->workers(); });
    }
    // Not counted: it is called beside calls that hang, and returns immediately.
    void interrupt() noexcept override {
        try {
            inner_->interrupt();
        } catch (...) {  // NOLINT(bugprone-empty-catch): the process stops, and nobody waits for this store any longer
        }
    }
    Result<std::uint64_t> change_stamp() override {
        return guard_.call(StoreVerb::change_stamp, [&] { return inner_->change_stamp(); });
    }
    Result<std::vector<Finding>> diagnose() override {
        return guard_.call(StoreVerb::diagnose, [&] { return inner_->diagnose(); });
    }

private:
    // The host matches answers to questions by position.
    template <class T>
    Result<std::vector<T>> one_each(Result<std::vector<T>> answers, std::size_t questions, StoreVerb verb) const {
        if (!answers || answers->size() == questions) return answers;
        return fail(ErrorKind::internal,
                    fmt::format("{} returned {} answers for {} questions from {}", guard_.who().name, answers->size(),
                                questions, store_verbs[static_cast<std::size_t>(verb)]),
                    {}, guard_.who().file);
    }

    const std::unique_ptr<Store> inner_;
    mutable Guard guard_;  // counting does not change the store
};

}  // namespace

Result<std::unique_ptr<Store>> make_store(const LoadedPlugin& plugin, const Options& options, Context& context) {
    return make_guarded<GuardedStore, Store>(plugin, PluginKind::store, context,
                                             [&] { return plugin.descriptor->make_store(options, context); });
}

std::vector<CallStatistics> call_statistics(const Store& store) {
    return statistics_of(store);
}

}  // namespace embedq::plugins
