// Jobs: one job embeds one spec. docs/job-states.md draws the states.
//
// Plain values. Times are by the store's clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "embedq/values.h"

namespace embedq {

enum class JobKind : std::uint8_t {
    spec_write,
    reconciler,    // a gap that a sweep found
    manual_retry,  // of one spec
    reembed,       // of a whole catalog: again by its model, or by another one
};
enum class JobStatus : std::uint8_t { pending, running, succeeded, failed, cancelled };

[[nodiscard]] constexpr std::string_view to_string(JobKind kind) noexcept {
    switch (kind) {
        case JobKind::spec_write: return "spec_write";
        case JobKind::reconciler: return "reconciler";
        case JobKind::manual_retry: return "manual_retry";
        case JobKind::reembed: return "reembed";
    }
    return "spec_write";
}

// Nobody waits for it in particular: writes and manual retries go before it, and it takes over no other job.
[[nodiscard]] constexpr bool is_background(JobKind kind) noexcept {
    return kind == JobKind::reconciler || kind == JobKind::reembed;
}

[[nodiscard]] constexpr std::string_view to_string(JobStatus status) noexcept {
    switch (status) {
        case JobStatus::pending: return "pending";
        case JobStatus::running: return "running";
        case JobStatus::succeeded: return "succeeded";
        case JobStatus::failed: return "failed";
        case JobStatus::cancelled: return "cancelled";
    }
    return "pending";
}

// A job as its history shows it.
struct Job {
    JobId id = 0;
    std::string catalog_id;
    std::string spec_name;
    JobKind kind = JobKind::spec_write;
    JobStatus status = JobStatus::pending;
    std::uint32_t attempts = 0;  // attempts that ended, by error or expiry, without a new vector
    std::uint32_t expiries = 0;  // leases that ran out
    std::string last_error;
    std::string worker_id;
    std::size_t embedded_so_far = 0;  // vectors stored by this job
    std::optional<Time> next_run_at;
    std::optional<Time> lease_expires_at;
    Time created_at{};
    std::optional<Time> started_at;
    std::optional<Time> completed_at;
};

struct EnqueueRequest {
    std::string catalog_id;
    std::string spec_name;
    JobKind kind = JobKind::spec_write;  // manual_retry sets the spec's force and ends its parking
};

struct JobQuery {
    std::optional<std::string> catalog_id;
    std::optional<std::string> spec_name;
    std::optional<JobStatus> status;
    std::optional<JobId> id;
    std::optional<JobId> before;  // exclusive: newest first, the cursor of the next page
    std::size_t limit = 50;
};

}  // namespace embedq
