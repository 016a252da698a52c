#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>

#include "cli/commands.h"
#include "cli/index_waiter.h"
#include "cli/indexer.h"
#include "cli/present.h"
#include "cli/progress.h"
#include "cli/store_wait.h"
#include "cli/work_stop.h"
#include "embedq/support/ids.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t max_listed_refusals = 20;
// For calls in flight when the time of `--timeout` is over.
constexpr milliseconds grace_after_the_time{2'000};

std::string reason_of(const SpecStatus& status) {
    if (status.job && !status.job->last_error.empty()) return status.job->last_error;
    if (status.job && status.job->status == JobStatus::cancelled)
        return "its job was cancelled; embedq specs reembed enqueues a new one";
    if (status.refused_count > 0) return fmt::format("the provider refused {} of its operations", status.refused_count);
    return "it has no job; embedq specs reembed enqueues one";
}

void print_refused(Console& console, const std::vector<RefusedDocument>& refused) {
    for (std::size_t i = 0; i < std::min(refused.size(), max_listed_refusals); ++i) {
        console.note(fmt::format("refused {}: {}", plain(refused[i].path), plain(refused[i].reason)));
    }
    if (refused.size() > max_listed_refusals) {
        console.note(fmt::format("refused {} more; --json lists all", count_of(refused.size() - max_listed_refusals)));
    }
}

Json outcome_json(const IndexReport& report, const Settlement& settlement, std::size_t embedded, milliseconds took) {
    Json refused = Json::array();
    for (const auto& document : report.refused)
        refused.push_back({{"path", document.path}, {"reason", document.reason}});
    return {{"documents", report.documents},
            {"refused", std::move(refused)},
            {"operations", report.operations},
            {"distinct_texts", settlement.distinct_texts},
            {"embedded", embedded},
            {"reused", settlement.vectors - std::min(embedded, settlement.vectors)},
            {"cut", settlement.cut},
            {"seconds", static_cast<double>(took.count()) / 1000.0}};
}

void print_summary(CommandContext& context, const IndexArguments& arguments, const IndexReport& report,
                   const WaitOutcome& outcome, std::size_t embedded, milliseconds took) {
    Console& console = context.console;
    print_refused(console, report.refused);
    if (context.json) {
        console.print(dump(outcome_json(report, outcome.settlement, embedded, took)));
    } else if (report.documents > 0) {
        console.print(fmt::format("{} of {} {} in the catalog '{}': {}, {} embedded now, {} had vectors, {}",
                                  counted(report.operations, "operation"), counted(report.documents, "document"),
                                  report.operations == 1 ? "is" : "are", arguments.catalog,
                                  counted(outcome.settlement.distinct_texts, "distinct text"), count_of(embedded),
                                  count_of(outcome.settlement.vectors - std::min(embedded, outcome.settlement.vectors)),
                                  duration_of(took)));
    }
    if (const std::size_t cut = outcome.settlement.cut; cut > 0) {
        console.note(fmt::format("{} longer than the model takes; only {} embedded",
                                 counted(cut, "text is", "texts are"),
                                 cut == 1 ? "its beginning is" : "their beginnings are"));
    }
    for (const SpecStatus& status : outcome.failed) {
        console.error(fmt::format("{}: {} of {} operations embedded: {}", status.spec_name, status.embedding_count,
                                  status.operation_count, plain(reason_of(status))));
    }
}

// What is said of an error, and the exit status. The end of the time may have caused it.
template <class Cause>
int end_with(CommandContext& context, const Interruption& interruption, const IndexArguments& arguments,
             const Cause& cause) {
    const int status = show_error(context, cause);
    if (!interruption.timed_out()) return status;
    context.console.error(fmt::format("the time of {} is over; run the same command again to continue",
                                      duration_of(arguments.timeout.value_or(milliseconds(0)))));
    return exit_timed_out;
}

// After a stop before all documents were stored.
int end_stopped(Console& console, const Interruption& interruption, const IndexArguments& arguments,
                const IndexReport& report) {
    if (!interruption.timed_out()) {
        console.error("stopped; run the same command again to continue");
        return exit_failed;
    }
    console.error(fmt::format("not every document is stored after {}{}; run the same command again to continue",
                              duration_of(arguments.timeout.value_or(milliseconds(0))),
                              report.reason.empty() ? "" : ": " + plain(report.reason)));
    return exit_timed_out;
}

// The exit status, after saying why not everything is embedded.
int end_early(Console& console, const IndexArguments& arguments, const WaitOutcome& outcome) {
    const std::string reason = plain(outcome.reason);
    switch (outcome.end) {
        case WaitEnd::needs_people:
            console.error(
                fmt::format("{}; the documents are stored: correct this, then run the same command again or a "
                            "worker",
                            reason));
            return exit_needs_people;
        case WaitEnd::timed_out:
            console.error(fmt::format(
                "not everything is embedded after {}{}; the documents are stored, and a worker or "
                "the same command continues",
                duration_of(arguments.timeout.value_or(milliseconds(0))), reason.empty() ? "" : ": " + reason));
            return exit_timed_out;
        default: break;
    }
    console.note(fmt::format("embedq: the catalog '{}' has no provider ({}), so search ranks by words",
                             arguments.catalog, reason.empty() ? "embedding.provider: none" : reason));
    return exit_done;
}

}  // namespace

int run_index(CommandContext& context, const IndexArguments& arguments) {
    Console& console = context.console;
    if (const Status valid = check_catalog_id(arguments.catalog); !valid) return show_error(context, valid.error());
    const auto interruption = context.listen_for_stop();
    const auto started = interruption->now();
    if (arguments.timeout) interruption->stop_at(started + *arguments.timeout);
    // The user wants to know soon, but a database that is just starting is worth a short wait.
    const OverdueStopScope opening(*interruption, while_opening());
    StoreWait try_again(console, *interruption, std::chrono::seconds(5));
    OpenRequest opening_request{.use = Use::works};
    opening_request.try_again = std::ref(try_again);
    opening_request.stop = interruption->token();
    if (arguments.timeout) opening_request.grace = grace_after_the_time;
    auto runtime = context.installation.open(opening_request);
    if (!runtime) return end_with(context, *interruption, arguments, runtime.error());
    try_again.available();
    const auto hanging = [&] {
        const std::string calls = (*runtime)->running_calls();
        return calls.empty() ? std::string("the reading of the documents") : calls;
    };
    const OverdueStopScope overdue(*interruption, {.interrupt = [&] { (*runtime)->interrupt(); }, .hanging = hanging});
    std::unique_ptr<fetch::Fetcher> fetcher;
    if (std::ranges::any_of(arguments.paths, fetch::is_url)) {
        auto made = (*runtime)->make_fetcher();
        if (!made) return show_error(context, made.error());
        fetcher = std::move(*made);
    }
    auto found = find_documents(arguments.paths, interruption->token(), fetcher.get());
    if (arguments.no_work && !(*runtime)->store_capabilities().multi_process) {
        console.error(
            fmt::format("--no-work leaves the embedding to workers, but the store '{}' exists in this process only; "
                        "omit --no-work, "
                        "or name another store, such as sqlite",
                        (*runtime)->store_name()));
        return exit_usage;
    }
    if (const Status named = settle_names((*runtime)->engine(), arguments.catalog, found); !named) {
        return end_with(context, *interruption, arguments, named.error());
    }
    for (const std::string& note : found.notes) console.note(fmt::format("embedq: {}", plain(note)));
    // Documents are stored and found by their words even while the provider does not answer, which is reported when it
    // is waited for: most of the time is left for them. A store that fails here fails below, too.
    const auto for_providers = arguments.timeout ? std::optional(*arguments.timeout / 4) : std::nullopt;
    static_cast<void>((*runtime)->apply_targets(interruption->token(), for_providers));
    std::optional<WorkStop> work_stop;
    if (!arguments.no_work) {
        if (const Status working = (*runtime)->start_work(TargetPolicy::as_configured); !working)
            return end_with(context, *interruption, arguments, working.error());
        work_stop.emplace(**runtime, interruption->token());
    }

    Progress progress(console, [&] { return interruption->now(); });
    IndexerSettings settings;
    settings.catalog_id = arguments.catalog;
    settings.fetcher = fetcher.get();
    StoreWait store_wait(console, *interruption, std::chrono::seconds(12));
    settings.try_again = std::ref(store_wait);
    settings.available = [&] { store_wait.available(); };
    auto report = put_documents((*runtime)->engine(), found.files, settings,
                                [&](const IndexReport& so_far) {
                                    progress.reading(so_far.documents + so_far.refused.size(), found.files.size(),
                                                     so_far.operations, (*runtime)->counters().texts_embedded);
                                },
                                interruption->token());
    if (!report) {
        (*runtime)->stop_work();
        return end_with(context, *interruption, arguments, report.error());
    }
    report->refused.insert(report->refused.begin(), found.refused.begin(), found.refused.end());

    WaitOutcome outcome;
    if (report->documents > 0 && !report->stopped) {
        WaitRequest request{arguments.catalog, report->spec_names, !arguments.no_work};
        auto waited = IndexWaiter(**runtime, *interruption, console, progress, std::move(request)).run();
        if (!waited) {
            (*runtime)->stop_work();
            return end_with(context, *interruption, arguments, waited.error());
        }
        outcome = std::move(*waited);
    }
    const bool stopped = report->stopped || outcome.end == WaitEnd::stopped;
    (*runtime)->stop_work();
    if (report->documents > 0 && (stopped || outcome.end == WaitEnd::timed_out)) {
        const auto settlement = (*runtime)->engine().settlement(arguments.catalog, report->spec_names);
        if (settlement) outcome.settlement = *settlement;
    }
    console.transient({});
    // The scheduler may have done other work of the same store meanwhile; it is not counted for this run.
    const std::size_t embedded =
        std::min<std::size_t>((*runtime)->counters().texts_embedded, outcome.settlement.vectors);
    const auto took = std::chrono::duration_cast<milliseconds>(interruption->now() - started);
    print_summary(context, arguments, *report, outcome, embedded, took);
    if (stopped) return end_stopped(console, *interruption, arguments, *report);
    if (report->documents == 0) {
        console.error(report->refused.empty() ? "nothing was indexed: the paths contain no *.json, *.yaml or *.yml file"
                      : found.files.empty()   ? "nothing was indexed: the paths contain no readable file"
                                              : "nothing was indexed: none of the files is an OpenAPI document");
        return exit_failed;
    }
    if (outcome.end != WaitEnd::settled) return end_early(console, arguments, outcome);
    return outcome.failed.empty() ? exit_done : exit_failed;
}

}  // namespace embedq::cli
