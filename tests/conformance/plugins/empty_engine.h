// An engine without catalogs, for tests of a service's start and stop.
#pragma once

#include <optional>
#include <string_view>

#include "embedq/claim.h"
#include "embedq/engine.h"

namespace embedq::conformance {

class EmptyEngine final : public Engine {
public:
    Result<bool> put_catalog(const CatalogWrite&) override { return none(); }
    Result<std::vector<CatalogInfo>> catalogs() override { return std::vector<CatalogInfo>{}; }
    Result<CatalogInfo> catalog(std::string_view) override { return none(); }
    Status delete_catalog(std::string_view, std::optional<CatalogVersion>) override { return none(); }
    Status clone_catalog(std::string_view, const CatalogWrite&) override { return none(); }
    Result<std::size_t> reembed_catalog(std::string_view) override { return none(); }
    Result<EmbeddingEstimate> estimate(std::string_view, EstimateFor) override { return none(); }
    Result<Profile> profile(const Sha256&) override { return none(); }
    Result<std::vector<Result<PutResult>>> put_specs(std::span<const SpecInput>) override { return none(); }
    Result<std::vector<SpecInfo>> specs(std::string_view, std::string_view, std::size_t) override { return none(); }
    Result<SpecInfo> spec(std::string_view, std::string_view) override { return none(); }
    Result<std::string> spec_content(std::string_view, std::string_view) override { return none(); }
    Result<std::vector<Operation>> spec_operations(std::string_view, std::string_view) override { return none(); }
    Status delete_spec(std::string_view, std::string_view, std::optional<SpecVersion>) override { return none(); }
    Result<std::vector<SpecInfo>> due_refreshes(std::size_t, std::chrono::milliseconds,
                                                std::chrono::milliseconds) override {
        return std::vector<SpecInfo>{};
    }
    Status checked(std::span<const SpecRef>) override { return {}; }
    Result<EnqueueOutcome> reembed_spec(std::string_view, std::string_view) override { return none(); }
    Result<SearchResponse> search(const SearchRequest&) override { return SearchResponse{}; }
    Result<std::vector<CatalogHealth>> health(std::string_view) override { return std::vector<CatalogHealth>{}; }
    Result<std::vector<SpecStatus>> statuses(std::string_view, std::span<const std::string>) override { return none(); }
    Result<Settlement> settlement(std::string_view, std::span<const std::string>) override { return none(); }
    Result<std::vector<Job>> jobs(const JobQuery&) override { return std::vector<Job>{}; }
    Result<EnqueueOutcome> retry_job(JobId) override { return none(); }
    Result<std::size_t> cancel_jobs(std::span<const JobId>) override { return none(); }
    Result<PruneResult> prune(const PruneRequest&) override { return none(); }
    Result<std::vector<WorkerInfo>> workers() override { return std::vector<WorkerInfo>{}; }
    Result<ReconcileResult> reconcile(std::string_view) override { return none(); }

private:
    [[nodiscard]] static std::unexpected<Error> none() {
        return fail(ErrorKind::not_found, "this engine holds no catalog");
    }
};

}  // namespace embedq::conformance
