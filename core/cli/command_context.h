// What a command is given: the console, the installation behind an interface, and how to show an error.
//
// Commands see interfaces only, so that each is tested against fakes. Thread-safety: see the members.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/failure.h"
#include "cli/installation.h"
#include "cli/interruption.h"
#include "cli/layout.h"
#include "embedq/error.h"

namespace embedq::cli {

struct CommandContext {
    Console& console;
    Installation& installation;
    // Called once, before anything that starts threads, by commands that end cleanly on a signal.
    std::function<std::unique_ptr<Interruption>()> listen_for_stop;
    bool json = false;
    Layout layout = {};
    // Replaces the process by another program (path, then its arguments), as execv does. Returns only where that
    // fails, with the reason.
    std::function<std::string(const std::vector<std::string>&)> exec = {};
    std::istream* input = nullptr;  // standard input, for commands that read it
    bool input_is_terminal = false;
};

// Shows the failure and returns its exit status.
inline int show_error(CommandContext& context, const Failure& failure) {
    for (const std::string& line : failure.lines) context.console.error(line);
    return failure.exit_status;
}

inline int show_error(CommandContext& context, const Error& error) {
    context.console.error(to_string(error));
    return error.kind == ErrorKind::invalid_argument || error.kind == ErrorKind::misconfigured ? exit_usage
                                                                                               : exit_failed;
}

}  // namespace embedq::cli
