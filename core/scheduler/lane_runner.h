// The lane runner calls providers: as many threads for each endpoint as its limit of concurrency allows.
#pragma once

#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "scheduler/shared.h"

namespace embedq::scheduler {

class LaneRunner {
public:
    explicit LaneRunner(Shared& shared) : shared_(shared) {}
    ~LaneRunner() { join(); }
    LaneRunner(const LaneRunner&) = delete;
    LaneRunner& operator=(const LaneRunner&) = delete;

    // Opens the lanes of a provider that has answered and starts their threads. From one thread at a time, not after `join`.
    void add(const std::shared_ptr<const ResolvedProvider>& provider);
    // Waits for the calls in flight, at most for the grace time, then stops them, and returns when all threads have ended.
    // The shared state must be draining.
    void join();

private:
    void run(const Sha256& fingerprint, std::size_t endpoint);
    // Takes a batch that the lane admits, or waits for a change. The lock is held.
    [[nodiscard]] std::optional<Batch> next(std::unique_lock<std::mutex>& lock, const Sha256& fingerprint, std::size_t endpoint);
    [[nodiscard]] Result<EmbedResult> call(const ResolvedProvider& provider, std::size_t endpoint, const Batch& batch,
                                           Lane::Steady deadline) const;
    // `late`: the call used up its time.
    void finish(const Batch& batch, std::size_t endpoint, Result<EmbedResult>&& result, bool late);

    Shared& shared_;
    std::vector<std::jthread> threads_;
};

}  // namespace embedq::scheduler
