// The lane keeper does for the lanes what needs the store: it leases their budgets, tells other processes of pauses the
// moment they begin and end, and listens to what others tell. One thread; the lanes never wait for the store
// themselves.
#pragma once

#include <stop_token>
#include <vector>

#include "embedq/job.h"
#include "scheduler/shared.h"

namespace embedq::scheduler {

class LaneKeeper {
public:
    explicit LaneKeeper(Shared& shared) : shared_(shared) {}
    void run(std::stop_token stop);

    // What is due now. Returns when something will be due again, unless something happens before.
    [[nodiscard]] Lane::Steady step();

private:
    void tell_pauses();
    [[nodiscard]] std::vector<LaneState> pauses_to_tell(Lane::Steady now) EMBEDQ_REQUIRES(shared_.mutex);
    // The store has one pause for each endpoint. One for a wrong key, say, binds this process alone and is told for
    // people to read; it is not told as long as another is there that all keep to.
    void spare_what_binds(std::vector<LaneState>& states);
    void hear_of_pauses();
    void lease_budgets();
    // What may be leased by now; sets when the next is due.
    [[nodiscard]] std::vector<BudgetRequest> budgets_due(Lane::Steady now) EMBEDQ_REQUIRES(shared_.mutex);
    // Whether there is something that could be sent if a budget allowed it.
    [[nodiscard]] bool has_work(const Sha256& fingerprint, const Route& route, Lane::Steady now) const
        EMBEDQ_REQUIRES(shared_.mutex);

    Shared& shared_;
    Lane::Steady next_told_{};
    Lane::Steady next_heard_{};
    Lane::Steady next_lease_{};
    Lane::Steady lease_again_{};           // after the store failed
    Lane::Steady::duration round_trip_{};  // of Store::reserve, smoothed
    bool complained_ = false;
};

}  // namespace embedq::scheduler
