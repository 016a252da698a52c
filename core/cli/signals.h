// SIGINT, SIGTERM and SIGHUP as a stop token, for the commands that run until they are stopped. A SIGHUP that was
// ignored before the start, as by nohup, stays ignored.
//
// Make one before any other thread starts: threads inherit the signal mask. A second signal other than SIGHUP ends the
// process immediately, and so does a stop that takes longer than 9 s.
// Thread-safety: members may be called from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "cli/interruption.h"
#include "sync/mutex.h"

namespace embedq::cli {

class Signals {
public:
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }
    // Blocks until a signal arrives.
    void wait() const;
    // As Interruption::on_overdue.
    void on_overdue(OverdueStop overdue);

private:
    // How long after the first signal calls are ended, and the process is.
    static constexpr std::chrono::milliseconds interrupt_after{7'000};
    static constexpr std::chrono::milliseconds end_after{9'000};

    void run();
    // What is due now; returns when to look again, in poll's milliseconds.
    [[nodiscard]] int watch_the_stop();

    std::stop_source stop_;
    int signal_fd_ = -1;
    int end_fd_ = -1;
    std::chrono::steady_clock::time_point stopped_at_{};  // of the signals' thread alone
    bool interrupted_ = false;
    sync::Mutex mutex_;
    OverdueStop overdue_ EMBEDQ_GUARDED_BY(mutex_);
    std::thread thread_;
};

}  // namespace embedq::cli
