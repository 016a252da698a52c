// Work that runs beside the pipeline, in every process: returning dead workers' jobs, finding gaps, pruning history.
#pragma once

#include <functional>
#include <stop_token>

#include "scheduler/scheduler_state.h"

namespace embedq::scheduler {

// Returns dead workers' jobs soon after their leases have expired. On a thread of its own, since reconciling and
// pruning take seconds where the queue is long.
class Reaper {
public:
    explicit Reaper(SchedulerState& state) : state_(state) {}
    void run(std::stop_token stop);

private:
    void reap();
    // How long until the next lease may expire; at most the reaper's interval.
    [[nodiscard]] std::chrono::milliseconds until_reap();

    SchedulerState& state_;
};

// Reconciles and prunes, each at its interval.
class Maintenance {
public:
    explicit Maintenance(SchedulerState& state) : state_(state) {}
    void run(std::stop_token stop);

private:
    void reconcile();
    void prune(std::stop_token stop);

    SchedulerState& state_;
};

}  // namespace embedq::scheduler
