// The commit: what the holders of jobs report. It is checked as a whole, then applied report by report.
#include <optional>
#include <set>

#include "embedq/support/store_rules.h"
#include "memory_store.h"

namespace embedq::memory {
namespace {

// What became of one vector or refusal of the commit. It is written when the first holder that still has its lease
// names it.
struct Written {
    bool tried = false;
    bool stored = false;
    std::optional<Time> vector_before;  // when the vector that it replaced was written
};

class Committer {
public:
    Committer(State& state, const Commit& commit, Time now)
        : state_(state),
          commit_(commit),
          now_(now),
          vectors_(commit.vectors.size()),
          refusals_(commit.refusals.size()) {}

    std::vector<bool> run() {
        std::vector<bool> kept;
        kept.reserve(commit_.jobs.size());
        for (const JobReport& report : commit_.jobs) kept.push_back(apply(report));
        for (const auto& [catalog_id, spec_name] : changed_) {
            state_.note_change(state_.catalogs.find(catalog_id)->second, spec_name, now_);
        }
        for (const std::string& catalog_id : flippable_)
            state_.flip_if_settled(state_.catalogs.find(catalog_id)->second, now_);
        return kept;
    }

private:
    // False if the lease is lost; then nothing of the report is kept.
    bool apply(const JobReport& report) {
        JobRow* row = state_.held(report.job);
        if (row == nullptr) return false;
        const bool wrote = write_all(report, *row);
        if (!report.error.empty()) row->job.last_error = report.error;
        settle(report, *row);
        // The end of a job also shows texts of its spec that other jobs have embedded meanwhile.
        const bool ended = report.outcome == JobOutcome::succeeded || report.outcome == JobOutcome::failed;
        if (wrote || ended) changed_.emplace(row->job.catalog_id, row->job.spec_name);
        if (ended) flippable_.insert(row->job.catalog_id);
        return true;
    }

    bool write_all(const JobReport& report, JobRow& row) {
        const SpecRow& spec = *state_.spec_of(row.job);
        bool wrote = false;
        for (const std::uint32_t index : report.vectors) {
            const Written& written = write_vector(index);
            wrote = wrote || written.stored;
            // A vector is new if none counted for this spec before; a vector made twice is not progress.
            const bool counted =
                written.vector_before && (!spec.force_from || *written.vector_before >= *spec.force_from);
            if (!written.stored || counted) continue;
            ++row.new_vectors;
            ++row.job.embedded_so_far;
        }
        for (const std::uint32_t index : report.refusals) wrote = write_refusal(index).stored || wrote;
        return wrote;
    }

    // The feed names every spec that ranks differently now, not only the job's own: a parked one may have waited for
    // this text.
    void note_users(const Sha256& profile_id, const Sha256& text_hash) {
        const auto users = state_.text_users.find(text_hash);
        if (users == state_.text_users.end()) return;
        for (const auto& [catalog_id, spec_names] : users->second) {
            const CatalogInfo& info = state_.catalogs.find(catalog_id)->second.info;
            if (info.target_profile != profile_id && info.serving_profile != profile_id) continue;
            for (const std::string& spec_name : spec_names) changed_.emplace(catalog_id, spec_name);
        }
    }

    const Written& write_vector(std::uint32_t index) {
        Written& written = vectors_[index];
        if (written.tried) return written;
        written.tried = true;
        const VectorWrite& vector = commit_.vectors[index];
        auto& texts = state_.profiles.at(vector.profile_id).texts;
        const auto [found, fresh] = texts.try_emplace(vector.text_hash);
        SettledText& text = found->second;
        if (!fresh) {
            const bool was_vector = !text.refused();
            if (text.written_at > vector.as_of || (was_vector && text.written_at == vector.as_of)) return written;
            if (was_vector) written.vector_before = text.written_at;
        }
        text = {.written_at = vector.as_of,
                .values = {vector.values.begin(), vector.values.end()},
                .refusal = {},
                .cut_to = vector.cut_to};
        note_users(vector.profile_id, vector.text_hash);
        written.stored = true;
        return written;
    }

    const Written& write_refusal(std::uint32_t index) {
        Written& written = refusals_[index];
        if (written.tried) return written;
        written.tried = true;
        const RefusalWrite& refusal = commit_.refusals[index];
        auto& texts = state_.profiles.at(refusal.profile_id).texts;
        const auto [found, fresh] = texts.try_emplace(refusal.text_hash);
        if (!fresh && found->second.written_at >= refusal.as_of) return written;
        if (!fresh && !found->second.refused()) note_users(refusal.profile_id, refusal.text_hash);
        const std::uint64_t times = !fresh && found->second.refused() ? found->second.times + 1 : 1;
        found->second = {refusal.as_of, {}, refusal.reason, 0, times, now_ + refusal_time(times)};
        written.stored = true;
        return written;
    }

    void settle(const JobReport& report, JobRow& row) {
        switch (report.outcome) {
            case JobOutcome::progress: return;
            case JobOutcome::succeeded: {
                const std::string refusal = state_.current_refusal(row);
                row.job.last_error = refusal;  // the errors of earlier attempts no longer matter
                state_.finish(row, refusal.empty() ? JobStatus::succeeded : JobStatus::failed, now_);
                return;
            }
            case JobOutcome::failed: state_.finish(row, JobStatus::failed, now_); return;
            case JobOutcome::release: state_.back_to_pending(row, now_ + report.delay, now_); return;
            case JobOutcome::retry:
                if (row.new_vectors == 0) ++row.job.attempts;
                if (row.job.attempts >= commit_.max_attempts) {
                    state_.finish(row, JobStatus::failed, now_);
                } else {
                    state_.back_to_pending(row, now_ + report.delay, now_);
                }
                return;
        }
    }

    State& state_;
    const Commit& commit_;
    Time now_;
    std::vector<Written> vectors_;
    std::vector<Written> refusals_;
    std::set<SpecKey> changed_;
    std::set<std::string> flippable_;
};

}  // namespace

Result<std::vector<bool>> MemoryStore::commit(const Commit& commit) {
    if (auto valid = check_commit(commit); !valid) return std::unexpected(valid.error());
    const sync::Lock lock(mutex_);
    const auto& profiles = state_.profiles;
    const auto dimension_of = [&profiles](const Sha256& profile_id) {
        const auto found = profiles.find(profile_id);
        return found == profiles.end() ? std::nullopt : std::optional(found->second.profile.dimension);
    };
    if (auto valid = check_profiles(commit, dimension_of); !valid) return std::unexpected(valid.error());
    ++state_.stamp;
    return Committer(state_, commit, now()).run();
}

}  // namespace embedq::memory
