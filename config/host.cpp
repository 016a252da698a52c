#include "config/host.h"

#include <algorithm>

namespace embedq::config {
namespace {

constexpr double ms = 1;
constexpr double second = 1'000;
constexpr double minute = 60 * second;
constexpr double day = 24 * 60 * minute;
constexpr double mebibyte = 1 << 20;
constexpr double most_per_minute = 1e9;

constexpr OptionSpec paths_spec = {
    .name = "paths",
    .type = OptionType::text_list,
    .help = "Folders with plugins in addition to the installed ones; relative paths start at this file's folder."};

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

const HostTable<SchedulerSettings>& scheduler_table() {
    static const HostTable<SchedulerSettings> table{{
        {.name = "lease",
         .member = &SchedulerSettings::lease,
         .help = "How long a worker holds a job without renewing it; a dead worker's jobs are back after this.",
         .minimum = 1 * second,
         .maximum = 1 * day},
        {.name = "heartbeat",
         .member = &SchedulerSettings::heartbeat,
         .help = "How often leases are renewed; less than half the lease.",
         .minimum = 100 * ms,
         .maximum = 1 * day},
        {.name = "poll",
         .member = &SchedulerSettings::poll,
         .help = "How long an idle worker waits at most before it looks for work without a notification.",
         .minimum = 10 * ms,
         .maximum = 1 * day},
        {.name = "reap",
         .member = &SchedulerSettings::reap,
         .help = "How often expired leases are looked for, in addition to when the earliest is due.",
         .minimum = 100 * ms,
         .maximum = 1 * day},
        {.name = "reconcile",
         .member = &SchedulerSettings::reconcile,
         .help = "How often specs with missing vectors are looked for.",
         .minimum = 1 * second,
         .maximum = 1 * day},
        {.name = "max_attempts",
         .member = &SchedulerSettings::max_attempts,
         .help = "Attempts without a new vector after which a job fails.",
         .minimum = 1,
         .maximum = 100},
        {.name = "retention",
         .member = &SchedulerSettings::retention,
         .help = "How long finished jobs are kept.",
         .minimum = 1 * minute},
    }};
    return table;
}

const HostTable<sync::Backoff>& backoff_table() {
    static const HostTable<sync::Backoff> table{{
        {.name = "base",
         .member = &sync::Backoff::base,
         .help = "The wait after the first failed attempt.",
         .minimum = 1 * ms,
         .maximum = 1 * day},
        {.name = "factor",
         .member = &sync::Backoff::factor,
         .help = "What each further wait is multiplied by.",
         .minimum = 1,
         .maximum = 10},
        {.name = "max",
         .member = &sync::Backoff::max,
         .help = "The longest wait.",
         .minimum = 1 * ms,
         .maximum = 1 * day},
        {.name = "jitter",
         .member = &sync::Backoff::jitter,
         .help = "The random part of a wait, so that jobs that failed together do not come back together.",
         .minimum = 0,
         .maximum = 1},
    }};
    return table;
}

const HostTable<LimitSettings>& limits_table() {
    static const HostTable<LimitSettings> table{{
        {.name = "concurrency",
         .member = &LimitSettings::concurrency,
         .help = "Concurrent requests to each endpoint; 0 leaves it to the provider.",
         .minimum = 0,
         .maximum = 1024},
        {.name = "batch_inputs",
         .member = &LimitSettings::batch_inputs,
         .help = "Texts in one request; 0 leaves it to the provider.",
         .minimum = 0,
         .maximum = 100'000},
        {.name = "requests_per_minute",
         .member = &LimitSettings::requests_per_minute,
         .help = "Requests a minute to the provider, by all endpoints and all processes together; 0 means no limit.",
         .minimum = 0,
         .maximum = most_per_minute},
        {.name = "tokens_per_minute",
         .member = &LimitSettings::tokens_per_minute,
         .help = "Tokens a minute to the provider, by all endpoints and all processes together; 0 means no limit.",
         .minimum = 0,
         .maximum = most_per_minute},
    }};
    return table;
}

const HostTable<EmbeddingSettings>& embedding_table() {
    static const HostTable<EmbeddingSettings> table{{
        {.name = "model_change",
         .member = &EmbeddingSettings::model_change,
         .help =
             "What happens when a catalog is embedded by another model than this file asks for, or the model behind "
             "the name was replaced. wait: it is reported, and `embedq config apply` changes the catalog; apply: "
             "serve and index change it when they notice, once for each model that is new to the store.",
         .choices = "wait|apply"},
    }};
    return table;
}

const HostTable<FetchSettings>& fetch_table() {
    static const HostTable<FetchSettings> table{{
        {.name = "allow_http",
         .member = &FetchSettings::allow_http,
         .help = "Accept http URLs, too; what they deliver may have been changed on the way."},
        {.name = "allow_private_addresses",
         .member = &FetchSettings::allow_private_addresses,
         .help = "Networks such as 10.1.0.0/16 or fd00::/8 that may be connected to although they are not part of the "
                 "public internet. Everyone who may name a URL can then reach them."},
        {.name = "timeout",
         .member = &FetchSettings::timeout,
         .help = "How long one document may take, with its redirects.",
         .minimum = 100 * ms,
         .maximum = 1 * day},
        {.name = "max_bytes",
         .member = &FetchSettings::max_bytes,
         .type = OptionType::size,
         .help = "The longest document that is accepted, after decompression.",
         .minimum = 1'024,
         .maximum = 64 * mebibyte},
        {.name = "max_redirects",
         .member = &FetchSettings::max_redirects,
         .help = "How many redirects are followed; each is checked like the URL itself.",
         .minimum = 0,
         .maximum = 50},
        {.name = "refresh",
         .member = &FetchSettings::refresh,
         .help = "How often serve and worker ask the URLs of specs that have no interval of their own for newer "
                 "documents: a minute or more; 0s: never.",
         .minimum = 0,
         .maximum = 365 * day},
        {.name = "ca_file",
         .member = &FetchSettings::ca_file,
         .type = OptionType::path,
         .help = "A file of PEM certificates to trust in place of the system's."},
        {.name = "proxy",
         .member = &FetchSettings::proxy,
         .help = "The URL of a proxy; without it no proxy is used, whatever the environment says. A proxy resolves "
                 "names itself, so it is the proxy that must keep to public addresses."},
    }};
    return table;
}

const HostTable<LoggingSettings>& logging_table() {
    static const HostTable<LoggingSettings> table{{
        {.name = "level",
         .member = &LoggingSettings::level,
         .help = "The least severe lines that are written.",
         .choices = "trace|debug|info|warn|error"},
        {.name = "format",
         .member = &LoggingSettings::format,
         .help = "Lines for people, or one JSON object a line.",
         .choices = "text|json"},
    }};
    return table;
}

const OptionSpec& plugin_paths_spec() {
    return paths_spec;
}

bool host_supplies(PluginKind kind, std::string_view plugin, std::string_view option) {
    return kind == PluginKind::store && plugin == "sqlite" && option == "path";
}

std::optional<std::filesystem::path> default_database(const Environment& environment) {
    const auto absolute = [&](std::string_view name) -> std::optional<std::filesystem::path> {
        const auto value = environment(name);
        // The XDG specification requires that relative values are ignored.
        if (!value || !std::filesystem::path(*value).is_absolute()) return std::nullopt;
        return std::filesystem::path(*value);
    };
    if (const auto data = absolute("XDG_DATA_HOME")) return *data / "embedq" / "embedq.db";
    if (const auto home = absolute("HOME")) return *home / ".local" / "share" / "embedq" / "embedq.db";
    return std::nullopt;
}

bool is_instance_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && is_lower(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace embedq::config
