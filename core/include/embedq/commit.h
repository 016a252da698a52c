// What a worker gives back to the store: vectors, refusals, and how its jobs ended.
//
// Plain values. Times are by the store's clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "embedq/claim.h"
#include "embedq/values.h"

namespace embedq {

struct VectorWrite {
    Sha256 profile_id{};
    Sha256 text_hash{};
    Time as_of{};  // MissingTexts::as_of; becomes `written_at`, and an older one never replaces a newer
    std::span<const float> values;  // the profile's dimension; finite and not all zero
    std::uint32_t cut_to = 0;       // how many bytes of the text were embedded, where it had to be cut; 0: all of them
};

struct RefusalWrite {
    Sha256 profile_id{};
    Sha256 text_hash{};
    Time as_of{};  // as above; the text is asked for again after a while (refusal_time in support/store_rules.h)
    std::string reason;
};

enum class JobOutcome : std::uint8_t {
    progress,   // still running
    succeeded,  // every text is settled; stored as `failed` with the refusal as its error where a text was refused
    failed,     // for good; the spec is parked
    retry,      // after `delay`; counts an attempt if it stored no new vector; `failed` when attempts run out
    release,    // back to pending after `delay`, without counting an attempt
};

// What one holder reports about one job. Vectors and refusals are indices into the commit's arrays; several jobs may
// name the same one, which is stored if any of them still holds its lease.
struct JobReport {
    JobRef job;
    JobOutcome outcome = JobOutcome::progress;
    std::string error;
    std::chrono::milliseconds delay{0};
    std::vector<std::uint32_t> vectors;
    std::vector<std::uint32_t> refusals;
};

struct Commit {
    std::vector<VectorWrite> vectors;
    std::vector<RefusalWrite> refusals;
    std::vector<JobReport> jobs;
    std::uint32_t max_attempts = 5;
};

}  // namespace embedq
