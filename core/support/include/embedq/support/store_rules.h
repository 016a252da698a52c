// What every store refuses as `invalid_argument`: the contract's rules for ids, names, leases, targets and commits,
// said once for all stores, in the tree and outside it. A store calls them itself, so that it holds without the
// loader's guard too.
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

#include "embedq/commit.h"
#include "embedq/endpoint.h"
#include "embedq/error.h"
#include "embedq/profile.h"
#include "embedq/support/ids.h"

namespace embedq {

[[nodiscard]] inline Status check_lease(std::chrono::milliseconds lease) {
    if (lease > std::chrono::milliseconds::zero()) return {};
    return fail(ErrorKind::invalid_argument,
                "a lease of " + std::to_string(lease.count()) + " ms was asked for: it must be longer than 0");
}

[[nodiscard]] inline Status check_target(const CatalogTarget& target) {
    if (!target.profile || target.profile->dimension > 0) return {};
    return fail(ErrorKind::invalid_argument, "the target profile of catalog '" + target.catalog_id +
                                                 "' has dimension 0: a profile needs the dimension of its vectors");
}

// Why the values are no vector, as the end of a sentence; nullptr where they are one.
[[nodiscard]] inline const char* validate_vector(std::span<const float> values) {
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
        return "has a value that is not finite";
    if (std::ranges::all_of(values, [](float value) { return value == 0.0F; }))
        return "is all zero, which has no direction";
    return nullptr;
}

// What a commit may hold as far as it can be told without a look into the store.
[[nodiscard]] inline Status check_commit(const Commit& commit) {
    for (std::size_t i = 0; i < commit.vectors.size(); ++i) {
        const char* fault = validate_vector(commit.vectors[i].values);
        if (fault != nullptr)
            return fail(ErrorKind::invalid_argument, "vector " + std::to_string(i) + " of the commit " + fault);
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

// How long a spec is parked after its `failures`-th failure in a row (1 or more): 10 minutes, 20, 40, … and at most
// 6 hours.
[[nodiscard]] inline std::chrono::minutes parking_time(std::uint64_t failures) {
    constexpr std::chrono::minutes first{10};
    constexpr std::chrono::minutes longest = std::chrono::hours(6);
    const std::uint64_t doublings = failures == 0 ? 0 : std::min<std::uint64_t>(failures - 1, 10);
    return std::min(first * (std::int64_t{1} << doublings), longest);
}

// How long a request's stretch of its budget is, rounded up to a microsecond, so that no rounding exceeds a budget. The
// request is sound.
[[nodiscard]] inline std::chrono::microseconds stretch_of(const RateRequest& request) {
    constexpr double minute = 60e6;
    constexpr double noise = 1e-3;  // what the division leaves above a whole number
    const double stretch = std::ceil(request.amount * minute / request.per_minute - noise);
    return std::chrono::microseconds(static_cast<std::int64_t>(std::max(stretch, 1.0)));
}

[[nodiscard]] inline Status check_rates(std::span<const RateRequest> requests) {
    constexpr double longest_minutes = 60.0 * 24 * 365;  // so that no line leaves what clocks can say
    const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const RateRequest& request = requests[i];
        const std::string asked = "budget request " + std::to_string(i) + " asks for " +
                                  std::to_string(request.amount) + " of " + std::to_string(request.per_minute) + " " +
                                  std::string(to_string(request.unit)) + " a minute: ";
        if (!positive(request.amount) || !positive(request.per_minute)) {
            return fail(ErrorKind::invalid_argument, asked + "both must be positive");
        }
        if (request.amount / request.per_minute > longest_minutes) {
            return fail(ErrorKind::invalid_argument,
                        asked + "that takes more than a year; ask for less, or raise the budget");
        }
    }
    return {};
}

// The rest: every profile is known, and every vector has its dimension. `dimension_of(profile_id)` gives a
// std::optional<std::size_t>, nothing for a profile that the store does not have.
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

}  // namespace embedq
