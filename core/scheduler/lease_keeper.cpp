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
        sync::sleep_until(shared_.now() + shared_.settings.heartbeat, stop);
    }
}

void LeaseKeeper::step() {
    std::vector<std::pair<HoldId, JobRef>> held;
    WorkerReport report;
    {
        const sync::Lock lock(shared_.mutex);
        held = shared_.bench.held();
        report.jobs_held = held.size();
    }
    report.worker_id = shared_.worker_id;
    report.host = host_name();
    report.pid = ::getpid();
    report.version = shared_.settings.version;
    std::vector<JobRef> refs;
    refs.reserve(held.size());
    for (const auto& [hold, ref] : held) refs.push_back(ref);

    const auto extended = shared_.store().extend(report, refs, shared_.settings.lease);
    const auto now = shared_.now();
    if (extended) last_good_ = now;
    const bool lets_go = !extended && now - last_good_ > shared_.settings.lease / 2;
    {
        const sync::Lock lock(shared_.mutex);
        for (std::size_t i = 0; i < held.size(); ++i) {
            if (lets_go || (extended && !(*extended)[i])) shared_.bench.lose(held[i].first);
        }
        shared_.wake_claimer();
    }
    if (lets_go && !held.empty()) {
        shared_.logger().error("no heartbeat for half a lease; letting go of " + std::to_string(held.size()) +
                               " jobs: " + to_string(extended.error()));
    }
}

}  // namespace embedq::scheduler
