// The rules that every store follows, in the tree and outside it: what it refuses as `invalid_argument`, how long it
// parks a spec, and what it answers about things that are missing. A store checks its arguments itself, so that the
// rules hold without the loader's guard too.
//
// Thread-safety: pure functions.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/commit.h"
#include "embedq/endpoint.h"
#include "embedq/error.h"
#include "embedq/profile.h"
#include "embedq/support/ids.h"

namespace embedq {

// A job whose lease expired so often may kill its worker: it is a suspect (store.h).
inline constexpr std::uint32_t suspect_expiries = 2;

// A worker that was killed leaves its row, which `prune` deletes when it is older than this, or than what it is asked.
inline constexpr std::chrono::hours longest_silence{24};

[[nodiscard]] inline std::chrono::milliseconds worker_lifetime(std::chrono::milliseconds older_than) {
    return std::min<std::chrono::milliseconds>(older_than, longest_silence);
}

// --- Answers about things that are missing, or that exist already.

// The hints stand by themselves for stores whose messages come from elsewhere.
inline constexpr std::string_view no_such_catalog_hint = "create it first, or check the id";
inline constexpr std::string_view no_such_spec_hint = "put it first, or check the name";
inline constexpr std::string_view catalog_exists_hint = "choose another id, or delete it first";
inline constexpr std::string_view written_since_hint = "look at it again, then repeat the command";

[[nodiscard]] inline std::unexpected<Error> no_such_catalog(std::string_view catalog_id) {
    return fail(ErrorKind::not_found, "there is no catalog '" + std::string(catalog_id) + "'",
                std::string(no_such_catalog_hint));
}
[[nodiscard]] inline std::unexpected<Error> no_such_spec(std::string_view catalog_id, std::string_view spec_name) {
    return fail(ErrorKind::not_found,
                "catalog '" + std::string(catalog_id) + "' has no spec '" + std::string(spec_name) + "'",
                std::string(no_such_spec_hint));
}
[[nodiscard]] inline std::unexpected<Error> no_such_profile() {
    return fail(ErrorKind::not_found, "no catalog was ever embedded under this profile");
}
[[nodiscard]] inline std::unexpected<Error> catalog_exists(std::string_view catalog_id) {
    return fail(ErrorKind::conflict, "there is already a catalog '" + std::string(catalog_id) + "'",
                std::string(catalog_exists_hint));
}
[[nodiscard]] inline std::unexpected<Error> spec_written_since(std::string_view catalog_id,
                                                               std::string_view spec_name) {
    return fail(ErrorKind::conflict,
                "the spec '" + std::string(spec_name) + "' of catalog '" + std::string(catalog_id) +
                    "' was written since it was looked at, and is not deleted",
                std::string(written_since_hint));
}
[[nodiscard]] inline std::unexpected<Error> catalog_written_since(std::string_view catalog_id) {
    return fail(ErrorKind::conflict,
                "specs of catalog '" + std::string(catalog_id) +
                    "' were written or deleted since it was looked at, and it is not deleted",
                std::string(written_since_hint));
}
[[nodiscard]] inline std::unexpected<Error> lease_lost(JobId job) {
    return fail(ErrorKind::lost, "job " + std::to_string(job) + " is no longer held by this token");
}

// --- Arguments.

[[nodiscard]] inline Status check_lease(std::chrono::milliseconds lease) {
    if (lease > std::chrono::milliseconds::zero()) return {};
    return fail(ErrorKind::invalid_argument,
                "a lease of " + std::to_string(lease.count()) + " ms was requested, but it must be longer than 0");
}

[[nodiscard]] inline Status check_target(const CatalogTarget& target) {
    if (!target.profile || target.profile->dimension > 0) return {};
    return fail(ErrorKind::invalid_argument, "the target profile of catalog '" + target.catalog_id +
                                                 "' has dimension 0, but a profile needs the dimension of its vectors");
}

// A write of a spec, but for its catalog. A refresh interval is at most a year, so that the next check is within a
// clock's range.
[[nodiscard]] inline Status check_spec_write(const SpecWrite& write) {
    constexpr std::chrono::milliseconds longest_refresh = std::chrono::hours(24 * 365);
    if (auto valid = check_spec_name(write.spec_name); !valid) return valid;
    const std::string spec = "spec '" + write.spec_name + "' ";
    const SpecRecord& record = write.record;
    if (record.notes.size() > most_notes)
        return fail(ErrorKind::invalid_argument, spec + "has " + std::to_string(record.notes.size()) +
                                                     " notes, but at most " + std::to_string(most_notes) + " are kept");
    if (record.refresh && (*record.refresh < std::chrono::milliseconds::zero() || *record.refresh > longest_refresh))
        return fail(ErrorKind::invalid_argument, spec + "has a refresh interval of " +
                                                     std::to_string(record.refresh->count()) +
                                                     " ms, but it must be from 0 to a year");
    return {};
}

// When the source of a spec is due to be asked again by its own interval, if it was asked at this time.
[[nodiscard]] inline std::optional<Time> next_check(const SpecRecord& record, Time asked_at) {
    if (!record.refresh || *record.refresh == std::chrono::milliseconds::zero()) return std::nullopt;
    return asked_at + *record.refresh;
}

// A refresh interval as a number of a database, in milliseconds. A spec that has none of its own has -1.
[[nodiscard]] inline std::int64_t stored_refresh(const SpecRecord& record) {
    return record.refresh ? std::int64_t{record.refresh->count()} : -1;
}
[[nodiscard]] inline RefreshInterval refresh_from(std::int64_t stored) {
    return stored < 0 ? RefreshInterval() : RefreshInterval(std::chrono::milliseconds(stored));
}

// Why the values are not a vector, as the end of a sentence; nullptr if they are one.
[[nodiscard]] inline const char* validate_vector(std::span<const float> values) {
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
        return "has a value that is not finite";
    if (std::ranges::all_of(values, [](float value) { return value == 0.0F; }))
        return "is all zero, which has no direction";
    return nullptr;
}

// The part of a commit that can be checked without reading from the store.
[[nodiscard]] inline Status check_commit(const Commit& commit) {
    for (std::size_t i = 0; i < commit.vectors.size(); ++i) {
        const char* problem = validate_vector(commit.vectors[i].values);
        if (problem != nullptr)
            return fail(ErrorKind::invalid_argument, "vector " + std::to_string(i) + " of the commit " + problem);
    }
    const auto within = [](const std::vector<std::uint32_t>& indices, std::size_t size) {
        return std::ranges::all_of(indices, [size](std::uint32_t index) { return index < size; });
    };
    for (std::size_t i = 0; i < commit.jobs.size(); ++i) {
        const JobReport& report = commit.jobs[i];
        if (within(report.vectors, commit.vectors.size()) && within(report.refusals, commit.refusals.size())) continue;
        return fail(
            ErrorKind::invalid_argument,
            "report " + std::to_string(i) + " of the commit names a vector or refusal that the commit does not have");
    }
    return {};
}

// The rest of a commit: every profile is known, and every vector has its dimension. `dimension_of(profile_id)` returns
// a std::optional<std::size_t>, empty for a profile that the store does not have.
template <class DimensionOf>
[[nodiscard]] Status check_profiles(const Commit& commit, DimensionOf&& dimension_of) {
    const auto unknown = [](const char* what, std::size_t index) {
        return fail(ErrorKind::invalid_argument, std::string(what) + " " + std::to_string(index) +
                                                     " of the commit is of a profile that no catalog ever had");
    };
    for (std::size_t i = 0; i < commit.vectors.size(); ++i) {
        const VectorWrite& vector = commit.vectors[i];
        const std::optional<std::size_t> dimension = dimension_of(vector.profile_id);
        if (!dimension) return unknown("vector", i);
        if (vector.values.size() == *dimension) continue;
        return fail(ErrorKind::invalid_argument, "vector " + std::to_string(i) + " of the commit has dimension " +
                                                     std::to_string(vector.values.size()) + ", but its profile has " +
                                                     std::to_string(*dimension));
    }
    for (std::size_t i = 0; i < commit.refusals.size(); ++i) {
        if (!dimension_of(commit.refusals[i].profile_id)) return unknown("refusal", i);
    }
    return {};
}

[[nodiscard]] inline Status check_rates(std::span<const RateRequest> requests) {
    constexpr double longest_minutes = 60.0 * 24 * 365;  // so that every reservation ends within a clock's range
    const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const RateRequest& request = requests[i];
        const std::string asked = "rate request " + std::to_string(i) + " asks for " + std::to_string(request.amount) +
                                  " of " + std::to_string(request.per_minute) + " " +
                                  std::string(to_string(request.unit)) + " a minute";
        if (!positive(request.amount) || !positive(request.per_minute)) {
            return fail(ErrorKind::invalid_argument, asked + ", but both must be positive");
        }
        if (request.amount / request.per_minute > longest_minutes) {
            return fail(ErrorKind::invalid_argument, asked + ", which takes more than a year",
                        "ask for less, or raise the rate limit");
        }
    }
    return {};
}

// --- Times.

// A spec is parked for 10 minutes after its first failure, for twice as long after each further failure in a row, and
// for at most 6 hours. PostgreSQL's schema is made with these numbers: after a release, changing them needs a
// migration.
inline constexpr std::chrono::minutes first_parking_time{10};
inline constexpr std::chrono::minutes longest_parking_time = std::chrono::hours(6);
inline constexpr std::uint64_t most_parking_doublings = 10;  // enough to reach the longest time

// How long the learned limits of an endpoint are kept after they were put.
inline constexpr std::chrono::hours endpoint_limits_lifetime{24};

// How long a spec is parked after its `failures`-th failure in a row (1 or more).
[[nodiscard]] inline std::chrono::minutes parking_time(std::uint64_t failures) {
    const std::uint64_t doublings = failures == 0 ? 0 : std::min(failures - 1, most_parking_doublings);
    return std::min(first_parking_time * (std::int64_t{1} << doublings), longest_parking_time);
}

// A refused text is asked for again 5 minutes after its first refusal, after twice as long with each further refusal in
// a row, and after 30 days at most. PostgreSQL's schema is made with these numbers, as above.
inline constexpr std::chrono::minutes first_refusal_time{5};
inline constexpr std::chrono::minutes longest_refusal_time = std::chrono::days(30);
inline constexpr std::uint64_t most_refusal_doublings = 14;  // enough to reach the longest time

// How long the `times`-th refusal of a text in a row (1 or more) stands before the text is asked for again.
[[nodiscard]] inline std::chrono::minutes refusal_time(std::uint64_t times) {
    const std::uint64_t doublings = times == 0 ? 0 : std::min(times - 1, most_refusal_doublings);
    return std::min(first_refusal_time * (std::int64_t{1} << doublings), longest_refusal_time);
}

// How long the stretch is that a request reserves of its rate limit, rounded up to a microsecond so that rounding never
// exceeds the limit. The request is valid (check_rates).
[[nodiscard]] inline std::chrono::microseconds stretch_of(const RateRequest& request) {
    constexpr double minute = 60e6;
    constexpr double noise = 1e-3;  // what the division leaves above a whole number
    const double stretch = std::ceil(request.amount * minute / request.per_minute - noise);
    return std::chrono::microseconds(static_cast<std::int64_t>(std::max(stretch, 1.0)));
}

}  // namespace embedq
