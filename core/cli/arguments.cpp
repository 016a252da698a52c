#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "cli/commands.h"
#include "cli/present.h"
#include "embedq/support/nearest.h"

namespace embedq::cli {
namespace {

// What the commands' arguments are read into; lives as long as the command may run.
struct Values {
    std::string config;
    bool json = false;
    // Set by the command that was named. Kept apart from the rest by `read_arguments`, since it keeps the values alive
    // itself.
    std::function<int(CommandContext&)>* chosen = nullptr;
    IndexArguments index;
    SearchArguments search;
    StatusArguments status;
    JobsListArguments jobs_list;
    JobsPruneArguments jobs_prune;
    std::vector<JobId> jobs;
    JobId job = 0;
    std::string catalog;
    CatalogCloneArguments clone;
    CatalogReembedArguments reembed;
    SpecArguments spec;
    SpecsRefreshArguments refresh;
    std::string plugin;
    PluginsNewArguments plugins_new;
    PluginsVerifyArguments plugins_verify;
    std::string older_than = "14d";
};
using Shared = std::shared_ptr<Values>;

enum class Answers : bool { words, json_too };

const std::map<std::string, RankingMode> modes{
    {"hybrid", RankingMode::hybrid}, {"semantic", RankingMode::semantic}, {"lexical", RankingMode::lexical}};
const std::map<std::string, JobStatus> statuses{{"pending", JobStatus::pending},
                                                {"running", JobStatus::running},
                                                {"succeeded", JobStatus::succeeded},
                                                {"failed", JobStatus::failed},
                                                {"cancelled", JobStatus::cancelled}};

// A validator that names the choices when it refuses.
template <class T>
CLI::Option* choice(CLI::Option* option, const std::map<std::string, T>& choices) {
    std::vector<std::string> names;
    names.reserve(choices.size());
    for (const auto& [name, value] : choices) names.push_back(name);
    option->type_name(fmt::format("{}", fmt::join(names, "|")));
    return option->check(CLI::Validator(
        [names](std::string& text) -> std::string {
            if (std::ranges::find(names, text) != names.end()) return {};
            const auto near = nearest(text, names);
            return fmt::format("'{}' is none of {}{}", text, fmt::join(names, ", "),
                               near ? fmt::format("; did you mean '{}'?", *near) : "");
        },
        ""));
}

// A whole number from `least` to `most` in plain digits, or nothing. The library's own reading takes octal and clamps
// what is too large.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t least, std::int64_t most) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most)
        return std::nullopt;
    return number;
}

constexpr JobId highest_job = std::numeric_limits<JobId>::max();

CLI::Validator is_job(const std::string& what) {
    return {[what](std::string& text) -> std::string {
                if (whole_number(text, 1, highest_job)) return {};
                return fmt::format(
                    "'{}' is no {}; expected a whole number from 1 to {} (embedq jobs list shows those there are)",
                    plain(text), what, highest_job);
            },
            ""};
}

void job_argument(CLI::App* command, JobId& job) {
    command
        ->add_option_function<std::string>(
            "JOB", [&job](const std::string& text) { job = whole_number(text, 1, highest_job).value(); }, "Its number")
        ->required()
        ->type_name("")
        ->check(is_job("job number"));
}

void jobs_argument(CLI::App* command, std::vector<JobId>& jobs) {
    const auto take = [&jobs](const std::vector<std::string>& texts) {
        jobs.clear();
        for (const std::string& text : texts) jobs.push_back(whole_number(text, 1, highest_job).value());
    };
    command->add_option_function<std::vector<std::string>>("JOB", take, "Their numbers")
        ->required()
        ->type_name("")
        ->check(is_job("job number"));
}

constexpr std::int64_t highest_limit = 500;

void limit_option(CLI::App* command, std::size_t& limit, const std::string& help) {
    const auto take = [&limit](const std::string& text) {
        limit = static_cast<std::size_t>(whole_number(text, 1, highest_limit).value());
    };
    command->add_option_function<std::string>("--limit", take, help)
        ->type_name("N")
        ->check(CLI::Validator(
            [](std::string& text) -> std::string {
                if (whole_number(text, 1, highest_limit)) return {};
                return fmt::format("found '{}', expected a whole number from 1 to {}", plain(text), highest_limit);
            },
            ""));
}

CLI::App* group(CLI::App& parent, const std::string& name, const std::string& help) {
    return parent.add_subcommand(name, help);
}

// A command that runs. Global options are repeated, so that its help is whole and they may stand anywhere.
CLI::App* leaf(CLI::App& parent, const Shared& values, const std::string& name, const std::string& help,
               Answers answers, std::function<int(CommandContext&)> run) {
    CLI::App* command = parent.add_subcommand(name, help);
    command
        ->add_option("--config", values->config, "The YAML file (or EMBEDQ_CONFIG); without one embedq runs embedded")
        ->type_name("FILE");
    if (answers == Answers::json_too) command->add_flag("--json", values->json, "Answer in JSON");
    command->callback([values, run = std::move(run)] { *values->chosen = run; });
    return command;
}

void add_main_commands(CLI::App& app, const Shared& v) {
    CLI::App* index = leaf(app, v, "index",
                           "Put OpenAPI documents (files, folders, URLs) in a catalog, and stay until all is embedded",
                           Answers::json_too, [v](CommandContext& context) { return run_index(context, v->index); });
    index->add_option("PATH", v->index.paths, "Files, folders (of which *.json, *.yaml and *.yml) and https:// URLs")
        ->required()
        ->type_name("");
    index->add_option("--catalog", v->index.catalog, "The catalog (default: default)")->type_name("ID");
    index->add_flag("--no-work", v->index.no_work, "Leave the embedding to workers, but stay until it is done");

    CLI::App* search = leaf(app, v, "search", "Find operations by a question", Answers::json_too,
                            [v](CommandContext& context) { return run_search(context, v->search); });
    search->add_option("QUERY", v->search.query, "A question in plain words, or - for one a line from standard input")
        ->required()
        ->type_name("");
    search->add_option("--catalog", v->search.catalog, "Only this catalog")->type_name("ID");
    choice(search->add_option_function<std::string>(
               "--mode", [v](const std::string& mode) { v->search.mode = modes.at(mode); },
               "How to rank (default: hybrid)"),
           modes);
    limit_option(search, v->search.limit, "How many, 1 to 500 (default: 10)");

    CLI::App* status = leaf(app, v, "status", "A line per spec with its state, and how far each catalog is",
                            Answers::json_too, [v](CommandContext& context) { return run_status(context, v->status); });
    status->add_option("CATALOG", v->status.catalog, "Only this catalog, with all its specs")->type_name("");
    status->add_flag("--watch", v->status.watch, "Stay, and show each change");

    leaf(app, v, "serve", "Run the scheduler and the configured services until SIGTERM", Answers::words, run_serve);
    leaf(app, v, "worker", "Run the scheduler alone until SIGTERM", Answers::words, run_worker);
}

void add_jobs(CLI::App& app, const Shared& v) {
    CLI::App* jobs = group(app, "jobs", "List, show, retry, cancel and prune jobs");
    CLI::App* list = leaf(*jobs, v, "list", "The newest first", Answers::json_too,
                          [v](CommandContext& context) { return run_jobs_list(context, v->jobs_list); });
    list->add_option("--catalog", v->jobs_list.catalog, "Only of this catalog")->type_name("ID");
    list->add_option("--spec", v->jobs_list.spec, "Only of this spec")->type_name("NAME");
    choice(list->add_option_function<std::string>(
               "--status", [v](const std::string& name) { v->jobs_list.status = statuses.at(name); },
               "Only with this status"),
           statuses);
    limit_option(list, v->jobs_list.limit, "How many, 1 to 500 (default: 50)");
    list->add_option_function<std::string>(
            "--cursor", [v](const std::string& text) { v->jobs_list.cursor = whole_number(text, 1, highest_job); },
            "Go on after a page: its next_cursor")
        ->type_name("CURSOR")
        ->check(is_job("cursor"));

    job_argument(leaf(*jobs, v, "show", "One job", Answers::json_too,
                      [v](CommandContext& context) { return run_jobs_show(context, v->job); }),
                 v->job);
    jobs_argument(leaf(*jobs, v, "retry", "Queue the specs of finished jobs again", Answers::words,
                       [v](CommandContext& context) { return run_jobs_retry(context, v->jobs); }),
                  v->jobs);
    jobs_argument(leaf(*jobs, v, "cancel", "End pending and running jobs", Answers::words,
                       [v](CommandContext& context) { return run_jobs_cancel(context, v->jobs); }),
                  v->jobs);
    leaf(*jobs, v, "prune", "Delete finished jobs, and vectors that nothing needs", Answers::words,
         [v](CommandContext& context) { return run_jobs_prune(context, v->jobs_prune); })
        ->add_option_function<std::string>(
            "--older-than", [v](const std::string& text) { v->jobs_prune.older_than = parse_duration(text).value(); },
            "How old, such as 12h or 14d (default: 14d)")
        ->type_name("DURATION")
        ->check(CLI::Validator(
            [](std::string& text) -> std::string {
                if (parse_duration(text)) return {};
                return fmt::format("'{}' is no duration; write a number and ms, s, m, h or d, such as 14d", text);
            },
            ""));
}

void add_catalogs(CLI::App& app, const Shared& v) {
    CLI::App* catalogs = group(app, "catalogs", "List, show, reembed, clone and delete catalogs");
    leaf(*catalogs, v, "list", "All catalogs", Answers::json_too,
         [](CommandContext& context) { return run_catalogs_list(context); });
    const auto named = [&](const std::string& name, const std::string& help, Answers answers,
                           int (*run)(CommandContext&, const std::string&)) {
        leaf(*catalogs, v, name, help, answers, [v, run](CommandContext& context) { return run(context, v->catalog); })
            ->add_option("CATALOG", v->catalog, "Its id")
            ->required()
            ->type_name("");
    };
    named("show", "One catalog", Answers::json_too, run_catalogs_show);
    CLI::App* reembed = leaf(*catalogs, v, "reembed", "Embed every text of a catalog anew", Answers::json_too,
                             [v](CommandContext& context) { return run_catalogs_reembed(context, v->reembed); });
    reembed->add_option("CATALOG", v->reembed.catalog, "Its id")->required()->type_name("");
    reembed->add_flag("--dry-run", v->reembed.dry_run,
                      "Tell how many texts, bytes, tokens and calls it would take, and change nothing");
    CLI::App* clone =
        leaf(*catalogs, v, "clone", "Copy a catalog; its vectors are shared, not made again", Answers::words,
             [v](CommandContext& context) { return run_catalogs_clone(context, v->clone); });
    clone->add_option("SOURCE", v->clone.source, "The catalog to copy")->required()->type_name("");
    clone->add_option("TARGET", v->clone.target, "The new catalog's id")->required()->type_name("");
    clone->add_option("--name", v->clone.name, "The new catalog's name (default: its id)")->type_name("NAME");
    named("delete", "Delete a catalog with its specs", Answers::words, run_catalogs_delete);
}

void add_specs(CLI::App& app, const Shared& v) {
    CLI::App* specs = group(app, "specs", "List, show, refresh, reembed and delete the specs of a catalog");
    const auto add = [&](const std::string& name, const std::string& help, Answers answers,
                         int (*run)(CommandContext&, const SpecArguments&)) {
        CLI::App* command =
            leaf(*specs, v, name, help, answers, [v, run](CommandContext& context) { return run(context, v->spec); });
        command->add_option("--catalog", v->spec.catalog, "The catalog (default: default)")->type_name("ID");
        if (name != "list") command->add_option("SPEC", v->spec.spec, "Its name")->required()->type_name("");
        return command;
    };
    add("list", "All specs of a catalog", Answers::json_too, run_specs_list);
    add("show", "One spec with its operations", Answers::json_too, run_specs_show)
        ->add_flag("--content", v->spec.content, "The document as it was put");
    CLI::App* refresh =
        leaf(*specs, v, "refresh", "Ask for specs that came from a URL again, and store those that changed",
             Answers::json_too, [v](CommandContext& context) { return run_specs_refresh(context, v->refresh); });
    refresh->add_option("CATALOG", v->refresh.catalog, "Only of this catalog")->type_name("");
    refresh->add_option("SPEC", v->refresh.spec, "Only this spec of it")->type_name("");
    add("reembed", "Embed every text of a spec anew", Answers::words, run_specs_reembed);
    add("delete", "Delete a spec", Answers::words, run_specs_delete);
}

// NAME=VALUE, which the kit checks against the plugin's table; here only the form.
void option_values(CLI::App* command, const std::string& name, std::vector<std::string>& values,
                   const std::string& help) {
    command->add_option(name, values, help)
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false)
        ->check(CLI::Validator(
            [](std::string& text) -> std::string {
                if (const auto at = text.find('='); at != 0 && at != std::string::npos) return {};
                return fmt::format("found '{}', expected NAME=VALUE", plain(text));
            },
            ""));
}

void add_plugins_verify(CLI::App& plugins, const Shared& v) {
    CLI::App* verify = leaf(plugins, v, "verify", "Run the conformance kit on one plugin file", Answers::words,
                            [v](CommandContext& context) { return run_plugins_verify(context, v->plugins_verify); });
    verify->add_option("FILE", v->plugins_verify.file, "libembedq_<kind>_<name>.so")->required()->type_name("");
    option_values(verify, "--options", v->plugins_verify.options,
                  "An option of the plugin, once for each; ${NAME} is the environment's");
    option_values(verify, "--slow", v->plugins_verify.slow,
                  "Providers: what makes it answer far later than any deadline");
    option_values(verify, "--refusing", v->plugins_verify.refusing,
                  "Providers: what makes it refuse texts with \"refuse this\" in them");
    const auto handed_on = [&](const std::string& name, const std::string& type, const std::string& help) {
        const auto take = [v, name](const std::string& value) {
            v->plugins_verify.switches.push_back(name);
            v->plugins_verify.switches.push_back(value);
        };
        verify->add_option_function<std::string>(name, take, help)->type_name(type);
    };
    handed_on("--cases", "GLOB", "Only the cases whose names match");
    handed_on("--seed", "N", "What the random cases start from");
    handed_on("--steps", "N", "How long the random cases are");
    handed_on("--json", "FILE", "Write the outcome of each case to this file");
    verify->add_flag_callback(
        "--verbose", [v] { v->plugins_verify.switches.emplace_back("--verbose"); }, "Tell each case as it runs");
    verify->add_flag_callback(
        "--list", [v] { v->plugins_verify.switches.emplace_back("--list"); }, "List the cases and run none");
}

void add_plugins(CLI::App& app, const Shared& v) {
    CLI::App* plugins = group(
        app, "plugins", "What can be loaded, from where, with which options; new ones, and whether they are right");
    leaf(*plugins, v, "list", "All plugins", Answers::json_too, run_plugins_list);
    leaf(*plugins, v, "show", "One plugin with its options", Answers::json_too,
         [v](CommandContext& context) { return run_plugins_show(context, v->plugin); })
        ->add_option("NAME", v->plugin, "Its name")
        ->required()
        ->type_name("");
    CLI::App* create =
        leaf(*plugins, v, "new", "Write the project of a new plugin, which builds and passes its tests",
             Answers::json_too, [v](CommandContext& context) { return run_plugins_new(context, v->plugins_new); });
    create->add_option("KIND", v->plugins_new.kind, "store, provider, notifier or service")->required()->type_name("");
    create->add_option("NAME", v->plugins_new.name, "Lower-case letters, digits and '_'; as the YAML will name it")
        ->required()
        ->type_name("");
    create->add_option("--into", v->plugins_new.into, "The project's folder (default: one of its name, here)")
        ->type_name("FOLDER");
    add_plugins_verify(*plugins, v);
}

void add_rest(CLI::App& app, const Shared& v) {
    CLI::App* config = group(app, "config", "Check and show the configuration");
    leaf(*config, v, "check", "Say what is wrong, with line and column", Answers::json_too, run_config_check);
    leaf(*config, v, "show", "The configuration as it works, secrets hidden", Answers::json_too, run_config_show);
    leaf(*config, v, "schema", "The JSON Schema of the YAML", Answers::json_too, run_config_schema);
    leaf(*config, v, "reference", "Every key and option as a Markdown page", Answers::words, run_config_reference);

    leaf(app, v, "doctor", "Check everything a deployment needs, and say the hint for each fault", Answers::json_too,
         run_doctor)
        ->footer("Exit status: 0 no fault, 1 a fault, 2 bad usage. Nothing is changed.");

    CLI::App* migrate = group(app, "migrate", "The schema of the store");
    leaf(*migrate, v, "up", "Bring it up to date", Answers::json_too, run_migrate_up);
    leaf(*migrate, v, "status", "Which it is, and which would be new", Answers::json_too, run_migrate_status);
}

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

// A word that is no command, or an option that there is not, with the nearest that there is.
std::string unknown_of(const CLI::App& app, const CLI::App* command, const std::string& word) {
    std::vector<std::string> known;
    const bool option = word.starts_with('-');
    const std::string bare = word.substr(0, word.find('='));
    if (option) {
        for (const CLI::Option* each : command->get_options()) {
            for (const std::string& name : each->get_lnames()) known.push_back("--" + name);
        }
    } else {
        for (const CLI::App* each : command->get_subcommands([](const CLI::App*) { return true; }))
            known.push_back(each->get_name());
    }
    const auto near = nearest(bare, known);
    const std::string path = path_of(app, command);
    if (!option && known.empty()) return fmt::format("'{}' is one argument too many; see {} --help", word, path);
    return fmt::format("{} has no {} '{}'{}; see {} --help", path, option ? "option" : "command", bare,
                       near ? fmt::format(", did you mean '{}'?", *near) : "", path);
}

}  // namespace

std::variant<Invocation, Answer> read_arguments(std::span<const std::string> arguments, std::string_view version) {
    const auto values = std::make_shared<Values>();
    std::function<int(CommandContext&)> chosen;
    values->chosen = &chosen;
    CLI::App app(
        "embedq keeps every vector in step with its source: it embeds the operations of OpenAPI documents and finds "
        "them by a question.",
        "embedq");
    app.set_version_flag("--version", std::string(version), "The version");
    app.set_help_flag("-h,--help", "This help");
    app.allow_extras();
    app.add_option("--config", values->config, "The YAML file; without one embedq runs embedded")
        ->envname("EMBEDQ_CONFIG")
        ->type_name("FILE");
    app.get_formatter()->column_width(28);
    app.get_formatter()->label("REQUIRED", "");
    app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app.get_formatter()->label("Subcommands", "Commands");
    add_main_commands(app, values);
    add_jobs(app, values);
    add_catalogs(app, values);
    add_specs(app, values);
    add_plugins(app, values);
    add_rest(app, values);

    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        return Answer{exit_done, app.help()};
    } catch (const CLI::CallForVersion&) {
        return Answer{exit_done, fmt::format("embedq {}\n", version)};
    } catch (const CLI::ParseError& error) {
        const CLI::App* command = deepest(app);
        const std::vector<std::string> extras = app.remaining(true);
        if (!extras.empty()) return Answer{exit_usage, unknown_of(app, command, extras.front())};
        std::string message = error.what();
        while (message.ends_with('\n')) message.pop_back();
        return Answer{exit_usage, fmt::format("{}; see {} --help", message, path_of(app, command))};
    }
    const CLI::App* command = deepest(app);
    if (const std::vector<std::string> extras = app.remaining(true); !extras.empty()) {
        return Answer{exit_usage, unknown_of(app, command, extras.front())};
    }
    if (!chosen) {
        if (command == &app && arguments.empty()) return Answer{exit_usage, app.help()};
        return Answer{exit_usage,
                      fmt::format("{} wants a command; see {} --help", path_of(app, command), path_of(app, command))};
    }
    return Invocation{values->config, values->json, std::move(chosen)};
}

}  // namespace embedq::cli
