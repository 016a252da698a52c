#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/present.h"
#include "embedq/nearest.h"

namespace embedq::cli {
namespace {

Json json_of(const PluginDescription& plugin) {
    Json options = Json::array();
    for (const OptionDescription& option : plugin.options) {
        Json json{{"name", option.name}, {"type", option.type}, {"required", option.required}, {"secret", option.secret}};
        if (!option.default_value.empty()) json["default"] = option.default_value;
        json["help"] = option.help;
        options.push_back(std::move(json));
    }
    return {{"kind", plugin.kind},       {"name", plugin.name}, {"version", plugin.version},
            {"summary", plugin.summary}, {"file", plugin.file}, {"options", std::move(options)}};
}

void print(Console& console, const PluginDescription& plugin) {
    console.print(console.paint(Colour::bold, fmt::format("{} {} {}", plugin.kind, plugin.name, plugin.version)));
    console.print(plugin.summary);
    console.print(plugin.file);
    if (plugin.options.empty()) {
        console.print("It has no options.");
        return;
    }
    console.print("");
    Table table({"OPTION", "TYPE", "DEFAULT", "HELP"});
    for (const OptionDescription& option : plugin.options) {
        std::string help = option.help;
        if (option.secret) help += " (secret)";
        table.add({option.name, option.type, option.required ? "required" : option.default_value, std::move(help)}, Colour::bold, 0);
    }
    table.print(console);
}

}  // namespace

int run_plugins_list(Session& session) {
    const auto found = session.installation.plugins();
    if (!found) return tell(session, found.error());
    if (session.json) {
        Json list = Json::array();
        for (const PluginDescription& plugin : found->plugins) list.push_back(json_of(plugin));
        session.console.print(dump({{"plugins", std::move(list)}, {"refused", found->refused}}));
        return exit_done;
    }
    Table table({"KIND", "NAME", "VERSION", "SUMMARY"});
    for (const PluginDescription& plugin : found->plugins)
        table.add({plugin.kind, plugin.name, plugin.version, plugin.summary}, Colour::bold, 1);
    table.print(session.console);
    for (const std::string& refused : found->refused) session.console.error(refused);
    return exit_done;
}

int run_plugins_show(Session& session, const std::string& name) {
    const auto found = session.installation.plugins();
    if (!found) return tell(session, found.error());
    // A store and a notifier may have the same name: all of that name are shown.
    Json list = Json::array();
    std::vector<std::string> names;
    for (const PluginDescription& plugin : found->plugins) {
        names.push_back(plugin.name);
        if (plugin.name != name) continue;
        if (session.json) {
            list.push_back(json_of(plugin));
        } else {
            if (!list.empty()) session.console.print("");
            print(session.console, plugin);
            list.push_back(nullptr);
        }
    }
    if (list.empty()) {
        const auto near = nearest(name, names);
        session.console.error(fmt::format("there is no plugin '{}'{}; embedq plugins list shows those there are", name,
                                          near ? fmt::format(", did you mean '{}'?", *near) : ""));
        return exit_failed;
    }
    if (session.json) session.console.print(dump({{"plugins", std::move(list)}}));
    return exit_done;
}

}  // namespace embedq::cli
