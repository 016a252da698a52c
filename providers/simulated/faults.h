// Scripted faults: which calls fail, and how.
//
// A fault is one line: an action, then conditions and details as key=value, separated by spaces. A line applies when
// all its conditions hold; a line without conditions applies to every call. The first line that applies to a call
// decides.
//
//   throttle above=50/s retry_after=1s     more than 50 calls were accepted within the last second (or minute: 3000/m)
//   fail rate=0.01                         one call in a hundred is `unavailable`; also takes retry_after
//   fail calls=3..5                        the third to the fifth call (also calls=7 and calls=100..)
//   hang rate=0.001                        no answer until the deadline or a stop
//   never_returns                          no answer, whatever the deadline and a stop say: a plugin with a bug
//   misconfigured calls=1..10
//   too_large above_inputs=16              (and above_bytes=N)
//   nan rate=0.01                          one row holds a NaN
//   wrong_count, wrong_dimension           one row too few; one number too many in each row
//   poison text=SUBSTRING                  a call with such a text fails as a whole with `invalid_input`, as on real
//                                          servers; with `per_text` only the text fails. SUBSTRING extends to the end
//                                          of the line.
//
// Calls are counted from 1 in each instance. Rates depend only on the call's number, the line and the seed.
//
// Thread-safety: see each class.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/error.h"
#include "sync/mutex.h"

namespace embedq::simulated {

enum class Action : std::uint8_t {
    throttle,
    fail,
    hang,
    misconfigured,
    too_large,
    nan,
    wrong_count,
    wrong_dimension,
    poison,
    never_returns
};

struct RateLimit {
    std::size_t calls = 0;
    std::chrono::milliseconds window{0};
};

struct Fault {
    Action action = Action::fail;
    // Conditions.
    double rate = 1;
    std::uint64_t first_call = 1;
    std::uint64_t last_call = std::numeric_limits<std::uint64_t>::max();
    std::optional<RateLimit> above;
    std::size_t above_inputs = 0;
    std::size_t above_bytes = 0;
    std::string text;
    // Details.
    bool per_text = false;
    std::optional<std::chrono::milliseconds> retry_after;
};

// `invalid_argument` names the line, what was found in it, and what was expected.
[[nodiscard]] Result<Fault> parse_fault(std::string_view line);
[[nodiscard]] Result<std::vector<Fault>> parse_faults(std::span<const std::string> lines);

// What conditions can depend on.
struct Call {
    std::uint64_t number = 0;
    std::chrono::steady_clock::time_point now;
    std::span<const std::string_view> texts;
};

// The faults of one instance, with the state of its rate limits. May be called from any thread.
class FaultScript {
public:
    FaultScript(std::vector<Fault> faults, std::uint64_t seed) : faults_(std::move(faults)), seed_(seed) {}

    // Numbers the call and returns the fault that applies to it, or nullptr.
    [[nodiscard]] const Fault* next(std::chrono::steady_clock::time_point now, std::span<const std::string_view> texts);

private:
    [[nodiscard]] bool applies(std::size_t line, const Call& call) EMBEDQ_REQUIRES(mutex_);
    [[nodiscard]] bool over_limit(const RateLimit& limit, std::chrono::steady_clock::time_point now) const
        EMBEDQ_REQUIRES(mutex_);
    void accept(std::chrono::steady_clock::time_point now) EMBEDQ_REQUIRES(mutex_);

    const std::vector<Fault> faults_;
    const std::uint64_t seed_;

    sync::Mutex mutex_;
    std::uint64_t calls_ EMBEDQ_GUARDED_BY(mutex_) = 0;
    // The times of the last accepted calls, as many as the largest limit needs.
    std::deque<std::chrono::steady_clock::time_point> accepted_ EMBEDQ_GUARDED_BY(mutex_);
};

}  // namespace embedq::simulated
