// The claimer claims as many jobs as fit in the prefetch windows, and asks the store which of their texts have no
// vector yet. One thread.
#pragma once

#include <stop_token>

#include "embedq/claim.h"
#include "scheduler/scheduler_state.h"
#include "sync/retry.h"

namespace embedq::scheduler {

class Claimer {
public:
    explicit Claimer(SchedulerState& state);

    // Until stop is requested.
    void run(std::stop_token stop);
    // One round: plans the next pages of jobs that are held, claims once for each provider whose window is not full,
    // and plans those jobs. True if it found anything to do.
    bool step();

private:
    // False if no job waits for its next page.
    bool plan_next_pages();
    // The fingerprints of the providers that are not paused and whose window is not full.
    [[nodiscard]] std::vector<Sha256> claimable();
    // How many texts may be claimed for a provider.
    [[nodiscard]] std::size_t max_claim(const endpoints::EndpointPool& pool) const EMBEDQ_REQUIRES(state_.mutex);
    // Nothing if the window is full by now.
    [[nodiscard]] std::optional<ClaimRequest> request(const Sha256& fingerprint);
    // True if a suspect job is next: nothing is claimed until this process holds no job, since a suspect is claimed
    // alone.
    [[nodiscard]] bool must_finish_before_suspect(const std::vector<Sha256>& fingerprints);
    [[nodiscard]] MissingQuery first_page(const JobRef& job) const;
    void plan(const std::vector<std::pair<HoldId, MissingQuery>>& queries);
    // Takes the jobs of a claim that was asked for at this time, and returns what to plan.
    [[nodiscard]] std::vector<std::pair<HoldId, MissingQuery>> take(const std::vector<ClaimedJob>& claimed,
                                                                    endpoints::Endpoint::Steady asked_at);
    // Until when nothing is claimed, because the store failed; in the past if it did not.
    [[nodiscard]] endpoints::Endpoint::Steady paused_until() const;
    [[nodiscard]] Result<NextDue> next_due(const std::vector<Sha256>& fingerprints);
    void wait(std::stop_token stop);

    SchedulerState& state_;
    std::uint64_t change_stamp_ = 0;  // the store's, when last read
    sync::Retry claiming_;
    sync::Retry planning_;
    sync::Retry looking_;             // when the next job is due
    sync::Retry watching_;            // the change stamp
    bool blocked_ = false;            // the last round could not claim for any provider
    bool waits_for_suspect_ = false;  // the last answer of `must_finish_before_suspect`
    endpoints::Endpoint::Steady suspect_checked_at_{};
};

}  // namespace embedq::scheduler
