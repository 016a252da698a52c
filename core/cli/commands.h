// The commands: each takes its arguments and returns the exit status. Their code is in commands/.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_context.h"
#include "cli/spec_state.h"
#include "embedq/catalog.h"
#include "embedq/job.h"

namespace embedq::cli {

struct IndexArguments {
    std::vector<std::string> paths;  // and URLs
    std::string catalog = "default";
    bool no_work = false;
    bool check = false;                                     // only say what would change
    bool watch = false;                                     // stay, and follow the folders
    bool yes = false;                                       // remove specs without a file, however many they are
    std::optional<RefreshInterval> refresh = std::nullopt;  // of the URLs; nothing: as it is
    bool remove_missing = false;  // remove specs without a file from a store that machines share, too
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;  // of the whole wait, from the start
};
[[nodiscard]] int run_index(CommandContext& context, const IndexArguments& arguments);

struct SearchArguments {
    std::string query;
    std::optional<std::string> catalog;
    std::optional<std::string> spec;
    RankingMode mode = RankingMode::hybrid;
    std::size_t limit = 10;
};
[[nodiscard]] int run_search(CommandContext& context, const SearchArguments& arguments);

struct StatusArguments {
    std::optional<std::string> catalog;
    bool watch = false;
};
[[nodiscard]] int run_status(CommandContext& context, const StatusArguments& arguments);

struct JobsListArguments {
    std::optional<std::string> catalog;
    std::optional<std::string> spec;
    std::optional<JobStatus> status;
    std::optional<JobId> cursor;
    std::size_t limit = 50;
};
struct JobsCancelArguments {
    std::vector<JobId> jobs;
    bool yes = false;  // do not ask
};
struct JobsPruneArguments {
    std::chrono::milliseconds older_than{std::chrono::hours(24 * 14)};
    bool yes = false;  // do not ask
};
[[nodiscard]] int run_jobs_list(CommandContext& context, const JobsListArguments& arguments);
[[nodiscard]] int run_jobs_show(CommandContext& context, JobId job);
[[nodiscard]] int run_jobs_retry(CommandContext& context, const std::vector<JobId>& jobs);
[[nodiscard]] int run_jobs_cancel(CommandContext& context, const JobsCancelArguments& arguments);
[[nodiscard]] int run_jobs_prune(CommandContext& context, const JobsPruneArguments& arguments);

struct CatalogCloneArguments {
    std::string source;
    std::string target;
    std::string name;
};
struct CatalogDeleteArguments {
    std::string catalog;
    bool yes = false;  // do not ask
};
struct CatalogReembedArguments {
    std::string catalog;
    bool dry_run = false;  // shows what it would take, and changes nothing
};
[[nodiscard]] int run_catalogs_list(CommandContext& context);
[[nodiscard]] int run_catalogs_show(CommandContext& context, const std::string& catalog);
[[nodiscard]] int run_catalogs_reembed(CommandContext& context, const CatalogReembedArguments& arguments);
[[nodiscard]] int run_catalogs_clone(CommandContext& context, const CatalogCloneArguments& arguments);
[[nodiscard]] int run_catalogs_delete(CommandContext& context, const CatalogDeleteArguments& arguments);

struct SpecArguments {
    std::string catalog = "default";
    std::string spec;
    bool content = false;  // `show`: the document itself
    bool yes = false;      // `delete`: do not ask
};
struct SpecsListArguments {
    std::string catalog = "default";
    std::optional<SpecState> state;  // only specs in it
};
struct SpecsRefreshArguments {
    std::string catalog;                                  // empty: all
    std::string spec;                                     // empty: all of the catalog
    std::optional<RefreshInterval> every = std::nullopt;  // their refresh interval from now on
};
[[nodiscard]] int run_specs_refresh(CommandContext& context, const SpecsRefreshArguments& arguments);
[[nodiscard]] int run_specs_list(CommandContext& context, const SpecsListArguments& arguments);
[[nodiscard]] int run_specs_show(CommandContext& context, const SpecArguments& arguments);
[[nodiscard]] int run_specs_reembed(CommandContext& context, const SpecArguments& arguments);
[[nodiscard]] int run_specs_delete(CommandContext& context, const SpecArguments& arguments);

struct PluginsNewArguments {
    std::string kind;
    std::string name;
    std::string into;  // the project's folder; empty for one of the plugin's name in the working folder
};
// The plugin file, and the options for the conformance kit; see `embedq-conformance --help`.
struct PluginsVerifyArguments {
    std::string file;
    std::vector<std::string> options, slow, refusing;  // NAME=VALUE
    std::vector<std::string> switches;                 // --cases GLOB and others that the kit reads
};
[[nodiscard]] int run_plugins_new(CommandContext& context, const PluginsNewArguments& arguments);
[[nodiscard]] int run_plugins_verify(CommandContext& context, const PluginsVerifyArguments& arguments);
[[nodiscard]] int run_plugins_list(CommandContext& context);
[[nodiscard]] int run_plugins_show(CommandContext& context, const std::string& name);

[[nodiscard]] int run_config_check(CommandContext& context);
[[nodiscard]] int run_config_show(CommandContext& context);
[[nodiscard]] int run_config_schema(CommandContext& context);
[[nodiscard]] int run_config_reference(CommandContext& context);
struct ConfigApplyArguments {
    bool yes = false;  // do not ask
};
[[nodiscard]] int run_config_apply(CommandContext& context, const ConfigApplyArguments& arguments);

[[nodiscard]] int run_migrate_up(CommandContext& context);
[[nodiscard]] int run_migrate_status(CommandContext& context);

[[nodiscard]] int run_workers_list(CommandContext& context);

[[nodiscard]] int run_doctor(CommandContext& context);

[[nodiscard]] int run_worker(CommandContext& context);
[[nodiscard]] int run_serve(CommandContext& context);

}  // namespace embedq::cli
