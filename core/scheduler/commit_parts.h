// A commit that the store refuses is taken apart, by jobs and then by texts, to find what it refuses.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "embedq/commit.h"

namespace embedq::scheduler {

struct CommitPart {
    Commit commit;
    std::vector<std::size_t> reports;  // of each of its reports, the place in the whole commit
};

[[nodiscard]] CommitPart whole(const Commit& commit);
// Half of the jobs each, or half of the only job's vectors and refusals: then the first half is progress, and the
// second has the outcome. Nothing if it cannot be divided.
[[nodiscard]] std::optional<std::pair<CommitPart, CommitPart>> halves(const CommitPart& part);

}  // namespace embedq::scheduler
