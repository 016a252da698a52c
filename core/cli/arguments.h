// The command line, parsed: which command, with which arguments. CLI11 is known to
// the files of this subject only.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/command_context.h"
#include "embedq/context.h"

namespace embedq::cli {

// A command that is ready to run.
struct Invocation {
    std::string config;  // --config or EMBEDQ_CONFIG; empty for the built-in default
    bool json = false;
    bool quiet = false;
    std::optional<LogLevel> log_level;  // over that of the YAML
    bool json_logs = false;             // over `logging.format` of the YAML
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

// A command with all that it takes, for pages and completion.
struct CommandDescription {
    struct Word {
        std::string name;
        bool required = false;
    };
    struct Option {
        std::string name;  // "--catalog"
        bool takes_value = false;
    };
    std::vector<std::string> path;  // its words
    std::string help;
    bool runs = false;  // false for a group of commands
    std::vector<Word> words;
    std::vector<Option> options;
};
[[nodiscard]] std::vector<CommandDescription> all_commands();

}  // namespace embedq::cli
