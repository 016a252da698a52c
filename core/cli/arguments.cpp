#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "cli/command_tree.h"
#include "cli/console.h"
#include "embedq/support/nearest.h"

namespace embedq::cli {
namespace {

const CLI::App* deepest(const CLI::App& app) {
    const CLI::App* command = &app;
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    return command;
}

std::string path_of(const CLI::App& app, const CLI::App* command) {
    std::string path;
    for (; command != nullptr && command != &app; command = command->get_parent())
        path.insert(0, " " + command->get_name());
    return "embedq" + path;
}

std::vector<std::string> command_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(each->get_name());
    return names;
}

// What the author most likely meant, as the end of a sentence. What was found is no suggestion for itself.
std::string suggestion(const std::string& found, std::vector<std::string> known) {
    std::erase(known, found);
    const auto near = nearest(found, known);
    return near ? fmt::format(", did you mean '{}'?", *near) : "";
}

// The error for a word that is not a command or an option that does not exist, with the nearest one that does.
std::string unknown_word(const CLI::App& app, const CLI::App* command, const std::string& word) {
    const std::string path = path_of(app, command);
    const std::string bare = plain(word.substr(0, word.find('=')));
    if (word.starts_with('-') && word != "-") {
        std::vector<std::string> known;
        bool takes_words = false;
        for (const CLI::Option* each : command->get_options()) {
            for (const std::string& name : each->get_lnames()) known.push_back("--" + name);
            takes_words = takes_words || each->get_positional();
        }
        return fmt::format("{} has no option '{}'{}; see {} --help{}", path, bare, suggestion(bare, known), path,
                           takes_words ? ", and write -- before words that begin with '-'" : "");
    }
    const std::vector<std::string> commands = command_names(*command);
    if (commands.empty()) return fmt::format("unexpected argument '{}'; see {} --help", plain(word), path);
    return fmt::format("{} has no command '{}'{}; see {} --help", path, bare, suggestion(bare, commands), path);
}

// What is left over, without the marks that end the options.
std::optional<std::string> left_over(const CLI::App& app) {
    const std::vector<std::string> extras = app.remaining(true);
    const auto word = std::ranges::find_if(extras, [](const std::string& each) { return each != "--"; });
    return word == extras.end() ? std::nullopt : std::optional(*word);
}

Answer help_for(const CLI::App& app, const std::vector<std::string>& words) {
    const CLI::App* command = &app;
    for (const std::string& word : words) {
        const auto commands = command->get_subcommands([&](const CLI::App* each) { return each->get_name() == word; });
        if (commands.empty()) return {exit_usage, unknown_word(app, command, word)};
        command = commands.front();
    }
    return {exit_done, command->get_formatter()->make_help(command, path_of(app, command), CLI::AppFormatMode::Normal)};
}

std::unique_ptr<CLI::App> make_app(const std::shared_ptr<CommandValues>& values, std::string_view version) {
    auto app = std::make_unique<CLI::App>(
        "embedq keeps every vector in step with its source: it embeds the operations of OpenAPI documents and finds "
        "them by a question.",
        "embedq");
    app->set_version_flag("--version", std::string(version), "The version");
    app->set_help_flag("-h,--help", "This help");
    app->allow_extras();
    app->get_formatter()->column_width(28);
    app->get_formatter()->label("REQUIRED", "");
    app->get_formatter()->label("SUBCOMMAND", "COMMAND");
    app->get_formatter()->label("Subcommands", "Commands");
    add_commands(*app, values, version);
    return app;
}

void describe(const CLI::App& app, const CLI::App& command, std::vector<CommandDescription>& all) {
    const auto below = command.get_subcommands([](const CLI::App*) { return true; });
    if (&command != &app) {
        CommandDescription description;
        for (const CLI::App* each = &command; each != &app; each = each->get_parent())
            description.path.insert(description.path.begin(), each->get_name());
        description.help = command.get_description();
        description.runs = below.empty();
        for (const CLI::Option* option : command.get_options()) {
            if (option->get_positional()) {
                description.words.push_back({option->get_name(true), option->get_required()});
            }
            for (const std::string& name : option->get_lnames())
                description.options.push_back({"--" + name, option->get_items_expected_max() > 0});
        }
        all.push_back(std::move(description));
    }
    for (const CLI::App* each : below) describe(app, *each, all);
}

// The error for a word behind "--" that no argument takes. CLI11 forgets that mark where a command takes no more words,
// and would take the rest as options.
std::optional<Answer> beyond_arguments(std::span<const std::string> arguments, std::string_view version) {
    static const std::string any_word = "\x01";
    const auto mark = std::ranges::find(arguments, "--");
    if (mark == arguments.end()) return std::nullopt;
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    std::fill(reversed.begin(), reversed.begin() + (arguments.end() - mark - 1), any_word);
    const auto values = std::make_shared<CommandValues>();
    std::function<int(CommandContext&)> chosen;
    values->chosen = &chosen;
    const std::unique_ptr<CLI::App> app = make_app(values, version);
    try {
        app->parse(std::move(reversed));
    } catch (const CLI::Error&) {  // of a value; what is left over is known by then
    }
    const auto left = std::ranges::count(app->remaining(true), any_word);
    if (left == 0) return std::nullopt;
    const std::string& word = *(arguments.end() - left);
    return Answer{exit_usage, fmt::format("unexpected argument '{}'{}; see {} --help", plain(word),
                                          word.starts_with('-') ? ": behind -- nothing is an option" : "",
                                          path_of(*app, deepest(*app)))};
}

}  // namespace

std::variant<Invocation, Answer> read_arguments(std::span<const std::string> arguments, std::string_view version) {
    if (auto answer = beyond_arguments(arguments, version)) return *std::move(answer);
    const auto values = std::make_shared<CommandValues>();
    std::function<int(CommandContext&)> chosen;
    values->chosen = &chosen;
    const std::unique_ptr<CLI::App> app = make_app(values, version);

    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        app->parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        return Answer{exit_done, app->help()};
    } catch (const CLI::CallForVersion&) {
        return Answer{exit_done, fmt::format("embedq {}\n", version)};
    } catch (const CLI::ParseError& error) {
        const CLI::App* command = deepest(*app);
        if (const auto extra = left_over(*app)) return Answer{exit_usage, unknown_word(*app, command, *extra)};
        std::string message = error.what();
        while (message.ends_with('\n')) message.pop_back();
        return Answer{exit_usage, fmt::format("{}; see {} --help", message, path_of(*app, command))};
    }
    const CLI::App* command = deepest(*app);
    if (const auto extra = left_over(*app)) return Answer{exit_usage, unknown_word(*app, command, *extra)};
    if (values->help) return help_for(*app, values->help_for);
    if (!chosen) {
        if (command == app.get() && arguments.empty()) return Answer{exit_usage, app->help()};
        return Answer{exit_usage, fmt::format("{} needs a subcommand; see {} --help", path_of(*app, command),
                                              path_of(*app, command))};
    }
    if (const auto places = values->places.find(command); places != values->places.end()) {
        if (const auto wrong = places->second.settle())
            return Answer{exit_usage, fmt::format("{}; see {} --help", *wrong, path_of(*app, command))};
    }
    return Invocation{
        values->config,   values->json, values->quiet, values->log_level, values->json_logs && values->json,
        std::move(chosen)};
}

std::vector<CommandDescription> all_commands() {
    std::vector<CommandDescription> all;
    const auto app = make_app(std::make_shared<CommandValues>(), "");
    describe(*app, *app, all);
    return all;
}

}  // namespace embedq::cli
