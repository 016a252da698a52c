// The parts of a bundle, as they are read, and what their references lead to.
//
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/bundle.h"
#include "catalog/part_tree.h"
#include "catalog/work.h"

namespace embedq::catalog {

// What a reference without its fragment leads to.
struct PartLink {
    std::optional<std::size_t> part;  // its index; nothing if it is not followed
    std::string reason;               // why not: "does not exist"
};

// A reference to another document, where it stands first.
struct OutwardReference {
    std::string where;           // its JSON pointer, shortened
    bool to_operations = false;  // whether it is on the way to operations
};

struct BundlePart {
    PartPlace place;
    PartTree tree;
    std::map<std::string, OutwardReference, std::less<>> references = {};  // by what is written
    std::map<std::string, PartLink, std::less<>> links = {};               // by that without fragment
    std::map<std::string, std::string, std::less<>> anchors = {};          // pointers by name
};

// A reference without its fragment, and the fragment without its "#".
struct SplitReference {
    std::string_view document;
    std::string_view fragment;
};
[[nodiscard]] SplitReference split_reference(std::string_view reference);

// The reference of a map that is one: the text of its `$ref`. Null for any other map.
[[nodiscard]] const std::string* reference_of(const NodeFields& fields);

// The `mapping` of a discriminator; null if it has none.
[[nodiscard]] const YamlNode* mapping_of(PartTree& tree, const YamlNode& discriminator);
// Whether a value of it is a reference, and not the name of a schema: of the part in which it stands, or of the
// document.
[[nodiscard]] bool is_mapped_reference(const YamlNode& value, PartTree& part, PartTree& document);

// A JSON pointer's key as one writes it in a reference.
[[nodiscard]] std::string pointer_token(std::string_view key);

// Reads parts until nothing refers to one that was not tried, or the limits are reached.
class PartLoader {
public:
    PartLoader(PartSource& source, const BundleLimits& bundle_limits, const Limits& limits, Work& work,
               std::stop_token stop)
        : source_(source), bundle_limits_(bundle_limits), limits_(limits), work_(work), stop_(std::move(stop)) {}

    // `document` is the tree of the document itself, which has `bytes`. False if the work is over.
    [[nodiscard]] bool load(PartTree document, std::size_t bytes);

    // The document is the first. Deque: what is read refers to what was.
    [[nodiscard]] std::deque<BundlePart>& parts() { return parts_; }
    [[nodiscard]] std::optional<Error>& unavailable() { return unavailable_; }

private:
    struct Open {
        std::size_t part = 0;
        std::string document;  // the reference without its fragment
    };

    bool add(PartPlace place, PartTree tree, bool to_operations);
    bool scan(std::size_t part, const YamlNode& node, bool to_operations);
    void note_reference(std::size_t part, const std::string& reference, bool to_operations);
    void note_mapping(std::size_t part, const YamlNode& discriminator);
    void note_anchor(std::size_t part, const std::string& name);
    [[nodiscard]] PartLink follow(const Open& open, bool to_operations);
    [[nodiscard]] PartLink read(PartPlace place, bool to_operations);
    [[nodiscard]] bool drain(std::deque<Open>& queue, bool to_operations);
    [[nodiscard]] std::string pointer_here() const;  // with long keys shortened

    PartSource& source_;
    const BundleLimits& bundle_limits_;
    Limits limits_;
    Work& work_;
    const std::stop_token stop_;
    std::deque<BundlePart> parts_;
    std::map<std::string, PartLink> by_id_;
    std::vector<std::string> own_ids_;  // what the document calls itself
    std::deque<Open> to_operations_;
    std::deque<Open> others_;
    std::vector<std::string> path_;  // of the node that is scanned
    std::size_t bytes_ = 0;
    std::size_t tried_ = 0;
    std::optional<Error> unavailable_;
};

}  // namespace embedq::catalog
