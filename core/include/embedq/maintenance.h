// What the maintenance verbs of a store take and return.
//
// Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "embedq/values.h"

namespace embedq {

// A job whose lease expired.
struct ReapedJob {
    JobId id = 0;
    std::string catalog_id;
    std::string spec_name;
    std::string worker_id;  // that held it
    bool failed = false;    // its attempts ran out
};

struct ReapResult {
    std::size_t requeued = 0;
    std::size_t failed = 0;
    std::vector<ReapedJob> jobs = {};  // all of them
};

struct ReconcileResult {
    std::size_t enqueued = 0;     // specs that got a job
    std::size_t gaps = 0;         // specs with a gap, with or without a job already
    std::size_t flipped = 0;      // catalogs whose serving profile became the target profile
    std::size_t asked_again = 0;  // specs without a gap that got a job, since refusals of their texts are due
};

struct PruneRequest {
    // Workers that were killed are forgotten after a day at the latest (support/store_rules.h).
    std::chrono::milliseconds older_than{std::chrono::hours(24 * 14)};
    std::size_t limit = 1000;  // rows of each kind per call; call again while `more`
};

struct PruneResult {
    std::size_t jobs = 0;
    std::size_t vectors = 0;  // that no operation and no catalog's profile needs any more
    std::size_t changes = 0;
    bool more = false;
};

}  // namespace embedq
