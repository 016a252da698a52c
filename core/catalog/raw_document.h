// The result of the JSON and the YAML reader: the parts of a document that operations are made of, unchanged.
//
// Internal to core/catalog. A reader belongs to one thread.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/document.h"
#include "catalog/pointer.h"

namespace embedq::catalog {

// Where an operation's callbacks have operations: "paid.{$url}.post". Only the first places are kept.
struct RawCallbacks {
    std::vector<std::string> places;
    std::size_t count = 0;

    void add(std::string place) {
        if (count++ < max_notes) places.push_back(std::move(place));
    }
};

struct RawOperation {
    std::string method;   // as requests name it: "GET"
    std::string key;      // where it is in its path item: "get", "additionalOperations.COPY"
    bool is_3_2 = false;  // only OpenAPI 3.2 has it
    std::string ref;      // empty for none
    std::string operation_id;
    std::string summary;
    std::string description;
    std::vector<std::string> tags;
    RawCallbacks callbacks;
};

// What stands in place of an operation, and why it is none: "it is null, expected an object".
struct RawIgnored {
    std::string key;  // in its path item; empty if it is all of it
    std::string reason;
    bool is_operation = true;  // otherwise a field of one that is taken
};

// A path item, or an operation if that is what a reference leads to.
struct RawPathItem {
    std::string ref;  // empty for none
    std::string summary;
    std::string description;
    std::vector<RawOperation> operations;
    std::vector<RawIgnored> ignored;
    // What only operations have. In a path item it is beside a method instead of under it.
    std::string operation_id;
    std::vector<std::string> tags;
    RawCallbacks callbacks;
    bool has_fields_of_operations = false;
    bool is_null = false;

    // Begins the operation of a method.
    RawOperation& add(std::string_view method, std::string key, bool is_3_2);
    // Of what is in place of an object: an operation, or with an empty key the path item.
    void ignore(std::string key, std::string_view kind);
    // Of a key that is not read.
    void add_unread(std::string_view key, bool is_object);
    // Of a `$ref` that is no text, or an empty one: of the item, or of the operation that was added last.
    void add_no_reference(std::string_view kind);
    void add_no_reference_of_operation(std::string_view kind);
    // Of a key of the operation that was added last, if it is not what it looks like.
    void add_unread_in_operation(std::string_view key);
    // Of a key of the operation that was added last: a method or a path stands there by its indentation.
    void add_misplaced(std::string_view key);
    // Whether `additionalOperations` may have an operation by that name; otherwise it is ignored.
    bool accepts_additional(const std::string& method);

private:
    std::size_t additional_ = 0;
};

using RawItems = std::vector<std::pair<std::string, RawPathItem>>;

// A reference that a bundle says was not followed (catalog/bundle.h).
struct RawUnfollowed {
    std::string reference;
    std::string where;
    std::string reason;
    std::string more;  // instead of these: the number of further ones
};

// What the document says of a tag.
struct RawTag {
    std::string name;
    std::string summary;
    std::string parent;
};

struct RawDocument {
    std::optional<std::string> openapi;
    std::optional<std::string> swagger;
    std::string self;  // the document's own URI, `$self`
    std::string title;
    std::string version;
    std::string description;
    std::string paths_kind;              // what `paths` is: "object", "null", "array"…; empty if it is missing
    std::string paths_ref;               // a reference in place of paths, or beside them
    std::string paths_ref_reason;        // why that is not followed: "leads to nothing"
    std::vector<std::string> root_keys;  // the first few, for messages
    std::vector<std::string> misspelt;   // root keys with characters that cannot be seen; the first few
    std::vector<std::string> misplaced;  // root keys that are paths or methods
    RawItems paths;
    RawItems webhooks;
    RawItems path_items;  // of `components`
    RawItems x_webhooks;  // of extensions that have operations: `x-webhooks`, `x-ms-paths`
    RawItems x_ms_paths;
    std::vector<RawUnfollowed> unfollowed;
    std::vector<RawTag> tags;
    std::optional<Error> cut;       // why the document is cut
    std::optional<Note> maybe_cut;  // why it may be, or not

    void add_root_key(std::string_view key);
};

// The items of a root key that is an extension with operations; null for another key.
[[nodiscard]] inline RawItems* extension_of(RawDocument& raw, std::string_view key) {
    return key == "x-webhooks" ? &raw.x_webhooks : key == "x-ms-paths" ? &raw.x_ms_paths : nullptr;
}

inline constexpr std::size_t max_root_keys = 12;
inline constexpr std::string_view unseen_reason =
    "the key has characters that cannot be seen, so it is not what it looks like";

// What a bundle has beside the document's own keys.
inline constexpr std::string_view parts_key = "x-embedq-parts";
inline constexpr std::string_view unfollowed_key = "x-embedq-unfollowed";

// "an array", "a string", "null": a kind of value, for messages.
[[nodiscard]] inline std::string with_article(std::string_view kind) {
    if (kind == "null") return "null";
    return (kind.starts_with('a') || kind.starts_with('o') ? "an " : "a ") + std::string(kind);
}

class Work;

// Path items by the pointer with which they were looked up, without those that do not exist.
using FoundItems = std::map<JsonPointer, RawPathItem>;

class DocumentReader {
public:
    virtual ~DocumentReader() = default;

    // Reads and validates the whole document.
    [[nodiscard]] virtual Result<RawDocument> read() = 0;

    // Where the document is against the grammar of the format, if that is why it cannot be read.
    [[nodiscard]] virtual std::optional<std::size_t> broken_at() const = 0;

    // Looks up path items and operations by pointer, all in one pass over the document. Only after a read() that
    // succeeded.
    [[nodiscard]] virtual Result<FoundItems> find(const std::vector<JsonPointer>& pointers) = 0;

    // Adds the paths of the object at the pointer to those of `raw`, and puts its reference to others into `paths_ref`.
    // False if there is no object. Only after a read() that succeeded.
    [[nodiscard]] virtual Result<bool> find_paths(const JsonPointer& pointer, RawDocument& raw) = 0;
};

[[nodiscard]] std::unique_ptr<DocumentReader> make_json_reader(std::string_view content, const Limits& limits,
                                                               Work& work);
[[nodiscard]] std::unique_ptr<DocumentReader> make_yaml_reader(std::string_view content, const Limits& limits,
                                                               Work& work);

// The methods, as documents write them and as operations name them.
struct Method {
    std::string_view key;
    std::string_view name;
    bool is_3_2 = false;
};
inline constexpr std::array<Method, 9> methods{{{"get", "GET"},
                                                {"put", "PUT"},
                                                {"post", "POST"},
                                                {"delete", "DELETE"},
                                                {"options", "OPTIONS"},
                                                {"head", "HEAD"},
                                                {"patch", "PATCH"},
                                                {"trace", "TRACE"},
                                                {"query", "QUERY", true}}};

[[nodiscard]] inline bool is_method_key(std::string_view key) {
    return std::ranges::find(methods, key, &Method::key) != methods.end();
}
// Whether a key names an operation or a path, so that it is in a wrong place anywhere else.
[[nodiscard]] inline bool is_path_or_method(std::string_view key) {
    return key.starts_with('/') || is_method_key(key);
}

}  // namespace embedq::catalog
