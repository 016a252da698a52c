#include "http/waits.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>

namespace embedq::http {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_wait = std::chrono::hours(24);

std::string_view without_spaces(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    return text;
}

// Removes a decimal number from the front.
std::optional<double> take_number(std::string_view& text) {
    if (text.empty() || !std::isdigit(static_cast<unsigned char>(text.front())))
        return std::nullopt;  // from_chars takes "inf" as well
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

// Removes a unit from the front and returns its milliseconds; nothing when there is none.
std::optional<double> take_unit(std::string_view& text) {
    struct Unit {
        std::string_view name;
        double milliseconds;
    };
    // The longer first, where one is a prefix of another.
    static constexpr std::array units = {
        Unit{"milliseconds", 1}, Unit{"millisecond", 1}, Unit{"minutes", 60e3}, Unit{"minute", 60e3},
        Unit{"seconds", 1e3},    Unit{"second", 1e3},    Unit{"hours", 3600e3}, Unit{"hour", 3600e3},
        Unit{"mins", 60e3},      Unit{"min", 60e3},      Unit{"secs", 1e3},     Unit{"sec", 1e3},
        Unit{"ms", 1},           Unit{"us", 1e-3},       Unit{"µs", 1e-3},      Unit{"ns", 1e-6},
        Unit{"h", 3600e3},       Unit{"m", 60e3},        Unit{"s", 1e3},
    };
    const auto found = std::ranges::find_if(units, [&](const Unit& unit) { return text.starts_with(unit.name); });
    if (found == units.end()) return std::nullopt;
    text.remove_prefix(found->name.size());
    return found->milliseconds;
}

// Removes "1m30.5s", "55 seconds" or "41" from the front.
std::optional<double> take_wait(std::string_view& text) {
    std::optional<double> total;
    while (true) {
        std::string_view rest = text;
        const auto number = take_number(rest);
        if (!number) return total;
        std::string_view after = rest;
        while (after.starts_with(' ')) after.remove_prefix(1);
        if (const auto unit = take_unit(after)) {
            total = total.value_or(0) + *number * *unit;
            text = after;
        } else if (!total) {
            text = rest;
            return *number * 1e3;
        } else {
            return total;
        }
    }
}

std::optional<milliseconds> bounded(double wait) {
    if (!(wait > 0)) return std::nullopt;
    return wait >= static_cast<double>(longest_wait.count())
               ? longest_wait
               : milliseconds(static_cast<std::int64_t>(wait) + (wait < 1 ? 1 : 0));
}

// Milliseconds since 1970. A double, since servers send numbers beyond the range of integers.
double since_1970(Wall when) {
    return std::chrono::duration<double, std::milli>(when.time_since_epoch()).count();
}

std::optional<milliseconds> until(double when, Wall now) {
    return bounded(std::ceil(when - since_1970(now)));
}

std::optional<milliseconds> from_retry_after(const Headers& headers, Wall now) {
    if (const auto exact = headers.find("retry-after-ms")) {
        std::string_view text = without_spaces(*exact);
        if (const auto number = take_number(text); number && text.empty()) return bounded(*number);
    }
    const auto value = headers.find("retry-after");
    if (!value) return std::nullopt;
    if (const auto wait = parse_wait(*value)) return bounded(static_cast<double>(wait->count()));
    if (const auto date = parse_http_date(*value)) return until(since_1970(*date), now);
    return std::nullopt;
}

std::optional<milliseconds> from_message(std::string_view message) {
    std::string lower(message);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const std::string_view phrase :
         {"try again in ", "retry in ", "try again after ", "retry after ", "available in "}) {
        const auto at = lower.find(phrase);
        if (at == std::string::npos) continue;
        std::string_view rest = std::string_view(lower).substr(at + phrase.size());
        if (const auto wait = take_wait(rest)) return bounded(*wait);
    }
    return std::nullopt;
}

// 0 means that the rate limit is used up; -1 and absence mean nothing.
bool is_used_up(const std::optional<std::string_view>& remaining) {
    if (!remaining) return false;
    std::string_view text = without_spaces(*remaining);
    const auto number = take_number(text);
    return number && *number == 0;
}

std::optional<milliseconds> from_reset(std::string_view value, Wall now) {
    std::string_view text = without_spaces(value);
    std::string_view rest = text;
    constexpr double year_2001 = 1e9;  // in seconds since 1970; no wait is that long
    constexpr double year_5138 = 1e11;
    if (auto number = take_number(rest); number && rest.empty() && *number > year_2001) {
        // OpenRouter sends milliseconds; nobody sends anything finer than nanoseconds.
        for (int smaller = 0; smaller < 3 && *number > year_5138; ++smaller) *number /= 1e3;
        return until(*number * 1e3, now);
    }
    const auto wait = parse_wait(text);
    return wait ? bounded(static_cast<double>(wait->count())) : std::nullopt;
}

std::optional<milliseconds> from_rate_limits(const Headers& headers, Wall now) {
    std::optional<milliseconds> longest;
    for (const std::string_view limited : {"requests", "tokens", ""}) {
        for (const std::string_view prefix : {"x-ratelimit-", "ratelimit-"}) {
            const std::string suffix = limited.empty() ? "" : "-" + std::string(limited);
            if (!is_used_up(headers.find(std::string(prefix) + "remaining" + suffix))) continue;
            const auto reset = headers.find(std::string(prefix) + "reset" + suffix);
            const auto wait = reset ? from_reset(*reset, now) : std::nullopt;
            if (wait) longest = std::max(longest.value_or(*wait), *wait);
        }
    }
    return longest;
}

}  // namespace

std::optional<milliseconds> parse_wait(std::string_view text) {
    text = without_spaces(text);
    const auto wait = take_wait(text);
    if (!wait || !text.empty()) return std::nullopt;
    return std::min(longest_wait, milliseconds(static_cast<std::int64_t>(std::min(*wait, 1e15))));
}

std::optional<Wall> parse_http_date(std::string_view text) {
    static constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    text = without_spaces(text);
    if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) return std::nullopt;
    const auto number = [&](std::size_t at, std::size_t length) {
        int value = -1;
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + length, value);
        return error == std::errc{} && end == text.data() + at + length ? value : -1;
    };
    const auto month = std::ranges::find(months, text.substr(8, 3));
    const int day = number(5, 2);
    const int hour = number(17, 2);
    const int minute = number(20, 2);
    const int second = number(23, 2);
    if (month == months.end() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(number(12, 4)),
                                           std::chrono::month(static_cast<unsigned>(month - months.begin() + 1)),
                                           std::chrono::day(static_cast<unsigned>(std::max(day, 0))));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

std::optional<milliseconds> requested_wait(const Headers& headers, std::string_view message, Wall now) {
    if (auto wait = from_retry_after(headers, now)) return wait;
    if (auto wait = from_message(message)) return wait;
    return from_rate_limits(headers, now);
}

}  // namespace embedq::http
