#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

// `serve` is a worker that also keeps the targets as the YAML says and runs the services.
int run_until_stopped(Session& session, bool serves) {
    const auto interruption = session.listen_for_stop();
    auto runtime = session.installation.open({.migrate = true, .logs_everything = true});
    if (!runtime) return tell(session, runtime.error());
    if (!(*runtime)->store_capabilities().multi_process && (!serves || (*runtime)->service_count() == 0)) {
        session.console.note(
            fmt::format("embedq: warning: the store '{}' lives in one process, so nobody can give this one work; name another "
                        "store, such as sqlite, or use embedq index",
                        (*runtime)->store_name()));
    }
    if (serves) {
        // A provider that does not answer at the start is asked again by the scheduler; it must not keep the others from serving.
        if (const Status applied = (*runtime)->apply_targets(); !applied) session.console.error(applied.error().message);
    }
    if (const Status started = (*runtime)->start_work(serves ? TargetKeeping::follow : TargetKeeping::leave); !started)
        return tell(session, started.error());
    if (serves) {
        if (const Status started = (*runtime)->start_services(); !started) return tell(session, started.error());
    }
    interruption->wait();
    (*runtime)->stop_work();
    return exit_done;
}

}  // namespace

int run_worker(Session& session) {
    return run_until_stopped(session, false);
}

int run_serve(Session& session) {
    return run_until_stopped(session, true);
}

}  // namespace embedq::cli
