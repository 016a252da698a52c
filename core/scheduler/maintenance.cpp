#include "scheduler/maintenance.h"

#include <algorithm>

#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::scheduler {

namespace {

constexpr int prune_rounds = 100;  // per tick; what is left waits for the next

}  // namespace

void Reaper::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        reap();
        const auto reaped = shared_.now();
        // Leases that are taken meanwhile are seen with each heartbeat: they are not shorter.
        auto next = reaped;
        do {
            next = std::min(reaped + shared_.settings.reap, shared_.now() + until_reap());
            sync::sleep_until(std::min(next, shared_.now() + shared_.settings.heartbeat), stop);
        } while (!stop.stop_requested() && shared_.now() < next);
    }
}

void Maintenance::run(std::stop_token stop) {
    reconcile();
    auto next_reconcile = shared_.now() + shared_.settings.reconcile;
    auto next_prune = shared_.now() + shared_.settings.prune;
    while (!stop.stop_requested()) {
        sync::sleep_until(std::min(next_reconcile, next_prune), stop);
        if (stop.stop_requested()) return;
        if (shared_.now() >= next_reconcile) {
            reconcile();
            next_reconcile = shared_.now() + shared_.settings.reconcile;
        }
        if (shared_.now() >= next_prune) {
            prune(stop);
            next_prune = shared_.now() + shared_.settings.prune;
        }
    }
}

std::chrono::milliseconds Reaper::until_reap() {
    const auto due = shared_.store().next_due({});
    if (!due || !due->lease_expiry) return shared_.settings.reap;
    return std::clamp(*due->lease_expiry + std::chrono::milliseconds(20), std::chrono::milliseconds(20),
                      shared_.settings.reap);
}

void Reaper::reap() {
    const auto result = shared_.store().reap(shared_.settings.max_attempts);
    if (!result) return shared_.logger().warn("cannot look for expired leases: " + to_string(result.error()));
    if (result->requeued == 0 && result->failed == 0) return;
    shared_.logger().warn("leases ran out: " + std::to_string(result->requeued) + " jobs go back to the queue, " +
                          std::to_string(result->failed) + " failed for good");
    shared_.notifier().publish();
    const sync::Lock lock(shared_.mutex);
    shared_.wake_claimer();
}

void Maintenance::reconcile() {
    const auto result = shared_.store().reconcile({});
    if (!result) return shared_.logger().warn("cannot reconcile: " + to_string(result.error()));
    if (result->flipped > 0)
        shared_.logger().info(std::to_string(result->flipped) + " catalogs now rank by their new profile");
    if (result->enqueued == 0) return;
    shared_.logger().info("reconciler: " + std::to_string(result->enqueued) + " specs had a gap and are queued");
    shared_.notifier().publish();
    const sync::Lock lock(shared_.mutex);
    shared_.wake_claimer();
}

void Maintenance::prune(std::stop_token stop) {
    PruneRequest request;
    request.older_than = shared_.settings.retention;
    for (int round = 0; round < prune_rounds && !stop.stop_requested(); ++round) {
        const auto result = shared_.store().prune(request);
        if (!result) return shared_.logger().warn("cannot prune: " + to_string(result.error()));
        if (!result->more) return;
    }
}

}  // namespace embedq::scheduler
