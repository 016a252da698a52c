// A memory store with one planted fault: the base forwards every verb, and each fault overrides the verbs that it
// affects.
//
// For the deterministic cases of the kit only: what the faults remember is not guarded against threads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "embedq/context.h"
#include "embedq/store.h"
#include "memory/store.h"

namespace embedq::conformance {

class FaultyStore : public Store {
public:
    explicit FaultyStore(Context& context) : context_(context), inner_(memory::make_store(context)) {}

    StoreCapabilities capabilities() const override { return inner_->capabilities(); }
    Result<MigrationState> migration_state() override { return inner_->migration_state(); }
    Result<MigrationState> migrate(std::stop_token stop = {}) override { return inner_->migrate(std::move(stop)); }
    Result<bool> put_catalog(const CatalogWrite& catalog) override { return inner_->put_catalog(catalog); }
    Result<std::vector<CatalogInfo>> catalogs() override { return inner_->catalogs(); }
    Status delete_catalog(std::string_view catalog_id, std::optional<CatalogVersion> seen) override {
        return inner_->delete_catalog(catalog_id, seen);
    }
    Status clone_catalog(std::string_view source_id, const CatalogWrite& target) override {
        return inner_->clone_catalog(source_id, target);
    }
    Result<std::size_t> set_targets(std::span<const CatalogTarget> targets) override {
        return inner_->set_targets(targets);
    }
    Result<Profile> profile(const Sha256& profile_id) override { return inner_->profile(profile_id); }
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        return inner_->put_specs(specs);
    }
    Result<std::vector<SpecInfo>> specs(std::string_view catalog_id, std::string_view after,
                                        std::size_t limit) override {
        return inner_->specs(catalog_id, after, limit);
    }
    Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) override {
        return inner_->spec(catalog_id, spec_name);
    }
    Result<std::string> spec_content(std::string_view catalog_id, std::string_view spec_name) override {
        return inner_->spec_content(catalog_id, spec_name);
    }
    Status delete_spec(std::string_view catalog_id, std::string_view spec_name,
                       std::optional<SpecVersion> seen) override {
        return inner_->delete_spec(catalog_id, spec_name, seen);
    }
    Result<std::vector<SpecInfo>> due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                std::chrono::milliseconds default_interval) override {
        return inner_->due_refreshes(limit, hold, default_interval);
    }
    Status checked(std::span<const SpecRef> specs) override { return inner_->checked(specs); }
    Result<std::uint64_t> revision(std::string_view catalog_id) override { return inner_->revision(catalog_id); }
    Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override {
        return inner_->changes(catalog_id, since_revision);
    }
    Status operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                      const OperationVisitor& visit) override {
        return inner_->operations(catalog_id, spec_names, visit);
    }
    Status vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes, const VectorVisitor& visit) override {
        return inner_->vectors(profile_id, text_hashes, visit);
    }
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        return inner_->enqueue(requests);
    }
    Result<std::size_t> cancel(std::span<const JobId> jobs) override { return inner_->cancel(jobs); }
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override { return inner_->claim(request); }
    Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                     std::chrono::milliseconds lease) override {
        return inner_->extend(worker, jobs, lease);
    }
    Result<std::vector<Result<MissingTexts>>> missing_texts(std::span<const MissingQuery> queries) override {
        return inner_->missing_texts(queries);
    }
    Result<std::vector<bool>> commit(const Commit& commit) override { return inner_->commit(commit); }
    Result<NextDue> next_due(std::span<const Sha256> fingerprints) override { return inner_->next_due(fingerprints); }
    Result<ReapResult> reap(std::uint32_t max_attempts) override { return inner_->reap(max_attempts); }
    Result<ReconcileResult> reconcile(std::string_view catalog_id) override { return inner_->reconcile(catalog_id); }
    Result<PruneResult> prune(const PruneRequest& request) override { return inner_->prune(request); }
    Status put_endpoint_states(std::span<const EndpointState> states) override {
        return inner_->put_endpoint_states(states);
    }
    Result<std::vector<EndpointState>> endpoint_states() override { return inner_->endpoint_states(); }
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        return inner_->reserve(requests);
    }
    Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                             std::span<const std::string> spec_names) override {
        return inner_->statuses(catalog_id, spec_names);
    }
    Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) override {
        return inner_->health(catalog_id);
    }
    Result<Settlement> settlement(std::string_view catalog_id, std::span<const std::string> spec_names) override {
        return inner_->settlement(catalog_id, spec_names);
    }
    Result<Workload> workload(std::string_view catalog_id, const Sha256& profile_id) override {
        return inner_->workload(catalog_id, profile_id);
    }
    Result<std::vector<Job>> jobs(const JobQuery& query) override { return inner_->jobs(query); }
    Result<std::vector<WorkerInfo>> workers() override { return inner_->workers(); }
    Result<std::uint64_t> change_stamp() override { return inner_->change_stamp(); }
    Result<std::vector<Finding>> diagnose() override { return inner_->diagnose(); }

protected:
    FaultyStore(Context& context, std::unique_ptr<Store> inner) : context_(context), inner_(std::move(inner)) {}

    [[nodiscard]] Store& inner() noexcept { return *inner_; }
    [[nodiscard]] Time now() const { return context_.clock().wall(); }

    // The value of what cannot fail here.
    template <class T>
    [[nodiscard]] static T take(Result<T> result) {
        return std::move(result).value();
    }

    // --- what many faults look up, past the fault
    [[nodiscard]] std::vector<std::string> catalog_ids() {
        std::vector<std::string> ids;
        for (const CatalogInfo& info : take(inner_->catalogs())) ids.push_back(info.catalog_id);
        return ids;
    }
    [[nodiscard]] std::vector<SpecInfo> all_specs(std::string_view only_catalog = {}) {
        std::vector<SpecInfo> all;
        for (const std::string& id : catalog_ids()) {
            if (!only_catalog.empty() && id != only_catalog) continue;
            for (SpecInfo& info : take(inner_->specs(id, "", 1'000'000))) all.push_back(std::move(info));
        }
        return all;
    }
    // Newest first.
    [[nodiscard]] std::vector<Job> jobs_of(const std::string& catalog_id, const std::string& spec_name,
                                           std::optional<JobStatus> status = std::nullopt) {
        JobQuery query;
        query.catalog_id = catalog_id;
        query.spec_name = spec_name;
        query.status = status;
        query.limit = 1'000'000;
        return inner_->jobs(query).value();
    }
    [[nodiscard]] std::optional<Job> job_of(JobId id) {
        JobQuery query;
        query.id = id;
        auto found = inner_->jobs(query).value();
        return found.empty() ? std::nullopt : std::optional(std::move(found[0]));
    }
    void cancel_one(JobId id) { inner_->cancel({&id, 1}).value(); }
    [[nodiscard]] bool running(const std::string& catalog_id, const std::string& spec_name) {
        return !jobs_of(catalog_id, spec_name, JobStatus::running).empty();
    }
    [[nodiscard]] bool pending(const std::string& catalog_id, const std::string& spec_name) {
        return !jobs_of(catalog_id, spec_name, JobStatus::pending).empty();
    }

private:
    Context& context_;
    std::unique_ptr<Store> inner_;
};

// Faults about leases know who holds each job now.
class KnowsHolders : public FaultyStore {
public:
    using FaultyStore::FaultyStore;

    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        auto jobs = inner().claim(request);
        if (jobs) {
            for (const ClaimedJob& job : *jobs) holders_[job.ref.id] = job;
        }
        return jobs;
    }

protected:
    // The job with the token of its present holder, or the same ref where nobody ever held it.
    [[nodiscard]] JobRef as_holder(const JobRef& ref) const {
        const auto found = holders_.find(ref.id);
        return found == holders_.end() ? ref : found->second.ref;
    }
    [[nodiscard]] bool is_held(const JobRef& ref) {
        const auto found = holders_.find(ref.id);
        if (found == holders_.end() || found->second.ref.token != ref.token) return false;
        const auto job = job_of(ref.id);
        return job && job->status == JobStatus::running;
    }
    [[nodiscard]] const std::map<JobId, ClaimedJob>& holders() const noexcept { return holders_; }

private:
    std::map<JobId, ClaimedJob> holders_;
};

}  // namespace embedq::conformance
