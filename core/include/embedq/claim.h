// How a worker gets a job and its texts: what it asks the store for, and what it is given.
//
// Plain values. Times are by the store's clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "embedq/job.h"
#include "embedq/values.h"

namespace embedq {

struct JobRef {
    JobId id = 0;
    LeaseToken token{};
};

// A job as its holder gets it.
struct ClaimedJob {
    JobRef ref;
    std::string catalog_id;
    std::string spec_name;
    JobKind kind = JobKind::spec_write;
    Sha256 fingerprint{};  // of the target profile it was claimed under
    std::uint32_t attempts = 0;
    std::uint32_t expiries = 0;
    std::size_t operation_count = 0;
};

struct ClaimRequest {
    std::string worker_id;
    std::vector<Sha256> fingerprints;  // of the profiles that this process can embed for and that are not cooling down
    std::size_t max_jobs = 1;
    std::size_t max_texts = 1;  // claims stop when the jobs' operations reach this; the first job may exceed it
    std::chrono::milliseconds lease{20'000};
    bool allow_suspect = false;  // a suspect job is given out alone, and only to a worker that asks for it
};

// What a process reports about itself with each heartbeat.
struct WorkerReport {
    std::string worker_id;  // unique per start
    std::string host;
    std::int64_t pid = 0;
    std::string version;
    std::size_t jobs_held = 0;
    std::vector<std::string> providers = {};  // those that it embeds with, by their names in its configuration
    bool stopped = false;                     // its last report: the process ends, and is listed no longer
};

struct WorkerInfo {
    WorkerReport report;
    Time started_at{};
    Time seen_at{};
};

// Asks which texts of a held job still need a vector, page by page.
struct MissingQuery {
    JobRef job;
    std::int64_t after_position = -1;  // exclusive: the last position of the page before
    std::size_t max_texts = 1000;
    std::size_t max_bytes = 4U << 20U;  // at least one text is returned
};

struct MissingText {
    std::int64_t position = 0;  // of the first operation with this text
    std::string operation_id;
    Sha256 text_hash{};
    std::string text;
};

struct MissingTexts {
    Sha256 profile_id{};
    Time as_of{};                    // when this was read; goes back to the store with the vectors made from it
    std::optional<Time> force_from;  // vectors asked for before this do not count
    std::vector<MissingText> texts;  // each text once
    bool more = false;
};

// When something becomes due, counted from now. Negative values mean overdue.
struct NextDue {
    std::optional<std::chrono::milliseconds> pending;       // the earliest pending job of the fingerprints asked for
    std::optional<std::chrono::milliseconds> suspect;       // the earliest of them that is suspect
    std::optional<std::chrono::milliseconds> lease_expiry;  // the earliest lease, of any job
};

}  // namespace embedq
