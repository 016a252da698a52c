#include "catalog/bundle_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "catalog/ascii.h"
#include "catalog/encoding.h"
#include "catalog/raw_document.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_token_shown = 100;      // bytes of one key of a place
constexpr std::size_t max_pointer_bytes = 4'096;  // to what an anchor names
constexpr std::size_t max_reason_bytes = 400;     // an error of a part quotes it

// What a document has below these keys makes no operation.
constexpr std::array<std::string_view, 15> aside_keys{
    "schema",    "schemas", "definitions", "properties",      "parameters", "requestBody", "requestBodies", "response",
    "responses", "headers", "links",       "securitySchemes", "callbacks",  "examples",    "webhooks"};

bool is_text_name(std::string_view name) {
    return std::ranges::any_of(std::array<std::string_view, 3>{".md", ".markdown", ".txt"},
                               [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_text(const YamlNode* node) {
    return node != nullptr && node->kind == YamlNode::Kind::scalar;
}

std::string one_line(std::string_view text) {
    std::string line = shortened(text.substr(0, find_invalid_utf8(text).value_or(text.size())), max_reason_bytes);
    std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return line;
}

}  // namespace

SplitReference split_reference(std::string_view reference) {
    const auto hash = reference.find('#');
    if (hash == std::string_view::npos) return {reference, {}};
    return {reference.substr(0, hash), reference.substr(hash + 1)};
}

const std::string* reference_of(const NodeFields& fields) {
    const auto at = std::ranges::find(fields, std::string_view("$ref"), [](const auto& field) { return field.first; });
    return at != fields.end() && is_text(at->second) && !at->second->text.empty() ? &at->second->text : nullptr;
}

const YamlNode* mapping_of(PartTree& tree, const YamlNode& discriminator) {
    const YamlNode* const mapping =
        discriminator.kind == YamlNode::Kind::map ? tree.field(discriminator, "mapping") : nullptr;
    return mapping != nullptr && mapping->kind == YamlNode::Kind::map ? mapping : nullptr;
}

bool is_mapped_reference(const YamlNode& value, PartTree& part, PartTree& document) {
    if (!is_text(&value) || value.text.find_first_of("/#.") == std::string::npos) return false;
    return std::ranges::none_of(std::array{&part, &document}, [&](PartTree* tree) {
        return tree->find({"components", "schemas", value.text}) != nullptr ||
               tree->find({"definitions", value.text}) != nullptr;
    });
}

std::string pointer_token(std::string_view key) {
    constexpr std::string_view plain = "-._!$&'()*+,;=:@";
    std::string token;
    for (const char c : key) {
        if (c == '~') {
            token += "~0";
        } else if (c == '/') {
            token += "~1";
        } else if (is_letter(c) || is_digit(c) || plain.find(c) != std::string_view::npos) {
            token += c;
        } else {
            token += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return token;
}

bool PartLoader::load(PartTree document, std::size_t bytes) {
    bytes_ = bytes;
    for (const std::string_view key : {"$self", "$id"}) {
        const YamlNode* const own = document.field(*document.root(), key);
        if (is_text(own) && !own->text.empty()) own_ids_.emplace_back(split_reference(own->text).document);
    }
    by_id_.emplace(source_.document().id, PartLink{0, {}});
    return add(source_.document(), std::move(document), true) && drain(to_operations_, true) && drain(others_, false);
}

bool PartLoader::drain(std::deque<Open>& queue, bool to_operations) {
    while (!queue.empty()) {
        if (!work_.look()) return false;
        const Open open = std::move(queue.front());
        queue.pop_front();
        if (parts_[open.part].links.contains(open.document)) continue;
        PartLink link = follow(open, to_operations);
        if (!work_.look()) return false;
        parts_[open.part].links.emplace(open.document, std::move(link));
    }
    return true;
}

PartLink PartLoader::follow(const Open& open, bool to_operations) {
    if (std::ranges::find(own_ids_, open.document) != own_ids_.end()) return {0, {}};
    auto place = source_.locate(parts_[open.part].place, open.document);
    if (!place) return {std::nullopt, one_line(place.error().message)};
    if (const auto known = by_id_.find(place->id); known != by_id_.end()) return known->second;
    const std::string id = place->id;
    PartLink link = read(std::move(*place), to_operations);
    by_id_.emplace(id, link);
    return link;
}

PartLink PartLoader::read(PartPlace place, bool to_operations) {
    if (tried_ >= bundle_limits_.max_parts)
        return {std::nullopt, fmt::format("is one more than the {} parts that are read", bundle_limits_.max_parts)};
    ++tried_;
    const std::size_t left = bundle_limits_.max_bytes - std::min(bytes_, bundle_limits_.max_bytes);
    auto text = source_.read(place, left, stop_);
    if (!text && text.error().kind == ErrorKind::too_large) {
        return {std::nullopt,
                fmt::format("would make the document and its parts longer than {} bytes", bundle_limits_.max_bytes)};
    }
    if (!text) {
        if (text.error().kind == ErrorKind::unavailable && !unavailable_) {
            unavailable_ = text.error();
            unavailable_->message = fmt::format("the part {} {}", shown(place.name), one_line(text.error().message));
        }
        return {std::nullopt, one_line(text.error().message)};
    }
    bytes_ += text->size();
    auto tree =
        is_text_name(place.name) ? Result<PartTree>(PartTree::of_text(*text)) : PartTree::read(*text, limits_, work_);
    if (tree && tree->cut()) tree = std::unexpected(*tree->cut());
    if (!tree) return {std::nullopt, "cannot be read: " + one_line(tree.error().message)};
    const std::size_t index = parts_.size();
    // Known before it is scanned, since it may refer to itself.
    by_id_.emplace(place.id, PartLink{index, {}});
    if (!add(std::move(place), std::move(*tree), to_operations)) return {std::nullopt, {}};
    return {index, {}};
}

bool PartLoader::add(PartPlace place, PartTree tree, bool to_operations) {
    limits_.max_yaml_kept -= std::min(limits_.max_yaml_kept, tree.size());
    const std::size_t index = parts_.size();
    parts_.push_back({std::move(place), std::move(tree)});
    path_.clear();
    return scan(index, *parts_[index].tree.root(), to_operations);
}

bool PartLoader::scan(std::size_t part, const YamlNode& node, bool to_operations) {
    if (!work_.go_on()) return false;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        path_.push_back(std::to_string(i));
        if (!scan(part, *node.items[i], to_operations)) return false;
        path_.pop_back();
    }
    if (node.kind != YamlNode::Kind::map) return true;
    const NodeFields fields = parts_[part].tree.fields_of(node);
    if (const std::string* const reference = reference_of(fields)) note_reference(part, *reference, to_operations);
    for (const auto& [key, child] : fields) {
        if (part == 0 && path_.empty() && (key == parts_key || key == unfollowed_key)) continue;
        if (key == "$anchor" && is_text(child)) note_anchor(part, child->text);
        if (child->kind != YamlNode::Kind::map && child->kind != YamlNode::Kind::sequence) continue;
        path_.emplace_back(key);
        if (key == "discriminator") note_mapping(part, *child);
        const bool aside = std::ranges::find(aside_keys, key) != aside_keys.end();
        if (!scan(part, *child, to_operations && !aside)) return false;
        path_.pop_back();
    }
    return true;
}

void PartLoader::note_reference(std::size_t part, const std::string& reference, bool to_operations) {
    const auto split = split_reference(reference);
    if (split.document.empty()) return;
    auto& known = parts_[part].references;
    const auto [at, is_new] = known.try_emplace(reference);
    if (!is_new && (at->second.to_operations || !to_operations)) return;
    at->second = {"#" + pointer_here(), to_operations};
    (to_operations ? to_operations_ : others_).push_back({part, std::string(split.document)});
}

void PartLoader::note_mapping(std::size_t part, const YamlNode& discriminator) {
    PartTree& tree = parts_[part].tree;
    const YamlNode* const mapping = mapping_of(tree, discriminator);
    if (mapping == nullptr) return;
    for (const auto& [name, value] : tree.fields_of(*mapping)) {
        if (is_mapped_reference(*value, tree, parts_.front().tree)) note_reference(part, value->text, false);
    }
}

void PartLoader::note_anchor(std::size_t part, const std::string& name) {
    std::string pointer;
    for (const auto& key : path_) {
        pointer += "/" + pointer_token(key);
        if (pointer.size() > max_pointer_bytes) return;
    }
    parts_[part].anchors.emplace(name, std::move(pointer));
}

std::string PartLoader::pointer_here() const {
    std::string pointer;
    for (const auto& key : path_) pointer += "/" + shortened(pointer_token(key), max_token_shown);
    return pointer;
}

}  // namespace embedq::catalog
