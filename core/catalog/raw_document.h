// The result of the JSON and the YAML reader: the parts of a document that operations are made of, unchanged.
//
// Internal to core/catalog. A reader belongs to one thread.
#pragma once

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

struct RawOperation {
    std::string method;  // upper case
    std::string operation_id;
    std::string summary;
    std::string description;
    std::vector<std::string> tags;
};

struct RawPathItem {
    std::string ref;  // empty for none
    std::string summary;
    std::string description;
    std::vector<RawOperation> operations;
    std::vector<std::string> ignored;  // what was ignored: "its `get` is a string, not an object"
};

struct RawDocument {
    std::optional<std::string> openapi;
    std::optional<std::string> swagger;
    std::string title;
    std::string version;
    std::string description;
    std::string paths_kind;              // what `paths` is: "object", "null", "array"…; empty if it is missing
    std::vector<std::string> root_keys;  // the first few, for messages
    std::vector<std::pair<std::string, RawPathItem>> paths;
};

inline constexpr std::size_t max_root_keys = 12;

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

    // Looks up path items by pointer, all in one pass over the document. Only after a read() that succeeded.
    [[nodiscard]] virtual Result<FoundItems> find(const std::vector<JsonPointer>& pointers) = 0;
};

[[nodiscard]] std::unique_ptr<DocumentReader> make_json_reader(std::string_view content, const Limits& limits,
                                                               Work& work);
[[nodiscard]] std::unique_ptr<DocumentReader> make_yaml_reader(std::string_view content, const Limits& limits,
                                                               Work& work);

// The eight methods, as documents write them and as operations name them.
struct Method {
    std::string_view key;
    std::string_view name;
};
inline constexpr std::array<Method, 8> methods{{{"get", "GET"},
                                                {"put", "PUT"},
                                                {"post", "POST"},
                                                {"delete", "DELETE"},
                                                {"options", "OPTIONS"},
                                                {"head", "HEAD"},
                                                {"patch", "PATCH"},
                                                {"trace", "TRACE"}}};

}  // namespace embedq::catalog
