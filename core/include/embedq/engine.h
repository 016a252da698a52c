// The engine: what embedq can be asked to do. The command line and services call it; it calls the store and the
// providers.
//
// Every member may be called from any thread. Inputs are checked here: ids out of form are `invalid_argument`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/claim.h"
#include "embedq/error.h"
#include "embedq/maintenance.h"
#include "embedq/profile.h"
#include "embedq/status.h"

namespace embedq {

// A document as it comes from outside, not yet parsed.
struct SpecInput {
    std::string catalog_id;
    std::string spec_name;
    SourceKind source_kind = SourceKind::inline_document;
    std::string source;
    std::string etag;
    std::string base_path;
    std::string title;        // empty: the document's own
    std::string description;  // empty: the document's own
    std::string content;
    std::string root = {};                                      // as in SpecRecord
    std::string path = {};                                      // as in SpecRecord
    std::string renamed_from = {};                              // as in SpecWrite
    std::optional<SpecVersion> renamed_version = std::nullopt;  // as in SpecWrite
    std::vector<Note> notes = {};                               // what was left out before the document is parsed
    std::optional<RefreshInterval> refresh = std::nullopt;      // as in SpecRecord; nothing: as it is
};

enum class RankingMode : std::uint8_t { hybrid, semantic, lexical };

struct SearchRequest {
    std::string query;
    std::optional<std::string> catalog_id;  // all catalogs when none is named
    std::optional<std::string> spec_name;   // only the specs of this name; `not_found` if there is none
    RankingMode mode = RankingMode::hybrid;
    std::size_t limit = 10;  // 1 to 500
    std::stop_token stop = {};
};

struct SearchHit {
    std::string catalog_id;
    std::string spec_name;
    std::string operation_id;
    std::string method;
    std::string path;
    std::string summary;
    double score = 0;  // in [0, 1], comparable within one answer
};

struct SearchResponse {
    std::vector<SearchHit> hits;                 // best first
    RankingMode ranking = RankingMode::lexical;  // what ran
    // Why it is not what was asked for: `embeddings_not_indexed`, … ; empty otherwise.
    std::string fallback_reason;
    std::string fallback_detail;  // the same as a sentence
};

// What an estimate is of: embedding a whole catalog again, or what the configuration asks for now.
enum class EstimateFor : std::uint8_t { reembedding, configuration };

// What embedding a catalog for a profile would take, before anything is changed.
struct EmbeddingEstimate {
    std::string provider;           // the YAML's name
    Profile profile;                // that the catalog would be embedded for
    bool changes_target = false;    // it is another one than the catalog's present target
    std::size_t texts = 0;          // distinct
    std::size_t settled_texts = 0;  // of them: there already under the profile, or refused; the rest is what follows
    std::size_t bytes = 0;          // with the document prefix, cut to the profile's bound on average
    std::size_t tokens = 0;         // bytes ÷ 4, OpenAI's own estimate for its limits
    std::size_t calls = 0;          // with full batches; more where texts are refused or calls repeated
    [[nodiscard]] std::size_t to_embed() const noexcept { return texts - settled_texts; }
};

class Engine {
public:
    virtual ~Engine() = default;

    [[nodiscard]] virtual Result<bool> put_catalog(const CatalogWrite& catalog) = 0;
    [[nodiscard]] virtual Result<std::vector<CatalogInfo>> catalogs() = 0;
    [[nodiscard]] virtual Result<CatalogInfo> catalog(std::string_view catalog_id) = 0;
    // `seen` as in Store.
    [[nodiscard]] virtual Status delete_catalog(std::string_view catalog_id,
                                                std::optional<CatalogVersion> seen = {}) = 0;
    [[nodiscard]] virtual Status clone_catalog(std::string_view source_id, const CatalogWrite& target) = 0;
    // Starts a new epoch: every text of the catalog is embedded again, and the present vectors serve until all are
    // there. Returns how many jobs were enqueued.
    [[nodiscard]] virtual Result<std::size_t> reembed_catalog(std::string_view catalog_id) = 0;
    // What `reembed_catalog`, or applying the configuration as `embedq config apply` does, would send to the provider.
    // Changes nothing and reads no text. `conflict` where no provider is configured for the catalog; otherwise what the
    // provider said.
    [[nodiscard]] virtual Result<EmbeddingEstimate> estimate(std::string_view catalog_id, EstimateFor what) = 0;
    [[nodiscard]] virtual Result<Profile> profile(const Sha256& profile_id) = 0;

    // Parses and stores documents in one transaction. One answer per document: a document that does not parse is
    // `invalid_argument` with the reason, changes nothing, and does not hold up the others. Missing catalogs are
    // created with the provider the YAML gives them.
    [[nodiscard]] virtual Result<std::vector<Result<PutResult>>> put_specs(std::span<const SpecInput> specs) = 0;
    [[nodiscard]] virtual Result<std::vector<SpecInfo>> specs(std::string_view catalog_id, std::string_view after,
                                                              std::size_t limit) = 0;
    [[nodiscard]] virtual Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) = 0;
    [[nodiscard]] virtual Result<std::string> spec_content(std::string_view catalog_id, std::string_view spec_name) = 0;
    [[nodiscard]] virtual Result<std::vector<Operation>> spec_operations(std::string_view catalog_id,
                                                                         std::string_view spec_name) = 0;
    [[nodiscard]] virtual Status delete_spec(std::string_view catalog_id, std::string_view spec_name,
                                             std::optional<SpecVersion> seen = {}) = 0;
    // As in Store.
    [[nodiscard]] virtual Result<std::vector<SpecInfo>> due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                                      std::chrono::milliseconds default_interval) = 0;
    [[nodiscard]] virtual Status checked(std::span<const SpecRef> specs) = 0;
    // Enqueues a manual_retry: every text of the spec is asked for again.
    [[nodiscard]] virtual Result<EnqueueOutcome> reembed_spec(std::string_view catalog_id,
                                                              std::string_view spec_name) = 0;

    [[nodiscard]] virtual Result<SearchResponse> search(const SearchRequest& request) = 0;

    [[nodiscard]] virtual Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) = 0;
    [[nodiscard]] virtual Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                                                   std::span<const std::string> spec_names) = 0;
    [[nodiscard]] virtual Result<Settlement> settlement(std::string_view catalog_id,
                                                        std::span<const std::string> spec_names) = 0;
    [[nodiscard]] virtual Result<std::vector<Job>> jobs(const JobQuery& query) = 0;
    // A new job for the spec of a finished one. `conflict` while the job is open, `not_found` when it or its spec is
    // gone.
    [[nodiscard]] virtual Result<EnqueueOutcome> retry_job(JobId job) = 0;
    [[nodiscard]] virtual Result<std::size_t> cancel_jobs(std::span<const JobId> jobs) = 0;
    [[nodiscard]] virtual Result<PruneResult> prune(const PruneRequest& request) = 0;
    [[nodiscard]] virtual Result<std::vector<WorkerInfo>> workers() = 0;
    [[nodiscard]] virtual Result<ReconcileResult> reconcile(std::string_view catalog_id) = 0;
};

}  // namespace embedq
