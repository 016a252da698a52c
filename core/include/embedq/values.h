// What the values of the contract are made of.
//
// Plain values.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace embedq {

using Sha256 = std::array<std::byte, 32>;
using Time = std::chrono::sys_time<std::chrono::microseconds>;  // by the store's clock

// Which state of a spec somebody has seen. Each changed write counts the generation up, and a spec that was deleted and
// put again has another time of creation.
struct SpecVersion {
    Time created_at{};
    std::uint64_t generation = 0;
    friend bool operator==(const SpecVersion&, const SpecVersion&) = default;
};
// Which state of a catalog's documents somebody has seen.
struct CatalogVersion {
    std::size_t specs = 0;
    Time written_at{};  // the newest SpecInfo::updated_at; 1970 without a spec
    friend bool operator==(const CatalogVersion&, const CatalogVersion&) = default;
};

using JobId = std::int64_t;
// 128 random bits, new with each claim: proof that a worker holds a job now.
using LeaseToken = std::array<std::byte, 16>;

}  // namespace embedq
