// The canonical text of one operation; document.h describes its form.
//
// Internal to core/catalog. Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/raw_document.h"

namespace embedq::catalog {

struct CanonicalText {
    std::string summary;  // for people: at most 1000 bytes; empty if the document has neither summary nor description
    std::vector<std::string> tags;
    std::string text;
    std::uint32_t cut_bytes = 0;
};

// `summary` and `description` are the operation's or, if it has neither, its path item's.
[[nodiscard]] CanonicalText canonical_text(const RawOperation& operation, std::string_view path,
                                           std::string_view summary, std::string_view description,
                                           std::size_t max_bytes);

}  // namespace embedq::catalog
