#include "scheduler/lease_keeper.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "embedq/commit.h"
#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::scheduler {
namespace {

using Steady = endpoints::Endpoint::Steady;

constexpr const char* keep_leases = "keep leases";  // completes "cannot …"
constexpr std::size_t loss_lines = 4;               // a minute
constexpr std::size_t listed_jobs = 50;             // in a line, of each reason
constexpr std::chrono::milliseconds shortest_look{1};

std::string host_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
    return name.data();
}

std::string_view in_words(LossReason reason) {
    switch (reason) {
        case LossReason::lease_over: return "the store says that their leases are over";
        case LossReason::no_heartbeat: return "no heartbeat reached the store for half a lease";
        case LossReason::not_committed: return "their results could not be stored";
    }
    return "";
}

std::string listed(const std::vector<LostJob>& lost, LossReason reason) {
    std::size_t count = 0;
    std::string jobs;
    for (const LostJob& job : lost) {
        if (job.reason != reason) continue;
        if (++count > listed_jobs) continue;
        jobs += (jobs.empty() ? "" : ", ") + std::to_string(job.id) + " (" + job.catalog_id + "/" + job.spec_name + ")";
    }
    if (count == 0) return {};
    if (count > listed_jobs) jobs += " and " + std::to_string(count - listed_jobs) + " more";
    return "; " + std::string(in_words(reason)) + ": " + jobs;
}

}  // namespace

LeaseKeeper::LeaseKeeper(SchedulerState& state)
    : state_(state),
      // As often as heartbeats are due: each may be the last that is in time.
      extending_(state.retry("extend leases", sync::fixed_backoff(state.settings.heartbeat, state.settings.heartbeat))),
      lines_(loss_lines),
      extended_at_(state.now()) {}

void LeaseKeeper::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        extend();
        sync::sleep_until(state_.now() + state_.settings.heartbeat, stop);
    }
}

void LeaseKeeper::watch(std::stop_token stop) {
    while (!stop.stop_requested()) {
        const Steady next = check();
        report_losses();
        report_work();
        // For a time and not until one: the host's clock may stand still.
        sync::sleep_for(
            std::clamp<Steady::duration>(next - state_.now(), shortest_look,
                                         std::max<Steady::duration>(shortest_look, state_.settings.heartbeat)),
            stop);
    }
}

void LeaseKeeper::extend() {
    std::vector<std::pair<HoldId, JobRef>> held;
    {
        const sync::Lock lock(state_.mutex);
        held = state_.queue.held();
    }
    WorkerReport report = this_worker();
    report.jobs_held = held.size();
    std::vector<JobRef> refs;
    refs.reserve(held.size());
    for (const auto& [hold, ref] : held) refs.push_back(ref);

    const Steady began = state_.now();
    const auto extended = state_.store().extend(report, refs, state_.settings.lease);
    if (!extending_.succeeded(extended)) return;
    std::vector<JobRef> dropped;
    bool in_time = false;
    {
        const sync::Lock lock(state_.mutex);
        // The leases count from some moment after the call began. A call that took too long extended nothing.
        extended_at_ = began;
        in_time = state_.now() < began + state_.settings.lease / 2;
        state_.heartbeat_missed = !in_time;
        dropped = std::exchange(dropped_, {});
        for (std::size_t i = 0; i < held.size(); ++i) {
            if (!(*extended)[i]) state_.queue.lease_over(held[i].first);
        }
        state_.wake_claimer();
    }
    if (in_time) state_.store_faults.succeeded(keep_leases);
    give_back(dropped);
}

WorkerReport LeaseKeeper::this_worker() const {
    return {.worker_id = state_.worker_id,
            .host = host_name(),
            .pid = ::getpid(),
            .version = state_.settings.version,
            .providers = state_.providers().names()};
}

void LeaseKeeper::sign_off() {
    WorkerReport report = this_worker();
    report.stopped = true;
    if (const auto stopped = state_.store().extend(report, {}, state_.settings.lease); !stopped)
        state_.logger().debug("this worker stays listed for a day: " + to_string(stopped.error()));
}

void LeaseKeeper::give_back(const std::vector<JobRef>& dropped) {
    if (dropped.empty()) return;
    Commit commit;
    commit.max_attempts = state_.settings.max_attempts;
    for (const JobRef& job : dropped)
        commit.jobs.push_back({job, JobOutcome::release, std::string(in_words(LossReason::no_heartbeat)), {}, {}, {}});
    // The store drops the reports of leases that are over. If it fails, the rest run out.
    if (state_.store().commit(commit)) state_.notifier().publish();
}

Steady LeaseKeeper::check() {
    const Steady now = state_.now();
    const auto half = state_.settings.lease / 2;
    {
        const sync::Lock lock(state_.mutex);
        if (!drop(now)) return extended_at_ + half;
    }
    state_.store_faults.failed(
        keep_leases,
        Error{ErrorKind::unavailable, "no heartbeat has reached the store for half a lease (" +
                                          sync::duration_in_words(half) + "), so nothing is claimed until one does"});
    // A claim that was under way may still bring jobs.
    return now + half;
}

bool LeaseKeeper::drop(Steady now) {
    if (now < extended_at_ + state_.settings.lease / 2) return false;
    state_.heartbeat_missed = true;
    for (const auto& [hold, ref] : state_.queue.held()) {
        state_.queue.lose(hold, LossReason::no_heartbeat);
        dropped_.push_back(ref);
    }
    return true;
}

void LeaseKeeper::report_work() {
    Counters counters;
    {
        const sync::Lock lock(state_.mutex);
        counters = state_.queue.counters();
    }
    state_.work_log.work_done(counters);
}

void LeaseKeeper::report_losses(bool end) {
    const Steady now = state_.now();
    std::vector<LostJob> lost;
    {
        const sync::Lock lock(state_.mutex);
        if (!state_.queue.has_lost() || (!end && lines_.left(now) == 0)) return;
        lost = state_.queue.take_lost();
    }
    lines_.count(now);
    std::string line = "lost " + std::to_string(lost.size()) + (lost.size() == 1 ? " lease" : " leases") +
                       "; what was not stored is done again";
    for (const LossReason reason : {LossReason::lease_over, LossReason::no_heartbeat, LossReason::not_committed})
        line += listed(lost, reason);
    state_.logger().warn(line);
}

}  // namespace embedq::scheduler
