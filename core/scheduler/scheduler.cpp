#include "scheduler/scheduler.h"

#include <unistd.h>

#include <array>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scheduler/call_runner.h"
#include "scheduler/claimer.h"
#include "scheduler/committer.h"
#include "scheduler/endpoint_sync.h"
#include "scheduler/lease_keeper.h"
#include "scheduler/maintenance.h"
#include "scheduler/prober.h"
#include "scheduler/scheduler_state.h"
#include "sync/mutex.h"
#include "sync/start_thread.h"

namespace embedq::scheduler {

namespace {

// Unique per start: a host name and a process id can be the same after a restart, the random part is not.
std::string new_worker_id(Context& context) {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
    constexpr const char* digits = "0123456789abcdef";
    std::string suffix;
    std::uint64_t bits = context.random();
    for (int i = 0; i < 8; ++i, bits >>= 4U) suffix.push_back(digits[bits & 0xFU]);
    return std::string(host.data()) + "-" + std::to_string(::getpid()) + "-" + suffix;
}

}  // namespace

class Scheduler::Impl {
public:
    Impl(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers, SchedulerSettings settings,
         Context& context, endpoints::ModelListener listener)
        : state_(store, notifier, providers, std::move(settings), context, new_worker_id(context)),
          claimer_(state_),
          calls_(state_),
          endpoint_sync_(state_),
          prober_(state_, calls_, std::move(listener)),
          committer_(state_),
          keeper_(state_),
          reaper_(state_),
          maintenance_(state_) {}

    Status start() {
        started_ = true;
        Status started;
        const auto start = [&started](std::jthread& thread, auto run) {
            if (started) started = sync::start_thread(thread, std::move(run));
        };
        start(keeper_thread_, [this](std::stop_token stop) { keeper_.run(stop); });
        start(watch_thread_, [this](std::stop_token stop) { keeper_.watch(stop); });
        start(committer_thread_, [this] { committer_.run(); });
        start(prober_thread_, [this](std::stop_token stop) { prober_.run(stop); });
        start(notification_thread_, [this](std::stop_token stop) { wait_for_notifications(stop); });
        start(endpoint_sync_thread_, [this](std::stop_token stop) { endpoint_sync_.run(stop); });
        start(claimer_thread_, [this](std::stop_token stop) { claimer_.run(stop); });
        start(reaper_thread_, [this](std::stop_token stop) { reaper_.run(stop); });
        start(maintenance_thread_, [this](std::stop_token stop) { maintenance_.run(stop); });
        if (!started)
            stop();
        else
            state_.work_log.started();
        return started;
    }

    [[nodiscard]] const std::string& worker_id() const { return state_.worker_id; }

    void stop() {
        if (!started_) return;
        started_ = false;
        {
            const sync::Lock lock(state_.mutex);
            state_.draining = true;
            state_.drain_until = state_.now() + state_.settings.grace;
            state_.queue.release_all_queued("returned to the queue on shutdown");
        }
        const std::array first_to_end{&claimer_thread_, &prober_thread_,      &notification_thread_,
                                      &reaper_thread_,  &maintenance_thread_, &endpoint_sync_thread_};
        end(first_to_end);
        calls_.join();
        {
            const sync::Lock lock(state_.mutex);
            state_.queue.release_all("returned to the queue on shutdown");
            state_.calls_ended = true;
            state_.committer_cv.notify_all();
        }
        end(std::array{&committer_thread_});
        // The lease keeper stops last: what was being committed needed its leases.
        end(std::array{&keeper_thread_, &watch_thread_});
        keeper_.sign_off();
        state_.notifier().publish();
        keeper_.report_losses(true);
        state_.work_log.stopped(counters());
    }

    [[nodiscard]] Counters counters() const {
        const sync::Lock lock(state_.mutex);
        Counters counters = state_.queue.counters();
        counters.texts_in_flight = state_.queue.texts();
        counters.jobs_held = state_.queue.jobs();
        for (const auto& [fingerprint, pool] : state_.pools) {
            for (const endpoints::Endpoint& endpoint : pool.endpoints) counters.throttled += endpoint.throttled_for();
        }
        return counters;
    }

    [[nodiscard]] std::vector<EndpointState> pauses() const {
        const sync::Lock lock(state_.mutex);
        const auto now = state_.now();
        std::vector<EndpointState> paused = state_.calls_in_flight.overdue(now, longest_call);
        for (const auto& [fingerprint, pool] : state_.pools) {
            for (std::size_t i = 0; i < pool.endpoints.size(); ++i) {
                const endpoints::Endpoint& endpoint = pool.endpoints[i];
                if (!endpoint.paused(now)) continue;
                paused.push_back({fingerprint, pool.provider->info.endpoints[i], endpoint.pause().kind,
                                  std::chrono::ceil<std::chrono::milliseconds>(endpoint.paused_until() - now),
                                  endpoint.pause().reason});
            }
        }
        return paused;
    }

private:
    // Those that the system refused to start are left out.
    static void end(std::span<std::jthread* const> threads) {
        for (std::jthread* thread : threads) thread->request_stop();
        for (std::jthread* thread : threads) {
            if (thread->joinable()) thread->join();
        }
    }

    void wait_for_notifications(std::stop_token stop) {
        while (!stop.stop_requested()) {
            if (state_.notifier().wait(state_.now() + state_.settings.poll, stop) != Wake::notified) continue;
            const sync::Lock lock(state_.mutex);
            state_.wake_claimer();
        }
    }

    SchedulerState state_;
    Claimer claimer_;
    CallRunner calls_;
    EndpointSync endpoint_sync_;
    Prober prober_;
    Committer committer_;
    LeaseKeeper keeper_;
    Reaper reaper_;
    Maintenance maintenance_;
    bool started_ = false;
    std::jthread keeper_thread_;
    std::jthread watch_thread_;
    std::jthread committer_thread_;
    std::jthread prober_thread_;
    std::jthread notification_thread_;
    std::jthread claimer_thread_;
    std::jthread reaper_thread_;
    std::jthread maintenance_thread_;
    std::jthread endpoint_sync_thread_;
};

Scheduler::Scheduler(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers,
                     SchedulerSettings settings, Context& context, endpoints::ModelListener listener)
    : impl_(std::make_unique<Impl>(store, notifier, providers, std::move(settings), context, std::move(listener))) {}

Scheduler::~Scheduler() {
    stop();
}

Status Scheduler::start() {
    return impl_->start();
}

void Scheduler::stop() noexcept {
    impl_->stop();
}

const std::string& Scheduler::worker_id() const {
    return impl_->worker_id();
}

Counters Scheduler::counters() const {
    return impl_->counters();
}

std::vector<EndpointState> Scheduler::pauses() const {
    return impl_->pauses();
}

}  // namespace embedq::scheduler
