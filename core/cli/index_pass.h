// One look at files, folders and URLs: what is found is named and put, and what is gone is known.
//
// Thread-safety: a function without state.
#pragma once

#include <stop_token>

#include "cli/commands.h"
#include "cli/document_finder.h"
#include "cli/folder_sync.h"
#include "cli/indexer.h"
#include "embedq/engine.h"
#include "embedq/error.h"

namespace embedq::cli {

struct IndexPass {
    FoundDocuments found;
    IndexReport report;  // with what the finder refused and skipped
    FolderSync sync;     // specs without a file, which are not removed yet
};

// Finds, names and puts the documents. `settings` says how; catalog, interval and renames are filled in.
[[nodiscard]] Result<IndexPass> index_pass(Engine& engine, const IndexArguments& arguments, const SyncPolicy& policy,
                                           IndexerSettings settings, const std::stop_token& stop);

}  // namespace embedq::cli
