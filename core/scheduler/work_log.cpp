#include "scheduler/work_log.h"

#include <array>
#include <utility>
#include <vector>

#include "embedq/support/numbers.h"
#include "sync/mutex.h"

namespace embedq::scheduler {
namespace {

std::int64_t milliseconds_of(std::chrono::steady_clock::duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

std::string counted(std::uint64_t number, std::string_view one) {
    return in_thousands(number) + " " + std::string(one) + (number == 1 ? "" : "s");
}

// Of `now`, what is not in `before` yet.
Counters difference(const Counters& now, const Counters& before) {
    Counters since;
    since.jobs_succeeded = now.jobs_succeeded - before.jobs_succeeded;
    since.jobs_failed = now.jobs_failed - before.jobs_failed;
    since.jobs_retried = now.jobs_retried - before.jobs_retried;
    since.jobs_lost = now.jobs_lost - before.jobs_lost;
    since.texts_embedded = now.texts_embedded - before.texts_embedded;
    since.texts_cut = now.texts_cut - before.texts_cut;
    since.texts_refused = now.texts_refused - before.texts_refused;
    since.tokens = now.tokens - before.tokens;
    since.calls = now.calls - before.calls;
    since.calls_failed = now.calls_failed - before.calls_failed;
    return since;
}

// Calls alone are none: a pause is tried out with samples.
bool is_work(const Counters& since) {
    return since.jobs_succeeded + since.jobs_failed + since.jobs_retried + since.texts_embedded + since.texts_refused >
           0;
}

// "3 jobs succeeded, 1 failed, 0 to be tried again; 40 texts embedded, 1 refused; 5 calls, 0 of them failed"
std::string in_words(const Counters& work) {
    std::string text = counted(work.jobs_succeeded, "job") + " succeeded, " + in_thousands(work.jobs_failed) +
                       " failed, " + in_thousands(work.jobs_retried) + " to be tried again";
    if (work.jobs_lost > 0) text += ", " + in_thousands(work.jobs_lost) + " lost";
    text += "; " + counted(work.texts_embedded, "text") + " embedded";
    if (work.texts_cut > 0) text += ", " + in_thousands(work.texts_cut) + " of them cut";
    text += ", " + in_thousands(work.texts_refused) + " refused; " + counted(work.calls, "call") + ", " +
            in_thousands(work.calls_failed) + " of them failed";
    if (work.tokens > 0) text += ", " + counted(work.tokens, "token");
    return text;
}

}  // namespace

WorkLog::WorkLog(Context& context, std::string worker_id) : context_(context), worker_id_(std::move(worker_id)) {}

void WorkLog::started() {
    const sync::Lock lock(mutex_);
    started_at_ = context_.clock().now();
}

std::optional<std::string> WorkLog::take_failure_line() {
    const Steady now = context_.clock().now();
    const sync::Lock lock(mutex_);
    if (!failure_lines_.take(now)) {
        ++unreported_failures_;
        return std::nullopt;
    }
    const std::uint64_t others = std::exchange(unreported_failures_, 0);
    return others == 0 ? "" : "; " + counted(others, "job") + " failed before it without a line";
}

void WorkLog::ended(const EndedJob& job, std::string_view provider) {
    const bool failed = job.outcome == JobOutcome::failed;
    const LogLevel level = failed ? LogLevel::warn : LogLevel::debug;
    if (!context_.logger().enabled(level)) return;
    const std::optional<std::string> others = failed ? take_failure_line() : std::optional<std::string>("");
    if (!others) return;
    std::string line = "job " + std::to_string(job.id) + " (" + job.catalog_id + "/" + job.spec_name + ") ";
    if (job.outcome == JobOutcome::succeeded) {
        line += "succeeded: " + counted(job.texts, "text") + " embedded in " + sync::duration_in_words(job.took);
    } else {
        line += (failed ? "failed" : "is to be tried again") + std::string(" after attempt ") +
                std::to_string(job.attempt) + (provider.empty() ? "" : " by provider '" + std::string(provider) + "'") +
                ": " + job.reason + *others;
    }
    const std::array fields{LogField{"job", job.id},
                            LogField{"catalog", job.catalog_id},
                            LogField{"spec", job.spec_name},
                            LogField{"worker", worker_id_},
                            LogField{"provider", provider},
                            LogField{"attempt", std::int64_t{job.attempt}},
                            LogField{"texts", static_cast<std::int64_t>(job.texts)},
                            LogField{"duration_ms", milliseconds_of(job.took)}};
    context_.logger().log_fields(level, line, fields);
}

void WorkLog::work_done(const Counters& counters) {
    const Steady now = context_.clock().now();
    Counters since;
    Steady::duration took{0};
    {
        const sync::Lock lock(mutex_);
        since = difference(counters, reported_);
        if (!is_work(since)) return;
        if (!working_since_) working_since_ = now;
        took = now - *working_since_;
        if (took < digest_interval) return;
        working_since_.reset();
        reported_ = counters;
    }
    log(LogLevel::info, "in " + sync::duration_in_words(took) + ": " + in_words(since), since, took);
}

void WorkLog::stopped(const Counters& sum) {
    Steady::duration took{0};
    {
        const sync::Lock lock(mutex_);
        took = context_.clock().now() - started_at_;
    }
    log(LogLevel::info, "stopped after " + sync::duration_in_words(took) + ": " + in_words(sum), sum, took);
}

void WorkLog::log(LogLevel level, const std::string& line, const Counters& work, Steady::duration took) {
    const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    const std::array fields{LogField{"worker", worker_id_},
                            LogField{"jobs_succeeded", number(work.jobs_succeeded)},
                            LogField{"jobs_failed", number(work.jobs_failed)},
                            LogField{"jobs_retried", number(work.jobs_retried)},
                            LogField{"jobs_lost", number(work.jobs_lost)},
                            LogField{"texts", number(work.texts_embedded)},
                            LogField{"texts_refused", number(work.texts_refused)},
                            LogField{"calls", number(work.calls)},
                            LogField{"calls_failed", number(work.calls_failed)},
                            LogField{"tokens", number(work.tokens)},
                            LogField{"duration_ms", milliseconds_of(took)}};
    context_.logger().log_fields(level, line, fields);
}

}  // namespace embedq::scheduler
