#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/confirmation.h"
#include "cli/logging.h"
#include "cli/present.h"
#include "cli/waiting.h"

namespace embedq::cli {
namespace {

constexpr std::size_t job_page = 500;
constexpr std::size_t most_counted = 100'000;  // before a question; a larger history is not counted to its end

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

// Whether any job, open or finished, is of this catalog and spec.
Result<bool> has_history(Engine& engine, const std::optional<std::string>& catalog,
                         const std::optional<std::string>& spec) {
    JobQuery query;
    query.catalog_id = catalog;
    query.spec_name = spec;
    query.limit = 1;
    const auto jobs = engine.jobs(query);
    if (!jobs) return std::unexpected(jobs.error());
    return !jobs->empty();
}

Error unknown_spec(const JobsListArguments& arguments) {
    const std::string place =
        arguments.catalog ? fmt::format("in catalog '{}'", plain(*arguments.catalog)) : "in any catalog";
    return {.kind = ErrorKind::not_found,
            .message = fmt::format("there is no spec '{}' {}, and no job for it", plain(*arguments.spec), place),
            .hint = fmt::format("embedq specs list --catalog {} shows all specs",
                                arguments.catalog ? plain(*arguments.catalog) : "ID")};
}

// Whether the spec exists, in this catalog or else in any.
Result<bool> spec_exists(Engine& engine, const JobsListArguments& arguments) {
    std::vector<std::string> ids;
    if (arguments.catalog) {
        ids.push_back(*arguments.catalog);
    } else {
        const auto catalogs = engine.catalogs();
        if (!catalogs) return std::unexpected(catalogs.error());
        for (const CatalogInfo& catalog : *catalogs) ids.push_back(catalog.catalog_id);
    }
    for (const std::string& id : ids) {
        const auto spec = engine.spec(id, *arguments.spec);
        if (spec) return true;
        if (spec.error().kind != ErrorKind::not_found) return std::unexpected(spec.error());
    }
    return false;
}

// After no job was found: an error if the catalog or the spec never existed. Deleted ones may still have a history.
Status check_names(Engine& engine, const JobsListArguments& arguments) {
    if (!arguments.catalog && !arguments.spec) return {};
    const auto history = has_history(engine, arguments.catalog, arguments.spec);
    if (!history) return std::unexpected(history.error());
    if (*history) return {};
    if (arguments.catalog) {
        const auto catalog = engine.catalog(*arguments.catalog);
        const bool unknown = !catalog && catalog.error().kind == ErrorKind::not_found;
        const auto of_catalog = unknown ? has_history(engine, arguments.catalog, std::nullopt) : true;
        if (!of_catalog) return std::unexpected(of_catalog.error());
        if (!*of_catalog) {
            return fail(ErrorKind::not_found,
                        fmt::format("there is no catalog '{}', and no job for it", plain(*arguments.catalog)),
                        "embedq catalogs list shows all catalogs");
        }
    }
    if (!arguments.spec) return {};
    const auto exists = spec_exists(engine, arguments);
    if (!exists) return std::unexpected(exists.error());
    return *exists ? Status{} : std::unexpected(unknown_spec(arguments));
}

// The same command for the page after this one.
std::string command_of_next_page(const JobsListArguments& arguments, JobId cursor) {
    std::string command = "embedq jobs list";
    if (arguments.catalog) command += fmt::format(" --catalog {}", plain(*arguments.catalog));
    if (arguments.spec) command += fmt::format(" --spec {}", plain(*arguments.spec));
    if (arguments.status) command += fmt::format(" --status {}", to_string(*arguments.status));
    if (arguments.limit != JobsListArguments().limit) command += fmt::format(" --limit {}", arguments.limit);
    return command + fmt::format(" --cursor {}", cursor);
}

// The finished jobs that are old enough to go, up to `most`.
Result<std::size_t> count_old(Engine& engine, std::chrono::milliseconds older_than, std::size_t most) {
    const Time before = SystemClock().wall() - older_than;
    std::size_t old = 0;
    for (const JobStatus status : {JobStatus::succeeded, JobStatus::failed, JobStatus::cancelled}) {
        JobQuery query;
        query.status = status;
        query.limit = job_page;
        while (old < most) {
            const auto jobs = engine.jobs(query);
            if (!jobs) return std::unexpected(jobs.error());
            old += static_cast<std::size_t>(std::ranges::count_if(
                *jobs, [&](const Job& job) { return job.completed_at.value_or(before) < before; }));
            if (jobs->size() < query.limit) break;
            query.before = jobs->back().id;
        }
    }
    return std::min(old, most);
}

// Asks whether they may go. Nothing where there is no need to ask, or the exit status.
Result<std::optional<int>> prune_declined(CommandContext& context, Engine& engine,
                                          const JobsPruneArguments& arguments) {
    if (arguments.yes) return std::optional<int>();
    const auto old = count_old(engine, arguments.older_than, most_counted);
    if (!old) return std::unexpected(old.error());
    if (*old == 0) return std::optional<int>();
    const std::string act =
        fmt::format("delete {}{} that ended more than {} ago", *old == most_counted ? "at least " : "",
                    counted(*old, "finished job"), duration_of(arguments.older_than));
    return declined(context, act, false);
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
    table.set_optional({3, 4});  // the kind, then the attempts
    for (const Job& job : *jobs) {
        table.add({std::to_string(job.id), std::string(to_string(job.status)),
                   fmt::format("{}/{}", job.catalog_id, job.spec_name), std::string(to_string(job.kind)),
                   std::to_string(attempts_of(job)), when(job), job.last_error},
                  colour_of(job.status), 1);
    }
    table.print(context.console);
    if (next) context.console.note("more: " + command_of_next_page(arguments, *next));
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
    Json list = Json::array();
    const auto answer = [&](JobId id, std::string_view name, std::string_view words) {
        list.push_back({{"id", id}, {"outcome", name}});
        if (!context.json) context.console.print(fmt::format("job {}: {}", id, words));
    };
    for (const JobId id : jobs) {
        const auto outcome = (*runtime)->engine().retry_job(id);
        if (!outcome) {
            status = show_error(context, outcome.error());
            list.push_back({{"id", id}, {"outcome", "refused"}, {"error", to_string(outcome.error())}});
        } else if (*outcome == EnqueueOutcome::collapsed) {
            answer(id, "collapsed", "its spec is already queued");
        } else if (*outcome == EnqueueOutcome::none) {
            answer(id, "none", "nothing to do: its catalog has no provider");
        } else {
            answer(id, "created", "a new job is queued");
        }
    }
    if (context.json) context.console.print(dump({{"jobs", std::move(list)}}));
    return status;
}

int run_jobs_cancel(CommandContext& context, const JobsCancelArguments& arguments) {
    auto runtime = context.installation.open({.use = StoreUse::write});
    if (!runtime) return show_error(context, runtime.error());
    Engine& engine = (*runtime)->engine();
    std::size_t open = 0;
    for (const JobId id : arguments.jobs) {
        const auto job = find_job(engine, id);
        if (!job) return show_error(context, job.error());
        if (job->status == JobStatus::pending || job->status == JobStatus::running) ++open;
    }
    // One job was named with care.
    if (open > 1) {
        const auto status = declined(context, fmt::format("cancel {}", counted(open, "job")), arguments.yes);
        if (status) return *status;
    }
    const auto cancelled = engine.cancel_jobs(arguments.jobs);
    if (!cancelled) return show_error(context, cancelled.error());
    const std::size_t finished = arguments.jobs.size() - std::min(arguments.jobs.size(), *cancelled);
    if (context.json) {
        context.console.print(dump({{"cancelled", *cancelled}, {"already_finished", finished}}));
        return exit_done;
    }
    context.console.print(fmt::format("{} cancelled", count_of(*cancelled)));
    if (finished > 0) context.console.note(fmt::format("{} had already finished", count_of(finished)));
    return exit_done;
}

int run_jobs_prune(CommandContext& context, const JobsPruneArguments& arguments) {
    const auto interruption = context.listen_for_stop();
    auto runtime = context.installation.open({.use = StoreUse::write, .stop = interruption->token()});
    if (!runtime) return show_error(context, runtime.error());
    const OverdueStopScope overdue(*interruption, overdue_stop_of(**runtime));
    const auto status = prune_declined(context, (*runtime)->engine(), arguments);
    if (!status) return show_error(context, status.error());
    if (*status) return **status;
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
    if (context.json) {
        context.console.print(dump({{"jobs", total.jobs}, {"vectors", total.vectors}, {"stopped", total.more}}));
    } else {
        context.console.print(fmt::format("{} and {} deleted", counted(total.jobs, "finished job"),
                                          counted(total.vectors, "unused vector")));
    }
    return total.more ? exit_failed : exit_done;
}

}  // namespace embedq::cli
