// How `index` waits until what it put is embedded: what it waits for, what it says meanwhile, and when it gives up.
//
// Thread-safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/interruption.h"
#include "cli/progress.h"
#include "cli/runtime.h"
#include "cli/store_wait.h"
#include "cli/waiting.h"
#include "embedq/engine.h"

namespace embedq::cli {

enum class WaitEnd : std::uint8_t {
    settled,       // every text is settled, or no job is left that would settle the rest
    stopped,       // by a signal
    timed_out,     // the interruption's time is over
    no_provider,   // the catalog is not to be embedded
    needs_people,  // the provider refuses everything until somebody corrects what it says
};

// The state of the texts of the specs that were put.
struct WaitOutcome {
    WaitEnd end = WaitEnd::settled;
    Settlement settlement;
    std::vector<SpecStatus> failed;  // those that are not settled, or were refused texts
    std::string reason;              // with `needs_people` and `timed_out`: what it waited for
};

struct WaitRequest {
    std::string catalog;
    std::vector<std::string> spec_names;
    bool works = true;  // this process has a scheduler; otherwise others embed
};

// Queries only these specs, and not often. A store that does not answer is waited for: what is to be embedded is in it.
class IndexWaiter {
public:
    IndexWaiter(Runtime& runtime, Interruption& interruption, Console& console, Progress& progress, WaitRequest request)
        : runtime_(runtime),
          interruption_(interruption),
          progress_(progress),
          request_(std::move(request)),
          store_wait_(console, interruption),
          notice_(console, [&interruption] { return interruption.now(); }) {}

    [[nodiscard]] Result<WaitOutcome> run();

private:
    using Steady = std::chrono::steady_clock;
    // Why nothing moves.
    struct Stall {
        std::string cause;
        std::string reason;
        bool needs_people = false;
    };

    [[nodiscard]] Result<Settlement> read_settlement();
    [[nodiscard]] Result<std::vector<SpecStatus>> read_statuses();
    // Until the catalog has a target; `settled` when it has one.
    [[nodiscard]] Result<WaitEnd> wait_for_target();
    [[nodiscard]] Result<WaitOutcome> wait_until_settled();
    void note_progress(const Settlement& settlement);
    // True when texts are missing and no job would embed them. Lost jobs are enqueued again, once.
    [[nodiscard]] Result<bool> is_hopeless();
    // Says why nothing moves. True when that is for people to change.
    [[nodiscard]] bool report_stall();
    [[nodiscard]] std::optional<Stall> stall();
    // Of the stall that was reported, or of one too short to be reported.
    [[nodiscard]] std::string last_reason();
    [[nodiscard]] std::optional<Stall> paused(std::size_t endpoints);
    [[nodiscard]] std::optional<Stall> waiting_jobs() const;
    [[nodiscard]] bool others_work();
    // After a stop.
    [[nodiscard]] WaitEnd ended() const { return interruption_.timed_out() ? WaitEnd::timed_out : WaitEnd::stopped; }
    // In steps, because the scheduler of this process may run out of work earlier.
    [[nodiscard]] bool wait_for(Steady::duration duration);
    [[nodiscard]] Result<WaitOutcome> finish(WaitOutcome outcome);

    Runtime& runtime_;
    Interruption& interruption_;
    Progress& progress_;
    WaitRequest request_;
    StoreWait store_wait_;
    WaitNotice notice_;
    std::vector<SpecStatus> statuses_;  // as last read
    // Of the last queries alone, without what an outage of the store took.
    Steady::duration settlement_took_{0};
    Steady::duration statuses_took_{0};
    std::string reason_;  // of the last stall
    Steady::time_point next_failures_;
    Steady::time_point next_stall_;
    Steady::time_point moved_at_;
    std::size_t settled_ = 0;
    bool reconciled_ = false;
};

}  // namespace embedq::cli
