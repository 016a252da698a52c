#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

void print(CommandContext& context, const MigrationState& state) {
    if (context.json) {
        context.console.print(dump({{"current", state.current}, {"newest", state.newest}, {"pending", state.waiting}}));
        return;
    }
    if (state.current > state.newest) {
        context.console.print(
            fmt::format("schema {}, newer than this build's {}: use a newer embedq", state.current, state.newest));
    } else if (state.waiting.empty()) {
        context.console.print(fmt::format("schema {}, up to date", state.current));
    } else {
        context.console.print(fmt::format("schema {} of {}, pending:", state.current, state.newest));
        for (const std::string& name : state.waiting) context.console.print(fmt::format("  {}", name));
    }
}

}  // namespace

int run_migrate_up(CommandContext& context) {
    auto runtime = context.installation.open({.use = StoreUse::migrate, .logs_everything = true});
    if (!runtime) return show_error(context, runtime.error());
    const auto state = (*runtime)->migrate();
    if (!state) return show_error(context, state.error());
    print(context, *state);
    return exit_done;
}

int run_migrate_status(CommandContext& context) {
    auto runtime = context.installation.open({.use = StoreUse::inspect});
    if (!runtime) return show_error(context, runtime.error());
    const auto state = (*runtime)->migration_state();
    if (!state) return show_error(context, state.error());
    print(context, *state);
    return state->current > state->newest ? exit_failed : exit_done;
}

}  // namespace embedq::cli
