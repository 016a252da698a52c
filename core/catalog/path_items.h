// Path items and operations with their local `$ref`s followed.
//
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/raw_document.h"

namespace embedq::catalog {

// A reference, for messages: one into a part of a bundle is "parts/carts.yaml#/item", as people write it.
[[nodiscard]] std::string reference_as_written(std::string_view reference);

// Adds the paths that a reference in place of `paths`, or beside them, leads to; a path of the document itself takes
// precedence over the same one there. If it is not followed to its end, `paths_ref` is the reference that is left.
[[nodiscard]] Status add_referenced_paths(RawDocument& raw, DocumentReader& reader);

// Finds what path items and operations refer to, in as many passes over the document as the longest chain of references
// has links.
class PathItems {
public:
    // The document must stay where it is.
    [[nodiscard]] Status resolve(const RawDocument& raw, DocumentReader& reader);

    // The items that a `$ref` leads to, nearest first, and why it ends before the last of them. Only after resolve().
    // The work does not depend on the lengths of the references, since many paths may go through the same ones.
    enum class End : std::uint8_t { complete, remote, cycle, too_long, missing };
    struct Chain {
        std::vector<const RawPathItem*> items;
        End end = End::complete;
        const std::string* not_followed = nullptr;  // the reference at which it ends early
        const RawUnfollowed* unfollowed = nullptr;  // what a bundle says of that
        // For a note.
        [[nodiscard]] std::string reason() const;
    };
    // `ref` is a member of the document or of an item of a chain.
    [[nodiscard]] Chain follow(const std::string& ref) const;

    // Whether a path item or operation has the reference.
    [[nodiscard]] bool refers_to(const RawUnfollowed& unfollowed) const { return reported_.contains(&unfollowed); }

    // Whether a reference leads to the path item of `components` by that name.
    [[nodiscard]] bool is_used(const std::string& name) const;

private:
    // What a reference leads to.
    struct Link {
        bool is_local = false;
        const RawPathItem* target = nullptr;  // null if there is no object
        const RawUnfollowed* unfollowed = nullptr;
    };

    FoundItems found_;
    std::set<const RawUnfollowed*> reported_;
    std::unordered_map<const std::string*, Link> links_;
};

}  // namespace embedq::catalog
