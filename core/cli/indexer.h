// Reads documents and puts them into a catalog.
//
// Reading runs ahead on a thread of its own; the engine is called on the caller's thread. Memory is bounded by the
// batch, not by the corpus. Thread-safety: free functions, safe from any thread; the callbacks are called on the
// caller's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/document_finder.h"
#include "cli/folder_sync.h"
#include "embedq/catalog.h"
#include "embedq/engine.h"
#include "embedq/error.h"
#include "fetch/fetch.h"

namespace embedq::cli {

struct IndexerSettings {
    std::string catalog_id = "default";
    std::size_t max_document_bytes = 64U << 20U;
    // A batch is one transaction; it ends when either is reached. One document may exceed the bytes.
    std::size_t batch_bytes = 8U << 20U;
    std::size_t batch_documents = 64;
    // A longer document is a batch of its own: it may take seconds to read, and those before it are stored by then.
    std::size_t longest_shared = 1U << 20U;
    // Called while the store is `unavailable`: true, after a pause, to try again. Without it the first such error ends
    // the work.
    std::function<bool(const Error&)> try_again;
    std::function<void()> available;    // the store has taken a batch
    fetch::Fetcher* fetcher = nullptr;  // for documents by URL; used on the reading thread
    // The spec whose file was renamed to this new one, or nothing; called once for each new file.
    std::function<std::optional<GoneSpec>(const DocumentFile& file, const Sha256& content_hash)> renamed_from = {};
    // Instead of Engine::put_specs, for those who only want to know what it would do.
    std::function<Result<std::vector<Result<PutResult>>>(std::span<const SpecInput>)> put = {};
    std::optional<RefreshInterval> refresh = std::nullopt;  // of documents by URL; nothing: as it is
    bool only_stored = false;  // leave out a document whose spec was deleted since it was found
};

// What was left out of a document that was stored.
struct DocumentNotes {
    std::string path;
    std::string spec_name;
    std::uint64_t operations_left_out = 0;
    std::vector<Note> notes;
};

struct RenamedSpec {
    std::string from;
    std::string to;
};

struct IndexReport {
    std::size_t documents = 0;  // stored or found unchanged
    std::size_t unchanged = 0;
    std::size_t operations = 0;            // of those documents
    std::vector<std::string> spec_names;   // of those documents
    std::vector<PutOutcome> outcomes;      // one for each of them
    std::size_t parts = 0;                 // files of folders that are parts of those documents
    std::vector<RefusedDocument> refused;  // named, or said to be API documents, and not stored
    std::vector<RefusedDocument> skipped;  // found in folders, and no API documents
    std::vector<DocumentNotes> notes;      // of those documents from which something was left out
    std::vector<RenamedSpec> renamed;
    bool stopped = false;  // stop was requested before the end
    std::string reason;    // with `stopped`: what it waited for, if it is known
};

// Called after each batch with the totals so far.
using IndexProgress = std::function<void(const IndexReport& so_far)>;

// Reads the files, fetches the URLs and puts their documents into the catalog, with the parts that they refer to
// (cli/document_reader.h). A URL's document that is unchanged by the server's answer is neither read nor written. A
// document that is sent with the same bytes as the stored one keeps the stored validator, so that nothing is written if
// a server issues a new validator for the same content. A document that is refused or skipped is reported, and the
// others continue, also where the store refuses the whole batch because of it; an error is one of the store, which
// takes none of them.
[[nodiscard]] Result<IndexReport> put_documents(Engine& engine, std::span<const DocumentFile> files,
                                                const IndexerSettings& settings, const IndexProgress& progress = {},
                                                std::stop_token stop = {});

}  // namespace embedq::cli
