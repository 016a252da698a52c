// The words of the catalog: catalogs, specs, operations, profiles and vectors, as stores keep them and the engine hands
// them out.
//
// Plain values. Times are by the store's clock.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace embedq {

using Sha256 = std::array<std::byte, 32>;
using Time = std::chrono::sys_time<std::chrono::microseconds>;

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
};

// What makes two vectors comparable. `fingerprint` is SHA-256 over plugin, model, model digest, dimension, prefixes,
// canonical-text version and length bound; `id` is the fingerprint for epoch 0, else SHA-256 over fingerprint and
// epoch.
struct Profile {
    Sha256 id{};
    Sha256 fingerprint{};
    std::uint32_t epoch = 0;  // grows when a whole catalog is embedded anew by request
    std::string plugin;
    std::string model;
    std::string model_digest;
    std::size_t dimension = 0;
    std::string document_prefix;
    std::string query_prefix;
    std::uint32_t text_version = 0;
    std::size_t max_text_bytes = 0;  // 0: no bound
    double semantic_weight = 0.6;
    std::vector<std::pair<std::string, std::string>> public_options;

    friend bool operator==(const Profile&, const Profile&) = default;
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

// What a catalog is to be embedded by; no profile turns embedding off.
struct CatalogTarget {
    std::string catalog_id;
    std::string provider;
    std::optional<Profile> profile;
};

// How far the distinct texts of a set of specs are settled under their catalog's target profile.
struct Settlement {
    std::size_t specs = 0;
    std::size_t operations = 0;
    std::size_t distinct_texts = 0;
    std::size_t vectors = 0;   // texts with a vector that counts
    std::size_t refusals = 0;  // texts refused for good
    std::size_t cut = 0;       // of the vectors, those of a text of which only the beginning was embedded
    [[nodiscard]] std::size_t missing() const noexcept { return distinct_texts - vectors - refusals; }
};

// How much text a catalog has, and how much of it is settled under a profile.
struct Workload {
    std::size_t texts = 0;          // distinct
    std::size_t bytes = 0;          // of them, UTF-8
    std::size_t settled_texts = 0;  // of them: with a vector or a refusal that counts
    std::size_t settled_bytes = 0;
};

// What changed in a catalog after a revision.
struct Changes {
    std::uint64_t revision = 0;
    // The feed no longer reaches back that far, or the profile changed: read it all again.
    bool everything = false;
    std::vector<std::string> specs;  // changed or deleted since, each once
};

}  // namespace embedq
