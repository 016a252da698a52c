#include "catalog/yaml_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "catalog/encoding.h"
#include "catalog/pointer.h"

namespace embedq::catalog {
namespace {

// Others of their kind that must have a field before the last one is expected to have it.
constexpr std::size_t min_others = 2;
constexpr std::size_t max_references = 100'000;  // that are remembered

// References to what is missing: from the first number on the document may be cut, from the second it is. A complete
// one has a slip in a name now and then.
struct ReferenceCounts {
    std::size_t maybe = 0;
    std::size_t certain = 0;
};
constexpr ReferenceCounts after_a_line{.maybe = 2, .certain = 3};
constexpr ReferenceCounts in_a_line{.maybe = 1, .certain = 2};

// The root's keys that have nothing to index. With another one a document is not cut before its paths: that one may be
// a misspelt "paths".
constexpr std::array<std::string_view, 16> keys_before_paths{"openapi",
                                                             "swagger",
                                                             "$self",
                                                             "jsonSchemaDialect",
                                                             "info",
                                                             "externalDocs",
                                                             "servers",
                                                             "host",
                                                             "basePath",
                                                             "schemes",
                                                             "tags",
                                                             "security",
                                                             "securityDefinitions",
                                                             "consumes",
                                                             "produces",
                                                             "parameters"};

// What has one of a few words as its value. The last of the types are written by mistake, in complete documents.
constexpr std::array<std::string_view, 14> types{"string", "number", "integer", "boolean", "object", "array", "null",
                                                 "file",   "int",    "bool",    "str",     "float",  "date",  "double"};
constexpr std::array<std::string_view, 7> places{"query",    "header", "path",       "cookie",
                                                 "formData", "body",   "querystring"};
constexpr std::array<std::string_view, 2> flags{"true", "false"};
constexpr std::array<std::string_view, 8> flag_keys{"required",    "deprecated", "explode",  "allowReserved",
                                                    "uniqueItems", "readOnly",   "nullable", "writeOnly"};

// Texts that nobody leaves empty.
constexpr std::array<std::string_view, 7> text_keys{"$ref", "type", "in", "name", "url", "format", "operationId"};

template <class Words>
bool has(const Words& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

bool ends_with_line(std::string_view text) {
    return text.ends_with('\n') || text.ends_with('\r');
}

std::string_view without_space_at_end(std::string_view text) {
    const auto end = text.find_last_not_of(" \t\r\n");
    return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// By a line that ends a document.
bool is_closed(std::string_view text) {
    text = without_space_at_end(text);
    return text.ends_with("\n...") || text.ends_with("\n---");
}

// Of a line of which the rest is missing. An editor may leave that as well.
bool ends_in_indentation(std::string_view text) {
    const auto last = text.find_last_not_of(" \t");
    return last != std::string_view::npos && last + 1 < text.size() && text[last] == '\n';
}

// What is missing may have become comments.
bool ends_with_comment(std::string_view text) {
    text = without_space_at_end(text);
    text = text.substr(std::min(text.find_last_of('\n') + 1, text.size()));
    const auto begin = text.find_first_not_of(" \t");
    return begin != std::string_view::npos && text[begin] == '#';
}

Part due_at(const YamlLevel& level) {
    return level.is_map ? part_at(level.part, level.last_key) : item_of(level.part);
}

// Where a null is a common way to write that there is nothing: a whole section.
bool is_section(const YamlLevel& level) {
    return level.part == Part::root || level.part == Part::components;
}

// The words of which the last key has one; none if it may have any.
std::span<const std::string_view> words_at(const YamlLevel& level) {
    if (!level.is_map) return {};
    const bool is_schema = level.part == Part::schema;
    if (is_schema && level.last_key == "type") return types;
    if (level.part == Part::parameter && level.last_key == "in") return places;
    const bool has_flags = is_schema || level.part == Part::parameter || level.part == Part::operation ||
                           level.part == Part::body || level.part == Part::header;
    if (has_flags && has(flag_keys, level.last_key)) return flags;
    return {};
}

// Whether a text is only the beginning of a word that its key may have.
bool is_part_of_a_word(const YamlLevel& level, std::string_view text) {
    const auto words = words_at(level);
    return !has(words, text) &&
           std::ranges::any_of(words, [text](std::string_view word) { return word.starts_with(text); });
}

bool is_flag(std::string_view text) {
    constexpr std::array<std::string_view, 6> spellings{"true", "True", "TRUE", "false", "False", "FALSE"};
    return has(spellings, text);
}

std::string place_of(const YamlLevel& level) {
    return level.is_map ? fmt::format("the key \"{}\"", shown(level.last_key)) : "the list's last \"-\"";
}

std::optional<Cut> cut_at_null(const YamlEnd& end, std::string_view text) {
    const YamlLevel& level = end.levels.front();
    const Part due = due_at(level);
    const bool is_certain = is_never_empty(due) && !is_section(level) && !ends_with_comment(text);
    if (!ends_with_line(text)) {
        const bool is_text = level.is_map && level.part != Part::anything && has(text_keys, level.last_key);
        return Cut{fmt::format("the document ends in a line, after {} and before its value", place_of(level)),
                   is_certain || is_text};
    }
    if (due == Part::anything || is_section(level)) return std::nullopt;
    return Cut{fmt::format("the document ends after {}, where {} is due", place_of(level), name_of(due)), is_certain};
}

// A cut leaves a part of a key behind where an object is due, and in another line than the key before it.
std::optional<Cut> cut_at_text(const YamlEnd& end, std::string_view text) {
    const YamlLevel& level = end.levels.front();
    const Part due = due_at(level);
    if (end.last == YamlEnd::Last::plain && !ends_with_line(text) && is_part_of_a_word(level, end.last_text)) {
        return Cut{
            fmt::format("the document ends in a line, with \"{}\" after {}", shown(end.last_text), place_of(level)),
            true};
    }
    const bool may_be_text = level.is_map ? end.is_on_key_line : !is_never_empty(due);
    if (due == Part::anything || is_flag(end.last_text) || (level.is_map && may_be_text && !is_never_empty(due)))
        return std::nullopt;
    return Cut{fmt::format("the document ends with \"{}\" after {}, where {} is due", shown(end.last_text),
                           place_of(level), name_of(due)),
               is_never_empty(due) || !may_be_text};
}

std::optional<Cut> cut_at_value(const YamlEnd& end, std::string_view text) {
    const YamlLevel& level = end.levels.front();
    if (level.is_flow) return std::nullopt;
    if (end.is_key_alone)
        return Cut{fmt::format("the document ends after {}, without a colon and a value", place_of(level)), true};
    if (end.is_empty_block) return Cut{fmt::format("the document ends where the text of {} begins", place_of(level))};
    if (end.last == YamlEnd::Last::null) return cut_at_null(end, text);
    const bool is_text = end.last == YamlEnd::Last::plain || end.last == YamlEnd::Last::quoted;
    return is_text ? cut_at_text(end, text) : std::nullopt;
}

std::optional<Cut> cut_in_object(const YamlEnd& end, std::string_view text) {
    for (const YamlLevel& level : end.levels) {
        const auto field = usual_field(level.part);
        if (field.empty() || level.is_flow || !level.is_map) continue;
        if (level.keys.contains(std::string(field)) || has_fields_elsewhere(level.keys)) continue;
        const auto counted = end.fields.find(level.part);
        if (counted == end.fields.end() || counted->second.with < min_others || counted->second.without > 1) continue;
        return Cut{fmt::format("the document ends in {} without \"{}\", which each of the {} before it has",
                               name_of(level.part), field, counted->second.with),
                   requires_field(level.part, end.version) && !ends_with_comment(text)};
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

// Whether a map has no such key, and none that brings keys from elsewhere.
bool lacks(const YamlLevel& level, const std::string& key) {
    return !level.keys.contains(key) && !has_fields_elsewhere(level.keys);
}

// References to what the document has not, where it ends: to a section, or to entries of the one in which it ends.
std::optional<Cut> cut_before_references(const YamlEnd& end, std::string_view text) {
    const YamlLevel& root = end.levels.back();
    const YamlLevel* const components = open_level(end, {"components", ""});
    const ReferenceCounts enough = ends_with_line(text) ? after_a_line : in_a_line;
    std::optional<Cut> cut;
    for (const auto& [section, names] : end.references) {
        const auto& [outer, inner] = section;
        const std::string place = inner.empty() ? outer : fmt::format("{}.{}", outer, inner);
        const bool is_missing = lacks(root, outer) || is_empty_at_end(end, section) ||
                                (components != nullptr && outer == "components" && lacks(*components, inner));
        const YamlLevel* const level = open_level(end, section);
        if (!is_missing && level == nullptr) continue;
        const auto missing = static_cast<std::size_t>(
            std::ranges::count_if(names, [&](const std::string& name) { return is_missing || lacks(*level, name); }));
        if (missing < enough.maybe || (cut && missing < enough.certain)) continue;
        cut = Cut{is_missing ? fmt::format("the document ends before \"{}\", to which it refers", place)
                             : fmt::format("the document ends in \"{}\" before {} of the entries to which it refers",
                                           place, missing),
                  missing >= enough.certain};
        if (cut->is_certain) break;
    }
    return cut;
}

std::optional<Cut> cut_before_section(const YamlEnd& end, std::string_view text) {
    const YamlLevel& root = end.levels.back();
    const bool is_before = std::ranges::all_of(root.keys, [](const auto& key) { return has(keys_before_paths, key); });
    if (is_before) return Cut{"the document ends before \"paths\"", true};
    std::optional<Cut> cut = cut_before_references(end, text);
    if (cut && ends_with_comment(text)) cut->is_certain = false;
    return cut;
}

}  // namespace

bool has_fields_elsewhere(const std::set<std::string>& keys) {
    return keys.contains("$ref") || keys.contains("<<");
}

void YamlEnd::add_object(Part part, const std::set<std::string>& keys) {
    const auto field = usual_field(part);
    if (field.empty() || has_fields_elsewhere(keys)) return;
    FieldCount& count = fields[part];
    ++(keys.contains(std::string(field)) ? count.with : count.without);
}

void YamlEnd::add_reference(Part part, std::string_view reference) {
    if (part == Part::items || part == Part::item || part == Part::operation || part == Part::anything) return;
    if (!reference.starts_with("#/") || reference_count >= max_references) return;
    auto pointer = local_pointer(reference);
    const bool is_nested = pointer && pointer->front() == "components";
    if (!pointer || pointer->size() < (is_nested ? 3U : 2U)) return;
    std::string& name = is_nested ? (*pointer)[2] : (*pointer)[1];
    auto& names = references[{pointer->front(), is_nested ? (*pointer)[1] : std::string()}];
    if (names.insert(std::move(name)).second) ++reference_count;
}

std::optional<Cut> find_cut(const YamlEnd& end, std::string_view text) {
    if (end.levels.empty() || end.levels.back().is_flow || is_closed(text)) return std::nullopt;
    // What is due in a part of a document depends on where it is referred to, so only its grammar says something.
    const YamlLevel& root = end.levels.back();
    const bool is_document = root.keys.contains("openapi") || root.keys.contains("swagger");
    if (!is_document && !end.is_key_alone) return std::nullopt;
    std::optional<Cut> at_value = cut_at_value(end, text);
    if (!is_document) return at_value;
    std::optional<Cut> cut;
    for (const auto& sign : {at_value, cut_in_object(end, text), cut_before_section(end, text)}) {
        if (!sign) continue;
        if (sign->is_certain) return sign;
        // Two of them together are one too many for a complete document.
        if (cut) return Cut{cut->reason, !ends_with_comment(text)};
        cut = sign;
    }
    if (!cut && ends_in_indentation(text)) cut = Cut{"the document ends in the indentation of a line"};
    return cut;
}

}  // namespace embedq::catalog
