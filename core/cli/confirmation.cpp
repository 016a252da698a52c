#include "cli/confirmation.h"

#include <istream>

namespace embedq::cli {

Consent ask(CommandContext& context, const std::string& question) {
    if (!context.input_is_terminal || context.input == nullptr || context.json) return Consent::nobody;
    context.console.note(question + " [y/N]");
    std::string answer;
    std::getline(*context.input, answer);
    return answer == "y" || answer == "Y" || answer == "yes" ? Consent::yes : Consent::no;
}

}  // namespace embedq::cli
