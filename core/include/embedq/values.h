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

using JobId = std::int64_t;
// 128 random bits, new with each claim: proof that a worker holds a job now.
using LeaseToken = std::array<std::byte, 16>;

}  // namespace embedq
