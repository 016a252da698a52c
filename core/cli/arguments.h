// The command line, parsed: which command, with which arguments. Only arguments.cpp and argument_values.cpp know CLI11.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <variant>

#include "cli/command_context.h"

namespace embedq::cli {

// A command that is ready to run.
struct Invocation {
    std::string config;  // --config or EMBEDQ_CONFIG; empty for the built-in default
    bool json = false;
    std::function<int(CommandContext&)> run;
};

// Nothing to run: the help or version that was asked for, or the usage error.
struct Answer {
    int exit_status = exit_done;
    std::string text;
};

// `arguments` without the program's name.
[[nodiscard]] std::variant<Invocation, Answer> read_arguments(std::span<const std::string> arguments,
                                                              std::string_view version);

}  // namespace embedq::cli
