#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/commands.h"
#include "cli/confirmation.h"
#include "cli/document_finder.h"
#include "cli/model_change.h"
#include "cli/present.h"
#include "cli/unknown_name.h"
#include "cli/waiting.h"

namespace embedq::cli {
namespace {

// The profile in words, if the store has it.
std::string profile_of(Engine& engine, const std::optional<Sha256>& id) {
    if (!id) return "none";
    const auto profile = engine.profile(*id);
    return profile ? in_words(*profile) : hex_of(*id).substr(0, 12);
}

// For a column: the model, or both models while it changes.
std::string model_of(Engine& engine, const CatalogInfo& catalog, const std::optional<ModelChange>& change) {
    if (change) {
        const auto& [target, serving, progress] = *change;
        return fmt::format("{} -> {}, {}", serving.model,
                           target.model == serving.model ? "the same model" : target.model, progress_of(*change));
    }
    if (!catalog.target_profile) return "none";
    const auto profile = engine.profile(*catalog.target_profile);
    return profile ? profile->model : hex_of(*catalog.target_profile).substr(0, 12);
}

int show_estimate(CommandContext& context, Engine& engine, const std::string& id) {
    const auto reembedding = engine.estimate(id, EstimateFor::reembedding);
    if (!reembedding) return show_error(context, with_nearest_name(engine, reembedding.error(), id));
    // The YAML may name another model, which the user should know before embedding everything again.
    const auto configured = engine.estimate(id, EstimateFor::configuration);
    const bool differs = configured && configured->changes_target;
    if (context.json) {
        Json json{{"catalog_id", id}, {"reembed", json_of(*reembedding)}};
        if (differs) json["configuration"] = json_of(*configured);
        context.console.print(dump(json));
        return exit_done;
    }
    context.console.print(fmt::format("re-embedding with {}: {}", plain(cli::in_words(reembedding->profile)),
                                      plain(in_words(*reembedding))));
    if (differs) {
        context.console.print(fmt::format("the configuration asks for {}: {}; embedq config apply changes to it",
                                          plain(cli::in_words(configured->profile)), plain(in_words(*configured))));
    } else if (!configured) {
        context.console.note(
            fmt::format("the estimate for the configuration failed: {}", plain(to_string(configured.error()))));
    }
    context.console.print("nothing was changed");
    return exit_done;
}

// "none", or "ollama (has not answered yet)" for a catalog that waits for it.
std::string provider_in_words(const CatalogInfo& catalog, const std::string& awaited) {
    if (!awaited.empty()) return fmt::format("{} (has not answered yet)", awaited);
    return catalog.provider.empty() ? "none" : catalog.provider;
}

// What somebody is asked about; nothing where nobody is.
Result<std::optional<CatalogVersion>> version_to_delete(Engine& engine, const CatalogDeleteArguments& arguments) {
    if (arguments.yes) return std::nullopt;
    CatalogVersion seen;
    const Status listed = each_spec(engine, arguments.catalog, [&](const SpecInfo& spec) {
        ++seen.specs;
        seen.written_at = std::max(seen.written_at, spec.updated_at);
    });
    if (!listed) return std::unexpected(listed.error());
    return seen;
}

}  // namespace

int run_catalogs_list(CommandContext& context) {
    auto runtime = context.installation.open({});
    if (!runtime) return show_error(context, runtime.error());
    const auto catalogs = (*runtime)->engine().catalogs();
    if (!catalogs) return show_error(context, catalogs.error());
    if (context.json) {
        Json list = Json::array();
        for (const CatalogInfo& catalog : *catalogs) {
            const auto change = model_change_of((*runtime)->engine(), catalog);
            if (!change) return show_error(context, change.error());
            const auto awaited = awaited_provider(**runtime, catalog);
            if (!awaited) return show_error(context, awaited.error());
            list.push_back(json_of(catalog));
            if (!awaited->empty()) list.back()["waits_for_provider"] = *awaited;
            if (*change) list.back()["model_change"] = json_of(**change);
        }
        context.console.print(dump({{"catalogs", std::move(list)}}));
        return exit_done;
    }
    if (catalogs->empty()) {
        context.console.print("No catalogs yet: embedq index PATH creates one");
        return exit_done;
    }
    Table table({"CATALOG", "SPECS", "PROVIDER", "UPDATED", "MODEL"});
    for (const CatalogInfo& catalog : *catalogs) {
        const auto change = model_change_of((*runtime)->engine(), catalog);
        if (!change) return show_error(context, change.error());
        const auto awaited = awaited_provider(**runtime, catalog);
        if (!awaited) return show_error(context, awaited.error());
        table.add({catalog.catalog_id, count_of(catalog.spec_count), provider_in_words(catalog, *awaited),
                   time_of(catalog.updated_at), model_of((*runtime)->engine(), catalog, *change)},
                  Colour::bold, 0);
    }
    table.print(context.console);
    return exit_done;
}

int run_catalogs_show(CommandContext& context, const std::string& id) {
    auto runtime = context.installation.open({});
    if (!runtime) return show_error(context, runtime.error());
    Engine& engine = (*runtime)->engine();
    const auto catalog = engine.catalog(id);
    if (!catalog) return show_error(context, with_nearest_name(engine, catalog.error(), id));
    const auto health = engine.health(id);
    if (!health) return show_error(context, health.error());
    const auto change = model_change_of(engine, *catalog);
    if (!change) return show_error(context, change.error());
    const auto awaited = awaited_provider(**runtime, *catalog);
    if (!awaited) return show_error(context, awaited.error());
    if (context.json) {
        Json json = json_of(*catalog);
        if (!awaited->empty()) json["waits_for_provider"] = *awaited;
        if (*change) json["model_change"] = json_of(**change);
        if (!health->empty()) json["health"] = json_of(health->front());
        context.console.print(dump(json));
        return exit_done;
    }
    const auto line = [&](std::string_view key, std::string_view value) {
        if (!value.empty()) context.console.print(fmt::format("{:<14}{}", key, plain(value)));
    };
    line("catalog", catalog->catalog_id);
    line("name", catalog->display_name.empty() ? catalog->name : catalog->display_name);
    line("version", catalog->version);
    line("description", catalog->description);
    line("provider", provider_in_words(*catalog, *awaited));
    line("embedded for", profile_of(engine, catalog->target_profile));
    line("ranked by", profile_of(engine, catalog->serving_profile));
    if (*change)
        line("changing", fmt::format("{}; ranked by the old model until all are embedded", progress_of(**change)));
    line("created", time_of(catalog->created_at));
    line("updated", time_of(catalog->updated_at));
    if (!health->empty()) {
        line("operations", fmt::format("{}, {} embedded", count_of(health->front().operation_count),
                                       count_of(health->front().embedding_count)));
        line("status", rollup_of(health->front()));
    }
    return exit_done;
}

int run_catalogs_reembed(CommandContext& context, const CatalogReembedArguments& arguments) {
    auto runtime = context.installation.open({.use = arguments.dry_run ? StoreUse::read : StoreUse::write});
    if (!runtime) return show_error(context, runtime.error());
    if (arguments.dry_run) return show_estimate(context, (*runtime)->engine(), arguments.catalog);
    Engine& engine = (*runtime)->engine();
    const auto jobs = engine.reembed_catalog(arguments.catalog);
    if (!jobs) return show_error(context, with_nearest_name(engine, jobs.error(), arguments.catalog));
    if (context.json) {
        context.console.print(dump({{"catalog_id", arguments.catalog}, {"enqueued", *jobs}}));
        return exit_done;
    }
    context.console.print(
        fmt::format("{} queued; search uses the present vectors until all are embedded", counted(*jobs, "job")));
    return exit_done;
}

int run_catalogs_clone(CommandContext& context, const CatalogCloneArguments& arguments) {
    auto runtime = context.installation.open({.use = StoreUse::write});
    if (!runtime) return show_error(context, runtime.error());
    CatalogWrite target;
    target.catalog_id = arguments.target;
    target.name = arguments.name.empty() ? arguments.target : arguments.name;
    Engine& engine = (*runtime)->engine();
    const Status cloned = engine.clone_catalog(arguments.source, target);
    if (!cloned) return show_error(context, with_nearest_name(engine, cloned.error(), arguments.source));
    if (context.json) {
        context.console.print(dump({{"catalog_id", arguments.target}, {"source", arguments.source}}));
    } else {
        context.console.print(fmt::format("{} is a copy of {}", arguments.target, arguments.source));
    }
    return exit_done;
}

int run_catalogs_delete(CommandContext& context, const CatalogDeleteArguments& arguments) {
    auto runtime = context.installation.open({.use = StoreUse::write});
    if (!runtime) return show_error(context, runtime.error());
    Engine& engine = (*runtime)->engine();
    // Before the counts are read: what is written between is in the question, and is not deleted.
    const auto seen = version_to_delete(engine, arguments);
    if (!seen) return show_error(context, seen.error());
    const auto health = engine.health(arguments.catalog);
    if (!health) return show_error(context, with_nearest_name(engine, health.error(), arguments.catalog));
    const std::size_t specs = health->empty() ? 0 : health->front().specs_total;
    const std::size_t operations = health->empty() ? 0 : health->front().operation_count;
    const std::string act = fmt::format("delete the catalog '{}' with {} and {}", plain(arguments.catalog),
                                        counted(specs, "spec"), counted(operations, "operation"));
    if (const auto status = declined(context, act, arguments.yes || specs == 0)) return *status;
    const Status deleted = engine.delete_catalog(arguments.catalog, *seen);
    if (!deleted) return show_error(context, deleted.error());
    if (context.json) {
        context.console.print(dump({{"catalog_id", arguments.catalog}, {"deleted_specs", specs}}));
    } else {
        context.console.print(fmt::format("{} deleted, with {}", arguments.catalog, counted(specs, "spec")));
    }
    return exit_done;
}

}  // namespace embedq::cli
