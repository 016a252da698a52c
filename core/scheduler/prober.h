// The prober asks the providers what they are: each until it has answered, and then from time to time, since the model
// behind a name can be replaced. The answers open, replace and close endpoint pools.
//
// Probes run on threads of their own, one for each provider: a provider that hangs or pulls a model must not delay the
// others, nor texts and queries. Thread-safety: the members are called from one thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/values.h"
#include "scheduler/call_runner.h"
#include "scheduler/scheduler_state.h"
#include "sync/fault_log.h"
#include "sync/mutex.h"
#include "sync/retry.h"

namespace embedq::scheduler {

class Prober {
public:
    Prober(SchedulerState& state, CallRunner& calls, endpoints::ModelListener listener);

    // Until stop is requested; then stops the probes that are running, and waits for them.
    void run(std::stop_token stop);

    // The parts of a round.
    // Starts the threads that are missing: the one that waits for `recheck_requested`, and those that call providers.
    void start_missing_threads(const std::stop_token& stop);
    // Starts the probes that are due, and those of `recheck_requested`.
    void start_due_probes(const std::set<std::string>& recheck_requested, const std::stop_token& stop);
    // Returns when no probe is running.
    void wait_for_probes();
    // Calls the listener if something changed, and checks the targets if that is due.
    void follow_up(const std::stop_token& stop);
    // When the next round is due, unless a probe ends or a recheck is requested before.
    [[nodiscard]] endpoints::Endpoint::Steady next_due();

private:
    struct ProbeState {
        ProbeState(SchedulerState& state, const std::string& name);

        // These two are used by the thread of the probe, or while there is none by the prober's.
        sync::FaultLog faults;
        sync::Retry retry;
        bool running = false;
        bool recheck_requested = false;  // during the present probe, or since it
        endpoints::Endpoint::Steady due{};
        endpoints::Endpoint::Steady last_end{};
        bool answered = false;  // ever
        std::jthread thread;    // of the last probe
    };
    // A catalog's provider by the YAML's name, and the fingerprint of the catalog's target.
    using Mismatch = std::pair<std::string, Sha256>;
    // With the first catalog, and how many there are.
    using Mismatches = std::map<Mismatch, std::pair<std::string, std::size_t>>;

    struct LogLine {
        LogLevel level = LogLevel::info;
        std::string text;
    };

    void wait_for_rechecks(const std::stop_token& stop) EMBEDQ_EXCLUDES(mutex_);
    // Marks the probe as running, if it is due.
    [[nodiscard]] ProbeState* due_probe(const std::string& name, bool recheck_requested) EMBEDQ_EXCLUDES(mutex_);
    // On a thread of its own.
    void run_probe(const std::string& name, const std::stop_token& stop) EMBEDQ_EXCLUDES(mutex_);
    // Returns the line to log, if any.
    [[nodiscard]] std::optional<LogLine> finish_probe(ProbeState& probe, const Result<endpoints::ProbeResult>& result)
        EMBEDQ_REQUIRES(mutex_);
    [[nodiscard]] std::optional<LogLine> apply(const endpoints::ProbeResult& result, bool first)
        EMBEDQ_REQUIRES(mutex_);
    void call_listener();
    // Warns once about each target that no provider of this process makes although its provider's name is configured:
    // nothing is claimed for it. Calls the listener if a catalog has no target, or another one than before.
    void check_targets();
    // Whether a catalog has another target than at the last call.
    [[nodiscard]] bool targets_moved(const std::vector<CatalogInfo>& catalogs);
    // After the store failed.
    void check_again();
    [[nodiscard]] std::chrono::milliseconds check_interval() const;
    void publish(const Mismatches& mismatches, const std::map<Sha256, Profile>& profiles);

    SchedulerState& state_;
    CallRunner& calls_;
    const endpoints::ModelListener listener_;
    sync::Retry listening_;
    sync::Retry checking_;
    sync::FaultLog thread_faults_;
    sync::Retry starting_;
    std::jthread rechecks_;  // waits for requests to probe again
    std::set<Mismatch> reported_;
    std::map<std::string, std::optional<Sha256>> targets_;  // of each catalog, when they were last read
    std::set<std::pair<Sha256, std::string>> published_;    // fingerprint and provider

    // Locked before SchedulerState::mutex. Not held while a provider, the store or the listener is called, or a line is
    // logged.
    sync::Mutex mutex_;
    std::condition_variable_any wake_up_;  // a probe ended, or a recheck was requested
    bool awake_ EMBEDQ_GUARDED_BY(mutex_) = false;
    std::set<std::string> recheck_requested_ EMBEDQ_GUARDED_BY(mutex_);
    bool listener_due_ EMBEDQ_GUARDED_BY(mutex_) = false;
    endpoints::Endpoint::Steady next_check_ EMBEDQ_GUARDED_BY(mutex_){};
    std::map<std::string, ProbeState, std::less<>> probes_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::scheduler
