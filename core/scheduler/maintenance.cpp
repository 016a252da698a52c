#include "scheduler/maintenance.h"

#include <algorithm>

#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::scheduler {

namespace {

constexpr int max_prune_rounds = 100;                // in a row; the rest waits for the next time
constexpr std::chrono::milliseconds reap_delay{20};  // after a lease's end, so that it has surely expired

}  // namespace

void Reaper::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        reap();
        const auto reaped = state_.now();
        // Leases are not shorter than a heartbeat, so looking once per heartbeat sees those that began meanwhile.
        auto next = reaped;
        do {
            next = std::min(reaped + state_.settings.reap, state_.now() + until_reap());
            sync::sleep_until(std::min(next, state_.now() + state_.settings.heartbeat), stop);
        } while (!stop.stop_requested() && state_.now() < next);
    }
}

void Maintenance::run(std::stop_token stop) {
    reconcile();
    auto next_reconcile = state_.now() + state_.settings.reconcile;
    auto next_prune = state_.now() + state_.settings.prune;
    while (!stop.stop_requested()) {
        sync::sleep_until(std::min(next_reconcile, next_prune), stop);
        if (stop.stop_requested()) return;
        if (state_.now() >= next_reconcile) {
            reconcile();
            next_reconcile = state_.now() + state_.settings.reconcile;
        }
        if (state_.now() >= next_prune) {
            prune(stop);
            next_prune = state_.now() + state_.settings.prune;
        }
    }
}

std::chrono::milliseconds Reaper::until_reap() {
    const auto due = state_.store().next_due({});
    if (!due || !due->lease_expiry) return state_.settings.reap;
    return std::clamp(*due->lease_expiry + reap_delay, reap_delay, state_.settings.reap);
}

void Reaper::reap() {
    const auto result = state_.store().reap(state_.settings.max_attempts);
    if (!result) return state_.logger().warn("cannot look for expired leases: " + to_string(result.error()));
    if (result->requeued == 0 && result->failed == 0) return;
    state_.logger().warn("leases ran out: " + std::to_string(result->requeued) + " jobs go back to the queue, " +
                         std::to_string(result->failed) + " failed for good");
    state_.notifier().publish();
    const sync::Lock lock(state_.mutex);
    state_.wake_claimer();
}

void Maintenance::reconcile() {
    const auto result = state_.store().reconcile({});
    if (!result) return state_.logger().warn("cannot reconcile: " + to_string(result.error()));
    if (result->flipped > 0)
        state_.logger().info(std::to_string(result->flipped) + " catalogs now rank by their new profile");
    if (result->enqueued == 0) return;
    state_.logger().info("reconciler: " + std::to_string(result->enqueued) + " specs had a gap and are queued");
    state_.notifier().publish();
    const sync::Lock lock(state_.mutex);
    state_.wake_claimer();
}

void Maintenance::prune(std::stop_token stop) {
    PruneRequest request;
    request.older_than = state_.settings.retention;
    for (int round = 0; round < max_prune_rounds && !stop.stop_requested(); ++round) {
        const auto result = state_.store().prune(request);
        if (!result) return state_.logger().warn("cannot prune: " + to_string(result.error()));
        if (!result->more) return;
    }
}

}  // namespace embedq::scheduler
