// What runs beside the pipeline: leases are extended, dead workers' jobs returned, gaps found, history pruned.
#pragma once

#include <functional>
#include <stop_token>

#include "scheduler/shared.h"

namespace embedq::scheduler {

// Extends all leases of this process with one statement per heartbeat. A worker whose own heartbeat fails for half a
// lease lets go of everything it holds, since others may be at it already.
class LeaseKeeper {
public:
    explicit LeaseKeeper(Shared& shared) : shared_(shared), last_good_(shared.now()) {}
    void run(std::stop_token stop);
    void step();

private:
    Shared& shared_;
    Lane::Steady last_good_;
};

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
class Upkeep {
public:
    explicit Upkeep(Shared& shared) : shared_(shared) {}
    void run(std::stop_token stop);

private:
    void reconcile();
    void prune(std::stop_token stop);

    Shared& shared_;
};

}  // namespace embedq::scheduler
