// Faults in what readers get: the change feed, revisions, counts, and answers about things that do not exist.
#pragma once

#include <algorithm>
#include <set>

#include "embedq/commit.h"
#include "embedq/status.h"
#include "embedq/store_types.h"
#include "faulty_store.h"

namespace embedq::conformance::faults {

class RevisionStandsStill final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        std::map<std::string, std::uint64_t> before;
        for (const std::string& id : catalog_ids()) before[id] = revision(id).value();
        auto kept = inner().commit(commit);
        for (const auto& [id, shown] : before) unseen_[id] = inner().revision(id).value() - shown;
        return kept;
    }
    Result<std::uint64_t> revision(std::string_view catalog_id) override {
        const auto real = inner().revision(catalog_id);
        if (!real) return real;
        const auto hidden = unseen_.find(catalog_id);
        return hidden == unseen_.end() ? *real : *real - hidden->second;
    }
    Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override {
        auto reported = inner().changes(catalog_id, since_revision);
        if (reported) reported->revision = revision(catalog_id).value();
        return reported;
    }

private:
    std::map<std::string, std::uint64_t, std::less<>> unseen_;  // how far vectors moved the revision of each catalog
};

class FeedReportsTheLastOnly final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override {
        auto reported = inner().changes(catalog_id, since_revision);
        if (reported && reported->specs.size() > 1)
            reported->specs.erase(reported->specs.begin(), reported->specs.end() - 1);
        return reported;
    }
};

// Leaves out the specs that share a text with the spec whose job stored its vector.
class FeedReportsTheJobsOwnSpec final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        std::set<std::pair<std::string, std::string>> own;
        for (const JobReport& report : commit.jobs) {
            if (const auto job = job_of(report.job.id)) own.emplace(job->catalog_id, job->spec_name);
        }
        std::map<std::string, std::uint64_t> before;
        for (const std::string& id : catalog_ids()) before[id] = inner().revision(id).value();
        auto kept = inner().commit(commit);
        for (const auto& [id, revision] : before) {
            const Changes reported = take(inner().changes(id, revision));
            for (const std::string& name : reported.specs) {
                if (own.contains({id, name})) {
                    unreported_.erase({id, name});
                } else {
                    unreported_.emplace(id, name);
                }
            }
        }
        return kept;
    }
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        for (const SpecWrite& write : specs) unreported_.erase({write.catalog_id, write.spec_name});
        return inner().put_specs(specs);
    }
    Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override {
        auto reported = inner().changes(catalog_id, since_revision);
        if (reported)
            std::erase_if(reported->specs, [&](const std::string& name) {
                return unreported_.contains({std::string(catalog_id), name});
            });
        return reported;
    }

private:
    std::set<std::pair<std::string, std::string>> unreported_;
};

class FeedHidesWhatWasPruned final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override {
        auto reported = inner().changes(catalog_id, since_revision);
        for (std::uint64_t since = since_revision; reported && reported->everything; ++since)
            reported = inner().changes(catalog_id, since);
        return reported;
    }
};

class RevisionStartsAgain final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<bool> put_catalog(const CatalogWrite& catalog) override {
        auto created = inner().put_catalog(catalog);
        if (created && *created) before_[catalog.catalog_id] = inner().revision(catalog.catalog_id).value() - 1;
        return created;
    }
    Result<std::vector<CatalogInfo>> catalogs() override {
        auto all = inner().catalogs();
        if (!all) return all;
        for (CatalogInfo& info : *all) info.revision -= before_[info.catalog_id];
        return all;
    }
    Result<std::uint64_t> revision(std::string_view catalog_id) override {
        auto real = inner().revision(catalog_id);
        if (real) *real -= before_[std::string(catalog_id)];
        return real;
    }
    Result<Changes> changes(std::string_view catalog_id, std::uint64_t since_revision) override {
        const std::uint64_t before = before_[std::string(catalog_id)];
        auto reported = inner().changes(catalog_id, since_revision + before);
        if (reported) reported->revision -= before;
        return reported;
    }

private:
    std::map<std::string, std::uint64_t> before_;
};

class CompletedBeforeStarted final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<Job>> jobs(const JobQuery& query) override {
        auto page = inner().jobs(query);
        if (!page) return page;
        for (Job& job : *page) {
            if (job.completed_at) job.completed_at = job.created_at;
        }
        return page;
    }
};

class VectorsAsASet final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes, const VectorVisitor& visit) override {
        return inner().vectors(profile_id, text_hashes, [&](std::size_t index, std::span<const float> values) {
            const auto first = std::ranges::find(text_hashes, text_hashes[index]) - text_hashes.begin();
            if (static_cast<std::size_t>(first) == index) visit(index, values);
        });
    }
};

class ForceIsForgottenByReaders final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                             std::span<const std::string> spec_names) override {
        auto rows = inner().statuses(catalog_id, spec_names);
        if (!rows) return rows;
        const auto all = take(inner().catalogs());
        const auto owner = std::ranges::find(all, catalog_id, &CatalogInfo::catalog_id);
        if (!owner->target_profile) return rows;
        for (SpecStatus& row : *rows) {
            std::vector<Sha256> hashes;
            inner()
                .operations(catalog_id, {&row.spec_name, 1},
                            [&](auto, const Operation& operation) { hashes.push_back(operation.text_hash); })
                .value();
            row.embedding_count = 0;
            inner().vectors(*owner->target_profile, hashes, [&](auto, auto) { ++row.embedding_count; }).value();
        }
        return rows;
    }
};

class CountsOfTheServingProfile final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) override {
        auto rows = inner().health(catalog_id);
        if (!rows) return rows;
        for (CatalogHealth& row : *rows) {
            const auto all = take(inner().catalogs());
            const auto owner = std::ranges::find(all, row.catalog_id, &CatalogInfo::catalog_id);
            if (owner->serving_profile == owner->target_profile || !owner->serving_profile) continue;
            std::vector<Sha256> hashes;
            inner()
                .operations(row.catalog_id, {},
                            [&](auto, const Operation& operation) { hashes.push_back(operation.text_hash); })
                .value();
            row.embedding_count = 0;
            inner().vectors(*owner->serving_profile, hashes, [&](auto, auto) { ++row.embedding_count; }).value();
        }
        return rows;
    }
};

class UnknownCatalogIsEmpty final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                             std::span<const std::string> spec_names) override {
        auto rows = inner().statuses(catalog_id, spec_names);
        if (!rows && rows.error().kind == ErrorKind::not_found) return std::vector<SpecStatus>{};
        return rows;
    }
};

class EmptySpecsAreNeverIndexed final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) override {
        auto rows = inner().health(catalog_id);
        if (!rows) return rows;
        for (CatalogHealth& row : *rows) {
            const auto specs = all_specs(row.catalog_id);
            row.specs_indexed -= static_cast<std::size_t>(std::ranges::count(specs, 0U, &SpecInfo::operation_count));
        }
        return rows;
    }
};

class FailedSpecsAreIndexed final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<CatalogHealth>> health(std::string_view catalog_id) override {
        auto rows = inner().health(catalog_id);
        if (!rows) return rows;
        for (CatalogHealth& row : *rows) row.specs_indexed += row.specs_failed;
        return rows;
    }
};

class DiagnosisIsAHeartbeat final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<Finding>> diagnose() override {
        (void)inner().extend({"doctor", "here", 1, "", 0}, {}, std::chrono::seconds(20));
        return inner().diagnose();
    }
};

class FaultWithoutAHint final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<Finding>> diagnose() override {
        return std::vector{Finding{FindingLevel::fault, "disk", "is full", ""}};
    }
};

}  // namespace embedq::conformance::faults
