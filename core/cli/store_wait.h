// Waiting for a store that is away: what starts together with its database, or while that is started anew, is no reason
// to end.
//
// Thread-safety: none; the thread that opens the runtime has it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "cli/command_context.h"

namespace embedq::cli {

class StoreWait {
public:
    // Gives up after `limit` of waiting; without one when the interruption stops. Both must outlive this.
    StoreWait(Console& console, Interruption& interruption,
              std::optional<std::chrono::milliseconds> limit = std::nullopt)
        : console_(console), interruption_(interruption), limit_(limit) {}

    // Waits, longer each time: 250 ms, doubled up to 5 s. True when the store is to be asked again. The first error is
    // told, and no other.
    [[nodiscard]] bool operator()(const Error& error);

private:
    Console& console_;
    Interruption& interruption_;
    const std::optional<std::chrono::milliseconds> limit_;
    std::uint64_t failures_ = 0;
    std::chrono::milliseconds waited_{0};
};

}  // namespace embedq::cli
