// SIGINT, SIGTERM, SIGHUP, SIGPWR, SIGXCPU and the end of a command's time as a stop token, for the commands that end
// cleanly. A SIGHUP that was ignored before the start, as by nohup, stays ignored. Signals that mean nothing here, such
// as SIGUSR1 for programs that open their logs again, are ignored, since they would end the process without a stop.
//
// Make one before any other thread starts: threads inherit the signal mask. A second signal other than SIGHUP ends the
// process immediately, and so does a stop that takes longer than 9 s, or 5 s when the command's time is over.
// Thread-safety: members may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "cli/failure.h"
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
    // As those of Interruption.
    void stop_at(std::chrono::steady_clock::time_point time);
    [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }
    void on_overdue(OverdueStop overdue);

private:
    // How long after the stop calls are ended, and the process is.
    struct Ending {
        std::chrono::milliseconds interrupt_after;
        std::chrono::milliseconds end_after;
        int exit_status;
    };
    static constexpr Ending after_a_signal{std::chrono::seconds(7), std::chrono::seconds(9), exit_failed};
    static constexpr Ending after_the_time{std::chrono::seconds(3), std::chrono::seconds(5), exit_timed_out};

    void run();
    void wake() const;
    void take_signal();
    void stop();
    // Stops if the time is over; returns when to look again.
    [[nodiscard]] int watch_the_time();
    [[noreturn]] void end_process(const Ending& ending);
    // What is due now; returns when to look again, in poll's milliseconds.
    [[nodiscard]] int watch_the_stop();

    std::stop_source stop_;
    int signal_fd_ = -1;
    int wake_fd_ = -1;
    std::atomic<bool> ending_ = false;
    std::atomic<bool> timed_out_ = false;
    std::chrono::steady_clock::time_point stopped_at_{};  // of the signals' thread alone
    bool interrupted_ = false;
    sync::Mutex mutex_;
    OverdueStop overdue_ EMBEDQ_GUARDED_BY(mutex_);
    std::optional<std::chrono::steady_clock::time_point> stop_at_ EMBEDQ_GUARDED_BY(mutex_);
    std::thread thread_;
};

}  // namespace embedq::cli
