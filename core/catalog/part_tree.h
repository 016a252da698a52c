// A document, or a part of one, as a whole tree: JSON and YAML alike.
//
// Internal to core/catalog. Thread-safety: a tree belongs to one thread, since it remembers what was looked up.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "catalog/document.h"
#include "catalog/pointer.h"
#include "catalog/work.h"
#include "catalog/yaml_capture.h"
#include "catalog/yaml_merge.h"

namespace embedq::catalog {

class PartTree {
public:
    // Reads a text of any format: JSON where it looks so, else YAML. A duplicate key is an error in both.
    [[nodiscard]] static Result<PartTree> read(std::string_view text, const Limits& limits, Work& work);
    // One string, such as a text in Markdown.
    [[nodiscard]] static PartTree of_text(std::string_view text);

    [[nodiscard]] const YamlNode* root() const { return tree_.root; }
    // Why the text is cut, and why it may be; nothing if nothing shows that.
    [[nodiscard]] const std::optional<Error>& cut() const { return tree_.cut; }
    [[nodiscard]] const std::optional<Note>& maybe_cut() const { return tree_.maybe_cut; }
    [[nodiscard]] std::size_t size() const { return tree_.nodes.size(); }

    // The fields of a map, with merge keys followed.
    [[nodiscard]] NodeFields fields_of(const YamlNode& map);
    // The field of a map; null if there is none.
    [[nodiscard]] const YamlNode* field(const YamlNode& map, std::string_view key);
    // Where the pointer leads; null if nowhere.
    [[nodiscard]] const YamlNode* find(const JsonPointer& pointer);
    // Whether merge keys were nested deeper than is read.
    [[nodiscard]] bool merged_too_deep() const { return merger_.too_deep(); }

private:
    YamlTree tree_;
    bool has_merges_ = false;
    Merger merger_;
    // Many pointers lead through one map.
    std::unordered_map<const YamlNode*, std::map<std::string_view, const YamlNode*>> fields_;
};

// JSON as such a tree. Numbers, booleans and null are as written.
[[nodiscard]] Result<YamlTree> read_json_tree(std::string_view text, const Limits& limits, Work& work);

}  // namespace embedq::catalog
