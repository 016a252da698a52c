#include "catalog/bundle_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "catalog/encoding.h"
#include "catalog/json_token.h"
#include "catalog/raw_document.h"

namespace embedq::catalog {
namespace {

constexpr std::size_t max_unfollowed = 1'000;  // that are named; the rest are counted

// YAML's other spellings of true and false; empty for any other text.
std::string_view boolean(std::string_view text) {
    if (text == "true" || text == "True" || text == "TRUE") return "true";
    if (text == "false" || text == "False" || text == "FALSE") return "false";
    return {};
}

}  // namespace

Result<std::string> BundleWriter::write() {
    const bool written = write_root();
    const bool deep = std::ranges::any_of(parts_, [](const BundlePart& part) { return part.tree.merged_too_deep(); });
    if (written && deep) {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("merge keys (<<) are nested deeper than {} levels", max_merges), "write them out");
    }
    if (written) return std::move(out_);
    if (out_.size() <= max_bytes_) return std::unexpected(work_.error());
    return fail(ErrorKind::invalid_argument,
                fmt::format("the document with the parts it refers to is longer than {} bytes", max_bytes_),
                "split it");
}

bool BundleWriter::write_root() {
    NodeFields fields = parts_[0].tree.fields_of(*parts_[0].tree.root());
    std::erase_if(fields, [](const auto& field) { return field.first == parts_key || field.first == unfollowed_key; });
    std::vector<std::size_t> order;
    for (std::size_t i = 1; i < parts_.size(); ++i) order.push_back(i);
    std::ranges::sort(order, {}, [&](std::size_t i) -> const std::string& { return parts_[i].place.name; });
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : fields) {
        write_key(key, std::exchange(first, false));
        if (!write_node(0, *value)) return false;
        out_ += '\n';
    }
    bool first_part = true;
    if (!order.empty()) write_key(parts_key, first);
    for (const std::size_t part : order) {
        if (first_part) out_ += '{';
        write_key(parts_[part].place.name, std::exchange(first_part, false));
        if (!write_node(part, *parts_[part].tree.root())) return false;
        out_ += '\n';
    }
    if (!order.empty()) out_ += '}';
    write_unfollowed();
    out_ += "}\n";
    return out_.size() <= max_bytes_;
}

void BundleWriter::write_unfollowed() {
    // Those on the way to operations first, then in the order of parts and places.
    std::vector<std::tuple<bool, std::string, std::string, std::string>> entries;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
        for (const auto& [reference, outward] : parts_[part].references) {
            const Target& target = target_of(part, reference);
            if (target.reason.empty()) continue;
            const std::string where = (part == 0 ? std::string() : parts_[part].place.name) + outward.where;
            entries.emplace_back(!outward.to_operations, where, reference, target.reason);
        }
    }
    std::ranges::sort(entries);
    for (std::size_t part = parts_.size(); part-- > 0;) {
        const std::optional<Note>& cut = parts_[part].tree.maybe_cut();
        if (!cut) continue;
        const std::string name = part == 0 ? std::string() : parts_[part].place.name + " ";
        entries.emplace(entries.begin(), false, name + cut->where, std::string(), cut->reason);
    }
    if (entries.empty()) return;
    write_key(unfollowed_key, false);
    for (std::size_t i = 0; i < std::min(entries.size(), max_unfollowed); ++i) {
        const auto& [aside, where, reference, reason] = entries[i];
        out_ += i == 0 ? "[{" : ",\n{";
        const std::array<std::pair<std::string_view, std::string_view>, 3> fields{
            {{"where", where}, {"reference", reference}, {"reason", reason}}};
        for (const auto& [key, text] : fields) {
            if (text.empty()) continue;
            write_key(key, key == "where");
            write_text(text);
        }
        out_ += '}';
    }
    if (entries.size() > max_unfollowed) {
        out_ += ",\n{";
        write_key("more", true);
        out_ += fmt::format("{}}}", entries.size() - max_unfollowed);
    }
    out_ += "]";
}

void BundleWriter::write_key(std::string_view key, bool first) {
    if (!first) out_ += ',';
    write_text(key);
    out_ += ':';
}

void BundleWriter::write_text(std::string_view text) {
    out_ += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out_ += '\\';
            out_ += c;
        } else if (c == '\n') {
            out_ += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out_ += c;
        }
    }
    out_ += '"';
}

void BundleWriter::write_scalar(const YamlNode& node) {
    if (!node.quoted && is_json_number(node.text)) {
        out_ += node.text;
    } else if (!node.quoted && !boolean(node.text).empty()) {
        out_ += boolean(node.text);
    } else {
        write_text(node.text);
    }
}

bool BundleWriter::write_node(std::size_t part, const YamlNode& node, const YamlNode* mapping) {
    if (!work_.go_on() || out_.size() > max_bytes_) return false;
    switch (node.kind) {
        case YamlNode::Kind::skipped:
        case YamlNode::Kind::null: out_ += "null"; return true;
        case YamlNode::Kind::scalar: write_scalar(node); return true;
        case YamlNode::Kind::sequence:
            out_ += '[';
            for (const YamlNode* const item : node.items) {
                if (item != node.items.front()) out_ += ',';
                if (!write_node(part, *item)) return false;
            }
            out_ += ']';
            return true;
        case YamlNode::Kind::map: break;
    }
    const NodeFields fields = parts_[part].tree.fields_of(node);
    const std::string* const reference = reference_of(fields);
    const Target* const target = reference == nullptr ? nullptr : &target_of(part, *reference);
    if (target == nullptr || target->text == nullptr) return write_fields(part, fields, target, mapping);
    write_scalar(*target->text);
    return true;
}

bool BundleWriter::write_fields(std::size_t part, const NodeFields& fields, const Target* target,
                                const YamlNode* mapping) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : fields) {
        write_key(key, std::exchange(first, false));
        if (target != nullptr && key == "$ref") {
            write_text(target->reference);
        } else if (value == mapping) {
            if (!write_mapping(part, *value)) return false;
        } else if (!write_node(part, *value,
                               key == "discriminator" ? mapping_of(parts_[part].tree, *value) : nullptr)) {
            return false;
        }
    }
    out_ += '}';
    return true;
}

bool BundleWriter::write_mapping(std::size_t part, const YamlNode& mapping) {
    out_ += '{';
    bool first = true;
    for (const auto& [name, value] : parts_[part].tree.fields_of(mapping)) {
        write_key(name, std::exchange(first, false));
        if (is_mapped_reference(*value, parts_[part].tree, parts_.front().tree)) {
            write_text(target_of(part, value->text).reference);
        } else if (!write_node(part, *value)) {
            return false;
        }
    }
    out_ += '}';
    return true;
}

const BundleWriter::Target& BundleWriter::target_of(std::size_t part, const std::string& reference) {
    const auto at = targets_.find({part, reference});
    if (at != targets_.end()) return at->second;
    return targets_.emplace(std::pair(part, reference), make_target(part, reference)).first->second;
}

BundleWriter::Target BundleWriter::make_target(std::size_t part, const std::string& reference) {
    const auto [document, fragment] = split_reference(reference);
    std::size_t to = part;
    if (!document.empty()) {
        const auto link = parts_[part].links.find(document);
        if (link == parts_[part].links.end()) return {reference};
        if (!link->second.part) return {reference, nullptr, link->second.reason};
        to = *link->second.part;
    }
    BundlePart& target = parts_[to];
    std::string pointer(fragment);
    if (!pointer.empty() && !pointer.starts_with('/')) {
        const auto anchor = target.anchors.find(pointer);
        if (anchor != target.anchors.end()) pointer = anchor->second;
    }
    const auto keys = local_pointer("#" + pointer);
    const YamlNode* const node = pointer.empty() ? target.tree.root() : keys ? target.tree.find(*keys) : nullptr;
    // A reference within the document or a part that leads nowhere is as it was: the parser notes it where it matters.
    if (node == nullptr && !document.empty())
        return {reference, nullptr, fmt::format("has nothing at \"#{}\"", shown(fragment))};
    if (node != nullptr && node->kind == YamlNode::Kind::scalar && !document.empty()) return {reference, node};
    return {"#" + prefix_of(to) + pointer};
}

std::string BundleWriter::prefix_of(std::size_t part) const {
    if (part == 0) return {};
    return fmt::format("/{}/{}", parts_key, pointer_token(parts_[part].place.name));
}

}  // namespace embedq::catalog
