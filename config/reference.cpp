// The reference page: the same tables that `load` and `schema` read, as Markdown.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "config/configuration.h"
#include "config/host.h"
#include "config/text.h"
#include "config/values.h"

namespace embedq::config {
namespace {

constexpr std::string_view introduction = R"(# Configuration

One YAML file, named by `--config FILE` or `EMBEDQ_CONFIG`. Every key except `version` is optional. )"
                                          R"(`embedq config check` reports all
faults of a file in one go, with line and column ([errors.md](errors.md) shows the messages); )"
                                          R"(`embedq config show` prints the effective
configuration, with defaults written out and secrets hidden; `embedq config schema` prints the JSON Schema that )"
                                          R"(editors use for completion.

This page is printed by `embedq config reference`, from the tables that files are checked against.

- **Environment.** `${NAME}` and `${NAME:-default}` stand for a variable in every value; `$${` stands for )"
                                          R"(`${`. A variable that is not set
  and has no default is an error.
- **Secrets.** Options marked *secret* are never shown. They also accept `{ file: PATH }` and )"
                                          R"(`{ command: [PROGRAM, ARGUMENT] }`
  ([secrets](deploying.md#secrets)). A secret written out in the configuration is accepted with a warning.
- **Durations** have a unit: `250ms`, `20s`, `5m`, `1h`, `14d`. **Sizes** are bytes, or have one: `4096`, )"
                                          R"(`64KiB`, `10MiB`, `1GiB`.
- **Relative paths** start at the configuration's folder.
- **A single text** is accepted as a list of one.
- **Anchors, aliases and merge keys** work (`&name`, `*name`, `<<: *name`); duplicate keys are errors.
)";

// Escapes what would end a cell or be read as markup.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|' || c == '<' || c == '*') out.push_back('\\');
        out.push_back(c == '\n' ? ' ' : c);
    }
    return out;
}

std::string takes(const OptionSpec& spec) {
    std::string text = expectation(spec);
    for (const std::string_view article : {"an ", "a "}) {
        if (text.starts_with(article)) text.erase(0, article.size());
    }
    if (spec.choices != nullptr) text = "`" + join(split(spec.choices, '|'), "`, `") + "`";
    return cell(text) + (spec.secret ? "; *secret*" : "");
}

std::string standard(PluginKind kind, std::string_view plugin, const OptionSpec& spec) {
    if (host_supplies(kind, plugin, spec.name))
        return "`$XDG_DATA_HOME/embedq/embedq.db`, else `~/.local/share/embedq/embedq.db`";
    if (spec.default_value == nullptr) return spec.required ? "**required**" : "not set";
    const std::string_view text = spec.default_value;
    return text.empty() ? "empty" : fmt::format("`{}`", text);
}

class Page {
public:
    Page() : out_(introduction) {}

    void line(std::string_view text) { fmt::format_to(std::back_inserter(out_), "{}\n", text); }
    void section(std::string_view title, std::string_view text) {
        fmt::format_to(std::back_inserter(out_), "\n## {}\n\n{}\n", title, text);
    }
    void row(std::string_view name, std::string_view value, std::string_view by_default, std::string_view help) {
        fmt::format_to(std::back_inserter(out_), "| `{}` | {} | {} | {} |\n", name, value, by_default, cell(help));
    }
    void head(std::string_view first) {
        fmt::format_to(std::back_inserter(out_), "\n| {} | Takes | Default | Meaning |\n|---|---|---|---|\n", first);
    }
    // A table of the host itself, where no plugin supplies an option.
    void host_rows(std::span<const OptionSpec> table, std::string_view prefix = {}) {
        for (const OptionSpec& spec : table) {
            row(fmt::format("{}{}", prefix, spec.name), takes(spec), standard(PluginKind::service, {}, spec),
                spec.help);
        }
    }
    void plugin(PluginKind kind, const PluginTable& table) {
        const std::string_view summary = table.summary;
        fmt::format_to(std::back_inserter(out_), "\n### {} `{}`\n\n{}{}\n", embedq::to_string(kind), table.name,
                       summary, summary.ends_with('.') ? "" : ".");
        if (table.options.empty()) {
            line("\nIt has no options.");
            return;
        }
        head("Option");
        for (const OptionSpec& spec : table.options)
            row(spec.name, takes(spec), standard(kind, table.name, spec), spec.help);
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    std::string out_;
};

void host_part(Page& page) {
    page.section("Keys", "Every key of the file. The `options` of each plugin are in the plugin's own section.");
    page.head("Key");
    page.row("version", "`1`", "**required**", "The version of this format.");
    page.host_rows(std::span(&plugin_paths_spec(), 1), "plugins.");
    page.row("store.plugin", "name of a store plugin", fmt::format("`{}`", default_store),
             "The queue backend: catalogs, jobs and vectors in one place.");
    page.row("store.options", "mapping", "empty", "The store plugin's options.");
    page.row("notifier.plugin", "name of a notifier plugin", fmt::format("`{}`", default_notifier),
             "What wakes idle workers.");
    page.row("notifier.options", "mapping", "empty", "The notifier plugin's options.");
    page.row("providers.NAME.plugin", "name of a provider plugin", fmt::format("one, `{}`", default_provider),
             "A provider under a name of your choice: up to 64 lower-case letters, digits, '_', '.' or '-', starting "
             "with a letter, other than none.");
    page.row("providers.NAME.options", "mapping", "empty", "The provider plugin's options.");
    page.host_rows(limits_table().specs(), "providers.NAME.limits.");
    page.row("embedding.provider", "name under `providers`, or `none`", "the only provider",
             "The provider of every catalog; none turns embedding off. Required when there are several providers.");
    page.row("embedding.catalogs.ID", "name under `providers`, or `none`", "not set",
             "The provider of this catalog, if it is not the default.");
    page.host_rows(embedding_table().specs(), "embedding.");
    page.host_rows(scheduler_table().specs(), "scheduler.");
    page.host_rows(backoff_table().specs(), "scheduler.backoff.");
    page.host_rows(fetch_table().specs(), "fetch.");
    page.row("services[].plugin", "name of a service plugin", "no services",
             "What runs beside the scheduler in `embedq serve`.");
    page.row("services[].options", "mapping", "empty", "The service plugin's options.");
    page.host_rows(logging_table().specs(), "logging.");
}

}  // namespace

std::string reference(PluginTables& tables) {
    static constexpr std::array kinds = {PluginKind::store, PluginKind::notifier, PluginKind::provider,
                                         PluginKind::service};
    Page page;
    host_part(page);
    page.section(
        "Plugins",
        "The plugins that are installed with embedq. `embedq plugins show NAME` shows the same for any other.");
    for (const PluginKind kind : kinds) {
        for (const std::string& name : tables.names(kind)) {
            if (const auto table = tables.find(kind, name)) page.plugin(kind, *table);
        }
    }
    return page.take();
}

}  // namespace embedq::config
