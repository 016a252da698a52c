#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <string_view>
#include <system_error>

#include "cli/commands.h"
#include "cli/new_project.h"
#include "cli/present.h"
#include "embedq/support/nearest.h"

namespace embedq::cli {
namespace {

Json option_json(const OptionDescription& option) {
    Json json{{"name", option.name}, {"type", option.type}, {"required", option.required}, {"secret", option.secret}};
    if (!option.default_value.empty()) json["default"] = option.default_value;
    if (!option.minimum.empty()) json["minimum"] = option.minimum;
    if (!option.maximum.empty()) json["maximum"] = option.maximum;
    if (!option.choices.empty()) json["choices"] = option.choices;
    json["help"] = option.help;
    return json;
}

Json plugin_json(const PluginDescription& plugin) {
    Json options = Json::array();
    for (const OptionDescription& option : plugin.options) options.push_back(option_json(option));
    return {{"kind", plugin.kind},           {"name", plugin.name},          {"version", plugin.version},
            {"summary", plugin.summary},     {"file", plugin.file},          {"built_in", plugin.built_in},
            {"build_tag", plugin.build_tag}, {"options", std::move(options)}};
}

// The allowed values beyond the type: "8 to 4096", "at least 1s", "text, json".
std::string values_of(const OptionDescription& option) {
    if (!option.choices.empty()) return fmt::format("{}", fmt::join(option.choices, ", "));
    if (!option.minimum.empty() && !option.maximum.empty())
        return fmt::format("{} to {}", option.minimum, option.maximum);
    if (!option.minimum.empty()) return "at least " + option.minimum;
    if (!option.maximum.empty()) return "at most " + option.maximum;
    return {};
}

// The folder in plugins.paths, or "built in".
std::string origin_of(const PluginDescription& plugin) {
    return plugin.built_in ? "built in" : std::filesystem::path(plugin.file).parent_path().string();
}

void print(Console& console, const PluginDescription& plugin) {
    console.print(console.paint(Colour::bold, fmt::format("{} {} {}", plugin.kind, plugin.name, plugin.version)));
    console.print(plugin.summary);
    console.print(fmt::format("file       {}", plugin.file));
    console.print(
        fmt::format("from       {}", plugin.built_in ? "built in, the folder beside the program" : "plugins.paths"));
    console.print(fmt::format("build tag  {}", plugin.build_tag));
    if (plugin.options.empty()) {
        console.print("It has no options.");
        return;
    }
    console.print("");
    Table table({"OPTION", "TYPE", "DEFAULT", "VALUES", "HELP"});
    for (const OptionDescription& option : plugin.options) {
        std::string help = option.help;
        if (option.secret) help += " (secret)";
        table.add({option.name, option.type, option.required ? "required" : option.default_value, values_of(option),
                   std::move(help)},
                  Colour::bold, 0);
    }
    table.print(console);
}

void add_switches(std::vector<std::string>& words, std::string_view name, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
        words.emplace_back(name);
        words.push_back(value);
    }
}

// A path as it may be typed in a shell.
std::string quoted(const std::filesystem::path& path) {
    std::string text = path.string();
    static constexpr std::string_view harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./+@";
    if (!text.empty() && text.find_first_not_of(harmless) == std::string::npos) return text;
    std::string safe = "'";
    for (const char c : text) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return safe + "'";
}

}  // namespace

int run_plugins_new(CommandContext& context, const PluginsNewArguments& arguments) {
    const std::filesystem::path folder = arguments.into.empty() ? arguments.name : arguments.into;
    const auto files = make_project({arguments.kind, arguments.name, folder}, context.layout.templates);
    if (!files) {
        context.console.error(to_string(files.error()));
        return files.error().kind == ErrorKind::internal ? exit_failed : exit_usage;
    }
    Console& console = context.console;
    std::error_code error;
    const bool installed = std::filesystem::is_directory(context.layout.package, error);
    if (context.json) {
        Json names = Json::array();
        for (const std::filesystem::path& file : *files) names.push_back(file.string());
        console.print(dump({{"folder", folder.string()}, {"files", std::move(names)}}));
        return exit_done;
    }
    console.print(fmt::format("The {} '{}' is in {}, {}. It builds and passes its tests; next:", arguments.kind,
                              arguments.name, quoted(folder), counted(files->size(), "file")));
    console.print("");
    console.print(fmt::format("  cd {}", quoted(folder)));
    console.print(fmt::format("  cmake -B build -G Ninja -DCMAKE_PREFIX_PATH={}",
                              installed ? quoted(context.layout.prefix) : "PREFIX"));
    console.print("  cmake --build build");
    console.print("  ctest --test-dir build --output-on-failure");
    console.print("");
    console.print("Its README.md says what to change.");
    if (!installed) {
        console.note(fmt::format(
            "This embedq is not installed, so CMake cannot find it: run cmake --install {} --prefix PREFIX first.",
            quoted(context.layout.prefix)));
    }
    return exit_done;
}

int run_plugins_verify(CommandContext& context, const PluginsVerifyArguments& arguments) {
    // A file that cannot be loaded is reported with the loader's error, not as a failed case.
    if (const auto plugin = context.installation.plugin_file(arguments.file); !plugin)
        return show_error(context, plugin.error());
    const std::filesystem::path& kit = context.layout.conformance;
    std::error_code error;
    if (!std::filesystem::exists(kit, error)) {
        context.console.error(
            fmt::format("the conformance kit '{}' does not exist; install all of embedq (cmake --install BUILD "
                        "--prefix PREFIX), or "
                        "build its target embedq-conformance",
                        kit.string()));
        return exit_usage;
    }
    std::vector<std::string> words{kit.string(), "--plugin", arguments.file};
    add_switches(words, "--options", arguments.options);
    add_switches(words, "--slow", arguments.slow);
    add_switches(words, "--refusing", arguments.refusing);
    words.insert(words.end(), arguments.switches.begin(), arguments.switches.end());
    const std::string failure = context.exec(words);
    context.console.error(fmt::format("'{}' cannot be run: {}", kit.string(), failure));
    return exit_failed;
}

int run_plugins_list(CommandContext& context) {
    const auto found = context.installation.plugins();
    if (!found) return show_error(context, found.error());
    if (context.json) {
        Json list = Json::array();
        for (const PluginDescription& plugin : found->plugins) list.push_back(plugin_json(plugin));
        Json refused = Json::array();
        for (const Error& error : found->refused) refused.push_back(to_string(error));
        context.console.print(dump({{"plugins", std::move(list)}, {"refused", std::move(refused)}}));
        return exit_done;
    }
    Table table({"KIND", "NAME", "VERSION", "FROM", "SUMMARY"});
    for (const PluginDescription& plugin : found->plugins)
        table.add({plugin.kind, plugin.name, plugin.version, origin_of(plugin), plugin.summary}, Colour::bold, 1);
    table.print(context.console);
    for (const Error& error : found->refused) context.console.error(to_string(error));
    return exit_done;
}

int run_plugins_show(CommandContext& context, const std::string& name) {
    const auto found = context.installation.plugins();
    if (!found) return show_error(context, found.error());
    // A store and a notifier may have the same name: all of that name are shown.
    Json list = Json::array();
    std::vector<std::string> names;
    for (const PluginDescription& plugin : found->plugins) {
        names.push_back(plugin.name);
        if (plugin.name != name) continue;
        if (context.json) {
            list.push_back(plugin_json(plugin));
        } else {
            if (!list.empty()) context.console.print("");
            print(context.console, plugin);
            list.push_back(nullptr);
        }
    }
    if (list.empty()) {
        const auto near = nearest(name, names);
        context.console.error(fmt::format("there is no plugin '{}'{}; embedq plugins list shows all plugins", name,
                                          near ? fmt::format(", did you mean '{}'?", *near) : ""));
        return exit_failed;
    }
    if (context.json) context.console.print(dump({{"plugins", std::move(list)}}));
    return exit_done;
}

}  // namespace embedq::cli
