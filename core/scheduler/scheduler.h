// The scheduler: claims jobs, finds out which texts have no vector, packs them into provider calls, and commits the
// results.
//
//   notifier, next due time, poll -> claimer -> work queue -> call runner -> committer
//   beside it: lease keeper, reaper, maintenance, prober, endpoint sync
//
// Any number of schedulers in any number of processes may share a store. Thread-safety: every member may be called from
// any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "embedq/context.h"
#include "embedq/endpoint.h"
#include "embedq/error.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "endpoints/providers.h"
#include "scheduler/counters.h"
#include "settings/settings.h"

namespace embedq::scheduler {

class Scheduler {
public:
    // All references must outlive the scheduler. The listener is for processes that set targets (see providers.h).
    Scheduler(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers, SchedulerSettings settings,
              Context& context, endpoints::ModelListener listener = {});
    ~Scheduler();  // stops
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    // Starts the threads, once. A provider that does not answer yet is probed again later. `unavailable`, with nothing
    // left running, where the system starts no further thread.
    [[nodiscard]] Status start();

    // Stops claiming, lets calls in flight finish within the grace time, commits them, and gives the rest back without
    // counting an attempt. Returns when all threads have ended. Idempotent.
    void stop() noexcept;

    // Unique per start.
    [[nodiscard]] const std::string& worker_id() const;
    [[nodiscard]] Counters counters() const;
    // The endpoints that get no calls from this process at present, and those with an overdue call (calls_in_flight.h).
    [[nodiscard]] std::vector<EndpointState> pauses() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace embedq::scheduler
