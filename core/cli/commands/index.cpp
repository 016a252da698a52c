#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/indexer.h"
#include "cli/present.h"
#include "cli/progress.h"
#include "cli/store_wait.h"
#include "embedq/support/ids.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds shortest_wait{100};
constexpr milliseconds failures_interval{500};
constexpr milliseconds stall_after{3'000};
constexpr milliseconds longest_drain{10'000};
// Between two queries of the progress, this many times the duration of the query passes, so that it slows the work
// down little.
constexpr int pause_factor = 10;
constexpr std::size_t max_listed_refusals = 20;

// The state of the texts of the specs that were put.
struct Outcome {
    Settlement settlement;
    std::vector<SpecStatus> failed;
    bool stopped = false;
    bool no_provider = false;
};

bool is_open(const SpecStatus& status) {
    return status.job && (status.job->status == JobStatus::pending || status.job->status == JobStatus::running);
}

bool is_unsettled(const SpecStatus& status) {
    return status.embedding_count + status.refused_count < status.operation_count;
}

// Waits until every text of the specs is settled, or no job is left that would settle the rest. Queries only these
// specs, and not often.
class Waiter {
public:
    Waiter(Runtime& runtime, Interruption& interruption, Console& console, Progress& progress, std::string catalog,
           std::vector<std::string> names)
        : runtime_(runtime),
          interruption_(interruption),
          console_(console),
          progress_(progress),
          catalog_(std::move(catalog)),
          names_(std::move(names)) {}

    Result<Outcome> run() {
        const auto catalog = runtime_.engine().catalog(catalog_);
        if (!catalog) return std::unexpected(catalog.error());
        // Querying the whole catalog is cheaper than each of its specs by name.
        if (catalog->spec_count == names_.size()) names_.clear();
        Outcome outcome;
        outcome.no_provider = !catalog->target_profile;
        next_failures_ = moved_at_ = interruption_.now();
        while (true) {
            const auto before = interruption_.now();
            const auto settlement = runtime_.engine().settlement(catalog_, names_);
            if (!settlement) return std::unexpected(settlement.error());
            const auto cost = interruption_.now() - before;
            note_progress(*settlement);
            outcome.settlement = *settlement;
            if (outcome.no_provider || settlement->missing() == 0) break;
            const auto hopeless = is_hopeless(cost);
            if (!hopeless) return std::unexpected(hopeless.error());
            if (*hopeless) break;
            report_stall();
            if (!wait_for(std::max<steady_clock::duration>(shortest_wait, cost * pause_factor))) {
                outcome.stopped = true;
                return outcome;
            }
        }
        return finish(std::move(outcome));
    }

private:
    void note_progress(const Settlement& settlement) {
        const std::size_t settled = settlement.vectors + settlement.refusals;
        if (settled != settled_) moved_at_ = interruption_.now();
        settled_ = settled;
        progress_.embedding(settled, settlement.distinct_texts);
    }

    // True when texts are missing and no job would embed them. Lost jobs are enqueued again, once.
    Result<bool> is_hopeless(steady_clock::duration cost) {
        const auto now = interruption_.now();
        if (now < next_failures_) return false;
        const auto statuses = runtime_.engine().statuses(catalog_, names_);
        if (!statuses) return std::unexpected(statuses.error());
        const auto spent = std::max(cost, interruption_.now() - now);
        next_failures_ =
            interruption_.now() + std::max<steady_clock::duration>(failures_interval, spent * pause_factor);
        bool jobless = false;
        for (const SpecStatus& status : *statuses) {
            if (!is_unsettled(status)) continue;
            if (is_open(status)) return false;
            jobless = jobless || !status.job || status.job->status == JobStatus::succeeded;
        }
        // The missing texts may have been settled between the two queries; the next round sees it.
        if (std::ranges::none_of(*statuses, is_unsettled)) return false;
        if (!jobless || reconciled_) return true;
        reconciled_ = true;
        const auto enqueued = runtime_.engine().reconcile(catalog_);
        if (!enqueued) return std::unexpected(enqueued.error());
        return false;
    }

    void report_stall() {
        const auto now = interruption_.now();
        if (now - moved_at_ < stall_after || now < next_stall_) return;
        next_stall_ = now + stall_after;
        const auto endpoints = runtime_.endpoint_states();
        if (!endpoints) return;
        for (const EndpointState& endpoint : *endpoints) {
            std::string line = fmt::format("{} is paused: {}", endpoint.endpoint, to_string(endpoint));
            if (endpoint.cool_down.count() <= 0 || endpoint.reason.empty() || line == reported_stall_) continue;
            reported_stall_ = std::move(line);
            console_.error(reported_stall_);
            return;
        }
    }

    // In steps, because the scheduler of this process may run out of work earlier.
    bool wait_for(steady_clock::duration duration) {
        const auto end = interruption_.now() + duration;
        bool busy = runtime_.counters().jobs_held > 0;
        do {
            if (!interruption_.wait_for(shortest_wait)) return false;
            const bool still = runtime_.counters().jobs_held > 0;
            if (busy && !still) return true;
            busy = still;
        } while (interruption_.now() < end);
        return true;
    }

    // The last vector is stored a moment before its job ends. If the scheduler stopped in between, the job would be
    // released and shown as queued.
    Result<Outcome> finish(Outcome outcome) {
        const auto end = interruption_.now() + longest_drain;
        while (!outcome.no_provider && outcome.settlement.missing() == 0) {
            const auto health = runtime_.engine().health(catalog_);
            if (!health) return std::unexpected(health.error());
            if (health->empty() || health->front().specs_pending + health->front().specs_running == 0) break;
            const auto statuses = runtime_.engine().statuses(catalog_, names_);
            if (!statuses) return std::unexpected(statuses.error());
            if (std::ranges::none_of(*statuses, is_open) || interruption_.now() > end) break;
            if (!interruption_.wait_for(shortest_wait)) break;
        }
        if (outcome.no_provider || (outcome.settlement.missing() == 0 && outcome.settlement.refusals == 0))
            return outcome;
        auto statuses = runtime_.engine().statuses(catalog_, names_);
        if (!statuses) return std::unexpected(statuses.error());
        for (SpecStatus& status : *statuses) {
            if (is_unsettled(status) || status.refused_count > 0) outcome.failed.push_back(std::move(status));
        }
        return outcome;
    }

    Runtime& runtime_;
    Interruption& interruption_;
    Console& console_;
    Progress& progress_;
    const std::string catalog_;
    std::vector<std::string> names_;
    steady_clock::time_point next_failures_;
    steady_clock::time_point next_stall_;
    steady_clock::time_point moved_at_;
    std::size_t settled_ = 0;
    bool reconciled_ = false;
    std::string reported_stall_;
};

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
                   const Outcome& outcome, std::size_t embedded, milliseconds took) {
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

}  // namespace

int run_index(CommandContext& context, const IndexArguments& arguments) {
    Console& console = context.console;
    if (const Status valid = check_catalog_id(arguments.catalog); !valid) return show_error(context, valid.error());
    const auto interruption = context.listen_for_stop();
    const auto started = interruption->now();
    // The user wants to know soon, but a database that is just starting is worth a short wait.
    StoreWait try_again(console, *interruption, std::chrono::seconds(5));
    auto runtime = context.installation.open({.try_again = std::ref(try_again), .stop = interruption->token()});
    if (!runtime) return show_error(context, runtime.error());
    try_again.available();
    const OverdueStopScope overdue(*interruption, {.interrupt = [&] { (*runtime)->interrupt(); },
                                                   .hanging = [&] { return (*runtime)->hanging(); }});
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
        return show_error(context, named.error());
    }
    for (const std::string& note : found.notes) console.note(fmt::format("embedq: {}", plain(note)));
    // Documents are stored and found by their words even while the provider does not answer.
    const Status applied = (*runtime)->apply_targets(interruption->token(), std::nullopt);
    if (!applied && !interruption->token().stop_requested()) console.error(to_string(applied.error()));
    if (!arguments.no_work) {
        if (const Status working = (*runtime)->start_work(TargetPolicy::as_configured); !working)
            return show_error(context, working.error());
    }

    Progress progress(console, [&] { return interruption->now(); });
    IndexerSettings settings;
    settings.catalog_id = arguments.catalog;
    settings.fetcher = fetcher.get();
    auto report = put_documents((*runtime)->engine(), found.files, settings,
                                [&](const IndexReport& so_far) {
                                    progress.reading(so_far.documents + so_far.refused.size(), found.files.size(),
                                                     so_far.operations, (*runtime)->counters().texts_embedded);
                                },
                                interruption->token());
    if (!report) {
        (*runtime)->stop_work();
        return show_error(context, report.error());
    }
    report->refused.insert(report->refused.begin(), found.refused.begin(), found.refused.end());

    Outcome outcome;
    if (report->documents > 0 && !report->stopped) {
        Waiter waiter(**runtime, *interruption, console, progress, arguments.catalog, report->spec_names);
        auto waited = waiter.run();
        if (!waited) {
            (*runtime)->stop_work();
            return show_error(context, waited.error());
        }
        outcome = std::move(*waited);
    }
    const bool stopped = report->stopped || outcome.stopped;
    (*runtime)->stop_work();
    if (stopped && report->documents > 0) {
        const auto settlement = (*runtime)->engine().settlement(arguments.catalog, report->spec_names);
        if (settlement) outcome.settlement = *settlement;
    }
    console.transient({});
    // The scheduler may have done other work of the same store meanwhile; it is not counted for this run.
    const std::size_t embedded =
        std::min<std::size_t>((*runtime)->counters().texts_embedded, outcome.settlement.vectors);
    const auto took = std::chrono::duration_cast<milliseconds>(interruption->now() - started);
    print_summary(context, arguments, *report, outcome, embedded, took);
    if (stopped) {
        console.error("stopped; run the same command again to continue");
        return exit_failed;
    }
    if (report->documents == 0) {
        console.error(report->refused.empty() ? "nothing was indexed: the paths contain no *.json, *.yaml or *.yml file"
                      : found.files.empty()   ? "nothing was indexed: the paths contain no readable file"
                                              : "nothing was indexed: none of the files is an OpenAPI document");
        return exit_failed;
    }
    if (outcome.no_provider) {
        if (!applied) return exit_failed;
        console.note(
            fmt::format("embedq: the catalog '{}' has no provider (embedding.provider: none), so search ranks by words",
                        arguments.catalog));
    }
    return outcome.failed.empty() ? exit_done : exit_failed;
}

}  // namespace embedq::cli
