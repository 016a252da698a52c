// `index --check`: what `index` would change, for scripts.
#pragma once

#include "cli/commands.h"
#include "cli/folder_sync.h"
#include "embedq/store_types.h"

namespace embedq::cli {

// Changes nothing. The exit status is 1 if anything would be changed, or would be refused.
[[nodiscard]] int run_index_check(CommandContext& context, const IndexArguments& arguments);

// What may be removed from a catalog without a question.
[[nodiscard]] SyncPolicy sync_policy(const IndexArguments& arguments, const StoreCapabilities& capabilities);

}  // namespace embedq::cli
