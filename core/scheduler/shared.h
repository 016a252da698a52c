// What the scheduler's threads share. Each part is a class of its own with a loop; this is the table they work at.
//
// Members above the mutex are fixed after construction; members below it are guarded by it. Nothing is called out of
// the scheduler while it is held, and nothing is logged: the store, the notifier, the providers and the logger are
// reached through members that exclude it.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "embedq/context.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "scheduler/batch_limits.h"
#include "scheduler/budget.h"
#include "scheduler/lane.h"
#include "scheduler/providers.h"
#include "scheduler/room.h"
#include "scheduler/settings.h"
#include "scheduler/workbench.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

// A provider that answered: its lanes, what its endpoints take, and what may be sent to all of them together.
struct Route {
    // `most_texts`: that the process holds at a time.
    Route(std::shared_ptr<const ResolvedProvider> resolved, const LaneLimits& of_each_lane, std::size_t most_texts)
        : provider(std::move(resolved)),
          lanes(provider->info.endpoints.size(), Lane(of_each_lane)),
          limits(provider->info, provider->limits.batch_inputs),
          // As much in flight as all lanes take, and as much again that waits for them.
          room(2 * lanes.size() * of_each_lane.concurrency * limits.present().max_inputs, most_texts),
          requests(provider->limits.requests_per_minute),
          tokens(provider->limits.tokens_per_minute) {}

    std::shared_ptr<const ResolvedProvider> provider;
    std::vector<Lane> lanes;
    RouteLimits limits;
    Room room;
    Budget requests;
    Budget tokens;
    bool warned = false;      // the present pause has been logged
    bool retired = false;     // another model or other limits took its place: no new batches
    std::size_t threads = 0;  // that work on it

    // Takes over what is known of the same model under other limits and endpoints: what an endpoint asked for still
    // holds.
    void inherit(const Route& old) {
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            const auto& known = old.provider->info.endpoints;
            const auto place = std::ranges::find(known, provider->info.endpoints[i]);
            if (place != known.end()) lanes[i].inherit(old.lanes[static_cast<std::size_t>(place - known.begin())]);
        }
        limits.inherit(old.limits);
        room.inherit(old.room);
        if (requests.per_minute() == old.requests.per_minute()) requests = old.requests;
        if (tokens.per_minute() == old.tokens.per_minute()) tokens = old.tokens;
    }

    [[nodiscard]] bool paused(Lane::Steady now) const {
        return std::ranges::all_of(lanes, [&](const Lane& lane) { return lane.paused(now); });
    }
    [[nodiscard]] Lane::Steady paused_until() const {
        Lane::Steady earliest = Lane::Steady::max();
        for (const Lane& lane : lanes) earliest = std::min(earliest, lane.paused_until());
        return earliest;
    }
};

// Before a store that failed is asked again.
inline constexpr std::chrono::milliseconds store_pause{500};

// A pause that began or ended here and that the store has not heard of.
struct LaneNews {
    Sha256 fingerprint{};
    std::size_t endpoint = 0;
};

struct Shared {
    Shared(Store& store, Notifier& notifier, ProviderDirectory& providers, Settings of_scheduler, Context& context,
           std::string worker)
        : store_(store),
          notifier_(notifier),
          providers_(providers),
          context_(context),
          settings(std::move(of_scheduler)),
          worker_id(std::move(worker)),
          shares_lanes(store.capabilities().multi_process),
          bench(settings) {}

    // Thread-safe themselves.
    [[nodiscard]] Store& store() const EMBEDQ_EXCLUDES(mutex) { return store_; }
    [[nodiscard]] Notifier& notifier() const EMBEDQ_EXCLUDES(mutex) { return notifier_; }
    [[nodiscard]] ProviderDirectory& providers() const EMBEDQ_EXCLUDES(mutex) { return providers_; }
    // May be used under the mutex, but for what takes the store: Traffic's own lock comes after it.
    [[nodiscard]] Traffic& traffic() const { return providers_.traffic(); }
    [[nodiscard]] Logger& logger() const EMBEDQ_EXCLUDES(mutex) { return context_.logger(); }

    [[nodiscard]] Lane::Steady now() const { return context_.clock().now(); }
    [[nodiscard]] double random01() { return static_cast<double>(context_.random() >> 11U) * 0x1.0p-53; }

    void wake_claimer() EMBEDQ_REQUIRES(mutex) {
        claimer_awake = true;
        claimer.notify_all();
    }
    void wake_keeper() EMBEDQ_REQUIRES(mutex) {
        keeper_awake = true;
        keeper.notify_all();
    }

private:
    Store& store_;
    Notifier& notifier_;
    ProviderDirectory& providers_;
    Context& context_;

public:
    const Settings settings;
    const std::string worker_id;
    const bool shares_lanes;      // other processes may tell of pauses
    std::stop_source calls_stop;  // ends provider calls after the grace time

    mutable sync::Mutex mutex;
    std::condition_variable_any claimer;     // room, work to plan, a notification
    std::condition_variable_any lanes;       // queued texts, a free slot, the end
    std::condition_variable_any committer;   // answered texts, the end
    std::condition_variable_any idle_lanes;  // a lane thread ended
    std::condition_variable_any keeper;      // news of a lane, a budget that is wanted, a probe that asks for leave
    Workbench bench EMBEDQ_GUARDED_BY(mutex);
    std::map<Sha256, Route> routes EMBEDQ_GUARDED_BY(mutex);  // those that are open
    // Those whose threads have not ended.
    std::vector<std::map<Sha256, Route>::node_type> retired_routes EMBEDQ_GUARDED_BY(mutex);
    std::vector<LaneNews> lane_news EMBEDQ_GUARDED_BY(mutex);
    bool keeper_awake EMBEDQ_GUARDED_BY(mutex) = false;
    bool probe_asks EMBEDQ_GUARDED_BY(mutex) = false;  // for a look at the pauses of others
    // When the store was last asked for them. A probe waits for a look that is newer than its pause.
    Lane::Steady pauses_seen_at EMBEDQ_GUARDED_BY(mutex){};
    bool claimer_awake EMBEDQ_GUARDED_BY(mutex) = true;
    bool draining EMBEDQ_GUARDED_BY(mutex) = false;     // no new calls
    bool lanes_ended EMBEDQ_GUARDED_BY(mutex) = false;  // no call will come back any more
    std::size_t lane_threads EMBEDQ_GUARDED_BY(mutex) = 0;
};

}  // namespace embedq::scheduler
