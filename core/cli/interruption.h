// A stop that signals cause, and time to wait in. Tests bring their own.
//
// Thread-safety: `token` may be called from any thread, the rest by the thread that runs the command.
#pragma once

#include <chrono>
#include <stop_token>

namespace embedq::cli {

class Interruption {
public:
    virtual ~Interruption() = default;
    [[nodiscard]] virtual std::stop_token token() const = 0;
    // Waits for the duration, or until the stop; false when stopped.
    [[nodiscard]] virtual bool wait_for(std::chrono::milliseconds duration) = 0;
    // Waits until the stop.
    virtual void wait() = 0;
    [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
};

}  // namespace embedq::cli
