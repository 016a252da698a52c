// Maintenance: the jobs of dead workers, gaps, endpoint states and rate limits. Reaping and reconciling read a snapshot
// first, and take the write lock only if there is something to do.
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "embedq/support/store_rules.h"
#include "jobs.h"
#include "statements.h"
#include "store.h"

namespace embedq::sqlite {
namespace {

[[nodiscard]] std::string expiry_message(std::int64_t expiries, const std::string& worker_id) {
    return "its lease expired " + std::to_string(expiries) + (expiries == 1 ? " time" : " times") +
           ": the workers that held it died or hung, last '" + worker_id + "'";
}

struct Expired {
    JobRef ref;
    std::string worker_id;
};

// Jobs whose lease has expired, or whose worker is known to be dead.
[[nodiscard]] std::vector<Expired> expired_jobs(Connection& connection, Liveness& liveness, std::int64_t now) {
    std::vector<Expired> expired;
    std::map<std::string, bool> dead;
    Run row(connection, sql::leased_jobs);
    while (row.next()) {
        std::string worker_id = row.text(2);
        if (row.integer(3) > now) {
            const auto [known, first] = dead.try_emplace(worker_id, false);
            if (first) known->second = liveness.is_dead(worker_id);
            if (!known->second) continue;
        }
        expired.push_back({{row.integer(0), row.bytes<16>(1)}, std::move(worker_id)});
    }
    return expired;
}

void reap_one(Connection& connection, HeldJob job, const std::string& worker_id, std::uint32_t max_attempts,
              std::int64_t now, ReapResult& result) {
    ++job.expiries;
    if (job.new_vectors == 0) ++job.attempts;
    job.last_error = expiry_message(job.expiries, worker_id);
    change(connection, sql::set_attempts, job.id, job.attempts, job.expiries);
    set_last_error(connection, job.id, job.last_error);
    const bool ends = job.attempts >= max_attempts;
    result.jobs.push_back({job.id, job.catalog_id, job.spec_name, worker_id, ends});
    if (ends) {
        fail_job(connection, job, now);
        ++result.failed;
    } else {
        requeue_job(connection, job, now, now);
        ++result.requeued;
    }
}

struct Gap {
    std::int64_t spec = 0;
    std::string spec_name;
    bool left_alone = false;  // has an open job, or is parked
    bool settled = false;     // no gap: a refusal is due
};

// Specs that are to get a job if they are not left alone: those with a gap, then those with a refusal that is due.
[[nodiscard]] std::vector<Gap> find_gaps(Connection& connection, const CatalogRow& catalog, std::int64_t now) {
    std::vector<Gap> gaps;
    if (!catalog.target) return gaps;
    const auto read = [&](Run& row, bool settled) {
        while (row.next()) {
            const bool parked = row.maybe(2).value_or(now) > now;
            gaps.push_back({row.integer(0), row.text(1), parked || row.integer(3) != 0, settled});
        }
    };
    Run unsettled(connection, sql::specs_with_gap, catalog.catalog, catalog.target, catalog.catalog_id);
    read(unsettled, false);
    const auto with_gap = gaps.size();
    Run due(connection, sql::specs_to_ask_again, catalog.catalog, catalog.target, catalog.catalog_id, now);
    read(due, true);
    std::set<std::int64_t> known;
    for (std::size_t i = 0; i < with_gap; ++i) known.insert(gaps[i].spec);
    std::erase_if(gaps, [&](const Gap& gap) { return gap.settled && known.contains(gap.spec); });
    return gaps;
}

struct Sweep {
    std::size_t gaps = 0;
    std::vector<std::string> work;  // catalogs that need a job, or whose target profile may begin to serve
};

[[nodiscard]] Result<Sweep> sweep_catalogs(Connection& connection, std::string_view catalog_id, std::int64_t now) {
    auto catalogs = find_catalogs(connection, catalog_id);
    if (!catalogs) return std::unexpected(catalogs.error());
    Sweep sweep;
    for (const CatalogRow& catalog : *catalogs) {
        const auto gaps = find_gaps(connection, catalog, now);
        const auto with_gap = static_cast<std::size_t>(std::ranges::count(gaps, false, &Gap::settled));
        sweep.gaps += with_gap;
        const bool flips = catalog.target && catalog.serving != catalog.target && with_gap == 0;
        const bool lacks_job = std::ranges::any_of(gaps, [](const Gap& gap) { return !gap.left_alone; });
        if (flips || lacks_job) sweep.work.push_back(catalog.catalog_id);
    }
    return sweep;
}

void put_limits(Connection& connection, const EndpointState& state, const EndpointLimits& limits, std::int64_t now) {
    if (limits == EndpointLimits{}) {
        change(connection, sql::delete_endpoint_limits, state.fingerprint, state.endpoint);
        return;
    }
    const auto integer = [](std::uint64_t value) {
        return static_cast<std::int64_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max()));
    };
    change(connection, sql::put_endpoint_limits, state.fingerprint, state.endpoint,
           std::int64_t{limits.request_interval.count()}, integer(limits.max_inputs),
           integer(limits.max_request_tokens), integer(limits.max_text_tokens), integer(limits.inputs_bound), now);
}

EndpointLimits limits_in(Run& row) {
    const auto count = [&](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
    return {.request_interval = std::chrono::microseconds(row.integer(5)),
            .max_inputs = count(6),
            .max_request_tokens = count(7),
            .max_text_tokens = count(8),
            .inputs_bound = count(9)};
}

}  // namespace

Result<ReapResult> SqliteStore::reap(std::uint32_t max_attempts) {
    auto any = connections_.read([&](Connection& connection, std::int64_t now) -> Result<bool> {
        return !expired_jobs(connection, liveness_, now).empty();
    });
    if (!any) return std::unexpected(any.error());
    if (!*any) return ReapResult{};
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<ReapResult> {
        ReapResult result;
        for (const Expired& expired : expired_jobs(connection, liveness_, now)) {
            const auto job = find_held(connection, expired.ref);
            if (job) reap_one(connection, *job, expired.worker_id, max_attempts, now, result);
        }
        return result;
    });
}

Result<ReconcileResult> SqliteStore::reconcile(std::string_view catalog_id) {
    auto sweep = connections_.read(
        [&](Connection& connection, std::int64_t now) { return sweep_catalogs(connection, catalog_id, now); });
    if (!sweep) return std::unexpected(sweep.error());
    ReconcileResult result;
    result.gaps = sweep->gaps;
    if (sweep->work.empty()) return result;
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<ReconcileResult> {
        for (const std::string& id : sweep->work) {
            auto catalog = find_catalog(connection, id);
            if (!catalog) continue;  // deleted since
            for (const Gap& gap : find_gaps(connection, *catalog, now)) {
                if (gap.left_alone) continue;
                enqueue_job(connection, *catalog, gap.spec_name, JobKind::reconciler, now);
                ++result.enqueued;
                if (gap.settled) ++result.asked_again;
            }
            if (flip_if_settled(connection, *catalog, gap_hints_, now)) ++result.flipped;
        }
        return result;
    });
}

Status SqliteStore::put_endpoint_states(std::span<const EndpointState> states) {
    return connections_.write([&](Connection& connection, std::int64_t now) -> Status {
        for (const EndpointState& state : states) {
            if (state.cool_down.count() == 0)
                change(connection, sql::delete_endpoint_state, state.fingerprint, state.endpoint);
            if (state.cool_down.count() > 0) {
                change(connection, sql::put_endpoint_state, state.fingerprint, state.endpoint,
                       static_cast<int>(state.kind), now + microseconds_of(state.cool_down), state.reason);
            }
            if (state.limits) put_limits(connection, state, *state.limits, now);
        }
        change(connection, sql::forget_endpoint_states, now);
        change(connection, sql::forget_endpoint_limits, now - microseconds_of(endpoint_limits_lifetime));
        return {};
    });
}

Result<std::vector<EndpointState>> SqliteStore::endpoint_states() {
    return connections_.read([](Connection& connection, std::int64_t now) -> Result<std::vector<EndpointState>> {
        std::vector<EndpointState> states;
        Run row(connection, sql::endpoint_states, now, now - microseconds_of(endpoint_limits_lifetime));
        while (row.next()) {
            const bool cooling = row.integer(3) > 0;
            states.push_back(
                {.fingerprint = row.hash(0),
                 .endpoint = row.text(1),
                 .kind = static_cast<PauseKind>(row.integer(2)),
                 .cool_down = cooling ? milliseconds_from(now, row.integer(3)) : std::chrono::milliseconds(0),
                 .reason = row.text(4)});
            if (!row.null(5)) states.back().limits = limits_in(row);
        }
        return states;
    });
}

Result<std::vector<RateSlot>> SqliteStore::reserve(std::span<const RateRequest> requests) {
    if (auto valid = check_rates(requests); !valid) return std::unexpected(valid.error());
    // `now` is read once the write lock is held, so that a caller who waited for it reserves nothing in the past.
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<std::vector<RateSlot>> {
        std::vector<RateSlot> slots;
        slots.reserve(requests.size());
        for (const RateRequest& request : requests) {
            Run row(connection, sql::reserve, request.fingerprint, static_cast<std::int64_t>(request.unit), now,
                    stretch_of(request).count());
            if (row.next()) slots.push_back({std::chrono::microseconds(row.integer(0) - now)});
        }
        return slots;
    });
}

}  // namespace embedq::sqlite
