// The conformance kit: the same cases for every store, named by the invariants of the contract.
//
// A store's test only passes a factory:
//
//     const bool kit = embedq::conformance::register_store_kit(
//         "memory", [] { return std::make_unique<MemoryUnderTest>(); });
//
// Cases run one after another; within a case the store is called from several threads. Cases that a store's
// capabilities rule out are skipped with the reason, and counted at the end.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "conformance/test_context.h"
#include "embedq/store.h"

namespace embedq::conformance {

// Thrown by `advance`, `set_clock_back` and `now` if the store's clock cannot be moved: the case is skipped, with this
// reason.
struct ClockCannotBeMoved {
    std::string reason;
};

// One empty place to store things, for one case.
class StoreUnderTest {
public:
    virtual ~StoreUnderTest() = default;

    // Another instance on the same data if the store is multi_process, otherwise the same one again. The schema need
    // not be migrated. When every instance is destroyed, opening again finds the data of a persistent store.
    [[nodiscard]] virtual Result<std::shared_ptr<Store>> open() = 0;

    // The context that `open` passes to the stores. Its clock is theirs unless they have their own.
    [[nodiscard]] virtual TestContext& context() = 0;

    // Moves the store's clock. A store with a clock of its own moves that.
    virtual void advance(std::chrono::microseconds by) { context().manual_clock().advance(by); }

    // Sets the wall clock that the store reads back, as an administrator does. No time passes.
    virtual void set_clock_back(std::chrono::microseconds by) { context().manual_clock().set_wall_back(by); }

    // The store's time; it stands still between two calls of `advance`.
    [[nodiscard]] virtual Time now() { return context().clock().wall(); }
};

using StoreFactory = std::function<std::unique_ptr<StoreUnderTest>()>;

// Registers every case as a test `<store>/<invariant>.<case>`. Call it while static objects are made, or before
// RUN_ALL_TESTS. Environment: EMBEDQ_KIT_SEED and EMBEDQ_KIT_STEPS change what the random case does.
bool register_store_kit(const std::string& store_name, const StoreFactory& factory);

}  // namespace embedq::conformance
