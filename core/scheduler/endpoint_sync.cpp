#include "scheduler/endpoint_sync.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds busy_read_interval{250};  // how soon a busy process learns of another's pause
// The next slot is reserved before the present one ends: by twice the round trip to the store and `min_ahead`, at most
// `max_ahead`.
constexpr milliseconds min_ahead{20};
constexpr milliseconds max_ahead{1'000};
// A pause in the store that is longer than the endpoint's own by no more than this is its own, read back.
constexpr milliseconds own_pause_tolerance{50};
constexpr double trial_spread = 0.1;  // of a pause
// An overdue or lost call that is not shown again for so long is that of a process that has ended.
constexpr int shown_heartbeats = 3;

}  // namespace

EndpointSync::EndpointSync(SchedulerState& state)
    : state_(state),
      publishing_(state.retry("share pauses and limits with other processes")),
      reading_(state.retry("read the pauses and limits of other processes")),
      reserving_(state.retry("reserve from the rate limit")) {}

void EndpointSync::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        const endpoints::Endpoint::Steady next = step();
        sync::Lock lock(state_.mutex);
        state_.endpoint_sync_cv.wait_until(lock, stop, next,
                                           [&]() EMBEDQ_REQUIRES(state_.mutex) { return state_.endpoint_sync_awake; });
    }
}

endpoints::Endpoint::Steady EndpointSync::step() {
    bool read_now = false;
    {
        const sync::Lock lock(state_.mutex);
        state_.endpoint_sync_awake = false;
        read_now = std::exchange(state_.call_wants_states, false);
    }
    const endpoints::Endpoint::Steady next_overdue = report_overdue_calls();
    publish_states();
    if (read_now || state_.now() >= next_read_) read_states();
    reserve_rates();
    return std::min({std::max(next_publish_, publishing_.again_at()), next_read_, next_reserve_, next_overdue});
}

bool EndpointSync::has_work(const Sha256& fingerprint, const endpoints::EndpointPool& pool,
                            endpoints::Endpoint::Steady now) const {
    return !state_.draining && state_.queue.queued(fingerprint) > 0 && !pool.paused(now);
}

std::vector<EndpointState> EndpointSync::states_to_publish(endpoints::Endpoint::Steady now) {
    std::vector<EndpointState> states;
    // A pause that is longer than a heartbeat is published again: the store may have been unavailable.
    const bool renewed = now >= next_publish_;
    if (renewed) {
        next_publish_ = now + state_.settings.heartbeat;
        for (const auto& [fingerprint, pool] : state_.pools) {
            for (std::size_t i = 0; i < pool.endpoints.size(); ++i) {
                if (pool.endpoints[i].paused(now)) state_.pause_changes.push_back({fingerprint, i});
            }
        }
    }
    for (const PauseChange& change : std::exchange(state_.pause_changes, {})) {
        const auto pool = state_.pools.find(change.fingerprint);
        if (pool == state_.pools.end() || change.endpoint >= pool->second.endpoints.size()) continue;
        const endpoints::Endpoint& endpoint = pool->second.endpoints[change.endpoint];
        const std::string& name = pool->second.provider->info.endpoints[change.endpoint];
        const auto left =
            endpoint.paused(now) ? std::chrono::ceil<milliseconds>(endpoint.paused_until() - now) : milliseconds(0);
        const auto same = std::ranges::find_if(states, [&](const EndpointState& state) {
            return state.fingerprint == change.fingerprint && state.endpoint == name;
        });
        if (same == states.end())
            states.push_back({change.fingerprint, name, endpoint.pause().kind, left, endpoint.pause().reason});
    }
    add_learned_limits(states, now);
    add_notices(states, now, renewed);
    return states;
}

endpoints::Endpoint::Steady EndpointSync::report_overdue_calls() {
    std::vector<std::string> lines;
    auto next = endpoints::Endpoint::Steady::max();
    {
        const sync::Lock lock(state_.mutex);
        lines = state_.calls_in_flight.find_overdue(state_.now());
        next = state_.calls_in_flight.next_overdue();
    }
    for (const std::string& line : lines) state_.logger().warn(line);
    return next;
}

std::vector<EndpointState> EndpointSync::losses(endpoints::Endpoint::Steady now, milliseconds time) {
    std::vector<EndpointState> states;
    for (const auto& [fingerprint, pool] : state_.pools) {
        for (std::size_t i = 0; i < pool.lost_calls.size(); ++i) {
            auto shown = pool.lost_calls[i].shown(now);
            if (!shown) continue;
            const std::string name = pool.provider->info.endpoints[i] + std::string(endpoints::lost_calls_suffix);
            states.push_back({fingerprint, name, PauseKind::unavailable, time, std::move(*shown)});
        }
    }
    return states;
}

void EndpointSync::add_notices(std::vector<EndpointState>& states, endpoints::Endpoint::Steady now, bool renewed) {
    const milliseconds time = shown_heartbeats * state_.settings.heartbeat;
    auto over = std::exchange(shown_, {});
    auto notices = state_.calls_in_flight.overdue(now, time);
    std::ranges::move(losses(now, time), std::back_inserter(notices));
    for (EndpointState& state : notices) {
        const bool shown = over.erase({state.fingerprint, state.endpoint}) > 0;
        shown_.emplace(state.fingerprint, state.endpoint);
        if (renewed || !shown) states.push_back(std::move(state));
    }
    for (const auto& [fingerprint, name] : over) states.push_back({fingerprint, name});
}

void EndpointSync::add_learned_limits(std::vector<EndpointState>& states, endpoints::Endpoint::Steady now) {
    for (auto& [fingerprint, pool] : state_.pools) {
        for (std::size_t i = 0; i < pool.endpoints.size(); ++i) {
            const auto limits = pool.limits_to_publish(i, now);
            if (!limits) continue;
            EndpointState state{.fingerprint = fingerprint, .endpoint = pool.provider->info.endpoints[i]};
            state.cool_down = EndpointState::same_cool_down;
            state.limits = limits;
            states.push_back(std::move(state));
        }
    }
}

void EndpointSync::keep_binding_pauses(std::vector<EndpointState>& states) {
    const auto binds_this_process_alone = [](const EndpointState& state) {
        return state.kind == PauseKind::misconfigured;
    };
    if (std::ranges::none_of(states, [&](const EndpointState& state) {
            return state.cool_down.count() > 0 && binds_this_process_alone(state);
        }))
        return;
    const auto held = state_.store().endpoint_states();
    if (!held) return;
    std::erase_if(states, [&](const EndpointState& state) {
        return state.cool_down.count() > 0 && binds_this_process_alone(state) &&
               std::ranges::any_of(*held, [&](const EndpointState& other) {
                   return other.fingerprint == state.fingerprint && other.endpoint == state.endpoint &&
                          other.cool_down.count() > 0 && !binds_this_process_alone(other);
               });
    });
}

void EndpointSync::publish_again(const std::vector<EndpointState>& states) {
    next_publish_ = publishing_.again_at();
    for (const EndpointState& state : states) {
        const auto pool = state_.pools.find(state.fingerprint);
        if (pool == state_.pools.end()) continue;
        const auto& endpoints = pool->second.provider->info.endpoints;
        const auto place = std::ranges::find(endpoints, state.endpoint);
        if (place == endpoints.end()) continue;
        const auto index = static_cast<std::size_t>(place - endpoints.begin());
        if (state.limits) pool->second.publish_again(index);
        if (state.cool_down != EndpointState::same_cool_down)
            state_.pause_changes.push_back({state.fingerprint, index});
    }
}

void EndpointSync::publish_states() {
    if (state_.now() < publishing_.again_at()) return;
    std::vector<EndpointState> states;
    {
        const sync::Lock lock(state_.mutex);
        states = states_to_publish(state_.now());
    }
    keep_binding_pauses(states);
    if (states.empty()) return;
    if (publishing_.succeeded(state_.store().put_endpoint_states(states))) return;
    const sync::Lock lock(state_.mutex);
    publish_again(states);
}

void EndpointSync::read_states() {
    const auto read_at = state_.now();
    const auto all = state_.store().endpoint_states();
    reading_.succeeded(all);
    const sync::Lock lock(state_.mutex);
    const auto now = state_.now();
    const bool busy = std::ranges::any_of(state_.pools, [&](const auto& entry) EMBEDQ_REQUIRES(state_.mutex) {
        return has_work(entry.first, entry.second, now);
    });
    next_read_ = now + (busy && state_.shares_endpoint_states ? std::min(busy_read_interval, state_.settings.heartbeat)
                                                              : state_.settings.heartbeat);
    next_read_ = std::max(next_read_, reading_.again_at());
    // A store that is unavailable does not delay trials.
    state_.states_read_at = read_at;
    state_.endpoints_cv.notify_all();
    if (!all) return;
    for (const EndpointState& state : *all) {
        const auto pool = state_.pools.find(state.fingerprint);
        if (pool == state_.pools.end()) continue;
        const auto& endpoints = pool->second.provider->info.endpoints;
        const auto place = std::ranges::find(endpoints, state.endpoint);
        if (place == endpoints.end()) continue;
        const auto index = static_cast<std::size_t>(place - endpoints.begin());
        if (state.limits) pool->second.adopt_limits(index, *state.limits, now);
        if (state.cool_down.count() <= 0) continue;
        endpoints::Endpoint& endpoint = pool->second.endpoints[index];
        // A longer one becomes shorter in the store too, when this process publishes its pause.
        const auto cool_down = std::min(state.cool_down, endpoints::longest_asked_pause);
        const auto until = now + cool_down;
        if (until <= endpoint.paused_until() + own_pause_tolerance) continue;
        // Trials of several processes come one after another, so that the first one's result reaches the others.
        const auto spread = state.kind == PauseKind::unavailable
                                ? milliseconds(static_cast<std::int64_t>(static_cast<double>(cool_down.count()) *
                                                                         trial_spread * state_.random01()))
                                : milliseconds(0);
        endpoint.adopt_pause({until + spread, state.kind, state.reason}, now);
    }
}

std::vector<EndpointSync::DueRate> EndpointSync::rates_due(endpoints::Endpoint::Steady now) {
    std::vector<DueRate> requests;
    next_reserve_ = std::max(reserving_.again_at(), now + state_.settings.heartbeat);
    const auto ahead = std::min<endpoints::Endpoint::Steady::duration>(2 * round_trip_ + min_ahead, max_ahead);
    for (auto& [fingerprint, pool] : state_.pools) {
        if (!has_work(fingerprint, pool, now)) continue;
        const std::vector<endpoints::SharedRate> rates = pool.rates(state_.shares_endpoint_states, now);
        for (std::size_t i = 0; i < rates.size(); ++i) {
            endpoints::RateLimit& limit = *rates[i].limit;
            const auto due = std::max(limit.reserve_at(now, ahead), reserving_.again_at());
            if (due <= now)
                requests.push_back({fingerprint,
                                    i,
                                    {rates[i].fingerprint, rates[i].unit, limit.per_minute(), limit.reserve_amount()}});
            else
                next_reserve_ = std::min(next_reserve_, due);
        }
    }
    return requests;
}

void EndpointSync::reserve_rates() {
    std::vector<DueRate> due;
    const endpoints::Endpoint::Steady requested_at = state_.now();
    {
        const sync::Lock lock(state_.mutex);
        due = rates_due(requested_at);
    }
    if (due.empty()) return;
    std::vector<RateRequest> requests;
    for (const DueRate& each : due) requests.push_back(each.request);
    const auto slots = state_.query_admission().reserve(state_.store(), requests, requested_at);
    const auto now = state_.now();
    if (!reserving_.succeeded(slots)) {
        next_reserve_ = reserving_.again_at();
        return;
    }
    const sync::Lock lock(state_.mutex);
    round_trip_ += (now - requested_at - round_trip_) / 4;
    for (std::size_t i = 0; i < due.size(); ++i) {
        const auto pool = state_.pools.find(due[i].pool);
        if (pool == state_.pools.end()) continue;
        const auto rates = pool->second.rates(state_.shares_endpoint_states, now);
        // The pool may have been replaced meanwhile.
        if (due[i].rate < rates.size() && rates[due[i].rate].fingerprint == due[i].request.fingerprint)
            rates[due[i].rate].limit->add_slot(now + (*slots)[i].starts_in, due[i].request.amount);
    }
    next_reserve_ = now;  // the next round finds out when the next ones are due
    state_.endpoints_cv.notify_all();
}

}  // namespace embedq::scheduler
