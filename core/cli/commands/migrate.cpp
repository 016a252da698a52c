#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

void print(Session& session, const MigrationState& state) {
    if (session.json) {
        session.console.print(dump({{"current", state.current}, {"newest", state.newest}, {"waiting", state.waiting}}));
        return;
    }
    if (state.current > state.newest) {
        session.console.print(
            fmt::format("schema {}, newer than this build's {}: use a newer embedq", state.current, state.newest));
    } else if (state.waiting.empty()) {
        session.console.print(fmt::format("schema {}, up to date", state.current));
    } else {
        session.console.print(fmt::format("schema {} of {}, waiting:", state.current, state.newest));
        for (const std::string& name : state.waiting) session.console.print(fmt::format("  {}", name));
    }
}

}  // namespace

int run_migrate_up(Session& session) {
    auto runtime = session.installation.open({.migrate = false, .logs_everything = true});
    if (!runtime) return tell(session, runtime.error());
    const auto state = (*runtime)->migrate();
    if (!state) return tell(session, state.error());
    if (const Status applied = (*runtime)->apply_targets({}); !applied) return tell(session, applied.error());
    print(session, *state);
    return exit_done;
}

int run_migrate_status(Session& session) {
    auto runtime = session.installation.open({.migrate = false});
    if (!runtime) return tell(session, runtime.error());
    const auto state = (*runtime)->migration_state();
    if (!state) return tell(session, state.error());
    print(session, *state);
    return state->current > state->newest ? exit_failed : exit_done;
}

}  // namespace embedq::cli
