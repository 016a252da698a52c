// What the memory store holds: rows and the indexes over them, with the transitions of a job between its states.
//
// Not thread-safe: the store's mutex guards it. Every index is changed in the same function as the row it points at.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/claim.h"
#include "embedq/endpoint.h"
#include "embedq/error.h"
#include "embedq/job.h"
#include "embedq/profile.h"
#include "embedq/support/store_rules.h"

namespace embedq::memory {

struct Sha256Hash {
    // The bytes are uniform already.
    std::size_t operator()(const Sha256& hash) const noexcept;
};

// What settles a text under a profile: a vector, or a refusal if there are no values. A newer one replaces an older.
struct SettledText {
    Time written_at{};
    std::vector<float> values;
    std::string refusal;
    std::uint32_t cut_to = 0;  // how many bytes of the text were embedded, if it was cut; 0: all
    std::uint64_t times = 0;   // refused in a row
    Time ask_again_at{};       // when the refusal is due
    [[nodiscard]] bool refused() const noexcept { return values.empty(); }
    [[nodiscard]] bool due(Time now) const noexcept { return refused() && ask_again_at <= now; }
};

struct ProfileRow {
    Profile profile;
    std::unordered_map<Sha256, SettledText, Sha256Hash> texts;
};

struct SpecRow {
    SpecInfo info;
    std::string content;
    std::vector<Operation> operations;
    std::vector<bool> first_of_text;  // by position: no earlier operation has the same text
    std::size_t distinct_texts = 0;
    std::optional<Time> force_from;  // what was written before does not count for this spec
    std::uint32_t failures = 0;      // failed jobs since the last success, changed write or manual retry
    std::optional<JobId> pending;    // one_open_job
    std::set<JobId> running;
    std::optional<JobId> newest;     // of this spec's own jobs, not of a deleted one of the same name
    std::optional<Time> next_check;  // when its source is due by its own interval, or held until
};

// One changed spec. A later change of the same spec replaces the earlier row.
struct ChangeRow {
    Time at{};
    std::string spec_name;
};

struct CatalogRow {
    CatalogInfo info;  // spec_count and revision are filled in when it is read
    std::map<std::string, SpecRow, std::less<>> specs;
    std::uint64_t revision = 0;
    std::uint64_t feed_floor = 0;  // a reader with an older revision must read everything again
    std::map<std::uint64_t, ChangeRow> feed;
    std::map<std::string, std::uint64_t, std::less<>> feed_by_spec;
    std::string unsettled_hint;  // the spec where the last search for a gap found one
};

struct JobRow {
    Job job;
    Sha256 fingerprint{};  // of the target profile; all zero while there is none
    Sha256 profile_id{};   // of the target profile when it was claimed
    LeaseToken token{};
    Time due{};
    std::size_t new_vectors = 0;  // stored since the claim
};

// The order in which pending jobs are claimed. Suspects are apart, so that skipping them costs nothing.
struct PendingKey {
    Sha256 fingerprint{};
    bool suspect = false;
    Time due{};
    JobId id = 0;
    friend auto operator<=>(const PendingKey&, const PendingKey&) = default;
};

using SpecKey = std::pair<std::string, std::string>;
using EndpointStateKey = std::pair<Sha256, std::string>;
using RateLimitKey = std::pair<Sha256, RateUnit>;

struct EndpointStateRow {
    Time until{};
    PauseKind kind = PauseKind::throttled;
    std::string reason;
};
struct EndpointLimitsRow {
    EndpointLimits limits;
    Time learned_at{};
};

struct State {
    // --- rows
    std::map<std::string, CatalogRow, std::less<>> catalogs;
    std::map<Sha256, ProfileRow> profiles;
    std::map<JobId, JobRow> jobs;
    std::map<std::string, WorkerInfo, std::less<>> workers;
    std::map<EndpointStateKey, EndpointStateRow> endpoint_states;
    std::map<EndpointStateKey, EndpointLimitsRow> endpoint_limits;
    std::map<RateLimitKey, Time> rate_limits;  // until when each is reserved
    JobId last_job = 0;
    // One counter for all catalogs, so that a catalog that is deleted and created again never has an old revision.
    std::uint64_t last_revision = 0;
    std::uint64_t stamp = 0;

    // --- indexes
    std::set<PendingKey> pending;
    std::set<PendingKey> pending_bulk;  // the background's jobs among them; suspects are not apart
    std::set<std::pair<Time, JobId>> leases;
    std::set<std::pair<Time, JobId>> finished;
    std::map<SpecKey, std::set<JobId>> jobs_by_spec;
    std::map<std::string, std::set<JobId>, std::less<>> jobs_by_catalog;
    std::map<JobStatus, std::set<JobId>> jobs_by_status;
    // Which specs of which catalog have the text: whether anything refers to a vector, and whose ranking it changes.
    std::unordered_map<Sha256, std::map<std::string, std::set<std::string>, std::less<>>, Sha256Hash> text_users;

    // --- finding
    [[nodiscard]] Result<CatalogRow*> catalog(std::string_view id);
    [[nodiscard]] Result<SpecRow*> spec(std::string_view catalog_id, std::string_view spec_name);
    // The row of the job's spec, or nullptr: jobs outlive their specs.
    [[nodiscard]] SpecRow* spec_of(const Job& job);
    // The job, if this token holds it now.
    [[nodiscard]] JobRow* held(const JobRef& ref);
    [[nodiscard]] const ProfileRow* target_of(const CatalogRow& catalog) const;

    // --- texts
    // What settles the text for this spec; nullptr if nothing does, or only something older than its force.
    [[nodiscard]] static const SettledText* settled(const ProfileRow& profile, const SpecRow& spec,
                                                    const Sha256& text_hash);
    [[nodiscard]] bool has_gap(const CatalogRow& catalog, const SpecRow& spec) const;
    [[nodiscard]] bool has_due_refusal(const CatalogRow& catalog, const SpecRow& spec, Time now) const;
    // The first text of the held job's spec that is refused, as a sentence; empty if there is none.
    [[nodiscard]] std::string current_refusal(const JobRow& row);
    // Makes the target profile the serving one when every text is settled under it. Returns whether it did.
    bool flip_if_settled(CatalogRow& catalog, Time now);
    void set_operations(CatalogRow& catalog, SpecRow& spec, std::vector<Operation> operations);
    [[nodiscard]] bool referred_to(const Sha256& profile_id, const Sha256& text_hash) const;
    // Gives the spec another name, which no spec has, and its jobs with it. Its operations must be set again.
    void rename(CatalogRow& catalog, const std::string& from, const std::string& to, Time now);

    // --- the change feed
    void note_change(CatalogRow& catalog, std::string_view spec_name, Time now);
    void note_everything(CatalogRow& catalog);

    // --- the transitions of a job (docs/job-states.md)
    // Enqueues a job, or collapses onto the pending one, which becomes due immediately. The caller has checked that
    // there is a gap.
    EnqueueOutcome enqueue(CatalogRow& catalog, SpecRow& spec, JobKind kind, Time now);
    void start(JobRow& row, const SpecRow& spec, std::string_view worker_id, const LeaseToken& token, Time now,
               Time expires);
    void extend(JobRow& row, Time expires);
    // Back to pending. If another job of the spec is pending already, that one takes its place and this one ends
    // `cancelled`.
    void back_to_pending(JobRow& row, Time due, Time now);
    // Success and failure also update the spec's failures and parking.
    void finish(JobRow& row, JobStatus status, Time now);
    void move_to(JobRow& row, const Sha256& fingerprint);  // of a pending job
    void cancel_open(SpecRow& spec, std::string_view reason, Time now);
    void forget(JobId id);  // a finished job

private:
    void set_status(JobRow& row, JobStatus status);
    void add_pending(JobRow& row, SpecRow& spec, Time due);
    void list_pending(const JobRow& row);
    void unlist_pending(const JobRow& row);
    // A write or a manual retry goes before what the reconciler has queued.
    [[nodiscard]] Time due_of(JobKind kind, const Sha256& fingerprint, Time now) const;
    void leave_state(JobRow& row);  // out of the indexes of pending and running
};

// The kind of a pending job after another one collapsed onto it.
[[nodiscard]] inline JobKind joined(JobKind pending, JobKind added) {
    if (pending == JobKind::manual_retry || added == JobKind::manual_retry) return JobKind::manual_retry;
    return added == JobKind::spec_write ? added : pending;
}

[[nodiscard]] inline PendingKey pending_key(const JobRow& row) {
    return {row.fingerprint, row.job.expiries >= suspect_expiries, row.due, row.job.id};
}

}  // namespace embedq::memory
