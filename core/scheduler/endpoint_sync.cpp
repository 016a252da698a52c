#include "scheduler/endpoint_sync.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds busy_look{250};  // how soon a busy process hears of another's pause
// Before the end of what is leased, the next slot is asked for: twice the round trip, and this.
constexpr milliseconds least_ahead{20};
constexpr milliseconds most_ahead{1'000};

}  // namespace

void EndpointSync::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        const endpoints::Endpoint::Steady next = step();
        sync::Lock lock(shared_.mutex);
        shared_.endpoint_sync.wait_until(lock, stop, next,
                                         [&]() EMBEDQ_REQUIRES(shared_.mutex) { return shared_.endpoint_sync_awake; });
    }
}

endpoints::Endpoint::Steady EndpointSync::step() {
    bool wants_look = false;
    {
        const sync::Lock lock(shared_.mutex);
        shared_.endpoint_sync_awake = false;
        wants_look = std::exchange(shared_.probe_wants_states, false);
    }
    publish_pauses();
    if (wants_look || shared_.now() >= next_read_) read_pauses();
    reserve_rates();
    return std::min({next_publish_, next_read_, next_reserve_});
}

bool EndpointSync::has_work(const Sha256& fingerprint, const EndpointPool& pool,
                            endpoints::Endpoint::Steady now) const {
    return !shared_.draining && shared_.bench.queued(fingerprint) > 0 && !pool.paused(now);
}

std::vector<EndpointState> EndpointSync::pauses_to_publish(endpoints::Endpoint::Steady now) {
    std::vector<EndpointState> states;
    // A pause that is longer than the heartbeat is told again: the store may have been away.
    if (now >= next_publish_) {
        next_publish_ = now + shared_.settings.heartbeat;
        for (const auto& [fingerprint, pool] : shared_.pools) {
            for (std::size_t i = 0; i < pool.endpoints.size(); ++i) {
                if (pool.endpoints[i].paused(now)) shared_.pause_changes.push_back({fingerprint, i});
            }
        }
    }
    for (const PauseChange& news : std::exchange(shared_.pause_changes, {})) {
        const auto pool = shared_.pools.find(news.fingerprint);
        if (pool == shared_.pools.end() || news.endpoint >= pool->second.endpoints.size()) continue;
        const endpoints::Endpoint& endpoint = pool->second.endpoints[news.endpoint];
        const std::string& name = pool->second.provider->info.endpoints[news.endpoint];
        const auto left =
            endpoint.paused(now) ? std::chrono::ceil<milliseconds>(endpoint.paused_until() - now) : milliseconds(0);
        const auto same = std::ranges::find_if(states, [&](const EndpointState& state) {
            return state.fingerprint == news.fingerprint && state.endpoint == name;
        });
        if (same == states.end())
            states.push_back({news.fingerprint, name, endpoint.pause().kind, left, endpoint.pause().reason});
    }
    return states;
}

void EndpointSync::keep_binding_pauses(std::vector<EndpointState>& states) {
    const auto own_affair = [](const EndpointState& state) { return state.kind == PauseKind::misconfigured; };
    if (std::ranges::none_of(
            states, [&](const EndpointState& state) { return state.cool_down.count() > 0 && own_affair(state); }))
        return;
    const auto held = shared_.store().endpoint_states();
    if (!held) return;
    std::erase_if(states, [&](const EndpointState& state) {
        return state.cool_down.count() > 0 && own_affair(state) &&
               std::ranges::any_of(*held, [&](const EndpointState& other) {
                   return other.fingerprint == state.fingerprint && other.endpoint == state.endpoint &&
                          !own_affair(other);
               });
    });
}

void EndpointSync::publish_pauses() {
    std::vector<EndpointState> states;
    {
        const sync::Lock lock(shared_.mutex);
        states = pauses_to_publish(shared_.now());
    }
    keep_binding_pauses(states);
    if (states.empty()) return;
    if (const Status told = shared_.store().put_endpoint_states(states); !told) {
        shared_.logger().debug("cannot tell other processes of a pause: " + to_string(told.error()));
    }
}

void EndpointSync::read_pauses() {
    const auto asked = shared_.now();
    const auto all = shared_.store().endpoint_states();
    const sync::Lock lock(shared_.mutex);
    const auto now = shared_.now();
    const bool busy = std::ranges::any_of(shared_.pools, [&](const auto& entry) EMBEDQ_REQUIRES(shared_.mutex) {
        return has_work(entry.first, entry.second, now);
    });
    next_read_ = now + (busy && shared_.shares_endpoint_states ? std::min(busy_look, shared_.settings.heartbeat)
                                                               : shared_.settings.heartbeat);
    // A store that is away has nothing to tell, and holds up no probe.
    shared_.states_read_at = asked;
    shared_.endpoints.notify_all();
    if (!all) return;
    for (const EndpointState& state : *all) {
        const auto pool = shared_.pools.find(state.fingerprint);
        if (pool == shared_.pools.end()) continue;
        const auto& endpoints = pool->second.provider->info.endpoints;
        const auto place = std::ranges::find(endpoints, state.endpoint);
        if (place == endpoints.end()) continue;
        endpoints::Endpoint& endpoint = pool->second.endpoints[static_cast<std::size_t>(place - endpoints.begin())];
        // What is longer is cut in the store, too, when this process tells of its pause.
        const auto cool_down = std::min(state.cool_down, endpoints::longest_asked_pause);
        const auto until = now + cool_down;
        // A moment's difference is this process's own pause coming back.
        if (until <= endpoint.paused_until() + milliseconds(50)) continue;
        // Probes of several processes come one after another, so that the first tells the others.
        const auto spread = state.kind == PauseKind::unavailable
                                ? milliseconds(static_cast<std::int64_t>(static_cast<double>(cool_down.count()) * 0.1 *
                                                                         shared_.random01()))
                                : milliseconds(0);
        endpoint.adopt_pause({until + spread, state.kind, state.reason}, now);
    }
}

std::vector<RateRequest> EndpointSync::rates_due(endpoints::Endpoint::Steady now) {
    std::vector<RateRequest> requests;
    next_reserve_ = std::max(reserve_again_, now + shared_.settings.heartbeat);
    const auto ahead = std::min<endpoints::Endpoint::Steady::duration>(2 * round_trip_ + least_ahead, most_ahead);
    for (auto& [fingerprint, pool] : shared_.pools) {
        if (!has_work(fingerprint, pool, now)) continue;
        for (endpoints::RateLimit* rate_limit : {&pool.requests, &pool.tokens}) {
            const auto due = std::max(rate_limit->wanted_at(now, ahead), reserve_again_);
            const RateUnit unit = rate_limit == &pool.requests ? RateUnit::requests : RateUnit::tokens;
            if (due <= now)
                requests.push_back({fingerprint, unit, rate_limit->per_minute(), rate_limit->wanted()});
            else
                next_reserve_ = std::min(next_reserve_, due);
        }
    }
    return requests;
}

void EndpointSync::reserve_rates() {
    std::vector<RateRequest> requests;
    const endpoints::Endpoint::Steady asked = shared_.now();
    {
        const sync::Lock lock(shared_.mutex);
        requests = rates_due(asked);
    }
    if (requests.empty()) return;
    const auto slots = shared_.query_admission().reserve(shared_.store(), requests, asked);
    const auto now = shared_.now();
    if (!slots) {
        if (!std::exchange(complained_, true)) {
            shared_.logger().warn("cannot lease the rate limit per minute, asking again; nothing is sent meanwhile: " +
                                  to_string(slots.error()));
        }
        reserve_again_ = now + store_pause;
        next_reserve_ = reserve_again_;
        return;
    }
    const sync::Lock lock(shared_.mutex);
    complained_ = false;
    reserve_again_ = {};
    round_trip_ += (now - asked - round_trip_) / 4;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto pool = shared_.pools.find(requests[i].fingerprint);
        if (pool == shared_.pools.end()) continue;
        endpoints::RateLimit& rate_limit =
            requests[i].unit == RateUnit::requests ? pool->second.requests : pool->second.tokens;
        rate_limit.lease(now + (*slots)[i].starts_in, requests[i].amount);
    }
    next_reserve_ = now;  // when the next are due is seen in the next round
    shared_.endpoints.notify_all();
}

}  // namespace embedq::scheduler
