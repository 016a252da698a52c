#include "endpoints/query_admission.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "catalog/hash.h"
#include "endpoints/endpoint.h"
#include "endpoints/providers.h"
#include "endpoints/token_estimate.h"
#include "sync/mutex.h"

namespace embedq::endpoints {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

// The queries' line of a rate limit: a rate limit of its own for the store.
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

Result<std::vector<RateSlot>> QueryAdmission::reserve(Store& store, const std::vector<RateRequest>& requests,
                                                      Steady now) {
    auto shared = store.reserve(requests);
    if (shared || shared.error().kind != ErrorKind::unsupported) return shared;
    std::vector<RateSlot> slots;
    const sync::Lock lock(mutex_);
    for (const RateRequest& request : requests) {
        Steady& next = next_free_[{request.fingerprint, request.unit}];
        next = std::max(next, now);
        slots.push_back({duration_cast<microseconds>(next - now)});
        next += seconds(request.amount * 60.0 / request.per_minute);
    }
    return slots;
}

void QueryAdmission::set_pauses(const Sha256& fingerprint, std::vector<Pause> pauses) {
    const sync::Lock lock(mutex_);
    by_provider_[fingerprint].pauses = std::move(pauses);
}

Result<QueryAdmission::Permit> QueryAdmission::admit_query(Store& store, const ResolvedProvider& provider,
                                                           std::size_t bytes, const Clock& clock,
                                                           std::stop_token stop) {
    const Sha256& fingerprint = provider.profile.fingerprint;
    auto endpoint_index = free_endpoint(store, provider, clock.now());
    if (!endpoint_index) return std::unexpected(endpoint_index.error());
    {
        const std::size_t most =
            std::max<std::size_t>(1, provider.info.limits.concurrency / 4) * provider.info.endpoints.size();
        sync::Lock lock(mutex_);
        ProviderQueries& queries = by_provider_[fingerprint];
        if (!left_.wait_for(lock, stop, slot_wait, [&] { return queries.queries < most; })) {
            return fail(ErrorKind::throttled,
                        "other queries are being embedded, and none was done within " + in_seconds(slot_wait));
        }
        ++queries.queries;
    }
    Permit permit(*this, fingerprint, *endpoint_index);
    if (Status drawn = draw(store, provider, bytes, clock.now()); !drawn) return std::unexpected(drawn.error());
    return permit;
}

void QueryAdmission::leave(const Sha256& fingerprint) {
    const sync::Lock lock(mutex_);
    --by_provider_[fingerprint].queries;
    left_.notify_all();
}

Result<std::size_t> QueryAdmission::free_endpoint(Store& store, const ResolvedProvider& provider, Steady now) {
    const Sha256& fingerprint = provider.profile.fingerprint;
    const std::vector<std::string>& endpoints = provider.info.endpoints;
    std::vector<Pause> pauses(endpoints.size());
    const auto apply = [&](std::size_t endpoint_index, const Pause& pause) {
        if (endpoint_index < pauses.size() && pause.until > pauses[endpoint_index].until)
            pauses[endpoint_index] = pause;
    };
    {
        const sync::Lock lock(mutex_);
        const ProviderQueries& queries = by_provider_[fingerprint];
        for (std::size_t i = 0; i < queries.pauses.size(); ++i) apply(i, queries.pauses[i]);
        for (std::size_t i = 0; i < queries.own.size(); ++i) apply(i, queries.own[i]);
    }
    // What this process knows need not be asked.
    if (std::ranges::any_of(pauses, [&](const Pause& pause) { return pause.until <= now; })) {
        if (const auto told = store.endpoint_states()) {
            for (const EndpointState& state : *told) {
                // A wrong key may be the other process's own.
                if (state.fingerprint != fingerprint || state.kind == PauseKind::misconfigured) continue;
                const auto place = std::ranges::find(endpoints, state.endpoint);
                apply(static_cast<std::size_t>(place - endpoints.begin()),
                      {now + std::min(state.cool_down, longest_asked_pause), state.kind, state.reason});
            }
        }
    }
    const auto soonest = std::ranges::min_element(pauses, {}, &Pause::until);
    if (soonest->until <= now) return static_cast<std::size_t>(soonest - pauses.begin());
    return fail(ErrorKind::unavailable,
                "it is paused for " + in_seconds(soonest->until - now) + ": " + soonest->text());
}

Status QueryAdmission::draw(Store& store, const ResolvedProvider& provider, std::size_t bytes, Steady now) {
    const Sha256& fingerprint = provider.profile.fingerprint;
    struct Wanted {
        RateUnit unit;
        double per_minute;
        double amount;
    };
    const double tokens = TokenEstimate().tokens(bytes + provider.info.query_prefix.size());
    const Wanted each[] = {
        {RateUnit::requests, static_cast<double>(provider.limits.requests_per_minute), 1},
        {RateUnit::tokens, static_cast<double>(provider.limits.tokens_per_minute), std::max(1.0, std::ceil(tokens))}};
    std::vector<RateRequest> requests;
    for (const Wanted& wanted : each) {
        if (wanted.per_minute <= 0) continue;
        requests.push_back({queries_of(fingerprint), wanted.unit, query_share * wanted.per_minute, wanted.amount});
        requests.push_back({fingerprint, wanted.unit, wanted.per_minute, wanted.amount});
    }
    if (requests.empty()) return {};
    const std::string used_up = "queries have used up their tenth of the rate limit per minute";
    {
        // What was drawn cannot be given back: who was told to do without is the next to go.
        const sync::Lock lock(mutex_);
        if (auto& drawn_for = by_provider_[fingerprint].drawn_for; drawn_for) {
            if (now < *drawn_for)
                return fail(ErrorKind::throttled, used_up + "; the next may go in " + in_seconds(*drawn_for - now));
            drawn_for.reset();
            return {};
        }
    }
    const auto slots = reserve(store, requests, now);
    if (!slots) return std::unexpected(slots.error());
    for (std::size_t i = 0; i < slots->size(); i += 2) {
        const RateRequest& share = requests[i];
        const double burst = std::max(share.unit == RateUnit::requests ? 2.0 : 2 * share.amount,
                                      requests[i + 1].per_minute * query_burst);
        const auto ahead = seconds((burst - share.amount) * 60.0 / share.per_minute);
        const auto over = (*slots)[i].starts_in - duration_cast<microseconds>(ahead);
        if (over <= microseconds(1)) continue;
        const sync::Lock lock(mutex_);
        by_provider_[fingerprint].drawn_for = now + over;
        return fail(ErrorKind::throttled, used_up + "; the next may go in " + in_seconds(over));
    }
    return {};
}

void QueryAdmission::query_failed(Store& store, const ResolvedProvider& provider, std::size_t endpoint_index,
                                  const Error& error, Steady now) {
    if (error.kind != ErrorKind::throttled || !error.retry_after || error.retry_after->count() <= 0) return;
    const Sha256& fingerprint = provider.profile.fingerprint;
    const auto asked_for = std::min(*error.retry_after, longest_asked_pause);
    const EndpointState state{fingerprint, provider.info.endpoints[endpoint_index], PauseKind::throttled, asked_for,
                              to_string(error)};
    static_cast<void>(store.put_endpoint_states(std::span(&state, 1)));
    const sync::Lock lock(mutex_);
    auto& own = by_provider_[fingerprint].own;
    own.resize(provider.info.endpoints.size());
    own[endpoint_index] = {now + asked_for, state.kind, state.reason};
}

}  // namespace embedq::endpoints
