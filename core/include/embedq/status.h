// What people see of specs and catalogs: badges and totals.
//
// Plain values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "embedq/job.h"

namespace embedq {

// One spec as the badges show it.
struct SpecStatus {
    std::string spec_name;
    std::size_t operation_count = 0;
    std::size_t embedding_count = 0;  // operations whose text has a vector under the target profile
    std::size_t refused_count = 0;    // operations whose text the provider refused for good
    std::optional<Job> job;           // the newest
};

struct CatalogHealth {
    std::string catalog_id;
    std::size_t specs_total = 0;
    std::size_t specs_indexed = 0;  // all texts settled; a spec without operations always is
    std::size_t specs_pending = 0;  // by the newest job
    std::size_t specs_running = 0;
    std::size_t specs_failed = 0;
    std::size_t operation_count = 0;
    std::size_t embedding_count = 0;
    std::size_t operations_left_out = 0;  // of its documents (SpecRecord)
};

}  // namespace embedq
