// What a store says about itself, and the visitors that it calls.
//
// Terms:
//   settled   a text that has a vector or a refusal under a profile. A refusal is provisional: the text is asked for
//             again when it is due, after times that double with each refusal (support/store_rules.h)
//   gap       an operation whose text is not settled under its catalog's target profile
//   epoch     counts how often a catalog was embedded again under the same model; each is a profile of its own
//   force     `force_from` of a spec: a time before which the vectors of its texts do not count; set by a manual_retry
//   parked    a failing spec that `reconcile` passes over for growing times, until it is written or retried by hand
//   seen      what somebody saw before a deletion. If that is another version by now, nothing is deleted: `conflict`
//   suspect   a job whose lease expired twice: it may kill its worker, so it is claimed alone
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
