// The host's own tables: each key sets its member, and the defaults are those of the settings.
#include "config/host.h"

#include "fakes.h"

namespace embedq::config::testing {
namespace {

using namespace std::chrono_literals;

template <class Section>
void expect_defaults_of_the_settings(const HostTable<Section>& table) {
    const auto options = options_from_text(table.specs(), {});
    ASSERT_TRUE(options) << to_string(options.error());
    EXPECT_EQ(options->values(), table.write(Section{}).values());
    EXPECT_EQ(table.write(table.read(*options)).values(), options->values());
    EXPECT_EQ(table.write(table.read({})).values(), options->values()) << "options without values keep the defaults";
}

TEST(HostTables, HaveTheDefaultsOfTheSettings) {
    expect_defaults_of_the_settings(scheduler_table());
    expect_defaults_of_the_settings(backoff_table());
    expect_defaults_of_the_settings(limits_table());
    expect_defaults_of_the_settings(fetch_table());
    expect_defaults_of_the_settings(logging_table());
}

TEST(HostTables, ReadWhatTheyWrite) {
    SchedulerSettings scheduler;
    scheduler.lease = 21s;
    scheduler.heartbeat = 6s;
    scheduler.poll = 7s;
    scheduler.reap = 8s;
    scheduler.reconcile = 9s;
    scheduler.max_attempts = 10;
    scheduler.retention = 11h;
    scheduler.prune = 1ms;  // has no key
    const SchedulerSettings scheduler_read = scheduler_table().read(scheduler_table().write(scheduler));
    EXPECT_EQ(scheduler_read.lease, 21s);
    EXPECT_EQ(scheduler_read.heartbeat, 6s);
    EXPECT_EQ(scheduler_read.poll, 7s);
    EXPECT_EQ(scheduler_read.reap, 8s);
    EXPECT_EQ(scheduler_read.reconcile, 9s);
    EXPECT_EQ(scheduler_read.max_attempts, 10U);
    EXPECT_EQ(scheduler_read.retention, 11h);
    EXPECT_EQ(scheduler_read.prune, SchedulerSettings{}.prune);

    const sync::Backoff backoff =
        backoff_table().read(backoff_table().write({.base = 1s, .factor = 1.5, .max = 1min, .jitter = 0.25}));
    EXPECT_EQ(backoff.base, 1s);
    EXPECT_EQ(backoff.factor, 1.5);
    EXPECT_EQ(backoff.max, 1min);
    EXPECT_EQ(backoff.jitter, 0.25);

    const LimitSettings limits = limits_table().read(limits_table().write(
        {.concurrency = 1, .batch_inputs = 2, .requests_per_minute = 3, .tokens_per_minute = 1'000'000'000}));
    EXPECT_EQ(limits.concurrency, 1U);
    EXPECT_EQ(limits.batch_inputs, 2U);
    EXPECT_EQ(limits.requests_per_minute, 3U);
    EXPECT_EQ(limits.tokens_per_minute, 1'000'000'000U);

    const FetchSettings fetch = fetch_table().read(fetch_table().write({.allow_http = true,
                                                                        .allow_private_addresses = {"10.0.0.0/8"},
                                                                        .timeout = 5s,
                                                                        .max_bytes = 4096,
                                                                        .max_redirects = 6,
                                                                        .ca_file = "/ca.pem",
                                                                        .refresh = 1h,
                                                                        .proxy = "http://proxy.example:3128"}));
    EXPECT_TRUE(fetch.allow_http);
    EXPECT_EQ(fetch.allow_private_addresses, std::vector<std::string>{"10.0.0.0/8"});
    EXPECT_EQ(fetch.timeout, 5s);
    EXPECT_EQ(fetch.max_bytes, 4096U);
    EXPECT_EQ(fetch.max_redirects, 6U);
    EXPECT_EQ(fetch.refresh, 1h);
    EXPECT_EQ(fetch.ca_file, "/ca.pem");
    EXPECT_EQ(fetch.proxy, "http://proxy.example:3128");
}

TEST(HostTables, NameTheValuesOfEnumerations) {
    const std::pair<const char*, LogLevel> levels[] = {{"trace", LogLevel::trace},
                                                       {"debug", LogLevel::debug},
                                                       {"info", LogLevel::info},
                                                       {"warn", LogLevel::warn},
                                                       {"error", LogLevel::error}};
    for (const auto& [name, level] : levels) {
        const Options options = logging_table().write({.level = level});
        EXPECT_EQ(options.get<std::string>("level"), name);
        EXPECT_EQ(logging_table().read(options).level, level) << name;
    }
    const std::pair<const char*, LogFormat> formats[] = {{"text", LogFormat::text}, {"json", LogFormat::json}};
    for (const auto& [name, format] : formats) {
        const Options options = logging_table().write({.format = format});
        EXPECT_EQ(options.get<std::string>("format"), name);
        EXPECT_EQ(logging_table().read(options).format, format) << name;
    }
}

TEST(HostTables, TakeTheTypeFromTheMember) {
    const auto type = [](std::span<const OptionSpec> specs, std::string_view name) {
        return std::ranges::find(specs, name, &OptionSpec::name)->type;
    };
    EXPECT_EQ(type(scheduler_table().specs(), "lease"), OptionType::duration);
    EXPECT_EQ(type(scheduler_table().specs(), "max_attempts"), OptionType::integer);
    EXPECT_EQ(type(backoff_table().specs(), "factor"), OptionType::number);
    EXPECT_EQ(type(fetch_table().specs(), "allow_http"), OptionType::boolean);
    EXPECT_EQ(type(fetch_table().specs(), "allow_private_addresses"), OptionType::text_list);
    EXPECT_EQ(type(fetch_table().specs(), "max_bytes"), OptionType::size);
    EXPECT_EQ(type(fetch_table().specs(), "ca_file"), OptionType::path);
    EXPECT_EQ(type(fetch_table().specs(), "proxy"), OptionType::text);
    EXPECT_EQ(type(logging_table().specs(), "level"), OptionType::text);
}

}  // namespace
}  // namespace embedq::config::testing
