// The lease keeper extends the leases of this process's jobs, and drops the jobs when it cannot.
#pragma once

#include <stop_token>
#include <vector>

#include "scheduler/scheduler_state.h"
#include "sync/annotations.h"
#include "sync/fault_log.h"
#include "sync/retry.h"

namespace embedq::scheduler {

// Extends all leases of this process with one call to the store per heartbeat. When half a lease has passed since the
// last successful heartbeat began, it drops all jobs, since other processes may claim them soon, and nothing is claimed
// until a heartbeat succeeds. That is watched from a second thread, since the call to the store may hang.
class LeaseKeeper {
public:
    explicit LeaseKeeper(SchedulerState& state);
    // Extends, once per heartbeat.
    void run(std::stop_token stop);
    // Beside it: watches the time, and logs what was lost and, once a minute, what was done.
    void watch(std::stop_token stop);

    // The parts of the two.
    void extend() EMBEDQ_EXCLUDES(state_.mutex);
    // Drops all jobs if it is time for that, and logs why nothing is claimed. Returns when to look again.
    [[nodiscard]] endpoints::Endpoint::Steady check() EMBEDQ_EXCLUDES(state_.mutex);
    // Logs the jobs that were lost since the last line, a few lines a minute at most; at the `end` in any case. Called
    // by one thread at a time.
    void report_losses(bool end = false) EMBEDQ_EXCLUDES(state_.mutex);
    void report_work() EMBEDQ_EXCLUDES(state_.mutex);
    // At the end of a stop: this worker is no longer listed.
    void sign_off();

private:
    // Without the jobs that it holds.
    [[nodiscard]] WorkerReport this_worker() const;
    // Drops all jobs. False if it is not time for that yet.
    [[nodiscard]] bool drop(endpoints::Endpoint::Steady now) EMBEDQ_REQUIRES(state_.mutex);
    // Gives back the jobs that were dropped, so that they need not wait for the end of their leases.
    void give_back(const std::vector<JobRef>& dropped) EMBEDQ_EXCLUDES(state_.mutex);

    SchedulerState& state_;
    sync::Retry extending_;  // used by `extend` alone
    sync::LineLimit lines_;  // used by `report_losses` alone
    // When the last successful extension began.
    endpoints::Endpoint::Steady extended_at_ EMBEDQ_GUARDED_BY(state_.mutex);
    std::vector<JobRef> dropped_ EMBEDQ_GUARDED_BY(state_.mutex);  // since then
};

}  // namespace embedq::scheduler
