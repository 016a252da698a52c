// What people look at: badges, totals, history (sql/reading.sql).
#include "store.h"

namespace embedq::postgres {
namespace {

// The columns from `kind` on are the same wherever a job is read.
[[nodiscard]] Job job_of_row(const Rows& rows, std::size_t i, int kind) {
    Job job;
    job.kind = static_cast<JobKind>(rows.integer(i, kind));
    job.status = static_cast<JobStatus>(rows.integer(i, kind + 1));
    job.attempts = static_cast<std::uint32_t>(rows.integer(i, kind + 2));
    job.expiries = static_cast<std::uint32_t>(rows.integer(i, kind + 3));
    job.last_error = rows.text(i, kind + 4);
    job.worker_id = rows.text(i, kind + 5);
    job.embedded_so_far = rows.count(i, kind + 6);
    job.next_run_at = rows.maybe_time(i, kind + 7);
    job.lease_expires_at = rows.maybe_time(i, kind + 8);
    job.created_at = rows.time(i, kind + 9);
    job.started_at = rows.maybe_time(i, kind + 10);
    job.completed_at = rows.maybe_time(i, kind + 11);
    return job;
}

void add_maybe(Parameters& parameters, const std::optional<std::string>& text) {
    if (text) {
        parameters.add(*text);
    } else {
        parameters.add_null();
    }
}

void add_maybe(Parameters& parameters, const std::optional<std::int64_t>& value) {
    if (value) {
        parameters.add(*value);
    } else {
        parameters.add_null();
    }
}

}  // namespace

Result<std::vector<SpecStatus>> PostgresStore::statuses(std::string_view catalog_id,
                                                        std::span<const std::string> spec_names) {
    return pool_.call("spec_statuses", Parameters().add(catalog_id).add(spec_names), [&](const Rows& rows) {
        std::vector<SpecStatus> statuses;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            SpecStatus& status =
                statuses.emplace_back(rows.text(i, 0), rows.count(i, 1), rows.count(i, 2), rows.count(i, 3));
            if (rows.null(i, 4)) continue;
            status.job = job_of_row(rows, i, 5);
            status.job->id = rows.integer(i, 4);
            status.job->catalog_id = catalog_id;
            status.job->spec_name = status.spec_name;
        }
        return statuses;
    });
}

Result<std::vector<CatalogHealth>> PostgresStore::health(std::string_view catalog_id) {
    return pool_.call("catalog_health", Parameters().add(catalog_id), [](const Rows& rows) {
        std::vector<CatalogHealth> all;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            all.push_back({.catalog_id = rows.text(i, 0),
                           .specs_total = rows.count(i, 1),
                           .specs_indexed = rows.count(i, 2),
                           .specs_pending = rows.count(i, 3),
                           .specs_running = rows.count(i, 4),
                           .specs_failed = rows.count(i, 5),
                           .operation_count = rows.count(i, 6),
                           .embedding_count = rows.count(i, 7),
                           .operations_left_out = rows.count(i, 8)});
        }
        return all;
    });
}

Result<Settlement> PostgresStore::settlement(std::string_view catalog_id, std::span<const std::string> spec_names) {
    return pool_.call("settlement", Parameters().add(catalog_id).add(spec_names), [](const Rows& rows) {
        return Settlement{rows.count(0, 0), rows.count(0, 1), rows.count(0, 2),
                          rows.count(0, 3), rows.count(0, 4), rows.count(0, 5)};
    });
}

Result<Workload> PostgresStore::workload(std::string_view catalog_id, const Sha256& profile_id) {
    return pool_.call("workload", Parameters().add(catalog_id).add(profile_id), [](const Rows& rows) {
        return Workload{rows.count(0, 0), rows.count(0, 1), rows.count(0, 2), rows.count(0, 3)};
    });
}

Result<std::vector<Job>> PostgresStore::jobs(const JobQuery& query) {
    Parameters parameters;
    add_maybe(parameters, query.id);
    add_maybe(parameters, query.catalog_id);
    add_maybe(parameters, query.spec_name);
    add_maybe(parameters, query.status.transform([](JobStatus status) { return static_cast<std::int64_t>(status); }));
    parameters.add(query.before.value_or(INT64_MAX)).add(to_limit(query.limit));
    return pool_.call("list_jobs", parameters, [](const Rows& rows) {
        std::vector<Job> page;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            page.push_back(job_of_row(rows, i, 3));
            page.back().id = rows.integer(i, 0);
            page.back().catalog_id = rows.text(i, 1);
            page.back().spec_name = rows.text(i, 2);
        }
        return page;
    });
}

Result<std::vector<WorkerInfo>> PostgresStore::workers() {
    return pool_.call("list_workers", {}, [](const Rows& rows) {
        std::vector<WorkerInfo> all;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            all.push_back({.report = {.worker_id = rows.text(i, 0),
                                      .host = rows.text(i, 1),
                                      .pid = rows.integer(i, 2),
                                      .version = rows.text(i, 3),
                                      .jobs_held = rows.count(i, 4),
                                      .providers = rows.texts(i, 7)},
                           .started_at = rows.time(i, 5),
                           .seen_at = rows.time(i, 6)});
        }
        return all;
    });
}

}  // namespace embedq::postgres
