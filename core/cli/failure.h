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

// Each line is shown, then the process ends.
struct Failure {
    int exit_status = exit_failed;
    std::vector<std::string> lines;
};
template <class T>
using FailureOr = std::expected<T, Failure>;

}  // namespace embedq::cli
