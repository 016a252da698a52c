// The indexer: files, folders and URLs in, documents in a catalog out.
//
// Three steps, so that a caller can show the total before the work: `find_documents` walks, `settle_names` names the
// specs so that none takes another's place, `put_documents` reads and stores. Reading runs ahead on a thread of its
// own; the engine is called on the caller's thread. Memory is bounded by the batch, not by the corpus. Thread-safety:
// free functions, safe from any thread; the callbacks are called on the caller's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/engine.h"
#include "embedq/error.h"
#include "fetch/fetch.h"

namespace embedq::cli {

// What the catalog has of a URL's document already.
struct StoredDocument {
    std::string validator;
    Sha256 content_hash{};
    std::size_t operation_count = 0;
};

// A document found on disk or named by its URL, and the name its spec gets.
struct DocumentFile {
    std::string path;  // or the URL, as fetch::Url has it
    std::string spec_name;
    SourceKind kind = SourceKind::file;  // or url
    // Of a URL, where the catalog has its document and would read it as today: then an answer that it is unchanged is
    // enough.
    std::optional<StoredDocument> stored = std::nullopt;
};

// What its spec says it came from: the absolute path, or the URL.
[[nodiscard]] std::string source_of(const DocumentFile& file);

// A file or URL that is not indexed, and why.
struct RefusedDocument {
    std::string path;
    std::string reason;
    std::string spec_name = {};  // where it was to be this spec
};

struct FoundDocuments {
    std::vector<DocumentFile> files;       // in a stable order: as named, each folder's files sorted
    std::vector<RefusedDocument> refused;  // what was named and is not there, is no file, or could not be read
    std::vector<std::string> notes;        // what a person should know: names that had to be told apart
};

// Walks the paths. A named file counts whatever its extension; in folders `*.json`, `*.yaml` and `*.yml` do, hidden
// folders and `node_modules` do not, unless named. A file reached twice counts once; loops of links end. A named path
// that does not exist or is a pipe, a device or a socket is refused, and the rest goes on. The spec's name is made of
// the path below the named folder; two files can have the same, which `settle_names` hints. What is a URL
// (fetch::is_url) is read by the fetcher, which must then be given, and not fetched yet; its spec is named by host and
// path.
[[nodiscard]] FoundDocuments find_documents(std::span<const std::string> paths, std::stop_token stop = {},
                                            const fetch::Fetcher* fetcher = nullptr);

// The specs of a catalog that came from URLs, ready for `put_documents`; that of `spec_name` alone, unless it is empty.
// `invalid_argument` where the named spec came from elsewhere. A URL that may not be fetched any more is refused.
[[nodiscard]] Result<FoundDocuments> find_stored_urls(Engine& engine, std::string_view catalog_id,
                                                      std::string_view spec_name, const fetch::Fetcher& fetcher);

// Makes the names of the specs unlike each other and unlike those that other files have in the catalog. A file that is
// in the catalog keeps its name, whatever else is indexed beside it; a name whose file is gone is free. Names that had
// to be told apart are noted.
[[nodiscard]] Status settle_names(Engine& engine, std::string_view catalog_id, FoundDocuments& found);

struct IndexerSettings {
    std::string catalog_id = "default";
    std::size_t max_document_bytes = 64U << 20U;
    // A batch is one transaction; it ends when either is reached. One document may exceed the bytes.
    std::size_t batch_bytes = 8U << 20U;
    std::size_t batch_documents = 64;
    // How often a store that is busy is asked again, and how the wait between is spent; false ends it.
    std::size_t busy_retries = 5;
    std::function<bool(std::size_t attempt, std::stop_token stop)> wait;
    fetch::Fetcher* fetcher = nullptr;  // for documents by URL; used on the reading thread
};

struct IndexReport {
    std::size_t documents = 0;  // stored or found unchanged
    std::size_t unchanged = 0;
    std::size_t operations = 0;            // of those documents
    std::vector<std::string> spec_names;   // of those documents
    std::vector<PutOutcome> outcomes;      // one for each of them
    std::vector<RefusedDocument> refused;  // the rest
    bool stopped = false;                  // stop was requested before the end
};

// Called after each batch with what is done so far.
using IndexProgress = std::function<void(const IndexReport& so_far)>;

// Reads the files, asks for the URLs and puts them into the catalog. A URL's document whose server says that it is
// unchanged is neither read nor written; one that comes whole with the bytes that are stored keeps the validator that
// is stored, so that nothing is written where a server gives out new ones for the same. A document that is refused is
// reported and the rest goes on; an error is one of the store.
[[nodiscard]] Result<IndexReport> put_documents(Engine& engine, std::span<const DocumentFile> files,
                                                const IndexerSettings& settings, const IndexProgress& progress = {},
                                                std::stop_token stop = {});

}  // namespace embedq::cli
