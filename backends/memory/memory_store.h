// The store's class. One file per group of verbs: catalogs, specs, queue, commit, maintenance, reading.
#pragma once

#include <optional>

#include "embedq/context.h"
#include "embedq/store.h"
#include "state.h"
#include "sync/mutex.h"

namespace embedq::memory {

class MemoryStore final : public Store {
public:
    explicit MemoryStore(Context& context) : context_(context) {}

    [[nodiscard]] StoreCapabilities capabilities() const override { return {}; }
    [[nodiscard]] Result<MigrationState> migration_state() override { return MigrationState{1, 1, {}}; }
    [[nodiscard]] Result<MigrationState> migrate(std::stop_token = {}) override { return MigrationState{1, 1, {}}; }

    // catalog_part.cpp
    [[nodiscard]] Result<bool> put_catalog(const CatalogWrite& catalog) override;
    [[nodiscard]] Result<std::vector<CatalogInfo>> catalogs() override;
    [[nodiscard]] Status delete_catalog(std::string_view catalog_id, std::optional<CatalogVersion> seen) override;
    [[nodiscard]] Status clone_catalog(std::string_view source_id, const CatalogWrite& target) override;
    [[nodiscard]] Result<std::size_t> set_targets(std::span<const CatalogTarget> targets) override;
    [[nodiscard]] Result<Profile> profile(const Sha256& profile_id) override;

    // spec_part.cpp
    [[nodiscard]] Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override;
    [[nodiscard]] Result<std::vector<SpecInfo>> specs(std::string_view catalog_id, std::string_view after,
                                                      std::size_t limit) override;
    [[nodiscard]] Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) override;
    [[nodiscard]] Result<std::string> spec_content(std::string_view catalog_id, std::string_view spec_name) override;
    [[nodiscard]] Status delete_spec(std::string_view catalog_id, std::string_view spec_name,
                                     std::optional<SpecVersion> seen) override;
    [[nodiscard]] Result<std::vector<SpecInfo>> due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                              std::chrono::milliseconds default_interval) override;
    [[nodiscard]] Status checked(std::span<const SpecRef> specs) override;

    // reading_part.cpp
    [[nodiscard]] Result<std::uint64_t> revision(std::string_view catalog_id) override;
    [[nodiscard]] Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override;
    [[nodiscard]] Status operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                                    const OperationVisitor& visit) override;
    [[nodiscard]] Status vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes,
                                 const VectorVisitor& visit) override;

    // queue_part.cpp
    [[nodiscard]] Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override;
    [[nodiscard]] Result<std::size_t> cancel(std::span<const JobId> jobs) override;
    [[nodiscard]] Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override;
    [[nodiscard]] Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                                   std::chrono::milliseconds lease) override;
    [[nodiscard]] Result<std::vector<Result<MissingTexts>>> missing_texts(
        std::span<const MissingQuery> queries) override;
    [[nodiscard]] Result<NextDue> next_due(std::span<const Sha256> fingerprints) override;

    // commit_part.cpp
    [[nodiscard]] Result<std::vector<bool>> commit(const Commit& commit) override;

    // maintenance_part.cpp
    [[nodiscard]] Result<ReapResult> reap(std::uint32_t max_attempts) override;
    [[nodiscard]] Result<ReconcileResult> reconcile(std::string_view catalog_id) override;
    [[nodiscard]] Result<PruneResult> prune(const PruneRequest& request) override;
    [[nodiscard]] Status put_endpoint_states(std::span<const EndpointState> endpoint_states) override;
    [[nodiscard]] Result<std::vector<EndpointState>> endpoint_states() override;
    [[nodiscard]] Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override;

    // reading_part.cpp
    [[nodiscard]] Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                                           std::span<const std::string> spec_names) override;
    [[nodiscard]] Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) override;
    [[nodiscard]] Result<Settlement> settlement(std::string_view catalog_id,
                                                std::span<const std::string> spec_names) override;
    [[nodiscard]] Result<Workload> workload(std::string_view catalog_id, const Sha256& profile_id) override;
    [[nodiscard]] Result<std::vector<Job>> jobs(const JobQuery& query) override;
    [[nodiscard]] Result<std::vector<WorkerInfo>> workers() override;
    [[nodiscard]] Result<std::uint64_t> change_stamp() override;
    [[nodiscard]] Result<std::vector<Finding>> diagnose() override;

private:
    // The host's time when the store was made, and what has passed since: a clock that is set moves no due time.
    [[nodiscard]] Time now() const {
        return made_at_ + std::chrono::duration_cast<Time::duration>(context_.clock().now() - made_);
    }
    [[nodiscard]] LeaseToken new_token();

    Context& context_;
    const Time made_at_ = context_.clock().wall();
    const Clock::Steady made_ = context_.clock().now();

    sync::Mutex mutex_;
    State state_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::memory
