// The lease keeper extends the leases of this process's jobs.
#pragma once

#include <stop_token>

#include "scheduler/scheduler_state.h"

namespace embedq::scheduler {

// Extends all leases of this process with one call to the store per heartbeat. After half a lease without a successful
// heartbeat it drops all jobs, since other processes may have claimed them.
class LeaseKeeper {
public:
    explicit LeaseKeeper(SchedulerState& state) : state_(state), last_success_(state.now()) {}
    void run(std::stop_token stop);
    void step();

private:
    SchedulerState& state_;
    endpoints::Endpoint::Steady last_success_;
};

}  // namespace embedq::scheduler
