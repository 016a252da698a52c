// Asks the user before a command destroys or spends something.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command_context.h"

namespace embedq::cli {

enum class Consent : std::uint8_t {
    yes,
    no,
    nobody,  // to ask: standard input is not a terminal, or the answer is for machines
};

// Shows "QUESTION [y/N]" and reads a line. Everything but yes is no.
[[nodiscard]] Consent ask(CommandContext& context, const std::string& question);

}  // namespace embedq::cli
