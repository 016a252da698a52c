// The state that the scheduler's threads share. Each part of the scheduler is a class of its own with a loop; they meet
// here.
//
// Members above the mutex are fixed after construction; members below it are guarded by it. Nothing outside the
// scheduler is called, and nothing is logged, while it is held: the store, the notifier, the providers and the logger
// are reached through members that exclude it.
#pragma once

#include <condition_variable>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "embedq/context.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "endpoints/endpoint_pool.h"
#include "endpoints/providers.h"
#include "scheduler/calls_in_flight.h"
#include "scheduler/work_log.h"
#include "scheduler/work_queue.h"
#include "settings/settings.h"
#include "sync/backoff.h"
#include "sync/fault_log.h"
#include "sync/mutex.h"
#include "sync/retry.h"

namespace embedq::scheduler {

// How long to wait after the store failed. Short enough that work continues soon after the store does.
inline constexpr sync::Backoff store_backoff{.base = std::chrono::milliseconds(500),
                                             .factor = 2,
                                             .max = std::chrono::milliseconds(5'000),
                                             .jitter = 0.5,
                                             .mode = sync::Jitter::below};

// A pause of an endpoint that began or ended here and is not yet in the store.
struct PauseChange {
    Sha256 fingerprint{};
    std::size_t endpoint = 0;
};

struct SchedulerState {
    SchedulerState(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers,
                   SchedulerSettings scheduler_settings, Context& context, std::string worker)
        : store_(store),
          notifier_(notifier),
          providers_(providers),
          context_(context),
          settings(std::move(scheduler_settings)),
          worker_id(std::move(worker)),
          shares_endpoint_states(store.capabilities().multi_process),
          store_faults(context),
          work_log(context, worker_id),
          queue(settings) {}

    // These are thread-safe themselves.
    [[nodiscard]] Store& store() const EMBEDQ_EXCLUDES(mutex) { return store_; }
    [[nodiscard]] Notifier& notifier() const EMBEDQ_EXCLUDES(mutex) { return notifier_; }
    [[nodiscard]] endpoints::ProviderDirectory& providers() const EMBEDQ_EXCLUDES(mutex) { return providers_; }
    // May be used while the mutex is held, except for the members that take the store: QueryAdmission's own mutex is
    // locked after it.
    [[nodiscard]] endpoints::QueryAdmission& query_admission() const { return providers_.query_admission(); }
    [[nodiscard]] Logger& logger() const EMBEDQ_EXCLUDES(mutex) { return context_.logger(); }

    [[nodiscard]] endpoints::Endpoint::Steady now() const { return context_.clock().now(); }
    [[nodiscard]] double random01() { return context_.uniform(); }
    // For a loop that uses the store. `what` completes "cannot …".
    [[nodiscard]] sync::Retry retry(std::string what, const sync::Backoff& backoff = store_backoff) {
        return {store_faults, context_, std::move(what), backoff};
    }
    [[nodiscard]] Context& context() const { return context_; }

    void wake_claimer() EMBEDQ_REQUIRES(mutex) {
        claimer_awake = true;
        claimer_cv.notify_all();
    }
    void wake_endpoint_sync() EMBEDQ_REQUIRES(mutex) {
        endpoint_sync_awake = true;
        endpoint_sync_cv.notify_all();
    }

private:
    Store& store_;
    Notifier& notifier_;
    endpoints::ProviderDirectory& providers_;
    Context& context_;

public:
    const SchedulerSettings settings;
    const std::string worker_id;
    const bool shares_endpoint_states;  // other processes may publish pauses and learned limits
    std::stop_source calls_stop;        // stops provider calls after the grace time
    sync::FaultLog store_faults;        // of all loops that use the store
    WorkLog work_log;

    mutable sync::Mutex mutex;
    // What each is notified of:
    std::condition_variable_any claimer_cv;            // space in the prefetch window, pages to plan, a notification
    std::condition_variable_any endpoints_cv;          // queued texts, a free slot, the end
    std::condition_variable_any committer_cv;          // answered texts, the end
    std::condition_variable_any call_thread_ended_cv;  // a thread that calls a provider ended
    // A changed pause, an overdue call that ended, a rate limit to reserve, a call that waits for the store's states.
    std::condition_variable_any endpoint_sync_cv;
    WorkQueue queue EMBEDQ_GUARDED_BY(mutex);
    CallsInFlight calls_in_flight EMBEDQ_GUARDED_BY(mutex);
    std::map<Sha256, endpoints::EndpointPool> pools EMBEDQ_GUARDED_BY(mutex);  // the open ones, by fingerprint
    // Pools that are closed but still have threads.
    std::vector<std::map<Sha256, endpoints::EndpointPool>::node_type> retired_pools EMBEDQ_GUARDED_BY(mutex);
    std::vector<PauseChange> pause_changes EMBEDQ_GUARDED_BY(mutex);
    bool endpoint_sync_awake EMBEDQ_GUARDED_BY(mutex) = false;
    // A call waits until the endpoints' states, which are pauses and learned limits, have been read from the store.
    bool call_wants_states EMBEDQ_GUARDED_BY(mutex) = false;
    // When they were last read. The first call to an endpoint waits until this is later than the opening of its pool,
    // and a trial until it is later than the end of the pause.
    endpoints::Endpoint::Steady states_read_at EMBEDQ_GUARDED_BY(mutex){};
    // No heartbeat has reached the store for half a lease: all jobs were dropped. Nothing is claimed until one does.
    bool heartbeat_missed EMBEDQ_GUARDED_BY(mutex) = false;
    bool claimer_awake EMBEDQ_GUARDED_BY(mutex) = true;
    bool draining EMBEDQ_GUARDED_BY(mutex) = false;  // no new calls
    // At a stop: for so long calls in flight may take, and a store that does not answer is asked to commit.
    endpoints::Endpoint::Steady drain_until EMBEDQ_GUARDED_BY(mutex) = endpoints::Endpoint::Steady::max();
    bool calls_ended EMBEDQ_GUARDED_BY(mutex) = false;  // no call will return any more
    std::size_t call_threads EMBEDQ_GUARDED_BY(mutex) = 0;
};

}  // namespace embedq::scheduler
