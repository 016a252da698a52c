// Runs a command that prints a short text, such as a secret.
//
// Without a shell: an argument is what it is, whatever characters it has. The command gets no input, a group of
// processes of its own, and of the environment only PATH, HOME and LANG; what it writes to its error output is dropped,
// since it may quote a secret. When it takes too long, prints too much, or a stop is requested, it is killed with all
// of its group.
//
// Thread-safety: may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>

#include "embedq/error.h"

namespace embedq::files {

struct CommandLimits {
    std::chrono::milliseconds time{10'000};
    std::size_t output_bytes = std::size_t{64} << 10U;
};

// The first line of what the command prints, without white space at its ends. `arguments` are the program and what it
// is given; a program without a "/" is looked for in PATH, and one that others than root and this user may replace is
// refused. The command runs in `folder`.
//
// `unavailable` if it takes too long or a stop is requested, otherwise `misconfigured`. The message continues a
// sentence that names the command's purpose: "the command '…' ended with status 1". It never has what the command
// printed.
[[nodiscard]] Result<std::string> first_line_of(std::span<const std::string> arguments,
                                                const std::filesystem::path& folder, const std::stop_token& stop,
                                                const CommandLimits& limits = {});

}  // namespace embedq::files
