// Finds the documents to index, and names their specs: `find_documents` walks files and folders, `settle_names` makes
// the names unique. Nothing is read or fetched yet, so that a caller can show the total before the work.
//
// Thread-safety: functions without state, safe from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
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
    std::uint64_t operations_left_out = 0;
    std::vector<Note> notes;
    RefreshInterval refresh = std::nullopt;
};

// A document found on disk or named by its URL, and the name of its spec.
struct DocumentFile {
    std::string path;  // or the URL, as fetch::Url has it
    std::string spec_name;
    SourceKind kind = SourceKind::file;  // or url
    // For a URL whose document is in the catalog and would be read the same way today: then it is enough that the
    // server says that it is unchanged.
    std::optional<StoredDocument> stored = std::nullopt;
    // The real path of the indexed folder, and the path under it, as SpecRecord; empty if the file was named itself and
    // no folder with it was indexed before.
    std::string root = {};
    std::string path_in_root = {};
    bool named = true;      // itself, and not found in a folder
    bool is_known = false;  // a spec of the catalog is this document, or becomes it
};

// Whether a file in a folder counts, by its name: `*.json`, `*.yaml` and `*.yml`.
[[nodiscard]] bool is_document_name(const std::filesystem::path& path);

// The source that is stored with its spec: the absolute path, or the URL.
[[nodiscard]] std::string source_of(const DocumentFile& file);

// A file or URL that is not indexed, and why.
struct RefusedDocument {
    std::string path;
    std::string reason;
    std::string spec_name = {};                    // the spec it would have been, if known
    std::optional<ErrorKind> kind = std::nullopt;  // of the error that the reason tells, if it is one
};

// A folder that was named, and what a look into it says about the files that were there before.
struct WalkedFolder {
    std::string root;               // its real path
    std::set<std::string> paths;    // what was found under it and may be a document, readable or not
    std::set<std::string> unknown;  // paths under it that could not be looked into; "" is the folder itself
};

struct FoundDocuments {
    std::vector<DocumentFile> files;       // in a stable order: as named, each folder's files sorted
    std::vector<RefusedDocument> refused;  // not there, not readable, or named and not a file
    std::vector<RefusedDocument> skipped;  // found in folders and not looked into, or found by another path before
    std::vector<WalkedFolder> folders;     // those that were named
    std::set<std::string> walked;          // the real paths of all folders that were looked into
    std::vector<std::string> notes;        // for people: names that were changed to be unique
};

// Walks the paths. A named file counts whatever its extension is. In folders only `*.json`, `*.yaml` and `*.yml` count,
// and hidden folders and `node_modules` are skipped, unless they are named. A file that is found twice counts once, and
// other paths of files and folders that are taken are skipped; loops of links end. A named path that does not exist, or
// is a pipe, a device or a socket, is refused, and so are links that lead nowhere and folders that cannot be read; the
// others are still found. The spec is named after the path below the named folder; two files can get the same name,
// which `settle_names` resolves. A URL (fetch::is_url) needs a fetcher, which checks it and does not fetch yet; its
// spec is named by host and path.
[[nodiscard]] FoundDocuments find_documents(std::span<const std::string> paths, std::stop_token stop = {},
                                            const fetch::Fetcher* fetcher = nullptr);

// The specs of a catalog that came from URLs, ready for `put_documents`; only that of `spec_name`, unless it is empty.
// `invalid_argument` if the named spec did not come from a URL. A URL that may not be fetched any more is refused.
[[nodiscard]] Result<FoundDocuments> find_stored_urls(Engine& engine, std::string_view catalog_id,
                                                      std::string_view spec_name, const fetch::Fetcher& fetcher);

// The document of one that came from a URL; `invalid_argument` if the URL may not be fetched any more.
[[nodiscard]] Result<DocumentFile> stored_url(const SpecInfo& spec, const fetch::Fetcher& fetcher);

// Has the URLs whose specs have another refresh interval read whole, so that they are written with this one.
void prepare_refresh(FoundDocuments& found, const RefreshInterval& refresh);

// Calls `visit` for each spec of the catalog; one that does not exist yet has none.
[[nodiscard]] Status each_spec(Engine& engine, std::string_view catalog_id,
                               const std::function<void(const SpecInfo&)>& visit);

// Makes the names of the specs different from each other and from those that other files have in the catalog. A file
// that is in the catalog keeps its name, whatever is indexed with it; the name of a file that is gone is free. Names
// that had to be changed are noted. A file also keeps the folder that its spec records if that is the one that was
// named or one around it.
[[nodiscard]] Status settle_names(Engine& engine, std::string_view catalog_id, FoundDocuments& found);

}  // namespace embedq::cli
