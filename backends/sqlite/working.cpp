// The queue's workers: claiming, holding, and what a holder asks.
#include <algorithm>
#include <cstring>
#include <limits>

#include "clock.h"
#include "embedq/support/store_rules.h"
#include "jobs.h"
#include "statements.h"
#include "store.h"

namespace embedq::sqlite {
namespace {

using std::chrono::milliseconds;

struct Due {
    std::int64_t at = 0;
    JobId id = 0;
    friend auto operator<=>(const Due&, const Due&) = default;
};

// The numbers of the fingerprints that a profile has, each once.
[[nodiscard]] std::vector<std::int64_t> known_fingerprints(Connection& connection, std::span<const Sha256> hashes) {
    std::vector<std::int64_t> known;
    for (const Sha256& hash : hashes) {
        const auto fingerprint = find_fingerprint(connection, hash);
        if (fingerprint && std::ranges::find(known, *fingerprint) == known.end()) known.push_back(*fingerprint);
    }
    return known;
}

// The jobs that are due under any of the fingerprints, in order, at most `limit`.
[[nodiscard]] std::vector<Due> due_jobs(Connection& connection, const char* statement,
                                        std::span<const std::int64_t> fingerprints, std::int64_t now,
                                        std::size_t limit) {
    std::vector<Due> due;
    for (const std::int64_t fingerprint : fingerprints) {
        Run row(connection, statement, fingerprint, now, limit_of(limit));
        while (row.next()) due.push_back({row.integer(1), row.integer(0)});
    }
    std::ranges::sort(due);
    if (due.size() > limit) due.resize(limit);
    return due;
}

// The jobs that a claim may take: one suspect alone, or ordinary jobs.
[[nodiscard]] std::vector<Due> candidates(Connection& connection, const ClaimRequest& request, std::int64_t now,
                                          std::size_t limit) {
    const auto fingerprints = known_fingerprints(connection, request.fingerprints);
    auto ordinary = due_jobs(connection, sql::due_jobs, fingerprints, now, limit);
    if (!request.allow_suspect) return ordinary;
    auto suspect = due_jobs(connection, sql::due_suspects, fingerprints, now, 1);
    const bool suspect_first = !suspect.empty() && (ordinary.empty() || suspect.front() < ordinary.front());
    return suspect_first ? suspect : ordinary;
}

struct Claimable {
    ClaimedJob job;
    std::int64_t profile = 0;
};

[[nodiscard]] std::optional<Claimable> read_claimable(Connection& connection, JobId id) {
    Run row(connection, sql::job_to_claim, id);
    if (!row.next()) return std::nullopt;
    return Claimable{.job = {.ref = {.id = id, .token = {}},
                             .catalog_id = row.text(0),
                             .spec_name = row.text(1),
                             .kind = static_cast<JobKind>(row.integer(2)),
                             .fingerprint = row.hash(3),
                             .attempts = static_cast<std::uint32_t>(row.integer(4)),
                             .expiries = static_cast<std::uint32_t>(row.integer(5)),
                             .operation_count = static_cast<std::size_t>(row.integer(6))},
                     .profile = row.integer(7)};
}

// One page of what the held job still needs, in order of position.
[[nodiscard]] MissingTexts read_missing(Connection& connection, const HeldJob& job, const MissingQuery& query,
                                        std::int64_t now) {
    MissingTexts page;
    // Never older than the force, so that vectors made from this page count even if the clock went back.
    page.as_of = time_of(std::max(now, job.force_from.value_or(now)));
    if (job.force_from) page.force_from = time_of(*job.force_from);
    Run profile(connection, sql::profile_id, job.profile);
    if (profile.next()) page.profile_id = profile.hash(0);
    std::size_t bytes = 0;
    Run row(connection, sql::missing_texts, job.spec, job.profile, query.after_position, now);
    while (row.next()) {
        const std::string_view text = row.view(3);
        const bool full = page.texts.size() >= query.max_texts || bytes + text.size() > query.max_bytes;
        if (full && !page.texts.empty()) {
            page.more = true;
            break;
        }
        bytes += text.size();
        page.texts.push_back({row.integer(0), row.text(1), row.hash(2), std::string(text)});
    }
    return page;
}

// Names have no commas.
[[nodiscard]] std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text.append(text.empty() ? "" : ",").append(name);
    return text;
}

[[nodiscard]] std::optional<std::int64_t> earliest(std::optional<std::int64_t> one, std::optional<std::int64_t> other) {
    if (!one || !other) return one ? one : other;
    return std::min(*one, *other);
}

void report(Connection& connection, const WorkerReport& worker, std::int64_t now) {
    if (worker.stopped) {
        change(connection, sql::forget_worker, worker.worker_id);
    } else {
        change(connection, sql::put_worker, worker.worker_id, worker.host, worker.pid, worker.version, worker.jobs_held,
               joined(worker.providers), now);
    }
}

}  // namespace

LeaseToken SqliteStore::new_token() {
    const std::array<std::uint64_t, 2> bits{context_.random(), context_.random()};
    LeaseToken token;
    static_assert(sizeof bits == sizeof token);
    std::memcpy(token.data(), bits.data(), sizeof token);
    return token;
}

Result<std::vector<ClaimedJob>> SqliteStore::claim(const ClaimRequest& request) {
    if (auto valid = check_lease(request.lease); !valid) return std::unexpected(valid.error());
    // Checked on a snapshot first, so that an idle worker does not take the write lock.
    auto anything = connections_.read([&](Connection& connection, std::int64_t now) -> Result<bool> {
        return !candidates(connection, request, now, std::min<std::size_t>(request.max_jobs, 1)).empty();
    });
    if (!anything) return std::unexpected(anything.error());
    if (!*anything) return std::vector<ClaimedJob>();
    liveness_.hold(request.worker_id);
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<std::vector<ClaimedJob>> {
        std::vector<ClaimedJob> claimed;
        std::size_t texts = 0;
        for (const Due& due : candidates(connection, request, now, request.max_jobs)) {
            if (texts >= request.max_texts) break;
            auto next = read_claimable(connection, due.id);
            if (!next) continue;
            texts += next->job.operation_count;
            if (!claimed.empty() && texts > request.max_texts) break;
            next->job.ref.token = new_token();
            change(connection, sql::claim_job, due.id, next->job.ref.token, request.worker_id, next->profile, now,
                   now + microseconds_of(request.lease));
            claimed.push_back(std::move(next->job));
        }
        return claimed;
    });
}

Result<std::vector<bool>> SqliteStore::extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                              milliseconds lease) {
    if (auto valid = check_lease(lease); !valid) return std::unexpected(valid.error());
    return connections_.write([&](Connection& connection, std::int64_t now) -> Result<std::vector<bool>> {
        correct_times(connection, now, microseconds_of(lease));
        report(connection, worker, now);
        std::vector<bool> held;
        held.reserve(jobs.size());
        for (const JobRef& job : jobs) {
            held.push_back(change(connection, sql::extend_lease, job.id, job.token, now + microseconds_of(lease)) > 0);
        }
        return held;
    });
}

Result<std::vector<Result<MissingTexts>>> SqliteStore::missing_texts(std::span<const MissingQuery> queries) {
    return connections_.read(
        [&](Connection& connection, std::int64_t now) -> Result<std::vector<Result<MissingTexts>>> {
            std::vector<Result<MissingTexts>> pages;
            pages.reserve(queries.size());
            for (const MissingQuery& query : queries) {
                const auto job = find_held(connection, query.job);
                if (job) {
                    pages.emplace_back(read_missing(connection, *job, query, now));
                } else {
                    pages.emplace_back(lease_lost(query.job.id));
                }
            }
            return pages;
        });
}

Result<NextDue> SqliteStore::next_due(std::span<const Sha256> fingerprints) {
    return connections_.read([&](Connection& connection, std::int64_t now) -> Result<NextDue> {
        std::optional<std::int64_t> pending;
        std::optional<std::int64_t> suspect;
        for (const std::int64_t fingerprint : known_fingerprints(connection, fingerprints)) {
            pending = earliest(pending, value_of(connection, sql::next_due_job, fingerprint));
            suspect = earliest(suspect, value_of(connection, sql::next_due_suspect, fingerprint));
        }
        pending = earliest(pending, suspect);
        NextDue next;
        if (pending) next.pending = milliseconds_from(now, *pending);
        if (suspect) next.suspect = milliseconds_from(now, *suspect);
        if (const auto expiry = value_of(connection, sql::next_lease_expiry))
            next.lease_expiry = milliseconds_from(now, *expiry);
        return next;
    });
}

}  // namespace embedq::sqlite
