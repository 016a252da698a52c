// The committer writes the vectors, progress and outcomes of many jobs in one transaction: when enough are ready, or
// after a short delay. One thread.
#pragma once

#include "scheduler/scheduler_state.h"

namespace embedq::scheduler {

class Committer {
public:
    explicit Committer(SchedulerState& state) : state_(state) {}

    // Until all calls have ended and everything is committed.
    void run();

private:
    // Tries again while the store is unavailable, for the length of a lease. Returns which reports the store kept; none
    // if it refused the whole commit.
    [[nodiscard]] std::vector<bool> write(const CommitWork& work);

    SchedulerState& state_;
};

}  // namespace embedq::scheduler
