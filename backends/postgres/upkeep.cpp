// Upkeep: dead workers' jobs, gaps, old rows, lanes, budgets (sql/upkeep.sql).
#include "embedq/checks.h"
#include "store.h"

namespace embedq::postgres {

Result<ReapResult> PostgresStore::reap(std::uint32_t max_attempts) {
    return session_.call("reap", Parameters().add(std::int64_t{max_attempts}),
                         [](const Rows& rows) { return ReapResult{rows.count(0, 0), rows.count(0, 1)}; });
}

Result<ReconcileResult> PostgresStore::reconcile(std::string_view catalog_id) {
    return session_.call("reconcile", Parameters().add(catalog_id), [](const Rows& rows) {
        return ReconcileResult{rows.count(0, 0), rows.count(0, 1), rows.count(0, 2)};
    });
}

Result<PruneResult> PostgresStore::prune(const PruneRequest& request) {
    return session_.call(
        "prune", Parameters().add(to_us(request.older_than)).add(to_limit(request.limit)), [](const Rows& rows) {
            return PruneResult{rows.count(0, 0), rows.count(0, 1), rows.count(0, 2), rows.boolean(0, 3)};
        });
}

Status PostgresStore::put_lanes(std::span<const LaneState> lanes) {
    Array fingerprints, endpoints, cool_downs, reasons;
    for (const LaneState& lane : lanes) {
        fingerprints.add(lane.fingerprint);
        endpoints.add(lane.endpoint);
        cool_downs.add(to_us(lane.cool_down));
        reasons.add(lane.reason);
    }
    Parameters parameters;
    parameters.add(std::move(fingerprints))
        .add(std::move(endpoints))
        .add(std::move(cool_downs))
        .add(std::move(reasons));
    return session_.call("put_lanes", parameters, [](const Rows&) {});
}

Result<std::vector<LaneState>> PostgresStore::lanes() {
    return session_.call("cooling_lanes", {}, [](const Rows& rows) {
        std::vector<LaneState> cooling;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            cooling.push_back({rows.hash(i, 0), rows.text(i, 1), to_ms(rows.integer(i, 2)), rows.text(i, 3)});
        }
        return cooling;
    });
}

// A call whose answer was lost is made again: what the first one reserved lies idle.
Result<std::vector<BudgetSlice>> PostgresStore::reserve(std::span<const BudgetRequest> requests) {
    if (auto sound = check_budgets(requests); !sound) return std::unexpected(sound.error());
    Array fingerprints, units, stretches;
    for (const BudgetRequest& request : requests) {
        fingerprints.add(request.fingerprint);
        units.add(to_string(request.unit));
        stretches.add(std::int64_t{stretch_of(request).count()});
    }
    Parameters parameters;
    parameters.add(std::move(fingerprints)).add(std::move(units)).add(std::move(stretches));
    return session_.call("reserve_budgets", parameters, [](const Rows& rows) {
        std::vector<BudgetSlice> slices;
        for (std::size_t i = 0; i < rows.size(); ++i) slices.push_back({std::chrono::microseconds(rows.integer(i, 1))});
        return slices;
    });
}

}  // namespace embedq::postgres
