#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

// Its leases are over, and its jobs are claimed by others.
bool is_silent(const Runtime& runtime, const WorkerInfo& worker) {
    return runtime.now() - worker.seen_at > runtime.lease();
}

Json json_of(const Runtime& runtime, const WorkerInfo& worker) {
    return {{"worker_id", worker.report.worker_id},
            {"host", worker.report.host},
            {"pid", worker.report.pid},
            {"version", worker.report.version},
            {"providers", worker.report.providers},
            {"jobs_held", worker.report.jobs_held},
            {"started_at", time_of(worker.started_at)},
            {"seen_at", time_of(worker.seen_at)},
            {"silent", is_silent(runtime, worker)}};
}

std::string heartbeat_of(const Runtime& runtime, const WorkerInfo& worker) {
    const auto age = std::chrono::duration_cast<milliseconds>(runtime.now() - worker.seen_at);
    const std::string ago = duration_of(std::max(age, milliseconds::zero())) + " ago";
    return is_silent(runtime, worker) ? ago + ": silent" : ago;
}

}  // namespace

int run_workers_list(CommandContext& context) {
    auto opened = context.installation.open({});
    if (!opened) return show_error(context, opened.error());
    Runtime& runtime = **opened;
    auto workers = runtime.engine().workers();
    if (!workers) return show_error(context, workers.error());
    std::ranges::sort(*workers, {}, [](const WorkerInfo& each) {
        return std::tie(each.report.host, each.started_at, each.report.worker_id);
    });
    if (context.json) {
        Json list = Json::array();
        for (const WorkerInfo& worker : *workers) list.push_back(json_of(runtime, worker));
        context.console.print(dump({{"workers", std::move(list)}}));
        return exit_done;
    }
    if (workers->empty()) {
        context.console.print("No workers: embedq worker and embedq serve start one");
        return exit_done;
    }
    Table table({"WORKER", "HOST", "VERSION", "PROVIDERS", "JOBS", "SINCE", "HEARTBEAT"});
    for (const WorkerInfo& worker : *workers) {
        const WorkerReport& who = worker.report;
        table.add({who.worker_id, who.host, who.version, fmt::format("{}", fmt::join(who.providers, ", ")),
                   count_of(who.jobs_held), time_of(worker.started_at), heartbeat_of(runtime, worker)},
                  is_silent(runtime, worker) ? Colour::red : Colour::none, 6);
    }
    table.print(context.console);
    return exit_done;
}

}  // namespace embedq::cli
