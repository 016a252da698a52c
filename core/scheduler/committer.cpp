#include "scheduler/committer.h"

#include <utility>

#include "sync/backoff.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {
constexpr sync::Backoff commit_backoff =
    sync::fixed_backoff(std::chrono::milliseconds(50), std::chrono::milliseconds(2'000));
// For jobs whose results the store refuses to keep.
constexpr sync::Backoff refused_backoff = sync::fixed_backoff(std::chrono::seconds(10), std::chrono::minutes(5));
constexpr std::size_t cut_lines = 6;  // a minute
}  // namespace

Committer::Committer(SchedulerState& state)
    : state_(state), committing_(state.retry("store results", commit_backoff)), cut_lines_(cut_lines) {}

void Committer::run() {
    sync::Lock lock(state_.mutex);
    while (true) {
        state_.committer_cv.wait(
            lock, [&]() EMBEDQ_REQUIRES(state_.mutex) { return state_.queue.has_ready() || state_.calls_ended; });
        if (!state_.queue.has_ready()) return;
        const auto flush_at = state_.now() + state_.settings.commit_delay;
        state_.committer_cv.wait_until(lock, flush_at, [&]() EMBEDQ_REQUIRES(state_.mutex) {
            return state_.calls_ended || state_.queue.ready_vectors() >= state_.settings.commit_vectors;
        });
        const CommitWork work = state_.queue.collect(state_.random01());
        if (work.empty()) continue;
        lock.unlock();
        const std::vector<bool> kept = write(work);
        lock.lock();
        state_.queue.committed(work, kept);
        const std::vector<std::string> messages = state_.queue.take_cut_messages();
        state_.wake_claimer();
        if (messages.empty()) continue;
        lock.unlock();
        report_cuts(messages);
        lock.lock();
    }
}

std::vector<bool> Committer::write(const CommitWork& work) {
    const auto began = state_.now();
    while (true) {
        if (auto kept = try_write(work, began)) return std::move(*kept);
        sync::Lock lock(state_.mutex);
        state_.committer_cv.wait_until(lock, again_at(), [] { return false; });
    }
}

std::optional<std::vector<bool>> Committer::try_write(const CommitWork& work, endpoints::Endpoint::Steady began) {
    auto kept = state_.store().commit(work.commit);
    if (committing_.succeeded(kept)) {
        refused_ = 0;
        return std::move(*kept);
    }
    if (kept.error().kind != ErrorKind::unavailable)
        give_back(work, kept.error());
    else if (!gives_up(began))
        return std::nullopt;
    return std::vector<bool>();
}

// The store's fault is not the jobs': without this their leases would run out, which counts an attempt.
void Committer::give_back(const CommitWork& work, const Error& error) {
    Commit commit;
    commit.max_attempts = work.commit.max_attempts;
    const auto delay = refused_backoff.delay(++refused_);
    for (const JobReport& report : work.commit.jobs) {
        commit.jobs.push_back({.job = report.job,
                               .outcome = JobOutcome::release,
                               .error = "the store does not keep results: " + to_string(error),
                               .delay = delay});
    }
    static_cast<void>(state_.store().commit(commit));
}

// At a stop the process must end soon, and the leases of what is not stored run out.
bool Committer::gives_up(endpoints::Endpoint::Steady began) {
    const auto now = state_.now();
    const sync::Lock lock(state_.mutex);
    return now > began + state_.settings.lease || now >= state_.drain_until;
}

void Committer::report_cuts(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) {
        if (!cut_lines_.take(state_.now())) {
            ++unreported_cuts_;
            continue;
        }
        const std::string others =
            unreported_cuts_ == 0 ? "" : "; so were " + std::to_string(unreported_cuts_) + " texts before it";
        unreported_cuts_ = 0;
        state_.logger().info(message + others);
    }
}

}  // namespace embedq::scheduler
