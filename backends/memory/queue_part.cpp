// The queue: enqueuing, claiming, holding and what a holder asks.
#include <algorithm>
#include <cstring>
#include <set>

#include "embedq/support/store_rules.h"
#include "memory_store.h"

namespace embedq::memory {
namespace {

using std::chrono::ceil;
using std::chrono::milliseconds;

// The next pending job of several fingerprints in order of due time, then id; nullptr when none is due.
const PendingKey* first_due(const std::set<PendingKey>& pending, const std::set<Sha256>& fingerprints, bool suspect,
                            Time now) {
    const PendingKey* first = nullptr;
    for (const Sha256& fingerprint : fingerprints) {
        const auto found = pending.lower_bound(PendingKey{fingerprint, suspect, Time::min(), 0});
        if (found == pending.end() || found->fingerprint != fingerprint || found->suspect != suspect ||
            found->due > now)
            continue;
        if (first == nullptr || std::tie(found->due, found->id) < std::tie(first->due, first->id)) first = &*found;
    }
    return first;
}

std::set<Sha256> distinct(std::span<const Sha256> fingerprints) {
    std::set<Sha256> all(fingerprints.begin(), fingerprints.end());
    all.erase(Sha256{});  // stands for "no target profile"
    return all;
}

ClaimedJob claimed_job(const JobRow& row, const SpecRow& spec) {
    const Job& job = row.job;
    return {{job.id, row.token}, job.catalog_id, job.spec_name, job.kind,
            row.fingerprint,     job.attempts,   job.expiries,  spec.operations.size()};
}

// One page of what the held job still needs, in order of position.
MissingTexts missing_page(const ProfileRow& profile, const SpecRow& spec, const MissingQuery& query, Time now) {
    MissingTexts page{profile.profile.id, now, spec.force_from, {}, false};
    std::size_t bytes = 0;
    for (auto i = static_cast<std::size_t>(query.after_position + 1); i < spec.operations.size(); ++i) {
        const Operation& operation = spec.operations[i];
        const SettledText* settled = State::settled(profile, spec, operation.text_hash);
        if (!spec.first_of_text[i] || (settled != nullptr && !settled->due(now))) continue;
        const bool full = page.texts.size() >= query.max_texts || bytes + operation.text.size() > query.max_bytes;
        if (full && !page.texts.empty()) {
            page.more = true;
            break;
        }
        bytes += operation.text.size();
        page.texts.push_back(
            {static_cast<std::int64_t>(i), operation.operation_id, operation.text_hash, operation.text});
    }
    return page;
}

}  // namespace

LeaseToken MemoryStore::new_token() {
    const std::array<std::uint64_t, 2> bits{context_.random(), context_.random()};
    LeaseToken token;
    static_assert(sizeof bits == sizeof token);
    std::memcpy(token.data(), bits.data(), sizeof token);
    return token;
}

Result<std::vector<EnqueueOutcome>> MemoryStore::enqueue(std::span<const EnqueueRequest> requests) {
    const sync::Lock lock(mutex_);
    for (const EnqueueRequest& request : requests) {
        if (auto found = state_.spec(request.catalog_id, request.spec_name); !found)
            return std::unexpected(found.error());
    }
    ++state_.stamp;
    std::vector<EnqueueOutcome> outcomes;
    outcomes.reserve(requests.size());
    for (const EnqueueRequest& request : requests) {
        CatalogRow& catalog = **state_.catalog(request.catalog_id);
        SpecRow& spec = **state_.spec(request.catalog_id, request.spec_name);
        if (!catalog.info.target_profile || spec.operations.empty()) {
            outcomes.push_back(EnqueueOutcome::none);
            continue;
        }
        if (request.kind == JobKind::manual_retry) {
            spec.force_from = now();
            spec.failures = 0;
            spec.info.parked_until.reset();
        }
        // A retry was requested even if the present vectors were written at this same instant.
        const bool wanted = request.kind == JobKind::manual_retry || state_.has_gap(catalog, spec);
        outcomes.push_back(wanted ? state_.enqueue(catalog, spec, request.kind, now()) : EnqueueOutcome::none);
    }
    return outcomes;
}

Result<std::size_t> MemoryStore::cancel(std::span<const JobId> jobs) {
    const sync::Lock lock(mutex_);
    ++state_.stamp;
    std::size_t open = 0;
    for (const JobId id : jobs) {
        const auto found = state_.jobs.find(id);
        if (found == state_.jobs.end() || found->second.job.completed_at) continue;
        state_.finish(found->second, JobStatus::cancelled, now());
        ++open;
    }
    return open;
}

Result<std::vector<ClaimedJob>> MemoryStore::claim(const ClaimRequest& request) {
    if (auto valid = check_lease(request.lease); !valid) return std::unexpected(valid.error());
    const sync::Lock lock(mutex_);
    const Time at = now();
    const auto fingerprints = distinct(request.fingerprints);
    std::vector<ClaimedJob> claimed;
    std::size_t texts = 0;
    while (claimed.size() < request.max_jobs && texts < request.max_texts) {
        const PendingKey* next = first_due(state_.pending, fingerprints, false, at);
        bool alone = false;
        if (claimed.empty() && request.allow_suspect) {
            const PendingKey* suspect = first_due(state_.pending, fingerprints, true, at);
            alone = suspect != nullptr &&
                    (next == nullptr || std::tie(suspect->due, suspect->id) < std::tie(next->due, next->id));
            if (alone) next = suspect;
        }
        if (next == nullptr) break;
        JobRow& row = state_.jobs.at(next->id);
        const SpecRow& spec = *state_.spec_of(row.job);
        texts += spec.operations.size();
        if (!claimed.empty() && texts > request.max_texts) break;
        state_.start(row, spec, request.worker_id, new_token(), at, at + request.lease);
        claimed.push_back(claimed_job(row, spec));
        if (alone) break;
    }
    if (!claimed.empty()) ++state_.stamp;
    return claimed;
}

Result<std::vector<bool>> MemoryStore::extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                              milliseconds lease) {
    if (auto valid = check_lease(lease); !valid) return std::unexpected(valid.error());
    const sync::Lock lock(mutex_);
    ++state_.stamp;
    const Time at = now();
    if (worker.stopped) {
        state_.workers.erase(worker.worker_id);
    } else {
        const auto [seen, first_time] = state_.workers.try_emplace(worker.worker_id, WorkerInfo{worker, at, at});
        seen->second.report = worker;
        seen->second.seen_at = at;
    }
    std::vector<bool> still_held;
    still_held.reserve(jobs.size());
    for (const JobRef& ref : jobs) {
        JobRow* row = state_.held(ref);
        if (row != nullptr) state_.extend(*row, at + lease);
        still_held.push_back(row != nullptr);
    }
    return still_held;
}

Result<std::vector<Result<MissingTexts>>> MemoryStore::missing_texts(std::span<const MissingQuery> queries) {
    const sync::Lock lock(mutex_);
    std::vector<Result<MissingTexts>> pages;
    pages.reserve(queries.size());
    for (const MissingQuery& query : queries) {
        JobRow* row = state_.held(query.job);
        if (row == nullptr) {
            pages.push_back(lease_lost(query.job.id));
            continue;
        }
        // Under the profile it was claimed for: the catalog may have a new target that this holder cannot embed for.
        pages.push_back(missing_page(state_.profiles.at(row->profile_id), *state_.spec_of(row->job), query, now()));
    }
    return pages;
}

Result<NextDue> MemoryStore::next_due(std::span<const Sha256> fingerprints) {
    const sync::Lock lock(mutex_);
    const Time at = now();
    const auto asked = distinct(fingerprints);
    NextDue next;
    for (const bool suspect : {false, true}) {
        const PendingKey* first = first_due(state_.pending, asked, suspect, Time::max());
        if (first == nullptr) continue;
        const auto due = ceil<milliseconds>(first->due - at);
        next.pending = std::min(next.pending.value_or(due), due);
        if (suspect) next.suspect = due;
    }
    if (!state_.leases.empty()) next.lease_expiry = ceil<milliseconds>(state_.leases.begin()->first - at);
    return next;
}

}  // namespace embedq::memory
