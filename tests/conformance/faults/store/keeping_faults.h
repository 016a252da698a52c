// Faults in what is kept: vectors and refusals, profiles, gaps, history, endpoint states, and what is reported of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>

#include "embedq/commit.h"
#include "embedq/endpoint.h"
#include "embedq/maintenance.h"
#include "embedq/profile.h"
#include "embedq/store_types.h"
#include "faulty_store.h"

namespace embedq::conformance::faults {

// --- vectors and refusals

class VectorsDatedByArrival final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit dated = commit;
        for (VectorWrite& vector : dated.vectors) vector.as_of = now();
        return inner().commit(dated);
    }
};

class VectorsKeptAtTheEndOnly final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit last = commit;
        for (JobReport& report : last.jobs) {
            if (report.outcome == JobOutcome::progress) report.vectors.clear();
        }
        return inner().commit(last);
    }
};

// Changes the vectors of a commit on their way in.
class VectorsChanged : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit changed = commit;
        std::deque<std::vector<float>> values;
        for (VectorWrite& vector : changed.vectors) {
            auto& own = values.emplace_back(vector.values.begin(), vector.values.end());
            change(vector, own);
            vector.values = own;
        }
        return inner().commit(changed);
    }

protected:
    virtual void change(const VectorWrite& vector, std::vector<float>& values) = 0;
};

class NanAccepted final : public VectorsChanged {
public:
    using VectorsChanged::VectorsChanged;

protected:
    void change(const VectorWrite&, std::vector<float>& values) override {
        std::ranges::replace_if(values, [](float value) { return !std::isfinite(value); }, 1.0F);
    }
};

class DimensionUnchecked final : public VectorsChanged {
public:
    using VectorsChanged::VectorsChanged;

protected:
    void change(const VectorWrite& vector, std::vector<float>& values) override {
        if (const auto profile = inner().profile(vector.profile_id)) values.resize(profile->dimension, 1.0F);
    }
};

class CutsForgotten final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit whole = commit;
        for (VectorWrite& vector : whole.vectors) vector.cut_to = 0;
        return inner().commit(whole);
    }
};

// Every vector of a text that was cut once counts as cut.
class CutsStay final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit cut = commit;
        for (VectorWrite& vector : cut.vectors) {
            std::uint32_t& known = cuts_[{vector.profile_id, vector.text_hash}];
            if (vector.cut_to > 0) known = vector.cut_to;
            vector.cut_to = known;
        }
        return inner().commit(cut);
    }

private:
    std::map<std::pair<Sha256, Sha256>, std::uint32_t> cuts_;
};

// Counts every text that is cut under some profile, whether its vector counts or not.
class CutsOfWhatDoesNotCount final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        for (const VectorWrite& vector : commit.vectors) {
            if (vector.cut_to > 0) {
                cut_.insert(vector.text_hash);
            } else {
                cut_.erase(vector.text_hash);
            }
        }
        return inner().commit(commit);
    }
    Result<Settlement> settlement(std::string_view catalog_id, std::span<const std::string> spec_names) override {
        auto sum = inner().settlement(catalog_id, spec_names);
        if (!sum) return sum;
        std::set<Sha256> texts;
        inner()
            .operations(catalog_id, spec_names,
                        [&](auto, const Operation& operation) { texts.insert(operation.text_hash); })
            .value();
        sum->cut = static_cast<std::size_t>(
            std::ranges::count_if(texts, [this](const Sha256& text) { return cut_.contains(text); }));
        return sum;
    }

private:
    std::set<Sha256> cut_;
};

class RefusalIgnored final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit deaf = commit;
        for (JobReport& report : deaf.jobs) report.refusals.clear();
        return inner().commit(deaf);
    }
};

class AskedAgainNever final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        for (const RefusalWrite& refusal : commit.refusals) refused_.insert(refusal.text_hash);
        return inner().commit(commit);
    }
    Result<std::vector<Result<MissingTexts>>> missing_texts(std::span<const MissingQuery> queries) override {
        auto pages = inner().missing_texts(queries);
        for (auto& page : *pages) {
            if (!page) continue;
            std::erase_if(page->texts, [this](const MissingText& text) { return refused_.contains(text.text_hash); });
        }
        return pages;
    }

private:
    std::set<Sha256> refused_;
};

class AVectorLeavesTheRefusal final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        for (const RefusalWrite& refusal : commit.refusals) refused_.insert(refusal.text_hash);
        return inner().commit(commit);
    }
    Result<Settlement> settlement(std::string_view catalog_id, std::span<const std::string> spec_names) override {
        auto sum = inner().settlement(catalog_id, spec_names);
        if (sum) sum->refusals = refused_.size();
        return sum;
    }

private:
    std::set<Sha256> refused_;
};

// --- profiles

class FlipsEarly final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<CatalogInfo>> catalogs() override {
        auto all = inner().catalogs();
        if (!all) return all;
        for (CatalogInfo& info : *all) info.serving_profile = info.target_profile;
        return all;
    }
};

class RunningJobChangesItsProfile final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<Result<MissingTexts>>> missing_texts(std::span<const MissingQuery> queries) override {
        auto pages = inner().missing_texts(queries);
        if (!pages) return pages;
        for (std::size_t i = 0; i < queries.size(); ++i) {
            const auto job = job_of(queries[i].job.id);
            if (!(*pages)[i] || !job) continue;
            const auto catalogs = inner().catalogs().value();
            const auto owner = std::ranges::find(catalogs, job->catalog_id, &CatalogInfo::catalog_id);
            if (owner->target_profile) (*pages)[i]->profile_id = *owner->target_profile;
        }
        return pages;
    }
};

class TargetsNotAtomic final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::size_t> set_targets(std::span<const CatalogTarget> targets) override {
        std::size_t changed = 0;
        for (const CatalogTarget& target : targets) {
            const auto one = inner().set_targets({&target, 1});
            if (!one) return one;
            changed += *one;
        }
        return changed;
    }
};

class CloneEnqueuesAll final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status clone_catalog(std::string_view source_id, const CatalogWrite& target) override {
        if (auto cloned = inner().clone_catalog(source_id, target); !cloned) return cloned;
        for (const SpecInfo& spec : all_specs(target.catalog_id)) {
            const EnqueueRequest request{spec.catalog_id, spec.spec_name, JobKind::manual_retry};
            inner().enqueue({&request, 1}).value();
        }
        return {};
    }
};

class CloneWithoutOperations final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status clone_catalog(std::string_view source_id, const CatalogWrite& target) override {
        clones_.insert(target.catalog_id);
        return inner().clone_catalog(source_id, target);
    }
    Status operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                      const OperationVisitor& visit) override {
        if (clones_.contains(std::string(catalog_id))) return {};
        return inner().operations(catalog_id, spec_names, visit);
    }

private:
    std::set<std::string> clones_;
};

class CloneForgetsItsGaps final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status clone_catalog(std::string_view source_id, const CatalogWrite& target) override {
        if (auto cloned = inner().clone_catalog(source_id, target); !cloned) return cloned;
        for (const SpecInfo& spec : all_specs(target.catalog_id)) {
            for (const Job& job : jobs_of(spec.catalog_id, spec.spec_name)) cancel_one(job.id);
        }
        return {};
    }
};

// --- gaps

class ReconcileTrustsTheJobs final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<ReconcileResult> reconcile(std::string_view catalog_id) override {
        auto result = inner().reconcile(catalog_id);
        if (!result) return result;
        for (const SpecInfo& spec : all_specs(catalog_id)) {
            const auto jobs = jobs_of(spec.catalog_id, spec.spec_name);
            const bool trusted = jobs.size() > 1 && jobs[0].status == JobStatus::pending &&
                                 jobs[0].kind == JobKind::reconciler && jobs[1].status == JobStatus::succeeded;
            if (!trusted) continue;
            cancel_one(jobs[0].id);
            --result->enqueued;
            --result->gaps;
        }
        return result;
    }
};

class ReconcileEager final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<ReconcileResult> reconcile(std::string_view catalog_id) override {
        auto result = inner().reconcile(catalog_id);
        if (!result) return result;
        for (const SpecInfo& spec : all_specs(catalog_id)) {
            if (running(spec.catalog_id, spec.spec_name) || pending(spec.catalog_id, spec.spec_name) ||
                spec.parked_until)
                continue;
            const EnqueueRequest request{spec.catalog_id, spec.spec_name, JobKind::manual_retry};
            if (inner().enqueue({&request, 1}).value().at(0) == EnqueueOutcome::created) ++result->enqueued;
        }
        return result;
    }
};

class ParkingIgnored final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<ReconcileResult> reconcile(std::string_view catalog_id) override {
        auto result = inner().reconcile(catalog_id);
        if (!result) return result;
        for (const SpecInfo& spec : all_specs(catalog_id)) {
            if (!spec.parked_until || running(spec.catalog_id, spec.spec_name) ||
                pending(spec.catalog_id, spec.spec_name))
                continue;
            const EnqueueRequest request{spec.catalog_id, spec.spec_name, JobKind::reconciler};
            if (inner().enqueue({&request, 1}).value().at(0) == EnqueueOutcome::created) ++result->enqueued;
        }
        return result;
    }
};

// --- history

class HistoryCascades final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<Job>> jobs(const JobQuery& query) override {
        auto page = inner().jobs(query);
        if (page) std::erase_if(*page, [this](const Job& job) { return !inner().spec(job.catalog_id, job.spec_name); });
        return page;
    }
};

class PruneTakesOpenJobs final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<PruneResult> prune(const PruneRequest& request) override {
        JobQuery waiting;
        waiting.status = JobStatus::pending;
        waiting.limit = request.limit;
        for (const Job& job : take(inner().jobs(waiting))) {
            if (job.created_at >= now() - request.older_than) continue;
            cancel_one(job.id);
            gone_.insert(job.id);
        }
        return inner().prune(request);
    }
    Result<std::vector<Job>> jobs(const JobQuery& query) override {
        auto page = inner().jobs(query);
        if (page) std::erase_if(*page, [this](const Job& job) { return gone_.contains(job.id); });
        return page;
    }

private:
    std::set<JobId> gone_;
};

class PruneForgetsTheAge final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<PruneResult> prune(const PruneRequest& request) override {
        return inner().prune({std::chrono::milliseconds(-1), request.limit});
    }
};

class PruneUnbounded final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<PruneResult> prune(const PruneRequest& request) override {
        return inner().prune({request.older_than, 1'000'000});
    }
};

class EndpointKeepsItsFirstPause final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status put_endpoint_states(std::span<const EndpointState> states) override {
        std::vector<EndpointState> fresh(states.begin(), states.end());
        const auto cooling = inner().endpoint_states().value();
        std::erase_if(fresh, [&](const EndpointState& state) {
            return state.cool_down > std::chrono::milliseconds(0) &&
                   std::ranges::count(cooling, state.endpoint, &EndpointState::endpoint) > 0;
        });
        return inner().put_endpoint_states(fresh);
    }
};

class PauseKindForgotten final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status put_endpoint_states(std::span<const EndpointState> states) override {
        std::vector<EndpointState> changed(states.begin(), states.end());
        for (EndpointState& state : changed) state.kind = PauseKind::throttled;
        return inner().put_endpoint_states(changed);
    }
};

}  // namespace embedq::conformance::faults
