#include "scheduler/committer.h"

#include "sync/backoff.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {
constexpr sync::Backoff commit_backoff =
    sync::fixed_backoff(std::chrono::milliseconds(50), std::chrono::milliseconds(2'000));
}  // namespace

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
        for (const std::string& message : messages) state_.logger().info(message);
        lock.lock();
    }
}

std::vector<bool> Committer::write(const CommitWork& work) {
    const auto give_up = state_.now() + state_.settings.lease;
    for (std::uint64_t failures = 1;; ++failures) {
        auto kept = state_.store().commit(work.commit);
        if (kept) return std::move(*kept);
        Logger& logger = state_.logger();
        if (kept.error().kind != ErrorKind::unavailable || state_.now() > give_up) {
            logger.error("could not commit the results of " + std::to_string(work.commit.jobs.size()) +
                         " jobs, which are done again when their leases expire: " + to_string(kept.error()));
            return std::vector<bool>(work.commit.jobs.size(), false);
        }
        logger.warn("cannot commit, trying again: " + to_string(kept.error()));
        sync::Lock lock(state_.mutex);
        state_.committer_cv.wait_until(lock, state_.now() + commit_backoff.delay(failures), [] { return false; });
    }
}

}  // namespace embedq::scheduler
