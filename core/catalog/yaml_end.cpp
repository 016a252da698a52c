#include "catalog/yaml_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "catalog/encoding.h"

namespace embedq::catalog {
namespace {

// Others of their kind that must have a field before the last one is expected to have it.
constexpr std::size_t min_others = 2;
// References to what is missing: with fewer, a text may be an excerpt, or have a slip in a name.
constexpr std::size_t min_references = 2;

// The root's keys without which a document has nothing.
constexpr std::array<std::string_view, 5> sections{"paths", "webhooks", "components", "definitions", "responses"};

bool ends_with_line(std::string_view text) {
    return text.ends_with('\n') || text.ends_with('\r');
}

// By a line that ends a document.
bool is_closed(std::string_view text) {
    const auto end = text.find_last_not_of(" \t\r\n");
    text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
    return text.ends_with("\n...") || text.ends_with("\n---");
}

Part due_at(const YamlLevel& level) {
    return level.is_map ? part_at(level.part, level.last_key) : item_of(level.part);
}

// Where a null is a common way to write that there is nothing: a whole section.
bool is_section(const YamlLevel& level) {
    return level.part == Part::root || level.part == Part::components;
}

// Whether a text in the last line is not one of the few that its key may have.
bool is_part_of_a_word(const YamlLevel& level, std::string_view text) {
    constexpr std::array<std::string_view, 8> types{"string", "number", "integer", "boolean",
                                                    "object", "array",  "null",    "file"};
    constexpr std::array<std::string_view, 7> places{"query",    "header", "path",       "cookie",
                                                     "formData", "body",   "querystring"};
    const auto is_new = [text](const auto& words) { return std::ranges::find(words, text) == words.end(); };
    if (!level.is_map) return false;
    return (level.part == Part::schema && level.last_key == "type" && is_new(types)) ||
           (level.part == Part::parameter && level.last_key == "in" && is_new(places));
}

std::optional<std::string> cut_at_value(const YamlEnd& end, std::string_view text) {
    const YamlLevel& level = end.levels.front();
    if (level.is_flow) return std::nullopt;
    const Part due = due_at(level);
    const std::string place =
        level.is_map ? fmt::format("the key \"{}\"", shown(level.last_key)) : "the list's last \"-\"";
    if (end.is_key_alone) return fmt::format("the document ends after {}, without a colon and a value", place);
    if (end.is_empty_block) return fmt::format("the document ends where the text of {} begins", place);
    if (end.last == YamlEnd::Last::null && !ends_with_line(text))
        return fmt::format("the document ends in a line, after {} and before its value", place);
    if (end.last == YamlEnd::Last::null && due != Part::anything && !is_section(level))
        return fmt::format("the document ends after {}, where {} is due", place, name_of(due));
    const bool is_plain = end.last == YamlEnd::Last::plain;
    if (is_plain && !ends_with_line(text) && is_part_of_a_word(level, end.last_text))
        return fmt::format("the document ends in a line, with \"{}\" after {}", shown(end.last_text), place);
    const bool is_flag = end.last_text == "true" || end.last_text == "false";
    if (is_plain && due != Part::anything && !is_flag)
        return fmt::format("the document ends with \"{}\" after {}, where {} is due", shown(end.last_text), place,
                           name_of(due));
    return std::nullopt;
}

std::optional<std::string> cut_in_object(const YamlEnd& end) {
    for (const YamlLevel& level : end.levels) {
        const auto field = required_field(level.part);
        if (field.empty() || level.is_flow || !level.is_map) continue;
        if (level.keys.contains(std::string(field)) || level.keys.contains("$ref")) continue;
        const auto counted = end.fields.find(level.part);
        if (counted == end.fields.end() || counted->second.with < min_others || counted->second.without > 1) continue;
        return fmt::format("the document ends in {} without \"{}\", which each of the {} before it has",
                           name_of(level.part), field, counted->second.with);
    }
    return std::nullopt;
}

// The level of a section, if the text ends in it.
const YamlLevel* open_level(const YamlEnd& end, const std::pair<std::string, std::string>& section) {
    const auto& [outer, inner] = section;
    auto level = end.levels.rbegin();
    for (const std::string* const key : {&outer, &inner}) {
        if (key->empty()) continue;
        if (level->last_key != *key || std::next(level) == end.levels.rend()) return nullptr;
        ++level;
    }
    return level->is_map && !level->is_flow ? &*level : nullptr;
}

// Whether the text ends right after the key of a section.
bool is_empty_at_end(const YamlEnd& end, const std::pair<std::string, std::string>& section) {
    const auto& [outer, inner] = section;
    if (end.last != YamlEnd::Last::null || end.levels.size() > 2 || end.levels.back().last_key != outer) return false;
    return end.levels.size() == 1 || (!inner.empty() && end.levels.front().last_key == inner);
}

// References to what the document has not, where it ends: to a section, or to entries of the one in which it ends.
std::optional<std::string> cut_before_references(const YamlEnd& end, std::string_view text) {
    const YamlLevel& root = end.levels.back();
    const YamlLevel* const components = open_level(end, {"components", ""});
    const std::size_t enough = ends_with_line(text) ? min_references : 1;
    for (const auto& [section, names] : end.references) {
        const auto& [outer, inner] = section;
        const std::string place = inner.empty() ? outer : fmt::format("{}.{}", outer, inner);
        const bool is_missing = !root.keys.contains(outer) || is_empty_at_end(end, section) ||
                                (components != nullptr && outer == "components" && !components->keys.contains(inner));
        const YamlLevel* const level = open_level(end, section);
        if (!is_missing && level == nullptr) continue;
        const auto missing = static_cast<std::size_t>(std::ranges::count_if(
            names, [&](const std::string& name) { return is_missing || !level->keys.contains(name); }));
        if (missing < enough) continue;
        if (is_missing) return fmt::format("the document ends before \"{}\", to which it refers", place);
        return fmt::format("the document ends in \"{}\" before {} of the entries to which it refers", place, missing);
    }
    return std::nullopt;
}

std::optional<std::string> cut_before_section(const YamlEnd& end, std::string_view text) {
    const YamlLevel& root = end.levels.back();
    const bool has_section = std::ranges::any_of(root.keys, [](const std::string& key) {
        return key.starts_with("x-") || key == "<<" || std::ranges::find(sections, key) != sections.end();
    });
    if (!has_section) return "the document ends before \"paths\"";
    return cut_before_references(end, text);
}

}  // namespace

std::optional<std::string> find_cut(const YamlEnd& end, std::string_view text) {
    if (end.levels.empty() || end.levels.back().is_flow || is_closed(text)) return std::nullopt;
    // What is due in a part of a document depends on where it is referred to, so only its grammar says something.
    const YamlLevel& root = end.levels.back();
    const bool is_document = root.keys.contains("openapi") || root.keys.contains("swagger");
    if (!is_document && !end.is_key_alone && !end.is_empty_block) return std::nullopt;
    std::optional<std::string> cut = cut_at_value(end, text);
    if (!is_document) return cut;
    if (!cut) cut = cut_in_object(end);
    if (!cut) cut = cut_before_section(end, text);
    return cut;
}

}  // namespace embedq::catalog
