// The endpoint runner calls providers: as many threads for each endpoint as its limit of concurrency allows.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "embedq/values.h"
#include "scheduler/shared.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

class CallRunner {
public:
    explicit CallRunner(Shared& shared) : shared_(shared) {}
    ~CallRunner() { join(); }
    CallRunner(const CallRunner&) = delete;
    CallRunner& operator=(const CallRunner&) = delete;

    // Opens the endpoints of a provider that has answered and starts their threads. Where it has endpoints for the same
    // fingerprint, those of new limits and endpoints take their place. From one thread at a time, not after `join`.
    void add(const endpoints::ResolvedPtr& provider);
    // The provider makes the fingerprint no more: its endpoints take no new batch, and what waits for them goes back
    // without an attempt. Does nothing where another provider's endpoints make it. As `add`.
    void retire(const endpoints::ResolvedPtr& provider, const std::string& reason);
    // Waits for the calls in flight, at most for the grace time, then stops them, and returns when all threads have
    // ended. The shared state must be draining.
    void join();

private:
    struct Thread {
        const EndpointPool* pool = nullptr;
        std::jthread thread;
    };
    struct Call {
        Batch batch;
        endpoints::Endpoint::Steady sent_at{};
        double tokens = 0;  // as estimated
    };
    // What a call brought.
    struct Outcome {
        Result<EmbedResult> result;
        bool late = false;       // it used up its time
        bool undecided = false;  // it says nothing of its texts: they are to be sent again
    };

    void run(EndpointPool& pool, std::size_t endpoint_index);
    // Takes a batch that endpoint and budgets admit; else says when to look again, unless something changes before.
    [[nodiscard]] std::optional<Call> next(EndpointPool& pool, std::size_t endpoint_index,
                                           endpoints::Endpoint::Steady& again_at) EMBEDQ_REQUIRES(shared_.mutex);
    [[nodiscard]] std::optional<Call> begin(EndpointPool& pool, endpoints::Endpoint& endpoint,
                                            endpoints::Endpoint::Steady now) EMBEDQ_REQUIRES(shared_.mutex);
    [[nodiscard]] Outcome ask(const endpoints::ResolvedProvider& provider, std::size_t endpoint_index,
                              std::span<const std::string_view> texts) const EMBEDQ_EXCLUDES(shared_.mutex);
    // Whether to make sure of a call that had every text refused. Not where another call heard meanwhile what holds
    // for this one, too.
    [[nodiscard]] bool wants_control(EndpointPool& pool, std::size_t endpoint_index) EMBEDQ_REQUIRES(shared_.mutex);
    // Asks the same endpoint for a text that nobody has a reason to refuse. Is that one refused as well, the outcome is
    // `misconfigured`, and says nothing of the call's texts.
    void control(const endpoints::ResolvedProvider& provider, std::size_t endpoint_index, Outcome& outcome) const
        EMBEDQ_EXCLUDES(shared_.mutex);
    // Gives the warning that the provider is paused, once for each pause; else nothing.
    [[nodiscard]] std::optional<std::string> finish(EndpointPool& pool, const Call& call, std::size_t endpoint_index,
                                                    Outcome&& outcome) EMBEDQ_REQUIRES(shared_.mutex);
    void answered(EndpointPool& pool, const Call& call, EmbedResult&& result) EMBEDQ_REQUIRES(shared_.mutex);
    void failed(EndpointPool& pool, const Call& call, const Error& error, bool late, bool jobs_pay)
        EMBEDQ_REQUIRES(shared_.mutex);
    // Tells people, queries and other processes of a pause that began or ended.
    void tell(EndpointPool& pool, std::size_t endpoint_index, endpoints::Endpoint::Steady now)
        EMBEDQ_REQUIRES(shared_.mutex);
    // Takes the pool out of those that are open; its threads end after their calls.
    void close(std::map<Sha256, EndpointPool>::iterator pool) EMBEDQ_REQUIRES(shared_.mutex);
    // Joins the threads of retired pools that have ended.
    void sweep();

    Shared& shared_;
    std::vector<Thread> threads_;
};

}  // namespace embedq::scheduler
