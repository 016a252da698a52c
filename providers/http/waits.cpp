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

bool is_letter(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
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
    // Not the beginning of another word: "6 more requests".
    const auto found = std::ranges::find_if(units, [&](const Unit& unit) {
        return text.starts_with(unit.name) && !(text.size() > unit.name.size() && is_letter(text[unit.name.size()]));
    });
    if (found == units.end()) return std::nullopt;
    text.remove_prefix(found->name.size());
    return found->milliseconds;
}

// Removes "1m30.5s", "1 minute and 20 seconds", "55 seconds" or "41" from the front.
std::optional<double> take_wait(std::string_view& text) {
    std::optional<double> total;
    while (true) {
        std::string_view rest = text;
        if (total) {  // "1 minute and 20 seconds", "1 minute, 20 seconds"
            for (const std::string_view separator : {", ", " and ", " "}) {
                if (rest.starts_with(separator)) rest.remove_prefix(separator.size());
            }
        }
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

// Removes "23:13:46" or "5.03:23:11", which is five days more, from the front.
std::optional<double> take_clock(std::string_view& text) {
    std::string_view rest = text;
    const std::string_view whole = rest.substr(0, rest.find(':'));
    double days = 0;
    if (const auto point = whole.find('.'); point != std::string_view::npos) {
        std::string_view digits = whole.substr(0, point);
        const auto number = take_number(digits);
        if (!number || !digits.empty()) return std::nullopt;
        days = *number;
        rest.remove_prefix(point + 1);
    }
    double seconds = 0;
    for (int part = 0; part < 3; ++part) {
        if (part > 0) {
            if (!rest.starts_with(':')) return std::nullopt;
            rest.remove_prefix(1);
        }
        const auto number = take_number(rest);
        if (!number) return std::nullopt;
        seconds = seconds * 60 + *number;
    }
    text = rest;
    return (days * 86'400 + seconds) * 1e3;
}

// Milliseconds since 1970. A double, since servers send numbers beyond the range of integers.
double since_1970(Wall when) {
    return std::chrono::duration<double, std::milli>(when.time_since_epoch()).count();
}

std::optional<milliseconds> until(double when, Wall now) {
    return bounded_wait(std::ceil(when - since_1970(now)));
}

std::optional<milliseconds> from_retry_after(const Headers& headers, Wall now) {
    if (const auto exact = headers.find("retry-after-ms")) {
        std::string_view text = without_spaces(*exact);
        if (const auto number = take_number(text); number && text.empty()) return bounded_wait(*number);
    }
    const auto value = headers.find("retry-after");
    if (!value) return std::nullopt;
    if (const auto wait = parse_wait(*value)) return bounded_wait(static_cast<double>(wait->count()));
    if (const auto date = parse_http_date(*value)) return until(since_1970(*date), now);
    return std::nullopt;
}

// --- a wait in a sentence: a verb, a few small words, and a time

struct Verb {
    std::string_view word;
    bool takes_seconds = false;  // a number without a unit after a small word is seconds: "retry after 55"
    bool takes_clock = false;    // hours, minutes and seconds, where others name a time of day
};
constexpr std::array verbs = {
    Verb{"again", true},  // OpenAI: "try again in 41.7s"; LiteLLM: "Try again in 60 seconds"
    Verb{"retry", true},  // Azure: "retry after 55 seconds"; Gemini: "retry in 34.07s"
    Verb{"retrying"},     // "before retrying, 5 seconds"
    Verb{"wait"},         // one-api, Together, ModelScope: "please wait 6 seconds"
    Verb{"waiting"},      // "after waiting 20 seconds"
    Verb{"available"},    // Django's framework: "Expected available in 6 seconds"
    Verb{"reset"},        // "limit will reset in 1m12s"
    Verb{"resets"},       // Groq: "resets in 30s"
    // Azure API Management: "Quota will be replenished in 5.03:23:11"
    Verb{"replenished", false, true},
};
constexpr std::array<std::string_view, 14> small_words = {
    "in",      "after", "for",  "about",  "around", "approximately", "at", "least",
    "another", "the",   "next", "within", "it",     "request",
};
constexpr int max_small_words = 4;

std::string_view take_word(std::string_view& text) {
    const auto end = std::ranges::find_if_not(text, is_letter) - text.begin();
    const std::string_view word = text.substr(0, static_cast<std::size_t>(end));
    text.remove_prefix(word.size());
    return word;
}

void skip(std::string_view& text, std::string_view characters) {
    text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

// The time that follows a verb: "in about 1 minute and 20 seconds". A time of day or a date is not one.
std::optional<double> wait_after(std::string_view text, const Verb& verb) {
    int words = 0;
    for (;; ++words) {
        skip(text, " ~:(,-");
        if (text.empty() || !is_letter(text.front())) break;
        const std::string_view word = take_word(text);
        if (words == max_small_words || std::ranges::find(small_words, word) == small_words.end()) return std::nullopt;
    }
    const std::string_view time = text;
    if (verb.takes_clock) {
        if (const auto wait = take_clock(text)) return wait;
    }
    const auto wait = take_wait(text);
    if (!wait || text.starts_with(':') || text.starts_with('-') || text.starts_with('/')) return std::nullopt;
    const bool has_unit = std::ranges::any_of(time.substr(0, time.size() - text.size()), is_letter);
    return has_unit || (verb.takes_seconds && words > 0) ? wait : std::nullopt;
}

std::optional<milliseconds> from_message(std::string_view message) {
    std::string lower(message);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string_view rest = lower;
    while (!rest.empty()) {
        if (!is_letter(rest.front())) {
            rest.remove_prefix(1);
            continue;
        }
        const std::string_view word = take_word(rest);
        const auto verb = std::ranges::find(verbs, word, &Verb::word);
        if (verb == verbs.end()) continue;
        if (const auto wait = wait_after(rest, *verb)) return bounded_wait(*wait);
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
    return wait ? bounded_wait(static_cast<double>(wait->count())) : std::nullopt;
}

// Removes what is before `end` from the front, and `end` itself.
std::string_view take_up_to(std::string_view& text, char end) {
    const std::string_view part = text.substr(0, text.find(end));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return without_spaces(part);
}

// The header of the IETF's draft (draft-ietf-httpapi-ratelimit-headers-09), as Hugging Face sends it: "api";r=0;t=55,
// with one entry for each limit. Nothing where something remains of all of them.
std::optional<milliseconds> from_rate_limit_field(std::string_view field) {
    std::optional<milliseconds> longest;
    while (!field.empty()) {
        std::string_view entry = take_up_to(field, ',');
        std::optional<std::string_view> remaining;
        std::optional<double> seconds;
        while (!entry.empty()) {
            std::string_view parameter = take_up_to(entry, ';');
            const std::string_view name = parameter.substr(0, 2);
            parameter.remove_prefix(name.size());
            if (name == "r=") remaining = parameter;
            if (name == "t=") seconds = take_number(parameter);
        }
        const auto wait = is_used_up(remaining) && seconds ? bounded_wait(*seconds * 1e3) : std::nullopt;
        if (wait) longest = std::max(longest.value_or(*wait), *wait);
    }
    return longest;
}

std::optional<milliseconds> from_rate_limits(const Headers& headers, Wall now) {
    std::optional<milliseconds> longest;
    if (const auto field = headers.find("ratelimit")) longest = from_rate_limit_field(*field);
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

std::optional<milliseconds> bounded_wait(double wait) {
    if (!(wait > 0)) return std::nullopt;
    return wait >= static_cast<double>(longest_wait.count())
               ? longest_wait
               : milliseconds(static_cast<std::int64_t>(wait) + (wait < 1 ? 1 : 0));
}

std::optional<milliseconds> requested_wait(const Headers& headers, const ErrorBody& body, Wall now) {
    if (auto wait = from_retry_after(headers, now)) return wait;
    if (body.wait) return body.wait;
    if (auto wait = from_retry_after(body.headers, now)) return wait;
    if (auto wait = from_message(body.message)) return wait;
    if (auto wait = from_rate_limits(headers, now)) return wait;
    return from_rate_limits(body.headers, now);
}

}  // namespace embedq::http
