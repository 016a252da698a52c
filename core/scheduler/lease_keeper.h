// Keeps the leases of this process's jobs.
#pragma once

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
    endpoints::Endpoint::Steady last_good_;
};

}  // namespace embedq::scheduler
