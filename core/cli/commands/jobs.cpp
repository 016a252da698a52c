#include <fmt/format.h>

#include <span>
#include <vector>

#include "cli/commands.h"
#include "cli/present.h"
#include "cli/waiting.h"

namespace embedq::cli {
namespace {

Colour colour_of(JobStatus status) {
    switch (status) {
        case JobStatus::pending: return Colour::amber;
        case JobStatus::running: return Colour::blue;
        case JobStatus::succeeded: return Colour::green;
        case JobStatus::failed: return Colour::red;
        case JobStatus::cancelled: return Colour::grey;
    }
    return Colour::none;
}

std::string when(const Job& job) {
    if (job.completed_at) return time_of(*job.completed_at);
    if (job.status == JobStatus::running && job.started_at) return time_of(*job.started_at);
    return time_of(job.created_at);
}

Result<Job> find_job(Engine& engine, JobId id) {
    JobQuery query;
    query.id = id;
    query.limit = 1;
    auto jobs = engine.jobs(query);
    if (!jobs) return std::unexpected(jobs.error());
    if (jobs->empty())
        return fail(ErrorKind::not_found, fmt::format("there is no job {}", id), "embedq jobs list shows all jobs");
    return std::move(jobs->front());
}

// The pauses of the provider that the job's catalog is embedded by.
Result<std::vector<ProviderPause>> pauses_of_job(Runtime& runtime, const Job& job) {
    const auto states = runtime.endpoint_states();
    if (!states) return std::unexpected(states.error());
    const auto catalog = runtime.engine().catalog(job.catalog_id);
    if (!catalog) return std::vector<ProviderPause>{};
    return pauses_of(runtime.engine(), std::span(&*catalog, 1), *states);
}

// After no job was found: an error if the catalog or the spec never existed. Deleted ones may still have a history.
Status check_names(Engine& engine, const JobsListArguments& arguments) {
    if (!arguments.catalog) return {};
    JobQuery history;
    history.catalog_id = arguments.catalog;
    history.spec_name = arguments.spec;
    history.limit = 1;
    const auto any = engine.jobs(history);
    if (!any) return std::unexpected(any.error());
    if (!any->empty()) return {};
    const auto unknown = [](const auto& answer) { return !answer && answer.error().kind == ErrorKind::not_found; };
    if (unknown(engine.catalog(*arguments.catalog))) {
        history.spec_name.reset();
        const auto of_catalog = engine.jobs(history);
        if (!of_catalog) return std::unexpected(of_catalog.error());
        if (of_catalog->empty()) {
            return fail(ErrorKind::not_found,
                        fmt::format("there is no catalog '{}', and no job for it", plain(*arguments.catalog)),
                        "embedq catalogs list shows all catalogs");
        }
    }
    if (arguments.spec && unknown(engine.spec(*arguments.catalog, *arguments.spec))) {
        return fail(ErrorKind::not_found,
                    fmt::format("there is no spec '{}' in catalog '{}', and no job for it", plain(*arguments.spec),
                                plain(*arguments.catalog)),
                    fmt::format("embedq specs list --catalog {} shows all specs", plain(*arguments.catalog)));
    }
    return {};
}

}  // namespace

int run_jobs_list(CommandContext& context, const JobsListArguments& arguments) {
    auto runtime = context.installation.open({});
    if (!runtime) return show_error(context, runtime.error());
    JobQuery query;
    query.catalog_id = arguments.catalog;
    query.spec_name = arguments.spec;
    query.status = arguments.status;
    query.before = arguments.cursor;
    query.limit = arguments.limit;
    auto jobs = (*runtime)->engine().jobs(query);
    if (!jobs) return show_error(context, jobs.error());
    if (jobs->empty()) {
        if (const Status named = check_names((*runtime)->engine(), arguments); !named)
            return show_error(context, named.error());
    }
    // A full page may be the last one, which only a query for the next page can show.
    std::optional<JobId> next;
    if (!jobs->empty() && jobs->size() >= arguments.limit) {
        query.before = jobs->back().id;
        query.limit = 1;
        const auto more = (*runtime)->engine().jobs(query);
        if (!more) return show_error(context, more.error());
        if (!more->empty()) next = jobs->back().id;
    }
    if (context.json) {
        Json list = Json::array();
        for (const Job& job : *jobs) list.push_back(json_of(job));
        Json json{{"jobs", std::move(list)}, {"next_cursor", nullptr}};
        if (next) json["next_cursor"] = std::to_string(*next);
        context.console.print(dump(json));
        return exit_done;
    }
    if (jobs->empty()) {
        context.console.print("No jobs");
        return exit_done;
    }
    Table table({"ID", "STATUS", "SPEC", "KIND", "ATTEMPTS", "WHEN", "ERROR"});
    for (const Job& job : *jobs) {
        table.add({std::to_string(job.id), std::string(to_string(job.status)),
                   fmt::format("{}/{}", job.catalog_id, job.spec_name), std::string(to_string(job.kind)),
                   std::to_string(job.attempts), when(job), job.last_error},
                  colour_of(job.status), 1);
    }
    table.print(context.console);
    if (next) context.console.note(fmt::format("more: embedq jobs list --cursor {}", *next));
    return exit_done;
}

int run_jobs_show(CommandContext& context, JobId id) {
    auto runtime = context.installation.open({});
    if (!runtime) return show_error(context, runtime.error());
    const auto job = find_job((*runtime)->engine(), id);
    if (!job) return show_error(context, job.error());
    Json json = json_of(*job);
    json["embedded_so_far"] = job->embedded_so_far;
    std::vector<ProviderPause> pauses;
    if (job->status == JobStatus::pending || job->status == JobStatus::running) {
        auto found = pauses_of_job(**runtime, *job);
        if (!found) return show_error(context, found.error());
        pauses = std::move(*found);
        // A job that runs waits for nothing but an answer.
        if (job->status == JobStatus::running)
            std::erase_if(pauses, [](const ProviderPause& each) { return !is_overdue_call(each.state); });
    }
    if (context.json && !pauses.empty()) json["pause"] = json_of(pauses.front());
    if (!context.json && (job->status == JobStatus::pending || !pauses.empty()))
        json["waits_for"] = waits_for(*job, pauses);
    if (context.json) {
        context.console.print(dump(json));
        return exit_done;
    }
    for (const auto& [key, value] : json.items()) {
        const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
        context.console.print(fmt::format("{:<18}{}", key, plain(text)));
    }
    return exit_done;
}

int run_jobs_retry(CommandContext& context, const std::vector<JobId>& jobs) {
    auto runtime = context.installation.open({.use = StoreUse::write});
    if (!runtime) return show_error(context, runtime.error());
    int status = exit_done;
    for (const JobId id : jobs) {
        const auto outcome = (*runtime)->engine().retry_job(id);
        if (!outcome) {
            status = show_error(context, outcome.error());
        } else if (*outcome == EnqueueOutcome::collapsed) {
            context.console.print(fmt::format("job {}: its spec is already queued", id));
        } else if (*outcome == EnqueueOutcome::none) {
            context.console.print(fmt::format("job {}: nothing to do: its catalog has no provider", id));
        } else {
            context.console.print(fmt::format("job {}: a new job is queued", id));
        }
    }
    return status;
}

int run_jobs_cancel(CommandContext& context, const std::vector<JobId>& jobs) {
    auto runtime = context.installation.open({.use = StoreUse::write});
    if (!runtime) return show_error(context, runtime.error());
    for (const JobId id : jobs) {
        if (const auto job = find_job((*runtime)->engine(), id); !job) return show_error(context, job.error());
    }
    const auto cancelled = (*runtime)->engine().cancel_jobs(jobs);
    if (!cancelled) return show_error(context, cancelled.error());
    context.console.print(fmt::format("{} cancelled", *cancelled));
    if (*cancelled < jobs.size()) context.console.note(fmt::format("{} had ended already", jobs.size() - *cancelled));
    return exit_done;
}

int run_jobs_prune(CommandContext& context, const JobsPruneArguments& arguments) {
    const auto interruption = context.listen_for_stop();
    auto runtime = context.installation.open({.use = StoreUse::write, .stop = interruption->token()});
    if (!runtime) return show_error(context, runtime.error());
    const OverdueStopScope overdue(*interruption, overdue_stop_of(**runtime));
    PruneRequest request;
    request.older_than = arguments.older_than;
    PruneResult total;
    do {
        const auto pruned = (*runtime)->engine().prune(request);
        if (!pruned) return show_error(context, pruned.error());
        total.jobs += pruned->jobs;
        total.vectors += pruned->vectors;
        total.changes += pruned->changes;
        total.more = pruned->more;
    } while (total.more && !interruption->token().stop_requested());
    context.console.print(
        fmt::format("{} and {} deleted", counted(total.jobs, "finished job"), counted(total.vectors, "unused vector")));
    return total.more ? exit_failed : exit_done;
}

}  // namespace embedq::cli
