// The fields of YAML maps with those of their merge keys (<<).
//
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/yaml_capture.h"

namespace embedq::catalog {

using NodeFields = std::vector<std::pair<std::string_view, const YamlNode*>>;

inline constexpr int max_merges = 32;  // of one map, nested

// The fields of a map with those of its merge keys, its own first.
class Merger {
public:
    [[nodiscard]] NodeFields fields_of(const YamlNode& map) {
        NodeFields fields;
        std::set<std::string_view> seen;
        add(map, fields, seen, 0);
        return fields;
    }
    // Whether merge keys were nested deeper than is read.
    [[nodiscard]] bool too_deep() const { return too_deep_; }

private:
    void add(const YamlNode& map, NodeFields& fields, std::set<std::string_view>& seen, int depth) {
        if (map.kind != YamlNode::Kind::map) return;
        if (depth > max_merges) {
            too_deep_ = true;
            return;
        }
        for (const auto& [key, value] : map.fields) {
            if (key != "<<" && seen.insert(key).second) fields.emplace_back(key, value);
        }
        for (const auto& [key, value] : map.fields) {
            if (key != "<<") continue;
            add(*value, fields, seen, depth + 1);
            for (const YamlNode* const item : value->items) add(*item, fields, seen, depth + 1);
        }
    }

    bool too_deep_ = false;
};

}  // namespace embedq::catalog
