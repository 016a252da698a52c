// How jobs, their tokens and outcomes are sent to the server and read back.
//
// A claim writes one random token for all of its jobs. A job's own token is that one, its last half combined with the
// job's id by XOR: so it proves both, and no table has to hold it. Thread-safety: pure functions.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "connection.h"
#include "embedq/catalog.h"
#include "embedq/claim.h"

namespace embedq::postgres {

// The job's token from the claim's, and back.
[[nodiscard]] LeaseToken with_job(LeaseToken token, JobId id);
// Two arrays: ids, and the tokens of their claims.
void add_jobs(Parameters& parameters, std::span<const JobRef> jobs);
// Which of `size` jobs the rows name by number, from 1.
[[nodiscard]] std::vector<bool> which_held(const Rows& rows, std::size_t size);
// From a value of the type enqueue_outcome in sql/schema.sql.
[[nodiscard]] EnqueueOutcome enqueue_outcome(std::string_view name);

}  // namespace embedq::postgres
