// The claimer takes as many jobs as there is room for, and the planner in it asks which of their texts have no vector
// yet. One thread.
#pragma once

#include <stop_token>

#include "embedq/claim.h"
#include "scheduler/shared.h"

namespace embedq::scheduler {

class Claimer {
public:
    explicit Claimer(Shared& shared) : shared_(shared) {}

    // Until stop is requested.
    void run(std::stop_token stop);
    // One round: plans what waits for its next page, claims once for each provider that has room, plans that. True if
    // it found anything to do.
    bool step();

private:
    // The next pages of jobs that are held. False if no job waits for one.
    bool replan();
    // Of the providers that are not paused and have room.
    [[nodiscard]] std::vector<Sha256> open_for_claims();
    // How many texts may be claimed for a provider.
    [[nodiscard]] std::size_t window(const EndpointPool& pool) const EMBEDQ_REQUIRES(shared_.mutex);
    // None where there is no room by now.
    [[nodiscard]] std::optional<ClaimRequest> request(const Sha256& fingerprint);
    // Whether nothing is claimed until this process holds nothing, since the turn of a suspect has come and it is given
    // out alone.
    [[nodiscard]] bool stands_aside(const std::vector<Sha256>& fingerprints);
    [[nodiscard]] MissingQuery first_page(const JobRef& job) const;
    void plan(const std::vector<std::pair<HoldId, MissingQuery>>& queries);
    void wait(std::stop_token stop);

    Shared& shared_;
    std::uint64_t stamp_ = 0;  // the store's change stamp when last seen
    bool blocked_ = false;     // the last round had no room or no provider to claim for
    bool complained_ = false;  // about the store, since it last answered
    bool aside_ = false;
    endpoints::Endpoint::Steady suspects_looked_for_at_{};
};

}  // namespace embedq::scheduler
