#include <fmt/format.h>

#include <optional>
#include <vector>

#include "cli/commands.h"
#include "cli/confirmation.h"
#include "cli/model_change.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

// A catalog that is to get another target, or none.
struct PlannedChange {
    std::string catalog;
    std::optional<EmbeddingEstimate> work;  // nothing: embedding is turned off
};

Result<std::vector<PlannedChange>> plan_changes(Engine& engine) {
    const auto catalogs = engine.catalogs();
    if (!catalogs) return std::unexpected(catalogs.error());
    std::vector<PlannedChange> changes;
    for (const CatalogInfo& catalog : *catalogs) {
        auto work = engine.estimate(catalog.catalog_id, EstimateFor::configuration);
        const bool turned_off = !work && work.error().kind == ErrorKind::conflict;
        if (!work && !turned_off) return std::unexpected(work.error());
        if (turned_off && catalog.target_profile) changes.push_back({catalog.catalog_id, std::nullopt});
        if (work && work->changes_target) changes.push_back({catalog.catalog_id, std::move(*work)});
    }
    return changes;
}

void print_plan(Console& console, const std::vector<PlannedChange>& changes) {
    for (const PlannedChange& change : changes) {
        const std::string what = change.work
                                     ? fmt::format("{}: {}", in_words(change.work->profile), in_words(*change.work))
                                     : "no provider: search ranks it by words";
        console.print(fmt::format("{} to {}", change.catalog, plain(what)));
    }
}

Json plan_json(const std::vector<PlannedChange>& changes, bool applied) {
    Json list = Json::array();
    for (const PlannedChange& change : changes) {
        Json entry{{"catalog_id", change.catalog}, {"estimate", nullptr}};
        if (change.work) entry["estimate"] = cli::json_of(*change.work);
        list.push_back(std::move(entry));
    }
    return {{"changes", std::move(list)}, {"applied", applied}};
}

}  // namespace

int run_config_apply(CommandContext& context, const ConfigApplyArguments& arguments) {
    auto runtime = context.installation.open({.use = StoreUse::write});
    if (!runtime) return show_error(context, runtime.error());
    const auto changes = plan_changes((*runtime)->engine());
    if (!changes) return show_error(context, changes.error());
    if (!context.json) print_plan(context.console, *changes);
    if (changes->empty()) {
        context.console.print(context.json ? dump(plan_json(*changes, false))
                                           : "nothing to change: every catalog is embedded as the configuration asks");
        return exit_done;
    }
    const std::string act = fmt::format("change {}", counted(changes->size(), "catalog"));
    if (const auto status = declined(context, act, arguments.yes)) {
        if (context.json) context.console.print(dump(plan_json(*changes, false)));
        return *status;
    }
    if (const Status applied = (*runtime)->apply_configuration({}); !applied)
        return show_error(context, applied.error());
    context.console.print(
        context.json ? dump(plan_json(*changes, true))
                     : fmt::format("{} changed; search uses the present vectors until a worker has embedded all",
                                   counted(changes->size(), "catalog")));
    return exit_done;
}

}  // namespace embedq::cli
