// Reading: what ranking loads, and what people look at.
#include <algorithm>
#include <optional>
#include <set>

#include "embedq/support/store_rules.h"
#include "memory_store.h"

namespace embedq::memory {
namespace {

// Calls visit(spec) for the named specs that exist, or all when none is named, in order of name.
template <class Visit>
void for_specs(const CatalogRow& catalog, std::span<const std::string> names, Visit&& visit) {
    if (names.empty()) {
        for (const auto& [name, spec] : catalog.specs) visit(spec);
        return;
    }
    for (const std::string_view name : std::set<std::string_view>(names.begin(), names.end())) {
        if (const auto found = catalog.specs.find(name); found != catalog.specs.end()) visit(found->second);
    }
}

struct Counts {
    std::size_t vectors = 0;
    std::size_t refusals = 0;
};

// By operation, so that a text that two operations share counts twice.
Counts count_operations(const ProfileRow* target, const SpecRow& spec) {
    Counts counts;
    if (target == nullptr) return counts;
    for (const Operation& operation : spec.operations) {
        const SettledText* text = State::settled(*target, spec, operation.text_hash);
        if (text == nullptr) continue;
        ++(text->refused() ? counts.refusals : counts.vectors);
    }
    return counts;
}

CatalogHealth health_of(const State& state, const CatalogRow& catalog) {
    CatalogHealth health;
    health.catalog_id = catalog.info.catalog_id;
    const ProfileRow* target = state.target_of(catalog);
    for (const auto& [name, spec] : catalog.specs) {
        const Counts counts = count_operations(target, spec);
        ++health.specs_total;
        health.operation_count += spec.operations.size();
        health.embedding_count += counts.vectors;
        health.operations_left_out += spec.info.record.operations_left_out;
        const auto newest = spec.newest ? std::optional(state.jobs.at(*spec.newest).job.status) : std::nullopt;
        if (newest == JobStatus::pending) {
            ++health.specs_pending;
        } else if (newest == JobStatus::running) {
            ++health.specs_running;
        } else if (newest == JobStatus::failed) {
            ++health.specs_failed;
        } else if (counts.vectors + counts.refusals == spec.operations.size()) {
            ++health.specs_indexed;
        }
    }
    return health;
}

bool matches(const Job& job, const JobQuery& query) {
    if (query.catalog_id && job.catalog_id != *query.catalog_id) return false;
    if (query.spec_name && job.spec_name != *query.spec_name) return false;
    if (query.status && job.status != *query.status) return false;
    if (query.id && job.id != *query.id) return false;
    return true;
}

// The smallest index that has every match, or nullptr when only the whole history does.
const std::set<JobId>* narrowest(const State& state, const JobQuery& query) {
    static const std::set<JobId> none;
    const auto in = [](const auto& index, const auto& key) {
        const auto found = index.find(key);
        return found == index.end() ? &none : &found->second;
    };
    if (query.catalog_id && query.spec_name)
        return in(state.jobs_by_spec, SpecKey{*query.catalog_id, *query.spec_name});
    const std::set<JobId>* best = query.catalog_id ? in(state.jobs_by_catalog, *query.catalog_id) : nullptr;
    if (!query.status) return best;
    const std::set<JobId>* of_status = in(state.jobs_by_status, *query.status);
    return best == nullptr || of_status->size() < best->size() ? of_status : best;
}

}  // namespace

Result<std::uint64_t> MemoryStore::revision(std::string_view catalog_id) {
    const sync::Lock lock(mutex_);
    auto catalog = state_.catalog(catalog_id);
    if (!catalog) return std::unexpected(catalog.error());
    return (*catalog)->revision;
}

Result<Changes> MemoryStore::changes(std::string_view catalog_id, std::uint64_t since_revision) {
    const sync::Lock lock(mutex_);
    auto found = state_.catalog(catalog_id);
    if (!found) return std::unexpected(found.error());
    const CatalogRow& catalog = **found;
    Changes changes{catalog.revision, since_revision < catalog.feed_floor, {}};
    if (changes.everything) return changes;
    for (auto row = catalog.feed.upper_bound(since_revision); row != catalog.feed.end(); ++row) {
        changes.specs.push_back(row->second.spec_name);
    }
    return changes;
}

Status MemoryStore::operations(std::string_view catalog_id, std::span<const std::string> spec_names,
                               const OperationVisitor& visit) {
    const sync::Lock lock(mutex_);
    auto catalog = state_.catalog(catalog_id);
    if (!catalog) return std::unexpected(catalog.error());
    for_specs(**catalog, spec_names, [&](const SpecRow& spec) {
        for (const Operation& operation : spec.operations) visit(spec.info.spec_name, operation);
    });
    return {};
}

Status MemoryStore::vectors(const Sha256& profile_id, std::span<const Sha256> text_hashes, const VectorVisitor& visit) {
    const sync::Lock lock(mutex_);
    const auto profile = state_.profiles.find(profile_id);
    if (profile == state_.profiles.end()) return no_such_profile();
    const auto& texts = profile->second.texts;
    for (std::size_t i = 0; i < text_hashes.size(); ++i) {
        const auto found = texts.find(text_hashes[i]);
        if (found != texts.end() && !found->second.refused()) visit(i, found->second.values);
    }
    return {};
}

Result<std::vector<SpecStatus>> MemoryStore::statuses(std::string_view catalog_id,
                                                      std::span<const std::string> spec_names) {
    const sync::Lock lock(mutex_);
    auto catalog = state_.catalog(catalog_id);
    if (!catalog) return std::unexpected(catalog.error());
    const ProfileRow* target = state_.target_of(**catalog);
    std::vector<SpecStatus> rows;
    const auto& jobs = state_.jobs;
    for_specs(**catalog, spec_names, [&](const SpecRow& spec) {
        const Counts counts = count_operations(target, spec);
        SpecStatus& status =
            rows.emplace_back(spec.info.spec_name, spec.operations.size(), counts.vectors, counts.refusals);
        if (spec.newest) status.job = jobs.at(*spec.newest).job;
    });
    return rows;
}

Result<std::vector<CatalogHealth>> MemoryStore::health(std::string_view catalog_id) {
    const sync::Lock lock(mutex_);
    std::vector<CatalogHealth> rows;
    if (!catalog_id.empty()) {
        auto catalog = state_.catalog(catalog_id);
        if (!catalog) return std::unexpected(catalog.error());
        rows.push_back(health_of(state_, **catalog));
        return rows;
    }
    for (const auto& [id, catalog] : state_.catalogs) rows.push_back(health_of(state_, catalog));
    return rows;
}

Result<Settlement> MemoryStore::settlement(std::string_view catalog_id, std::span<const std::string> spec_names) {
    const sync::Lock lock(mutex_);
    auto catalog = state_.catalog(catalog_id);
    if (!catalog) return std::unexpected(catalog.error());
    const ProfileRow* target = state_.target_of(**catalog);
    Settlement sum;
    // A text that a forced spec still waits for is missing, though it may count for another spec.
    std::map<Sha256, const SettledText*> texts;
    for_specs(**catalog, spec_names, [&](const SpecRow& spec) {
        ++sum.specs;
        sum.operations += spec.operations.size();
        for (const Operation& operation : spec.operations) {
            const SettledText* text = target == nullptr ? nullptr : State::settled(*target, spec, operation.text_hash);
            const auto [known, fresh] = texts.try_emplace(operation.text_hash, text);
            if (text == nullptr) known->second = nullptr;
        }
    });
    sum.distinct_texts = texts.size();
    for (const auto& [hash, text] : texts) {
        if (text == nullptr) continue;
        ++(text->refused() ? sum.refusals : sum.vectors);
        if (text->cut_to > 0) ++sum.cut;
    }
    return sum;
}

Result<Workload> MemoryStore::workload(std::string_view catalog_id, const Sha256& profile_id) {
    const sync::Lock lock(mutex_);
    auto catalog = state_.catalog(catalog_id);
    if (!catalog) return std::unexpected(catalog.error());
    const auto profile = state_.profiles.find(profile_id);
    std::map<Sha256, std::pair<std::size_t, bool>> texts;  // bytes, and whether all specs have it
    const bool known_profile = profile != state_.profiles.end();
    for_specs(**catalog, {}, [&](const SpecRow& spec) {
        for (const Operation& operation : spec.operations) {
            const bool has = known_profile && State::settled(profile->second, spec, operation.text_hash) != nullptr;
            const auto known = texts.try_emplace(operation.text_hash, operation.text.size(), true).first;
            known->second.second = known->second.second && has;
        }
    });
    Workload sum;
    for (const auto& [hash, text] : texts) {
        ++sum.texts;
        sum.bytes += text.first;
        if (!text.second) continue;
        ++sum.settled_texts;
        sum.settled_bytes += text.first;
    }
    return sum;
}

Result<std::vector<Job>> MemoryStore::jobs(const JobQuery& query) {
    const sync::Lock lock(mutex_);
    std::vector<Job> page;
    const auto take = [&](const Job& job) {
        if (matches(job, query)) page.push_back(job);
        return page.size() < query.limit;
    };
    if (query.limit == 0) return page;
    if (query.id) {
        const auto found = state_.jobs.find(*query.id);
        if (found != state_.jobs.end() && (!query.before || *query.id < *query.before)) take(found->second.job);
        return page;
    }
    if (const std::set<JobId>* ids = narrowest(state_, query); ids != nullptr) {
        auto id = std::make_reverse_iterator(query.before ? ids->lower_bound(*query.before) : ids->end());
        while (id != ids->rend() && take(state_.jobs.at(*id).job)) ++id;
        return page;
    }
    auto row = std::make_reverse_iterator(query.before ? state_.jobs.lower_bound(*query.before) : state_.jobs.end());
    while (row != state_.jobs.rend() && take(row->second.job)) ++row;
    return page;
}

Result<std::vector<WorkerInfo>> MemoryStore::workers() {
    const sync::Lock lock(mutex_);
    std::vector<WorkerInfo> all;
    all.reserve(state_.workers.size());
    for (const auto& [id, worker] : state_.workers) all.push_back(worker);
    return all;
}

Result<std::uint64_t> MemoryStore::change_stamp() {
    const sync::Lock lock(mutex_);
    return state_.stamp;
}

Result<std::vector<Finding>> MemoryStore::diagnose() {
    return std::vector{Finding{FindingLevel::note, "persistence",
                               "nothing outlives the process: catalogs, jobs and vectors end with it",
                               "to keep them, name another store under `store:`, such as `plugin: sqlite`"}};
}

}  // namespace embedq::memory
