// Parses documents and writes them to the store in one transaction. A document that the store has already is not
// written again; it gets a job only where texts have no vector.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "embedq/engine.h"
#include "embedq/notifier.h"
#include "embedq/store.h"
#include "sync/mutex.h"

namespace embedq::engine {

class SpecWriter {
public:
    // Creates a catalog that a document names and that does not exist.
    using MakeCatalog = std::function<Result<bool>(const CatalogWrite&)>;

    // A stop ends the reading of documents. Those that were not read get `unavailable`; those that were are written.
    SpecWriter(Store& store, Notifier& notifier, MakeCatalog make_catalog, std::stop_token stop = {})
        : store_(store), notifier_(notifier), make_catalog_(std::move(make_catalog)), stop_(std::move(stop)) {}

    // As Engine::put_specs.
    [[nodiscard]] Result<std::vector<Result<PutResult>>> put(std::span<const SpecInput> specs);

private:
    // Whether the spec that the store has is the document already: the same bytes, and the same fields beside them.
    [[nodiscard]] static bool unchanged(const SpecInput& input, const Sha256& content_hash,
                                        const Result<SpecInfo>& known);
    // Creates the catalogs that documents name and that do not exist.
    [[nodiscard]] Status ensure_catalogs(std::span<const SpecInput> specs);
    // Enqueues jobs for unchanged documents whose vectors are not complete.
    [[nodiscard]] Status close_gaps(std::span<const SpecInput> specs, std::vector<Result<PutResult>>& results,
                                    std::span<const std::size_t> unchanged_places);

    Store& store_;
    Notifier& notifier_;
    const MakeCatalog make_catalog_;
    const std::stop_token stop_;
    sync::Mutex mutex_;
    std::set<std::string, std::less<>> known_ EMBEDQ_GUARDED_BY(mutex_);  // catalogs that were seen to exist
};

}  // namespace embedq::engine
