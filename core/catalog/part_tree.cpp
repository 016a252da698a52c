#include "catalog/part_tree.h"

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <utility>

#include "catalog/encoding.h"
#include "catalog/form.h"
#include "catalog/hidden.h"

namespace embedq::catalog {
namespace {

bool looks_like_json(std::string_view text) {
    const auto start = text.find_first_not_of(" \t\r\n");
    return start != std::string_view::npos && text[start] == '{';
}

}  // namespace

Result<PartTree> PartTree::read(std::string_view text, const Limits& limits, Work& work) {
    const auto checked = checked_text(text, limits);
    if (!checked) return std::unexpected(checked.error());
    PartTree part;
    std::optional<Error> json_error;
    std::optional<SignOfYaml> sign;
    if (looks_like_json(*checked)) {
        auto json = read_json_tree(*checked, limits, work);
        if (json) {
            part.tree_ = std::move(*json);
            return part;
        }
        sign = find_sign_of_yaml(*checked);
        if (!sign) return std::unexpected(std::move(json.error()));
        json_error = std::move(json.error());
    }
    std::optional<std::size_t> broken_at;
    auto tree = capture_yaml(*checked, Interest::everything(), limits, work, broken_at);
    if (!tree && sign == SignOfYaml::weak && work.look()) return std::unexpected(std::move(*json_error));
    if (!tree) {
        const auto cause = broken_at ? find_hidden_near(*checked, *broken_at) : std::nullopt;
        return std::unexpected(explained(std::move(tree.error()), *checked, cause));
    }
    part.tree_ = std::move(*tree);
    part.has_merges_ = true;
    if (part.tree_.root == nullptr) return fail(ErrorKind::invalid_argument, "there is nothing in it");
    return part;
}

PartTree PartTree::of_text(std::string_view text) {
    PartTree part;
    YamlNode& node = part.tree_.nodes.emplace_back();
    node.kind = YamlNode::Kind::scalar;
    node.quoted = true;
    node.text = text;
    part.tree_.root = &node;
    return part;
}

NodeFields PartTree::fields_of(const YamlNode& map) {
    if (has_merges_) return merger_.fields_of(map);
    return {map.fields.begin(), map.fields.end()};
}

const YamlNode* PartTree::field(const YamlNode& map, std::string_view key) {
    const auto [entry, is_new] = fields_.try_emplace(&map);
    if (is_new) {
        for (const auto& [name, value] : fields_of(map)) entry->second.emplace(name, value);
    }
    const auto at = entry->second.find(key);
    return at == entry->second.end() ? nullptr : at->second;
}

const YamlNode* PartTree::find(const JsonPointer& pointer) {
    const YamlNode* node = tree_.root;
    for (const auto& key : pointer) {
        if (node == nullptr) return nullptr;
        if (node->kind != YamlNode::Kind::sequence) {
            node = field(*node, key);
            continue;
        }
        std::size_t index = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
        const bool inside = error == std::errc{} && end == key.data() + key.size() && index < node->items.size();
        node = inside ? node->items[index] : nullptr;
    }
    return node;
}

}  // namespace embedq::catalog
