// A store keeps catalogs, jobs and vectors in one transactional place: the queue backend.
//
// Each verb is one transaction: all of it or none of it. Every member may be called from any thread. Time is the
// store's own clock; durations are counted from now. A verb that fails for a passing reason (busy, connection lost)
// returns `unavailable`, and repeating it does no harm. The verbs stand in the order in which to implement them; the
// conformance kit proves the invariants of docs/architecture.md, group by group. store_types.h has its terms.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/commit.h"
#include "embedq/diagnosis.h"
#include "embedq/endpoint.h"
#include "embedq/error.h"
#include "embedq/maintenance.h"
#include "embedq/profile.h"
#include "embedq/status.h"
#include "embedq/store_types.h"

namespace embedq {

class Store {
public:
    virtual ~Store() = default;
    [[nodiscard]] virtual StoreCapabilities capabilities() const = 0;

    // --- Schema. Every verb below but `diagnose` fails with `misconfigured` while the schema is older or newer than
    // this build.
    [[nodiscard]] virtual Result<MigrationState> migration_state() = 0;
    // May wait for another process that migrates, or that holds what this needs; a stop ends the wait as `unavailable`.
    [[nodiscard]] virtual Result<MigrationState> migrate(std::stop_token stop = {}) = 0;

    // --- Catalogs. An id out of form is `invalid_argument`, an unknown one `not_found`.
    // Creates the catalog or changes its descriptive fields. True when it was created.
    [[nodiscard]] virtual Result<bool> put_catalog(const CatalogWrite& catalog) = 0;
    [[nodiscard]] virtual Result<std::vector<CatalogInfo>> catalogs() = 0;
    // Deletes the specs with it; open jobs end `cancelled`; job history stays.
    [[nodiscard]] virtual Status delete_catalog(std::string_view catalog_id,
                                                std::optional<CatalogVersion> seen = {}) = 0;
    // Sets provider and target profile, and stores the profile. The serving profile follows at once where there was
    // none or where the catalog has nothing to embed. Pending jobs move to the new target. Enqueues nothing:
    // `reconcile` does. Returns how many catalogs changed.
    [[nodiscard]] virtual Result<std::size_t> set_targets(std::span<const CatalogTarget> targets) = 0;
    [[nodiscard]] virtual Result<Profile> profile(const Sha256& profile_id) = 0;

    // --- Specs.
    // Stores documents, operations and jobs (write_and_enqueue_are_one). A document with the same content hash, text
    // version, fields and record is `unchanged`: nothing is written, and a job is enqueued only if there is a gap and
    // no open job; an open one is about this document already (`collapsed`). The catalogs must exist (`not_found`).
    // A renamed spec takes its jobs along; jobs of a deleted spec of the new name are then of the same history.
    [[nodiscard]] virtual Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) = 0;
    // Ordered by name; those after `after` (exclusive), `limit` at most.
    [[nodiscard]] virtual Result<std::vector<SpecInfo>> specs(std::string_view catalog_id, std::string_view after,
                                                              std::size_t limit) = 0;
    [[nodiscard]] virtual Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) = 0;
    [[nodiscard]] virtual Result<std::string> spec_content(std::string_view catalog_id, std::string_view spec_name) = 0;
    [[nodiscard]] virtual Status delete_spec(std::string_view catalog_id, std::string_view spec_name,
                                             std::optional<SpecVersion> seen = {}) = 0;
    // Specs whose source is due to be asked again, one interval after it was asked or written (not `unchanged`) last:
    // those due longest, in any order. Each is due again after `hold`, so that no other process gets it meanwhile, or
    // one interval after `checked`. The default is for specs from URLs that have none of their own; 0: never.
    [[nodiscard]] virtual Result<std::vector<SpecInfo>> due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                                      std::chrono::milliseconds default_interval) = 0;
    [[nodiscard]] virtual Status checked(std::span<const SpecRef> specs) = 0;  // leaves out those that are gone
    // Copies specs and operations into a new catalog with the source's provider and target profile; enqueues only where
    // there is a gap. `conflict` when the new id exists.
    [[nodiscard]] virtual Status clone_catalog(std::string_view source_id, const CatalogWrite& target) = 0;

    // --- The queue: producers.
    // One outcome per request. A spec has at most one pending job (one_open_job); enqueuing onto it makes it due at
    // once, and a manual_retry hands its force over. The job of a write or a manual_retry goes before the background's
    // pending jobs of the same profile. `none` without a target profile, and without a gap unless it is a manual_retry.
    // An unknown spec is `not_found`, and nothing is enqueued.
    [[nodiscard]] virtual Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) = 0;
    // Pending and running jobs end `cancelled`; their holders are `lost`. Returns how many were open.
    [[nodiscard]] virtual Result<std::size_t> cancel(std::span<const JobId> jobs) = 0;

    // --- The queue: workers.
    // Due jobs in order of due time, then id, each with a new random token. Never waits for another claimer, never
    // gives out a job twice.
    [[nodiscard]] virtual Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) = 0;
    // Extends the leases that are still held, and records the heartbeat or the stop; false where a lease is lost.
    [[nodiscard]] virtual Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                                           std::chrono::milliseconds lease) = 0;
    // One answer per query; `lost` where the lease is. What is not settled, and texts whose refusal is due.
    [[nodiscard]] virtual Result<std::vector<Result<MissingTexts>>> missing_texts(
        std::span<const MissingQuery> queries) = 0;
    // Vectors, refusals, progress and outcomes of many jobs at once. One answer per report: false where the lease was
    // lost, and then nothing of that report is kept. The newer of a vector and a refusal replaces the other. A catalog
    // whose texts are all settled by this is served by its target profile from now on.
    [[nodiscard]] virtual Result<std::vector<bool>> commit(const Commit& commit) = 0;
    [[nodiscard]] virtual Result<NextDue> next_due(std::span<const Sha256> fingerprints) = 0;

    // --- Maintenance; safe from any process at any time.
    // Jobs with an expired lease go back to pending. An attempt without a new vector counts; `max_attempts` end a job.
    [[nodiscard]] virtual Result<ReapResult> reap(std::uint32_t max_attempts) = 0;
    // A `reconciler` job for each spec with a gap or a due refusal that has no open job and is not parked. Empty: all.
    [[nodiscard]] virtual Result<ReconcileResult> reconcile(std::string_view catalog_id) = 0;
    // Deletes old finished jobs, vectors and refusals that nothing refers to, and changes that no reader needs.
    [[nodiscard]] virtual Result<PruneResult> prune(const PruneRequest& request) = 0;

    // --- What ranking reads.
    [[nodiscard]] virtual Result<std::uint64_t> revision(std::string_view catalog_id) = 0;
    [[nodiscard]] virtual Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) = 0;
    // Visits the operations of the named specs (all when empty), ordered by spec name and position. A visitor must not
    // call the store.
    [[nodiscard]] virtual Status operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                                            const OperationVisitor& visit) = 0;
    // Visits the vector of each text that has one under the profile; `index` counts into `text_hashes`. In any order.
    [[nodiscard]] virtual Status vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes,
                                         const VectorVisitor& visit) = 0;

    // --- What people read. Never loads vectors or documents (reads_are_cheap). `spec_names`: all when empty.
    [[nodiscard]] virtual Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                                                   std::span<const std::string> spec_names) = 0;
    [[nodiscard]] virtual Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) = 0;  // empty: all
    [[nodiscard]] virtual Result<Settlement> settlement(std::string_view catalog_id,
                                                        std::span<const std::string> spec_names) = 0;
    // How much of a catalog's text is settled under any profile; under an unknown one nothing is. Optional.
    [[nodiscard]] virtual Result<Workload> workload(std::string_view, const Sha256&) {
        return fail(ErrorKind::unsupported, "this store cannot say how much text a catalog has");
    }
    [[nodiscard]] virtual Result<std::vector<Job>> jobs(const JobQuery& query) = 0;
    [[nodiscard]] virtual Result<std::vector<WorkerInfo>> workers() = 0;

    // --- Endpoints and rate limits, shared by all processes.
    [[nodiscard]] virtual Status put_endpoint_states(std::span<const EndpointState> states) = 0;
    [[nodiscard]] virtual Result<std::vector<EndpointState>> endpoint_states() = 0;  // cooling down, or with limits
    // Reserves the next free stretch of each rate limit, in order of the requests (support/store_rules.h). Stretches
    // follow each other without a gap, never overlap, and never begin in the past; what is reserved cannot be returned.
    [[nodiscard]] virtual Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) = 0;

    // --- Watching, diagnosis, stopping. The first changes when another process may have written; it is cheap.
    [[nodiscard]] virtual Result<std::uint64_t> change_stamp() = 0;
    // Schema, settings, space. Changes nothing, takes a few seconds at most, and works whatever state the schema is in.
    // An error means that the store cannot be reached.
    [[nodiscard]] virtual Result<std::vector<Finding>> diagnose() { return std::vector<Finding>{}; }
    // Ends the calls under way and refuses later ones, as `unavailable`: the process stops, and waits no longer.
    virtual void interrupt() noexcept {}
};

}  // namespace embedq
