// The command line of embedq-conformance.
//
// Thread-safety: pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "embedq/plugin.h"
#include "subjects.h"

namespace embedq::conformance {

struct Arguments {
    std::string config;
    PluginFileArguments plugin;  // its file is empty when a configuration is named
    std::optional<PluginKind> only;
    std::string only_name;  // of a provider; empty: all
    std::string cases = "*";
    std::optional<std::uint64_t> seed;
    std::optional<std::uint64_t> steps;
    std::string json;
    bool verbose = false;
    bool list = false;
    bool child = false;  // a process that a case started
};

// What to print instead of running, and the exit status.
struct Answer {
    int exit_status;
    std::string text;
};

[[nodiscard]] std::variant<Arguments, Answer> read_arguments(int count, char** values);

}  // namespace embedq::conformance
