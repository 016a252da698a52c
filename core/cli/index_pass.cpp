#include "cli/index_pass.h"

#include <string>
#include <utility>

namespace embedq::cli {

Result<IndexPass> index_pass(Engine& engine, const IndexArguments& arguments, const SyncPolicy& policy,
                             IndexerSettings settings, const std::stop_token& stop) {
    IndexPass pass;
    pass.found = find_documents(arguments.paths, stop, settings.fetcher);
    if (Status named = settle_names(engine, arguments.catalog, pass.found); !named)
        return std::unexpected(named.error());
    if (arguments.refresh) prepare_refresh(pass.found, *arguments.refresh);
    auto sync = FolderSync::look(engine, arguments.catalog, pass.found, policy);
    if (!sync) return std::unexpected(sync.error());
    pass.sync = std::move(*sync);
    settings.catalog_id = arguments.catalog;
    settings.refresh = arguments.refresh;
    settings.renamed_from = [&](const DocumentFile& file, const Sha256& hash) {
        return pass.sync.renamed_from(file, hash);
    };
    auto report = put_documents(engine, pass.found.files, settings, {}, stop);
    if (!report) return std::unexpected(report.error());
    pass.report = std::move(*report);
    pass.report.refused.insert(pass.report.refused.begin(), pass.found.refused.begin(), pass.found.refused.end());
    pass.report.skipped.insert(pass.report.skipped.begin(), pass.found.skipped.begin(), pass.found.skipped.end());
    pass.sync.found_again(pass.report.spec_names);
    return pass;
}

}  // namespace embedq::cli
