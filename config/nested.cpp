#include "config/nested.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace embedq::config {
namespace {

using Json = nlohmann::ordered_json;

// Such as a variable whose value has a "${" in it, which must not be expanded again.
void escape_variables(std::string& text, std::size_t from) {
    for (auto at = text.find("${", from); at != std::string::npos; at = text.find("${", at + 3)) text.insert(at, "$");
}

// Appends the JSON of a node. What it names is expanded once more with the whole text, so that what is not set is
// reported there.
void append_json(const Node& node, const Environment& environment, std::string& json) {
    switch (node.kind) {
        case Node::Kind::null: json += "null"; return;
        case Node::Kind::scalar: {
            const auto expanded = expand(node.text, environment);
            const std::string& text = expanded ? expanded->text : node.text;
            const std::size_t begin = json.size();
            json += Json::accept(text) ? text : Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
            if (expanded) escape_variables(json, begin);
            return;
        }
        case Node::Kind::sequence:
        case Node::Kind::mapping: break;
    }
    const bool is_mapping = node.kind == Node::Kind::mapping;
    json += is_mapping ? '{' : '[';
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) json += ',';
        if (is_mapping) {
            const std::size_t begin = json.size();
            json += Json(node.keys[i].text).dump() + ":";
            escape_variables(json, begin);
        }
        append_json(node.items[i], environment, json);
    }
    json += is_mapping ? '}' : ']';
}

}  // namespace

Node with_nested_as_json(const Node& mapping, const Environment& environment) {
    Node flat = mapping;
    for (Node& item : flat.items) {
        if (item.kind != Node::Kind::mapping && item.kind != Node::Kind::sequence) continue;
        std::string json;
        append_json(item, environment, json);
        item = Node{.kind = Node::Kind::scalar, .at = item.at, .text = std::move(json)};
    }
    return flat;
}

}  // namespace embedq::config
