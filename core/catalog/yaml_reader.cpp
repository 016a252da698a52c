// The YAML reader: takes what operations are made of from a tree that contains only that.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <unordered_map>

#include "catalog/encoding.h"
#include "catalog/raw_document.h"
#include "catalog/work.h"
#include "catalog/yaml_capture.h"
#include "catalog/yaml_merge.h"

namespace embedq::catalog {
namespace {

using Kind = YamlNode::Kind;

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::null: return "null";
        case Kind::scalar: return "scalar";
        case Kind::sequence: return "sequence";
        case Kind::map: return "object";
        case Kind::skipped: break;
    }
    return "value";
}

void read_text(const YamlNode& node, std::string& text) {
    if (node.kind == Kind::scalar) text = node.text;
}

// What the first pass keeps of a document.
class DocumentInterest {
public:
    DocumentInterest() {
        const Interest& all = Interest::everything();
        for (const char* const key : {"$ref", "operationId", "summary", "description", "tags", "<<"})
            operation_.fields[key] = &all;
        operation_.fields["callbacks"] = &callbacks_;
        for (const auto& method : methods) operation_.fields[std::string(method.key)] = &kind_;
        callbacks_.others = &callback_;
        callback_.others = &callback_item_;
        callback_item_.others = &kind_;
        for (const auto& method : methods) path_item_.fields[std::string(method.key)] = &operation_;
        for (const char* const key : {"$ref", "summary", "description", "operationId", "tags", "<<"})
            path_item_.fields[key] = &all;
        path_item_.fields["additionalOperations"] = &additional_;
        path_item_.others = &kind_;
        additional_.others = &operation_;
        items_.others = &path_item_;
        components_.fields["pathItems"] = &items_;
        for (const char* const key : {"title", "version", "description"}) info_.fields[key] = &all;
        for (const char* const key : {"openapi", "swagger", "$self"}) root_.fields[key] = &all;
        root_.fields["info"] = &info_;
        for (const char* const key : {"paths", "webhooks", "x-webhooks", "x-ms-paths"}) root_.fields[key] = &items_;
        root_.fields["components"] = &components_;
        for (const char* const key : {"name", "summary", "parent", "<<"}) tag_.fields[key] = &all;
        tags_.others = &tag_;
        root_.fields["tags"] = &tags_;
        for (Interest* const map :
             {&callbacks_, &callback_, &callback_item_, &additional_, &items_, &components_, &info_, &root_})
            map->fields["<<"] = &all;
    }
    DocumentInterest(const DocumentInterest&) = delete;
    DocumentInterest& operator=(const DocumentInterest&) = delete;
    ~DocumentInterest() = default;

    [[nodiscard]] const Interest& root() const { return root_; }

private:
    Interest kind_;  // nothing but the kind of a node
    Interest callback_item_, callback_, callbacks_, operation_, additional_, path_item_, items_, components_, info_,
        tag_, tags_, root_;
};

// What a later pass keeps: some nodes completely, and the paths to them.
class PointerInterest {
public:
    void add(const JsonPointer& pointer) {
        Node* at = &root_;
        for (const auto& key : pointer) {
            auto& next = at->next[key];
            if (next == nullptr) next = &nodes_.emplace_back();
            at = next;
        }
        at->target = true;
    }
    [[nodiscard]] const Interest& root() { return *interest_of(root_); }

private:
    struct Node {
        std::map<std::string, Node*> next;
        bool target = false;
    };

    const Interest* interest_of(const Node& node) {
        if (node.target) return &Interest::everything();
        Interest& interest = interests_.emplace_back();
        interest.fields["<<"] = &Interest::everything();
        for (const auto& [key, next] : node.next) interest.fields[key] = interest_of(*next);
        return &interest;
    }

    Node root_;
    std::deque<Node> nodes_;
    std::deque<Interest> interests_;
};

class YamlReader final : public DocumentReader {
public:
    YamlReader(std::string_view content, const Limits& limits, Work& work)
        : content_(content), limits_(limits), work_(work) {}

    [[nodiscard]] std::optional<std::size_t> broken_at() const override { return broken_at_; }

    Result<RawDocument> read() override {
        const DocumentInterest interest;
        auto tree = capture_yaml(content_, interest.root(), limits_, work_, broken_at_);
        if (!tree) return std::unexpected(tree.error());
        if (tree->root == nullptr || tree->root->kind != Kind::map) return not_an_object(tree->root);
        RawDocument raw;
        raw.cut = std::move(tree->cut);
        raw.maybe_cut = std::move(tree->maybe_cut);
        for (const auto& [key, value] : merger_.fields_of(*tree->root)) root_field(raw, key, *value);
        if (merger_.too_deep()) return merged_too_deep();
        if (!work_.look()) return std::unexpected(work_.error());
        return raw;
    }

    Result<FoundItems> find(const std::vector<JsonPointer>& pointers) override {
        PointerInterest interest;
        for (const auto& pointer : pointers) {
            if (pointer.size() <= limits_.max_depth) interest.add(pointer);
        }
        const auto tree = capture_yaml(content_, interest.root(), limits_, work_, broken_at_);
        if (!tree) return std::unexpected(tree.error());
        FoundItems found;
        Flattened flattened;
        for (const auto& pointer : pointers) {
            if (!work_.go_on()) return std::unexpected(work_.error());
            const YamlNode* const node =
                pointer.size() <= limits_.max_depth ? follow(tree->root, pointer, flattened) : nullptr;
            if (node != nullptr && node->kind == Kind::map) path_item(*node, found[pointer]);
        }
        if (merger_.too_deep()) return merged_too_deep();
        return found;
    }

    Result<bool> find_paths(const JsonPointer& pointer, RawDocument& raw) override {
        if (pointer.size() > limits_.max_depth) return false;
        PointerInterest interest;
        interest.add(pointer);
        const auto tree = capture_yaml(content_, interest.root(), limits_, work_, broken_at_);
        if (!tree) return std::unexpected(tree.error());
        Flattened flattened;
        const YamlNode* const node = follow(tree->root, pointer, flattened);
        if (node == nullptr || node->kind != Kind::map) return false;
        items(*node, raw.paths, &raw.paths_ref);
        if (merger_.too_deep()) return merged_too_deep();
        if (!work_.look()) return std::unexpected(work_.error());
        return true;
    }

private:
    static std::unexpected<Error> not_an_object(const YamlNode* root) {
        std::string found = "nothing";
        if (root != nullptr && root->kind == Kind::sequence) found = "a list";
        if (root != nullptr && root->kind == Kind::scalar)
            found = fmt::format("the text \"{}\"", excerpt(root->text, 0));
        return fail(
            ErrorKind::invalid_argument,
            fmt::format(
                "the document is not an OpenAPI document: expected an object with \"openapi\" or \"swagger\", found {}",
                found));
    }

    static std::unexpected<Error> merged_too_deep() {
        return fail(ErrorKind::invalid_argument,
                    fmt::format("merge keys (<<) are nested deeper than {} levels", max_merges), "write them out");
    }

    void root_field(RawDocument& raw, std::string_view key, const YamlNode& value) {
        raw.add_root_key(key);
        if (key == "openapi" && value.kind == Kind::scalar) raw.openapi = value.text;
        if (key == "swagger" && value.kind == Kind::scalar) raw.swagger = value.text;
        if (key == "$self") read_text(value, raw.self);
        if (key == "tags") {
            for (const YamlNode* const tag : value.items) described_tag(*tag, raw.tags.emplace_back());
        }
        if (key == "info") info(value, raw);
        if (key == "webhooks") items(value, raw.webhooks);
        if (RawItems* const extension = extension_of(raw, key)) items(value, *extension);
        if (key == "components") {
            for (const auto& [name, field] : merger_.fields_of(value)) {
                if (name == "pathItems") items(*field, raw.path_items);
            }
        }
        if (key != "paths") return;
        raw.paths_kind = kind_name(value.kind);
        items(value, raw.paths, &raw.paths_ref);
    }

    void described_tag(const YamlNode& node, RawTag& tag) {
        for (const auto& [key, value] : merger_.fields_of(node)) {
            if (key == "name") read_text(*value, tag.name);
            if (key == "summary") read_text(*value, tag.summary);
            if (key == "parent") read_text(*value, tag.parent);
        }
    }

    // Path items by their names; `ref` takes a reference in place of all of them.
    void items(const YamlNode& node, RawItems& items, std::string* ref = nullptr) {
        for (const auto& [name, item] : merger_.fields_of(node)) {
            // A stop is reported after the loop, by `read`.
            if (!work_.go_on()) return;
            if (ref != nullptr && name == "$ref") {
                read_text(*item, *ref);
            } else if (!name.starts_with("x-")) {
                path_item(*item, items.emplace_back(name, RawPathItem{}).second);
            }
        }
    }

    void info(const YamlNode& node, RawDocument& raw) {
        for (const auto& [key, value] : merger_.fields_of(node)) {
            if (key == "title") read_text(*value, raw.title);
            if (key == "version") read_text(*value, raw.version);
            if (key == "description") read_text(*value, raw.description);
        }
    }

    void path_item(const YamlNode& node, RawPathItem& item) {
        if (node.kind != Kind::map) {
            item.is_null = node.kind == Kind::null;
            if (!item.is_null) item.ignore({}, kind_name(node.kind));
            return;
        }
        for (const auto& [key, value] : merger_.fields_of(node)) item_field(item, key, *value);
    }

    void item_field(RawPathItem& item, std::string_view key, const YamlNode& value) {
        if (key == "operationId" || key == "tags") item.has_fields_of_operations = true;
        if (key == "$ref") {
            read_text(value, item.ref);
            if (item.ref.empty()) item.add_no_reference(kind_name(value.kind));
            return;
        }
        if (key == "summary") return read_text(value, item.summary);
        if (key == "description") return read_text(value, item.description);
        if (key == "operationId") return read_text(value, item.operation_id);
        if (key == "tags") return tags(value, item.tags);
        if (key == "callbacks") return callbacks(value, item.callbacks);
        if (key == "additionalOperations") return additional(value, item);
        const auto method = std::ranges::find(methods, key, &Method::key);
        if (method != methods.end()) return operation(value, *method, std::string(key), item);
        item.add_unread(key, value.kind == Kind::map);
    }

    void additional(const YamlNode& node, RawPathItem& item) {
        if (node.kind != Kind::map && node.kind != Kind::null)
            item.ignore("additionalOperations", kind_name(node.kind));
        for (const auto& [key, value] : merger_.fields_of(node)) {
            const std::string name(key);
            if (item.accepts_additional(name))
                operation(*value, {name, name, true}, "additionalOperations." + name, item);
        }
    }

    void operation(const YamlNode& node, const Method& method, std::string place, RawPathItem& item) {
        if (node.kind != Kind::map) return item.ignore(std::move(place), kind_name(node.kind));
        auto& operation = item.add(method.name, std::move(place), method.is_3_2);
        for (const auto& [key, value] : merger_.fields_of(node)) {
            if (key == "$ref") {
                read_text(*value, operation.ref);
                if (operation.ref.empty()) item.add_no_reference_of_operation(kind_name(value->kind));
            }
            if (key == "operationId") read_text(*value, operation.operation_id);
            if (key == "summary") read_text(*value, operation.summary);
            if (key == "description") read_text(*value, operation.description);
            if (key == "tags") tags(*value, operation.tags);
            if (key == "callbacks") callbacks(*value, operation.callbacks);
            item.add_unread_in_operation(key);
            if (key.starts_with('/') || (is_method_key(key) && value->kind == Kind::map)) item.add_misplaced(key);
        }
    }

    static void tags(const YamlNode& node, std::vector<std::string>& texts) {
        for (const YamlNode* const tag : node.items) read_text(*tag, texts.emplace_back());
    }

    void callbacks(const YamlNode& node, RawCallbacks& callbacks) {
        for (const auto& [name, callback] : merger_.fields_of(node)) {
            for (const auto& [expression, item] : merger_.fields_of(*callback)) {
                if (expression == "$ref") callbacks.add(shown(name));
                for (const auto& [method, field] : merger_.fields_of(*item)) {
                    if (is_method_key(method) || method == "$ref")
                        callbacks.add(fmt::format("{}.{}.{}", shown(name), shown(expression), method));
                }
            }
        }
    }

    // Flattened maps are cached: many pointers lead through one map of paths.
    using Flattened = std::unordered_map<const YamlNode*, std::map<std::string_view, const YamlNode*>>;

    const YamlNode* follow(const YamlNode* node, const JsonPointer& pointer, Flattened& flattened) {
        for (const auto& key : pointer) {
            if (node == nullptr) return nullptr;
            if (node->kind == Kind::sequence) {
                std::size_t index = 0;
                const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
                const bool inside =
                    error == std::errc{} && end == key.data() + key.size() && index < node->items.size();
                node = inside ? node->items[index] : nullptr;
                continue;
            }
            const auto [entry, is_new] = flattened.try_emplace(node);
            if (is_new) {
                for (const auto& [name, value] : merger_.fields_of(*node)) entry->second.emplace(name, value);
            }
            const auto at = entry->second.find(key);
            node = at == entry->second.end() ? nullptr : at->second;
        }
        return node;
    }

    std::string_view content_;
    Limits limits_;
    Work& work_;
    Merger merger_;
    std::optional<std::size_t> broken_at_;
};

}  // namespace

std::unique_ptr<DocumentReader> make_yaml_reader(std::string_view content, const Limits& limits, Work& work) {
    return std::make_unique<YamlReader>(content, limits, work);
}

}  // namespace embedq::catalog
