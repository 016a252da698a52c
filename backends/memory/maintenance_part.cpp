// Maintenance: the jobs of dead workers, gaps, history, endpoint states and rate limits.
#include <algorithm>
#include <tuple>

#include "embedq/support/store_rules.h"
#include "memory_store.h"

namespace embedq::memory {
namespace {

std::string expiry_message(std::uint32_t expiries) {
    return "its lease expired " + std::to_string(expiries) + (expiries == 1 ? " time" : " times") +
           ": the workers that held it died or hung";
}

// Vectors and refusals; only those that are old enough that no running job is about to name them.
std::size_t prune_texts(State& state, Time before, std::size_t limit, bool& more) {
    std::size_t vectors = 0;
    std::size_t rows = 0;
    for (auto& [id, profile] : state.profiles) {
        for (auto text = profile.texts.begin(); text != profile.texts.end();) {
            if (text->second.written_at >= before || state.referred_to(id, text->first)) {
                ++text;
                continue;
            }
            if (rows++ == limit) {
                more = true;
                return vectors;
            }
            if (!text->second.refused()) ++vectors;
            text = profile.texts.erase(text);
        }
    }
    return vectors;
}

std::size_t prune_feed(State& state, Time before, std::size_t limit, bool& more) {
    std::size_t rows = 0;
    for (auto& [id, catalog] : state.catalogs) {
        while (!catalog.feed.empty() && catalog.feed.begin()->second.at < before) {
            if (rows == limit) {
                more = true;
                return rows;
            }
            const auto oldest = catalog.feed.begin();
            catalog.feed_floor = oldest->first;
            catalog.feed_by_spec.erase(oldest->second.spec_name);
            catalog.feed.erase(oldest);
            ++rows;
        }
    }
    return rows;
}

std::size_t prune_jobs(State& state, Time before, std::size_t limit, bool& more) {
    std::size_t rows = 0;
    while (!state.finished.empty() && state.finished.begin()->first < before) {
        if (rows == limit) {
            more = true;
            return rows;
        }
        state.forget(state.finished.begin()->second);
        ++rows;
    }
    return rows;
}

void reconcile_catalog(State& state, CatalogRow& catalog, Time now, ReconcileResult& result) {
    for (auto& [name, spec] : catalog.specs) {
        const bool gap = state.has_gap(catalog, spec);
        if (gap) ++result.gaps;
        if (!gap && !state.has_due_refusal(catalog, spec, now)) continue;
        const bool open = spec.pending || !spec.running.empty();
        const bool parked = spec.info.parked_until && *spec.info.parked_until > now;
        if (open || parked) continue;
        state.enqueue(catalog, spec, JobKind::reconciler, now);
        ++result.enqueued;
        if (!gap) ++result.asked_again;
    }
    if (state.flip_if_settled(catalog, now)) ++result.flipped;
}

}  // namespace

Result<ReapResult> MemoryStore::reap(std::uint32_t max_attempts) {
    const sync::Lock lock(mutex_);
    const Time at = now();
    ReapResult result;
    while (!state_.leases.empty() && state_.leases.begin()->first <= at) {
        JobRow& row = state_.jobs.at(state_.leases.begin()->second);
        ++row.job.expiries;
        if (row.new_vectors == 0) ++row.job.attempts;
        row.job.last_error = expiry_message(row.job.expiries);
        const bool ends = row.job.attempts >= max_attempts;
        result.jobs.push_back({row.job.id, row.job.catalog_id, row.job.spec_name, row.job.worker_id, ends});
        if (ends) {
            state_.finish(row, JobStatus::failed, at);
            ++result.failed;
        } else {
            state_.back_to_pending(row, at, at);
            ++result.requeued;
        }
    }
    if (result.failed + result.requeued > 0) ++state_.stamp;
    return result;
}

Result<ReconcileResult> MemoryStore::reconcile(std::string_view catalog_id) {
    const sync::Lock lock(mutex_);
    ReconcileResult result;
    if (!catalog_id.empty()) {
        auto catalog = state_.catalog(catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        reconcile_catalog(state_, **catalog, now(), result);
    } else {
        for (auto& [id, catalog] : state_.catalogs) reconcile_catalog(state_, catalog, now(), result);
    }
    if (result.enqueued + result.flipped > 0) ++state_.stamp;
    return result;
}

Result<PruneResult> MemoryStore::prune(const PruneRequest& request) {
    const sync::Lock lock(mutex_);
    const Time before = now() - request.older_than;
    PruneResult result;
    result.jobs = prune_jobs(state_, before, request.limit, result.more);
    result.vectors = prune_texts(state_, before, request.limit, result.more);
    result.changes = prune_feed(state_, before, request.limit, result.more);
    std::erase_if(state_.workers, [silent_since = now() - worker_lifetime(request.older_than)](const auto& worker) {
        return worker.second.seen_at < silent_since;
    });
    std::erase_if(state_.rate_limits, [forgotten = now() - std::chrono::hours(1)](const auto& reserved) {
        return reserved.second < forgotten;
    });
    ++state_.stamp;
    return result;
}

Status MemoryStore::put_endpoint_states(std::span<const EndpointState> states) {
    const sync::Lock lock(mutex_);
    ++state_.stamp;
    for (const EndpointState& state : states) {
        const EndpointStateKey key{state.fingerprint, state.endpoint};
        if (state.cool_down.count() == 0) state_.endpoint_states.erase(key);
        if (state.cool_down.count() > 0)
            state_.endpoint_states.insert_or_assign(
                key, EndpointStateRow{now() + state.cool_down, state.kind, state.reason});
        if (state.limits == EndpointLimits{})
            state_.endpoint_limits.erase(key);
        else if (state.limits)
            state_.endpoint_limits.insert_or_assign(key, EndpointLimitsRow{*state.limits, now()});
    }
    return {};
}

Result<std::vector<EndpointState>> MemoryStore::endpoint_states() {
    const sync::Lock lock(mutex_);
    const Time at = now();
    std::erase_if(state_.endpoint_states, [at](const auto& entry) { return entry.second.until <= at; });
    std::erase_if(state_.endpoint_limits,
                  [at](const auto& entry) { return entry.second.learned_at + endpoint_limits_lifetime <= at; });
    std::map<EndpointStateKey, EndpointState> states;
    for (const auto& [key, row] : state_.endpoint_states) {
        states[key] = {.fingerprint = key.first,
                       .endpoint = key.second,
                       .kind = row.kind,
                       .cool_down = std::chrono::ceil<std::chrono::milliseconds>(row.until - at),
                       .reason = row.reason};
    }
    for (const auto& [key, row] : state_.endpoint_limits) {
        EndpointState& state = states[key];
        std::tie(state.fingerprint, state.endpoint) = key;
        state.limits = row.limits;
    }
    std::vector<EndpointState> all;
    all.reserve(states.size());
    for (auto& [key, state] : states) all.push_back(std::move(state));
    return all;
}

Result<std::vector<RateSlot>> MemoryStore::reserve(std::span<const RateRequest> requests) {
    if (auto sound = check_rates(requests); !sound) return std::unexpected(sound.error());
    const sync::Lock lock(mutex_);
    const Time at = now();
    std::vector<RateSlot> slots;
    slots.reserve(requests.size());
    for (const RateRequest& request : requests) {
        Time& free_at = state_.rate_limits[{request.fingerprint, request.unit}];
        const Time starts = std::max(free_at, at);
        free_at = starts + stretch_of(request);
        slots.push_back({starts - at});
    }
    return slots;
}

}  // namespace embedq::memory
