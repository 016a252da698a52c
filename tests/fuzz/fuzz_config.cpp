// Whatever a configuration says, loading it gives faults with their places or typed values, and runs nothing.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"

namespace {

using namespace embedq;

void demand(bool holds) {
    if (!holds) std::abort();
}

// One row of each type, with bounds and choices, under names that the examples use.
constexpr OptionSpec rows[] = {
    {.name = "path", .type = OptionType::path},
    {.name = "url", .type = OptionType::text, .required = true, .secret = true},
    {.name = "api_key", .type = OptionType::text, .secret = true},
    {.name = "headers", .type = OptionType::text_map, .secret = true},
    {.name = "keys", .type = OptionType::text_list, .secret = true},
    {.name = "pin", .type = OptionType::integer, .secret = true, .minimum = 1000, .maximum = 9999},
    {.name = "endpoints", .type = OptionType::text_list, .default_value = "[]"},
    {.name = "query", .type = OptionType::text_map, .default_value = "{}"},
    {.name = "model", .type = OptionType::text, .default_value = "m", .choices = "m|n"},
    {.name = "temperature", .type = OptionType::number, .minimum = 0, .maximum = 1.5},
    {.name = "pull", .type = OptionType::boolean, .default_value = "false"},
    {.name = "max_body", .type = OptionType::size, .default_value = "10MiB", .minimum = 1024},
    {.name = "timeout", .type = OptionType::duration, .default_value = "30s", .minimum = 10},
};

class Tables final : public config::PluginTables {
public:
    Result<config::PluginTable> find(PluginKind, std::string_view name) override {
        if (std::ranges::find(names_, name) == names_.end())
            return fail(ErrorKind::not_found, "there is no such plugin");
        return config::PluginTable{std::string(name), "1", "A plugin.", rows};
    }
    std::vector<std::string> names(PluginKind) override { return {names_.begin(), names_.end()}; }

private:
    static constexpr std::array<std::string_view, 8> names_ = {"memory", "sqlite",  "postgres", "local",
                                                               "poll",   "lexical", "ollama",   "openai"};
};

std::optional<std::string> environment(std::string_view name) {
    if (name == "HOME") return "/home/ada";
    return name == "KEY" ? std::optional<std::string>("sk-key") : std::nullopt;
}

void check(const std::vector<config::Diagnostic>& diagnostics) {
    for (const config::Diagnostic& each : diagnostics) {
        demand(!each.message.empty() && each.line >= 0 && each.column >= 0 && !config::to_string(each).empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto source =
        config::Source::text(std::string(reinterpret_cast<const char*>(data), size), "c.yaml", "/nowhere");
    Tables tables;
    if (const auto paths = config::read_plugin_paths(source, environment); !paths) check(paths.error());
    const auto loaded = config::load(source, tables, environment);
    if (loaded) {
        check(loaded->warnings);
        demand(std::ranges::all_of(loaded->warnings, &config::Diagnostic::warning));
        demand(config::show(loaded->configuration, tables).starts_with("version: 1\n"));
    } else {
        check(loaded.error());
        demand(!std::ranges::all_of(loaded.error(), &config::Diagnostic::warning));
    }
    demand(::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD);
    return 0;
}
