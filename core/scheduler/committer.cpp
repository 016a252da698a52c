#include "scheduler/committer.h"

#include "sync/backoff.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {
constexpr sync::Backoff commit_backoff =
    sync::fixed_backoff(std::chrono::milliseconds(50), std::chrono::milliseconds(2'000));
}  // namespace

void Committer::run() {
    sync::Lock lock(shared_.mutex);
    while (true) {
        shared_.committer.wait(
            lock, [&]() EMBEDQ_REQUIRES(shared_.mutex) { return shared_.bench.has_ready() || shared_.calls_ended; });
        if (!shared_.bench.has_ready()) return;
        const auto flush_at = shared_.now() + shared_.settings.commit_delay;
        shared_.committer.wait_until(lock, flush_at, [&]() EMBEDQ_REQUIRES(shared_.mutex) {
            return shared_.calls_ended || shared_.bench.ready_vectors() >= shared_.settings.commit_vectors;
        });
        const CommitWork work = shared_.bench.collect(shared_.random01());
        if (work.empty()) continue;
        lock.unlock();
        const std::vector<bool> kept = write(work);
        lock.lock();
        shared_.bench.committed(work, kept);
        const std::vector<std::string> cuts = shared_.bench.take_cut_notes();
        shared_.wake_claimer();
        if (cuts.empty()) continue;
        lock.unlock();
        for (const std::string& cut : cuts) shared_.logger().info(cut);
        lock.lock();
    }
}

std::vector<bool> Committer::write(const CommitWork& work) {
    const auto give_up = shared_.now() + shared_.settings.lease;
    for (std::uint64_t failures = 1;; ++failures) {
        auto kept = shared_.store().commit(work.commit);
        if (kept) return std::move(*kept);
        Logger& logger = shared_.logger();
        if (kept.error().kind != ErrorKind::unavailable || shared_.now() > give_up) {
            logger.error("could not commit the results of " + std::to_string(work.commit.jobs.size()) +
                         " jobs; their leases will run out and they are done again: " + to_string(kept.error()));
            return std::vector<bool>(work.commit.jobs.size(), false);
        }
        logger.warn("cannot commit, trying again: " + to_string(kept.error()));
        sync::Lock lock(shared_.mutex);
        shared_.committer.wait_until(lock, shared_.now() + commit_backoff.delay(failures), [] { return false; });
    }
}

}  // namespace embedq::scheduler
