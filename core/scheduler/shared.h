// What the scheduler's threads share. Each part is a class of its own with a loop; this is the table they work at.
//
// Members above the mutex are fixed after construction (the store, notifier and providers are thread-safe themselves); members below it are
// guarded by it.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "embedq/context.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "scheduler/lane.h"
#include "scheduler/providers.h"
#include "scheduler/settings.h"
#include "scheduler/workbench.h"

namespace embedq::scheduler {

// A provider that answered: its lanes, and what its endpoints take.
struct Route {
    std::shared_ptr<const ResolvedProvider> provider;
    std::vector<Lane> lanes;
    BatchLimits limits;
    bool warned = false;      // the present pause has been logged
    bool retired = false;     // another model or other limits took its place: no new batches
    std::size_t threads = 0;  // that work on it

    [[nodiscard]] bool paused(Lane::Steady now) const {
        for (const Lane& lane : lanes) {
            if (!lane.paused(now)) return false;
        }
        return true;
    }
    [[nodiscard]] Lane::Steady paused_until() const {
        Lane::Steady earliest = Lane::Steady::max();
        for (const Lane& lane : lanes) earliest = std::min(earliest, lane.paused_until());
        return earliest;
    }
};

struct Shared {
    Shared(Store& store_, Notifier& notifier_, ProviderDirectory& providers_, Settings settings_, Context& context_, std::string worker)
        : store(store_),
          notifier(notifier_),
          providers(providers_),
          settings(std::move(settings_)),
          context(context_),
          worker_id(std::move(worker)),
          bench(settings) {}

    [[nodiscard]] Lane::Steady now() const { return context.clock().now(); }
    [[nodiscard]] double random01() { return static_cast<double>(context.random() >> 11U) * 0x1.0p-53; }
    // Wakes the claimer. Call with the mutex held.
    void wake_claimer() {
        claimer_awake = true;
        claimer.notify_all();
    }

    Store& store;
    Notifier& notifier;
    ProviderDirectory& providers;
    const Settings settings;
    Context& context;
    const std::string worker_id;
    std::stop_source calls_stop;  // ends provider calls after the grace time

    mutable std::mutex mutex;
    std::condition_variable_any claimer;     // room, work to plan, a notification
    std::condition_variable_any lanes;       // queued texts, a free slot, the end
    std::condition_variable_any committer;   // answered texts, the end
    std::condition_variable_any idle_lanes;  // a lane thread ended
    Workbench bench;
    std::map<Sha256, Route> routes;                                  // those that are open
    std::vector<std::map<Sha256, Route>::node_type> retired_routes;  // those whose threads have not ended
    bool claimer_awake = true;
    bool draining = false;     // no new calls
    bool lanes_ended = false;  // no call will come back any more
    std::size_t lane_threads = 0;
};

}  // namespace embedq::scheduler
