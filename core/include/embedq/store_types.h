// What a store says about itself, and the visitors that it calls.
//
// Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"

namespace embedq {

struct StoreCapabilities {
    bool persistent = false;     // survives the process
    bool multi_process = false;  // several processes may open it at once
    bool own_clock = false;      // its clock is not this process's clock
    // How often `change_stamp` is worth asking while idle; nothing when it cannot tell that another process wrote.
    std::optional<std::chrono::milliseconds> watch_interval = std::nullopt;
};

struct MigrationState {
    std::uint32_t current = 0;         // 0: no schema yet
    std::uint32_t newest = 0;          // what this build brings
    std::vector<std::string> waiting;  // names of the migrations not yet applied, in order
};

using OperationVisitor = std::function<void(std::string_view spec_name, const Operation& operation)>;
using VectorVisitor = std::function<void(std::size_t index, std::span<const float> values)>;

}  // namespace embedq
