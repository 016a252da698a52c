// Work that runs beside the pipeline, in every process: returning dead workers' jobs, finding gaps, pruning history.
#pragma once

#include <chrono>
#include <stop_token>

#include "embedq/maintenance.h"
#include "scheduler/scheduler_state.h"
#include "sync/fault_log.h"
#include "sync/retry.h"

namespace embedq::scheduler {

// Returns dead workers' jobs soon after their leases have expired. On a thread of its own, since reconciling and
// pruning take seconds where the queue is long.
class Reaper {
public:
    explicit Reaper(SchedulerState& state);
    void run(std::stop_token stop);

    // The parts of a round.
    void reap();
    // When to reap next: when the next lease may expire, at most the reaper's interval after the last time.
    [[nodiscard]] endpoints::Endpoint::Steady next_reap();

private:
    // How long until the next lease may expire; at most the reaper's interval.
    [[nodiscard]] std::chrono::milliseconds until_expiry();
    // Logs what was found since the last line, a few lines a minute at most.
    void report();

    SchedulerState& state_;
    sync::Retry reaping_;
    sync::Retry looking_;  // for the next expiry
    sync::LineLimit lines_;
    ReapResult unreported_;
    endpoints::Endpoint::Steady reaped_at_{};
};

// Reconciles and prunes, each at its interval.
class Maintenance {
public:
    explicit Maintenance(SchedulerState& state);
    void run(std::stop_token stop);

    // Does what is due now. Returns when something will be due next.
    [[nodiscard]] endpoints::Endpoint::Steady step(std::stop_token stop);

private:
    void reconcile();
    void prune(const std::stop_token& stop);

    SchedulerState& state_;
    sync::Retry reconciling_;
    sync::Retry pruning_;
    endpoints::Endpoint::Steady next_reconcile_;
    endpoints::Endpoint::Steady next_prune_;
};

}  // namespace embedq::scheduler
