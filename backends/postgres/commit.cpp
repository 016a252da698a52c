// The commit: what the holders of jobs report, in one call (sql/commit.sql).
#include <algorithm>
#include <map>

#include "embedq/support/store_rules.h"
#include "queue.h"
#include "store.h"
#include "sync/mutex.h"

namespace embedq::postgres {
namespace {

// The profiles that a commit names, each once, numbered from 1.
class Profiles {
public:
    [[nodiscard]] std::int64_t number(const Sha256& id) {
        const auto [known, first] = numbers_.try_emplace(id, static_cast<std::int64_t>(numbers_.size()) + 1);
        if (first) ids_.push_back(id);
        return known->second;
    }
    [[nodiscard]] const std::vector<Sha256>& ids() const { return ids_; }

private:
    std::map<Sha256, std::int64_t> numbers_;
    std::vector<Sha256> ids_;
};

// The values of the type job_outcome in sql/commit.sql.
[[nodiscard]] std::string_view name_of(JobOutcome outcome) {
    switch (outcome) {
        case JobOutcome::progress: return "progress";
        case JobOutcome::succeeded: return "succeeded";
        case JobOutcome::failed: return "failed";
        case JobOutcome::retry: return "retry";
        case JobOutcome::release: return "release";
    }
    return "progress";
}

void add_reports(Parameters& parameters, const Commit& commit) {
    std::vector<JobRef> jobs;
    Array outcomes, errors, delays;
    for (const JobReport& report : commit.jobs) {
        jobs.push_back(report.job);
        outcomes.add(name_of(report.outcome));
        errors.add(report.error);
        delays.add(to_us(report.delay));
    }
    add_jobs(parameters, jobs);
    parameters.add(std::move(outcomes))
        .add(std::move(errors))
        .add(std::move(delays))
        .add(std::int64_t{commit.max_attempts});
}

// Which job reports which item: pairs of numbers.
void add_edges(Parameters& parameters, const Commit& commit, const std::vector<std::uint32_t> JobReport::* what) {
    Array jobs, items;
    for (std::size_t i = 0; i < commit.jobs.size(); ++i) {
        for (const std::uint32_t item : commit.jobs[i].*what) {
            jobs.add(static_cast<std::int64_t>(i) + 1);
            items.add(std::int64_t{item} + 1);
        }
    }
    parameters.add(std::move(jobs)).add(std::move(items));
}

void add_vectors(Parameters& parameters, const Commit& commit, Profiles& profiles) {
    Array numbers, hashes, as_of, cuts;
    std::string values = "\\x";
    for (const VectorWrite& vector : commit.vectors) {
        numbers.add(profiles.number(vector.profile_id));
        hashes.add(vector.text_hash);
        as_of.add(to_us(vector.as_of));
        cuts.add(std::int64_t{vector.cut_to});
        append_hex(values, std::as_bytes(vector.values));
    }
    parameters.add(std::move(numbers)).add(std::move(hashes)).add(std::move(as_of)).add(std::move(cuts));
    parameters.add_literal(std::move(values));
}

void add_refusals(Parameters& parameters, const Commit& commit, Profiles& profiles) {
    Array numbers, hashes, as_of, reasons;
    for (const RefusalWrite& refusal : commit.refusals) {
        numbers.add(profiles.number(refusal.profile_id));
        hashes.add(refusal.text_hash);
        as_of.add(to_us(refusal.as_of));
        reasons.add(refusal.reason);
    }
    parameters.add(std::move(numbers)).add(std::move(hashes)).add(std::move(as_of)).add(std::move(reasons));
}

}  // namespace

std::optional<std::size_t> PostgresStore::known_dimension(const Sha256& profile_id) {
    {
        const sync::Lock lock(mutex_);
        if (const auto known = dimensions_.find(profile_id); known != dimensions_.end()) return known->second;
    }
    const auto found = profile(profile_id);
    if (!found) {
        // That the profile cannot be read now is not the commit's fault.
        if (found.error().kind != ErrorKind::not_found) throw Failure{.error = found.error()};
        return std::nullopt;
    }
    const sync::Lock lock(mutex_);
    return dimensions_.emplace(profile_id, found->dimension).first->second;
}

Result<std::vector<bool>> PostgresStore::commit(const Commit& commit) {
    if (auto valid = check_commit(commit); !valid) return std::unexpected(valid.error());
    try {
        const auto dimension_of = [this](const Sha256& id) { return known_dimension(id); };
        if (auto valid = check_profiles(commit, dimension_of); !valid) return std::unexpected(valid.error());
    } catch (Failure& caught) {
        return std::unexpected(std::move(caught.error));
    }
    Profiles profiles;
    Parameters vectors, refusals, parameters;
    add_vectors(vectors, commit, profiles);
    add_refusals(refusals, commit, profiles);
    // The order of the parameters of commit_jobs.
    add_reports(parameters, commit);
    parameters.add(std::span(profiles.ids()));
    parameters.append(std::move(vectors));
    add_edges(parameters, commit, &JobReport::vectors);
    parameters.append(std::move(refusals));
    add_edges(parameters, commit, &JobReport::refusals);
    return pool_.call("commit_jobs", parameters,
                      [&](const Rows& rows) { return which_held(rows, commit.jobs.size()); });
}

}  // namespace embedq::postgres
