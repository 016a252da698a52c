// The requested parts of a YAML document, as a small tree; the rest is validated and discarded.
//
// Internal to core/catalog. Thread-safety: plain values and a pure function.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/document.h"
#include "catalog/work.h"

namespace embedq::catalog {

struct YamlNode {
    enum class Kind : std::uint8_t { skipped, null, scalar, sequence, map };

    Kind kind = Kind::skipped;
    bool quoted = false;                                          // of a scalar: a text, whatever it looks like
    std::string text;                                             // of a scalar
    std::vector<std::pair<std::string, const YamlNode*>> fields;  // of a map, as written: merge keys are fields "<<"
    std::vector<const YamlNode*> items;                           // of a sequence
};

// Which children of a node are wanted, and which parts of them. The items of a sequence are identified by their index.
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
    std::deque<YamlNode> nodes;  // a node may be the child of several: aliases are not expanded
    const YamlNode* root = nullptr;
    std::optional<Error> cut;       // why the document is cut
    std::optional<Note> maybe_cut;  // why it may be, or not
};

// Anchored nodes are kept completely wherever they are, since an alias may need them. It is an error if aliases form a
// cycle, if the document with all aliases expanded has more nodes or bytes than the limits allow, if more nodes are
// kept than they allow, if a key is duplicate, or if there is a second document.
// `broken_at` is where it is against the grammar of YAML, if that is the error.
[[nodiscard]] Result<YamlTree> capture_yaml(std::string_view content, const Interest& wanted, const Limits& limits,
                                            Work& work, std::optional<std::size_t>& broken_at);

}  // namespace embedq::catalog
