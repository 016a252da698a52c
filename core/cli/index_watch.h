// `index --watch`: keeps a catalog in step with folders until a stop.
#pragma once

#include "cli/commands.h"

namespace embedq::cli {

// Puts the documents, and again whenever something changes in the folders; looks by itself every minute. Embeds
// meanwhile, unless it is left to workers. Never asks, and never removes what would need a confirmation, neither at
// once nor little by little.
[[nodiscard]] int run_index_watch(CommandContext& context, const IndexArguments& arguments);

}  // namespace embedq::cli
