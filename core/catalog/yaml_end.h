// Whether a YAML document was cut, by what is open where its text ends. JSON closes what it opens; YAML in block style
// only ends.
//
// Internal to core/catalog. Thread-safety: plain values and a pure function.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/openapi_parts.h"

namespace embedq::catalog {

// A map or list that ends with the text.
struct YamlLevel {
    Part part = Part::anything;
    bool is_map = false;
    bool is_flow = false;  // in brackets, which are closed
    std::string last_key;
    std::set<std::string> keys;
};

// How many objects of one kind have the field that they have to have.
struct FieldCount {
    std::size_t with = 0;
    std::size_t without = 0;
};

struct YamlEnd {
    enum class Last : std::uint8_t { null, plain, other };

    Last last = Last::other;
    bool is_key_alone = false;      // it is the null of a key without a colon
    bool is_empty_block = false;    // it is a "|" or ">" that nothing follows
    std::string last_text;          // of a plain scalar, its beginning
    std::vector<YamlLevel> levels;  // innermost first
    std::map<Part, FieldCount> fields;
    // What references lead to in each section: {"components", "schemas"}, {"definitions", ""}.
    std::map<std::pair<std::string, std::string>, std::set<std::string>> references;
};

// Why the document seems to be cut; nothing if it does not.
[[nodiscard]] std::optional<std::string> find_cut(const YamlEnd& end, std::string_view text);

}  // namespace embedq::catalog
