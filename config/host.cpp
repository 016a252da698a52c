#include "config/host.h"

#include <algorithm>
#include <array>

namespace embedq::config {
namespace {

using std::chrono::milliseconds;

constexpr double ms = 1;
constexpr double second = 1'000;
constexpr double minute = 60 * second;
constexpr double day = 24 * 60 * minute;

constexpr std::array<OptionSpec, 7> scheduler_rows = {{
    {.name = "lease",
     .type = OptionType::duration,
     .default_value = "20s",
     .help = "How long a worker holds a job without renewing it; a dead worker's jobs are back after this.",
     .minimum = 1 * second,
     .maximum = 1 * day},
    {.name = "heartbeat",
     .type = OptionType::duration,
     .default_value = "5s",
     .help = "How often leases are renewed; less than half the lease.",
     .minimum = 100 * ms,
     .maximum = 1 * day},
    {.name = "poll",
     .type = OptionType::duration,
     .default_value = "30s",
     .help = "How long an idle worker waits at most before it looks for work without a notification.",
     .minimum = 10 * ms,
     .maximum = 1 * day},
    {.name = "reap",
     .type = OptionType::duration,
     .default_value = "30s",
     .help = "How often expired leases are looked for, besides when the earliest is due.",
     .minimum = 100 * ms,
     .maximum = 1 * day},
    {.name = "reconcile",
     .type = OptionType::duration,
     .default_value = "5m",
     .help = "How often specs with missing vectors are looked for.",
     .minimum = 1 * second,
     .maximum = 1 * day},
    {.name = "max_attempts",
     .type = OptionType::integer,
     .default_value = "5",
     .help = "Attempts without a new vector after which a job fails.",
     .minimum = 1,
     .maximum = 100},
    {.name = "retention",
     .type = OptionType::duration,
     .default_value = "14d",
     .help = "How long finished jobs are kept.",
     .minimum = 1 * minute},
}};

constexpr std::array<OptionSpec, 4> backoff_rows = {{
    {.name = "base",
     .type = OptionType::duration,
     .default_value = "5s",
     .help = "The wait after the first failed attempt.",
     .minimum = 1 * ms,
     .maximum = 1 * day},
    {.name = "factor",
     .type = OptionType::number,
     .default_value = "2",
     .help = "What each further wait is multiplied by.",
     .minimum = 1,
     .maximum = 10},
    {.name = "max",
     .type = OptionType::duration,
     .default_value = "80s",
     .help = "The longest wait.",
     .minimum = 1 * ms,
     .maximum = 1 * day},
    {.name = "jitter",
     .type = OptionType::number,
     .default_value = "0.1",
     .help = "The random part of a wait, so that jobs that failed together do not come back together.",
     .minimum = 0,
     .maximum = 1},
}};

constexpr double most = 1e9;
constexpr std::array<OptionSpec, 4> limits_rows = {{
    {.name = "concurrency",
     .type = OptionType::integer,
     .default_value = "0",
     .help = "Requests at a time to each endpoint; 0 leaves it to the provider.",
     .minimum = 0,
     .maximum = 1024},
    {.name = "batch_inputs",
     .type = OptionType::integer,
     .default_value = "0",
     .help = "Texts in one request; 0 leaves it to the provider.",
     .minimum = 0,
     .maximum = 100'000},
    {.name = "requests_per_minute",
     .type = OptionType::integer,
     .default_value = "0",
     .help = "Requests a minute to the provider, by all endpoints and all processes together; 0 means no budget.",
     .minimum = 0,
     .maximum = most},
    {.name = "tokens_per_minute",
     .type = OptionType::integer,
     .default_value = "0",
     .help = "Tokens a minute to the provider, by all endpoints and all processes together; 0 means no budget.",
     .minimum = 0,
     .maximum = most},
}};

constexpr double mebibyte = 1 << 20;
constexpr std::array<OptionSpec, 7> fetch_rows = {{
    {.name = "allow_http",
     .type = OptionType::boolean,
     .default_value = "false",
     .help = "Take http URLs, too; what comes by them may have been changed on the way."},
    {.name = "allow_private_addresses",
     .type = OptionType::text_list,
     .default_value = "[]",
     .help = "Networks such as 10.1.0.0/16 or fd00::/8 that may be asked although they are no part of the public "
             "internet. Who may name "
             "a URL can then reach them."},
    {.name = "timeout",
     .type = OptionType::duration,
     .default_value = "30s",
     .help = "How long one document may take, with its redirects.",
     .minimum = 100 * ms,
     .maximum = 1 * day},
    {.name = "max_bytes",
     .type = OptionType::size,
     .default_value = "64MiB",
     .help = "The longest document that is taken, after decompression.",
     .minimum = 1'024,
     .maximum = 64 * mebibyte},
    {.name = "max_redirects",
     .type = OptionType::integer,
     .default_value = "5",
     .help = "How many redirects are followed; each is checked as the URL itself.",
     .minimum = 0,
     .maximum = 50},
    {.name = "ca_file",
     .type = OptionType::path,
     .help = "A file of PEM certificates to trust in place of the system's."},
    {.name = "proxy",
     .type = OptionType::text,
     .help = "The URL of a proxy; without it none is used, whatever the environment says. A proxy resolves names "
             "itself, so it is the "
             "proxy that must keep to public addresses."},
}};

constexpr std::array<OptionSpec, 2> logging_rows = {{
    {.name = "level",
     .type = OptionType::text,
     .default_value = "info",
     .help = "The least severe lines that are written.",
     .choices = "trace|debug|info|warn|error"},
    {.name = "format",
     .type = OptionType::text,
     .default_value = "text",
     .help = "Lines for people, or one JSON object a line.",
     .choices = "text|json"},
}};

constexpr OptionSpec paths_row = {
    .name = "paths",
    .type = OptionType::text_list,
    .help = "Folders with plugins besides the installed ones; relative ones count from this file's folder."};

constexpr std::array<std::string_view, 5> levels = {"trace", "debug", "info", "warn", "error"};

std::size_t count(const Options& options, std::string_view name) {
    return static_cast<std::size_t>(options.get<std::int64_t>(name));
}
OptionValue number(std::size_t value) {
    return static_cast<std::int64_t>(value);
}

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::span<const OptionSpec> scheduler_table() {
    return scheduler_rows;
}
std::span<const OptionSpec> backoff_table() {
    return backoff_rows;
}
std::span<const OptionSpec> limits_table() {
    return limits_rows;
}
std::span<const OptionSpec> fetch_table() {
    return fetch_rows;
}
std::span<const OptionSpec> logging_table() {
    return logging_rows;
}
const OptionSpec& plugin_paths_spec() {
    return paths_row;
}

SchedulerConfig scheduler_from(const Options& scheduler, const Options& backoff) {
    SchedulerConfig config;
    config.lease = scheduler.get<milliseconds>("lease");
    config.heartbeat = scheduler.get<milliseconds>("heartbeat");
    config.poll = scheduler.get<milliseconds>("poll");
    config.reap = scheduler.get<milliseconds>("reap");
    config.reconcile = scheduler.get<milliseconds>("reconcile");
    config.max_attempts = count(scheduler, "max_attempts");
    config.retention = scheduler.get<milliseconds>("retention");
    config.backoff = {backoff.get<milliseconds>("base"), backoff.get<double>("factor"),
                      backoff.get<milliseconds>("max"), backoff.get<double>("jitter")};
    return config;
}

ProviderLimitsConfig limits_from(const Options& limits) {
    return {count(limits, "concurrency"), count(limits, "batch_inputs"), count(limits, "requests_per_minute"),
            count(limits, "tokens_per_minute")};
}

FetchConfig fetch_from(const Options& fetch) {
    return {fetch.get<bool>("allow_http"),
            fetch.get<std::vector<std::string>>("allow_private_addresses"),
            fetch.get<milliseconds>("timeout"),
            count(fetch, "max_bytes"),
            count(fetch, "max_redirects"),
            fetch.find<std::string>("ca_file").value_or(""),
            fetch.find<std::string>("proxy").value_or("")};
}

LoggingConfig logging_from(const Options& logging) {
    const auto found = std::find(levels.begin(), levels.end(), logging.get<std::string>("level"));
    return {static_cast<LogLevel>(found - levels.begin()),
            logging.get<std::string>("format") == "json" ? LogFormat::json : LogFormat::text};
}

Options to_options(const SchedulerConfig& scheduler) {
    Options options;
    options.set("lease", scheduler.lease);
    options.set("heartbeat", scheduler.heartbeat);
    options.set("poll", scheduler.poll);
    options.set("reap", scheduler.reap);
    options.set("reconcile", scheduler.reconcile);
    options.set("max_attempts", number(scheduler.max_attempts));
    options.set("retention", scheduler.retention);
    return options;
}

Options to_options(const BackoffConfig& backoff) {
    Options options;
    options.set("base", backoff.base);
    options.set("factor", backoff.factor);
    options.set("max", backoff.max);
    options.set("jitter", backoff.jitter);
    return options;
}

Options to_options(const ProviderLimitsConfig& limits) {
    Options options;
    options.set("concurrency", number(limits.concurrency));
    options.set("batch_inputs", number(limits.batch_inputs));
    options.set("requests_per_minute", number(limits.requests_per_minute));
    options.set("tokens_per_minute", number(limits.tokens_per_minute));
    return options;
}

Options to_options(const FetchConfig& fetch) {
    Options options;
    options.set("allow_http", fetch.allow_http);
    options.set("allow_private_addresses", fetch.allow_private_addresses);
    options.set("timeout", fetch.timeout);
    options.set("max_bytes", number(fetch.max_bytes));
    options.set("max_redirects", number(fetch.max_redirects));
    if (!fetch.ca_file.empty()) options.set("ca_file", fetch.ca_file);
    if (!fetch.proxy.empty()) options.set("proxy", fetch.proxy);
    return options;
}

Options to_options(const LoggingConfig& logging) {
    Options options;
    options.set("level", std::string(levels.at(static_cast<std::size_t>(logging.level))));
    options.set("format", std::string(logging.format == LogFormat::json ? "json" : "text"));
    return options;
}

bool host_supplies(PluginKind kind, std::string_view plugin, std::string_view option) {
    return kind == PluginKind::store && plugin == "sqlite" && option == "path";
}

std::optional<std::filesystem::path> default_database(const Environment& environment) {
    const auto absolute = [&](std::string_view name) -> std::optional<std::filesystem::path> {
        const auto value = environment(name);
        // The XDG specification has relative values ignored.
        if (!value || !std::filesystem::path(*value).is_absolute()) return std::nullopt;
        return std::filesystem::path(*value);
    };
    if (const auto data = absolute("XDG_DATA_HOME")) return *data / "embedq" / "embedq.db";
    if (const auto home = absolute("HOME")) return *home / ".local" / "share" / "embedq" / "embedq.db";
    return std::nullopt;
}

bool is_catalog_id(std::string_view id) {
    const auto plain = [](char c) { return is_lower(c) || is_digit(c); };
    return !id.empty() && id.size() <= 100 && plain(id.front()) && plain(id.back()) &&
           std::all_of(id.begin(), id.end(), [&](char c) { return plain(c) || c == '-'; });
}

bool is_instance_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && is_lower(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace embedq::config
