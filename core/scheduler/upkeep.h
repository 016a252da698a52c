// What runs beside the pipeline: leases are extended, dead workers' jobs returned, gaps found, history pruned.
#pragma once

#include <functional>
#include <stop_token>

#include "scheduler/shared.h"

namespace embedq::scheduler {

// Extends all leases of this process with one statement per heartbeat. A worker whose own heartbeat fails for half a lease lets go of
// everything it holds, since others may be at it already.
class LeaseKeeper {
public:
    explicit LeaseKeeper(Shared& shared) : shared_(shared), last_good_(shared.now()) {}
    void run(std::stop_token stop);
    void step();

private:
    Shared& shared_;
    Lane::Steady last_good_;
};

// Reaper, reconciler and pruner on their timers.
class Upkeep {
public:
    explicit Upkeep(Shared& shared) : shared_(shared) {}
    void run(std::stop_token stop);

    void reap();
    void reconcile();
    void prune(std::stop_token stop);
    // How long until the next lease may run out; the reaper's interval at most.
    [[nodiscard]] std::chrono::milliseconds until_reap();

private:
    Shared& shared_;
};

}  // namespace embedq::scheduler
