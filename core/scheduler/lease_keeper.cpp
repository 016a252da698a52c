#include "scheduler/lease_keeper.h"

#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::scheduler {
namespace {

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
    return name.data();
}

}  // namespace

void LeaseKeeper::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        step();
        sync::sleep_until(state_.now() + state_.settings.heartbeat, stop);
    }
}

void LeaseKeeper::step() {
    std::vector<std::pair<HoldId, JobRef>> held;
    WorkerReport report;
    {
        const sync::Lock lock(state_.mutex);
        held = state_.queue.held();
        report.jobs_held = held.size();
    }
    report.worker_id = state_.worker_id;
    report.host = host_name();
    report.pid = ::getpid();
    report.version = state_.settings.version;
    std::vector<JobRef> refs;
    refs.reserve(held.size());
    for (const auto& [hold, ref] : held) refs.push_back(ref);

    const auto extended = state_.store().extend(report, refs, state_.settings.lease);
    const auto now = state_.now();
    if (extended) last_success_ = now;
    const bool drops_all = !extended && now - last_success_ > state_.settings.lease / 2;
    {
        const sync::Lock lock(state_.mutex);
        for (std::size_t i = 0; i < held.size(); ++i) {
            if (drops_all || (extended && !(*extended)[i])) state_.queue.lose(held[i].first);
        }
        state_.wake_claimer();
    }
    if (drops_all && !held.empty()) {
        state_.logger().error("no heartbeat for half a lease, dropping " + std::to_string(held.size()) +
                              " jobs: " + to_string(extended.error()));
    }
}

}  // namespace embedq::scheduler
