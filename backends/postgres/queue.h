// How jobs and their tokens go over the wire.
//
// A claim writes one random token for all of its jobs. A job's own token is that with the job's id in its last half by
// exclusive or, so it proves both, and no table has to hold it. Thread-safety: pure functions.
#pragma once

#include <span>
#include <vector>

#include "connection.h"
#include "embedq/claim.h"

namespace embedq::postgres {

// The job's token from the claim's, and back.
[[nodiscard]] LeaseToken with_job(LeaseToken token, JobId id);
// Two arrays: ids, and the tokens of their claims.
void add_jobs(Parameters& parameters, std::span<const JobRef> jobs);
// From rows of places, counted from 1.
[[nodiscard]] std::vector<bool> which_held(const Rows& rows, std::size_t size);

}  // namespace embedq::postgres
