// Plugin tables, an environment and documents for the configuration's tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "config/configuration.h"

namespace embedq::config::testing {

inline constexpr OptionSpec sqlite_rows[] = {
    {.name = "path", .type = OptionType::path, .help = "The database file.", .required = true},
};
inline constexpr OptionSpec postgres_rows[] = {
    {.name = "url", .type = OptionType::text, .help = "The database's URL.", .required = true, .secret = true},
    {.name = "schema", .type = OptionType::text, .default_value = "embedq", .help = "The schema of the tables."},
    {.name = "migrate",
     .type = OptionType::text,
     .default_value = "auto",
     .help = "When to migrate.",
     .choices = "auto|never"},
};
inline constexpr OptionSpec lexical_rows[] = {
    {.name = "dimension",
     .type = OptionType::integer,
     .default_value = "512",
     .help = "Numbers in a vector.",
     .minimum = 64,
     .maximum = 4096},
};
inline constexpr OptionSpec simulated_rows[] = {
    {.name = "latency", .type = OptionType::duration, .default_value = "0", .help = "Of a call."},
    {.name = "latency_per_input", .type = OptionType::duration, .default_value = "0", .help = "Of a text."},
    {.name = "dimension",
     .type = OptionType::integer,
     .default_value = "32",
     .help = "Numbers in a vector.",
     .minimum = 1},
    {.name = "max_inputs", .type = OptionType::integer, .default_value = "0", .help = "Texts in a call.", .minimum = 0},
    {.name = "concurrency",
     .type = OptionType::integer,
     .default_value = "1",
     .help = "Calls at a time.",
     .minimum = 1},
    {.name = "faults", .type = OptionType::text_list, .default_value = "[]", .help = "A script of faults."},
};
inline constexpr OptionSpec openai_rows[] = {
    {.name = "model", .type = OptionType::text, .help = "The model's name.", .required = true},
    {.name = "base_url",
     .type = OptionType::text,
     .default_value = "https://api.openai.com/v1",
     .help = "Where it is."},
    {.name = "api_key", .type = OptionType::text, .help = "The key.", .secret = true},
    {.name = "headers", .type = OptionType::text_map, .help = "More headers.", .secret = true},
    {.name = "keys", .type = OptionType::text_list, .help = "Keys in turn.", .secret = true},
    {.name = "pin",
     .type = OptionType::integer,
     .help = "A secret number.",
     .secret = true,
     .minimum = 1000,
     .maximum = 9999},
    {.name = "query", .type = OptionType::text_map, .default_value = "{}", .help = "Query parameters."},
    {.name = "endpoints", .type = OptionType::text_list, .help = "Where it is, many."},
    {.name = "temperature", .type = OptionType::number, .help = "A number.", .minimum = 0, .maximum = 1.5},
    {.name = "pull", .type = OptionType::boolean, .default_value = "false", .help = "Fetch the model."},
    {.name = "max_body",
     .type = OptionType::size,
     .default_value = "10MiB",
     .help = "Longest answer.",
     .minimum = 1024},
    {.name = "timeout",
     .type = OptionType::duration,
     .default_value = "30s",
     .help = "Of a call.",
     .minimum = 10,
     .maximum = 3'600'000},
    {.name = "ca_file", .type = OptionType::path, .help = "Trusted certificates."},
};
inline constexpr OptionSpec poll_rows[] = {
    {.name = "interval",
     .type = OptionType::duration,
     .default_value = "1s",
     .help = "Between two looks.",
     .minimum = 10},
};
inline constexpr OptionSpec admin_rows[] = {
    {.name = "listen", .type = OptionType::text, .default_value = "127.0.0.1:8080", .help = "Address and port."},
};
inline constexpr OptionSpec faulty_rows[] = {
    {.name = "size", .type = OptionType::size, .default_value = "ten", .help = "Its default is broken."},
};

class FakeTables : public PluginTables {
public:
    FakeTables() {
        add(PluginKind::store, "memory", {});
        add(PluginKind::store, "sqlite", sqlite_rows);
        add(PluginKind::store, "postgres", postgres_rows);
        add(PluginKind::provider, "lexical", lexical_rows);
        add(PluginKind::provider, "simulated", simulated_rows);
        add(PluginKind::provider, "openai", openai_rows);
        add(PluginKind::provider, "faulty", faulty_rows);
        add(PluginKind::notifier, "local", {});
        add(PluginKind::notifier, "poll", poll_rows);
        add(PluginKind::service, "admin", admin_rows);
    }

    void add(PluginKind kind, std::string name, std::span<const OptionSpec> rows) {
        tables_[kind].insert_or_assign(name, PluginTable{name, "1.0", "The plugin " + name + ".", rows});
    }

    Result<PluginTable> find(PluginKind kind, std::string_view name) override {
        if (name == "refused")
            return fail(ErrorKind::misconfigured, "its file may be written by others than its owner");
        const auto found = tables_[kind].find(std::string(name));
        if (found == tables_[kind].end()) return fail(ErrorKind::not_found, "no such plugin");
        return found->second;
    }

    std::vector<std::string> names(PluginKind kind) override {
        std::vector<std::string> all;
        for (const auto& [name, table] : tables_[kind]) all.push_back(name);
        return all;
    }

private:
    std::map<PluginKind, std::map<std::string, PluginTable>> tables_;
};

inline Environment environment(std::map<std::string, std::string, std::less<>> values = {{"HOME", "/home/ada"}}) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    };
}

using LoadResult = std::expected<Loaded, std::vector<Diagnostic>>;

inline LoadResult load_text(const std::string& yaml, const Environment& env = environment()) {
    FakeTables tables;
    return load(Source::text(yaml, "c.yaml", "/etc/embedq"), tables, env);
}

// One line per diagnostic.
inline std::string lines(const std::vector<Diagnostic>& diagnostics) {
    std::string out;
    for (const Diagnostic& diagnostic : diagnostics) out += to_string(diagnostic) + "\n";
    return out;
}

// The diagnostics of a document, whether it loads or not.
inline std::string diagnostics(const LoadResult& result) {
    return lines(result ? result->warnings : result.error());
}

// A folder that is removed after the test.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "embedq-config-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    std::filesystem::path write(const std::string& name, std::string_view content) const;

private:
    std::filesystem::path path_;
};

}  // namespace embedq::config::testing
