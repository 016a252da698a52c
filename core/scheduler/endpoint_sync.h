// Endpoint sync exchanges the endpoints' states with the store, which are pauses and learned limits: it publishes them
// as soon as they change, and reads those that other processes published. It reserves the endpoints' shares of the rate
// limits ahead of need, and says which calls are overdue. One thread; the threads that call providers never wait for
// the store themselves.
#pragma once

#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "embedq/endpoint.h"
#include "scheduler/scheduler_state.h"
#include "sync/retry.h"

namespace embedq::scheduler {

class EndpointSync {
public:
    explicit EndpointSync(SchedulerState& state);
    void run(std::stop_token stop);

    // Does what is due now. Returns when something will be due next, unless something happens before.
    [[nodiscard]] endpoints::Endpoint::Steady step();

private:
    void publish_states();
    // Logs the calls that have become overdue. Returns when to look again.
    [[nodiscard]] endpoints::Endpoint::Steady report_overdue_calls();
    // Adds what this process has learned since it last published.
    void add_learned_limits(std::vector<EndpointState>& states, endpoints::Endpoint::Steady now)
        EMBEDQ_REQUIRES(state_.mutex);
    // After the store failed.
    void publish_again(const std::vector<EndpointState>& states) EMBEDQ_REQUIRES(state_.mutex);
    [[nodiscard]] std::vector<EndpointState> states_to_publish(endpoints::Endpoint::Steady now)
        EMBEDQ_REQUIRES(state_.mutex);
    // Adds overdue and lost calls, for other processes to show; `renewed`: also those that are shown already. Ends what
    // is shown of those that are over.
    void add_notices(std::vector<EndpointState>& states, endpoints::Endpoint::Steady now, bool renewed)
        EMBEDQ_REQUIRES(state_.mutex);
    // The endpoints that lose calls, like the overdue calls.
    [[nodiscard]] std::vector<EndpointState> losses(endpoints::Endpoint::Steady now, std::chrono::milliseconds time)
        EMBEDQ_REQUIRES(state_.mutex);
    // The store has one pause for each endpoint. A `misconfigured` pause, for a wrong key say, binds this process alone
    // and is published for people to read. This removes it from `states` while the store holds a pause that binds all.
    void keep_binding_pauses(std::vector<EndpointState>& states);
    void read_states();
    void reserve_rates();
    // A reservation that is due: of which pool, and which of its `rates`.
    struct DueRate {
        Sha256 pool{};
        std::size_t rate = 0;
        RateRequest request;
    };
    // Also sets when the next one is due.
    [[nodiscard]] std::vector<DueRate> rates_due(endpoints::Endpoint::Steady now) EMBEDQ_REQUIRES(state_.mutex);
    // Whether there is something that could be sent if a rate limit allowed it.
    [[nodiscard]] bool has_work(const Sha256& fingerprint, const endpoints::EndpointPool& pool,
                                endpoints::Endpoint::Steady now) const EMBEDQ_REQUIRES(state_.mutex);

    SchedulerState& state_;
    std::set<std::pair<Sha256, std::string>> shown_;  // fingerprint and name, as published
    endpoints::Endpoint::Steady next_publish_{};
    endpoints::Endpoint::Steady next_read_{};
    endpoints::Endpoint::Steady next_reserve_{};
    endpoints::Endpoint::Steady::duration round_trip_{};  // of Store::reserve, smoothed
    sync::Retry publishing_;
    sync::Retry reading_;
    sync::Retry reserving_;
};

}  // namespace embedq::scheduler
