// The host's own settings as option tables, so that one reader, one schema and one printer serve them and the plugins
// alike.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/configuration.h"
#include "config/host_table.h"

namespace embedq::config {

[[nodiscard]] const HostTable<SchedulerSettings>& scheduler_table();
[[nodiscard]] const HostTable<sync::Backoff>& backoff_table();
[[nodiscard]] const HostTable<LimitSettings>& limits_table();
[[nodiscard]] const HostTable<EmbeddingSettings>& embedding_table();
[[nodiscard]] const HostTable<FetchSettings>& fetch_table();
[[nodiscard]] const HostTable<LoggingSettings>& logging_table();
[[nodiscard]] const OptionSpec& plugin_paths_spec();

// The defaults of sections that are not written.
inline constexpr std::string_view default_store = "sqlite";
inline constexpr std::string_view default_notifier = "local";
inline constexpr std::string_view default_provider = "lexical";
inline constexpr std::string_view no_provider = "none";

// The one option whose default depends on the user, so that no table can contain it: the SQLite file.
[[nodiscard]] bool host_supplies(PluginKind kind, std::string_view plugin, std::string_view option);
// $XDG_DATA_HOME/embedq/embedq.db, else ~/.local/share/embedq/embedq.db; nothing when neither variable is usable.
[[nodiscard]] std::optional<std::filesystem::path> default_database(const Environment& environment);

inline constexpr std::string_view instance_name_form = "^[a-z][a-z0-9_.-]{0,63}$";
[[nodiscard]] bool is_instance_name(std::string_view name);

}  // namespace embedq::config
