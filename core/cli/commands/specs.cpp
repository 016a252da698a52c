#include <fmt/format.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cli/commands.h"
#include "cli/confirmation.h"
#include "cli/index_report.h"
#include "cli/present.h"
#include "cli/spec_state.h"
#include "cli/unknown_name.h"

namespace embedq::cli {
namespace {

constexpr std::size_t page = 500;

Result<std::vector<SpecInfo>> all_specs(Engine& engine, const std::string& catalog) {
    std::vector<SpecInfo> all;
    while (true) {
        auto specs =
            engine.specs(catalog, all.empty() ? std::string_view() : std::string_view(all.back().spec_name), page);
        if (!specs) return std::unexpected(specs.error());
        const bool last = specs->size() < page;
        for (SpecInfo& spec : *specs) all.push_back(std::move(spec));
        if (last) return all;
    }
}

void print_notes(Console& console, const SpecRecord& record) {
    if (record.operations_left_out > 0)
        console.print(fmt::format("left out    {}", counted(record.operations_left_out, "operation")));
    for (const Note& note : record.notes) console.print(fmt::format("  - {}", plain(in_words(note))));
}

// "every 1h (fetch.refresh), asked 2026-01-31 10:00:00"
std::string refresh_of(const SpecInfo& spec, std::chrono::milliseconds default_refresh) {
    const auto& own = spec.record.refresh;
    const auto every = std::chrono::floor<std::chrono::seconds>(own.value_or(default_refresh));
    const std::string often = fmt::format("{} ({})", every.count() == 0 ? "never" : "every " + duration_of(every),
                                          own ? "its own" : "fetch.refresh");
    return spec.checked_at ? often + ", asked " + time_of(*spec.checked_at) : often;
}

int show_unknown(CommandContext& context, Engine& engine, const Error& error, const SpecArguments& arguments) {
    return show_error(context, with_nearest_name(engine, error, arguments.catalog, arguments.spec));
}

}  // namespace

int run_specs_list(CommandContext& context, const SpecsListArguments& arguments) {
    auto runtime = context.installation.open({});
    if (!runtime) return show_error(context, runtime.error());
    Engine& engine = (*runtime)->engine();
    auto specs = all_specs(engine, arguments.catalog);
    if (!specs) return show_error(context, with_nearest_name(engine, specs.error(), arguments.catalog));
    const auto statuses = engine.statuses(arguments.catalog, {});
    if (!statuses) return show_error(context, statuses.error());
    std::map<std::string_view, const SpecStatus*> by_name;
    for (const SpecStatus& status : *statuses) by_name.emplace(status.spec_name, &status);
    // A spec that was put between the two reads has no status yet.
    const auto state_in = [&](const SpecInfo& spec) {
        const auto found = by_name.find(spec.spec_name);
        return found == by_name.end() ? SpecState::not_indexed : state_of(*found->second);
    };
    const bool any = !specs->empty();
    if (arguments.state) {
        std::erase_if(*specs, [&](const SpecInfo& spec) { return state_in(spec) != *arguments.state; });
    }
    if (context.json) {
        Json list = Json::array();
        for (const SpecInfo& spec : *specs) {
            list.push_back(json_of(spec, (*runtime)->default_refresh()));
            list.back()["state"] = to_string(state_in(spec));
        }
        context.console.print(dump({{"specs", std::move(list)}}));
        return exit_done;
    }
    if (specs->empty()) {
        context.console.print(any ? "No specs in this state" : "No specs");
        return exit_done;
    }
    Table table({"SPEC", "STATUS", "UPDATED", "TITLE"});
    for (const SpecInfo& spec : *specs) {
        const auto found = by_name.find(spec.spec_name);
        table.add({spec.spec_name, found == by_name.end() ? "not indexed" : badge_of(*found->second).text,
                   time_of(spec.updated_at), spec.title},
                  Colour::bold, 0);
    }
    table.print(context.console);
    return exit_done;
}

int run_specs_show(CommandContext& context, const SpecArguments& arguments) {
    auto runtime = context.installation.open({});
    if (!runtime) return show_error(context, runtime.error());
    Engine& engine = (*runtime)->engine();
    if (arguments.content) {
        const auto content = engine.spec_content(arguments.catalog, arguments.spec);
        if (!content) return show_unknown(context, engine, content.error(), arguments);
        context.console.print_raw(*content);
        return exit_done;
    }
    const auto spec = engine.spec(arguments.catalog, arguments.spec);
    if (!spec) return show_unknown(context, engine, spec.error(), arguments);
    const std::vector<std::string> names{arguments.spec};
    const auto statuses = engine.statuses(arguments.catalog, names);
    if (!statuses) return show_error(context, statuses.error());
    const auto operations = engine.spec_operations(arguments.catalog, arguments.spec);
    if (!operations) return show_error(context, operations.error());
    if (context.json) {
        Json json = json_of(*spec, (*runtime)->default_refresh());
        if (!statuses->empty()) json["status"] = json_of(statuses->front());
        json["operations"] = Json::array();
        for (const Operation& operation : *operations) json["operations"].push_back(json_of(operation));
        context.console.print(dump(json));
        return exit_done;
    }
    Console& console = context.console;
    console.print(fmt::format("spec        {}/{}", spec->catalog_id, spec->spec_name));
    if (!spec->title.empty()) console.print(fmt::format("title       {}", plain(spec->title)));
    if (!spec->source.empty())
        console.print(fmt::format("source      {} {}", name_of(spec->source_kind), plain(spec->source)));
    if (!spec->record.root.empty())
        console.print(fmt::format("folder      {} ({})", plain(spec->record.root), plain(spec->record.path)));
    if (spec->source_kind == SourceKind::url)
        console.print("refresh     " + refresh_of(*spec, (*runtime)->default_refresh()));
    console.print(fmt::format("updated     {} (generation {})", time_of(spec->updated_at), spec->generation));
    if (!statuses->empty()) {
        const Badge badge = badge_of(statuses->front());
        console.print(fmt::format("status      {}", console.paint(badge.colour, badge.text)));
        const auto& job = statuses->front().job;
        if (job && !job->last_error.empty()) console.print(fmt::format("last error  {}", plain(job->last_error)));
    }
    print_notes(console, spec->record);
    if (operations->empty()) return exit_done;
    console.print("");
    Table table({"METHOD", "PATH", "OPERATION", "SUMMARY"});
    for (const Operation& operation : *operations) {
        table.add({operation.method, operation.path, operation.operation_id, operation.summary}, Colour::bold, 0);
    }
    table.print(console);
    return exit_done;
}

int run_specs_reembed(CommandContext& context, const SpecArguments& arguments) {
    auto runtime = context.installation.open({.use = StoreUse::write});
    if (!runtime) return show_error(context, runtime.error());
    Engine& engine = (*runtime)->engine();
    const auto outcome = engine.reembed_spec(arguments.catalog, arguments.spec);
    if (!outcome) return show_unknown(context, engine, outcome.error(), arguments);
    if (context.json) {
        const std::string_view name = *outcome == EnqueueOutcome::created     ? "created"
                                      : *outcome == EnqueueOutcome::collapsed ? "collapsed"
                                                                              : "none";
        context.console.print(
            dump({{"catalog_id", arguments.catalog}, {"spec_name", arguments.spec}, {"enqueued", name}}));
        return exit_done;
    }
    switch (*outcome) {
        case EnqueueOutcome::created: context.console.print(fmt::format("{}: queued", arguments.spec)); break;
        case EnqueueOutcome::collapsed:
            context.console.print(fmt::format("{}: already queued; that job embeds all texts again", arguments.spec));
            break;
        case EnqueueOutcome::none:
            context.console.print(fmt::format("{}: nothing to do: its catalog has no provider", arguments.spec));
            break;
    }
    return exit_done;
}

int run_specs_delete(CommandContext& context, const SpecArguments& arguments) {
    auto runtime = context.installation.open({.use = StoreUse::write});
    if (!runtime) return show_error(context, runtime.error());
    Engine& engine = (*runtime)->engine();
    const auto spec = engine.spec(arguments.catalog, arguments.spec);
    if (!spec) return show_unknown(context, engine, spec.error(), arguments);
    const std::string act = fmt::format("delete the spec '{}' of the catalog '{}' with {}", plain(arguments.spec),
                                        plain(arguments.catalog), counted(spec->operation_count, "operation"));
    if (const auto status = declined(context, act, arguments.yes)) return *status;
    const Status deleted = engine.delete_spec(arguments.catalog, arguments.spec,
                                              arguments.yes ? std::nullopt : std::optional(spec->version()));
    if (!deleted) return show_error(context, deleted.error());
    if (context.json) {
        context.console.print(dump({{"catalog_id", arguments.catalog},
                                    {"spec_name", arguments.spec},
                                    {"deleted_operations", spec->operation_count}}));
    } else {
        context.console.print(fmt::format("{} deleted", arguments.spec));
    }
    return exit_done;
}

}  // namespace embedq::cli
