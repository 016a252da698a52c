// The transitions of a job between its states (docs/job-states.md), each with its effect on the job's spec.
//
// Plain functions on a connection inside a write transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "catalogs.h"
#include "database.h"
#include "embedq/catalog.h"
#include "embedq/claim.h"
#include "embedq/job.h"

namespace embedq::sqlite {

// A running job whose token the caller holds.
struct HeldJob {
    JobId id = 0;
    std::int64_t catalog = 0;
    std::int64_t spec = 0;
    std::optional<std::int64_t> force_from;
    std::string catalog_id;
    std::string spec_name;
    std::optional<std::int64_t> profile;  // the target profile when it was claimed
    std::int64_t attempts = 0;
    std::int64_t expiries = 0;
    std::int64_t new_vectors = 0;
    std::string last_error;
};

// Enqueues a job, or collapses onto the pending one, which becomes due immediately. The caller has checked that there
// is work and a target profile.
EnqueueOutcome enqueue_job(Connection& connection, const CatalogRow& catalog, std::string_view spec_name, JobKind kind,
                           std::int64_t now);
[[nodiscard]] bool has_open(Connection& connection, std::string_view catalog_id, std::string_view spec_name);
// The job, if this token holds it now.
[[nodiscard]] std::optional<HeldJob> find_held(Connection& connection, const JobRef& ref);
// Back to pending. If another job of the spec is pending already, that one takes its place and this one ends
// `cancelled`.
void requeue_job(Connection& connection, const HeldJob& job, std::int64_t due, std::int64_t now);
// If a text of the job's spec is refused, the job fails instead, with the refusal as its error.
void succeed_job(Connection& connection, const HeldJob& job, std::int64_t now);
// Also parks the spec (parking_time).
void fail_job(Connection& connection, const HeldJob& job, std::int64_t now);
void set_last_error(Connection& connection, JobId id, std::string_view error);
// False when it had ended already.
bool cancel_job(Connection& connection, JobId id, std::int64_t now);

// The statement that lists the jobs of a query; its parameters are ?1 before, ?2 id, ?3 catalog, ?4 spec, ?5 limit.
[[nodiscard]] std::string job_list_statement(const JobQuery& query);
[[nodiscard]] Job job_of_row(const Run& row);

}  // namespace embedq::sqlite
