// The parts of a YAML document that somebody asked for, as a small tree; the rest is validated and forgotten.
//
// Internal to core/catalog. Thread-safety: plain values and a pure function.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/document.h"

namespace embedq::catalog {

struct YamlNode {
    enum class Kind : std::uint8_t { skipped, null, scalar, sequence, map };

    Kind kind = Kind::skipped;
    std::string text;                                             // of a scalar
    std::vector<std::pair<std::string, const YamlNode*>> fields;  // of a map, as written: merge keys are fields "<<"
    std::vector<const YamlNode*> items;                           // of a sequence
};

// Which children of a node are wanted, and what of them. The items of a sequence go by their index.
struct Interest {
    std::map<std::string, const Interest*, std::less<>> fields;
    const Interest* others = nullptr;  // what is wanted of children not in `fields`; null for nothing

    // All children and all of theirs.
    [[nodiscard]] static const Interest& everything();

    [[nodiscard]] const Interest* of(std::string_view key) const {
        const auto field = fields.find(key);
        return field == fields.end() ? others : field->second;
    }
};

struct YamlTree {
    std::deque<YamlNode> nodes;  // a node may be the child of several: aliases are not written out
    const YamlNode* root = nullptr;
};

// Anchored nodes are kept whole wherever they are, since an alias may want them. Aliases form no cycles, and the
// document with all aliases written out has at most `limits.max_yaml_nodes` nodes; else it is an error, as are
// duplicate keys and a second document.
[[nodiscard]] Result<YamlTree> capture_yaml(std::string_view content, const Interest& wanted, const Limits& limits);

}  // namespace embedq::catalog
