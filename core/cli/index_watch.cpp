#include "cli/index_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/folder_watch.h"
#include "cli/index_check.h"
#include "cli/index_pass.h"
#include "cli/index_report.h"
#include "cli/present.h"
#include "cli/store_wait.h"
#include "cli/work_stop.h"
#include "embedq/support/ids.h"

namespace embedq::cli {
namespace {

constexpr std::chrono::minutes rescan_interval{1};
constexpr std::chrono::milliseconds quiet_time{300};

// Leaves of a list what the last pass did not say, so that a fault that stays costs one line.
class NewLines {
public:
    template <class T, class Key>
    void keep_new(std::vector<T>& all, Key&& key) {
        std::erase_if(all, [&](const T& each) {
            std::string text = key(each);
            const bool known = before_.contains(text);
            now_.insert(std::move(text));
            return known;
        });
    }
    void end_pass() { before_ = std::exchange(now_, {}); }

private:
    std::set<std::string> before_;
    std::set<std::string> now_;
};

// What is named and does not exist is waited for: it is taken out of what is refused.
std::vector<std::string> take_awaited(IndexReport& report, const std::vector<std::string>& named) {
    std::vector<std::string> awaited;
    std::erase_if(report.refused, [&](const RefusedDocument& refused) {
        std::error_code error;
        const bool waits = std::ranges::count(named, refused.path) > 0 && !fetch::is_url(refused.path) &&
                           std::filesystem::status(refused.path, error).type() == std::filesystem::file_type::not_found;
        if (waits) awaited.push_back(refused.path);
        return waits;
    });
    return awaited;
}

void print_pass(CommandContext& context, const std::vector<std::string>& named, IndexReport& report,
                SyncReport& folders, NewLines& lines) {
    std::vector<std::string> awaited;
    if (!context.json) awaited = take_awaited(report, named);
    lines.keep_new(awaited, [](const std::string& path) { return "awaited " + path; });
    const auto refusal = [](const RefusedDocument& document) { return document.path + "\n" + document.reason; };
    lines.keep_new(report.refused, refusal);
    lines.keep_new(report.skipped, refusal);
    lines.keep_new(report.notes, [](const DocumentNotes& document) {
        return fmt::format("notes {} {} {}", document.path, document.operations_left_out, document.notes.size());
    });
    lines.keep_new(folders.kept, [](const KeptSpecs& kept) { return in_words(kept); });
    lines.end_pass();
    const std::size_t changed = report.documents - report.unchanged;
    if (context.json) {
        Json json{{"documents", report.documents}, {"changed", changed}};
        add_details(json, report, folders);
        context.console.print(dump(json));
        return;
    }
    for (const std::string& path : awaited)
        context.console.report(fmt::format("embedq: {} does not exist; it is waited for", plain(path)));
    print_details(context.console, report, folders);
    if (changed > 0 || !folders.removed.empty()) {
        context.console.print(fmt::format("{}: {} changed, {} removed", counted(report.documents, "document"),
                                          count_of(changed), count_of(folders.removed.size())));
    }
}

// A pass with its removals; it changes the catalog.
struct Step {
    IndexPass pass;
    SyncReport folders;
};

Result<Step> step(Engine& engine, const IndexArguments& arguments, const SyncPolicy& policy, fetch::Fetcher* fetcher,
                  const std::stop_token& stop) {
    IndexerSettings settings;
    settings.fetcher = fetcher;
    auto pass = index_pass(engine, arguments, policy, std::move(settings), stop);
    if (!pass) return std::unexpected(pass.error());
    Step done{.pass = std::move(*pass), .folders = {}};
    if (done.pass.report.stopped) return done;
    auto removed = done.pass.sync.remove(engine);
    if (!removed) return std::unexpected(removed.error());
    done.folders = std::move(*removed);
    return done;
}

}  // namespace

int run_index_watch(CommandContext& context, const IndexArguments& arguments) {
    if (const Status valid = check_catalog_id(arguments.catalog); !valid) return show_error(context, valid.error());
    const auto interruption = context.listen_for_stop();
    const std::stop_token stop = interruption->token();
    StoreWait try_again(context.console, *interruption);
    auto runtime = context.installation.open({.use = StoreUse::work, .try_again = std::ref(try_again), .stop = stop});
    if (stop.stop_requested()) return exit_done;
    if (!runtime) return show_error(context, runtime.error());
    try_again.available();
    const OverdueStopScope overdue(*interruption, overdue_stop_of(**runtime));
    std::unique_ptr<fetch::Fetcher> fetcher;
    if (std::ranges::any_of(arguments.paths, fetch::is_url)) {
        auto made = (*runtime)->make_fetcher();
        if (!made) return show_error(context, made.error());
        fetcher = std::move(*made);
    }
    static_cast<void>((*runtime)->apply_targets(stop, std::nullopt));
    std::optional<WorkStop> work_stop;
    if (!arguments.no_work) {
        if (const Status working = (*runtime)->start_work(TargetPolicy::as_configured); !working)
            return show_error(context, working.error());
        work_stop.emplace(**runtime, stop);
    }
    RemovalHistory removals;
    SyncPolicy policy = sync_policy(arguments, (*runtime)->store_capabilities());
    policy.history = &removals;
    FolderWatch watch;
    NewLines lines;
    std::string problem;
    while (!stop.stop_requested()) {
        // Watched first, so that no change falls between the look and the watch.
        watch.watch(find_documents(arguments.paths, stop, fetcher.get()).walked, arguments.paths);
        if (watch.problem() != problem && !watch.problem().empty())
            context.console.note(
                fmt::format("embedq: {}; it is looked at every {}", watch.problem(), duration_of(rescan_interval)));
        problem = watch.problem();
        auto done = step((*runtime)->engine(), arguments, policy, fetcher.get(), stop);
        if (!done && done.error().kind == ErrorKind::unavailable && try_again(done.error())) continue;
        if (!done && !stop.stop_requested()) return show_error(context, done.error());
        if (done) {
            try_again.available();
            print_pass(context, arguments.paths, done->pass.report, done->folders, lines);
            if (!context.console.flush()) break;  // nobody reads what it says
        }
        static_cast<void>(watch.wait(rescan_interval, quiet_time, stop));
    }
    (*runtime)->stop_work();
    return exit_done;
}

}  // namespace embedq::cli
