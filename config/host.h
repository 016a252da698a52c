// The host's own settings as option tables, so that one reader, one schema and one printer serve them and the plugins
// alike.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/configuration.h"

namespace embedq::config {

[[nodiscard]] std::span<const OptionSpec> scheduler_table();
[[nodiscard]] std::span<const OptionSpec> backoff_table();
[[nodiscard]] std::span<const OptionSpec> limits_table();
[[nodiscard]] std::span<const OptionSpec> fetch_table();
[[nodiscard]] std::span<const OptionSpec> logging_table();
[[nodiscard]] const OptionSpec& plugin_paths_spec();

[[nodiscard]] SchedulerConfig scheduler_from(const Options& scheduler, const Options& backoff);
[[nodiscard]] ProviderLimitsConfig limits_from(const Options& limits);
[[nodiscard]] FetchConfig fetch_from(const Options& fetch);
[[nodiscard]] LoggingConfig logging_from(const Options& logging);

// Back again, for `show`.
[[nodiscard]] Options to_options(const SchedulerConfig& scheduler);
[[nodiscard]] Options to_options(const BackoffConfig& backoff);
[[nodiscard]] Options to_options(const ProviderLimitsConfig& limits);
[[nodiscard]] Options to_options(const FetchConfig& fetch);
[[nodiscard]] Options to_options(const LoggingConfig& logging);

// What stands in for sections that are not written.
inline constexpr std::string_view default_store = "sqlite";
inline constexpr std::string_view default_notifier = "local";
inline constexpr std::string_view default_provider = "lexical";
inline constexpr std::string_view no_provider = "none";

// The one option whose default depends on the user, which no table can say: the SQLite file.
[[nodiscard]] bool host_supplies(PluginKind kind, std::string_view plugin, std::string_view option);
// $XDG_DATA_HOME/embedq/embedq.db, else ~/.local/share/embedq/embedq.db; nothing when neither variable is usable.
[[nodiscard]] std::optional<std::filesystem::path> default_database(const Environment& environment);

inline constexpr std::string_view catalog_id_form = "^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$";
[[nodiscard]] bool is_catalog_id(std::string_view id);
inline constexpr std::string_view instance_name_form = "^[a-z][a-z0-9_.-]{0,63}$";
[[nodiscard]] bool is_instance_name(std::string_view name);

}  // namespace embedq::config
