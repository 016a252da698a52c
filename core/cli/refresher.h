// Asks the sources of specs that have a refresh interval again when they are due, while a worker runs.
//
// The store gives each source to one process at a time (Store::due_refreshes). One that cannot be had is asked again
// after a while, and its spec stays as it is.
//
// Thread-safety: `refresh_due` belongs to one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>

#include "cli/document_finder.h"
#include "embedq/catalog.h"
#include "embedq/context.h"
#include "embedq/engine.h"
#include "embedq/error.h"
#include "fetch/fetch.h"
#include "sync/fault_log.h"
#include "sync/retry.h"

namespace embedq::cli {

class Refresher {
public:
    using MakeFetcher = std::function<Result<std::unique_ptr<fetch::Fetcher>>()>;

    // The fetcher is made when the first source is due. Engine and context must outlive this.
    Refresher(Engine& engine, MakeFetcher make_fetcher, Context& context);

    // Asks every source that is due, one after another. Returns how many; an error is the store's.
    [[nodiscard]] Result<std::size_t> refresh_due(const std::stop_token& stop);
    // Looks for sources that are due until a stop.
    void run(const std::stop_token& stop);

private:
    // The document of the spec, and with it the fetcher.
    [[nodiscard]] Result<DocumentFile> document_of(const SpecInfo& spec);
    [[nodiscard]] Status refresh(const SpecInfo& spec, const std::stop_token& stop);

    Engine& engine_;
    const MakeFetcher make_fetcher_;
    std::unique_ptr<fetch::Fetcher> fetcher_;
    Context& context_;
    sync::FaultLog store_faults_;
    sync::FaultLog source_faults_;
    sync::Retry looking_;
};

}  // namespace embedq::cli
