// The queue's producers: enqueuing and cancelling.
#include "jobs.h"
#include "statements.h"
#include "store.h"

namespace embedq::sqlite {
namespace {

[[nodiscard]] EnqueueOutcome enqueue_one(Connection& connection, const CatalogRow& catalog, const SpecRow& spec,
                                         JobKind kind, std::int64_t now) {
    if (!catalog.target || spec.operation_count == 0) return EnqueueOutcome::none;
    if (kind == JobKind::manual_retry) change(connection, sql::force_spec, spec.spec, catalog.target, now);
    if (!has_gap(connection, catalog, spec.spec)) return EnqueueOutcome::none;
    return enqueue_job(connection, catalog, spec.spec_name, kind, now);
}

}  // namespace

Result<std::vector<EnqueueOutcome>> SqliteStore::enqueue(std::span<const EnqueueRequest> requests) {
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<std::vector<EnqueueOutcome>> {
        std::vector<EnqueueOutcome> outcomes;
        outcomes.reserve(requests.size());
        for (const EnqueueRequest& request : requests) {
            auto catalog = find_catalog(connection, request.catalog_id);
            if (!catalog) return std::unexpected(catalog.error());
            auto spec = find_spec(connection, *catalog, request.spec_name);
            if (!spec) return std::unexpected(spec.error());
            outcomes.push_back(enqueue_one(connection, *catalog, *spec, request.kind, now));
        }
        return outcomes;
    });
}

Result<std::size_t> SqliteStore::cancel(std::span<const JobId> jobs) {
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<std::size_t> {
        std::size_t open = 0;
        for (const JobId id : jobs) {
            if (cancel_job(connection, id, now)) ++open;
        }
        return open;
    });
}

}  // namespace embedq::sqlite
