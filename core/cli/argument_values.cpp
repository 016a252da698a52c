#include "cli/argument_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include "cli/present.h"
#include "embedq/support/nearest.h"

namespace embedq::cli {
namespace {

constexpr JobId highest_job = std::numeric_limits<JobId>::max();
constexpr std::int64_t highest_limit = 500;

const std::map<std::string, RankingMode> modes{
    {"hybrid", RankingMode::hybrid}, {"semantic", RankingMode::semantic}, {"lexical", RankingMode::lexical}};
const std::map<std::string, JobStatus> statuses{{"pending", JobStatus::pending},
                                                {"running", JobStatus::running},
                                                {"succeeded", JobStatus::succeeded},
                                                {"failed", JobStatus::failed},
                                                {"cancelled", JobStatus::cancelled}};

const std::map<std::string, LogLevel> log_levels{{"trace", LogLevel::trace},
                                                 {"debug", LogLevel::debug},
                                                 {"info", LogLevel::info},
                                                 {"warn", LogLevel::warn},
                                                 {"error", LogLevel::error}};
const std::map<std::string, SpecState> spec_states{{"indexed", SpecState::indexed},
                                                   {"pending", SpecState::pending},
                                                   {"running", SpecState::running},
                                                   {"failed", SpecState::failed},
                                                   {"not-indexed", SpecState::not_indexed}};

// A check that names the choices when it refuses.
template <class T>
void check_choice(CLI::Option* option, const std::map<std::string, T>& choices) {
    std::vector<std::string> names;
    names.reserve(choices.size());
    for (const auto& [name, value] : choices) names.push_back(name);
    option->type_name(fmt::format("{}", fmt::join(names, "|")));
    option->check(CLI::Validator(
        [names](std::string& text) -> std::string {
            if (std::ranges::find(names, text) != names.end()) return {};
            const auto near = nearest(text, names);
            return fmt::format("'{}' is not one of {}{}", text, fmt::join(names, ", "),
                               near ? fmt::format("; did you mean '{}'?", *near) : "");
        },
        ""));
}

// A whole number from `least` to `most` in plain digits, or nothing. CLI11's own parser accepts octal numbers and
// clamps those that are too large.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t least, std::int64_t most) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most)
        return std::nullopt;
    return number;
}

CLI::Validator is_job(const std::string& what) {
    return {[what](std::string& text) -> std::string {
                if (whole_number(text, 1, highest_job)) return {};
                return fmt::format(
                    "'{}' is not a {}; expected a whole number from 1 to {} (embedq jobs list shows all jobs)",
                    plain(text), what, highest_job);
            },
            ""};
}

CLI::Validator is_duration(std::string_view example) {
    return {[example = std::string(example)](std::string& text) -> std::string {
                if (parse_duration(text)) return {};
                return fmt::format("'{}' is not a duration; write a number and ms, s, m, h or d, such as {}",
                                   plain(text), example);
            },
            ""};
}

std::optional<RefreshInterval> read_interval(std::string_view text) {
    if (text == "default") return RefreshInterval();
    const auto duration = text == "never" ? std::chrono::milliseconds(0) : parse_duration(text);
    if (!duration) return std::nullopt;
    const bool right =
        duration->count() == 0 || (*duration >= std::chrono::minutes(1) && *duration <= std::chrono::days(365));
    return right ? std::optional<RefreshInterval>(duration) : std::nullopt;
}

}  // namespace

void add_job(CLI::App* command, JobId& job) {
    const auto take = [&job](const std::string& text) { job = whole_number(text, 1, highest_job).value(); };
    command->add_option_function<std::string>("JOB", take, "Its number")
        ->required()
        ->type_name("")
        ->check(is_job("job number"));
}

void add_jobs(CLI::App* command, std::vector<JobId>& jobs) {
    const auto take = [&jobs](const std::vector<std::string>& texts) {
        jobs.clear();
        for (const std::string& text : texts) jobs.push_back(whole_number(text, 1, highest_job).value());
    };
    command->add_option_function<std::vector<std::string>>("JOB", take, "Their numbers")
        ->required()
        ->type_name("")
        ->check(is_job("job number"));
}

void add_cursor(CLI::App* command, std::optional<JobId>& cursor) {
    const auto take = [&cursor](const std::string& text) { cursor = whole_number(text, 1, highest_job); };
    command->add_option_function<std::string>("--cursor", take, "Continue after a page: its next_cursor")
        ->type_name("CURSOR")
        ->check(is_job("cursor"));
}

void add_limit(CLI::App* command, std::size_t& limit, const std::string& help) {
    const auto take = [&limit](const std::string& text) {
        limit = static_cast<std::size_t>(whole_number(text, 1, highest_limit).value());
    };
    command->add_option_function<std::string>("--limit", take, help)
        ->type_name("N")
        ->check(CLI::Validator(
            [](std::string& text) -> std::string {
                if (whole_number(text, 1, highest_limit)) return {};
                return fmt::format("found '{}', expected a whole number from 1 to {}", plain(text), highest_limit);
            },
            ""));
}

void add_ranking_mode(CLI::App* command, RankingMode& mode) {
    const auto take = [&mode](const std::string& name) { mode = modes.at(name); };
    check_choice(command->add_option_function<std::string>("--mode", take, "How to rank (default: hybrid)"), modes);
}

void add_job_status(CLI::App* command, std::optional<JobStatus>& status) {
    const auto take = [&status](const std::string& name) { status = statuses.at(name); };
    check_choice(command->add_option_function<std::string>("--status", take, "Only with this status"), statuses);
}

void add_spec_state(CLI::App* command, std::optional<SpecState>& state) {
    const auto take = [&state](const std::string& name) { state = spec_states.at(name); };
    check_choice(command->add_option_function<std::string>("--status", take, "Only in this state"), spec_states);
}

void add_log_level(CLI::App* command, std::optional<LogLevel>& level) {
    const auto take = [&level](const std::string& name) { level = log_levels.at(name); };
    check_choice(command->add_option_function<std::string>("--log-level", take, "Over logging.level of the YAML"),
                 log_levels);
}

void add_age(CLI::App* command, std::chrono::milliseconds& age) {
    const auto take = [&age](const std::string& text) { age = parse_duration(text).value(); };
    command->add_option_function<std::string>("--older-than", take, "How old, such as 12h or 14d (default: 14d)")
        ->type_name("DURATION")
        ->check(is_duration("14d"));
}

void add_refresh(CLI::App* command, const std::string& name, std::optional<RefreshInterval>& refresh) {
    const auto take = [&refresh](const std::string& text) { refresh = read_interval(text).value(); };
    const auto is_interval = [](std::string& text) -> std::string {
        if (read_interval(text)) return {};
        return fmt::format("'{}' is not a duration from 1m to 365d, never or default", plain(text));
    };
    command
        ->add_option_function<std::string>(
            name, take,
            "From now on workers ask the URLs for newer documents this often, such as 1h; never (or 0s); default: as "
            "fetch.refresh of the YAML says")
        ->type_name("DURATION")
        ->check(CLI::Validator(is_interval, ""));
}

void add_timeout(CLI::App* command, std::optional<std::chrono::milliseconds>& timeout) {
    const auto take = [&timeout](const std::string& text) { timeout = parse_duration(text); };
    command
        ->add_option_function<std::string>("--timeout", take,
                                           "End with status 4 at that time, counted from the start, such as 90s or 10m "
                                           "(default: wait until all is done); not with --check or --watch")
        ->type_name("DURATION")
        ->check(is_duration("10m"));
}

void add_assignments(CLI::App* command, const std::string& name, std::vector<std::string>& values,
                     const std::string& help) {
    command->add_option(name, values, help)
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false)
        ->check(CLI::Validator(
            [](std::string& text) -> std::string {
                if (const auto at = text.find('='); at != 0 && at != std::string::npos) return {};
                return fmt::format("found '{}', expected NAME=VALUE", plain(text));
            },
            ""));
}

}  // namespace embedq::cli
