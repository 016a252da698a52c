// The call runner calls providers, with as many threads for each endpoint as its concurrency limit allows. One waits
// for texts; another starts when none waits any more, and stays.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "embedq/context.h"
#include "embedq/error.h"
#include "embedq/values.h"
#include "scheduler/scheduler_state.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

class CallRunner {
public:
    explicit CallRunner(SchedulerState& state) : state_(state) {}
    ~CallRunner() { join(); }
    CallRunner(const CallRunner&) = delete;
    CallRunner& operator=(const CallRunner&) = delete;

    // Opens the endpoint pool of a provider that has answered, and starts its threads. A pool that the same provider
    // has for the same fingerprint is replaced, since its limits or endpoints changed. Called by one thread at a time,
    // and not after `join`.
    void add(const endpoints::ProbedProviderPtr& provider);
    // Starts the first thread of each endpoint that has none, since the system refused it.
    [[nodiscard]] Status start_missing_threads();
    // Closes the provider's pool: it no longer makes the fingerprint's vectors. The pool takes no new batch, and what
    // is queued for it is given back without an attempt. Does nothing where another provider has the fingerprint's
    // pool. Called like `add`.
    void retire(const endpoints::ProbedProviderPtr& provider, const std::string& reason);
    // Waits for the calls in flight, at most for the grace time, then stops them, and returns when all threads have
    // ended. The state must be draining.
    void join();

private:
    struct Thread {
        const endpoints::EndpointPool* pool = nullptr;
        std::jthread thread;
    };
    // The threads of one endpoint.
    struct Crew {
        std::size_t started = 0;
        std::size_t waiting = 0;
        std::size_t most = 0;
    };
    struct Call {
        Batch batch;
        endpoints::Endpoint::Steady sent_at{};
        double tokens = 0;   // as estimated
        bool trial = false;  // sends a sample text to see whether the endpoint answers; the batch is empty
    };
    // How a call ended.
    struct Outcome {
        Result<EmbedResult> result;
        bool late = false;         // it reached its deadline
        bool undecided = false;    // it says nothing about its texts: they are sent again
        bool neutral = false;      // nor does it say anything about the endpoint
        bool texts_fault = false;  // a control was answered: the failure is not the endpoint's
        bool asked_twice = false;  // a sample, since the first was refused
    };
    // Which control a call needs. One of a failure holds up the other calls to the endpoint, which may be broken.
    enum class Control : std::uint8_t { none, of_refusal, of_failure };

    [[nodiscard]] Status start_thread(endpoints::EndpointPool& pool, std::size_t endpoint_index, Crew& crew)
        EMBEDQ_REQUIRES(state_.mutex);
    // The same where none waits for texts. Does without where the system refuses: those that there are do the work.
    void start_another(endpoints::EndpointPool& pool, std::size_t endpoint_index, Crew& crew)
        EMBEDQ_REQUIRES(state_.mutex);
    void run(endpoints::EndpointPool& pool, std::size_t endpoint_index, Crew& crew);
    // Takes a batch that the endpoint and the rate limits admit. Otherwise sets when to try again, unless something
    // changes before that.
    [[nodiscard]] std::optional<Call> next(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                                           endpoints::Endpoint::Steady& again_at) EMBEDQ_REQUIRES(state_.mutex);
    [[nodiscard]] std::optional<Call> begin(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                                            endpoints::Endpoint::Steady now) EMBEDQ_REQUIRES(state_.mutex);
    [[nodiscard]] Outcome embed(const endpoints::ProbedProvider& provider, std::size_t endpoint_index,
                                std::span<const std::string_view> texts) const EMBEDQ_EXCLUDES(state_.mutex);
    // The provider's call, which is known to be in flight from its begin to its end.
    [[nodiscard]] Result<EmbedResult> call(const endpoints::ProbedProvider& provider, const EmbedRequest& request) const
        EMBEDQ_EXCLUDES(state_.mutex);
    [[nodiscard]] Outcome send(const endpoints::ProbedProvider& provider, std::size_t endpoint_index,
                               const Call& call) const EMBEDQ_EXCLUDES(state_.mutex);

    // --- controls (call_runner_controls.cpp)

    // The control that the end of a call needs. It begins here: `ask_sample` and `conclude` must follow. Sets how the
    // call ended where that is known without one.
    [[nodiscard]] Control control_for(endpoints::EndpointPool& pool, const Call& call, std::size_t endpoint_index,
                                      Outcome& outcome) EMBEDQ_REQUIRES(state_.mutex);
    // Sends a sample text that no working endpoint refuses, and a second one if it does. Then it is `misconfigured`.
    [[nodiscard]] Outcome ask_sample(const endpoints::ProbedProvider& provider, std::size_t endpoint_index) const
        EMBEDQ_EXCLUDES(state_.mutex);
    // If the sample was answered, the failure is about what was sent. Otherwise the sample's error is the endpoint's,
    // and the call says nothing about its texts.
    void conclude(endpoints::EndpointPool& pool, std::size_t endpoint_index, Control control, Outcome&& sample,
                  Outcome& outcome) EMBEDQ_REQUIRES(state_.mutex);
    [[nodiscard]] static double sample_tokens(const endpoints::EndpointPool& pool);
    static void take_sample_permit(endpoints::EndpointPool& pool, std::size_t endpoint_index);
    void count_samples(endpoints::EndpointPool& pool, std::size_t endpoint_index, const Outcome& sample)
        EMBEDQ_REQUIRES(state_.mutex);

    // --- ends of calls

    struct LogLine {
        LogLevel level = LogLevel::info;
        std::string text;
    };
    // Returns the line to log, if any.
    [[nodiscard]] std::optional<LogLine> finish(endpoints::EndpointPool& pool, const Call& call,
                                                std::size_t endpoint_index, Outcome&& outcome)
        EMBEDQ_REQUIRES(state_.mutex);
    void answered(endpoints::EndpointPool& pool, const Call& call, EmbedResult&& result, std::size_t failures_needed)
        EMBEDQ_REQUIRES(state_.mutex);
    void failed(endpoints::EndpointPool& pool, const Call& call, const Error& error, bool late, bool charge_jobs,
                std::size_t failures_needed) EMBEDQ_REQUIRES(state_.mutex);
    // Makes a pause that began or ended known to queries and to other processes.
    void publish_pause_change(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                              endpoints::Endpoint::Steady now) EMBEDQ_REQUIRES(state_.mutex);
    // Removes the pool from those that are open; its threads end after their calls.
    void close(std::map<Sha256, endpoints::EndpointPool>::iterator pool) EMBEDQ_REQUIRES(state_.mutex);
    // Joins the threads of retired pools that have ended.
    void join_retired();

    // --- what is logged about endpoints (call_runner_faults.cpp)

    // The line to log about an endpoint that cannot be used because of an error, or that answers; if any.
    [[nodiscard]] static std::optional<LogLine> fault_line(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                                                           const Error* error, endpoints::Endpoint::Steady now);
    // Counts the call, or a sample with an empty batch, as answered or lost. What is late or begins a pause is logged
    // as such.
    static void count_call_end(endpoints::EndpointPool& pool, const Call& call, std::size_t endpoint_index,
                               const Outcome& outcome, endpoints::Endpoint::Steady now);
    // The line to log about calls that the endpoint loses while it answers others, if any.
    [[nodiscard]] static std::optional<LogLine> loss_line(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                                                          endpoints::Endpoint::Steady now);

    SchedulerState& state_;
    std::vector<Thread> threads_ EMBEDQ_GUARDED_BY(state_.mutex);
    std::map<std::pair<const endpoints::EndpointPool*, std::size_t>, Crew> crews_ EMBEDQ_GUARDED_BY(state_.mutex);
};

}  // namespace embedq::scheduler
