// Faults in who holds a job: tokens, leases, heartbeats, and late commits.
#pragma once

#include <algorithm>

#include "embedq/commit.h"
#include "embedq/maintenance.h"
#include "embedq/store_types.h"
#include "faulty_store.h"

namespace embedq::conformance::faults {

class NoFencing final : public KnowsHolders {
public:
    using KnowsHolders::KnowsHolders;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit by_id = commit;
        for (JobReport& report : by_id.jobs) report.job = as_holder(report.job);
        return inner().commit(by_id);
    }
};

class ExtendUnfenced final : public KnowsHolders {
public:
    using KnowsHolders::KnowsHolders;
    Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                     std::chrono::milliseconds lease) override {
        std::vector<JobRef> by_id;
        for (const JobRef& job : jobs) by_id.push_back(as_holder(job));
        return inner().extend(worker, by_id, lease);
    }
};

class ReadsUnfenced final : public KnowsHolders {
public:
    using KnowsHolders::KnowsHolders;
    Result<std::vector<Result<MissingTexts>>> missing_texts(std::span<const MissingQuery> queries) override {
        std::vector<MissingQuery> by_id(queries.begin(), queries.end());
        for (MissingQuery& query : by_id) query.job = as_holder(query.job);
        return inner().missing_texts(by_id);
    }
};

class TokenComparedInPart final : public KnowsHolders {
public:
    using KnowsHolders::KnowsHolders;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        Commit half = commit;
        for (JobReport& report : half.jobs) {
            const JobRef holder = as_holder(report.job);
            if (std::equal(holder.token.begin(), holder.token.begin() + 8, report.job.token.begin()))
                report.job = holder;
        }
        return inner().commit(half);
    }
};

// Gives the store a generator that starts again with each claim.
class ReseededContext final : public Context {
public:
    explicit ReseededContext(Context& context) : context_(context) {}
    [[nodiscard]] std::string_view name() const noexcept override { return context_.name(); }
    [[nodiscard]] Logger& logger() noexcept override { return context_.logger(); }
    [[nodiscard]] const Clock& clock() const noexcept override { return context_.clock(); }
    [[nodiscard]] std::uint64_t random() noexcept override { return 4; }
    [[nodiscard]] std::optional<std::string> store_option(std::string_view name) const override {
        return context_.store_option(name);
    }

private:
    Context& context_;
};

class TokensRepeat final : public FaultyStore {
public:
    explicit TokensRepeat(Context& context) : TokensRepeat(context, std::make_unique<ReseededContext>(context)) {}
    ~TokensRepeat() override = default;

private:
    TokensRepeat(Context& context, std::unique_ptr<ReseededContext> reseeded)
        : FaultyStore(context, memory::make_store(*reseeded)), reseeded_(std::move(reseeded)) {}
    std::unique_ptr<ReseededContext> reseeded_;
};

// A clock by which time goes back when the wall clock does.
class WallContext final : public Context {
public:
    explicit WallContext(Context& context) : context_(context), clock_(context.clock()) {}
    [[nodiscard]] std::string_view name() const noexcept override { return context_.name(); }
    [[nodiscard]] Logger& logger() noexcept override { return context_.logger(); }
    [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
    [[nodiscard]] std::uint64_t random() noexcept override { return context_.random(); }
    [[nodiscard]] std::optional<std::string> store_option(std::string_view name) const override {
        return context_.store_option(name);
    }

private:
    class WallClock final : public Clock {
    public:
        explicit WallClock(const Clock& clock) : clock_(clock) {}
        [[nodiscard]] Steady now() const noexcept override { return Steady(clock_.wall().time_since_epoch()); }
        [[nodiscard]] Wall wall() const noexcept override { return clock_.wall(); }

    private:
        const Clock& clock_;
    };
    Context& context_;
    const WallClock clock_;
};

class BelievesAClockSetBack final : public FaultyStore {
public:
    explicit BelievesAClockSetBack(Context& context)
        : BelievesAClockSetBack(context, std::make_unique<WallContext>(context)) {}
    ~BelievesAClockSetBack() override = default;

private:
    BelievesAClockSetBack(Context& context, std::unique_ptr<WallContext> wall)
        : FaultyStore(context, memory::make_store(*wall)), wall_(std::move(wall)) {}
    std::unique_ptr<WallContext> wall_;
};

class DoubleLease final : public KnowsHolders {
public:
    using KnowsHolders::KnowsHolders;
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        auto jobs = KnowsHolders::claim(request);
        if (!jobs || !jobs->empty() || request.max_jobs == 0) return jobs;
        for (const auto& [id, job] : holders()) {
            const bool asked_for =
                std::ranges::find(request.fingerprints, job.fingerprint) != request.fingerprints.end();
            if (!asked_for || !is_held(job.ref)) continue;
            jobs->push_back(job);
            break;
        }
        return jobs;
    }
};

class CancelSparesRunningJobs final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::size_t> cancel(std::span<const JobId> jobs) override {
        std::vector<JobId> pending(jobs.begin(), jobs.end());
        std::erase_if(pending, [this](JobId id) {
            const auto job = job_of(id);
            return job && job->status == JobStatus::running;
        });
        inner().cancel(pending).value();
        return jobs.size();
    }
};

class OneLostReportSpoilsAll final : public KnowsHolders {
public:
    using KnowsHolders::KnowsHolders;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        const bool all_held =
            std::ranges::all_of(commit.jobs, [this](const JobReport& report) { return is_held(report.job); });
        if (!all_held) return std::vector<bool>(commit.jobs.size(), false);
        return inner().commit(commit);
    }
};

class LostReportKeepsVectors final : public KnowsHolders {
public:
    using KnowsHolders::KnowsHolders;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        auto kept = inner().commit(commit);
        if (!kept) return kept;
        Commit late{commit.vectors, {}, {}, commit.max_attempts};
        for (std::size_t i = 0; i < kept->size(); ++i) {
            if ((*kept)[i]) continue;
            const JobReport& lost = commit.jobs[i];
            late.jobs.push_back({as_holder(lost.job), JobOutcome::progress, {}, {}, lost.vectors, {}});
        }
        inner().commit(late).value();
        return kept;
    }
};

class LateResultsKept final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        auto kept = inner().commit(commit);
        if (!kept) return kept;
        for (std::size_t i = 0; i < kept->size(); ++i) {
            if ((*kept)[i]) continue;
            const auto job = job_of(commit.jobs[i].job.id);
            if (!job || inner().spec(job->catalog_id, job->spec_name)) continue;
            for (const auto index : commit.jobs[i].vectors) {
                const VectorWrite& vector = commit.vectors[index];
                late_[{vector.profile_id, vector.text_hash}].assign(vector.values.begin(), vector.values.end());
            }
        }
        return kept;
    }
    Status vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes, const VectorVisitor& visit) override {
        for (std::size_t i = 0; i < text_hashes.size(); ++i) {
            if (const auto found = late_.find({profile_id, text_hashes[i]}); found != late_.end())
                visit(i, found->second);
        }
        return inner().vectors(profile_id, text_hashes, visit);
    }

private:
    std::map<std::pair<Sha256, Sha256>, std::vector<float>> late_;
};

class HeartbeatDoesNotExtend final : public KnowsHolders {
public:
    using KnowsHolders::KnowsHolders;
    Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                     std::chrono::milliseconds lease) override {
        inner().extend(worker, {}, lease).value();
        std::vector<bool> held;
        for (const JobRef& ref : jobs) held.push_back(is_held(ref));
        return held;
    }
};

class LeasesCutShort final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        ClaimRequest shorter = request;
        shorter.lease = request.lease / 2;
        return inner().claim(shorter);
    }
};

class ReapForgets final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<ReapResult> reap(std::uint32_t) override { return ReapResult{}; }
};

class NextDueForgetsLeases final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<NextDue> next_due(std::span<const Sha256> fingerprints) override {
        auto next = inner().next_due(fingerprints);
        if (next) next->lease_expiry.reset();
        return next;
    }
};

class NextDueHidesSuspects final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<NextDue> next_due(std::span<const Sha256> fingerprints) override {
        auto next = inner().next_due(fingerprints);
        if (next) next->suspect.reset();
        return next;
    }
};

class NextDueTakesAllForSuspects final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<NextDue> next_due(std::span<const Sha256> fingerprints) override {
        auto next = inner().next_due(fingerprints);
        if (next) next->suspect = next->pending;
        return next;
    }
};

class NextDueOfEveryProfile final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<NextDue> next_due(std::span<const Sha256>) override {
        std::vector<Sha256> all;
        for (const CatalogInfo& info : take(inner().catalogs())) {
            if (info.target_profile) all.push_back(inner().profile(*info.target_profile).value().fingerprint);
        }
        return inner().next_due(all);
    }
};

class HeartbeatReplacesTheWorker final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<WorkerInfo>> workers() override {
        auto all = inner().workers();
        if (!all) return all;
        for (WorkerInfo& worker : *all) worker.started_at = worker.seen_at;
        return all;
    }
};

class StoppedWorkersStay final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                     std::chrono::milliseconds lease) override {
        WorkerReport alive = worker;
        alive.stopped = false;
        return inner().extend(alive, jobs, lease);
    }
};

// As long as history does: what it was reported to have is reported again.
class KilledWorkersStay final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<WorkerInfo>> workers() override {
        for (const WorkerInfo& worker : take(inner().workers()))
            seen_.insert_or_assign(worker.report.worker_id, worker);
        std::vector<WorkerInfo> all;
        for (const auto& [id, worker] : seen_) all.push_back(worker);
        return all;
    }

private:
    std::map<std::string, WorkerInfo> seen_;
};

}  // namespace embedq::conformance::faults
