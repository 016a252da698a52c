// What a process says about its work: a line for each job that failed, each that succeeded at the level `debug`, what
// was done in a minute, and the sum at the end. A process that does nothing says nothing.
//
// Every member may be called from any thread, without SchedulerState::mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "embedq/context.h"
#include "scheduler/batch.h"
#include "scheduler/counters.h"
#include "sync/fault_log.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

class WorkLog {
public:
    using Steady = Clock::Steady;

    static constexpr std::size_t failures_a_minute = 20;  // lines; the others are counted
    static constexpr std::chrono::minutes digest_interval{1};

    // The context must outlive this.
    WorkLog(Context& context, std::string worker_id);
    WorkLog(const WorkLog&) = delete;
    WorkLog& operator=(const WorkLog&) = delete;

    void started();
    // An attempt at a job ended. `provider` may be empty.
    void ended(const EndedJob& job, std::string_view provider);
    // Logs what was done since the last such line, if that is a minute ago and anything was.
    void work_done(const Counters& counters);
    void stopped(const Counters& sum);

private:
    void log(LogLevel level, const std::string& line, const Counters& work, Steady::duration took);
    // The end of the line about a failed job: those that had no line of their own. Nothing if this one has none.
    [[nodiscard]] std::optional<std::string> take_failure_line();

    Context& context_;
    const std::string worker_id_;
    sync::Mutex mutex_;
    sync::LineLimit failure_lines_ EMBEDQ_GUARDED_BY(mutex_){failures_a_minute};
    std::uint64_t unreported_failures_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    Steady started_at_ EMBEDQ_GUARDED_BY(mutex_){};
    Counters reported_ EMBEDQ_GUARDED_BY(mutex_);
    std::optional<Steady> working_since_ EMBEDQ_GUARDED_BY(mutex_);  // the first work that is not reported
};

}  // namespace embedq::scheduler
