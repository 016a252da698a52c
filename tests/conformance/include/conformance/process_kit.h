// The part of the store's kit that needs several processes: workers that are killed and stopped with real signals,
// writers that die half-way, and first starts that meet.
//
// Only for stores that are multi_process; the clock is the machine's. The store's cases of one process are in
// store_kit.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "embedq/error.h"
#include "embedq/store.h"

namespace embedq::conformance {

// How to start a process that opens the store of a case and passes it to `run_store_process`.
struct ProcessCommand {
    std::vector<std::string> arguments;              // the first is the program's path
    std::map<std::string, std::string> environment;  // on top of this process's
};

// One empty place to store things, for one case.
class StoreInProcesses {
public:
    virtual ~StoreInProcesses() = default;
    // Another instance on the same data. The schema need not be migrated.
    [[nodiscard]] virtual Result<std::shared_ptr<Store>> open() = 0;
    [[nodiscard]] virtual ProcessCommand command() const = 0;
};

using ProcessStoreFactory = std::function<std::unique_ptr<StoreInProcesses>()>;

// Registers the cases as tests `<store>/processes/<invariant>.<case>`. They are skipped, with the reason, unless the
// store is multi_process.
bool register_store_process_kit(const std::string& store_name, const ProcessStoreFactory& factory);

// What a process that was started by the kit does: it reads commands from standard input and writes results to standard
// output. Returns the exit status.
[[nodiscard]] int run_store_process(Store& store);

}  // namespace embedq::conformance
