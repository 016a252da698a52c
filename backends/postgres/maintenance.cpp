// Maintenance: the jobs of dead workers, gaps, old rows, endpoint states, rate limits (sql/maintenance.sql).
#include "embedq/support/store_rules.h"
#include "store.h"

namespace embedq::postgres {

Result<ReapResult> PostgresStore::reap(std::uint32_t max_attempts) {
    return pool_.call("reap", Parameters().add(std::int64_t{max_attempts}), [](const Rows& rows) {
        ReapResult result;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            result.jobs.push_back(
                {rows.integer(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.boolean(i, 4)});
            ++(result.jobs.back().failed ? result.failed : result.requeued);
        }
        return result;
    });
}

Result<ReconcileResult> PostgresStore::reconcile(std::string_view catalog_id) {
    return pool_.call("reconcile", Parameters().add(catalog_id), [](const Rows& rows) {
        return ReconcileResult{rows.count(0, 0), rows.count(0, 1), rows.count(0, 2), rows.count(0, 3)};
    });
}

Result<PruneResult> PostgresStore::prune(const PruneRequest& request) {
    return pool_.call("prune", Parameters().add(to_us(request.older_than)).add(to_limit(request.limit)),
                      [](const Rows& rows) {
                          return PruneResult{rows.count(0, 0), rows.count(0, 1), rows.count(0, 2), rows.boolean(0, 3)};
                      });
}

Status PostgresStore::put_endpoint_states(std::span<const EndpointState> states) {
    Array fingerprints, endpoints, kinds, cool_downs, reasons;
    Array limited, limited_endpoints, intervals, inputs, request_tokens, text_tokens, inputs_bounds;
    for (const EndpointState& state : states) {
        fingerprints.add(state.fingerprint);
        endpoints.add(state.endpoint);
        kinds.add(static_cast<std::int64_t>(state.kind));
        cool_downs.add(to_us(state.cool_down));
        reasons.add(state.reason);
        if (!state.limits) continue;
        limited.add(state.fingerprint);
        limited_endpoints.add(state.endpoint);
        intervals.add(std::int64_t{state.limits->request_interval.count()});
        inputs.add(to_limit(state.limits->max_inputs));
        request_tokens.add(to_limit(state.limits->max_request_tokens));
        text_tokens.add(to_limit(state.limits->max_text_tokens));
        inputs_bounds.add(to_limit(state.limits->inputs_bound));
    }
    Parameters parameters;
    for (Array* array : {&fingerprints, &endpoints, &kinds, &cool_downs, &reasons, &limited, &limited_endpoints,
                         &intervals, &inputs, &request_tokens, &text_tokens, &inputs_bounds})
        parameters.add(std::move(*array));
    parameters.add(to_us(endpoint_limits_lifetime));
    return pool_.call("put_endpoint_states", parameters, [](const Rows&) {});
}

Result<std::vector<EndpointState>> PostgresStore::endpoint_states() {
    return pool_.call("list_endpoint_states", Parameters().add(to_us(endpoint_limits_lifetime)), [](const Rows& rows) {
        std::vector<EndpointState> states;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            states.push_back({.fingerprint = rows.hash(i, 0),
                              .endpoint = rows.text(i, 1),
                              .kind = static_cast<PauseKind>(rows.integer(i, 2)),
                              .cool_down = to_ms(rows.integer(i, 3)),
                              .reason = rows.text(i, 4)});
            if (rows.null(i, 5)) continue;
            states.back().limits = {.request_interval = std::chrono::microseconds(rows.integer(i, 5)),
                                    .max_inputs = rows.count(i, 6),
                                    .max_request_tokens = rows.count(i, 7),
                                    .max_text_tokens = rows.count(i, 8),
                                    .inputs_bound = rows.count(i, 9)};
        }
        return states;
    });
}

// A call whose answer was lost is repeated; what the first one reserved stays unused.
Result<std::vector<RateSlot>> PostgresStore::reserve(std::span<const RateRequest> requests) {
    if (auto valid = check_rates(requests); !valid) return std::unexpected(valid.error());
    Array fingerprints, units, stretches;
    for (const RateRequest& request : requests) {
        fingerprints.add(request.fingerprint);
        units.add(to_string(request.unit));
        stretches.add(std::int64_t{stretch_of(request).count()});
    }
    Parameters parameters;
    parameters.add(std::move(fingerprints)).add(std::move(units)).add(std::move(stretches));
    return pool_.call("reserve_rates", parameters, [](const Rows& rows) {
        std::vector<RateSlot> slots;
        for (std::size_t i = 0; i < rows.size(); ++i) slots.push_back({std::chrono::microseconds(rows.integer(i, 1))});
        return slots;
    });
}

}  // namespace embedq::postgres
