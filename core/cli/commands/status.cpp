#include <fmt/format.h>

#include <map>

#include "cli/commands.h"
#include "cli/model_change.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

using std::chrono::milliseconds;

// A catalog with more specs than this lists only those that need attention, unless it is named.
constexpr std::size_t listed_specs = 50;
constexpr milliseconds watch_interval{1'000};

struct View {
    std::vector<CatalogHealth> catalogs;
    std::vector<std::vector<SpecStatus>> specs;  // by catalog; empty when not asked for
    std::map<std::string, ModelChange> changes;  // of the catalogs whose model is changing
};

Result<View> read(Engine& engine, const StatusArguments& arguments, bool with_specs) {
    auto health = engine.health(arguments.catalog.value_or(""));
    if (!health) return std::unexpected(health.error());
    View view{std::move(*health), {}, {}};
    const auto catalogs = engine.catalogs();
    if (!catalogs) return std::unexpected(catalogs.error());
    for (const CatalogInfo& catalog : *catalogs) {
        if (arguments.catalog && catalog.catalog_id != *arguments.catalog) continue;
        auto change = model_change_of(engine, catalog);
        if (!change) return std::unexpected(change.error());
        if (*change) view.changes.emplace(catalog.catalog_id, std::move(**change));
    }
    if (!with_specs) return view;
    for (const CatalogHealth& catalog : view.catalogs) {
        auto specs = engine.statuses(catalog.catalog_id, {});
        if (!specs) return std::unexpected(specs.error());
        view.specs.push_back(std::move(*specs));
    }
    return view;
}

Json json_of(const View& view, bool with_specs) {
    Json catalogs = Json::array();
    for (const CatalogHealth& health : view.catalogs) {
        catalogs.push_back(cli::json_of(health));
        const auto change = view.changes.find(health.catalog_id);
        if (change != view.changes.end()) catalogs.back()["model_change"] = cli::json_of(change->second);
    }
    Json json{{"catalogs", std::move(catalogs)}};
    if (!with_specs) return json;
    json["specs"] = Json::array();
    for (const auto& specs : view.specs) {
        for (const SpecStatus& status : specs) json["specs"].push_back(cli::json_of(status));
    }
    return json;
}

std::string detail_of(const SpecStatus& status) {
    if (!status.job || status.job->last_error.empty() || status.job->status == JobStatus::succeeded) return {};
    return status.job->last_error;
}

void print_change(Console& console, const ModelChange& change) {
    console.print(console.paint(
        Colour::blue, fmt::format("changing to {}: {}", plain(in_words(change.target)), progress_of(change))));
    console.print(console.paint(Colour::grey, fmt::format("ranked until then by {}", plain(in_words(change.serving)))));
}

void print_catalog(Console& console, const CatalogHealth& health, const ModelChange* change,
                   const std::vector<SpecStatus>& specs, bool all) {
    console.print(console.paint(
        Colour::bold, fmt::format("{}: {}, {} embedded", health.catalog_id,
                                  counted(health.operation_count, "operation"), count_of(health.embedding_count))));
    if (change != nullptr) print_change(console, *change);
    const bool brief = !all && specs.size() > listed_specs;
    std::size_t left_out = 0;
    Table table({"SPEC", "STATUS", "DETAIL"});
    bool any = false;
    for (const SpecStatus& status : specs) {
        const Badge badge = badge_of(status);
        if (brief && !badge.needs_attention) {
            ++left_out;
            continue;
        }
        any = true;
        table.add({status.spec_name, badge.text, detail_of(status)}, badge.colour, 1);
    }
    if (any) table.print(console);
    if (left_out > 0) {
        console.print(
            console.paint(Colour::grey, fmt::format("… and {} no attention (embedq status {} lists all)",
                                                    counted(left_out, "that needs", "that need"), health.catalog_id)));
    }
    const Colour colour = is_settled(health) ? Colour::green : health.specs_failed > 0 ? Colour::red : Colour::amber;
    console.print(console.paint(colour, rollup_of(health)));
}

void print(Console& console, const View& view, bool all) {
    if (view.catalogs.empty()) console.print("No catalogs yet: embedq index PATH creates one");
    for (std::size_t i = 0; i < view.catalogs.size(); ++i) {
        if (i > 0) console.print("");
        const auto change = view.changes.find(view.catalogs[i].catalog_id);
        print_catalog(console, view.catalogs[i], change == view.changes.end() ? nullptr : &change->second,
                      view.specs[i], all);
    }
}

}  // namespace

int run_status(CommandContext& context, const StatusArguments& arguments) {
    std::unique_ptr<Interruption> interruption;
    if (arguments.watch) interruption = context.listen_for_stop();
    auto runtime = context.installation.open({});
    if (!runtime) return show_error(context, runtime.error());
    const bool with_specs = arguments.catalog.has_value() || !context.json;
    std::string shown;
    do {
        const auto view = read((*runtime)->engine(), arguments, with_specs);
        if (!view) return show_error(context, view.error());
        // An unchanged state is not printed again.
        std::string state = dump(json_of(*view, with_specs));
        if (state == shown) continue;
        shown = std::move(state);
        if (context.json) {
            context.console.print(shown);
        } else {
            if (arguments.watch) context.console.clear_screen();
            print(context.console, *view, arguments.catalog.has_value());
        }
        if (!context.console.flush()) return exit_failed;
    } while (arguments.watch && interruption->wait_for(watch_interval));
    return exit_done;
}

}  // namespace embedq::cli
