// SIGINT and SIGTERM as a stop token, for the commands that run until they are stopped.
//
// Make one before any other thread starts: threads inherit the signal mask. The second signal ends the process
// immediately.
// Thread-safety: members may be called from any thread.
#pragma once

#include <stop_token>
#include <thread>

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

private:
    void run() const;

    std::stop_source stop_;
    int signal_fd_ = -1;
    int end_fd_ = -1;
    std::thread thread_;
};

}  // namespace embedq::cli
