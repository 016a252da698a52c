// Whether a YAML document was cut, by what is open where its text ends. JSON closes what it opens; YAML in block style
// only ends. What may be complete is taken: to refuse it is worse than to take a document that was cut.
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

// How many objects of one kind have the field that nearly all of them have.
struct FieldCount {
    std::size_t with = 0;
    std::size_t without = 0;
};

struct YamlEnd {
    enum class Last : std::uint8_t { null, plain, quoted, other };

    Last last = Last::other;
    bool is_key_alone = false;      // it is the null of a key without a colon
    bool is_empty_block = false;    // it is a "|" or ">" that nothing follows
    bool is_on_key_line = false;    // it is a plain or quoted scalar in the line of its key
    std::string last_text;          // of a plain or quoted scalar, its beginning
    std::string version;            // of the document, as it says
    std::vector<YamlLevel> levels;  // innermost first
    std::map<Part, FieldCount> fields;
    // What references lead to in each section: {"components", "schemas"}, {"definitions", ""}.
    std::map<std::pair<std::string, std::string>, std::set<std::string>> references;
    std::size_t reference_count = 0;

    // Of a map that ends, in the document.
    void add_object(Part part, const std::set<std::string>& keys);
    // References of path items and operations are followed, and have notes if they lead to nothing. One in an example
    // or an extension is no reference.
    void add_reference(Part part, std::string_view reference);
};

// Whether a map has fields that are not written in it: by a reference or a merge key.
[[nodiscard]] bool has_fields_elsewhere(const std::set<std::string>& keys);

struct Cut {
    std::string reason;
    bool is_certain = false;  // otherwise it may be complete
};

// Why the document seems to be cut; nothing if it does not.
[[nodiscard]] std::optional<Cut> find_cut(const YamlEnd& end, std::string_view text);

}  // namespace embedq::catalog
