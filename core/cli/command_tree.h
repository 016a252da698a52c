// The commands of the program with their arguments: the one place that names them. Each command takes the arguments
// that all take: --config, --json, --quiet and --log-level.
//
// Thread-safety: main thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/argument_places.h"
#include "cli/command_context.h"
#include "cli/commands.h"
#include "embedq/context.h"

namespace CLI {
class App;
}

namespace embedq::cli {

// The arguments of all commands; lives as long as the command may run.
struct CommandValues {
    std::string config;
    bool json = false;
    bool quiet = false;
    std::optional<LogLevel> log_level;
    // Set by the command that was named. A pointer, because the function itself keeps these values alive.
    std::function<int(CommandContext&)>* chosen = nullptr;
    bool json_logs = false;  // `json` of the chosen command is about its log
    bool help = false;       // the command `help` was named, for `help_for`
    std::vector<std::string> help_for;
    std::map<const CLI::App*, ArgumentPlaces> places;
    IndexArguments index;
    SearchArguments search;
    StatusArguments status;
    JobsListArguments jobs_list;
    JobsCancelArguments jobs_cancel;
    JobsPruneArguments jobs_prune;
    std::vector<JobId> jobs;
    JobId job = 0;
    std::string catalog;
    CatalogCloneArguments clone;
    CatalogDeleteArguments catalog_delete;
    CatalogReembedArguments reembed;
    ConfigApplyArguments config_apply;
    SpecArguments spec;
    SpecsListArguments specs_list;
    SpecsRefreshArguments refresh;
    std::string plugin;
    PluginsNewArguments plugins_new;
    PluginsVerifyArguments plugins_verify;
};

// Adds everything to `app`, which must not outlive the values.
void add_commands(CLI::App& app, const std::shared_ptr<CommandValues>& values, std::string_view version);

}  // namespace embedq::cli
