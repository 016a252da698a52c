#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {

int run_config_check(CommandContext& context) {
    const auto checked = context.installation.check_configuration();
    if (!checked) return show_error(context, checked.error());
    const bool good = checked->errors.empty();
    if (context.json) {
        context.console.print(dump({{"source", checked->source},
                                    {"valid", good},
                                    {"errors", checked->errors},
                                    {"warnings", checked->warnings}}));
        return good ? exit_done : exit_usage;
    }
    for (const std::string& warning : checked->warnings) context.console.error(warning);
    for (const std::string& error : checked->errors) context.console.error(error);
    if (!good) return exit_usage;
    context.console.print(fmt::format("{}: OK", checked->source));
    return exit_done;
}

int run_config_show(CommandContext& context) {
    const auto checked = context.installation.check_configuration();
    if (!checked) return show_error(context, checked.error());
    for (const std::string& warning : checked->warnings) context.console.error(warning);
    if (!checked->errors.empty()) return show_error(context, Failure{exit_usage, checked->errors});
    if (context.json) {
        context.console.print(dump({{"source", checked->source}, {"yaml", checked->effective}}));
        return exit_done;
    }
    context.console.print_raw(checked->effective);
    return exit_done;
}

int run_config_schema(CommandContext& context) {
    const auto schema = context.installation.configuration_schema();
    if (!schema) return show_error(context, schema.error());
    context.console.print_raw(*schema);
    return exit_done;
}

int run_config_reference(CommandContext& context) {
    const auto page = context.installation.configuration_reference();
    if (!page) return show_error(context, page.error());
    if (context.json) {
        context.console.print(dump({{"page", *page}}));
    } else {
        context.console.print_raw(*page);
    }
    return exit_done;
}

}  // namespace embedq::cli
