// What a fault costs in the log: a line when it begins, with its reason, and a line when it is over, with how long it
// took and how often what failed. It costs no more, however long it lasts and however often it comes and goes.
//
// Loops that fail for the same cause, such as those that use one store, share one FaultLog, and one fault.
//
// Thread-safety: LineLimit and FaultLines are pure, with time passed in, and their owner guards them; every member of
// FaultLog may be called from any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "embedq/context.h"
#include "embedq/error.h"
#include "sync/mutex.h"

namespace embedq::sync {

// "250 ms", "1.5 s", "43 s", "5 min".
[[nodiscard]] inline std::string duration_in_words(std::chrono::steady_clock::duration time) {
    using std::chrono::ceil;
    const auto exact = ceil<std::chrono::milliseconds>(std::max(time, std::chrono::steady_clock::duration::zero()));
    if (exact < std::chrono::seconds(1)) return std::to_string(exact.count()) + " ms";
    const auto tenths = (exact.count() + 50) / 100;
    if (tenths < 100 && tenths % 10 != 0) return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
    const auto seconds = std::chrono::round<std::chrono::seconds>(exact);
    if (seconds < std::chrono::seconds(120)) return std::to_string(seconds.count()) + " s";
    return std::to_string(std::chrono::round<std::chrono::minutes>(seconds).count()) + " min";
}

// Counts lines, so that there are at most so many of them in any minute. What a line has begun keeps one free for its
// end: all together, whatever begins at a time, are no more.
class LineLimit {
public:
    using Steady = Clock::Steady;

    explicit LineLimit(std::size_t most) : most_(most) {}

    // How many more lines are allowed now.
    [[nodiscard]] std::size_t left(Steady now) {
        while (!lines_.empty() && lines_.front() + std::chrono::minutes(1) <= now) lines_.pop_front();
        return most_ - std::min(most_, lines_.size());
    }
    void count(Steady now) { lines_.push_back(now); }
    // Counts a line, if one is allowed.
    [[nodiscard]] bool take(Steady now) {
        if (left(now) == 0) return false;
        count(now);
        return true;
    }

    // Counts the line that begins something, if one is allowed, and then another for its end.
    [[nodiscard]] bool begin(Steady now) {
        if (left(now) < ends_ + 2) return false;
        ++ends_;
        count(now);
        return true;
    }
    // Counts a line between them, as `take` does.
    [[nodiscard]] bool take_between(Steady now) {
        if (left(now) < ends_ + 1) return false;
        count(now);
        return true;
    }
    // Counts the line that ends what `begin` began; always allowed.
    void end(Steady now) {
        forget_end();
        count(now);
    }
    // It has no end.
    void forget_end() { ends_ -= std::min<std::size_t>(ends_, 1); }

private:
    std::size_t most_;
    std::size_t ends_ = 0;  // for which a line is kept free
    std::deque<Steady> lines_;
};

// The lines of one fault after the other. A fault begins when something fails while all else works, and is over when
// all that failed works again.
class FaultLines {
public:
    using Steady = Clock::Steady;

    static constexpr std::size_t most_a_minute = 6;
    // What failed and has not been tried again for so long says nothing any more: there was nothing to do.
    static constexpr std::chrono::minutes longest_wait{2};

    // An attempt to do `what` ("claim jobs") failed; it is repeated at `again_at`, if that is known. Returns the line
    // to log: for the first failure, and for the first one of another kind.
    [[nodiscard]] std::optional<std::string> failed(const std::string& what, const Error& error, Steady now,
                                                    std::optional<Steady> again_at = std::nullopt) {
        forget_stale(now);
        if (failing_.empty()) begin(now);
        failing_.insert_or_assign(what, std::max(now, again_at.value_or(now)) + longest_wait);
        ++failures_[what];
        works_since_.reset();
        if (kinds_.contains(error.kind)) return std::nullopt;
        if (!(open_ ? limit_.take_between(now) : limit_.begin(now))) return std::nullopt;
        open_ = true;
        kinds_.insert(error.kind);
        const std::string when = again_at ? " in " + duration_in_words(*again_at - now) : "";
        return "cannot " + what + ", trying again" + when + ": " + to_string(error);
    }

    // An attempt to do `what` succeeded. Returns the line to log: when the fault is over, if its begin was logged.
    [[nodiscard]] std::optional<std::string> succeeded(const std::string& what, Steady now) {
        if (failing_.erase(what) == 0) return std::nullopt;
        forget_stale(now);
        if (!works_since_) works_since_ = now;
        if (!failing_.empty() || !open_) return std::nullopt;
        open_ = false;
        limit_.end(now);
        std::string line = "works again after " + duration_in_words(*works_since_ - began_at_) + ":";
        for (const char* separator = " "; const auto& [failed, count] : failures_) {
            line += separator + failed + " (" + std::to_string(count) + (count == 1 ? " failure)" : " failures)");
            separator = ", ";
        }
        return line;
    }

    // Lines about the same thing that are none of these count as well: one that begins something, if it is allowed, and
    // its end, which always is.
    [[nodiscard]] bool begin_line(Steady now) { return limit_.begin(now); }
    void end_line(Steady now) { limit_.end(now); }

private:
    void forget_stale(Steady now) {
        std::erase_if(failing_, [&](const auto& entry) { return entry.second <= now; });
    }
    void begin(Steady now) {
        began_at_ = now;
        // The failures of faults that were not logged are counted with the next one.
        if (!kinds_.empty()) failures_.clear();
        kinds_.clear();
        if (std::exchange(open_, false)) limit_.forget_end();
    }

    LineLimit limit_{most_a_minute};
    std::map<std::string, Steady> failing_;  // what failed and has not succeeded since, and for how long it counts
    std::map<std::string, std::uint64_t> failures_;  // during the present fault
    std::set<ErrorKind> kinds_;                      // those that were logged
    bool open_ = false;                              // the begin was logged, and the end was not
    Steady began_at_{};
    std::optional<Steady> works_since_;  // the first success after the last failure
};

// Logs these lines, and at the level `debug` each further failure.
class FaultLog {
public:
    using Steady = Clock::Steady;

    // Logs the begin at this level, and the end as `info`, or lower if that is lower.
    explicit FaultLog(Context& context, LogLevel level = LogLevel::warn) : context_(context), level_(level) {}
    FaultLog(const FaultLog&) = delete;
    FaultLog& operator=(const FaultLog&) = delete;

    void failed(const std::string& what, const Error& error) EMBEDQ_EXCLUDES(mutex_) {
        const Steady now = context_.clock().now();
        std::optional<std::string> line;
        {
            const Lock lock(mutex_);
            line = lines_.failed(what, error, now);
        }
        if (line)
            context_.logger().log(level_, *line);
        else if (context_.logger().enabled(LogLevel::debug))
            context_.logger().debug("still cannot " + what + ": " + to_string(error));
    }
    void succeeded(const std::string& what) EMBEDQ_EXCLUDES(mutex_) {
        const Steady now = context_.clock().now();
        std::optional<std::string> line;
        {
            const Lock lock(mutex_);
            line = lines_.succeeded(what, now);
        }
        if (line) context_.logger().log(std::min(level_, LogLevel::info), *line);
    }

private:
    Context& context_;
    const LogLevel level_;
    Mutex mutex_;
    FaultLines lines_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::sync
