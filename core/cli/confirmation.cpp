#include "cli/confirmation.h"

#include <fmt/format.h>

#include <cctype>
#include <istream>
#include <string>

namespace embedq::cli {

bool can_ask(const CommandContext& context) {
    // A program that reads JSON does not answer questions.
    return context.input_is_terminal && context.input != nullptr && !context.json;
}

Consent ask(CommandContext& context, std::string_view question) {
    if (!can_ask(context)) return Consent::nobody;
    context.console.ask(fmt::format("{} [y/N]", question));
    std::string answer;
    std::getline(*context.input, answer);
    return answer == "y" || answer == "Y" || answer == "yes" ? Consent::yes : Consent::no;
}

std::optional<int> declined(CommandContext& context, std::string_view act, bool yes) {
    if (yes) return std::nullopt;
    std::string question(act);
    question.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(question.front())));
    switch (ask(context, question + "?")) {
        case Consent::yes: return std::nullopt;
        case Consent::no: context.console.error("nothing was changed"); return exit_failed;
        case Consent::nobody: break;
    }
    context.console.error(fmt::format("would {}; nothing was changed; --yes confirms it", act));
    return exit_usage;
}

}  // namespace embedq::cli
