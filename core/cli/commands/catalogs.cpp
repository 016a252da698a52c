#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

// The profiles in words, where the store knows them.
std::string profile_of(Engine& engine, const std::optional<Sha256>& id) {
    if (!id) return "none";
    const auto profile = engine.profile(*id);
    if (!profile) return hex_of(*id).substr(0, 12);
    return fmt::format("{} {} ({} dimensions, {})", profile->plugin, profile->model, profile->dimension, hex_of(*id).substr(0, 12));
}

}  // namespace

int run_catalogs_list(Session& session) {
    auto runtime = session.installation.open({});
    if (!runtime) return tell(session, runtime.error());
    const auto catalogs = (*runtime)->engine().catalogs();
    if (!catalogs) return tell(session, catalogs.error());
    if (session.json) {
        Json list = Json::array();
        for (const CatalogInfo& catalog : *catalogs) list.push_back(json_of(catalog));
        session.console.print(dump({{"catalogs", std::move(list)}}));
        return exit_done;
    }
    if (catalogs->empty()) {
        session.console.print("No catalogs yet: embedq index PATH makes one");
        return exit_done;
    }
    Table table({"CATALOG", "SPECS", "PROVIDER", "UPDATED"});
    for (const CatalogInfo& catalog : *catalogs) {
        table.add({catalog.catalog_id, count_of(catalog.spec_count), catalog.provider.empty() ? "none" : catalog.provider,
                   time_of(catalog.updated_at)},
                  Colour::bold, 0);
    }
    table.print(session.console);
    return exit_done;
}

int run_catalogs_show(Session& session, const std::string& id) {
    auto runtime = session.installation.open({});
    if (!runtime) return tell(session, runtime.error());
    Engine& engine = (*runtime)->engine();
    const auto catalog = engine.catalog(id);
    if (!catalog) return tell(session, catalog.error());
    const auto health = engine.health(id);
    if (!health) return tell(session, health.error());
    if (session.json) {
        Json json = json_of(*catalog);
        if (!health->empty()) json["health"] = json_of(health->front());
        session.console.print(dump(json));
        return exit_done;
    }
    const auto line = [&](std::string_view key, std::string_view value) {
        if (!value.empty()) session.console.print(fmt::format("{:<14}{}", key, plain(value)));
    };
    line("catalog", catalog->catalog_id);
    line("name", catalog->display_name.empty() ? catalog->name : catalog->display_name);
    line("version", catalog->version);
    line("description", catalog->description);
    line("provider", catalog->provider.empty() ? "none" : catalog->provider);
    line("embedded for", profile_of(engine, catalog->target_profile));
    line("ranked by", profile_of(engine, catalog->serving_profile));
    line("created", time_of(catalog->created_at));
    line("updated", time_of(catalog->updated_at));
    if (!health->empty()) {
        line("operations",
             fmt::format("{}, {} embedded", count_of(health->front().operation_count), count_of(health->front().embedding_count)));
        line("status", rollup_of(health->front()));
    }
    return exit_done;
}

int run_catalogs_reembed(Session& session, const std::string& id) {
    auto runtime = session.installation.open({});
    if (!runtime) return tell(session, runtime.error());
    const auto jobs = (*runtime)->engine().reembed_catalog(id);
    if (!jobs) return tell(session, jobs.error());
    session.console.print(fmt::format("{} queued; the present vectors serve until all are there", counted(*jobs, "job")));
    return exit_done;
}

int run_catalogs_clone(Session& session, const CatalogCloneArguments& arguments) {
    auto runtime = session.installation.open({});
    if (!runtime) return tell(session, runtime.error());
    CatalogWrite target;
    target.catalog_id = arguments.target;
    target.name = arguments.name.empty() ? arguments.target : arguments.name;
    const Status cloned = (*runtime)->engine().clone_catalog(arguments.source, target);
    if (!cloned) return tell(session, cloned.error());
    session.console.print(fmt::format("{} is a copy of {}", arguments.target, arguments.source));
    return exit_done;
}

int run_catalogs_delete(Session& session, const std::string& id) {
    auto runtime = session.installation.open({});
    if (!runtime) return tell(session, runtime.error());
    const Status deleted = (*runtime)->engine().delete_catalog(id);
    if (!deleted) return tell(session, deleted.error());
    session.console.print(fmt::format("{} deleted", id));
    return exit_done;
}

}  // namespace embedq::cli
