// The committer writes the vectors, progress and outcomes of many jobs in one transaction: when enough are ready, or
// after a short delay. One thread.
//
// A commit that the store refuses is taken apart (commit_parts.h), so that one job's data cost its neighbours nothing.
// A job whose results are refused by themselves pays with an attempt, if the store has kept other results since it
// refused them first: then the store works, and it is the job. Otherwise it goes back without an attempt.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/commit_parts.h"
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

    // Writes until the store has answered about every report, or is still unavailable a lease after `began`. Returns
    // what became of each report; nothing if the rest is to be tried again at `again_at`, with the same work.
    [[nodiscard]] std::optional<std::vector<Kept>> try_write(const CommitWork& work, endpoints::Endpoint::Steady began);
    [[nodiscard]] endpoints::Endpoint::Steady again_at() const { return committing_.again_at(); }
    // Logs which texts were cut, a few lines a minute at most.
    void report_cuts(const std::vector<std::string>& messages);
    // Logs how attempts ended.
    void report_ends(const std::vector<EndedJob>& ended) EMBEDQ_EXCLUDES(state_.mutex);

private:
    // A job whose results the store refused by themselves.
    struct Refused {
        std::uint64_t times = 0;         // in a row
        std::uint64_t results_kept = 0;  // when it was refused for the last time
        bool pays = false;
    };

    // Tries until `try_write` answers.
    [[nodiscard]] std::vector<Kept> write(const CommitWork& work);
    [[nodiscard]] bool gives_up(endpoints::Endpoint::Steady began) EMBEDQ_EXCLUDES(state_.mutex);
    // The next part; of a job of which something was refused, only vectors and refusals are written.
    [[nodiscard]] const CommitPart& next_part();
    void note_kept(const std::vector<bool>& kept);
    void note_refused(const Error& error);
    // Divides or refuses the jobs that were refused by themselves; whether a part is to be written again.
    bool decide();
    void divide(const CommitPart& part, const Error& error);
    void refuse(const CommitPart& part, const Error& error);
    // What is left is not written.
    void drop_parts();
    // The store has kept other results since it refused this job's; where that is the first time, in this commit.
    [[nodiscard]] bool works_without(JobId job) const;
    // Jobs whose results are refused go back: those that pay as a failed attempt, the others for longer each time in a
    // row.
    void give_back_refused(const CommitWork& work);
    [[nodiscard]] JobReport refusal_of(const JobRef& job, const Error& error);

    SchedulerState& state_;
    sync::Retry committing_;
    sync::LineLimit cut_lines_;
    std::uint64_t unreported_cuts_ = 0;

    // --- the work that is being written
    std::deque<CommitPart> parts_;  // that the store has not answered about
    // Single jobs that were refused, until the others are written.
    std::vector<std::pair<CommitPart, Error>> undecided_;
    std::vector<Kept> answer_;              // by report
    std::map<std::size_t, Error> refused_;  // the reports of which something was refused by itself, with the last error
    std::uint64_t results_kept_before_ = 0;  // `results_kept_` at its beginning

    std::uint64_t results_kept_ = 0;  // reports with vectors or refusals, ever
    std::uint64_t nothing_kept_ = 0;  // commits in a row of which all was refused
    std::map<JobId, Refused> refused_jobs_;
};

}  // namespace embedq::scheduler
