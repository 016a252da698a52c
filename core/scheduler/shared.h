// What the scheduler's threads share. Each part is a class of its own with a loop; this is the table they work at.
//
// Members above the mutex are fixed after construction; members below it are guarded by it. Nothing is called out of
// the scheduler while it is held, and nothing is logged: the store, the notifier, the providers and the logger are
// reached through members that exclude it.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "embedq/context.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "endpoints/batch_limits.h"
#include "endpoints/endpoint.h"
#include "endpoints/prefetch_window.h"
#include "endpoints/providers.h"
#include "endpoints/rate_limit.h"
#include "scheduler/workbench.h"
#include "settings/settings.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

// A provider that answered: its endpoints, what its endpoints take, and what may be sent to all of them together.
struct EndpointPool {
    // `most_texts`: that the process holds at a time.
    EndpointPool(std::shared_ptr<const endpoints::ResolvedProvider> resolved,
                 const endpoints::EndpointSettings& of_each_endpoint, std::size_t most_texts)
        : provider(std::move(resolved)),
          endpoints(provider->info.endpoints.size(), endpoints::Endpoint(of_each_endpoint)),
          limits(provider->info, provider->limits.batch_inputs),
          // As much in flight as all endpoints take, and as much again that waits for them.
          window(2 * endpoints.size() * of_each_endpoint.concurrency * limits.present().max_inputs, most_texts),
          requests(provider->limits.requests_per_minute),
          tokens(provider->limits.tokens_per_minute) {}

    std::shared_ptr<const endpoints::ResolvedProvider> provider;
    std::vector<endpoints::Endpoint> endpoints;
    endpoints::LearnedLimits limits;
    endpoints::PrefetchWindow window;
    endpoints::RateLimit requests;
    endpoints::RateLimit tokens;
    bool warned = false;      // the present pause has been logged
    bool retired = false;     // another model or other limits took its place: no new batches
    std::size_t threads = 0;  // that work on it

    // Takes over what is known of the same model under other limits and endpoints: what an endpoint asked for still
    // holds.
    void inherit(const EndpointPool& old) {
        for (std::size_t i = 0; i < endpoints.size(); ++i) {
            const auto& known = old.provider->info.endpoints;
            const auto place = std::ranges::find(known, provider->info.endpoints[i]);
            if (place != known.end())
                endpoints[i].inherit(old.endpoints[static_cast<std::size_t>(place - known.begin())]);
        }
        limits.inherit(old.limits);
        window.inherit(old.window);
        if (requests.per_minute() == old.requests.per_minute()) requests = old.requests;
        if (tokens.per_minute() == old.tokens.per_minute()) tokens = old.tokens;
    }

    [[nodiscard]] bool paused(endpoints::Endpoint::Steady now) const {
        return std::ranges::all_of(endpoints,
                                   [&](const endpoints::Endpoint& endpoint) { return endpoint.paused(now); });
    }
    [[nodiscard]] endpoints::Endpoint::Steady paused_until() const {
        endpoints::Endpoint::Steady earliest = endpoints::Endpoint::Steady::max();
        for (const endpoints::Endpoint& endpoint : endpoints) earliest = std::min(earliest, endpoint.paused_until());
        return earliest;
    }
};

// Before a store that failed is asked again.
inline constexpr std::chrono::milliseconds store_pause{500};

// A pause that began or ended here and that the store has not heard of.
struct PauseChange {
    Sha256 fingerprint{};
    std::size_t endpoint = 0;
};

struct Shared {
    Shared(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers, SchedulerSettings of_scheduler,
           Context& context, std::string worker)
        : store_(store),
          notifier_(notifier),
          providers_(providers),
          context_(context),
          settings(std::move(of_scheduler)),
          worker_id(std::move(worker)),
          shares_endpoint_states(store.capabilities().multi_process),
          bench(settings) {}

    // Thread-safe themselves.
    [[nodiscard]] Store& store() const EMBEDQ_EXCLUDES(mutex) { return store_; }
    [[nodiscard]] Notifier& notifier() const EMBEDQ_EXCLUDES(mutex) { return notifier_; }
    [[nodiscard]] endpoints::ProviderDirectory& providers() const EMBEDQ_EXCLUDES(mutex) { return providers_; }
    // May be used under the mutex, but for what takes the store: QueryAdmission's own lock comes after it.
    [[nodiscard]] endpoints::QueryAdmission& query_admission() const { return providers_.query_admission(); }
    [[nodiscard]] Logger& logger() const EMBEDQ_EXCLUDES(mutex) { return context_.logger(); }

    [[nodiscard]] endpoints::Endpoint::Steady now() const { return context_.clock().now(); }
    [[nodiscard]] double random01() { return context_.uniform(); }

    void wake_claimer() EMBEDQ_REQUIRES(mutex) {
        claimer_awake = true;
        claimer.notify_all();
    }
    void wake_endpoint_sync() EMBEDQ_REQUIRES(mutex) {
        endpoint_sync_awake = true;
        endpoint_sync.notify_all();
    }

private:
    Store& store_;
    Notifier& notifier_;
    endpoints::ProviderDirectory& providers_;
    Context& context_;

public:
    const SchedulerSettings settings;
    const std::string worker_id;
    const bool shares_endpoint_states;  // other processes may tell of pauses
    std::stop_source calls_stop;        // ends provider calls after the grace time

    mutable sync::Mutex mutex;
    std::condition_variable_any claimer;            // room, work to plan, a notification
    std::condition_variable_any endpoints;          // queued texts, a free slot, the end
    std::condition_variable_any committer;          // answered texts, the end
    std::condition_variable_any call_thread_ended;  // a endpoint thread ended
    std::condition_variable_any
        endpoint_sync;  // news of a endpoint, a rate limit that is wanted, a probe that asks for leave
    Workbench bench EMBEDQ_GUARDED_BY(mutex);
    std::map<Sha256, EndpointPool> pools EMBEDQ_GUARDED_BY(mutex);  // those that are open
    // Those whose threads have not ended.
    std::vector<std::map<Sha256, EndpointPool>::node_type> retired_pools EMBEDQ_GUARDED_BY(mutex);
    std::vector<PauseChange> pause_changes EMBEDQ_GUARDED_BY(mutex);
    bool endpoint_sync_awake EMBEDQ_GUARDED_BY(mutex) = false;
    bool probe_wants_states EMBEDQ_GUARDED_BY(mutex) = false;  // for a look at the pauses of others
    // When the store was last asked for them. A probe waits for a look that is newer than its pause.
    endpoints::Endpoint::Steady states_read_at EMBEDQ_GUARDED_BY(mutex){};
    bool claimer_awake EMBEDQ_GUARDED_BY(mutex) = true;
    bool draining EMBEDQ_GUARDED_BY(mutex) = false;     // no new calls
    bool calls_ended EMBEDQ_GUARDED_BY(mutex) = false;  // no call will come back any more
    std::size_t call_threads EMBEDQ_GUARDED_BY(mutex) = 0;
};

}  // namespace embedq::scheduler
