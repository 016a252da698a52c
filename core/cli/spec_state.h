// The states of a spec, as every view names them. They are disjoint: docs/job-states.md.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "embedq/job.h"
#include "embedq/status.h"

namespace embedq::cli {

enum class SpecState : std::uint8_t { indexed, pending, running, failed, not_indexed };

[[nodiscard]] constexpr std::string_view to_string(SpecState state) noexcept {
    switch (state) {
        case SpecState::indexed: return "indexed";
        case SpecState::pending: return "pending";
        case SpecState::running: return "running";
        case SpecState::failed: return "failed";
        case SpecState::not_indexed: return "not_indexed";
    }
    return "not_indexed";
}

// As the store counts them: a newest job that is open or failed decides; otherwise whether all texts are settled.
[[nodiscard]] inline SpecState state_of(const SpecStatus& status) {
    if (status.job) {
        if (status.job->status == JobStatus::pending) return SpecState::pending;
        if (status.job->status == JobStatus::running) return SpecState::running;
        if (status.job->status == JobStatus::failed) return SpecState::failed;
    }
    return status.embedding_count + status.refused_count >= status.operation_count ? SpecState::indexed
                                                                                   : SpecState::not_indexed;
}

// The specs that are in none of the other states.
[[nodiscard]] inline std::size_t not_indexed(const CatalogHealth& health) {
    const std::size_t others = health.specs_indexed + health.specs_pending + health.specs_running + health.specs_failed;
    return health.specs_total > others ? health.specs_total - others : 0;
}

}  // namespace embedq::cli
