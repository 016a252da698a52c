// The planted faults by name, each with the case of the store kit that must fail because of it.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "embedq/context.h"
#include "embedq/store.h"

namespace embedq::conformance {

struct Fault {
    std::string_view name;
    std::string_view mistake;    // what its author did
    std::string_view caught_by;  // `<invariant>.<case>`; empty for the store without a fault
    std::unique_ptr<Store> (*make)(Context& context);
};

// The first is `none`.
[[nodiscard]] std::span<const Fault> store_faults();

}  // namespace embedq::conformance
