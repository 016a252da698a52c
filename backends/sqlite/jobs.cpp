#include "jobs.h"

#include <algorithm>
#include <chrono>

#include "embedq/support/store_rules.h"
#include "statements.h"

namespace embedq::sqlite {
namespace {

using std::chrono::microseconds;

void finish(Connection& connection, JobId id, JobStatus status, std::int64_t now) {
    change(connection, sql::finish_job, id, static_cast<int>(status), now);
}

[[nodiscard]] std::optional<JobId> pending_of(Connection& connection, std::string_view catalog_id,
                                              std::string_view spec_name) {
    return value_of(connection, sql::pending_job, catalog_id, spec_name);
}

}  // namespace

EnqueueOutcome enqueue_job(Connection& connection, const CatalogRow& catalog, std::string_view spec_name, JobKind kind,
                           std::int64_t now) {
    const auto kind_number = static_cast<int>(kind);
    const auto fingerprint = value_of(connection, sql::fingerprint_of_profile, catalog.target);
    auto due = now;
    if (!is_background(kind)) {
        // A write or a manual retry goes before what is queued in the background.
        if (const auto first = value_of(connection, sql::first_bulk_job, fingerprint)) due = std::min(now, *first - 1);
    }
    if (const auto pending = pending_of(connection, catalog.catalog_id, spec_name)) {
        change(connection, sql::collapse_job, *pending, kind_number, due);
        return EnqueueOutcome::collapsed;
    }
    change(connection, sql::insert_job, kind_number, fingerprint, now, catalog.catalog_id, spec_name, due);
    return EnqueueOutcome::created;
}

bool has_open(Connection& connection, std::string_view catalog_id, std::string_view spec_name) {
    return pending_of(connection, catalog_id, spec_name) ||
           value_of(connection, sql::running_job, catalog_id, spec_name);
}

std::optional<HeldJob> find_held(Connection& connection, const JobRef& ref) {
    Run row(connection, sql::held_job, ref.id, ref.token);
    if (!row.next()) return std::nullopt;
    return HeldJob{.id = ref.id,
                   .catalog = row.integer(0),
                   .spec = row.integer(1),
                   .force_from = row.maybe(2),
                   .catalog_id = row.text(3),
                   .spec_name = row.text(4),
                   .profile = row.maybe(5),
                   .attempts = row.integer(6),
                   .expiries = row.integer(7),
                   .new_vectors = row.integer(8),
                   .last_error = row.text(9)};
}

void requeue_job(Connection& connection, const HeldJob& job, std::int64_t due, std::int64_t now) {
    const auto behind = pending_of(connection, job.catalog_id, job.spec_name);
    if (!behind) {
        change(connection, sql::requeue_job, job.id, due, job.catalog);
        return;
    }
    // The pending job takes over the counts; otherwise a spec that is enqueued often could kill workers forever.
    change(connection, sql::take_over_counts, *behind, job.attempts, job.expiries, job.last_error);
    finish(connection, job.id, JobStatus::cancelled, now);
}

void succeed_job(Connection& connection, const HeldJob& job, std::int64_t now) {
    if (Run refusal(connection, sql::current_refusal, job.spec, job.profile, job.force_from); refusal.next()) {
        set_last_error(connection, job.id, "operation '" + refusal.text(0) + "' was refused: " + refusal.text(1));
        return fail_job(connection, job, now);
    }
    // The errors of earlier attempts no longer matter.
    if (!job.last_error.empty()) set_last_error(connection, job.id, "");
    finish(connection, job.id, JobStatus::succeeded, now);
    change(connection, sql::spec_succeeded, job.spec);
}

void fail_job(Connection& connection, const HeldJob& job, std::int64_t now) {
    finish(connection, job.id, JobStatus::failed, now);
    const std::int64_t failures = value_of(connection, sql::spec_failures, job.spec).value_or(0) + 1;
    change(connection, sql::park_spec, job.spec, failures,
           now + microseconds(parking_time(static_cast<std::uint64_t>(failures))).count());
}

void set_last_error(Connection& connection, JobId id, std::string_view error) {
    change(connection, sql::set_last_error, id, error);
}

bool cancel_job(Connection& connection, JobId id, std::int64_t now) {
    return change(connection, sql::finish_job, id, static_cast<int>(JobStatus::cancelled), now) > 0;
}

Job job_of_row(const Run& row) {
    Job job;
    job.id = row.integer(0);
    job.catalog_id = row.text(1);
    job.spec_name = row.text(2);
    job.kind = static_cast<JobKind>(row.integer(3));
    job.status = static_cast<JobStatus>(row.integer(4));
    job.attempts = static_cast<std::uint32_t>(row.integer(5));
    job.expiries = static_cast<std::uint32_t>(row.integer(6));
    job.last_error = row.text(7);
    job.worker_id = row.text(8);
    job.embedded_so_far = static_cast<std::size_t>(row.integer(9));
    job.next_run_at = row.maybe_time(10);
    job.lease_expires_at = row.maybe_time(11);
    job.created_at = row.time(12);
    job.started_at = row.maybe_time(13);
    job.completed_at = row.maybe_time(14);
    return job;
}

}  // namespace embedq::sqlite
