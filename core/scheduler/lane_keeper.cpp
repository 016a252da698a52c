#include "scheduler/lane_keeper.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds busy_look{250};  // how soon a busy process hears of another's pause
// Before the end of what is leased, the next slice is asked for: twice the round trip, and this.
constexpr milliseconds least_ahead{20};
constexpr milliseconds most_ahead{1'000};

}  // namespace

void LaneKeeper::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        const Lane::Steady next = step();
        sync::Lock lock(shared_.mutex);
        shared_.keeper.wait_until(lock, stop, next,
                                  [&]() EMBEDQ_REQUIRES(shared_.mutex) { return shared_.keeper_awake; });
    }
}

Lane::Steady LaneKeeper::step() {
    bool wants_look = false;
    {
        const sync::Lock lock(shared_.mutex);
        shared_.keeper_awake = false;
        wants_look = std::exchange(shared_.probe_asks, false);
    }
    tell_pauses();
    if (wants_look || shared_.now() >= next_heard_) hear_of_pauses();
    lease_budgets();
    return std::min({next_told_, next_heard_, next_lease_});
}

bool LaneKeeper::has_work(const Sha256& fingerprint, const Route& route, Lane::Steady now) const {
    return !shared_.draining && shared_.bench.queued(fingerprint) > 0 && !route.paused(now);
}

std::vector<LaneState> LaneKeeper::pauses_to_tell(Lane::Steady now) {
    std::vector<LaneState> states;
    // A pause that is longer than the heartbeat is told again: the store may have been away.
    if (now >= next_told_) {
        next_told_ = now + shared_.settings.heartbeat;
        for (const auto& [fingerprint, route] : shared_.routes) {
            for (std::size_t i = 0; i < route.lanes.size(); ++i) {
                if (route.lanes[i].paused(now)) shared_.lane_news.push_back({fingerprint, i});
            }
        }
    }
    for (const LaneNews& news : std::exchange(shared_.lane_news, {})) {
        const auto route = shared_.routes.find(news.fingerprint);
        if (route == shared_.routes.end() || news.endpoint >= route->second.lanes.size()) continue;
        const Lane& lane = route->second.lanes[news.endpoint];
        const std::string& endpoint = route->second.provider->info.endpoints[news.endpoint];
        const auto left =
            lane.paused(now) ? std::chrono::ceil<milliseconds>(lane.paused_until() - now) : milliseconds(0);
        const auto same = std::ranges::find_if(states, [&](const LaneState& state) {
            return state.fingerprint == news.fingerprint && state.endpoint == endpoint;
        });
        if (same == states.end()) states.push_back({news.fingerprint, endpoint, left, lane.reason()});
    }
    return states;
}

void LaneKeeper::spare_what_binds(std::vector<LaneState>& states) {
    const auto own_affair = [](const LaneState& state) { return state.reason.starts_with("misconfigured"); };
    if (std::ranges::none_of(states,
                             [&](const LaneState& state) { return state.cool_down.count() > 0 && own_affair(state); }))
        return;
    const auto held = shared_.store().lanes();
    if (!held) return;
    std::erase_if(states, [&](const LaneState& state) {
        return state.cool_down.count() > 0 && own_affair(state) &&
               std::ranges::any_of(*held, [&](const LaneState& other) {
                   return other.fingerprint == state.fingerprint && other.endpoint == state.endpoint &&
                          !own_affair(other);
               });
    });
}

void LaneKeeper::tell_pauses() {
    std::vector<LaneState> states;
    {
        const sync::Lock lock(shared_.mutex);
        states = pauses_to_tell(shared_.now());
    }
    spare_what_binds(states);
    if (states.empty()) return;
    if (const Status told = shared_.store().put_lanes(states); !told) {
        shared_.logger().debug("cannot tell other processes of a pause: " + told.error().message);
    }
}

void LaneKeeper::hear_of_pauses() {
    const auto asked = shared_.now();
    const auto all = shared_.store().lanes();
    const sync::Lock lock(shared_.mutex);
    const auto now = shared_.now();
    const bool busy = std::ranges::any_of(shared_.routes, [&](const auto& entry) EMBEDQ_REQUIRES(shared_.mutex) {
        return has_work(entry.first, entry.second, now);
    });
    next_heard_ = now + (busy && shared_.shares_lanes ? std::min(busy_look, shared_.settings.heartbeat)
                                                      : shared_.settings.heartbeat);
    // A store that is away has nothing to tell, and holds up no probe.
    shared_.pauses_seen_at = asked;
    shared_.lanes.notify_all();
    if (!all) return;
    for (const LaneState& state : *all) {
        const auto route = shared_.routes.find(state.fingerprint);
        if (route == shared_.routes.end()) continue;
        const auto& endpoints = route->second.provider->info.endpoints;
        const auto place = std::ranges::find(endpoints, state.endpoint);
        if (place == endpoints.end()) continue;
        Lane& lane = route->second.lanes[static_cast<std::size_t>(place - endpoints.begin())];
        // What is longer is cut in the store, too, when this process tells of its pause.
        const auto cool_down = std::min(state.cool_down, longest_asked_pause);
        const auto until = now + cool_down;
        // A moment's difference is this process's own pause coming back.
        if (until <= lane.paused_until() + milliseconds(50)) continue;
        // Probes of several processes come one after another, so that the first tells the others.
        const auto spread = state.reason.starts_with("unavailable")
                                ? milliseconds(static_cast<std::int64_t>(static_cast<double>(cool_down.count()) * 0.1 *
                                                                         shared_.random01()))
                                : milliseconds(0);
        lane.adopt_pause(until + spread, state.reason, now);
    }
}

std::vector<BudgetRequest> LaneKeeper::budgets_due(Lane::Steady now) {
    std::vector<BudgetRequest> requests;
    next_lease_ = std::max(lease_again_, now + shared_.settings.heartbeat);
    const auto ahead = std::min<Lane::Steady::duration>(2 * round_trip_ + least_ahead, most_ahead);
    for (auto& [fingerprint, route] : shared_.routes) {
        if (!has_work(fingerprint, route, now)) continue;
        for (Budget* budget : {&route.requests, &route.tokens}) {
            const auto due = std::max(budget->wanted_at(now, ahead), lease_again_);
            const BudgetUnit unit = budget == &route.requests ? BudgetUnit::requests : BudgetUnit::tokens;
            if (due <= now)
                requests.push_back({fingerprint, unit, budget->per_minute(), budget->wanted()});
            else
                next_lease_ = std::min(next_lease_, due);
        }
    }
    return requests;
}

void LaneKeeper::lease_budgets() {
    std::vector<BudgetRequest> requests;
    const Lane::Steady asked = shared_.now();
    {
        const sync::Lock lock(shared_.mutex);
        requests = budgets_due(asked);
    }
    if (requests.empty()) return;
    const auto slices = shared_.traffic().reserve(shared_.store(), requests, asked);
    const auto now = shared_.now();
    if (!slices) {
        if (!std::exchange(complained_, true)) {
            shared_.logger().warn("cannot lease the budget per minute, asking again; nothing is sent meanwhile: " +
                                  slices.error().message);
        }
        lease_again_ = now + store_pause;
        next_lease_ = lease_again_;
        return;
    }
    const sync::Lock lock(shared_.mutex);
    complained_ = false;
    lease_again_ = {};
    round_trip_ += (now - asked - round_trip_) / 4;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto route = shared_.routes.find(requests[i].fingerprint);
        if (route == shared_.routes.end()) continue;
        Budget& budget = requests[i].unit == BudgetUnit::requests ? route->second.requests : route->second.tokens;
        budget.lease(now + (*slices)[i].starts_in, requests[i].amount);
    }
    next_lease_ = now;  // when the next are due is seen in the next round
    shared_.lanes.notify_all();
}

}  // namespace embedq::scheduler
