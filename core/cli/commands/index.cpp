#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "cli/commands.h"
#include "cli/confirmation.h"
#include "cli/folder_sync.h"
#include "cli/index_check.h"
#include "cli/index_report.h"
#include "cli/index_waiter.h"
#include "cli/index_watch.h"
#include "cli/indexer.h"
#include "cli/present.h"
#include "cli/progress.h"
#include "cli/store_wait.h"
#include "cli/work_stop.h"
#include "embedq/support/ids.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

// For calls in flight when the time of `--timeout` is over.
constexpr milliseconds grace_after_the_time{2'000};
// While documents are stored, a database may restart or fail over to a standby, and somebody may free a full disk.
constexpr std::chrono::minutes longest_outage{5};

std::string reason_of(const SpecStatus& status) {
    if (status.job && !status.job->last_error.empty()) return status.job->last_error;
    if (status.job && status.job->status == JobStatus::cancelled)
        return "its job was cancelled; embedq specs reembed enqueues a new one";
    if (status.refused_count > 0) return fmt::format("the provider refused {} of its operations", status.refused_count);
    return "it has no job; embedq specs reembed enqueues one";
}

// Who made the vectors of the documents' texts.
struct Vectors {
    std::size_t here = 0;        // by this process, now
    std::size_t by_workers = 0;  // by others, since the documents were put
    std::size_t before = 0;
};

// With `--no-work`: how many texts had a vector when their documents had just been put.
class VectorsBefore {
public:
    VectorsBefore(Engine& engine, const IndexArguments& arguments, StoreWait& store_wait)
        : engine_(engine), arguments_(arguments), store_wait_(store_wait) {}

    void count(std::span<const std::string> specs_so_far) {
        if (!arguments_.no_work || specs_so_far.size() == counted_) return;
        const auto settlement =
            store_wait_.ask([&] { return engine_.settlement(arguments_.catalog, specs_so_far.subspan(counted_)); });
        counted_ = specs_so_far.size();
        if (settlement) vectors_ += settlement->vectors;
    }
    [[nodiscard]] Vectors split(const Settlement& now, std::size_t embedded) const {
        // The scheduler may have done other work of the same store meanwhile; it is not counted for this run.
        const std::size_t here = std::min(embedded, now.vectors);
        const std::size_t before = arguments_.no_work ? std::min(vectors_, now.vectors) : now.vectors - here;
        return {.here = here, .by_workers = now.vectors - std::min(now.vectors, here + before), .before = before};
    }

private:
    Engine& engine_;
    const IndexArguments& arguments_;
    StoreWait& store_wait_;
    std::size_t counted_ = 0;
    std::size_t vectors_ = 0;
};

Json outcome_json(const IndexReport& report, const SyncReport& folders, const Settlement& settlement,
                  const Vectors& vectors, milliseconds took) {
    Json json{{"documents", report.documents}, {"parts", report.parts}};
    add_details(json, report, folders);
    json.update({{"operations", report.operations},
                 {"distinct_texts", settlement.distinct_texts},
                 {"embedded", vectors.here},
                 {"embedded_by_workers", vectors.by_workers},
                 {"reused", vectors.before},
                 {"cut", settlement.cut},
                 {"seconds", static_cast<double>(took.count()) / 1000.0}});
    return json;
}

void print_summary(CommandContext& context, const IndexArguments& arguments, const IndexReport& report,
                   const SyncReport& folders, const WaitOutcome& outcome, const Vectors& vectors, milliseconds took) {
    Console& console = context.console;
    print_details(console, report, folders);
    if (context.json) {
        console.print(dump(outcome_json(report, folders, outcome.settlement, vectors, took)));
    } else if (report.documents > 0) {
        const std::string embedded = arguments.no_work
                                         ? fmt::format("{} embedded by workers", count_of(vectors.by_workers))
                                         : fmt::format("{} embedded now", count_of(vectors.here));
        const std::string parts = report.parts == 0 ? "" : fmt::format(" with {}", counted(report.parts, "part"));
        console.print(fmt::format("{} of {}{} {} in the catalog '{}': {}, {}, {} had vectors, {}",
                                  counted(report.operations, "operation"), counted(report.documents, "document"), parts,
                                  report.operations == 1 ? "is" : "are", arguments.catalog,
                                  counted(outcome.settlement.distinct_texts, "distinct text"), embedded,
                                  count_of(vectors.before), duration_of(took)));
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

// After the store failed before all documents were put.
int end_unstored(CommandContext& context, const Interruption& interruption, const IndexArguments& arguments,
                 const Error& error, std::size_t stored, std::size_t all) {
    const int status = end_with(context, interruption, arguments, error);
    context.console.error(fmt::format("stored {} of {}; run the same command again for the others", count_of(stored),
                                      counted(all, "document")));
    if (context.json)
        context.console.print(dump({{"documents", stored}, {"not_stored", all - stored}, {"error", to_string(error)}}));
    return status;
}

// Asks where somebody can answer; otherwise `--yes` does.
void confirm_removal(CommandContext& context, FolderSync& sync) {
    const SyncReport plan = sync.plan();
    if (!needs_confirmation(plan) || !can_ask(context)) return;
    std::size_t specs = 0;
    for (const KeptSpecs& kept : plan.kept) {
        if (kept.why == KeptFor::policy) continue;
        specs += kept.specs.size();
        context.console.report(in_words(kept));
    }
    if (ask(context, fmt::format("Remove {}?", counted(specs, "spec"))) == Consent::yes) sync.confirm();
}

std::string why_nothing(const FoundDocuments& found, const IndexReport& report) {
    if (!report.refused.empty()) return "nothing was indexed: what was named is refused, for the reasons above";
    return found.files.empty() ? "nothing was indexed: the paths contain no *.json, *.yaml or *.yml file"
                               : "nothing was indexed: none of the files is an OpenAPI document";
}

Status check_refresh(const IndexArguments& arguments) {
    if (!arguments.refresh || std::ranges::any_of(arguments.paths, fetch::is_url)) return {};
    return fail(ErrorKind::invalid_argument, "--refresh is the interval of URLs, and none is named",
                "name one, or follow a folder by --watch");
}

}  // namespace

int run_index(CommandContext& context, const IndexArguments& arguments) {
    if (const Status valid = check_refresh(arguments); !valid) return show_error(context, valid.error());
    if (arguments.check) return run_index_check(context, arguments);
    if (arguments.watch) return run_index_watch(context, arguments);
    Console& console = context.console;
    if (const Status valid = check_catalog_id(arguments.catalog); !valid) return show_error(context, valid.error());
    const auto interruption = context.listen_for_stop();
    const auto started = interruption->now();
    if (arguments.timeout) interruption->stop_at(started + *arguments.timeout);
    // The user wants to know soon, but a database that is just starting is worth a short wait.
    const OverdueStopScope opening(*interruption, while_opening());
    StoreWait try_again(console, *interruption, std::chrono::seconds(5));
    OpenRequest opening_request{.use = StoreUse::work};
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
    StoreWait store_wait(console, *interruption, longest_outage);
    const Status named = store_wait.ask([&] { return settle_names((*runtime)->engine(), arguments.catalog, found); });
    if (!named) {
        return end_with(context, *interruption, arguments, named.error());
    }
    if (arguments.refresh) prepare_refresh(found, *arguments.refresh);
    for (const std::string& note : found.notes) console.note(fmt::format("embedq: {}", plain(note)));
    const auto new_catalog = store_wait.ask([&] { return new_catalog_note((*runtime)->engine(), arguments.catalog); });
    if (!new_catalog) return end_with(context, *interruption, arguments, new_catalog.error());
    if (!new_catalog->empty()) console.note(fmt::format("embedq: {}", *new_catalog));
    const SyncPolicy policy = sync_policy(arguments, (*runtime)->store_capabilities());
    auto sync =
        store_wait.ask([&] { return FolderSync::look((*runtime)->engine(), arguments.catalog, found, policy); });
    if (!sync) return end_with(context, *interruption, arguments, sync.error());
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
    settings.refresh = arguments.refresh;
    settings.try_again = std::ref(store_wait);
    settings.available = [&] { store_wait.available(); };
    settings.renamed_from = [&](const DocumentFile& file, const Sha256& hash) {
        return sync->renamed_from(file, hash);
    };
    std::size_t stored = 0;
    VectorsBefore before((*runtime)->engine(), arguments, store_wait);
    auto report = put_documents((*runtime)->engine(), found.files, settings,
                                [&](const IndexReport& so_far) {
                                    stored = so_far.documents;
                                    before.count(so_far.spec_names);
                                    progress.reading(so_far.documents + so_far.refused.size(), found.files.size(),
                                                     so_far.operations, (*runtime)->counters().texts_embedded);
                                },
                                interruption->token());
    if (!report) {
        (*runtime)->stop_work();
        return end_unstored(context, *interruption, arguments, report.error(), stored, found.files.size());
    }
    report->refused.insert(report->refused.begin(), found.refused.begin(), found.refused.end());
    report->skipped.insert(report->skipped.begin(), found.skipped.begin(), found.skipped.end());
    SyncReport folders;
    if (!report->stopped) {
        sync->found_again(report->spec_names);
        confirm_removal(context, *sync);
        auto removed = sync->remove((*runtime)->engine(), &store_wait);
        if (!removed) {
            (*runtime)->stop_work();
            return end_with(context, *interruption, arguments, removed.error());
        }
        folders = std::move(*removed);
    }

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
    const Vectors vectors = before.split(outcome.settlement, (*runtime)->counters().texts_embedded);
    const auto took = std::chrono::duration_cast<milliseconds>(interruption->now() - started);
    print_summary(context, arguments, *report, folders, outcome, vectors, took);
    if (stopped) return end_stopped(console, *interruption, arguments, *report);
    const bool is_whole = report->refused.empty() && !needs_confirmation(folders);
    if (report->documents == 0 && folders.removed.empty()) {
        console.error(why_nothing(found, *report));
        return exit_failed;
    }
    if (report->documents == 0) return is_whole ? exit_done : exit_failed;
    if (outcome.end != WaitEnd::settled) {
        const int status = end_early(console, arguments, outcome);
        return status == exit_done && !is_whole ? exit_failed : status;
    }
    return outcome.failed.empty() && is_whole ? exit_done : exit_failed;
}

}  // namespace embedq::cli
