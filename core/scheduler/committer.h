// The committer writes the vectors, progress and outcomes of many jobs in one transaction: when enough are ready, or
// after a short delay. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/scheduler_state.h"
#include "sync/annotations.h"
#include "sync/fault_log.h"
#include "sync/retry.h"

namespace embedq::scheduler {

class Committer {
public:
    explicit Committer(SchedulerState& state);

    // Until all calls have ended and everything is committed.
    void run();

    // One attempt to write. Returns which reports the store kept; none if it refused the whole commit, or if the store
    // is still unavailable a lease after `began`; nothing if it is to be tried again at `again_at`.
    [[nodiscard]] std::optional<std::vector<bool>> try_write(const CommitWork& work, endpoints::Endpoint::Steady began);
    [[nodiscard]] endpoints::Endpoint::Steady again_at() const { return committing_.again_at(); }
    // Logs which texts were cut, a few lines a minute at most.
    void report_cuts(const std::vector<std::string>& messages);

private:
    // Tries until the store has answered, or `try_write` gives up.
    [[nodiscard]] std::vector<bool> write(const CommitWork& work);
    [[nodiscard]] bool gives_up(endpoints::Endpoint::Steady began) EMBEDQ_EXCLUDES(state_.mutex);
    // Jobs whose results the store refuses go back without an attempt, for longer each time in a row.
    void give_back(const CommitWork& work, const Error& error);

    SchedulerState& state_;
    sync::Retry committing_;
    sync::LineLimit cut_lines_;
    std::uint64_t unreported_cuts_ = 0;
    std::uint64_t refused_ = 0;  // commits, in a row
};

}  // namespace embedq::scheduler
