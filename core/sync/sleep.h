// Sleeps that a stop ends. Thread-safety: may be called from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <stop_token>

#include "sync/mutex.h"

namespace embedq::sync {

// Until a stop is requested.
inline void sleep_until_stopped(const std::stop_token& stop) {
    Mutex mutex;
    std::condition_variable_any never;
    Lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
}

// Uses the real clock. False if a stop was requested at or before the deadline.
inline bool sleep_until(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop) {
    Mutex mutex;
    std::condition_variable_any never;
    Lock lock(mutex);
    never.wait_until(lock, stop, deadline, [] { return false; });
    return !stop.stop_requested();
}

inline bool sleep_for(std::chrono::steady_clock::duration time, const std::stop_token& stop) {
    // Adding more could overflow, and no process waits that long.
    constexpr std::chrono::steady_clock::duration longest = std::chrono::hours(24 * 365);
    return sleep_until(std::chrono::steady_clock::now() + (time < longest ? time : longest), stop);
}

}  // namespace embedq::sync
