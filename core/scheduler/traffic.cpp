#include "scheduler/traffic.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "catalog/hash.h"
#include "scheduler/lane.h"
#include "scheduler/providers.h"
#include "scheduler/token_estimate.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

// The queries' line of a budget: a budget of its own for the store.
Sha256 queries_of(const Sha256& fingerprint) {
    std::string name(reinterpret_cast<const char*>(fingerprint.data()), fingerprint.size());
    return catalog::sha256(name + " queries");
}

std::chrono::steady_clock::duration seconds(double value) {
    return duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(value));
}

std::string in_seconds(std::chrono::steady_clock::duration time) {
    return std::to_string(std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(time).count())) + " s";
}

}  // namespace

Result<std::vector<BudgetSlice>> Traffic::reserve(Store& store, const std::vector<BudgetRequest>& requests,
                                                  Steady now) {
    auto shared = store.reserve(requests);
    if (shared || shared.error().kind != ErrorKind::unsupported) return shared;
    std::vector<BudgetSlice> slices;
    const sync::Lock lock(mutex_);
    for (const BudgetRequest& request : requests) {
        Steady& next = lines_[{request.fingerprint, request.unit}];
        next = std::max(next, now);
        slices.push_back({duration_cast<microseconds>(next - now)});
        next += seconds(request.amount * 60.0 / request.per_minute);
    }
    return slices;
}

void Traffic::set_pauses(const Sha256& fingerprint, std::vector<Pause> pauses) {
    const sync::Lock lock(mutex_);
    roads_[fingerprint].pauses = std::move(pauses);
}

Result<Traffic::Passage> Traffic::admit_query(Store& store, const ResolvedProvider& provider, std::size_t bytes,
                                              const Clock& clock, std::stop_token stop) {
    const Sha256& fingerprint = provider.profile.fingerprint;
    auto endpoint = free_endpoint(store, provider, clock.now());
    if (!endpoint) return std::unexpected(endpoint.error());
    {
        const std::size_t most =
            std::max<std::size_t>(1, provider.info.limits.concurrency / 4) * provider.info.endpoints.size();
        sync::Lock lock(mutex_);
        Road& road = roads_[fingerprint];
        if (!left_.wait_for(lock, stop, slot_wait, [&] { return road.queries < most; })) {
            return fail(ErrorKind::throttled,
                        "other queries are being embedded, and none was done within " + in_seconds(slot_wait));
        }
        ++road.queries;
    }
    Passage passage(*this, fingerprint, *endpoint);
    if (Status drawn = draw(store, provider, bytes, clock.now()); !drawn) return std::unexpected(drawn.error());
    return passage;
}

void Traffic::leave(const Sha256& fingerprint) {
    const sync::Lock lock(mutex_);
    --roads_[fingerprint].queries;
    left_.notify_all();
}

Result<std::size_t> Traffic::free_endpoint(Store& store, const ResolvedProvider& provider, Steady now) {
    const Sha256& fingerprint = provider.profile.fingerprint;
    const std::vector<std::string>& endpoints = provider.info.endpoints;
    std::vector<Pause> pauses(endpoints.size());
    const auto apply = [&](std::size_t endpoint, const Pause& pause) {
        if (endpoint < pauses.size() && pause.until > pauses[endpoint].until) pauses[endpoint] = pause;
    };
    {
        const sync::Lock lock(mutex_);
        const Road& road = roads_[fingerprint];
        for (std::size_t i = 0; i < road.pauses.size(); ++i) apply(i, road.pauses[i]);
        for (std::size_t i = 0; i < road.own.size(); ++i) apply(i, road.own[i]);
    }
    // What this process knows need not be asked.
    if (std::ranges::any_of(pauses, [&](const Pause& pause) { return pause.until <= now; })) {
        if (const auto told = store.lanes()) {
            for (const LaneState& state : *told) {
                // A wrong key may be the other process's own.
                if (state.fingerprint != fingerprint || state.reason.starts_with("misconfigured")) continue;
                const auto place = std::ranges::find(endpoints, state.endpoint);
                apply(static_cast<std::size_t>(place - endpoints.begin()),
                      {now + std::min(state.cool_down, longest_asked_pause), state.reason});
            }
        }
    }
    const auto soonest = std::ranges::min_element(pauses, {}, &Pause::until);
    if (soonest->until <= now) return static_cast<std::size_t>(soonest - pauses.begin());
    return fail(ErrorKind::unavailable,
                "it is paused for " + in_seconds(soonest->until - now) + ": " + soonest->reason);
}

Status Traffic::draw(Store& store, const ResolvedProvider& provider, std::size_t bytes, Steady now) {
    const Sha256& fingerprint = provider.profile.fingerprint;
    struct Wanted {
        BudgetUnit unit;
        double per_minute;
        double amount;
    };
    const double tokens = TokenEstimate().tokens(bytes + provider.info.query_prefix.size());
    const Wanted each[] = {
        {BudgetUnit::requests, static_cast<double>(provider.limits.requests_per_minute), 1},
        {BudgetUnit::tokens, static_cast<double>(provider.limits.tokens_per_minute), std::max(1.0, std::ceil(tokens))}};
    std::vector<BudgetRequest> requests;
    for (const Wanted& wanted : each) {
        if (wanted.per_minute <= 0) continue;
        requests.push_back({queries_of(fingerprint), wanted.unit, query_share * wanted.per_minute, wanted.amount});
        requests.push_back({fingerprint, wanted.unit, wanted.per_minute, wanted.amount});
    }
    if (requests.empty()) return {};
    const std::string used_up = "queries have used up their tenth of the budget per minute";
    {
        // What was drawn cannot be given back: who was told to do without is the next to go.
        const sync::Lock lock(mutex_);
        if (auto& drawn_for = roads_[fingerprint].drawn_for; drawn_for) {
            if (now < *drawn_for)
                return fail(ErrorKind::throttled, used_up + "; the next may go in " + in_seconds(*drawn_for - now));
            drawn_for.reset();
            return {};
        }
    }
    const auto slices = reserve(store, requests, now);
    if (!slices) return std::unexpected(slices.error());
    for (std::size_t i = 0; i < slices->size(); i += 2) {
        const BudgetRequest& share = requests[i];
        const double burst = std::max(share.unit == BudgetUnit::requests ? 2.0 : 2 * share.amount,
                                      requests[i + 1].per_minute * query_burst);
        const auto ahead = seconds((burst - share.amount) * 60.0 / share.per_minute);
        const auto over = (*slices)[i].starts_in - duration_cast<microseconds>(ahead);
        if (over <= microseconds(1)) continue;
        const sync::Lock lock(mutex_);
        roads_[fingerprint].drawn_for = now + over;
        return fail(ErrorKind::throttled, used_up + "; the next may go in " + in_seconds(over));
    }
    return {};
}

void Traffic::query_failed(Store& store, const ResolvedProvider& provider, std::size_t endpoint, const Error& error,
                           Steady now) {
    if (error.kind != ErrorKind::throttled || !error.retry_after || error.retry_after->count() <= 0) return;
    const Sha256& fingerprint = provider.profile.fingerprint;
    const std::string reason = "throttled: " + error.message;
    const auto asked_for = std::min(*error.retry_after, longest_asked_pause);
    const LaneState state{fingerprint, provider.info.endpoints[endpoint], asked_for, reason};
    static_cast<void>(store.put_lanes(std::span(&state, 1)));
    const sync::Lock lock(mutex_);
    auto& own = roads_[fingerprint].own;
    own.resize(provider.info.endpoints.size());
    own[endpoint] = {now + asked_for, reason};
}

}  // namespace embedq::scheduler
