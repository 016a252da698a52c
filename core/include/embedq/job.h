// Jobs: one job embeds one spec. docs/job-states.md draws the states.
//
// Plain values. Times are by the store's clock.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"

namespace embedq {

using JobId = std::int64_t;
// 128 random bits, new with each claim: proof that a worker holds a job now.
using LeaseToken = std::array<std::byte, 16>;

struct JobRef {
    JobId id = 0;
    LeaseToken token{};
};

enum class JobKind : std::uint8_t { spec_write, reconciler, manual_retry };
enum class JobStatus : std::uint8_t { pending, running, succeeded, failed, cancelled };

[[nodiscard]] constexpr std::string_view to_string(JobKind kind) noexcept {
    switch (kind) {
        case JobKind::spec_write: return "spec_write";
        case JobKind::reconciler: return "reconciler";
        case JobKind::manual_retry: return "manual_retry";
    }
    return "spec_write";
}

[[nodiscard]] constexpr std::string_view to_string(JobStatus status) noexcept {
    switch (status) {
        case JobStatus::pending: return "pending";
        case JobStatus::running: return "running";
        case JobStatus::succeeded: return "succeeded";
        case JobStatus::failed: return "failed";
        case JobStatus::cancelled: return "cancelled";
    }
    return "pending";
}

// A job as its history shows it.
struct Job {
    JobId id = 0;
    std::string catalog_id;
    std::string spec_name;
    JobKind kind = JobKind::spec_write;
    JobStatus status = JobStatus::pending;
    std::uint32_t attempts = 0;  // attempts that ended, by error or expiry, without a new vector
    std::uint32_t expiries = 0;  // leases that ran out
    std::string last_error;
    std::string worker_id;
    std::size_t embedded_so_far = 0;  // vectors stored by this job
    std::optional<Time> next_run_at;
    std::optional<Time> lease_expires_at;
    Time created_at{};
    std::optional<Time> started_at;
    std::optional<Time> completed_at;
};

// A job as its holder gets it.
struct ClaimedJob {
    JobRef ref;
    std::string catalog_id;
    std::string spec_name;
    JobKind kind = JobKind::spec_write;
    Sha256 fingerprint{};  // of the target profile it was claimed under
    std::uint32_t attempts = 0;
    std::uint32_t expiries = 0;
    std::size_t operation_count = 0;
};

struct EnqueueRequest {
    std::string catalog_id;
    std::string spec_name;
    JobKind kind = JobKind::spec_write;  // manual_retry sets the spec's force and ends its parking
};

struct ClaimRequest {
    std::string worker_id;
    std::vector<Sha256> fingerprints;  // what this process can make and what is not cooling down
    std::size_t max_jobs = 1;
    std::size_t max_texts = 1;  // claims stop when the jobs' operations reach this; the first job may exceed it
    std::chrono::milliseconds lease{20'000};
    // A suspect is a job whose lease expired twice; it is only ever given out alone. False leaves suspects to others.
    bool allow_suspect = false;
};

// What a process says of itself with each heartbeat.
struct WorkerReport {
    std::string worker_id;  // unique per start
    std::string host;
    std::int64_t pid = 0;
    std::string version;
    std::size_t jobs_held = 0;
};

struct WorkerInfo {
    WorkerReport report;
    Time started_at{};
    Time seen_at{};
};

// Which texts of a held job still need a vector, in pages.
struct MissingQuery {
    JobRef job;
    std::int64_t after_position = -1;  // exclusive: the last position of the page before
    std::size_t max_texts = 1000;
    std::size_t max_bytes = 4U << 20U;  // at least one text is returned
};

struct MissingText {
    std::int64_t position = 0;  // of the first operation with this text
    std::string operation_id;
    Sha256 text_hash{};
    std::string text;
};

struct MissingTexts {
    Sha256 profile_id{};
    Time as_of{};                    // the store's clock when this was read; goes back with what is made of it
    std::optional<Time> force_from;  // vectors asked for before this do not count
    std::vector<MissingText> texts;  // each text once
    bool more = false;
};

struct VectorWrite {
    Sha256 profile_id{};
    Sha256 text_hash{};
    // MissingTexts::as_of; becomes `written_at`, and an older one never replaces a newer.
    Time as_of{};
    std::span<const float> values;  // the profile's dimension; finite and not all zero
    std::uint32_t cut_to = 0;       // how many bytes of the text were embedded, where it had to be cut; 0: all of them
};

struct RefusalWrite {
    Sha256 profile_id{};
    Sha256 text_hash{};
    Time as_of{};
    std::string reason;
};

enum class JobOutcome : std::uint8_t {
    progress,  // still running
    // Clears the error of earlier attempts; kept as `failed`, with the refusal as its error, where a text of the spec
    // stands.
    succeeded,
    // refused under the job's profile
    failed,   // for good; the spec is parked for a growing time
    retry,    // after `delay`; counts an attempt if this attempt stored no new vector; `failed` when attempts run out
    release,  // back to pending after `delay` without counting an attempt
};

// What one holder says of one job. Vectors and refusals are indices into the commit's arrays; several jobs may name the
// same one, which is stored if any of them still holds its lease.
struct JobReport {
    JobRef job;
    JobOutcome outcome = JobOutcome::progress;
    std::string error;
    std::chrono::milliseconds delay{0};
    std::vector<std::uint32_t> vectors;
    std::vector<std::uint32_t> refusals;
};

struct Commit {
    std::vector<VectorWrite> vectors;
    std::vector<RefusalWrite> refusals;
    std::vector<JobReport> jobs;
    std::uint32_t max_attempts = 5;
};

struct JobQuery {
    std::optional<std::string> catalog_id;
    std::optional<std::string> spec_name;
    std::optional<JobStatus> status;
    std::optional<JobId> id;
    std::optional<JobId> before;  // exclusive: newest first, the cursor of the next page
    std::size_t limit = 50;
};

// One spec as the badges show it.
struct SpecStatus {
    std::string spec_name;
    std::size_t operation_count = 0;
    std::size_t embedding_count = 0;  // operations whose text has a vector under the target profile
    std::size_t refused_count = 0;    // operations whose text the provider refused for good
    std::optional<Job> job;           // the newest
};

struct CatalogHealth {
    std::string catalog_id;
    std::size_t specs_total = 0;
    std::size_t specs_indexed = 0;  // all texts settled; a spec without operations always is
    std::size_t specs_pending = 0;  // by the newest job
    std::size_t specs_running = 0;
    std::size_t specs_failed = 0;
    std::size_t operation_count = 0;
    std::size_t embedding_count = 0;
};

// When something becomes due, from now, by the store's clock. Negative values mean overdue.
struct NextDue {
    std::optional<std::chrono::milliseconds> pending;  // the earliest pending job of the fingerprints asked for
    // The earliest of those whose lease expired twice, which are claimed alone.
    std::optional<std::chrono::milliseconds> suspect;
    std::optional<std::chrono::milliseconds> lease_expiry;  // the earliest lease, of any job
};

struct ReapResult {
    std::size_t requeued = 0;
    std::size_t failed = 0;  // attempts ran out
};

struct ReconcileResult {
    std::size_t enqueued = 0;  // specs with a gap that got a job
    std::size_t gaps = 0;      // specs with a gap, with or without a job already
    std::size_t flipped = 0;   // catalogs whose serving profile became the target profile
};

struct PruneRequest {
    std::chrono::milliseconds older_than{std::chrono::hours(24 * 14)};
    std::size_t limit = 1000;  // rows of each kind per call; call again while `more`
};

struct PruneResult {
    std::size_t jobs = 0;
    std::size_t vectors = 0;  // that no operation and no catalog's profile needs any more
    std::size_t changes = 0;
    bool more = false;
};

// What a budget per minute counts.
enum class BudgetUnit : std::uint8_t { requests, tokens };

[[nodiscard]] constexpr std::string_view to_string(BudgetUnit unit) noexcept {
    return unit == BudgetUnit::requests ? "requests" : "tokens";
}

// Asks for a part of a budget that all processes with this provider share.
struct BudgetRequest {
    Sha256 fingerprint{};  // of the provider's profile
    BudgetUnit unit = BudgetUnit::requests;
    double per_minute = 0;  // the whole budget, as the caller is configured; positive
    double amount = 0;      // positive
};

// Part of a budget: the amount may be spent from this moment on, evenly, at the budget's rate. One that starts later is
// the caller's already.
struct BudgetSlice {
    std::chrono::microseconds starts_in{0};  // from now; never negative
};

// One provider endpoint's pause, for every process to see.
struct LaneState {
    Sha256 fingerprint{};
    std::string endpoint;
    std::chrono::milliseconds cool_down{0};  // from now; 0 ends the pause
    std::string reason;
};

}  // namespace embedq
