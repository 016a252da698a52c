// What people look at: badges, totals, history. Counts come from narrow indexes alone; no vector and no document is
// read.
#include <algorithm>
#include <optional>

#include "jobs.h"
#include "statements.h"
#include "store.h"

namespace embedq::sqlite {
namespace {

struct Counts {
    std::size_t vectors = 0;
    std::size_t refusals = 0;
};

// By operation, so that a text that two operations share counts twice.
[[nodiscard]] Counts count_settled(Connection& connection, const CatalogRow& catalog, const SpecRow& spec) {
    if (!catalog.target || spec.operation_count == 0) return {};
    Run row(connection, sql::count_settled, spec.spec, catalog.target);
    if (!row.next()) return {};
    return {static_cast<std::size_t>(row.integer(0)), static_cast<std::size_t>(row.integer(1))};
}

[[nodiscard]] std::vector<std::string> split(std::string_view names) {
    std::vector<std::string> parts;
    while (!names.empty()) {
        const auto end = std::min(names.find(','), names.size());
        parts.emplace_back(names.substr(0, end));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return parts;
}

[[nodiscard]] CatalogHealth health_of(Connection& connection, const CatalogRow& catalog) {
    CatalogHealth health;
    health.catalog_id = catalog.catalog_id;
    for (const SpecRow& spec : find_specs(connection, catalog, {})) {
        const Counts counts = count_settled(connection, catalog, spec);
        ++health.specs_total;
        health.operation_count += spec.operation_count;
        health.embedding_count += counts.vectors;
        health.operations_left_out += spec.left_out;
        const auto number =
            value_of(connection, sql::newest_job_status, catalog.catalog_id, spec.spec_name, spec.jobs_after);
        const auto newest = number ? std::optional(static_cast<JobStatus>(*number)) : std::nullopt;
        if (newest == JobStatus::pending) {
            ++health.specs_pending;
        } else if (newest == JobStatus::running) {
            ++health.specs_running;
        } else if (newest == JobStatus::failed) {
            ++health.specs_failed;
        } else if (counts.vectors + counts.refusals == spec.operation_count) {
            ++health.specs_indexed;
        }
    }
    return health;
}

struct Wanted {
    std::int64_t text = 0;
    std::optional<std::int64_t> force_from;
    friend auto operator<=>(const Wanted&, const Wanted&) = default;
};

// A text that a forced spec still waits for is missing, though it may count for another spec: the newest force decides.
[[nodiscard]] Settlement settle_specs(Connection& connection, const CatalogRow& catalog,
                                      std::span<const SpecRow> specs) {
    Settlement sum;
    std::vector<Wanted> wanted;
    for (const SpecRow& spec : specs) {
        Run row(connection, sql::texts_of_spec, spec.spec);
        while (row.next()) wanted.push_back({row.integer(0), spec.force_from});
    }
    sum.specs = specs.size();
    sum.operations = wanted.size();
    std::ranges::sort(wanted, std::ranges::greater());
    const auto repeated = std::ranges::unique(wanted, {}, &Wanted::text);
    wanted.erase(repeated.begin(), repeated.end());
    sum.distinct_texts = wanted.size();
    for (const Wanted& text : wanted) {
        if (value_of(connection, sql::vector_counts, catalog.target, text.text, text.force_from)) {
            ++sum.vectors;
            if (value_of(connection, sql::vector_is_cut, catalog.target, text.text)) ++sum.cut;
        } else if (value_of(connection, sql::refusal_counts, catalog.target, text.text, text.force_from)) {
            ++sum.refusals;
        }
    }
    return sum;
}

// The index for each filter. Two of them are not in the order of ids, so their rows are sorted: they hold only open
// jobs.
[[nodiscard]] std::string_view index_for(const JobQuery& query) {
    if (query.id) return "";
    if (query.catalog_id && query.spec_name) return " INDEXED BY jobs_history";
    if (query.status == JobStatus::pending) return " INDEXED BY jobs_pending";
    if (query.status == JobStatus::running) return " INDEXED BY jobs_running";
    if (query.status == JobStatus::failed || query.status == JobStatus::cancelled)
        return " INDEXED BY jobs_unsuccessful";
    if (query.catalog_id) return " INDEXED BY jobs_of_catalog";
    return "";
}

}  // namespace

std::string job_list_statement(const JobQuery& query) {
    std::string statement =
        "SELECT " + std::string(sql::job_columns) + " FROM jobs" + std::string(index_for(query)) + " WHERE id < ?1";
    if (query.id) statement += " AND id = ?2";
    if (query.catalog_id) statement += " AND catalog_id = ?3";
    if (query.spec_name) statement += " AND spec_name = ?4";
    // Not as parameters, so that SQLite can prove the conditions of the partial indexes; the second one is that of
    // jobs_unsuccessful.
    const auto number = [](JobStatus status) { return std::to_string(static_cast<int>(status)); };
    if (query.status) statement += " AND status = " + number(*query.status);
    if (query.status > JobStatus::succeeded) statement += " AND status > " + number(JobStatus::succeeded);
    return statement + " ORDER BY id DESC LIMIT ?5";
}

Result<std::vector<SpecStatus>> SqliteStore::statuses(std::string_view catalog_id,
                                                      std::span<const std::string> spec_names) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<std::vector<SpecStatus>> {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        std::vector<SpecStatus> statuses;
        for (const SpecRow& spec : find_specs(connection, *catalog, spec_names)) {
            const Counts counts = count_settled(connection, *catalog, spec);
            SpecStatus& status =
                statuses.emplace_back(spec.spec_name, spec.operation_count, counts.vectors, counts.refusals);
            Run job(connection, sql::newest_job, catalog_id, spec.spec_name, spec.jobs_after);
            if (job.next()) status.job = job_of_row(job);
        }
        return statuses;
    });
}

Result<std::vector<CatalogHealth>> SqliteStore::health(std::string_view catalog_id) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<std::vector<CatalogHealth>> {
        auto catalogs = find_catalogs(connection, catalog_id);
        if (!catalogs) return std::unexpected(catalogs.error());
        std::vector<CatalogHealth> rows;
        rows.reserve(catalogs->size());
        for (const CatalogRow& catalog : *catalogs) rows.push_back(health_of(connection, catalog));
        return rows;
    });
}

Result<Settlement> SqliteStore::settlement(std::string_view catalog_id, std::span<const std::string> spec_names) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<Settlement> {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        return settle_specs(connection, *catalog, find_specs(connection, *catalog, spec_names));
    });
}

Result<Workload> SqliteStore::workload(std::string_view catalog_id, const Sha256& profile_id) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<Workload> {
        auto catalog = find_catalog(connection, catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        Workload sum;
        Run row(connection, sql::workload, catalog->catalog,
                value_of(connection, sql::profile_of_id, profile_id).value_or(0));
        if (!row.next()) return sum;
        const auto number = [&](int column) { return static_cast<std::size_t>(row.integer(column)); };
        return Workload{number(0), number(1), number(2), number(3)};
    });
}

Result<std::vector<Job>> SqliteStore::jobs(const JobQuery& query) {
    return connections_.read([&](Connection& connection, std::int64_t) -> Result<std::vector<Job>> {
        Run row(connection, job_list_statement(query));
        row.bind(1, query.before.value_or(INT64_MAX));
        if (query.id) row.bind(2, *query.id);
        if (query.catalog_id) row.bind(3, *query.catalog_id);
        if (query.spec_name) row.bind(4, *query.spec_name);
        row.bind(5, limit_of(query.limit));
        std::vector<Job> page;
        while (row.next()) page.push_back(job_of_row(row));
        return page;
    });
}

Result<std::vector<WorkerInfo>> SqliteStore::workers() {
    return connections_.read([](Connection& connection, std::int64_t) -> Result<std::vector<WorkerInfo>> {
        std::vector<WorkerInfo> all;
        Run row(connection, sql::workers);
        while (row.next()) {
            all.push_back({.report = {.worker_id = row.text(0),
                                      .host = row.text(1),
                                      .pid = row.integer(2),
                                      .version = row.text(3),
                                      .jobs_held = static_cast<std::size_t>(row.integer(4)),
                                      .providers = split(row.view(7))},
                           .started_at = row.time(5),
                           .seen_at = row.time(6)});
        }
        return all;
    });
}

}  // namespace embedq::sqlite
