// JSON as a tree, for parts of documents. Numbers are kept as they are written.
#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>

#include "catalog/encoding.h"
#include "catalog/json_walker.h"
#include "catalog/part_tree.h"

namespace embedq::catalog {
namespace {

class JsonTreeReader final : private JsonWalker {
public:
    JsonTreeReader(std::string_view text, const Limits& limits, Work& work) : JsonWalker(text, limits, work) {}

    Result<YamlTree> read() {
        YamlNode& root = tree_.nodes.emplace_back();
        root.kind = YamlNode::Kind::map;
        std::set<std::string, std::less<>> keys;
        const auto visit = [&](std::string_view key, Value value) { return field(root, keys, key, value, 2); };
        if (!walk_root(visit, true)) return std::unexpected(std::move(error_));
        tree_.root = &root;
        return std::move(tree_);
    }

private:
    bool field(YamlNode& map, std::set<std::string, std::less<>>& keys, std::string_view key, Value from,
               std::size_t depth) {
        if (!keys.emplace(key).second)
            return refused(key_at_, fmt::format("duplicate key \"{}\" in one object", shown(key)),
                           "remove one of them");
        std::string name(key);
        const YamlNode* const child = value(from, depth);
        if (child != nullptr) map.fields.emplace_back(std::move(name), child);
        return child != nullptr;
    }

    // Null, with the error kept, where the reading ends.
    const YamlNode* value(Value from, std::size_t depth) {
        Type type{};
        if (!type_of(from, type)) return nullptr;
        if (tree_.nodes.size() >= limits_.max_yaml_kept) {
            error_ = {ErrorKind::invalid_argument, fmt::format("it has more than {} values", limits_.max_yaml_kept)};
            return nullptr;
        }
        YamlNode& node = tree_.nodes.emplace_back();
        return read_into(node, from, type, depth) ? &node : nullptr;
    }

    bool read_into(YamlNode& node, Value from, Type type, std::size_t depth) {
        if (type == Type::object) {
            node.kind = YamlNode::Kind::map;
            std::set<std::string, std::less<>> keys;
            return each_field(from, depth, [&](std::string_view key, Value value) {
                return field(node, keys, key, value, depth + 1);
            });
        }
        if (type == Type::array) {
            node.kind = YamlNode::Kind::sequence;
            return each_element(from, depth, [&](Value element) {
                const YamlNode* const child = value(element, depth + 1);
                if (child != nullptr) node.items.push_back(child);
                return child != nullptr;
            });
        }
        node.kind = type == Type::null ? YamlNode::Kind::null : YamlNode::Kind::scalar;
        node.quoted = type == Type::string;
        return read_text(from, depth, node.text);
    }

    YamlTree tree_;
};

}  // namespace

Result<YamlTree> read_json_tree(std::string_view text, const Limits& limits, Work& work) {
    return JsonTreeReader(text, limits, work).read();
}

}  // namespace embedq::catalog
