// A child process of a case: its input, its output by lines, and its end.
//
// Thread-safety: none; one thread uses a Process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "conformance/process_kit.h"

namespace embedq::conformance {

class Process {
public:
    // Starts it. Throws std::system_error when it cannot be started.
    explicit Process(const ProcessCommand& command);
    // Kills and reaps it if it still runs.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    Process(Process&& other) noexcept;
    Process& operator=(Process&&) = delete;

    void write_line(const std::string& line);
    // A worker ends at the end of its input.
    void close_input();
    // The next line of its output; nothing at the end of the output or when the time is up (then the case fails).
    [[nodiscard]] std::optional<std::string> read_line(std::chrono::milliseconds within = std::chrono::seconds(60));
    // A line that has arrived already, or nothing.
    [[nodiscard]] std::optional<std::string> poll_line();

    void send(int signal) const;
    [[nodiscard]] bool running();
    // Waits for its end; the exit status, or the negative signal that ended it.
    int wait();

private:
    // Takes what the pipe holds; waits up to `timeout` for the first byte. False at the end of the output.
    bool fill(std::chrono::milliseconds timeout);
    [[nodiscard]] std::optional<std::string> take_line();

    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    bool ended_ = false;  // the output
    std::optional<int> status_;
    std::string buffer_;
};

}  // namespace embedq::conformance
