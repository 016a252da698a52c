// The memory store: everything in plain containers behind one mutex; nothing outlives the process.
//
// Every member may be called from any thread. Visitors run while the mutex is held.
#pragma once

#include <memory>

#include "embedq/context.h"
#include "embedq/store.h"

namespace embedq::memory {

[[nodiscard]] std::unique_ptr<Store> make_store(Context& context);

}  // namespace embedq::memory
