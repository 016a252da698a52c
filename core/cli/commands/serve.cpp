#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"
#include "cli/store_wait.h"

namespace embedq::cli {
namespace {

// Waits while the store is unavailable. A provider that does not answer at the start is asked again by the scheduler:
// it must not keep the others from serving.
Status apply_targets(Runtime& runtime, StoreWait& try_again, const std::stop_token& stop) {
    while (true) {
        Status applied = runtime.apply_targets(stop, std::nullopt);
        if (stop.stop_requested()) return {};
        if (applied) try_again.available();
        if (applied || applied.error().kind != ErrorKind::unavailable) return applied;
        const auto store = runtime.migration_state();
        if (store || !try_again(store.error())) return applied;
    }
}

// `serve` is a worker that also follows `embedding.model_change` and runs the services.
int run_until_stopped(CommandContext& context, bool serve) {
    const auto interruption = context.listen_for_stop();
    const OverdueStopScope opening(*interruption, while_opening());
    StoreWait try_again(context.console, *interruption);
    auto runtime = context.installation.open({.use = StoreUse::work,
                                              .keeps_running = true,
                                              .logs_everything = true,
                                              .try_again = std::ref(try_again),
                                              .stop = interruption->token()});
    if (interruption->token().stop_requested()) return exit_done;
    if (!runtime) return show_error(context, runtime.error());
    try_again.available();
    const OverdueStopScope overdue(*interruption, overdue_stop_of(**runtime));
    if (!(*runtime)->store_capabilities().multi_process && (!serve || (*runtime)->service_count() == 0)) {
        context.console.report(
            LogLevel::warn,
            fmt::format("the store '{}' exists in this process only, so no other process can enqueue jobs; name "
                        "another store, such as sqlite, or use embedq index",
                        (*runtime)->store_name()));
    }
    if (serve) {
        if (const Status applied = apply_targets(**runtime, try_again, interruption->token()); !applied)
            context.console.error(to_string(applied.error()));
    }
    if (const Status started = (*runtime)->start_work(serve ? TargetPolicy::as_configured : TargetPolicy::new_catalogs);
        !started)
        return show_error(context, started.error());
    if (const Status started = (*runtime)->start_refreshing(); !started) return show_error(context, started.error());
    if (serve) {
        const Status started = (*runtime)->start_services();
        if (!started && !interruption->token().stop_requested()) return show_error(context, started.error());
    }
    interruption->wait();
    (*runtime)->stop_work();
    return exit_done;
}

}  // namespace

int run_worker(CommandContext& context) {
    return run_until_stopped(context, false);
}

int run_serve(CommandContext& context) {
    return run_until_stopped(context, true);
}

}  // namespace embedq::cli
