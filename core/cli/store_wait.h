// Waits for a store that is not reachable: a process that starts together with its database, or while the database
// restarts, must not end because of that.
//
// Thread-safety: none; the thread that opens the runtime uses it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "cli/command_context.h"

namespace embedq::cli {

class StoreWait {
public:
    // Gives up after `limit` of waiting; without a limit only when the interruption stops. Both must outlive this.
    StoreWait(Console& console, Interruption& interruption,
              std::optional<std::chrono::milliseconds> limit = std::nullopt)
        : console_(console), interruption_(interruption), limit_(limit) {}

    // Waits, longer each time: 250 ms, doubled up to 5 s. True to try the store again. Only the first error is shown.
    [[nodiscard]] bool operator()(const Error& error);
    // The store has answered: says so if it was waited for, and ends the wait.
    void available();

private:
    Console& console_;
    Interruption& interruption_;
    const std::optional<std::chrono::milliseconds> limit_;
    std::uint64_t failures_ = 0;
    std::chrono::milliseconds waited_{0};
};

}  // namespace embedq::cli
