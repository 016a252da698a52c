// A stop that signals or the end of a command's time cause, and time to wait in. Tests bring their own.
//
// Thread-safety: `token` and `timed_out` may be called from any thread, the rest by the thread that runs the command.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>

namespace embedq::cli {

// What a stop that takes too long does, on a thread of its own. None may block.
struct OverdueStop {
    std::function<void()> interrupt = {};       // ends the calls that it waits for
    std::function<std::string()> hanging = {};  // what has not returned, for the message before the process ends
    std::function<void()> restore = {};         // the terminal, before the process ends itself
};

// For the time in which a plugin's factory may hang.
[[nodiscard]] inline OverdueStop while_opening() {
    return {.hanging = [] { return std::string("a plugin that is being opened"); }};
}

class Interruption {
public:
    virtual ~Interruption() = default;
    [[nodiscard]] virtual std::stop_token token() const = 0;
    // Waits for the duration, or until the stop; false when stopped.
    [[nodiscard]] virtual bool wait_for(std::chrono::milliseconds duration) = 0;
    // Also stops at that time. Once.
    virtual void stop_at(std::chrono::steady_clock::time_point time) = 0;
    // The stop came from `stop_at`.
    [[nodiscard]] virtual bool timed_out() const = 0;
    // Replaces what happens 7 s after the stop, and what the process reports when it ends itself, 9 s after the stop.
    // After the end of the time, these are 3 s and 5 s.
    // Returns when what was there before is no longer called.
    virtual void on_overdue(OverdueStop overdue) = 0;
    // Waits until the stop.
    virtual void wait() = 0;
    [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
};

// While it lives, a stop that takes too long interrupts what it was given, and reports that. Afterwards, what it was
// given is being destroyed.
class OverdueStopScope {
public:
    OverdueStopScope(Interruption& interruption, OverdueStop overdue) : interruption_(interruption) {
        interruption_.on_overdue(std::move(overdue));
    }
    ~OverdueStopScope() {
        interruption_.on_overdue({.hanging = [] { return std::string("a plugin that is being closed"); }});
    }
    OverdueStopScope(const OverdueStopScope&) = delete;
    OverdueStopScope& operator=(const OverdueStopScope&) = delete;

private:
    Interruption& interruption_;
};

}  // namespace embedq::cli
