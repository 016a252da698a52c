// The queue: producers and workers (sql/queue.sql, sql/working.sql).
#include <algorithm>
#include <cstring>
#include <utility>

#include "embedq/support/store_rules.h"
#include "queue.h"
#include "store.h"
#include "sync/mutex.h"

namespace embedq::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Claims that begin at the start of the queue may take at most one twentieth of the time.
constexpr int whole_claim_share = 20;
// In microseconds since 1970: no job is due from this moment on (the year 2200).
constexpr std::int64_t never_due = 7'258'118'400'000'000;

[[nodiscard]] LeaseToken new_token(Context& context) {
    const std::array<std::uint64_t, 2> bits{context.random(), context.random()};
    LeaseToken token;
    static_assert(sizeof bits == sizeof token);
    std::memcpy(token.data(), bits.data(), sizeof token);
    return token;
}

// From the rows of `claim`, which name profiles by their place in `fingerprints`.
[[nodiscard]] std::vector<ClaimedJob> claimed_jobs(const Rows& rows, const LeaseToken& token,
                                                   std::span<const Sha256> fingerprints) {
    std::vector<ClaimedJob> claimed;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const JobId id = rows.integer(i, 0);
        const std::size_t place = rows.count(i, 4) - 1;
        if (place >= fingerprints.size())
            throw failure(ErrorKind::internal, "PostgreSQL answered a claim with a profile that was not asked for");
        claimed.push_back({.ref = {.id = id, .token = with_job(token, id)},
                           .catalog_id = rows.text(i, 1),
                           .spec_name = rows.text(i, 2),
                           .kind = static_cast<JobKind>(rows.integer(i, 3)),
                           .fingerprint = fingerprints[place],
                           .attempts = static_cast<std::uint32_t>(rows.integer(i, 5)),
                           .expiries = static_cast<std::uint32_t>(rows.integer(i, 6)),
                           .operation_count = rows.count(i, 7)});
    }
    return claimed;
}

// One answer per query.
[[nodiscard]] std::vector<Result<MissingTexts>> pages_of(const Rows& rows, std::span<const MissingQuery> queries) {
    std::vector<MissingTexts> pages(queries.size());
    std::vector<bool> held(queries.size(), false);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t n = rows.count(i, 0) - 1;
        MissingTexts& page = pages.at(n);
        if (rows.null(i, 1)) {
            held.at(n) = true;
            page.profile_id = rows.hash(i, 3);
            page.as_of = rows.time(i, 5);
            page.force_from = rows.maybe_time(i, 6);
            page.more = rows.boolean(i, 7);
        } else {
            page.texts.push_back({rows.integer(i, 1), rows.text(i, 2), rows.hash(i, 3), rows.text(i, 4)});
        }
    }
    std::vector<Result<MissingTexts>> answers;
    for (std::size_t n = 0; n < queries.size(); ++n) {
        if (held[n]) {
            answers.emplace_back(std::move(pages[n]));
        } else {
            answers.emplace_back(lease_lost(queries[n].job.id));
        }
    }
    return answers;
}

}  // namespace

LeaseToken with_job(LeaseToken token, JobId id) {
    for (std::size_t i = 0; i < sizeof id; ++i) {
        token[token.size() - 1 - i] ^= static_cast<std::byte>((static_cast<std::uint64_t>(id) >> (8 * i)) & 0xFFU);
    }
    return token;
}

void add_jobs(Parameters& parameters, std::span<const JobRef> jobs) {
    Array ids, tokens;
    for (const JobRef& job : jobs) {
        ids.add(job.id);
        tokens.add_uuid(with_job(job.token, job.id));
    }
    parameters.add(std::move(ids)).add(std::move(tokens));
}

std::vector<bool> which_held(const Rows& rows, std::size_t size) {
    std::vector<bool> held(size, false);
    for (std::size_t i = 0; i < rows.size(); ++i) held.at(rows.count(i, 0) - 1) = true;
    return held;
}

EnqueueOutcome enqueue_outcome(std::string_view name) {
    if (name == "created") return EnqueueOutcome::created;
    if (name == "collapsed") return EnqueueOutcome::collapsed;
    return EnqueueOutcome::none;
}

Result<std::vector<EnqueueOutcome>> PostgresStore::enqueue(std::span<const EnqueueRequest> requests) {
    Array catalogs, names, kinds;
    for (const EnqueueRequest& request : requests) {
        catalogs.add(request.catalog_id);
        names.add(request.spec_name);
        kinds.add(static_cast<std::int64_t>(request.kind));
    }
    return pool_.call("enqueue_jobs", Parameters().add(std::move(catalogs)).add(std::move(names)).add(std::move(kinds)),
                      [&](const Rows& rows) {
                          std::vector<EnqueueOutcome> outcomes(requests.size());
                          for (std::size_t i = 0; i < rows.size(); ++i)
                              outcomes.at(rows.count(i, 0) - 1) = enqueue_outcome(rows.view(i, 1));
                          return outcomes;
                      });
}

Result<std::size_t> PostgresStore::cancel(std::span<const JobId> jobs) {
    Array ids;
    for (const JobId id : jobs) ids.add(id);
    return pool_.call("cancel_jobs", Parameters().add(std::move(ids)),
                      [](const Rows& rows) { return rows.count(0, 0); });
}

// A claim whose answer was lost may have succeeded. The next claim sends the same token, and then gets the jobs of the
// lost one. If it asks for other profiles it cannot be the same claim, so the lost one is recovered first.
Result<std::vector<ClaimedJob>> PostgresStore::claim(const ClaimRequest& request) {
    if (auto valid = check_lease(request.lease); !valid) return std::unexpected(valid.error());
    std::vector<LostClaim> lost;
    {
        const sync::Lock lock(mutex_);
        lost = std::exchange(lost_claims_, {});
    }
    std::erase_if(lost, [now = steady_clock::now()](const LostClaim& one) { return one.until <= now; });
    const auto keep = [&](std::size_t from) {
        const sync::Lock lock(mutex_);
        lost_claims_.insert(lost_claims_.end(), lost.begin() + static_cast<std::ptrdiff_t>(from), lost.end());
    };
    // Lost claims for the same profiles move to the end; the last of them is repeated by this claim.
    static_cast<void>(std::ranges::stable_partition(
        lost, [&](const LostClaim& one) { return one.fingerprints != request.fingerprints; }));
    const bool same = !lost.empty() && lost.back().fingerprints == request.fingerprints;
    for (std::size_t i = 0; i + (same ? 1 : 0) < lost.size(); ++i) {
        auto recovered = recover_claim(lost[i], request);
        if (recovered && recovered->empty()) continue;
        keep(recovered ? i + 1 : i);
        return recovered;
    }
    const LeaseToken token = same ? lost.back().token : new_token(context_);
    auto claimed = claim_due(request, token);
    if (!claimed && claimed.error().kind == ErrorKind::unavailable) {
        const sync::Lock lock(mutex_);
        lost_claims_.push_back({token, request.fingerprints, steady_clock::now() + request.lease});
    }
    return claimed;
}

Result<std::vector<ClaimedJob>> PostgresStore::recover_claim(const LostClaim& lost, const ClaimRequest& request) {
    Parameters parameters;
    parameters.add(request.worker_id).add(std::span(lost.fingerprints)).add(std::int64_t{1}).add(std::int64_t{1});
    parameters.add(to_us(request.lease)).add(false).add_uuid(lost.token).add(never_due);
    auto claimed = pool_.call("claim", parameters,
                              [&](const Rows& rows) { return claimed_jobs(rows, lost.token, lost.fingerprints); });
    if (!claimed) return std::unexpected(claimed.error());
    std::vector<ClaimedJob> kept;
    Commit commit;
    for (ClaimedJob& job : *claimed) {
        if (std::ranges::find(request.fingerprints, job.fingerprint) != request.fingerprints.end() &&
            (job.expiries < suspect_expiries || request.allow_suspect)) {
            kept.push_back(std::move(job));
        } else {
            commit.jobs.push_back(
                {.job = job.ref, .outcome = JobOutcome::release, .error = "released: the claim's answer was lost"});
        }
    }
    if (commit.jobs.empty()) return kept;
    const auto released = this->commit(commit);
    // If the release fails, the rest waits until its lease expires; with nothing to keep, all of it can be recovered
    // again.
    if (!released && kept.empty()) return std::unexpected(released.error());
    return kept;
}

// While an old snapshot is open (a forgotten transaction), deleted jobs stay in the index, and a claim that begins at
// its start walks over all of them. So a claim begins where the previous one did, and from time to time at the start
// again, for jobs whose transactions were slow to commit. How often depends on the cost: always, as long as it is
// quick.
Result<std::vector<ClaimedJob>> PostgresStore::claim_due(const ClaimRequest& request, const LeaseToken& token) {
    for (bool whole = false;; whole = true) {
        const auto asked_at = steady_clock::now();
        std::int64_t from = INT64_MIN;
        {
            const sync::Lock lock(mutex_);
            const ClaimCursor& cursor = cursors_[request.fingerprints];
            if (asked_at < cursor.whole_again_at) from = cursor.from;
            whole = from == INT64_MIN;
        }
        Parameters parameters;
        parameters.add(request.worker_id).add(std::span(request.fingerprints)).add(to_limit(request.max_jobs));
        parameters.add(to_limit(request.max_texts))
            .add(to_us(request.lease))
            .add(request.allow_suspect)
            .add_uuid(token);
        if (whole) {
            parameters.add_null();
        } else {
            parameters.add(from);
        }
        std::optional<std::int64_t> earliest;
        auto claimed = pool_.call("claim", parameters, [&](const Rows& rows) {
            if (rows.size() > 0) earliest = rows.maybe(0, 8);
            return claimed_jobs(rows, token, request.fingerprints);
        });
        if (!claimed) return claimed;
        {
            const sync::Lock lock(mutex_);
            ClaimCursor& cursor = cursors_[request.fingerprints];
            const auto now = steady_clock::now();
            if (whole) cursor.whole_again_at = now + whole_claim_share * (now - asked_at);
            // A write is made due a microsecond before the reconciler's jobs (enqueue_job), which may be these.
            if (earliest) cursor.from = *earliest - 1;
            // Nothing was found from there on: whatever is due is before it.
            if (claimed->empty() && !whole) cursor.whole_again_at = now;
        }
        if (!claimed->empty() || whole) return claimed;
    }
}

Result<std::vector<bool>> PostgresStore::extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                                milliseconds lease) {
    if (auto valid = check_lease(lease); !valid) return std::unexpected(valid.error());
    Parameters parameters;
    parameters.add(worker.worker_id)
        .add(worker.host)
        .add(worker.pid)
        .add(worker.version)
        .add(static_cast<std::int64_t>(worker.jobs_held))
        .add(std::span(worker.providers))
        .add(worker.stopped);
    add_jobs(parameters, jobs);
    parameters.add(to_us(lease));
    return pool_.call("extend_leases", parameters, [&](const Rows& rows) { return which_held(rows, jobs.size()); });
}

Result<std::vector<Result<MissingTexts>>> PostgresStore::missing_texts(std::span<const MissingQuery> queries) {
    std::vector<JobRef> jobs;
    Array after, texts, bytes;
    for (const MissingQuery& query : queries) {
        jobs.push_back(query.job);
        after.add(query.after_position);
        texts.add(to_limit(query.max_texts));
        bytes.add(to_limit(query.max_bytes));
    }
    Parameters parameters;
    add_jobs(parameters, jobs);
    parameters.add(std::move(after)).add(std::move(texts)).add(std::move(bytes));
    return pool_.call("missing_texts", parameters, [&](const Rows& rows) { return pages_of(rows, queries); });
}

Result<NextDue> PostgresStore::next_due(std::span<const Sha256> fingerprints) {
    return pool_.call("next_due", Parameters().add(fingerprints), [](const Rows& rows) {
        NextDue next;
        if (const auto pending = rows.maybe(0, 0)) next.pending = to_ms(*pending);
        if (const auto expiry = rows.maybe(0, 1)) next.lease_expiry = to_ms(*expiry);
        if (const auto suspect = rows.maybe(0, 2)) next.suspect = to_ms(*suspect);
        return next;
    });
}

}  // namespace embedq::postgres
