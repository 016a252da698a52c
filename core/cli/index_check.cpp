#include "cli/index_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalog/document.h"
#include "catalog/hash.h"
#include "cli/index_pass.h"
#include "cli/index_report.h"
#include "cli/present.h"
#include "embedq/support/ids.h"

namespace embedq::cli {
namespace {

using PutResults = std::vector<Result<PutResult>>;

// What a put would do, and whether the document can be read at all.
Result<PutResult> outcome_of(Engine& engine, const SpecInput& input, const std::stop_token& stop) {
    const auto known = engine.spec(input.catalog_id, input.spec_name);
    if (!known && known.error().kind != ErrorKind::not_found) return std::unexpected(known.error());
    PutResult result;
    result.outcome = known || !input.renamed_from.empty() ? PutOutcome::changed : PutOutcome::created;
    if (known && known->content_hash == catalog::sha256(input.content) &&
        known->text_version == catalog::text_version && known->source_kind == input.source_kind &&
        known->source == input.source && known->etag == input.etag && known->record.root == input.root &&
        known->record.path == input.path) {
        result.outcome = PutOutcome::unchanged;
        return result;
    }
    const auto document = catalog::parse_document(input.content, {}, {.stop = stop});
    if (!document) return std::unexpected(document.error());
    result.operations_left_out = document->operations_left_out;
    result.notes = document->notes;
    return result;
}

struct Changes {
    std::vector<std::string> created;
    std::vector<std::string> changed;
    std::size_t unchanged = 0;
};

Changes changes_of(const IndexReport& report) {
    std::set<std::string> renamed;
    for (const RenamedSpec& spec : report.renamed) renamed.insert(spec.to);
    Changes changes;
    for (std::size_t i = 0; i < report.spec_names.size(); ++i) {
        const std::string& name = report.spec_names[i];
        if (renamed.contains(name)) continue;
        switch (report.outcomes[i]) {
            case PutOutcome::unchanged: ++changes.unchanged; break;
            case PutOutcome::changed: changes.changed.push_back(name); break;
            case PutOutcome::created: changes.created.push_back(name); break;
        }
    }
    return changes;
}

void print_text(Console& console, const IndexReport& report, const Changes& changes, const SyncReport& folders,
                bool in_step) {
    for (const std::string& name : changes.created) console.print(fmt::format("new      {}", name));
    for (const std::string& name : changes.changed) console.print(fmt::format("changed  {}", name));
    for (const RenamedSpec& spec : report.renamed) console.print(fmt::format("renamed  {} to {}", spec.from, spec.to));
    for (const GoneSpec& gone : folders.removed) console.print(fmt::format("gone     {}", gone.spec_name));
    for (const KeptSpecs& kept : folders.kept) console.print(in_words(kept));
    for (const RefusedDocument& refused : report.refused)
        console.print(fmt::format("refused  {}: {}", plain(refused.path), plain(refused.reason)));
    std::size_t kept = 0;
    for (const KeptSpecs& each : folders.kept) kept += each.specs.size();
    console.print(fmt::format("{}: {} unchanged, {} new, {} changed, {} renamed, {} gone, {} refused, {} skipped{}",
                              in_step ? "in step" : "not in step", count_of(changes.unchanged),
                              count_of(changes.created.size()), count_of(changes.changed.size()),
                              count_of(report.renamed.size()), count_of(folders.removed.size()),
                              count_of(report.refused.size()), count_of(report.skipped.size()),
                              kept == 0 ? "" : fmt::format(", {} kept without a file", count_of(kept))));
}

}  // namespace

SyncPolicy sync_policy(const IndexArguments& arguments, const StoreCapabilities& capabilities) {
    // A store that has a clock of its own is a server, which other machines use, too.
    return {.removes = !capabilities.own_clock || arguments.remove_missing, .confirmed = arguments.yes};
}

int run_index_check(CommandContext& context, const IndexArguments& arguments) {
    if (const Status valid = check_catalog_id(arguments.catalog); !valid) return show_error(context, valid.error());
    const auto interruption = context.listen_for_stop();
    auto runtime = context.installation.open({.stop = interruption->token()});
    if (!runtime) return show_error(context, runtime.error());
    const OverdueStopScope overdue(*interruption, overdue_stop_of(**runtime));
    Engine& engine = (*runtime)->engine();
    std::unique_ptr<fetch::Fetcher> fetcher;
    if (std::ranges::any_of(arguments.paths, fetch::is_url)) {
        auto made = (*runtime)->make_fetcher();
        if (!made) return show_error(context, made.error());
        fetcher = std::move(*made);
    }
    IndexerSettings settings;
    settings.fetcher = fetcher.get();
    settings.put = [&](std::span<const SpecInput> inputs) -> Result<PutResults> {
        PutResults results;
        for (const SpecInput& input : inputs) results.push_back(outcome_of(engine, input, interruption->token()));
        return results;
    };
    const SyncPolicy policy = sync_policy(arguments, (*runtime)->store_capabilities());
    const auto pass = index_pass(engine, arguments, policy, std::move(settings), interruption->token());
    if (!pass) return show_error(context, pass.error());
    const IndexReport& report = pass->report;
    if (report.stopped) {
        context.console.error("stopped before every document was compared");
        return exit_failed;
    }
    const SyncReport folders = pass->sync.plan();
    const Changes changes = changes_of(report);
    const bool in_step = changes.created.empty() && changes.changed.empty() && report.renamed.empty() &&
                         folders.removed.empty() && report.refused.empty() && !needs_confirmation(folders);
    if (context.json) {
        Json json{{"in_step", in_step},
                  {"new", changes.created},
                  {"changed", changes.changed},
                  {"unchanged", changes.unchanged}};
        add_details(json, report, folders);
        context.console.print(dump(json));
    } else {
        print_text(context.console, report, changes, folders, in_step);
    }
    return in_step ? exit_done : exit_failed;
}

}  // namespace embedq::cli
