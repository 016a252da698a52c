// Path items with their local `$ref`s followed.
//
// Internal to core/catalog. Thread-safety: belongs to one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/raw_document.h"

namespace embedq::catalog {

// Notes for people, limited in number.
class Notes {
public:
    void add(std::string note);
    // The notes, and the number of those beyond the limit.
    [[nodiscard]] std::vector<std::string> take();

private:
    std::vector<std::string> notes_;
    std::size_t left_out_ = 0;
};

// Finds what path items refer to, in as many passes over the document as the longest chain of references has links.
class PathItems {
public:
    [[nodiscard]] Status resolve(const RawDocument& raw, DocumentReader& reader);

    // The path item and those that its `$ref` leads to, nearest first. Only after resolve().
    [[nodiscard]] std::vector<const RawPathItem*> chain(std::string_view path, const RawPathItem& item,
                                                        Notes& notes) const;

private:
    FoundItems found_;
};

}  // namespace embedq::catalog
