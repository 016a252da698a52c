#include "scheduler/maintenance.h"

#include <algorithm>
#include <array>
#include <string>

#include "sync/backoff.h"
#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::scheduler {

namespace {

constexpr int max_prune_rounds = 100;                // in a row; the rest waits for the next time
constexpr std::chrono::milliseconds reap_delay{20};  // after a lease's end, so that it has surely expired
constexpr std::size_t reaper_lines = 4;              // a minute
constexpr std::size_t named_jobs = 5;                // in a line
// Statements that read much are not repeated as soon as others.
constexpr sync::Backoff maintenance_backoff{
    .base = std::chrono::milliseconds(1'000), .factor = 2, .max = std::chrono::milliseconds(30'000)};

// ": worker 'a' held job 7 (shop/pets), job 8 (shop/cars), worker 'b' held job 9 (shop/dogs), and 3 others"
std::string names_of(const ReapResult& reaped) {
    std::string names;
    const std::string* worker = nullptr;
    for (const ReapedJob& job : reaped.jobs) {
        names += names.empty() ? ": " : ", ";
        if (worker == nullptr || *worker != job.worker_id) names += "worker '" + job.worker_id + "' held ";
        names += "job " + std::to_string(job.id) + " (" + job.catalog_id + "/" + job.spec_name + ")";
        worker = &job.worker_id;
    }
    const std::size_t others = reaped.requeued + reaped.failed - reaped.jobs.size();
    if (!names.empty() && others > 0) names += ", and " + std::to_string(others) + (others == 1 ? " other" : " others");
    return names;
}

}  // namespace

Reaper::Reaper(SchedulerState& state)
    : state_(state),
      reaping_(state.retry("look for expired leases")),
      looking_(state.retry("read when leases expire")),
      lines_(reaper_lines) {}

void Reaper::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        reap();
        // Leases are not shorter than a heartbeat, so looking once per heartbeat sees those that began meanwhile.
        auto next = state_.now();
        do {
            next = next_reap();
            sync::sleep_until(std::min(next, state_.now() + state_.settings.heartbeat), stop);
        } while (!stop.stop_requested() && state_.now() < next);
    }
}

endpoints::Endpoint::Steady Reaper::next_reap() {
    // What is due cannot be done: an expired lease is no reason to try sooner.
    if (reaping_.failing()) return reaping_.again_at();
    return std::min(reaped_at_ + state_.settings.reap, state_.now() + until_expiry());
}

std::chrono::milliseconds Reaper::until_expiry() {
    if (state_.now() < looking_.again_at()) return state_.settings.reap;
    const auto due = state_.store().next_due({});
    if (!looking_.succeeded(due) || !due->lease_expiry) return state_.settings.reap;
    return std::clamp(*due->lease_expiry + reap_delay, reap_delay, state_.settings.reap);
}

void Reaper::reap() {
    const auto result = state_.store().reap(state_.settings.max_attempts);
    reaped_at_ = state_.now();
    if (!reaping_.succeeded(result)) return;
    const bool found = result->requeued > 0 || result->failed > 0;
    unreported_.requeued += result->requeued;
    unreported_.failed += result->failed;
    for (const ReapedJob& job : result->jobs) {
        if (unreported_.jobs.size() < named_jobs) unreported_.jobs.push_back(job);
    }
    report();
    if (!found) return;
    state_.notifier().publish();
    const sync::Lock lock(state_.mutex);
    state_.wake_claimer();
}

void Reaper::report() {
    if ((unreported_.requeued == 0 && unreported_.failed == 0) || !lines_.take(state_.now())) return;
    const bool one = unreported_.requeued == 1;
    const std::string line = "leases ran out: " + std::to_string(unreported_.requeued) +
                             (one ? " job goes" : " jobs go") + " back to the queue, " +
                             std::to_string(unreported_.failed) + " failed permanently" + names_of(unreported_);
    if (unreported_.jobs.size() == 1 && unreported_.requeued + unreported_.failed == 1) {
        const ReapedJob& job = unreported_.jobs.front();
        const std::array fields{LogField{"job", job.id}, LogField{"catalog", job.catalog_id},
                                LogField{"spec", job.spec_name}, LogField{"worker", job.worker_id}};
        state_.logger().log_fields(LogLevel::warn, line, fields);
    } else {
        state_.logger().warn(line);
    }
    unreported_ = {};
}

Maintenance::Maintenance(SchedulerState& state)
    : state_(state),
      reconciling_(state.retry("reconcile", maintenance_backoff)),
      pruning_(state.retry("prune", maintenance_backoff)),
      next_reconcile_(state.now()),
      next_prune_(state.now() + state.settings.prune) {}

void Maintenance::run(std::stop_token stop) {
    while (!stop.stop_requested()) sync::sleep_until(step(stop), stop);
}

endpoints::Endpoint::Steady Maintenance::step(std::stop_token stop) {
    if (state_.now() >= next_reconcile_) {
        reconcile();
        next_reconcile_ = reconciling_.failing() ? reconciling_.again_at() : state_.now() + state_.settings.reconcile;
    }
    if (!stop.stop_requested() && state_.now() >= next_prune_) {
        prune(stop);
        next_prune_ = pruning_.failing() ? pruning_.again_at() : state_.now() + state_.settings.prune;
    }
    return std::min(next_reconcile_, next_prune_);
}

void Maintenance::reconcile() {
    const auto result = state_.store().reconcile({});
    if (!reconciling_.succeeded(result)) return;
    if (result->flipped > 0)
        state_.logger().info(std::to_string(result->flipped) + " catalogs now rank by their new profile");
    if (result->enqueued == 0) return;
    state_.logger().info("reconciler: " + std::to_string(result->enqueued) + " specs are queued, " +
                         std::to_string(result->asked_again) + " of them to ask for refused texts again");
    state_.notifier().publish();
    const sync::Lock lock(state_.mutex);
    state_.wake_claimer();
}

void Maintenance::prune(const std::stop_token& stop) {
    PruneRequest request;
    request.older_than = state_.settings.retention;
    for (int round = 0; round < max_prune_rounds && !stop.stop_requested(); ++round) {
        const auto result = state_.store().prune(request);
        if (!pruning_.succeeded(result) || !result->more) return;
    }
}

}  // namespace embedq::scheduler
