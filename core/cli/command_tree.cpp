#include "cli/command_tree.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "cli/argument_values.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

using Values = std::shared_ptr<CommandValues>;
using Run = std::function<int(CommandContext&)>;

void add_common(CLI::App& command, const Values& v, const std::string& json_help) {
    command
        .add_option("--config", v->config,
                    "The YAML file (or EMBEDQ_CONFIG); without one embedq uses built-in defaults")
        ->type_name("FILE");
    // `plugins verify` hands its own --json to the conformance kit.
    if (!json_help.empty()) command.add_flag("--json", v->json, json_help);
    command.add_flag("--quiet", v->quiet, "Print answers and errors only");
    add_log_level(&command, v->log_level);
}

CLI::App* group(CLI::App& parent, const Values& v, const std::string& name, const std::string& help) {
    CLI::App* command = parent.add_subcommand(name, help);
    add_common(*command, v, "Answer in JSON");
    return command;
}

// A command that runs. What all take is repeated, so that its help is complete and it may stand anywhere.
CLI::App* leaf(CLI::App& parent, const Values& v, const std::string& name, const std::string& help, Run run,
               const std::string& json_help = "Answer in JSON") {
    CLI::App* command = parent.add_subcommand(name, help);
    add_common(*command, v, json_help);
    command->callback([v, run = std::move(run)] { *v->chosen = run; });
    return command;
}

// A command that runs until it is stopped. It has no answer: with --json its log is JSON.
void service(CLI::App& parent, const Values& v, const std::string& name, const std::string& help, Run run) {
    leaf(parent, v, name, help, {}, "Log in JSON")->callback([v, run = std::move(run)] {
        *v->chosen = run;
        v->json_logs = true;
    });
}

void add_place(CLI::App* command, const Values& v, ArgumentPlace place) {
    v->places[command].add(*command, std::move(place));
}

ArgumentPlace catalog_place(std::string& id, const std::string& help, bool required = true) {
    return {"CATALOG", "--catalog", "ID", help, required, [&id](const std::string& text) { id = text; }};
}

ArgumentPlace spec_place(std::string& name, const std::string& help, bool required = true) {
    return {"SPEC", "--spec", "NAME", help, required, [&name](const std::string& text) { name = text; }};
}

template <class Text>
CLI::Option* add_catalog(CLI::App* command, Text& id, const std::string& help) {
    return command->add_option("--catalog", id, help)->type_name("ID");
}

template <class Text>
CLI::Option* add_spec(CLI::App* command, Text& name, const std::string& help) {
    return command->add_option("--spec", name, help)->type_name("NAME");
}

void add_yes(CLI::App* command, bool& yes) {
    command->add_flag("--yes", yes, "Do not ask");
}

// What `index` does with what changed in the folders.
void add_folder_options(CLI::App* index, const Values& v) {
    index->add_flag("--check", v->index.check,
                    "Change nothing; say what would change, with exit status 1 if anything would");
    index->add_flag("--watch", v->index.watch,
                    "Keep running, and follow what changes in the folders; not with --check, --yes or --timeout");
    index->add_flag("--yes", v->index.yes,
                    "Remove specs whose files are gone, even if they are many or the folder is empty");
    index->add_flag("--remove-missing", v->index.remove_missing,
                    "Remove specs whose files are gone from a store that machines share, too");
    // CLI11's own exclusion of several options is shown in an order that differs between runs.
    index->parse_complete_callback([v] {
        if (v->index.watch && v->index.check) throw CLI::ExcludesError("--watch", "--check");
        if (v->index.watch && v->index.yes) throw CLI::ExcludesError("--watch", "--yes");
        // Neither waits until all is embedded.
        if (v->index.watch && v->index.timeout) throw CLI::ExcludesError("--watch", "--timeout");
        if (v->index.check && v->index.timeout) throw CLI::ExcludesError("--check", "--timeout");
    });
}

void add_main_commands(CLI::App& app, const Values& v) {
    CLI::App* index = leaf(app, v, "index",
                           "Put OpenAPI documents (files, folders, URLs) in a catalog, and wait until all are embedded",
                           [v](CommandContext& context) { return run_index(context, v->index); });
    index->add_option("PATH", v->index.paths, "Files, folders (their *.json, *.yaml and *.yml) and https:// URLs")
        ->required()
        ->type_name("");
    add_catalog(index, v->index.catalog, "The catalog (default: default)");
    index->add_flag("--no-work", v->index.no_work, "Leave the embedding to workers, but wait until it is done");
    add_folder_options(index, v);
    add_refresh(index, "--refresh", v->index.refresh);
    add_timeout(index, v->index.timeout);
    index->footer(
        "Exit status: 0 done, 1 failed or something was refused, 2 bad usage or configuration, 3 the provider refuses "
        "until the cause that it states is corrected, 4 the time is over. With 3 and 4 the documents are stored.");

    CLI::App* search = leaf(app, v, "search", "Find operations by a question",
                            [v](CommandContext& context) { return run_search(context, v->search); });
    search
        ->add_option("QUESTION", v->search.query,
                     "A question in plain words, or - to read one per line from standard input")
        ->required()
        ->type_name("");
    add_catalog(search, v->search.catalog, "Only this catalog");
    add_spec(search, v->search.spec, "Only this spec");
    add_ranking_mode(search, v->search.mode);
    add_limit(search, v->search.limit, "How many, 1 to 500 (default: 10)");

    CLI::App* status = leaf(app, v, "status", "The state of each spec, and the progress of each catalog",
                            [v](CommandContext& context) { return run_status(context, v->status); });
    add_place(status, v,
              {"CATALOG", "--catalog", "ID", "Only this catalog, with all its specs", false,
               [&into = v->status.catalog](const std::string& id) { into = id; }});
    status->add_flag("--watch", v->status.watch, "Keep running, and show each change");

    service(app, v, "serve", "Run the scheduler and the configured services until SIGTERM", run_serve);
    service(app, v, "worker", "Run the scheduler alone until SIGTERM", run_worker);
}

void add_jobs_commands(CLI::App& app, const Values& v) {
    CLI::App* jobs = group(app, v, "jobs", "List, show, retry, cancel and prune jobs");
    CLI::App* list = leaf(*jobs, v, "list", "The newest first",
                          [v](CommandContext& context) { return run_jobs_list(context, v->jobs_list); });
    add_catalog(list, v->jobs_list.catalog, "Only of this catalog");
    add_spec(list, v->jobs_list.spec, "Only of this spec");
    add_job_status(list, v->jobs_list.status);
    add_limit(list, v->jobs_list.limit, "How many, 1 to 500 (default: 50)");
    add_cursor(list, v->jobs_list.cursor);

    add_job(leaf(*jobs, v, "show", "One job", [v](CommandContext& context) { return run_jobs_show(context, v->job); }),
            v->job);
    add_jobs(leaf(*jobs, v, "retry", "Queue the specs of finished jobs again",
                  [v](CommandContext& context) { return run_jobs_retry(context, v->jobs); }),
             v->jobs);
    CLI::App* cancel = leaf(*jobs, v, "cancel", "End pending and running jobs",
                            [v](CommandContext& context) { return run_jobs_cancel(context, v->jobs_cancel); });
    add_jobs(cancel, v->jobs_cancel.jobs);
    add_yes(cancel, v->jobs_cancel.yes);
    CLI::App* prune = leaf(*jobs, v, "prune", "Delete finished jobs, and vectors that nothing needs",
                           [v](CommandContext& context) { return run_jobs_prune(context, v->jobs_prune); });
    add_age(prune, v->jobs_prune.older_than);
    add_yes(prune, v->jobs_prune.yes);
}

void add_catalogs(CLI::App& app, const Values& v) {
    CLI::App* catalogs = group(app, v, "catalogs", "List, show, reembed, clone and delete catalogs");
    leaf(*catalogs, v, "list", "All catalogs", [](CommandContext& context) { return run_catalogs_list(context); });
    CLI::App* show = leaf(*catalogs, v, "show", "One catalog",
                          [v](CommandContext& context) { return run_catalogs_show(context, v->catalog); });
    add_place(show, v, catalog_place(v->catalog, "Its id"));
    CLI::App* reembed = leaf(*catalogs, v, "reembed", "Embed every text of a catalog again",
                             [v](CommandContext& context) { return run_catalogs_reembed(context, v->reembed); });
    add_place(reembed, v, catalog_place(v->reembed.catalog, "Its id"));
    reembed->add_flag("--dry-run", v->reembed.dry_run,
                      "Show how many texts, bytes, tokens and calls it would take, and change nothing");
    CLI::App* clone = leaf(*catalogs, v, "clone", "Copy a catalog; the vectors are shared, not computed again",
                           [v](CommandContext& context) { return run_catalogs_clone(context, v->clone); });
    add_place(clone, v,
              {"SOURCE", "--catalog", "ID", "The catalog to copy", true,
               [&into = v->clone.source](const std::string& id) { into = id; }});
    add_place(clone, v,
              {"TARGET", "--to", "ID", "The new catalog's id", true,
               [&into = v->clone.target](const std::string& id) { into = id; }});
    clone->add_option("--name", v->clone.name, "The new catalog's name (default: its id)")->type_name("NAME");
    CLI::App* remove = leaf(*catalogs, v, "delete", "Delete a catalog with its specs",
                            [v](CommandContext& context) { return run_catalogs_delete(context, v->catalog_delete); });
    add_place(remove, v, catalog_place(v->catalog_delete.catalog, "Its id"));
    add_yes(remove, v->catalog_delete.yes);
}

void add_specs(CLI::App& app, const Values& v) {
    CLI::App* specs = group(app, v, "specs", "List, show, refresh, reembed and delete the specs of a catalog");
    const auto add = [&](const std::string& name, const std::string& help,
                         int (*run)(CommandContext&, const SpecArguments&)) {
        CLI::App* command =
            leaf(*specs, v, name, help, [v, run](CommandContext& context) { return run(context, v->spec); });
        add_catalog(command, v->spec.catalog, "The catalog (default: default)");
        add_place(command, v, spec_place(v->spec.spec, "Its name"));
        return command;
    };
    CLI::App* list = leaf(*specs, v, "list", "All specs of a catalog",
                          [v](CommandContext& context) { return run_specs_list(context, v->specs_list); });
    add_catalog(list, v->specs_list.catalog, "The catalog (default: default)");
    add_spec_state(list, v->specs_list.state);
    add("show", "One spec with its operations", run_specs_show)
        ->add_flag("--content", v->spec.content, "The document as it was stored");
    CLI::App* refresh =
        leaf(*specs, v, "refresh", "Fetch the specs that came from a URL again, and store those that changed",
             [v](CommandContext& context) { return run_specs_refresh(context, v->refresh); });
    add_place(refresh, v, catalog_place(v->refresh.catalog, "Only of this catalog", false));
    add_place(refresh, v, spec_place(v->refresh.spec, "Only this spec of it", false));
    add_refresh(refresh, "--every", v->refresh.every);
    add("reembed", "Embed every text of a spec again", run_specs_reembed);
    add_yes(add("delete", "Delete a spec", run_specs_delete), v->spec.yes);
}

void add_plugins_verify(CLI::App& plugins, const Values& v) {
    CLI::App* verify = leaf(
        plugins, v, "verify", "Run the conformance kit on one plugin file",
        [v](CommandContext& context) { return run_plugins_verify(context, v->plugins_verify); }, "");
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

void add_plugins(CLI::App& app, const Values& v) {
    CLI::App* plugins = group(app, v, "plugins", "List, show, create and verify plugins");
    leaf(*plugins, v, "list", "All plugins", run_plugins_list);
    leaf(*plugins, v, "show", "One plugin with its options",
         [v](CommandContext& context) { return run_plugins_show(context, v->plugin); })
        ->add_option("NAME", v->plugin, "Its name")
        ->required()
        ->type_name("");
    CLI::App* create = leaf(*plugins, v, "new", "Write the project of a new plugin, which builds and passes its tests",
                            [v](CommandContext& context) { return run_plugins_new(context, v->plugins_new); });
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

void add_rest(CLI::App& app, const Values& v, const std::string& version) {
    CLI::App* config = group(app, v, "config", "Check, show and apply the configuration");
    leaf(*config, v, "check", "Report every error, with line and column", run_config_check);
    leaf(*config, v, "show", "Show the effective configuration, secrets hidden", run_config_show);
    add_yes(leaf(*config, v, "apply", "Embed the catalogs by the models that the configuration names",
                 [v](CommandContext& context) { return run_config_apply(context, v->config_apply); }),
            v->config_apply.yes);
    leaf(*config, v, "schema", "The JSON Schema of the YAML", run_config_schema);
    leaf(*config, v, "reference", "Every key and option as a Markdown page", run_config_reference);

    leaf(app, v, "doctor", "Check everything a deployment needs, with a hint for each fault", run_doctor)
        ->footer("Exit status: 0 no faults, 1 faults, 2 bad usage. Nothing is changed.");

    CLI::App* workers = group(app, v, "workers", "List the processes that work on the store");
    leaf(*workers, v, "list", "Each with its host, version, providers, jobs and last heartbeat", run_workers_list);

    CLI::App* migrate = group(app, v, "migrate", "The schema of the store");
    leaf(*migrate, v, "up", "Bring it up to date", run_migrate_up);
    leaf(*migrate, v, "status", "Show its version, and the migrations that are pending", run_migrate_status);

    CLI::App* help = leaf(app, v, "help", "The help of a command", {});
    help->callback([v] { v->help = true; });
    help->add_option("COMMAND", v->help_for, "The command (default: all commands)")->type_name("");
    leaf(app, v, "version", "The version", [version](CommandContext& context) {
        context.console.print(context.json ? dump({{"version", version}}) : fmt::format("embedq {}", version));
        return exit_done;
    });
}

}  // namespace

void add_commands(CLI::App& app, const std::shared_ptr<CommandValues>& values, std::string_view version) {
    add_common(app, values, "Answer in JSON");
    app.get_option("--config")->envname("EMBEDQ_CONFIG");
    add_main_commands(app, values);
    add_jobs_commands(app, values);
    add_catalogs(app, values);
    add_specs(app, values);
    add_plugins(app, values);
    add_rest(app, values, std::string(version));
    // Only the first word of a level is a command: any further one is an argument, whatever it is called.
    const auto everywhere = [](const auto& self, CLI::App& each) -> void {
        each.require_subcommand(0, 1);
        for (CLI::App* command : each.get_subcommands([](CLI::App*) { return true; })) self(self, *command);
    };
    everywhere(everywhere, app);
}

}  // namespace embedq::cli
