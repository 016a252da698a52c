// What the kit's processes share.
#pragma once

#include <cstdint>
#include <string>

#include "embedq/catalog.h"
#include "embedq/endpoint.h"
#include "embedq/profile.h"
#include "kit.h"

namespace embedq::conformance {

// Killed workers use up attempts that the cases are not about.
inline constexpr std::uint32_t process_max_attempts = 1000;
inline constexpr std::uint32_t stale_salt = 7;

[[nodiscard]] inline Profile process_profile() {
    return make_profile("processes", 4);
}

// Longer than any case.
inline constexpr std::chrono::minutes process_stretch{10};

[[nodiscard]] inline RateRequest process_rate_limit() {
    return {process_profile().fingerprint, RateUnit::requests, 1.0 / process_stretch.count(), 1};
}

[[nodiscard]] inline std::string process_spec(int number) {
    return "spec-" + std::to_string(number);
}

// Every text names the version, so that a document of two versions shows; one text is shared by all specs.
[[nodiscard]] inline SpecWrite process_document(int number, const std::string& version, std::size_t texts) {
    std::vector<std::string> all{"shared by all"};
    for (std::size_t i = 0; i < texts; ++i)
        all.push_back(process_spec(number) + " version " + version + " text " + std::to_string(i));
    return document(process_spec(number), all);
}

}  // namespace embedq::conformance
