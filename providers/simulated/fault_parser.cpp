#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "simulated/faults.h"

namespace embedq::simulated {
namespace {

constexpr std::array<std::pair<std::string_view, Action>, 10> action_table = {{
    {"throttle", Action::throttle},
    {"fail", Action::fail},
    {"hang", Action::hang},
    {"never_returns", Action::never_returns},
    {"misconfigured", Action::misconfigured},
    {"too_large", Action::too_large},
    {"nan", Action::nan},
    {"wrong_count", Action::wrong_count},
    {"wrong_dimension", Action::wrong_dimension},
    {"poison", Action::poison},
}};
constexpr std::string_view action_names =
    "throttle, fail, hang, never_returns, misconfigured, too_large, nan, wrong_count, wrong_dimension or poison";
constexpr std::size_t max_calls = 1'000'000;  // a rate limit keeps that many times

template <class Number>
std::optional<Number> read(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::chrono::milliseconds> read_duration(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> units = {
        {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
    for (const auto& [unit, factor] : units) {
        if (!text.ends_with(unit)) continue;
        const auto count = read<std::uint32_t>(text.substr(0, text.size() - unit.size()));
        if (count) return std::chrono::milliseconds(*count * factor);
    }
    return std::nullopt;
}

// Each of these sets one field from the text after '=', and returns false when the text has another form.
bool set_rate(Fault& fault, std::string_view value) {
    const auto rate = read<double>(value);
    if (!rate || !(*rate > 0 && *rate <= 1)) return false;
    fault.rate = *rate;
    return true;
}

bool set_calls(Fault& fault, std::string_view value) {
    const std::size_t dots = value.find("..");
    const auto first = read<std::uint64_t>(value.substr(0, dots));
    if (!first || *first == 0) return false;
    fault.first_call = *first;
    if (dots == std::string_view::npos) {
        fault.last_call = *first;
        return true;
    }
    if (dots + 2 == value.size()) return true;
    const auto last = read<std::uint64_t>(value.substr(dots + 2));
    if (!last || *last < *first) return false;
    fault.last_call = *last;
    return true;
}

bool set_above(Fault& fault, std::string_view value) {
    const bool second = value.ends_with("/s");
    if (!second && !value.ends_with("/m")) return false;
    const auto calls = read<std::size_t>(value.substr(0, value.size() - 2));
    if (!calls || *calls == 0 || *calls > max_calls) return false;
    fault.above = RateLimit{*calls, second ? std::chrono::seconds(1) : std::chrono::seconds(60)};
    return true;
}

bool set_size(std::size_t& field, std::string_view value) {
    const auto size = read<std::size_t>(value);
    if (!size || *size == 0) return false;
    field = *size;
    return true;
}

bool set_retry_after(Fault& fault, std::string_view value) {
    fault.retry_after = read_duration(value);
    return fault.retry_after.has_value();
}

struct Key {
    std::string_view name;
    std::string_view form;
    bool (*set)(Fault&, std::string_view);
    bool (*allowed)(Action);
};

bool any(Action) {
    return true;
}

constexpr std::array key_table = {
    Key{"rate", "a number above 0 and at most 1, such as rate=0.01", set_rate, any},
    Key{"calls", "call numbers from 1, such as calls=3, calls=3..5 or calls=100..", set_calls, any},
    Key{"above", "calls per second or minute, from 1 to 1000000, such as above=50/s or above=3000/m", set_above,
        [](Action action) { return action == Action::throttle; }},
    Key{"above_inputs", "a number of texts from 1, such as above_inputs=16",
        [](Fault& fault, std::string_view value) { return set_size(fault.above_inputs, value); },
        [](Action action) { return action == Action::too_large; }},
    Key{"above_bytes", "a number of bytes from 1, such as above_bytes=8192",
        [](Fault& fault, std::string_view value) { return set_size(fault.above_bytes, value); },
        [](Action action) { return action == Action::too_large; }},
    Key{"retry_after", "a duration, such as retry_after=250ms or retry_after=1s", set_retry_after,
        [](Action action) { return action == Action::throttle || action == Action::fail; }},
};

std::string keys_for(Action action) {
    std::string names;
    for (const Key& key : key_table) {
        if (key.allowed(action)) names += fmt::format("{}{}=", names.empty() ? "" : ", ", key.name);
    }
    if (action == Action::poison) names += ", per_text, text=";
    return names;
}

struct Problem {
    std::string message;
    std::string hint = {};
};

std::unexpected<Error> bad_line(std::string_view line, const Problem& problem) {
    return fail(ErrorKind::invalid_argument, fmt::format("fault '{}': {}", line, problem.message), problem.hint);
}

std::string_view next_word(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    return word;
}

// Applies a word after the action; the problem with it, or nothing.
std::optional<Problem> apply_word(Fault& fault, std::string_view action, std::string_view word) {
    if (fault.action == Action::poison && word == "per_text") {
        fault.per_text = true;
        return std::nullopt;
    }
    const std::size_t equals = word.find('=');
    const auto key = std::ranges::find(key_table, word.substr(0, equals), &Key::name);
    if (key == key_table.end() || !key->allowed(fault.action)) {
        return Problem{fmt::format("'{}' is not a key of {}", word, action),
                       fmt::format("expected {}", keys_for(fault.action))};
    }
    if (equals == std::string_view::npos || !key->set(fault, word.substr(equals + 1))) {
        return Problem{fmt::format("found '{}', expected {}", word, key->form)};
    }
    return std::nullopt;
}

}  // namespace

Result<Fault> parse_fault(std::string_view line) {
    std::string_view rest = line;
    const std::string_view name = next_word(rest);
    const auto action = std::ranges::find(action_table, name, [](const auto& known) { return known.first; });
    if (action == action_table.end())
        return bad_line(line, {fmt::format("the action is '{}', expected {}", name, action_names)});

    Fault fault{.action = action->second};
    while (true) {
        const std::string_view before = rest;
        const std::string_view word = next_word(rest);
        if (word.empty()) break;
        if (fault.action == Action::poison && word.starts_with("text=")) {
            fault.text = before.substr(before.find("text=") + 5);
            break;
        }
        if (const auto problem = apply_word(fault, name, word)) return bad_line(line, *problem);
    }
    if (fault.action == Action::poison && fault.text.empty()) {
        return bad_line(line, {"poison needs the text that it looks for at the end, such as text=DROP TABLE"});
    }
    if (fault.action == Action::too_large && fault.above_inputs == 0 && fault.above_bytes == 0) {
        return bad_line(line, {"too_large needs a limit, such as above_inputs=16 or above_bytes=8192"});
    }
    return fault;
}

Result<std::vector<Fault>> parse_faults(std::span<const std::string> lines) {
    std::vector<Fault> faults;
    for (const std::string& line : lines) {
        auto fault = parse_fault(line);
        if (!fault) return std::unexpected(std::move(fault.error()));
        faults.push_back(std::move(*fault));
    }
    return faults;
}

}  // namespace embedq::simulated
