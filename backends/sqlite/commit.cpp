// The commit: what the holders of jobs report. It is checked as a whole, then applied report by report, in one
// transaction.
#include <map>
#include <set>

#include "embedq/support/store_rules.h"
#include "jobs.h"
#include "statements.h"
#include "store.h"

namespace embedq::sqlite {
namespace {

// What became of one vector or refusal. It is written when the first holder that still has its lease names it.
struct Written {
    bool tried = false;
    bool stored = false;
    std::optional<std::int64_t> vector_before;  // when the vector that it replaced was written
};

struct ProfileKey {
    std::int64_t profile = 0;
    std::size_t dimension = 0;
};

class Committer {
public:
    Committer(Connection& connection, const Commit& commit, GapHints& hints, std::int64_t now)
        : connection_(connection),
          commit_(commit),
          hints_(hints),
          now_(now),
          vectors_(commit.vectors.size()),
          refusals_(commit.refusals.size()) {}

    [[nodiscard]] Result<std::vector<bool>> run() {
        const auto dimension_of = [this](const Sha256& id) {
            const ProfileKey* profile = profile_of(id);
            return profile == nullptr ? std::nullopt : std::optional(profile->dimension);
        };
        if (auto valid = check_profiles(commit_, dimension_of); !valid) return std::unexpected(valid.error());
        std::vector<bool> kept;
        kept.reserve(commit_.jobs.size());
        for (const JobReport& report : commit_.jobs) kept.push_back(apply(report));
        for (const auto& [catalog, spec_name] : changed_) note_change(connection_, catalog, spec_name, now_);
        if (auto flipped = flip(); !flipped) return std::unexpected(flipped.error());
        return kept;
    }

private:
    [[nodiscard]] const ProfileKey* profile_of(const Sha256& id) {
        const auto known = profiles_.find(id);
        if (known != profiles_.end()) return &known->second;
        Run row(connection_, sql::profile_of_id, id);
        if (!row.next()) return nullptr;
        return &profiles_.emplace(id, ProfileKey{row.integer(0), static_cast<std::size_t>(row.integer(1))})
                    .first->second;
    }

    // False if the lease is lost; then nothing of the report is kept.
    [[nodiscard]] bool apply(const JobReport& report) {
        auto job = find_held(connection_, report.job);
        if (!job) return false;
        const bool wrote = write_all(report, *job);
        if (!report.error.empty()) {
            job->last_error = report.error;
            set_last_error(connection_, job->id, report.error);
        }
        settle(report, *job);
        // The end of a job also shows texts of its spec that other jobs have embedded meanwhile.
        const bool ended = report.outcome == JobOutcome::succeeded || report.outcome == JobOutcome::failed;
        if (wrote || ended) changed_.emplace(job->catalog, job->spec_name);
        if (ended) flippable_.insert(job->catalog_id);
        return true;
    }

    [[nodiscard]] bool write_all(const JobReport& report, HeldJob& job) {
        bool wrote = false;
        std::int64_t fresh = 0;
        for (const std::uint32_t index : report.vectors) {
            const Written& written = write_vector(index);
            wrote = wrote || written.stored;
            // A vector is new if none counted for this spec before; a vector made twice is not progress.
            const bool counted =
                written.vector_before && (!job.force_from || *written.vector_before >= *job.force_from);
            if (written.stored && !counted) ++fresh;
        }
        for (const std::uint32_t index : report.refusals) wrote = write_refusal(index).stored || wrote;
        if (fresh > 0) change(connection_, sql::count_vectors, job.id, fresh);
        job.new_vectors += fresh;
        return wrote;
    }

    // A text may have lost its last operation, and been pruned, while it was embedded.
    [[nodiscard]] std::int64_t text_of(const Sha256& hash) {
        if (const auto text = value_of(connection_, sql::text_of_hash, hash)) return *text;
        change(connection_, sql::insert_text, hash, std::nullopt);
        return connection_.last_id();
    }

    // The feed names every spec that ranks differently now, not only the job's own: a parked one may have waited for
    // this text.
    void note_users(std::int64_t profile, std::int64_t text) {
        Run row(connection_, sql::users_of_text, profile, text);
        while (row.next()) changed_.emplace(row.integer(0), row.text(1));
    }

    [[nodiscard]] const Written& write_vector(std::uint32_t index) {
        Written& written = vectors_[index];
        if (written.tried) return written;
        written.tried = true;
        const VectorWrite& vector = commit_.vectors[index];
        const std::int64_t profile = profile_of(vector.profile_id)->profile;
        const std::int64_t text = text_of(vector.text_hash);
        const std::int64_t as_of = microseconds_of(vector.as_of);
        const auto before = value_of(connection_, sql::vector_written_at, profile, text);
        const auto refused = value_of(connection_, sql::refusal_written_at, profile, text);
        if ((before && *before >= as_of) || (refused && *refused > as_of)) return written;
        change(connection_, sql::put_vector, profile, text, as_of, vector.cut_to, std::as_bytes(vector.values));
        if (refused) change(connection_, sql::delete_refusal, profile, text);
        note_users(profile, text);
        written.stored = true;
        written.vector_before = before;
        return written;
    }

    [[nodiscard]] const Written& write_refusal(std::uint32_t index) {
        Written& written = refusals_[index];
        if (written.tried) return written;
        written.tried = true;
        const RefusalWrite& refusal = commit_.refusals[index];
        const std::int64_t profile = profile_of(refusal.profile_id)->profile;
        const std::int64_t text = text_of(refusal.text_hash);
        const std::int64_t as_of = microseconds_of(refusal.as_of);
        const auto before = value_of(connection_, sql::vector_written_at, profile, text);
        const auto refused = value_of(connection_, sql::refusal_written_at, profile, text);
        if ((before && *before >= as_of) || (refused && *refused >= as_of)) return written;
        const std::int64_t times = value_of(connection_, sql::times_refused, profile, text).value_or(0) + 1;
        const auto stands = refusal_time(static_cast<std::uint64_t>(times));
        change(connection_, sql::put_refusal, profile, text, as_of, refusal.reason, times,
               now_ + microseconds_of(stands));
        if (before) {
            change(connection_, sql::delete_vector, profile, text);
            note_users(profile, text);
        }
        written.stored = true;
        return written;
    }

    void settle(const JobReport& report, HeldJob& job) {
        const std::int64_t due = now_ + microseconds_of(report.delay);
        switch (report.outcome) {
            case JobOutcome::progress: return;
            case JobOutcome::succeeded: succeed_job(connection_, job, now_); return;
            case JobOutcome::failed: fail_job(connection_, job, now_); return;
            case JobOutcome::release: requeue_job(connection_, job, due, now_); return;
            case JobOutcome::retry:
                if (job.new_vectors == 0) {
                    ++job.attempts;
                    change(connection_, sql::set_attempts, job.id, job.attempts, job.expiries);
                }
                if (job.attempts >= commit_.max_attempts) {
                    fail_job(connection_, job, now_);
                } else {
                    requeue_job(connection_, job, due, now_);
                }
                return;
        }
    }

    [[nodiscard]] Status flip() {
        for (const std::string& catalog_id : flippable_) {
            auto catalog = find_catalog(connection_, catalog_id);
            if (!catalog) return std::unexpected(catalog.error());
            flip_if_settled(connection_, *catalog, hints_, now_);
        }
        return {};
    }

    Connection& connection_;
    const Commit& commit_;
    GapHints& hints_;
    std::int64_t now_;
    std::vector<Written> vectors_;
    std::vector<Written> refusals_;
    std::map<Sha256, ProfileKey> profiles_;
    std::set<std::pair<std::int64_t, std::string>> changed_;
    std::set<std::string> flippable_;
};

}  // namespace

Result<std::vector<bool>> SqliteStore::commit(const Commit& commit) {
    if (auto valid = check_commit(commit); !valid) return std::unexpected(valid.error());
    return connections_.write(
        [&](Connection& connection, std::int64_t now) { return Committer(connection, commit, gap_hints_, now).run(); });
}

}  // namespace embedq::sqlite
