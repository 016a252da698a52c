// A store keeps catalogs, jobs and vectors in one transactional place: the queue backend.
//
// Each verb is one transaction: all of it or none of it. Every member may be called from any thread. Time is the
// store's own clock; durations are given relative to it. A verb that fails for a passing reason (busy, connection lost)
// returns `unavailable` and has changed nothing that a repeat would do twice. The invariants are in
// docs/architecture.md; the conformance kit proves them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/diagnosis.h"
#include "embedq/error.h"
#include "embedq/job.h"

namespace embedq {

struct StoreCapabilities {
    bool persistent = false;     // survives the process
    bool multi_process = false;  // several processes may open it at once
    bool own_clock = false;      // its clock is not this process's clock
    // How often `change_stamp` is worth asking while idle; nothing when it cannot tell that another process wrote.
    std::optional<std::chrono::milliseconds> watch_interval = std::nullopt;
};

struct MigrationState {
    std::uint32_t current = 0;         // 0: no schema yet
    std::uint32_t newest = 0;          // what this build brings
    std::vector<std::string> waiting;  // names of the migrations not yet applied, in order
};

using OperationVisitor = std::function<void(std::string_view spec_name, const Operation& operation)>;
using VectorVisitor = std::function<void(std::size_t index, std::span<const float> values)>;

class Store {
public:
    virtual ~Store() = default;
    [[nodiscard]] virtual StoreCapabilities capabilities() const = 0;

    // --- schema. Every other verb but `diagnose` fails with `misconfigured` while the schema is older or newer than
    // this build.
    [[nodiscard]] virtual Result<MigrationState> migration_state() = 0;
    // May wait for another process that migrates, or holds what this needs; a stop ends such a wait as `unavailable`.
    [[nodiscard]] virtual Result<MigrationState> migrate(std::stop_token stop = {}) = 0;

    // --- catalogs Creates the catalog or changes its descriptive fields. Returns whether it was created. An id out of
    // form is `invalid_argument`.
    [[nodiscard]] virtual Result<bool> put_catalog(const CatalogWrite& catalog) = 0;
    [[nodiscard]] virtual Result<std::vector<CatalogInfo>> catalogs() = 0;
    // The specs go with it; its open jobs end `cancelled`; job history stays. `not_found` when there is none.
    [[nodiscard]] virtual Status delete_catalog(std::string_view catalog_id) = 0;
    // Copies specs and operations into a new catalog with the source's provider and target profile, and enqueues only
    // where there is a gap. `conflict` when the new id exists.
    [[nodiscard]] virtual Status clone_catalog(std::string_view source_id, const CatalogWrite& target) = 0;
    // Sets provider and target profile; stores the profile row; the serving profile follows at once where there was
    // none or where the catalog has nothing to embed. Pending jobs move to the new target. Enqueues nothing:
    // `reconcile` does. Returns how many changed.
    [[nodiscard]] virtual Result<std::size_t> set_targets(std::span<const CatalogTarget> targets) = 0;
    [[nodiscard]] virtual Result<Profile> profile(const Sha256& profile_id) = 0;

    // --- specs Stores documents, operations and jobs, all or none (write_and_enqueue_are_one). A document with the
    // same content hash, text version and fields is `unchanged`: nothing is written, and a job is enqueued only if
    // there is a gap and no job is open, which is about this document already (`collapsed`). The catalogs must exist
    // (`not_found`).
    [[nodiscard]] virtual Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) = 0;
    // Ordered by name; those after `after` (exclusive), `limit` at most. `not_found` for an unknown catalog.
    [[nodiscard]] virtual Result<std::vector<SpecInfo>> specs(std::string_view catalog_id, std::string_view after,
                                                              std::size_t limit) = 0;
    [[nodiscard]] virtual Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) = 0;
    [[nodiscard]] virtual Result<std::string> spec_content(std::string_view catalog_id, std::string_view spec_name) = 0;
    [[nodiscard]] virtual Status delete_spec(std::string_view catalog_id, std::string_view spec_name) = 0;

    // --- what ranking reads
    [[nodiscard]] virtual Result<std::uint64_t> revision(std::string_view catalog_id) = 0;
    [[nodiscard]] virtual Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) = 0;
    // Visits the operations of the named specs (of all specs when `spec_names` is empty) in order of spec name and
    // position. The visitor must not call the store.
    [[nodiscard]] virtual Status operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                                            const OperationVisitor& visit) = 0;
    // Visits the vector of each text that has one under the profile; `index` counts into `text_hashes`. Any order.
    [[nodiscard]] virtual Status vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes,
                                         const VectorVisitor& visit) = 0;

    // --- the queue: producers One outcome per request. At most one pending job per spec (one_open_job); a pending one
    // that is collapsed onto becomes due at once, and takes over the force of a manual_retry. The job of a write or a
    // manual_retry goes before the reconciler's pending jobs of the same profile: it becomes due a moment before the
    // first of them. A claim may see it a moment late. Without a gap the outcome is `none`, but for a manual_retry.
    // `not_found` names the first unknown spec and nothing is enqueued. Without a target profile the outcome is `none`.
    [[nodiscard]] virtual Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) = 0;
    // Pending and running jobs end `cancelled`; their holders are `lost`. Returns how many were open.
    [[nodiscard]] virtual Result<std::size_t> cancel(std::span<const JobId> jobs) = 0;

    // --- the queue: workers Due jobs in order of due time, then id, each with a new random token. Never waits for
    // another claimer, never gives a job twice.
    [[nodiscard]] virtual Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) = 0;
    // Extends what is still held, records the heartbeat; false where the lease is lost.
    [[nodiscard]] virtual Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                                           std::chrono::milliseconds lease) = 0;
    // One answer per query; `lost` where the lease is.
    [[nodiscard]] virtual Result<std::vector<Result<MissingTexts>>> missing_texts(
        std::span<const MissingQuery> queries) = 0;
    // Vectors, refusals, progress and outcomes of many jobs at once. One answer per report: false where the lease was
    // lost, and then nothing of that report is kept. A job that succeeds or fails settles the flip of its catalog's
    // serving profile.
    [[nodiscard]] virtual Result<std::vector<bool>> commit(const Commit& commit) = 0;
    [[nodiscard]] virtual Result<NextDue> next_due(std::span<const Sha256> fingerprints) = 0;

    // --- upkeep, safe from any process at any time Expired leases go back to pending at once; an attempt counts if it
    // stored no new vector; at `max_attempts` the job fails.
    [[nodiscard]] virtual Result<ReapResult> reap(std::uint32_t max_attempts) = 0;
    // Enqueues a `reconciler` job for each spec with a gap that has no open job and is not parked, and for no other. An
    // empty id means every catalog. A gap: an operation whose text has neither a vector nor a refusal that counts under
    // the target profile.
    [[nodiscard]] virtual Result<ReconcileResult> reconcile(std::string_view catalog_id) = 0;
    // Deletes finished jobs older than the age, vectors that nothing refers to, and change rows that no reader needs,
    // `limit` at most of each.
    [[nodiscard]] virtual Result<PruneResult> prune(const PruneRequest& request) = 0;
    [[nodiscard]] virtual Status put_lanes(std::span<const LaneState> lanes) = 0;
    [[nodiscard]] virtual Result<std::vector<LaneState>> lanes() = 0;  // those still cooling down
    // Reserves the next free stretch of each budget, one answer per request in order. A budget is a line in time, on
    // which a request takes amount ÷ rate: stretches follow each other without a gap, never overlap, whichever process
    // asks, and never begin in the past. What is reserved cannot be given back; ask for little (the generic cell rate
    // algorithm, ITU-T I.371, without its burst). An amount or rate that is not positive, or a stretch of more than a
    // year, is `invalid_argument`, and nothing is reserved. A machine that crashes may take a line's last moment with
    // it: the line is a little earlier then, never later. `prune` forgets a line that ended an hour ago.
    [[nodiscard]] virtual Result<std::vector<BudgetSlice>> reserve(std::span<const BudgetRequest> requests) = 0;

    // --- reading. Never loads vectors or documents (reads_are_cheap).
    // Statuses of the named specs (all when empty), ordered by name. `not_found` for an unknown catalog.
    [[nodiscard]] virtual Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                                                   std::span<const std::string> spec_names) = 0;
    // One row per catalog, ordered by id; all catalogs when `catalog_id` is empty, `not_found` for an unknown one.
    [[nodiscard]] virtual Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) = 0;
    // How far the texts of the named specs (all when empty) of a catalog are settled.
    [[nodiscard]] virtual Result<Settlement> settlement(std::string_view catalog_id,
                                                        std::span<const std::string> spec_names) = 0;
    // How much of a catalog's text is settled under a profile, be it the catalog's own or not; one that is not known
    // settles nothing. Sizes come from where they are cheap: no text need be handed out. A store that cannot tell says
    // `unsupported`.
    [[nodiscard]] virtual Result<Workload> workload(std::string_view catalog_id, const Sha256& profile_id) {
        static_cast<void>(catalog_id);
        static_cast<void>(profile_id);
        return fail(ErrorKind::unsupported, "this store does not tell how much text a catalog has");
    }
    [[nodiscard]] virtual Result<std::vector<Job>> jobs(const JobQuery& query) = 0;
    [[nodiscard]] virtual Result<std::vector<WorkerInfo>> workers() = 0;
    // A number that changes when another process may have written; cheap enough for every `watch_interval`.
    [[nodiscard]] virtual Result<std::uint64_t> change_stamp() = 0;

    // --- diagnosis What the store knows of its own health: schema, settings, space. Takes a few seconds at most,
    // whatever the store holds; changes nothing and makes nothing; works while the schema is missing, older or newer.
    // An error means that the store cannot be reached.
    [[nodiscard]] virtual Result<std::vector<Finding>> diagnose() { return std::vector<Finding>{}; }
};

}  // namespace embedq
