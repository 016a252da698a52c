// What must hold for every document that is read, and for every one that is refused.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/document.h"
#include "catalog/hash.h"
#include "embedq/catalog.h"

namespace embedq::fuzz {

inline void demand(bool holds) {
    if (!holds) std::abort();
}

inline void examine(std::string_view content) {
    // Small limits, so that reaching them is cheap.
    const catalog::Limits limits{.max_document_bytes = 1 << 16,
                                 .max_depth = 64,
                                 .max_text_bytes = 500,
                                 .max_operations = 1'000,
                                 .max_total_text_bytes = 1 << 20,
                                 .max_yaml_nodes = 20'000};
    const auto document = catalog::parse_document(content, limits);
    if (!document) {
        demand(!to_string(document.error()).empty());
        return;
    }
    demand(document->operations.size() <= limits.max_operations && document->notes.size() <= catalog::max_notes);
    std::vector<std::string_view> ids;
    for (const Operation& operation : document->operations) {
        demand(!operation.text.empty() && operation.text.size() <= limits.max_text_bytes);
        demand(operation.text_hash == catalog::sha256(operation.text));
        demand(!operation.operation_id.empty() && operation.operation_id.size() <= 512);
        ids.push_back(operation.operation_id);
    }
    std::ranges::sort(ids);
    demand(std::ranges::adjacent_find(ids) == ids.end());
}

}  // namespace embedq::fuzz
