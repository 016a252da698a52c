// Why a command cannot continue, and the exit statuses of the program.
//
// Thread-safety: plain values.
#pragma once

#include <expected>
#include <string>
#include <vector>

namespace embedq::cli {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
// Of `index`: the provider refuses everything until a person corrects something, and the time is over.
inline constexpr int exit_needs_people = 3;
inline constexpr int exit_timed_out = 4;

// Each line is shown, then the process ends.
struct Failure {
    int exit_status = exit_failed;
    std::vector<std::string> lines;
};
template <class T>
using FailureOr = std::expected<T, Failure>;

}  // namespace embedq::cli
