// Catalogs, specs and operations, as stores keep them and the engine returns them.
//
// Plain values. Times are by the store's clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "embedq/values.h"

namespace embedq {

// One method on one path of a spec: the unit of embedding.
struct Operation {
    std::string operation_id;  // unique within its spec
    std::string method;        // upper case
    std::string path;          // as the document writes it
    std::string summary;       // the document's summary, or the first sentence of its description
    std::vector<std::string> tags;
    std::string text;             // the canonical text: what is embedded, non-empty UTF-8, bounded
    Sha256 text_hash{};           // SHA-256 of `text`
    std::uint32_t cut_bytes = 0;  // how many bytes the length bound took off the canonical text
};

enum class SourceKind : std::uint8_t { inline_document, upload, file, url };

// Something of a document that was left out.
struct Note {
    std::string where;   // a place in the document, such as "paths./pets.get"; empty for the whole
    std::string reason;  // why it was left out
    friend bool operator==(const Note&, const Note&) = default;
};
inline constexpr std::size_t most_notes = 100;

using RefreshInterval = std::optional<std::chrono::milliseconds>;  // a spec's own; 0: never; nothing: it has none

// What is recorded of a spec beside its document. A write that changes any of it is a changed write.
struct SpecRecord {
    // If it was found in an indexed folder: the folder's real path, and the path of the file under it.
    std::string root;
    std::string path;
    std::vector<Note> notes;  // at most `most_notes`
    std::uint64_t operations_left_out = 0;
    RefreshInterval refresh = std::nullopt;  // how often its source is asked for a newer document
    friend bool operator==(const SpecRecord&, const SpecRecord&) = default;
};

// Names a spec.
struct SpecRef {
    std::string catalog_id;
    std::string spec_name;
};

// A parsed document on its way into a store.
struct SpecWrite {
    std::string catalog_id;
    std::string spec_name;
    SourceKind source_kind = SourceKind::inline_document;
    std::string source;  // path or URL it came from
    std::string etag;
    std::string base_path;
    std::string title;
    std::string description;
    std::string content;                // the document's bytes
    Sha256 content_hash{};              // SHA-256 of `content`
    std::uint32_t text_version = 0;     // version of the canonical text that made `operations`
    std::vector<Operation> operations;  // in document order; its index is the operation's position
    SpecRecord record = {};
    // The name under which the spec is stored now, if its file was renamed: it remains the same spec, with its jobs and
    // its time of creation. Ignored if there is no spec of that name, if it has another version than `renamed_version`,
    // or if there is one of the new name.
    std::string renamed_from = {};
    std::optional<SpecVersion> renamed_version = std::nullopt;  // nothing: whichever it has
};

enum class PutOutcome : std::uint8_t { created, changed, unchanged };
enum class EnqueueOutcome : std::uint8_t {
    none,       // nothing to do: no target profile, no gap, or no operations
    created,    // a new pending job
    collapsed,  // an open job was there already; it does the work
};

struct PutResult {
    PutOutcome outcome = PutOutcome::created;
    EnqueueOutcome enqueued = EnqueueOutcome::none;
    std::uint64_t generation = 0;  // grows by one with each changed write
    std::size_t operation_count = 0;
    // What was left out of the document. Filled in by the engine; stores leave it empty.
    std::uint64_t operations_left_out = 0;
    std::vector<Note> notes = {};
};

// What is known of a spec without its document.
struct SpecInfo {
    std::string catalog_id;
    std::string spec_name;
    SourceKind source_kind = SourceKind::inline_document;
    std::string source;
    std::string etag;
    std::string base_path;
    std::string title;
    std::string description;
    Sha256 content_hash{};
    std::uint32_t text_version = 0;
    std::uint64_t generation = 0;
    std::size_t operation_count = 0;
    Time created_at{};
    Time updated_at{};
    std::optional<Time> parked_until = std::nullopt;  // the reconciler leaves it alone until then
    SpecRecord record = {};
    std::optional<Time> checked_at = std::nullopt;  // when its source was last asked, if that is known
    [[nodiscard]] SpecVersion version() const noexcept { return {created_at, generation}; }
};

struct CatalogWrite {
    std::string catalog_id;
    std::string name;
    std::string version;
    std::string display_name;
    std::string description;
};

struct CatalogInfo {
    std::string catalog_id;
    std::string name;
    std::string version;
    std::string display_name;
    std::string description;
    std::string provider;                   // the YAML's name of the provider it is embedded by; empty for none
    std::optional<Sha256> target_profile;   // what it is being embedded for
    std::optional<Sha256> serving_profile;  // what it is ranked by
    std::size_t spec_count = 0;
    std::uint64_t revision = 0;  // grows with each change of its operations or vectors
    Time created_at{};
    Time updated_at{};
};

// What changed in a catalog after a revision.
struct Changes {
    std::uint64_t revision = 0;
    // The feed no longer reaches back that far, or the profile changed: read it all again.
    bool everything = false;
    std::vector<std::string> specs;  // changed or deleted since, each once
};

}  // namespace embedq
