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

// The fingerprint under which the store keeps the queries' own rate limit.
Sha256 fingerprint_for_queries(const Sha256& fingerprint) {
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
    auto reserved = store.reserve(requests);
    if (reserved || reserved.error().kind != ErrorKind::unsupported) return reserved;
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
    by_provider_[fingerprint].endpoint_pauses = std::move(pauses);
}

Result<QueryAdmission::Permit> QueryAdmission::admit_query(Store& store, const ProbedProvider& provider,
                                                           std::size_t bytes, const Clock& clock,
                                                           std::stop_token stop) {
    const Sha256& fingerprint = provider.profile.fingerprint;
    auto endpoints = free_endpoints(store, provider, clock.now());
    if (!endpoints) return std::unexpected(endpoints.error());
    {
        const std::size_t max_in_flight =
            std::max<std::size_t>(1, provider.info.limits.concurrency / 4) * provider.info.endpoints.size();
        sync::Lock lock(mutex_);
        ProviderQueries& queries = by_provider_[fingerprint];
        if (!released_.wait_for(lock, stop, max_wait, [&] { return queries.in_flight < max_in_flight; })) {
            return fail(ErrorKind::throttled,
                        "other queries are being embedded, and none finished within " + in_seconds(max_wait));
        }
        ++queries.in_flight;
    }
    Permit permit(*this, fingerprint, std::move(*endpoints));
    if (Status reserved = reserve_share(store, provider, bytes, clock.now()); !reserved)
        return std::unexpected(reserved.error());
    return permit;
}

void QueryAdmission::release(const Sha256& fingerprint) {
    const sync::Lock lock(mutex_);
    --by_provider_[fingerprint].in_flight;
    released_.notify_all();
}

Result<std::vector<std::size_t>> QueryAdmission::free_endpoints(Store& store, const ProbedProvider& provider,
                                                                Steady now) {
    const Sha256& fingerprint = provider.profile.fingerprint;
    const std::vector<std::string>& endpoints = provider.info.endpoints;
    std::vector<Pause> pauses(endpoints.size());
    std::vector<Steady> avoided_until;
    const auto apply = [&](std::size_t endpoint_index, const Pause& pause) {
        if (endpoint_index < pauses.size() && pause.until > pauses[endpoint_index].until)
            pauses[endpoint_index] = pause;
    };
    {
        const sync::Lock lock(mutex_);
        const ProviderQueries& queries = by_provider_[fingerprint];
        for (std::size_t i = 0; i < queries.endpoint_pauses.size(); ++i) apply(i, queries.endpoint_pauses[i]);
        for (std::size_t i = 0; i < queries.query_pauses.size(); ++i) apply(i, queries.query_pauses[i]);
        avoided_until = queries.avoided_until;
    }
    // If all endpoints are paused here, the store need not be asked.
    if (std::ranges::any_of(pauses, [&](const Pause& pause) { return pause.until <= now; })) {
        if (const auto states = store.endpoint_states()) {
            for (const EndpointState& state : *states) {
                // A wrong key may be a problem of the other process alone.
                if (state.fingerprint != fingerprint || state.kind == PauseKind::misconfigured) continue;
                if (state.cool_down.count() <= 0) continue;
                const auto place = std::ranges::find(endpoints, state.endpoint);
                apply(static_cast<std::size_t>(place - endpoints.begin()),
                      {now + std::min(state.cool_down, longest_asked_pause), state.kind, state.reason});
            }
        }
    }
    avoided_until.resize(endpoints.size());
    std::vector<std::size_t> free;
    for (const bool avoided : {false, true}) {
        for (std::size_t i = 0; i < endpoints.size(); ++i) {
            if (pauses[i].until <= now && (avoided_until[i] > now) == avoided) free.push_back(i);
        }
    }
    if (!free.empty()) return free;
    const auto soonest = std::ranges::min_element(pauses, {}, &Pause::until);
    return fail(ErrorKind::unavailable,
                "it is paused for " + in_seconds(soonest->until - now) + ": " + soonest->text());
}

Status QueryAdmission::reserve_share(Store& store, const ProbedProvider& provider, std::size_t bytes, Steady now) {
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
        requests.push_back(
            {fingerprint_for_queries(fingerprint), wanted.unit, query_share * wanted.per_minute, wanted.amount});
        requests.push_back({fingerprint, wanted.unit, wanted.per_minute, wanted.amount});
    }
    if (requests.empty()) return {};
    const std::string used_up = "queries have used up their tenth of the rate limit per minute";
    {
        // A reservation cannot be undone: it is for the next query after the one that was refused.
        const sync::Lock lock(mutex_);
        if (auto& next_allowed = by_provider_[fingerprint].next_allowed; next_allowed) {
            if (now < *next_allowed)
                return fail(ErrorKind::throttled,
                            used_up + "; the next is allowed in " + in_seconds(*next_allowed - now));
            next_allowed.reset();
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
        by_provider_[fingerprint].next_allowed = now + over;
        return fail(ErrorKind::throttled, used_up + "; the next is allowed in " + in_seconds(over));
    }
    return {};
}

void QueryAdmission::query_failed(Store& store, const ProbedProvider& provider, std::size_t endpoint_index,
                                  const Error& error, Steady now) {
    const Sha256& fingerprint = provider.profile.fingerprint;
    {
        const sync::Lock lock(mutex_);
        auto& avoided_until = by_provider_[fingerprint].avoided_until;
        avoided_until.resize(provider.info.endpoints.size());
        avoided_until[endpoint_index] = now + avoided_for;
    }
    if (error.kind != ErrorKind::throttled || !error.retry_after || error.retry_after->count() <= 0) return;
    const auto cool_down = std::min(*error.retry_after, longest_asked_pause);
    const EndpointState state{fingerprint, provider.info.endpoints[endpoint_index], PauseKind::throttled, cool_down,
                              to_string(error)};
    static_cast<void>(store.put_endpoint_states(std::span(&state, 1)));
    const sync::Lock lock(mutex_);
    auto& query_pauses = by_provider_[fingerprint].query_pauses;
    query_pauses.resize(provider.info.endpoints.size());
    query_pauses[endpoint_index] = {now + cool_down, state.kind, state.reason};
}

}  // namespace embedq::endpoints
