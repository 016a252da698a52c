// How often the source of a spec is asked, and who said so: the spec's own interval, or `fetch.refresh` for all.
//
// Both are kept in SpecRecord::refresh, so that the store decides who may ask, whatever the processes are configured
// to. An interval of a spec's own is of whole seconds; the one for all has a millisecond more.
//
// Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <string_view>

#include "embedq/catalog.h"

namespace embedq::cli {

struct RefreshInterval {
    std::chrono::seconds every{0};  // 0: never
    bool is_own = false;
};

inline constexpr std::chrono::milliseconds mark_of_all{1};

[[nodiscard]] constexpr RefreshInterval refresh_interval(const SpecRecord& record) {
    const auto every = std::chrono::floor<std::chrono::seconds>(record.refresh);
    return {every, every.count() > 0 && record.refresh - every != mark_of_all};
}

// What is recorded of a spec that has no interval of its own.
[[nodiscard]] constexpr std::chrono::milliseconds recorded_for_all(std::chrono::milliseconds refresh) {
    const std::chrono::milliseconds every = std::chrono::floor<std::chrono::seconds>(refresh);
    return every.count() == 0 ? every : every + mark_of_all;
}
// What is recorded of a spec's own interval.
[[nodiscard]] constexpr std::chrono::milliseconds recorded_own(std::chrono::milliseconds refresh) {
    return std::chrono::floor<std::chrono::seconds>(refresh);
}

// "spec" or "fetch.refresh", the key of the YAML.
[[nodiscard]] constexpr std::string_view origin_of(const RefreshInterval& interval) {
    return interval.is_own ? "spec" : "fetch.refresh";
}

}  // namespace embedq::cli
