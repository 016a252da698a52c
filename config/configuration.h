// Configuration: one YAML document, read against the plugins' option tables into typed, checked values.
//
// Reading takes two steps, since the tables are known only after the plugins are loaded: `read_plugin_paths`, then
// (with the loader behind a PluginTables) `load`. Both report every fault in one go, in document order, with line and
// column. A diagnostic, `show` and `schema` never contain a secret. Thread-safety: plain values and functions without
// state; a PluginTables is used only by the calling thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/context.h"
#include "embedq/error.h"
#include "embedq/options.h"
#include "embedq/plugin.h"
#include "settings/settings.h"

namespace embedq::config {

// One fault or warning. Lines and columns count from 1, columns in characters; 0 stands for the whole file.
struct Diagnostic {
    std::string file;
    int line = 0;
    int column = 0;
    bool warning = false;
    std::string message;
    std::string hint = {};  // what to do about it, as in an Error; may be empty

    friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// `file:line:column: error: message; hint`
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);

// What the configuration needs to know about a plugin. The span lives as long as the PluginTables that returned it.
struct PluginTable {
    std::string name;
    std::string version;
    std::string summary;
    std::span<const OptionSpec> options;
};

class PluginTables {
public:
    virtual ~PluginTables() = default;
    // `not_found` when there is no such plugin; `misconfigured`, with the reason, when it was found and refused.
    [[nodiscard]] virtual Result<PluginTable> find(PluginKind kind, std::string_view name) = 0;
    // Every usable plugin of the kind, sorted.
    [[nodiscard]] virtual std::vector<std::string> names(PluginKind kind) = 0;
};

// The value of an environment variable, or nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
[[nodiscard]] Environment process_environment();

// Where a document comes from. Relative paths in a document are relative to its folder: the file's, or the one given
// with a text.
class Source {
public:
    [[nodiscard]] static Source file(std::filesystem::path path);
    [[nodiscard]] static Source text(std::string text, std::string name, std::filesystem::path folder = {});

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }  // empty for a text
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
    // The document's bytes; each call reads a file again.
    [[nodiscard]] std::expected<std::string, Diagnostic> read() const;

private:
    std::string name_;
    std::filesystem::path path_;
    std::filesystem::path folder_;
    std::string text_;
};

// Where a secret comes from that is neither in the document nor in the environment: a file, or else a command.
struct SecretSource {
    OptionSpec row{};                    // of the option; its texts live as long as the plugin is loaded
    std::string where;                   // "providers.ai.options.api_key"
    std::optional<std::size_t> element;  // of a list
    std::optional<std::string> key;      // of a map
    std::filesystem::path file;
    std::vector<std::string> command;  // the program and its arguments
    std::filesystem::path folder;      // in which the command runs
};

struct PluginInstance {
    std::string name;  // the key under `providers:`; else the plugin's own name
    std::string plugin;
    // With secrets from files as `load` found them, and without those from commands, which it does not run:
    // config/secrets.h reads them.
    Options options;
    std::set<std::string> secrets;  // the options whose values must not be shown
    std::vector<SecretSource> secret_sources;
    int line = 0;  // where the plugin is named
    int column = 0;
};

struct ProviderConfig {
    PluginInstance instance;
    LimitSettings limits;
};

struct EmbeddingConfig {
    // Each value is the name of a configured provider, or "none".
    std::string provider = "none";
    std::map<std::string, std::string> catalogs;  // catalog id to provider: the exceptions
    EmbeddingSettings settings;
};

struct Configuration {
    std::string source;                               // as diagnostics name it
    std::filesystem::path file;                       // empty when it was not read from a file
    std::vector<std::filesystem::path> plugin_paths;  // absolute
    PluginInstance store;
    PluginInstance notifier;
    std::map<std::string, ProviderConfig> providers;
    EmbeddingConfig embedding;
    SchedulerSettings scheduler;
    FetchSettings fetch;
    std::vector<PluginInstance> services;
    LoggingSettings logging;
};

struct Loaded {
    Configuration configuration;
    std::vector<Diagnostic> warnings;
};

// `plugins.paths` alone, absolute. Fails where it cannot be read, which `load` reports too, together with all other
// faults, and where a folder does not exist, which `load` does not check.
[[nodiscard]] std::expected<std::vector<std::filesystem::path>, std::vector<Diagnostic>> read_plugin_paths(
    const Source& source, const Environment& environment);

// The whole document. On failure: every error and warning, in document order.
[[nodiscard]] std::expected<Loaded, std::vector<Diagnostic>> load(const Source& source, PluginTables& tables,
                                                                  const Environment& environment);

// The default when no file is named: the text of config/examples/embedded.yaml, built in. It is loaded like any other.
[[nodiscard]] Source embedded_default();

// One value of an option from the text of a YAML scalar, written like a default in a table: a list as `[a, b]` or a
// single text, a map as `{a: b}`. Environment variables are not expanded, and relative paths stay relative.
// `invalid_argument` says what was found and what was expected.
[[nodiscard]] Result<OptionValue> parse_option(const OptionSpec& spec, std::string_view scalar);

// All values of a plugin from texts, with defaults filled in and required options checked. `invalid_argument` lists
// every fault.
[[nodiscard]] Result<Options> options_from_text(std::span<const OptionSpec> table,
                                                const std::map<std::string, std::string>& texts);

// A value as `parse_option` reads it back. The caller must hide secrets.
[[nodiscard]] std::string option_to_text(const OptionValue& value);

// The effective configuration as YAML that `load` accepts: defaults written out, secrets as "<hidden>", passwords in
// URLs hidden.
[[nodiscard]] std::string show(const Configuration& configuration, PluginTables& tables);

// The JSON Schema (draft 2020-12) of the YAML, for editors: the fixed keys and, per plugin, its option table.
[[nodiscard]] std::string schema(PluginTables& tables);

// The reference page (docs/configuration.md) as Markdown: every key, and every plugin's options.
[[nodiscard]] std::string reference(PluginTables& tables);

}  // namespace embedq::config
