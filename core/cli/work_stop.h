// Ends the work of a process at a stop, whatever its command does at that moment: it may be inside a call to a store
// that hangs, and calls in flight have the grace time from the stop on.
//
// Thread-safety: belongs to the thread that runs the command.
#pragma once

#include <functional>
#include <stop_token>
#include <thread>
#include <utility>

#include "cli/runtime.h"
#include "sync/sleep.h"

namespace embedq::cli {

class WorkStop {
public:
    // From the start of the work on. The runtime must outlive this.
    WorkStop(Runtime& runtime, std::stop_token stop)
        : thread_([&runtime, stop](const std::stop_token& wakes) {
              sync::sleep_until_stopped(wakes);
              if (stop.stop_requested()) runtime.stop_work();
          }),
          at_stop_(std::move(stop), [this] { thread_.request_stop(); }) {}
    WorkStop(const WorkStop&) = delete;
    WorkStop& operator=(const WorkStop&) = delete;

private:
    std::jthread thread_;  // its end is the end of the work
    std::stop_callback<std::function<void()>> at_stop_;
};

}  // namespace embedq::cli
