// Makes the notifier `postgres_listen` from its options: a listener, and the schedule that wakes its process.
#pragma once

#include <memory>

#include "embedq/context.h"
#include "embedq/notifier.h"
#include "embedq/options.h"

namespace embedq::notifiers {

// Uses the store's `url` when the options have none. `misconfigured` when there is no URL, or one that libpq cannot
// read.
[[nodiscard]] Result<std::unique_ptr<Notifier>> make_postgres_listen(const Options& options, Context& context);

}  // namespace embedq::notifiers
