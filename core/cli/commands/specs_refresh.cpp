#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/commands.h"
#include "cli/indexer.h"
#include "cli/present.h"
#include "cli/store_wait.h"
#include "cli/unknown_name.h"
#include "embedq/support/ids.h"

namespace embedq::cli {
namespace {

enum class RefreshOutcome : std::uint8_t { changed, unchanged, failed };

std::string_view outcome_name(RefreshOutcome outcome) {
    switch (outcome) {
        case RefreshOutcome::changed: return "changed";
        case RefreshOutcome::unchanged: return "unchanged";
        case RefreshOutcome::failed: return "failed";
    }
    return "failed";
}

Colour colour_of(RefreshOutcome outcome) {
    switch (outcome) {
        case RefreshOutcome::changed: return Colour::green;
        case RefreshOutcome::unchanged: return Colour::grey;
        case RefreshOutcome::failed: return Colour::red;
    }
    return Colour::red;
}

// The outcome of one spec.
struct Line {
    std::string catalog;
    std::string spec;
    std::string source;
    RefreshOutcome outcome = RefreshOutcome::failed;
    std::string reason;  // of a failure
};

struct Counts {
    std::size_t changed = 0, unchanged = 0, failed = 0;
};

std::string source_in(const FoundDocuments& found, const std::string& spec) {
    for (const DocumentFile& file : found.files) {
        if (file.spec_name == spec) return file.path;
    }
    return {};
}

void print_lines(CommandContext& context, const std::vector<Line>& lines, const Counts& counts, bool stopped) {
    Console& console = context.console;
    if (context.json) {
        Json specs = Json::array();
        for (const Line& line : lines) {
            Json spec = {{"catalog_id", line.catalog},
                         {"spec_name", line.spec},
                         {"source_url", line.source},
                         {"outcome", outcome_name(line.outcome)}};
            if (!line.reason.empty()) spec["reason"] = line.reason;
            specs.push_back(std::move(spec));
        }
        console.print(dump({{"specs", std::move(specs)},
                            {"changed", counts.changed},
                            {"unchanged", counts.unchanged},
                            {"failed", counts.failed},
                            {"stopped", stopped}}));
        return;
    }
    for (const Line& line : lines) {
        const std::string outcome =
            console.paint(colour_of(line.outcome), fmt::format("{:9}", outcome_name(line.outcome)));
        const std::string reason =
            line.reason.empty() ? "" : fmt::format(": {} {}", plain(line.source), plain(line.reason));
        console.print(fmt::format("{} {}/{}{}", outcome, line.catalog, line.spec, reason));
    }
    if (lines.empty()) {
        console.print("no spec came from a URL");
    } else {
        console.print(fmt::format("{}: {} changed, {} unchanged, {} failed", counted(lines.size(), "spec"),
                                  count_of(counts.changed), count_of(counts.unchanged), count_of(counts.failed)));
    }
}

Result<std::vector<std::string>> catalogs_of(Engine& engine, const std::string& named) {
    if (!named.empty()) {
        const auto catalog = engine.catalog(named);
        if (!catalog) return std::unexpected(catalog.error());
        return std::vector{named};
    }
    const auto all = engine.catalogs();
    if (!all) return std::unexpected(all.error());
    std::vector<std::string> ids;
    for (const CatalogInfo& catalog : *all) ids.push_back(catalog.catalog_id);
    return ids;
}

// Appends a line for each spec of the catalog. Returns whether it was stopped.
Result<bool> refresh(Engine& engine, fetch::Fetcher& fetcher, const std::string& catalog,
                     const SpecsRefreshArguments& arguments, StoreWait& store_wait, std::stop_token stop,
                     std::vector<Line>& lines) {
    auto stored = find_stored_urls(engine, catalog, arguments.spec, fetcher);
    if (!stored) return std::unexpected(stored.error());
    if (arguments.every) prepare_refresh(*stored, *arguments.every);
    const FoundDocuments& found = *stored;
    IndexerSettings settings;
    settings.catalog_id = catalog;
    settings.fetcher = &fetcher;
    settings.refresh = arguments.every;
    settings.only_stored = true;
    settings.try_again = std::ref(store_wait);
    settings.available = [&] { store_wait.available(); };
    settings.batch_documents = 1;  // each document is stored, even if the next one fails
    const auto report = put_documents(engine, found.files, settings, {}, std::move(stop));
    if (!report) return std::unexpected(report.error());
    for (std::size_t i = 0; i < report->spec_names.size(); ++i) {
        const bool same = report->outcomes[i] == PutOutcome::unchanged;
        const std::string& name = report->spec_names[i];
        lines.push_back(
            {catalog, name, source_in(found, name), same ? RefreshOutcome::unchanged : RefreshOutcome::changed, {}});
    }
    for (const auto* refused : {&found.refused, &report->refused}) {
        for (const RefusedDocument& document : *refused) {
            lines.push_back({catalog, document.spec_name, document.path, RefreshOutcome::failed, document.reason});
        }
    }
    return report->stopped;
}

}  // namespace

int run_specs_refresh(CommandContext& context, const SpecsRefreshArguments& given) {
    SpecsRefreshArguments arguments = given;
    if (!arguments.spec.empty() && arguments.catalog.empty()) arguments.catalog = "default";
    if (!arguments.catalog.empty()) {
        if (const Status valid = check_catalog_id(arguments.catalog); !valid) return show_error(context, valid.error());
    }
    const auto interruption = context.listen_for_stop();
    auto runtime = context.installation.open({.use = StoreUse::write, .stop = interruption->token()});
    if (!runtime) return show_error(context, runtime.error());
    const OverdueStopScope overdue(*interruption, overdue_stop_of(**runtime));
    const auto fetcher = (*runtime)->make_fetcher();
    if (!fetcher) return show_error(context, fetcher.error());
    Engine& engine = (*runtime)->engine();
    const auto catalogs = catalogs_of(engine, arguments.catalog);
    if (!catalogs) return show_error(context, with_nearest_name(engine, catalogs.error(), arguments.catalog));

    StoreWait store_wait(context.console, *interruption, std::chrono::seconds(12));
    std::vector<Line> lines;
    bool stopped = false;
    for (const std::string& catalog : *catalogs) {
        const auto ended = refresh(engine, **fetcher, catalog, arguments, store_wait, interruption->token(), lines);
        if (!ended) {
            const auto spec = arguments.spec.empty() ? std::nullopt : std::optional(arguments.spec);
            return show_error(context, with_nearest_name(engine, ended.error(), catalog, spec));
        }
        stopped = *ended;
        if (stopped) break;
    }
    Counts counts;
    for (const Line& line : lines) {
        switch (line.outcome) {
            case RefreshOutcome::changed: ++counts.changed; break;
            case RefreshOutcome::unchanged: ++counts.unchanged; break;
            case RefreshOutcome::failed: ++counts.failed; break;
        }
    }
    print_lines(context, lines, counts, stopped);
    if (stopped) context.console.error("stopped; run the same command again to continue");
    return stopped || counts.failed > 0 ? exit_failed : exit_done;
}

}  // namespace embedq::cli
