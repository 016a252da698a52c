// The way of documents into the store: parsed and written in one transaction, what is there already left alone but for
// its gaps.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "embedq/engine.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "sync/mutex.h"

namespace embedq::engine {

class SpecWriter {
public:
    // Creates a catalog that a document names and that is not there yet.
    using MakeCatalog = std::function<Result<bool>(const CatalogWrite&)>;

    SpecWriter(Store& store, Notifier& notifier, MakeCatalog make_catalog)
        : store_(store), notifier_(notifier), make_catalog_(std::move(make_catalog)) {}

    // As Engine::put_specs.
    [[nodiscard]] Result<std::vector<Result<PutResult>>> put(std::span<const SpecInput> specs);

private:
    // Whether a document is what the store has already, by its bytes and the fields that come beside them.
    [[nodiscard]] bool unchanged(const SpecInput& input, const Sha256& content_hash) const;
    // Creates the catalogs that documents name and that are not there yet.
    [[nodiscard]] Status ensure_catalogs(std::span<const SpecInput> specs);
    // Documents that the store has already need a job only where their vectors are not complete.
    [[nodiscard]] Status close_gaps(std::span<const SpecInput> specs, std::vector<Result<PutResult>>& results,
                                    std::span<const std::size_t> unchanged_places);

    Store& store_;
    Notifier& notifier_;
    const MakeCatalog make_catalog_;
    sync::Mutex mutex_;
    std::set<std::string, std::less<>> known_ EMBEDQ_GUARDED_BY(mutex_);  // catalogs seen to exist
};

}  // namespace embedq::engine
