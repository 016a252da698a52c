#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "cli/argument_values.h"
#include "cli/commands.h"
#include "embedq/support/nearest.h"

namespace embedq::cli {
namespace {

// The arguments of all commands; lives as long as the command may run.
struct Values {
    std::string config;
    bool json = false;
    // Set by the command that was named. A pointer, because the function itself keeps these values alive.
    std::function<int(CommandContext&)>* chosen = nullptr;
    IndexArguments index;
    CatalogDeleteArguments catalog_delete;
    SearchArguments search;
    StatusArguments status;
    JobsListArguments jobs_list;
    JobsPruneArguments jobs_prune;
    std::vector<JobId> jobs;
    JobId job = 0;
    std::string catalog;
    CatalogCloneArguments clone;
    CatalogReembedArguments reembed;
    ConfigApplyArguments config_apply;
    SpecArguments spec;
    SpecsRefreshArguments refresh;
    std::string plugin;
    PluginsNewArguments plugins_new;
    PluginsVerifyArguments plugins_verify;
};
using Shared = std::shared_ptr<Values>;

enum class Output : bool { text, text_or_json };

CLI::App* group(CLI::App& parent, const std::string& name, const std::string& help) {
    return parent.add_subcommand(name, help);
}

// A command that runs. Global options are repeated, so that its help is complete and they may stand anywhere.
CLI::App* leaf(CLI::App& parent, const Shared& values, const std::string& name, const std::string& help, Output output,
               std::function<int(CommandContext&)> run) {
    CLI::App* command = parent.add_subcommand(name, help);
    command
        ->add_option("--config", values->config, "The YAML file (or EMBEDQ_CONFIG); without one embedq runs embedded")
        ->type_name("FILE");
    if (output == Output::text_or_json) command->add_flag("--json", values->json, "Answer in JSON");
    command->callback([values, run = std::move(run)] { *values->chosen = run; });
    return command;
}

void add_main_commands(CLI::App& app, const Shared& v) {
    CLI::App* index = leaf(app, v, "index",
                           "Put OpenAPI documents (files, folders, URLs) in a catalog, and wait until all are embedded",
                           Output::text_or_json, [v](CommandContext& context) { return run_index(context, v->index); });
    index->add_option("PATH", v->index.paths, "Files, folders (their *.json, *.yaml and *.yml) and https:// URLs")
        ->required()
        ->type_name("");
    index->add_option("--catalog", v->index.catalog, "The catalog (default: default)")->type_name("ID");
    index->add_flag("--no-work", v->index.no_work, "Leave the embedding to workers, but wait until it is done");
    CLI::Option* check = index->add_flag("--check", v->index.check,
                                         "Change nothing; say what would change, with exit status 1 if anything would");
    CLI::Option* watch =
        index->add_flag("--watch", v->index.watch, "Keep running, and follow what changes in the folders");
    CLI::Option* yes = index->add_flag(
        "--yes", v->index.yes, "Remove specs whose files are gone, even if they are many or the folder is empty");
    index->add_flag("--remove-missing", v->index.remove_missing,
                    "Remove specs whose files are gone from a store that machines share, too");
    watch->excludes(yes)->excludes(check);
    add_refresh(index, "--refresh", v->index.refresh);
    add_timeout(index, v->index.timeout);
    index->footer(
        "Exit status: 0 done, 1 failed or something was refused, 2 bad usage or configuration, 3 the provider refuses "
        "until somebody corrects "
        "what it says, 4 the time is over. With 3 and 4 the documents are stored.");

    CLI::App* search = leaf(app, v, "search", "Find operations by a question", Output::text_or_json,
                            [v](CommandContext& context) { return run_search(context, v->search); });
    search
        ->add_option("QUERY", v->search.query,
                     "A question in plain words, or - to read one per line from standard input")
        ->required()
        ->type_name("");
    search->add_option("--catalog", v->search.catalog, "Only this catalog")->type_name("ID");
    add_ranking_mode(search, v->search.mode);
    add_limit(search, v->search.limit, "How many, 1 to 500 (default: 10)");

    CLI::App* status =
        leaf(app, v, "status", "The state of each spec, and the progress of each catalog", Output::text_or_json,
             [v](CommandContext& context) { return run_status(context, v->status); });
    status->add_option("CATALOG", v->status.catalog, "Only this catalog, with all its specs")->type_name("");
    status->add_flag("--watch", v->status.watch, "Keep running, and show each change");

    leaf(app, v, "serve", "Run the scheduler and the configured services until SIGTERM", Output::text, run_serve);
    leaf(app, v, "worker", "Run the scheduler alone until SIGTERM", Output::text, run_worker);
}

void add_jobs_commands(CLI::App& app, const Shared& v) {
    CLI::App* jobs = group(app, "jobs", "List, show, retry, cancel and prune jobs");
    CLI::App* list = leaf(*jobs, v, "list", "The newest first", Output::text_or_json,
                          [v](CommandContext& context) { return run_jobs_list(context, v->jobs_list); });
    list->add_option("--catalog", v->jobs_list.catalog, "Only of this catalog")->type_name("ID");
    list->add_option("--spec", v->jobs_list.spec, "Only of this spec")->type_name("NAME");
    add_job_status(list, v->jobs_list.status);
    add_limit(list, v->jobs_list.limit, "How many, 1 to 500 (default: 50)");
    add_cursor(list, v->jobs_list.cursor);

    add_job(leaf(*jobs, v, "show", "One job", Output::text_or_json,
                 [v](CommandContext& context) { return run_jobs_show(context, v->job); }),
            v->job);
    add_jobs(leaf(*jobs, v, "retry", "Queue the specs of finished jobs again", Output::text,
                  [v](CommandContext& context) { return run_jobs_retry(context, v->jobs); }),
             v->jobs);
    add_jobs(leaf(*jobs, v, "cancel", "End pending and running jobs", Output::text,
                  [v](CommandContext& context) { return run_jobs_cancel(context, v->jobs); }),
             v->jobs);
    add_age(leaf(*jobs, v, "prune", "Delete finished jobs, and vectors that nothing needs", Output::text,
                 [v](CommandContext& context) { return run_jobs_prune(context, v->jobs_prune); }),
            v->jobs_prune.older_than);
}

void add_catalogs(CLI::App& app, const Shared& v) {
    CLI::App* catalogs = group(app, "catalogs", "List, show, reembed, clone and delete catalogs");
    leaf(*catalogs, v, "list", "All catalogs", Output::text_or_json,
         [](CommandContext& context) { return run_catalogs_list(context); });
    const auto named = [&](const std::string& name, const std::string& help, Output output,
                           int (*run)(CommandContext&, const std::string&)) {
        leaf(*catalogs, v, name, help, output, [v, run](CommandContext& context) { return run(context, v->catalog); })
            ->add_option("CATALOG", v->catalog, "Its id")
            ->required()
            ->type_name("");
    };
    named("show", "One catalog", Output::text_or_json, run_catalogs_show);
    CLI::App* reembed = leaf(*catalogs, v, "reembed", "Embed every text of a catalog again", Output::text_or_json,
                             [v](CommandContext& context) { return run_catalogs_reembed(context, v->reembed); });
    reembed->add_option("CATALOG", v->reembed.catalog, "Its id")->required()->type_name("");
    reembed->add_flag("--dry-run", v->reembed.dry_run,
                      "Show how many texts, bytes, tokens and calls it would take, and change nothing");
    CLI::App* clone =
        leaf(*catalogs, v, "clone", "Copy a catalog; the vectors are shared, not computed again", Output::text,
             [v](CommandContext& context) { return run_catalogs_clone(context, v->clone); });
    clone->add_option("SOURCE", v->clone.source, "The catalog to copy")->required()->type_name("");
    clone->add_option("TARGET", v->clone.target, "The new catalog's id")->required()->type_name("");
    clone->add_option("--name", v->clone.name, "The new catalog's name (default: its id)")->type_name("NAME");
    CLI::App* remove = leaf(*catalogs, v, "delete", "Delete a catalog with its specs", Output::text,
                            [v](CommandContext& context) { return run_catalogs_delete(context, v->catalog_delete); });
    remove->add_option("CATALOG", v->catalog_delete.catalog, "Its id")->required()->type_name("");
    remove->add_flag("--yes", v->catalog_delete.yes, "Do not ask");
}

void add_specs(CLI::App& app, const Shared& v) {
    CLI::App* specs = group(app, "specs", "List, show, refresh, reembed and delete the specs of a catalog");
    const auto add = [&](const std::string& name, const std::string& help, Output output,
                         int (*run)(CommandContext&, const SpecArguments&)) {
        CLI::App* command =
            leaf(*specs, v, name, help, output, [v, run](CommandContext& context) { return run(context, v->spec); });
        command->add_option("--catalog", v->spec.catalog, "The catalog (default: default)")->type_name("ID");
        if (name != "list") command->add_option("SPEC", v->spec.spec, "Its name")->required()->type_name("");
        return command;
    };
    add("list", "All specs of a catalog", Output::text_or_json, run_specs_list);
    add("show", "One spec with its operations", Output::text_or_json, run_specs_show)
        ->add_flag("--content", v->spec.content, "The document as it was stored");
    CLI::App* refresh =
        leaf(*specs, v, "refresh", "Fetch the specs that came from a URL again, and store those that changed",
             Output::text_or_json, [v](CommandContext& context) { return run_specs_refresh(context, v->refresh); });
    refresh->add_option("CATALOG", v->refresh.catalog, "Only of this catalog")->type_name("");
    refresh->add_option("SPEC", v->refresh.spec, "Only this spec of it")->type_name("");
    add_refresh(refresh, "--every", v->refresh.every);
    add("reembed", "Embed every text of a spec again", Output::text, run_specs_reembed);
    add("delete", "Delete a spec", Output::text, run_specs_delete);
}

void add_plugins_verify(CLI::App& plugins, const Shared& v) {
    CLI::App* verify = leaf(plugins, v, "verify", "Run the conformance kit on one plugin file", Output::text,
                            [v](CommandContext& context) { return run_plugins_verify(context, v->plugins_verify); });
    verify->add_option("FILE", v->plugins_verify.file, "libembedq_<kind>_<name>.so")->required()->type_name("");
    add_assignments(verify, "--options", v->plugins_verify.options,
                    "An option of the plugin, may be repeated; ${NAME} is taken from the environment");
    add_assignments(verify, "--slow", v->plugins_verify.slow,
                    "Providers: the option that makes it answer far later than any deadline");
    add_assignments(verify, "--refusing", v->plugins_verify.refusing,
                    "Providers: the option that makes it refuse texts with \"refuse this\" in them");
    const auto passed_on = [&](const std::string& name, const std::string& type, const std::string& help) {
        const auto take = [v, name](const std::string& value) {
            v->plugins_verify.switches.push_back(name);
            v->plugins_verify.switches.push_back(value);
        };
        verify->add_option_function<std::string>(name, take, help)->type_name(type);
    };
    passed_on("--cases", "GLOB", "Only the cases whose names match");
    passed_on("--seed", "N", "The seed of the random cases");
    passed_on("--steps", "N", "How long the random cases are");
    passed_on("--json", "FILE", "Write the outcome of each case to this file");
    verify->add_flag_callback(
        "--verbose", [v] { v->plugins_verify.switches.emplace_back("--verbose"); }, "Show each case as it runs");
    verify->add_flag_callback(
        "--list", [v] { v->plugins_verify.switches.emplace_back("--list"); }, "List the cases and run none");
}

void add_plugins(CLI::App& app, const Shared& v) {
    CLI::App* plugins = group(app, "plugins", "List, show, create and verify plugins");
    leaf(*plugins, v, "list", "All plugins", Output::text_or_json, run_plugins_list);
    leaf(*plugins, v, "show", "One plugin with its options", Output::text_or_json,
         [v](CommandContext& context) { return run_plugins_show(context, v->plugin); })
        ->add_option("NAME", v->plugin, "Its name")
        ->required()
        ->type_name("");
    CLI::App* create =
        leaf(*plugins, v, "new", "Write the project of a new plugin, which builds and passes its tests",
             Output::text_or_json, [v](CommandContext& context) { return run_plugins_new(context, v->plugins_new); });
    create->add_option("KIND", v->plugins_new.kind, "store, provider, notifier or service")->required()->type_name("");
    create->add_option("NAME", v->plugins_new.name, "Lower-case letters, digits and '_'; as the YAML will name it")
        ->required()
        ->type_name("");
    create
        ->add_option("--into", v->plugins_new.into,
                     "The project's folder (default: one of its name in the working folder)")
        ->type_name("FOLDER");
    add_plugins_verify(*plugins, v);
}

void add_rest(CLI::App& app, const Shared& v) {
    CLI::App* config = group(app, "config", "Check, show and apply the configuration");
    leaf(*config, v, "check", "Report every error, with line and column", Output::text_or_json, run_config_check);
    leaf(*config, v, "show", "Show the effective configuration, secrets hidden", Output::text_or_json, run_config_show);
    leaf(*config, v, "apply", "Embed the catalogs by the models that the configuration names", Output::text_or_json,
         [v](CommandContext& context) { return run_config_apply(context, v->config_apply); })
        ->add_flag("--yes", v->config_apply.yes, "Do not ask");
    leaf(*config, v, "schema", "The JSON Schema of the YAML", Output::text_or_json, run_config_schema);
    leaf(*config, v, "reference", "Every key and option as a Markdown page", Output::text, run_config_reference);

    leaf(app, v, "doctor", "Check everything a deployment needs, with a hint for each fault", Output::text_or_json,
         run_doctor)
        ->footer("Exit status: 0 no fault, 1 a fault, 2 bad usage. Nothing is changed.");

    CLI::App* workers = group(app, "workers", "List the processes that work on the store");
    leaf(*workers, v, "list", "Each with its host, version, providers, jobs and last heartbeat", Output::text_or_json,
         run_workers_list);

    CLI::App* migrate = group(app, "migrate", "The schema of the store");
    leaf(*migrate, v, "up", "Bring it up to date", Output::text_or_json, run_migrate_up);
    leaf(*migrate, v, "status", "Show its version, and the migrations that are pending", Output::text_or_json,
         run_migrate_status);
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

// The error for a word that is not a command or an option that does not exist, with the nearest one that does.
std::string unknown_word(const CLI::App& app, const CLI::App* command, const std::string& word) {
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
    add_jobs_commands(app, values);
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
        if (!extras.empty()) return Answer{exit_usage, unknown_word(app, command, extras.front())};
        std::string message = error.what();
        while (message.ends_with('\n')) message.pop_back();
        return Answer{exit_usage, fmt::format("{}; see {} --help", message, path_of(app, command))};
    }
    const CLI::App* command = deepest(app);
    if (const std::vector<std::string> extras = app.remaining(true); !extras.empty()) {
        return Answer{exit_usage, unknown_word(app, command, extras.front())};
    }
    if (!chosen) {
        if (command == &app && arguments.empty()) return Answer{exit_usage, app.help()};
        return Answer{exit_usage,
                      fmt::format("{} needs a command; see {} --help", path_of(app, command), path_of(app, command))};
    }
    return Invocation{values->config, values->json, std::move(chosen)};
}

}  // namespace embedq::cli
