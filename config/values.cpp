#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "config/document.h"
#include "config/text.h"

namespace embedq::config {
namespace {

using std::chrono::milliseconds;

struct Unit {
    std::string_view name;
    std::int64_t factor;
};
constexpr std::array<Unit, 5> duration_units = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 5> size_units = {
    {{"TiB", 1LL << 40}, {"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"B", 1}}};
// Deadlines are kept in nanoseconds, which can represent 292 years.
constexpr std::int64_t longest_duration = 36'500LL * 86'400'000;

constexpr std::string_view duration_samples = "such as 250ms, 20s, 5m, 1h or 14d";
constexpr std::string_view size_samples = "such as 4096, 64KiB, 10MiB or 1GiB";

template <class T>
std::optional<T> whole(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

template <std::size_t N>
std::optional<std::int64_t> scaled(std::string_view text, const std::array<Unit, N>& units) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto count = whole<std::int64_t>(text.substr(0, digits));
    const auto unit =
        std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == text.substr(digits); });
    std::int64_t value = 0;
    if (!count || unit == units.end() || __builtin_mul_overflow(*count, unit->factor, &value)) return std::nullopt;
    return value;
}

std::string bound_text(OptionType type, double bound) {
    switch (type) {
        case OptionType::duration: return duration_text(milliseconds(static_cast<std::int64_t>(bound)));
        case OptionType::size: return size_text(static_cast<std::int64_t>(bound));
        case OptionType::integer: return std::to_string(static_cast<std::int64_t>(bound));
        default: return number_text(bound);
    }
}

std::string range_text(const OptionSpec& spec) {
    if (spec.minimum && spec.maximum) {
        return fmt::format(" between {} and {}", bound_text(spec.type, *spec.minimum),
                           bound_text(spec.type, *spec.maximum));
    }
    if (spec.minimum) return fmt::format(" of at least {}", bound_text(spec.type, *spec.minimum));
    if (spec.maximum) return fmt::format(" of at most {}", bound_text(spec.type, *spec.maximum));
    return {};
}

bool in_range(const OptionSpec& spec, double value) {
    return !(spec.minimum && value < *spec.minimum) && !(spec.maximum && value > *spec.maximum);
}

std::string found_text(const OptionSpec& spec, std::string_view text) {
    if (spec.secret) return std::string("found ").append(hidden);
    return "found " + quote(text);
}

// How many times one of the two is the other.
double ratio(std::int64_t one, std::int64_t other) {
    const auto [least, most] = std::minmax({static_cast<double>(one), static_cast<double>(other)});
    return most / std::max(least, 1.0);
}

// The unit that a duration without one most likely has: within the range, seconds or that of the default if the value
// is then like the default, otherwise the one that makes it most like it.
std::optional<std::string_view> likely_unit(const OptionSpec& spec, std::string_view digits) {
    std::vector<std::string_view> units{"s", "ms", "m", "h", "d"};
    const std::string_view usual = spec.default_value == nullptr ? "" : spec.default_value;
    const std::string_view unit = usual.substr(std::min(usual.find_first_not_of("0123456789"), usual.size()));
    if (const auto found = std::ranges::find(units, unit); found != units.end())
        std::rotate(units.begin(), found, found + 1);
    const auto value_in = [&](std::string_view each) {
        return scaled(std::string(digits).append(each), duration_units);
    };
    std::erase_if(units, [&](std::string_view each) {
        const auto value = value_in(each);
        return !value || !in_range(spec, static_cast<double>(*value));
    });
    if (units.empty()) return std::nullopt;
    const std::int64_t expected = scaled(usual, duration_units).value_or(0);
    if (expected == 0) return units.front();
    constexpr double alike = 10;
    const auto difference = [&](std::string_view each) { return ratio(*value_in(each), expected); };
    for (const std::string_view each : {std::string_view("s"), unit}) {
        if (std::ranges::find(units, each) != units.end() && difference(each) <= alike) return each;
    }
    return std::ranges::min(units, {}, difference);
}

// What the author most likely meant by a value without a unit, or with a wrong one.
std::string unit_hint(const OptionSpec& spec, std::string_view text) {
    if (spec.secret || text.empty() || text.size() > 20) return {};
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0) return {};
    const std::string_view unit = text.substr(digits);
    std::string meant;
    if (spec.type == OptionType::duration && unit.empty()) {
        if (const auto likely = likely_unit(spec, text)) meant = fmt::format("{}{}", text, *likely);
    } else if (spec.type == OptionType::duration) {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> slips = {
            {{"sec", "s"}, {"S", "s"}, {"min", "m"}, {"M", "m"}, {"H", "h"}, {"hr", "h"}, {"D", "d"}, {"days", "d"}}};
        const auto slip = std::find_if(slips.begin(), slips.end(), [&](const auto& s) { return s.first == unit; });
        if (slip != slips.end()) meant = fmt::format("{}{}", text.substr(0, digits), slip->second);
    } else if (unit.size() <= 2 && !unit.empty()) {
        static constexpr std::string_view letters = "KMGT";
        const char first = static_cast<char>(unit[0] & ~0x20);
        if (letters.find(first) != std::string_view::npos) meant = fmt::format("{}{}iB", text.substr(0, digits), first);
    }
    return meant.empty() ? meant : fmt::format("did you mean '{}'?", meant);
}

// "found 'x', expected …", with the text hidden for a secret.
std::unexpected<Error> mismatch(const OptionSpec& spec, std::string_view text) {
    std::string sentence = fmt::format("{}, expected {}", found_text(spec, text), expectation(spec));
    std::string hint;
    if (spec.type == OptionType::duration) {
        sentence += fmt::format(" ({})", duration_samples);
        hint = unit_hint(spec, text);
    } else if (spec.type == OptionType::size) {
        sentence += fmt::format(" ({})", size_samples);
        hint = unit_hint(spec, text);
    } else if (spec.choices != nullptr && !spec.secret) {
        hint = suggestion(text, split(spec.choices, '|'));
    }
    return fail(ErrorKind::invalid_argument, std::move(sentence), std::move(hint));
}

template <class T>
Result<OptionValue> ranged(const OptionSpec& spec, std::string_view text, std::optional<T> value) {
    if (!value) return mismatch(spec, text);
    if (!in_range(spec, static_cast<double>(*value))) {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("{}, expected {}", found_text(spec, text), expectation(spec)));
    }
    return OptionValue(*value);
}

Result<OptionValue> convert_duration(const OptionSpec& spec, std::string_view text) {
    const auto count = text == "0" ? std::optional<std::int64_t>(0) : scaled(text, duration_units);
    if (!count) return mismatch(spec, text);
    if (*count > longest_duration) {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("{}, expected a duration of at most {}", found_text(spec, text),
                                duration_text(milliseconds(longest_duration))));
    }
    auto value = ranged(spec, text, count);
    if (!value) return value;
    return OptionValue(milliseconds(*count));
}

Result<OptionValue> convert_path(const OptionSpec& spec, std::string_view text, const Folder& folder) {
    if (text.empty()) return mismatch(spec, text);
    const std::filesystem::path path{std::string(text)};
    if (!folder || path.is_absolute()) return OptionValue(path.string());
    return OptionValue((*folder / path).lexically_normal().string());
}

// A list or a map that is written in one text, like the defaults in tables.
Result<Node> flow_node(const OptionSpec& spec, std::string_view text, Node::Kind kind) {
    Report report("");
    const auto node = parse_document(text, report);
    if (report.failed() || !node || node->kind != kind) return mismatch(spec, text);
    const bool flat = std::all_of(node->items.begin(), node->items.end(),
                                  [](const Node& item) { return item.kind == Node::Kind::scalar; });
    if (!flat) return mismatch(spec, text);
    return *node;
}

Result<OptionValue> convert_list(const OptionSpec& spec, std::string_view text) {
    std::vector<std::string> texts;
    if (!text.starts_with('[')) {
        texts.emplace_back(text);
    } else {
        auto node = flow_node(spec, text, Node::Kind::sequence);
        if (!node) return std::unexpected(node.error());
        for (Node& item : node->items) texts.push_back(std::move(item.text));
    }
    for (const std::string& element : texts) {
        if (auto checked = convert_element(spec, element); !checked) return std::unexpected(checked.error());
    }
    return OptionValue(std::move(texts));
}

Result<OptionValue> convert_map(const OptionSpec& spec, std::string_view text) {
    if (!text.starts_with('{')) return mismatch(spec, text);
    auto node = flow_node(spec, text, Node::Kind::mapping);
    if (!node) return std::unexpected(node.error());
    std::map<std::string, std::string> texts;
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        if (auto checked = convert_element(spec, node->items[i].text); !checked)
            return std::unexpected(checked.error());
        texts.emplace(node->keys[i].text, node->items[i].text);
    }
    return OptionValue(std::move(texts));
}

}  // namespace

std::string duration_text(milliseconds value) {
    if (value.count() == 0) return "0";
    for (const Unit& unit : duration_units) {
        if (value.count() % unit.factor == 0) return fmt::format("{}{}", value.count() / unit.factor, unit.name);
    }
    return fmt::format("{}ms", value.count());
}

std::string size_text(std::int64_t bytes) {
    for (const Unit& unit : size_units) {
        if (bytes != 0 && unit.factor > 1 && bytes % unit.factor == 0)
            return fmt::format("{}{}", bytes / unit.factor, unit.name);
    }
    return std::to_string(bytes);
}

std::string number_text(double value) {
    return fmt::format("{}", value);
}

std::string expectation(const OptionSpec& spec) {
    const std::string range = range_text(spec);
    switch (spec.type) {
        case OptionType::boolean: return "true or false";
        case OptionType::integer: return "an integer" + range;
        case OptionType::number: return "a number" + range;
        case OptionType::duration: return "a duration" + range;
        case OptionType::size: return "a size" + range;
        case OptionType::path: return "a path";
        case OptionType::text: return spec.choices == nullptr ? "a text" : "one of " + join(split(spec.choices, '|'));
        case OptionType::text_list:
            return spec.choices == nullptr ? "a sequence of texts" : "a sequence of " + join(split(spec.choices, '|'));
        case OptionType::text_map: return "a mapping of texts";
    }
    return "a value";
}

Result<std::string> convert_element(const OptionSpec& spec, std::string_view text) {
    if (spec.choices != nullptr) {
        const auto choices = split(spec.choices, '|');
        if (std::find(choices.begin(), choices.end(), text) == choices.end()) return mismatch(spec, text);
    }
    return std::string(text);
}

Result<OptionValue> convert(const OptionSpec& spec, std::string_view text, const Folder& folder) {
    if (first_invalid_utf8(text) || text.find('\0') != std::string_view::npos) {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("{}, which is not UTF-8 text or contains a zero byte, expected {}",
                                found_text(spec, text), expectation(spec)));
    }
    switch (spec.type) {
        case OptionType::boolean:
            if (text == "true" || text == "false") return OptionValue(text == "true");
            return mismatch(spec, text);
        case OptionType::integer: return ranged(spec, text, whole<std::int64_t>(text));
        case OptionType::number: {
            const auto value = whole<double>(text);
            return ranged(spec, text, value && std::isfinite(*value) ? value : std::nullopt);
        }
        case OptionType::text: {
            auto value = convert_element(spec, text);
            if (!value) return std::unexpected(value.error());
            return OptionValue(std::move(*value));
        }
        case OptionType::duration: return convert_duration(spec, text);
        case OptionType::size: {
            const auto plain = whole<std::int64_t>(text);
            return ranged(spec, text, plain && *plain >= 0 ? plain : scaled(text, size_units));
        }
        case OptionType::path: return convert_path(spec, text, folder);
        case OptionType::text_list: return convert_list(spec, text);
        case OptionType::text_map: return convert_map(spec, text);
    }
    return mismatch(spec, text);
}

Result<OptionValue> parse_option(const OptionSpec& spec, std::string_view scalar) {
    auto value = convert(spec, scalar, std::nullopt);
    if (!value) value.error().message.insert(0, fmt::format("option '{}': ", spec.name));
    return value;
}

Result<Options> options_from_text(std::span<const OptionSpec> table, const std::map<std::string, std::string>& texts) {
    std::vector<std::string> names;
    for (const OptionSpec& spec : table) names.emplace_back(spec.name);
    std::vector<Error> faults;
    const auto add_fault = [&](std::string message, std::string hint = {}) {
        faults.push_back({ErrorKind::invalid_argument, std::move(message), std::move(hint)});
    };
    Options options;
    for (const auto& [name, text] : texts) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            const std::string all = names.empty() ? "there are no options" : "expected one of " + join(names);
            add_fault("unknown option " + quote(name), suggestion(name, names, all));
        }
    }
    for (const OptionSpec& spec : table) {
        const auto written = texts.find(spec.name);
        if (written == texts.end() && spec.default_value == nullptr) {
            if (spec.required) add_fault(fmt::format("option '{}' is missing: {}", spec.name, spec.help));
            continue;
        }
        auto value =
            parse_option(spec, written != texts.end() ? std::string_view(written->second) : spec.default_value);
        if (value) {
            options.set(spec.name, std::move(*value));
        } else {
            faults.push_back(std::move(value.error()));
        }
    }
    if (faults.empty()) return options;
    if (faults.size() == 1) return std::unexpected(std::move(faults.front()));
    std::vector<std::string> sentences;
    for (const Error& fault : faults) sentences.push_back(to_string(fault));
    return fail(ErrorKind::invalid_argument, join(sentences, "; "));
}

namespace {

std::string flow_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out.push_back('\\');
        if (c == '\n') {
            out += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out.push_back(c);
        }
    }
    return out + "\"";
}

struct ToText {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const { return number_text(value); }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(milliseconds value) const { return duration_text(value); }
    std::string operator()(const std::vector<std::string>& values) const {
        std::vector<std::string> parts;
        parts.reserve(values.size());
        for (const std::string& value : values) parts.push_back(flow_quoted(value));
        return "[" + join(parts) + "]";
    }
    std::string operator()(const std::map<std::string, std::string>& values) const {
        std::vector<std::string> parts;
        parts.reserve(values.size());
        for (const auto& [key, value] : values) parts.push_back(flow_quoted(key) + ": " + flow_quoted(value));
        return "{" + join(parts) + "}";
    }
};

}  // namespace

std::string option_to_text(const OptionValue& value) {
    return std::visit(ToText{}, value);
}

}  // namespace embedq::config
