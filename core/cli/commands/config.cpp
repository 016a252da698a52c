#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {

int run_config_check(Session& session) {
    const auto checked = session.installation.check_configuration();
    if (!checked) return tell(session, checked.error());
    const bool good = checked->errors.empty();
    if (session.json) {
        session.console.print(dump({{"source", checked->source},
                                    {"valid", good},
                                    {"errors", checked->errors},
                                    {"warnings", checked->warnings}}));
        return good ? exit_done : exit_usage;
    }
    for (const std::string& warning : checked->warnings)
        session.console.note(fmt::format("embedq: warning: {}", warning));
    for (const std::string& error : checked->errors) session.console.error(error);
    if (!good) return exit_usage;
    session.console.print(fmt::format("{}: good", checked->source));
    return exit_done;
}

int run_config_show(Session& session) {
    const auto checked = session.installation.check_configuration();
    if (!checked) return tell(session, checked.error());
    for (const std::string& warning : checked->warnings)
        session.console.note(fmt::format("embedq: warning: {}", warning));
    if (!checked->errors.empty()) return tell(session, Failure{exit_usage, checked->errors});
    if (session.json) {
        session.console.print(dump({{"source", checked->source}, {"yaml", checked->effective}}));
        return exit_done;
    }
    session.console.print_raw(checked->effective);
    return exit_done;
}

int run_config_schema(Session& session) {
    const auto schema = session.installation.configuration_schema();
    if (!schema) return tell(session, schema.error());
    session.console.print_raw(*schema);
    return exit_done;
}

int run_config_reference(Session& session) {
    const auto page = session.installation.configuration_reference();
    if (!page) return tell(session, page.error());
    session.console.print_raw(*page);
    return exit_done;
}

}  // namespace embedq::cli
