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
    struct Call {
        Batch batch;
        Lane::Steady sent_at{};
        double tokens = 0;  // as estimated
    };
    // Takes a batch that lane and budgets admit, or waits for a change. The lock is held.
    [[nodiscard]] std::optional<Call> next(std::unique_lock<std::mutex>& lock, const Sha256& fingerprint, std::size_t endpoint);
    [[nodiscard]] std::optional<Call> begin(Route& route, const Sha256& fingerprint, Lane& lane, Lane::Steady now);
    [[nodiscard]] Result<EmbedResult> embed(const ResolvedProvider& provider, std::size_t endpoint, const Batch& batch,
                                            Lane::Steady deadline) const;
    // `late`: the call used up its time.
    void finish(const Call& call, std::size_t endpoint, Result<EmbedResult>&& result, bool late);
    void answered(Route& route, const Call& call, EmbedResult&& result);
    void failed(Route& route, const Call& call, const Error& error, bool late, bool jobs_pay);
    // Tells people, queries and other processes of a pause that began or ended.
    void tell(Route& route, const Sha256& fingerprint, std::size_t endpoint, Lane::Steady now);

    Shared& shared_;
    std::vector<std::jthread> threads_;
};

}  // namespace embedq::scheduler
