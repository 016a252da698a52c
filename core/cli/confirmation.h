// Asks before what cannot be undone.
//
// Thread-safety: main thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/command_context.h"

namespace embedq::cli {

enum class Consent : std::uint8_t {
    yes,
    no,
    nobody,  // to ask: standard input is not a terminal, or the answer is for programs
};

// Whether there is somebody who may answer.
[[nodiscard]] bool can_ask(const CommandContext& context);
// Shows "QUESTION [y/N]" and reads a line. Everything but yes is no.
[[nodiscard]] Consent ask(CommandContext& context, std::string_view question);

// `act` says what will be done, with its counts: "delete the catalog 'pets' with 200 specs". Returns nothing when it
// may be done: with `yes`, or because the person at the terminal agreed. Otherwise it says that nothing was changed,
// and returns the exit status: 1 when the person declined, 2 where there is nobody to ask.
[[nodiscard]] std::optional<int> declined(CommandContext& context, std::string_view act, bool yes);

}  // namespace embedq::cli
