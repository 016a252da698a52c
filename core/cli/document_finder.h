// Finds the documents to index, and names their specs: `find_documents` walks files and folders, `settle_names` makes
// the names unique. Nothing is read or fetched yet, so that a caller can show the total before the work.
//
// Thread-safety: functions without state, safe from any thread.
#pragma once

#include <cstddef>
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

// What the catalog stores of a URL's document.
struct StoredDocument {
    std::string validator;
    Sha256 content_hash{};
    std::size_t operation_count = 0;
};

// A document found on disk or named by its URL, and the name of its spec.
struct DocumentFile {
    std::string path;  // or the URL, as fetch::Url has it
    std::string spec_name;
    SourceKind kind = SourceKind::file;  // or url
    // For a URL whose document is in the catalog and would be read the same way today: then it is enough that the
    // server says that it is unchanged.
    std::optional<StoredDocument> stored = std::nullopt;
};

// The source that is stored with its spec: the absolute path, or the URL.
[[nodiscard]] std::string source_of(const DocumentFile& file);

// A file or URL that is not indexed, and why.
struct RefusedDocument {
    std::string path;
    std::string reason;
    std::string spec_name = {};  // the spec it would have been, if known
};

struct FoundDocuments {
    std::vector<DocumentFile> files;       // in a stable order: as named, each folder's files sorted
    std::vector<RefusedDocument> refused;  // named, but not there, not a file, or not readable
    std::vector<std::string> notes;        // for people: names that were changed to be unique
};

// Walks the paths. A named file counts whatever its extension is. In folders only `*.json`, `*.yaml` and `*.yml` count,
// and hidden folders and `node_modules` are skipped, unless they are named. A file that is found twice counts once;
// loops of links end. A named path that does not exist, or is a pipe, a device or a socket, is refused, and the others
// are still found. The spec is named after the path below the named folder; two files can get the same name, which
// `settle_names` resolves. A URL (fetch::is_url) needs a fetcher, which checks it and does not fetch yet; its spec is
// named by host and path.
[[nodiscard]] FoundDocuments find_documents(std::span<const std::string> paths, std::stop_token stop = {},
                                            const fetch::Fetcher* fetcher = nullptr);

// The specs of a catalog that came from URLs, ready for `put_documents`; only that of `spec_name`, unless it is empty.
// `invalid_argument` if the named spec did not come from a URL. A URL that may not be fetched any more is refused.
[[nodiscard]] Result<FoundDocuments> find_stored_urls(Engine& engine, std::string_view catalog_id,
                                                      std::string_view spec_name, const fetch::Fetcher& fetcher);

// Makes the names of the specs different from each other and from those that other files have in the catalog. A file
// that is in the catalog keeps its name, whatever is indexed with it; the name of a file that is gone is free. Names
// that had to be changed are noted.
[[nodiscard]] Status settle_names(Engine& engine, std::string_view catalog_id, FoundDocuments& found);

}  // namespace embedq::cli
