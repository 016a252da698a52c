#include "model.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace embedq::conformance {

const ModelText* Model::settled(const Sha256& profile_id, const ModelSpec& spec, const std::string& text) const {
    const auto found = texts.find({profile_id, text});
    if (found == texts.end()) return nullptr;
    const bool counts = !spec.force_from || found->second.at >= *spec.force_from;
    return counts ? &found->second : nullptr;
}

bool Model::has_gap(const ModelCatalog& catalog, const ModelSpec& spec) const {
    if (!catalog.target) return false;
    return std::ranges::any_of(spec.texts,
                               [&](const auto& text) { return settled(catalog.target->id, spec, text) == nullptr; });
}

bool Model::has_due_refusal(const ModelCatalog& catalog, const ModelSpec& spec, Time now) const {
    if (!catalog.target) return false;
    return std::ranges::any_of(spec.texts, [&](const auto& text) {
        const auto* found = settled(catalog.target->id, spec, text);
        return found != nullptr && found->refused && found->due <= now;
    });
}

bool Model::all_settled(const ModelCatalog& catalog) const {
    return std::ranges::none_of(catalog.specs, [&](const auto& spec) { return has_gap(catalog, spec.second); });
}

Settlement Model::settlement(const ModelCatalog& catalog) const {
    Settlement sum;
    std::set<std::string> distinct;
    std::set<std::string> vectors;
    std::set<std::string> cut;
    std::set<std::string> refused;
    std::set<std::string> missing;
    for (const auto& [name, spec] : catalog.specs) {
        ++sum.specs;
        sum.operations += spec.texts.size();
        for (const auto& text : spec.texts) {
            distinct.insert(text);
            const auto* found = catalog.target ? settled(catalog.target->id, spec, text) : nullptr;
            if (found == nullptr) {
                missing.insert(text);
            } else {
                (found->refused ? refused : vectors).insert(text);
                if (found->cut) cut.insert(text);
            }
        }
    }
    sum.distinct_texts = distinct.size();
    const auto not_missing = [&](const std::string& text) { return !missing.contains(text); };
    sum.vectors = static_cast<std::size_t>(std::ranges::count_if(vectors, not_missing));
    sum.refusals = static_cast<std::size_t>(std::ranges::count_if(refused, not_missing));
    sum.cut = static_cast<std::size_t>(std::ranges::count_if(cut, not_missing));
    return sum;
}

ModelJob* Model::pending(const std::string& catalog_id, const std::string& spec_name) {
    for (auto& [id, job] : jobs) {
        if (job.status == JobStatus::pending && job.catalog_id == catalog_id && job.spec_name == spec_name) return &job;
    }
    return nullptr;
}

std::size_t Model::running(const std::string& catalog_id, const std::string& spec_name) const {
    return static_cast<std::size_t>(std::ranges::count_if(jobs, [&](const auto& entry) {
        const ModelJob& job = entry.second;
        return job.status == JobStatus::running && job.catalog_id == catalog_id && job.spec_name == spec_name;
    }));
}

ModelSpec* Model::spec_of(const ModelJob& job) {
    auto& specs = catalogs.at(job.catalog_id).specs;
    const auto found = specs.find(job.spec_name);
    return found == specs.end() ? nullptr : &found->second;
}

bool Model::may_be_due(const ModelJob& job, JobKind kind, Time due, Time now) const {
    if (due == now) return true;
    const auto& target = catalogs.at(job.catalog_id).target;
    std::optional<Time> first;
    for (const auto& [id, other] : jobs) {
        const auto& its = catalogs.at(other.catalog_id).target;
        if (other.status != JobStatus::pending || !is_background(other.kind)) continue;
        if (target && its && its->id == target->id) first = std::min(first.value_or(other.due), other.due);
    }
    return !is_background(kind) && first && due < *first && due <= now;
}

std::vector<JobId> Model::claim(const ClaimRequest& request, Time now) {
    std::vector<const ModelJob*> due;
    for (const auto& [id, job] : jobs) {
        const auto& target = catalogs.at(job.catalog_id).target;
        const bool asked = target && std::ranges::count(request.fingerprints, target->fingerprint) > 0;
        const bool allowed = job.expiries < 2 || request.allow_suspect;
        if (job.status == JobStatus::pending && asked && allowed && job.due <= now) due.push_back(&job);
    }
    std::ranges::sort(due, {}, [](const ModelJob* job) { return std::tuple(job->due, job->id); });
    std::vector<JobId> claimed;
    std::size_t claimed_texts = 0;
    for (const ModelJob* job : due) {
        const bool suspect = job->expiries >= 2;
        if (suspect && claimed.empty()) return {job->id};
        if (suspect) continue;
        claimed_texts += spec_of(*job)->texts.size();
        if (claimed.size() == request.max_jobs || (!claimed.empty() && claimed_texts > request.max_texts)) break;
        claimed.push_back(job->id);
        if (claimed_texts >= request.max_texts) break;
    }
    return claimed;
}

bool Model::referred_to(const Sha256& profile_id, const std::string& text) const {
    return std::ranges::any_of(catalogs, [&](const auto& entry) {
        const ModelCatalog& catalog = entry.second;
        if (!(catalog.target && catalog.target->id == profile_id) && catalog.serving != profile_id) return false;
        return std::ranges::any_of(catalog.specs,
                                   [&](const auto& spec) { return std::ranges::count(spec.second.texts, text) > 0; });
    });
}

bool Model::write(const Sha256& profile_id, const std::string& text, const ModelText& written, const ModelSpec& spec,
                  Time now) {
    const auto* before = settled(profile_id, spec, text);
    const bool had_vector = before != nullptr && !before->refused;
    auto& row = texts.try_emplace({profile_id, text}, ModelText{Time::min(), true}).first->second;
    if (row.at >= written.at) return false;
    const std::uint32_t times = row.times;
    row = written;
    if (row.refused) {
        row.times = times + 1;
        row.due = now + std::min(std::chrono::minutes(5) * (std::int64_t{1} << std::min(times, 20U)),
                                 std::chrono::minutes(30 * 24 * 60));
    }
    return !row.refused && !had_vector;
}

bool Model::has_refusal(const ModelJob& job) {
    const ModelSpec* spec = spec_of(job);
    if (spec == nullptr) return false;
    return std::ranges::any_of(spec->texts, [&](const std::string& text) {
        const auto* found = settled(job.profile_id, *spec, text);
        return found != nullptr && found->refused;
    });
}

void Model::finish(ModelJob& job, JobStatus status, Time now) {
    using std::chrono::minutes;
    if (status == JobStatus::succeeded && has_refusal(job)) status = JobStatus::failed;
    job.status = status;
    job.completed = now;
    ModelSpec* spec = spec_of(job);
    if (spec == nullptr) return;
    if (status == JobStatus::succeeded) {
        spec->failures = 0;
        spec->parked_until.reset();
    }
    if (status == JobStatus::failed) {
        minutes parked(10);
        for (std::uint32_t i = 0; i < spec->failures && parked < minutes(360); ++i) parked *= 2;
        ++spec->failures;
        spec->parked_until = now + std::min(parked, minutes(360));
    }
}

}  // namespace embedq::conformance
