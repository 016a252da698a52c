// Waits for a store that is not reachable: a process that starts together with its database, or while the database
// restarts, must not end because of that.
//
// Thread-safety: none; the thread that opens the runtime uses it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <type_traits>

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

    // What the call answers once the store is no longer `unavailable`, or the last such error when the wait is over. A
    // call that failed may have been done nevertheless, so it must be one that can be repeated.
    template <class Call>
    [[nodiscard]] std::invoke_result_t<Call&> ask(Call&& call) {
        while (true) {
            auto answer = call();
            if (!answer && answer.error().kind == ErrorKind::unavailable && (*this)(answer.error())) continue;
            if (answer) available();
            return answer;
        }
    }

private:
    Console& console_;
    Interruption& interruption_;
    const std::optional<std::chrono::milliseconds> limit_;
    std::uint64_t failures_ = 0;
    std::chrono::milliseconds waited_{0};
};

}  // namespace embedq::cli
