// What runs beside the pipeline, in any process: dead workers' jobs returned, gaps found, history pruned.
#pragma once

#include <functional>
#include <stop_token>

#include "scheduler/shared.h"

namespace embedq::scheduler {

// Returns dead workers' jobs soon after their leases ran out. On a thread of its own: what the others do to the whole
// queue takes seconds where it is long.
class Reaper {
public:
    explicit Reaper(Shared& shared) : shared_(shared) {}
    void run(std::stop_token stop);

private:
    void reap();
    // How long until the next lease may run out; the reaper's interval at most.
    [[nodiscard]] std::chrono::milliseconds until_reap();

    Shared& shared_;
};

// Reconciler and pruner on their timers.
class Maintenance {
public:
    explicit Maintenance(Shared& shared) : shared_(shared) {}
    void run(std::stop_token stop);

private:
    void reconcile();
    void prune(std::stop_token stop);

    Shared& shared_;
};

}  // namespace embedq::scheduler
