// Faults in writing, enqueuing, claiming and counting attempts.
#pragma once

#include <algorithm>

#include "embedq/catalog.h"
#include "embedq/commit.h"
#include "embedq/maintenance.h"
#include "faulty_store.h"

namespace embedq::conformance::faults {

// --- writing

class WriteWithoutJob final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        auto results = inner().put_specs(specs);
        if (!results) return results;
        for (std::size_t i = 0; i < specs.size(); ++i) {
            if ((*results)[i].enqueued != EnqueueOutcome::created) continue;
            cancel_one(jobs_of(specs[i].catalog_id, specs[i].spec_name).front().id);
        }
        return results;
    }
};

class LostUpdate final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        auto results = inner().put_specs(specs);
        if (!results) return results;
        for (std::size_t i = 0; i < specs.size(); ++i) {
            const SpecWrite& write = specs[i];
            if ((*results)[i].enqueued != EnqueueOutcome::created || !running(write.catalog_id, write.spec_name))
                continue;
            cancel_one(jobs_of(write.catalog_id, write.spec_name).front().id);
            (*results)[i].enqueued = EnqueueOutcome::collapsed;
        }
        return results;
    }
};

class PutNotAtomic final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        std::vector<PutResult> results;
        for (const SpecWrite& write : specs) {
            auto result = inner().put_specs({&write, 1});
            if (!result) return result;
            results.push_back(result->at(0));
        }
        return results;
    }
};

class UnchangedIsWritten final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        std::vector<SpecWrite> always_new(specs.begin(), specs.end());
        for (SpecWrite& write : always_new) write.etag += mark + std::to_string(++writes_);
        return inner().put_specs(always_new);
    }
    Result<SpecInfo> spec(std::string_view catalog_id, std::string_view spec_name) override {
        auto info = inner().spec(catalog_id, spec_name);
        if (info) info->etag.erase(info->etag.find(mark));
        return info;
    }

private:
    static constexpr char mark = '\n';
    std::size_t writes_ = 0;
};

class OnlyTheContentCounts final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        std::vector<SpecWrite> writes(specs.begin(), specs.end());
        for (SpecWrite& write : writes) {
            const auto known = inner().spec(write.catalog_id, write.spec_name);
            if (!known || known->content_hash != write.content_hash) continue;
            write.source_kind = known->source_kind;
            write.source = known->source;
            write.etag = known->etag;
            write.base_path = known->base_path;
            write.title = known->title;
            write.description = known->description;
            write.text_version = known->text_version;
        }
        return inner().put_specs(writes);
    }
};

class RecordsDoNotCount final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        std::vector<SpecWrite> writes(specs.begin(), specs.end());
        for (SpecWrite& write : writes) {
            const auto known = inner().spec(write.catalog_id, write.spec_name);
            if (known && known->content_hash == write.content_hash) write.record = known->record;
        }
        return inner().put_specs(writes);
    }
};

class RenamedIsNew final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        std::vector<SpecWrite> writes(specs.begin(), specs.end());
        for (SpecWrite& write : writes) {
            const std::string from = std::exchange(write.renamed_from, {});
            if (!from.empty() && !inner().spec(write.catalog_id, write.spec_name))
                static_cast<void>(inner().delete_spec(write.catalog_id, from));
        }
        return inner().put_specs(writes);
    }
};

class RefreshesAreNotHeld final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<SpecInfo>> due_refreshes(std::size_t limit, std::chrono::milliseconds,
                                                std::chrono::milliseconds default_interval) override {
        return inner().due_refreshes(limit, std::chrono::milliseconds(0), default_interval);
    }
};

class DefaultIntervalIsIgnored final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<SpecInfo>> due_refreshes(std::size_t limit, std::chrono::milliseconds hold,
                                                std::chrono::milliseconds) override {
        return inner().due_refreshes(limit, hold, std::chrono::milliseconds(0));
    }
};

class NeverIsTheDefault final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        std::vector<SpecWrite> writes(specs.begin(), specs.end());
        for (SpecWrite& write : writes) {
            if (write.record.refresh == std::chrono::milliseconds(0)) write.record.refresh.reset();
        }
        return inner().put_specs(writes);
    }
};

class CheckingIsForgotten final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status checked(std::span<const SpecRef>) override { return {}; }
};

// --- enqueuing

class ReembedIsAWrite final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        std::vector<EnqueueRequest> others(requests.begin(), requests.end());
        for (EnqueueRequest& request : others) {
            if (request.kind == JobKind::reembed) request.kind = JobKind::spec_write;
        }
        return inner().enqueue(others);
    }
};

class CollapseUnreported final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        auto outcomes = inner().enqueue(requests);
        if (outcomes) std::ranges::replace(*outcomes, EnqueueOutcome::collapsed, EnqueueOutcome::created);
        return outcomes;
    }
};

class NoJobBehindARunningOne final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        auto outcomes = inner().enqueue(requests);
        if (!outcomes) return outcomes;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            const EnqueueRequest& request = requests[i];
            if ((*outcomes)[i] != EnqueueOutcome::created || !running(request.catalog_id, request.spec_name)) continue;
            cancel_one(jobs_of(request.catalog_id, request.spec_name).front().id);
            (*outcomes)[i] = EnqueueOutcome::collapsed;
        }
        return outcomes;
    }
};

class CollapseForgetsForce final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        std::vector<EnqueueRequest> weak(requests.begin(), requests.end());
        for (EnqueueRequest& request : weak) {
            if (pending(request.catalog_id, request.spec_name)) request.kind = JobKind::spec_write;
        }
        return inner().enqueue(weak);
    }
};

// Gives every spec that is enqueued while its job waits the answer without a look at when that job is due.
class CollapseKeepsTheBackoff : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        std::vector<EnqueueOutcome> outcomes;
        for (const EnqueueRequest& request : requests) {
            if (ignores(request.kind) && pending(request.catalog_id, request.spec_name)) {
                outcomes.push_back(EnqueueOutcome::collapsed);
                continue;
            }
            const auto outcome = inner().enqueue({&request, 1});
            if (!outcome) return outcome;
            outcomes.push_back(outcome->at(0));
        }
        return outcomes;
    }

protected:
    [[nodiscard]] virtual bool ignores(JobKind kind) const { return kind != JobKind::manual_retry; }
};

class RetryKeepsTheBackoff final : public CollapseKeepsTheBackoff {
public:
    using CollapseKeepsTheBackoff::CollapseKeepsTheBackoff;

protected:
    [[nodiscard]] bool ignores(JobKind kind) const override { return kind == JobKind::manual_retry; }
};

class EnqueueIgnoresTheGap final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        auto outcomes = inner().enqueue(requests);
        if (!outcomes) return outcomes;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            if ((*outcomes)[i] != EnqueueOutcome::none) continue;
            const EnqueueRequest always{requests[i].catalog_id, requests[i].spec_name, JobKind::manual_retry};
            (*outcomes)[i] = take(inner().enqueue({&always, 1})).at(0);
        }
        return outcomes;
    }
};

class EnqueueNotAtomic final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        std::vector<EnqueueOutcome> outcomes;
        for (const EnqueueRequest& request : requests) {
            const auto outcome = inner().enqueue({&request, 1});
            if (!outcome) return outcome;
            outcomes.push_back(outcome->at(0));
        }
        return outcomes;
    }
};

// --- claiming

class NewestFirst final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        auto jobs = inner().claim(request);
        if (jobs) std::ranges::reverse(*jobs);
        return jobs;
    }
};

class TextsUnbounded final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        ClaimRequest more = request;
        more.max_texts = 1'000'000;
        return inner().claim(more);
    }
};

class ClaimsWhatItCannotMake final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        ClaimRequest any = request;
        for (const CatalogInfo& info : take(inner().catalogs())) {
            if (info.target_profile)
                any.fingerprints.push_back(inner().profile(*info.target_profile).value().fingerprint);
        }
        return inner().claim(any);
    }
};

class NeighboursDragged final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        auto jobs = inner().claim(request);
        if (!jobs || jobs->size() != 1 || jobs->front().expiries < 2 || request.max_jobs < 2) return jobs;
        ClaimRequest rest = request;
        rest.max_jobs = request.max_jobs - 1;
        rest.allow_suspect = false;
        for (ClaimedJob& job : take(inner().claim(rest))) jobs->push_back(std::move(job));
        return jobs;
    }
};

class SuspectsForEveryone final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        ClaimRequest careless = request;
        careless.allow_suspect = true;
        return inner().claim(careless);
    }
};

class PageClaimsToBeTheLast final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<Result<MissingTexts>>> missing_texts(std::span<const MissingQuery> queries) override {
        auto pages = inner().missing_texts(queries);
        if (!pages) return pages;
        for (auto& page : *pages) {
            if (page) page->more = false;
        }
        return pages;
    }
};

// --- what an attempt is

class AttemptsUncounted final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit free = commit;
        for (JobReport& report : free.jobs) {
            if (report.outcome == JobOutcome::retry) report.outcome = JobOutcome::release;
        }
        return inner().commit(free);
    }
};

class ReleaseCounts final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit counted = commit;
        for (JobReport& report : counted.jobs) {
            if (report.outcome == JobOutcome::release) report.outcome = JobOutcome::retry;
        }
        return inner().commit(counted);
    }
};

class AnyVectorIsProgress final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit lenient = commit;
        for (JobReport& report : lenient.jobs) {
            if (report.outcome == JobOutcome::retry && !report.vectors.empty()) report.outcome = JobOutcome::release;
        }
        return inner().commit(lenient);
    }
};

class KillersLiveForever final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<ReapResult> reap(std::uint32_t) override { return inner().reap(1'000'000); }
};

class DelayForgotten final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit at_once = commit;
        for (JobReport& report : at_once.jobs) report.delay = std::chrono::milliseconds(0);
        return inner().commit(at_once);
    }
};

}  // namespace embedq::conformance::faults
