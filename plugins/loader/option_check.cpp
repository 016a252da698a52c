#include "loader/option_check.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "loader/names.h"

namespace embedq::plugins {
namespace {

using namespace std::string_view_literals;
using Unit = std::pair<std::string_view, double>;

constexpr std::array durations = {Unit{"ms", 1}, Unit{"s", 1e3}, Unit{"m", 60e3}, Unit{"h", 3600e3},
                                  Unit{"d", 86400e3}};
constexpr std::array sizes = {Unit{"KiB", 1024.0}, Unit{"MiB", 1048576.0}, Unit{"GiB", 1073741824.0},
                              Unit{"TiB", 1099511627776.0}};

std::optional<double> number(std::string_view text, bool whole) {
    double value = 0;
    std::int64_t integer = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = whole ? std::from_chars(text.data(), end, integer) : std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return whole ? static_cast<double>(integer) : value;
}

template <std::size_t N>
std::optional<double> with_unit(std::string_view text, const std::array<Unit, N>& units) {
    const std::size_t digits = text.find_first_not_of("0123456789.-");
    if (digits == std::string_view::npos) return number(text, true);
    for (const auto& [name, factor] : units) {
        if (text.substr(digits) != name) continue;
        const auto value = number(text.substr(0, digits), false);
        return value ? std::optional(*value * factor) : std::nullopt;
    }
    return std::nullopt;
}

bool among(std::string_view value, std::string_view choices) {
    while (true) {
        const std::size_t bar = choices.find('|');
        if (choices.substr(0, bar) == value) return true;
        if (bar == std::string_view::npos) return false;
        choices.remove_prefix(bar + 1);
    }
}

bool has_number(OptionType type) {
    return type == OptionType::integer || type == OptionType::number || type == OptionType::duration ||
           type == OptionType::size;
}

std::optional<double> read_number(OptionType type, std::string_view text) {
    switch (type) {
        case OptionType::integer: return number(text, true);
        case OptionType::number: return number(text, false);
        case OptionType::duration: return with_unit(text, durations);
        case OptionType::size: return with_unit(text, sizes);
        default: return std::nullopt;
    }
}

constexpr std::string_view form_of(OptionType type) {
    switch (type) {
        case OptionType::boolean: return "true or false";
        case OptionType::integer: return "a whole number";
        case OptionType::number: return "a number";
        case OptionType::text: return "a text";
        case OptionType::duration: return "a duration such as 250ms, 20s, 5m, 1h or 14d";
        case OptionType::size: return "a size such as 4096, 64KiB, 10MiB or 1GiB";
        case OptionType::path: return "a path";
        case OptionType::text_list: return "a list of texts";
        case OptionType::text_map: return "a mapping such as {}";
    }
    return {};
}

// What is wrong with the default of a row, as the end of a sentence that begins with the option; or nothing.
std::optional<std::string> problem_with_default(const OptionSpec& row) {
    const std::string_view text = row.default_value;
    if (has_number(row.type)) {
        const auto value = read_number(row.type, text);
        if (!value) return fmt::format("has the default '{}', but must have {}", text, form_of(row.type));
        if (row.minimum && *value < *row.minimum)
            return fmt::format("has the default '{}', below its own minimum {}", text, *row.minimum);
        if (row.maximum && *value > *row.maximum)
            return fmt::format("has the default '{}', above its own maximum {}", text, *row.maximum);
        return std::nullopt;
    }
    const bool well_formed = row.type == OptionType::boolean    ? text == "true"sv || text == "false"sv
                             : row.type == OptionType::path     ? !text.empty()
                             : row.type == OptionType::text_map ? text.starts_with('{') && text.ends_with('}')
                                                                : true;
    if (!well_formed) return fmt::format("has the default '{}', but must have {}", text, form_of(row.type));
    if (row.type == OptionType::text && row.choices != nullptr && !among(text, row.choices)) {
        return fmt::format("has the default '{}', which is not one of its choices {}", text, row.choices);
    }
    return std::nullopt;
}

std::optional<std::string> problem_with_row(const OptionSpec& row) {
    if (!is_plain_name(row.name)) return "has a name that is not of the form [a-z][a-z0-9_]*";
    if (form_of(row.type).empty()) return fmt::format("has the unknown type {}", static_cast<int>(row.type));
    if (row.help == nullptr) return "has no help text (nullptr)";
    if (row.required && row.default_value != nullptr)
        return "is required and has a default, but can be only one of the two";
    if (row.minimum && row.maximum && *row.minimum > *row.maximum) {
        return fmt::format("has the minimum {} above the maximum {}", *row.minimum, *row.maximum);
    }
    if (row.choices != nullptr && row.type != OptionType::text) return "has choices, but is not a text";
    if (row.default_value == nullptr) return std::nullopt;
    return problem_with_default(row);
}

}  // namespace

Status check_option_table(std::span<const OptionSpec> table) {
    std::set<std::string_view> names;
    for (const OptionSpec& row : table) {
        if (row.name == nullptr) {
            return fail(ErrorKind::misconfigured,
                        fmt::format("row {} of the option table has no name (nullptr)", &row - table.data() + 1));
        }
        if (const auto problem = problem_with_row(row))
            return fail(ErrorKind::misconfigured, fmt::format("option '{}' {}", row.name, *problem));
        if (!names.insert(row.name).second) {
            return fail(ErrorKind::misconfigured,
                        fmt::format("option '{}' is in the option table more than once", row.name));
        }
    }
    return {};
}

}  // namespace embedq::plugins
