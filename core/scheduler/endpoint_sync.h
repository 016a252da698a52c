// The endpoint keeper does for the endpoints what needs the store: it leases their budgets, tells other processes of pauses the
// moment they begin and end, and listens to what others tell. One thread; the endpoints never wait for the store
// themselves.
#pragma once

#include <stop_token>
#include <vector>

#include "embedq/endpoint.h"
#include "scheduler/shared.h"

namespace embedq::scheduler {

class EndpointSync {
public:
    explicit EndpointSync(Shared& shared) : shared_(shared) {}
    void run(std::stop_token stop);

    // What is due now. Returns when something will be due again, unless something happens before.
    [[nodiscard]] endpoints::Endpoint::Steady step();

private:
    void publish_pauses();
    [[nodiscard]] std::vector<EndpointState> pauses_to_publish(endpoints::Endpoint::Steady now)
        EMBEDQ_REQUIRES(shared_.mutex);
    // The store has one pause for each endpoint. One for a wrong key, say, binds this process alone and is told for
    // people to read; it is not told as long as another is there that all keep to.
    void keep_binding_pauses(std::vector<EndpointState>& states);
    void read_pauses();
    void reserve_rates();
    // What may be leased by now; sets when the next is due.
    [[nodiscard]] std::vector<RateRequest> rates_due(endpoints::Endpoint::Steady now) EMBEDQ_REQUIRES(shared_.mutex);
    // Whether there is something that could be sent if a rate limit allowed it.
    [[nodiscard]] bool has_work(const Sha256& fingerprint, const EndpointPool& pool,
                                endpoints::Endpoint::Steady now) const EMBEDQ_REQUIRES(shared_.mutex);

    Shared& shared_;
    endpoints::Endpoint::Steady next_publish_{};
    endpoints::Endpoint::Steady next_read_{};
    endpoints::Endpoint::Steady next_reserve_{};
    endpoints::Endpoint::Steady reserve_again_{};         // after the store failed
    endpoints::Endpoint::Steady::duration round_trip_{};  // of Store::reserve, smoothed
    bool complained_ = false;
};

}  // namespace embedq::scheduler
