// Pruning: old history, vectors that nothing refers to, and old entries of the feed. The rows are found on a snapshot;
// the write lock is held only while a few rows are deleted, each of which is checked again.
#include <map>
#include <utility>

#include "catalogs.h"
#include "embedq/support/store_rules.h"
#include "statements.h"
#include "store.h"

namespace embedq::sqlite {
namespace {

using Keys = std::vector<std::int64_t>;

struct Prunable {
    Keys jobs;
    Keys vectors;
    std::vector<std::pair<std::int64_t, std::int64_t>> refusals;  // profile, text
    std::vector<std::pair<std::int64_t, std::int64_t>> changes;   // revision, catalog
    Keys texts;
    bool more = false;
};

// Takes rows until there are `limit`; returns whether there was another one.
template <class Take>
[[nodiscard]] bool take_up_to(std::size_t limit, Run& row, Take&& take) {
    std::size_t taken = 0;
    while (row.next()) {
        if (taken == limit) return true;
        if (take(row)) ++taken;
    }
    return false;
}

[[nodiscard]] bool find_old_changes(Connection& connection, std::int64_t before, std::size_t limit, Prunable& found) {
    Run row(connection, sql::oldest_changes, limit_of(limit + 1));
    while (row.next() && row.integer(2) < before) {
        if (found.changes.size() == limit) return true;
        found.changes.emplace_back(row.integer(0), row.integer(1));
    }
    return false;
}

[[nodiscard]] Prunable find_prunable(Connection& connection, std::int64_t before, std::size_t limit) {
    Prunable found;
    Run jobs(connection, sql::old_jobs, before, limit_of(limit + 1));
    found.more = take_up_to(limit, jobs, [&](const Run& row) {
        found.jobs.push_back(row.integer(0));
        return true;
    });
    Run vectors(connection, sql::unreferred_vectors);
    found.more |= take_up_to(limit, vectors, [&](const Run& row) {
        const bool old = value_of(connection, sql::vector_is_old, row.integer(0), before).has_value();
        if (old) found.vectors.push_back(row.integer(0));
        return old;
    });
    Run refusals(connection, sql::unreferred_refusals, before);
    found.more |= take_up_to(limit, refusals, [&](const Run& row) {
        found.refusals.emplace_back(row.integer(0), row.integer(1));
        return true;
    });
    found.more |= find_old_changes(connection, before, limit, found);
    Run texts(connection, sql::unused_texts, limit_of(limit));
    while (texts.next()) found.texts.push_back(texts.integer(0));
    return found;
}

[[nodiscard]] PruneResult delete_rows(Connection& connection, const Prunable& found, const PruneRequest& request,
                                      std::int64_t now) {
    const std::int64_t before = now - microseconds_of(request.older_than);
    PruneResult result;
    for (const std::int64_t job : found.jobs) result.jobs += change(connection, sql::delete_job, job);
    for (const std::int64_t vector : found.vectors) {
        result.vectors += change(connection, sql::delete_unreferred_vector, vector, before);
    }
    for (const auto& [profile, text] : found.refusals)
        change(connection, sql::delete_unreferred_refusal, profile, text, before);
    std::map<std::int64_t, std::int64_t> floors;
    for (const auto& [revision, catalog] : found.changes) {
        const std::size_t deleted = change(connection, sql::delete_change, revision);
        result.changes += deleted;
        if (deleted > 0) floors[catalog] = revision;
    }
    for (const auto& [catalog, revision] : floors) change(connection, sql::raise_floor, catalog, revision);
    for (const std::int64_t text : found.texts) change(connection, sql::delete_unused_text, text);
    change(connection, sql::forget_workers, now - microseconds_of(worker_lifetime(request.older_than)));
    change(connection, sql::forget_rate_limits, now - microseconds_of(std::chrono::hours(1)));
    result.more = found.more;
    return result;
}

}  // namespace

Result<PruneResult> SqliteStore::prune(const PruneRequest& request) {
    auto found = connections_.read([&](Connection& connection, std::int64_t now) -> Result<Prunable> {
        return find_prunable(connection, now - microseconds_of(request.older_than), request.limit);
    });
    if (!found) return std::unexpected(found.error());
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<PruneResult> {
        return delete_rows(connection, *found, request, now);
    });
}

}  // namespace embedq::sqlite
