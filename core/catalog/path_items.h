// Path items with their local `$ref`s followed.
//
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/raw_document.h"

namespace embedq::catalog {

// Notes for people, limited in number.
class Notes {
public:
    // Calls `note` only where its text is kept: a document may give cause for millions.
    template <class Note>
    void add(Note&& note) {
        if (notes_.size() < max_notes - 1) {
            notes_.push_back(std::forward<Note>(note)());
        } else {
            ++left_out_;
        }
    }
    // The notes, and the number of those beyond the limit.
    [[nodiscard]] std::vector<std::string> take();

private:
    static constexpr std::size_t max_notes = 20;

    std::vector<std::string> notes_;
    std::size_t left_out_ = 0;
};

// Finds what path items refer to, in as many passes over the document as the longest chain of references has links.
class PathItems {
public:
    // The document must stay where it is.
    [[nodiscard]] Status resolve(const RawDocument& raw, DocumentReader& reader);

    // The path item and those that its `$ref` leads to, nearest first. Only after resolve(). Its work does not depend
    // on the lengths of the references, since many paths may go through the same ones.
    [[nodiscard]] std::vector<const RawPathItem*> chain(std::string_view path, const RawPathItem& item,
                                                        Notes& notes) const;

private:
    // What a path item with a `$ref` refers to.
    struct Link {
        bool is_local = false;
        const RawPathItem* target = nullptr;  // null if there is no path item
    };

    FoundItems found_;
    std::unordered_map<const RawPathItem*, Link> links_;
};

}  // namespace embedq::catalog
