#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stop_token>

#include "cli/commands.h"
#include "cli/model_change.h"
#include "cli/present.h"
#include "cli/waiting.h"

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
    std::vector<ProviderPause> pauses;
    std::map<std::string, std::string> providers;  // by catalog; of these catalogs' targets
    std::map<std::string, std::string> waiting;    // the providers of catalogs that have no target yet
};

// Why work waits: each pause once, whatever number of specs wait for it.
Status read_waits(Runtime& runtime, const std::vector<CatalogInfo>& catalogs, View& view) {
    const auto states = runtime.endpoint_states();
    if (!states) return std::unexpected(states.error());
    auto pauses = pauses_of(runtime.engine(), catalogs, *states);
    if (!pauses) return std::unexpected(pauses.error());
    view.pauses = std::move(*pauses);
    for (const CatalogInfo& catalog : catalogs) {
        view.providers.emplace(catalog.catalog_id, catalog.provider);
        // A catalog that is ranked by vectors had a target once: embedding was turned off for it.
        if (catalog.target_profile || catalog.serving_profile) continue;
        const auto provider = runtime.provider_of(catalog.catalog_id);
        if (!provider) return std::unexpected(provider.error());
        if (!provider->name.empty()) view.waiting.emplace(catalog.catalog_id, provider->name);
    }
    return {};
}

Result<View> read(Runtime& runtime, const StatusArguments& arguments, bool with_specs) {
    Engine& engine = runtime.engine();
    auto health = engine.health(arguments.catalog.value_or(""));
    if (!health) return std::unexpected(health.error());
    View view;
    view.catalogs = std::move(*health);
    auto catalogs = engine.catalogs();
    if (!catalogs) return std::unexpected(catalogs.error());
    if (arguments.catalog)
        std::erase_if(*catalogs, [&](const CatalogInfo& each) { return each.catalog_id != *arguments.catalog; });
    if (const Status waits = read_waits(runtime, *catalogs, view); !waits) return std::unexpected(waits.error());
    for (const CatalogInfo& catalog : *catalogs) {
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
        const auto waiting = view.waiting.find(health.catalog_id);
        if (waiting != view.waiting.end()) catalogs.back()["waits_for_provider"] = waiting->second;
    }
    Json json{{"catalogs", std::move(catalogs)}};
    if (!view.pauses.empty()) {
        json["pauses"] = Json::array();
        for (const ProviderPause& pause : view.pauses) json["pauses"].push_back(cli::json_of(pause));
    }
    if (!with_specs) return json;
    json["specs"] = Json::array();
    for (const auto& specs : view.specs) {
        for (const SpecStatus& status : specs) json["specs"].push_back(cli::json_of(status));
    }
    return json;
}

// A job that was given back because its provider is paused has used up no attempt; the pause is shown once for all.
std::string detail_of(const SpecStatus& status, bool paused) {
    if (!status.job || status.job->last_error.empty() || status.job->status == JobStatus::succeeded) return {};
    if (paused && status.job->status == JobStatus::pending && status.job->attempts == 0) return {};
    return status.job->last_error;
}

void print_change(Console& console, const ModelChange& change) {
    console.print(console.paint(
        Colour::blue, fmt::format("changing to {}: {}", plain(in_words(change.target)), progress_of(change))));
    console.print(console.paint(Colour::grey, fmt::format("ranked until then by {}", plain(in_words(change.serving)))));
}

void print_catalog(Console& console, const View& view, std::size_t index, bool all) {
    const CatalogHealth& health = view.catalogs[index];
    const std::vector<SpecStatus>& specs = view.specs[index];
    const auto change = view.changes.find(health.catalog_id);
    const auto waiting = view.waiting.find(health.catalog_id);
    const auto provider = view.providers.find(health.catalog_id);
    const bool paused =
        provider != view.providers.end() &&
        std::ranges::any_of(view.pauses, [&](const ProviderPause& each) { return each.provider == provider->second; });
    console.print(console.paint(
        Colour::bold, fmt::format("{}: {}, {} embedded", health.catalog_id,
                                  counted(health.operation_count, "operation"), count_of(health.embedding_count))));
    if (change != view.changes.end()) print_change(console, change->second);
    if (waiting != view.waiting.end()) {
        console.print(console.paint(
            Colour::amber,
            fmt::format("waits for provider '{}', which has not answered yet: a worker embeds the catalog "
                        "when it does (embedq doctor asks it)",
                        waiting->second)));
    }
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
        table.add({status.spec_name, badge.text, detail_of(status, paused)}, badge.colour, 1);
    }
    if (any) table.print(console);
    if (left_out > 0) {
        console.print(
            console.paint(Colour::grey, fmt::format("… and {} no attention (embedq status {} lists all)",
                                                    counted(left_out, "that needs", "that need"), health.catalog_id)));
    }
    if (health.operations_left_out > 0) {
        console.print(console.paint(Colour::amber,
                                    fmt::format("{} of the documents {} left out (embedq specs show NAME says which)",
                                                counted(health.operations_left_out, "operation"),
                                                health.operations_left_out == 1 ? "is" : "are")));
    }
    const Colour colour = is_settled(health) ? Colour::green : health.specs_failed > 0 ? Colour::red : Colour::amber;
    console.print(console.paint(colour, rollup_of(health)));
}

void print(Console& console, const View& view, bool all) {
    if (view.catalogs.empty()) console.print("No catalogs yet: embedq index PATH creates one");
    for (const ProviderPause& pause : view.pauses) console.print(console.paint(Colour::amber, plain(in_words(pause))));
    for (std::size_t i = 0; i < view.catalogs.size(); ++i) {
        if (i > 0 || !view.pauses.empty()) console.print("");
        print_catalog(console, view, i, all);
    }
}

}  // namespace

int run_status(CommandContext& context, const StatusArguments& arguments) {
    std::unique_ptr<Interruption> interruption;
    if (arguments.watch) interruption = context.listen_for_stop();
    auto runtime = context.installation.open(
        {.keeps_running = arguments.watch, .stop = interruption ? interruption->token() : std::stop_token()});
    if (!runtime) return show_error(context, runtime.error());
    std::optional<OverdueStopScope> overdue;
    if (interruption) overdue.emplace(*interruption, overdue_stop_of(**runtime));
    const bool with_specs = arguments.catalog.has_value() || !context.json;
    std::string shown;
    do {
        const auto view = read(**runtime, arguments, with_specs);
        if (!view) return show_error(context, view.error());
        const Json json = json_of(*view, with_specs);
        // An unchanged state is not printed again; that a pause has become shorter is no change.
        Json timeless = json;
        if (timeless.contains("pauses")) {
            for (Json& pause : timeless["pauses"]) pause.erase("seconds");
        }
        std::string state = dump(timeless);
        if (state == shown) continue;
        shown = std::move(state);
        if (context.json) {
            context.console.print(dump(json));
        } else {
            if (arguments.watch) context.console.clear_screen();
            print(context.console, *view, arguments.catalog.has_value());
        }
        if (!context.console.flush()) return exit_failed;
    } while (arguments.watch && interruption->wait_for(watch_interval));
    return exit_done;
}

}  // namespace embedq::cli
