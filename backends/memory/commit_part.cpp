// The commit: what holders bring back, checked whole, then applied report by report.
#include <algorithm>
#include <cmath>
#include <optional>

#include "memory_store.h"

namespace embedq::memory {
namespace {

// What became of one vector or refusal of the commit. It is written when the first holder that still has its lease names it.
struct Written {
    bool tried = false;
    bool stored = false;
    std::optional<Time> vector_before;  // when the vector that it replaced was written
};

class Committer {
public:
    Committer(State& state, const Commit& commit, Time now)
        : state_(state), commit_(commit), now_(now), vectors_(commit.vectors.size()), refusals_(commit.refusals.size()) {}

    // False where the lease is lost; nothing of the report is kept then.
    bool apply(const JobReport& report) {
        JobRow* row = state_.held(report.job);
        if (row == nullptr) return false;
        CatalogRow& catalog = state_.catalogs.find(row->job.catalog_id)->second;
        const std::string spec_name = row->job.spec_name;
        const bool wrote = write_all(report, *row);
        if (!report.error.empty()) row->job.last_error = report.error;
        settle(report, *row);
        // A job also ends the wait for texts that other jobs had embedded meanwhile.
        if (wrote || report.outcome == JobOutcome::succeeded || report.outcome == JobOutcome::failed) {
            state_.note_change(catalog, spec_name, now_);
        }
        if (report.outcome == JobOutcome::succeeded || report.outcome == JobOutcome::failed) state_.flip_if_settled(catalog, now_);
        return true;
    }

private:
    bool write_all(const JobReport& report, JobRow& row) {
        const SpecRow& spec = *state_.spec_of(row.job);
        bool wrote = false;
        for (const std::uint32_t index : report.vectors) {
            const Written& written = write_vector(index);
            wrote = wrote || written.stored;
            // New is what did not count for this spec before; a vector made twice is no progress.
            const bool counted = written.vector_before && (!spec.force_from || *written.vector_before >= *spec.force_from);
            if (!written.stored || counted) continue;
            ++row.new_vectors;
            ++row.job.embedded_so_far;
        }
        for (const std::uint32_t index : report.refusals) wrote = write_refusal(index).stored || wrote;
        return wrote;
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
        text = {vector.as_of, {vector.values.begin(), vector.values.end()}, {}};
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
        found->second = {refusal.as_of, {}, refusal.reason};
        written.stored = true;
        return written;
    }

    void settle(const JobReport& report, JobRow& row) {
        switch (report.outcome) {
            case JobOutcome::progress: return;
            case JobOutcome::succeeded: {
                const std::string refusal = state_.standing_refusal(row);
                row.job.last_error = refusal;  // what earlier attempts met is over
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
};

std::string at_index(const char* what, std::size_t index) {
    return std::string(what) + " " + std::to_string(index) + " of the commit";
}

Status check_vector(const State& state, const VectorWrite& vector, std::size_t index) {
    const auto found = state.profiles.find(vector.profile_id);
    if (found == state.profiles.end()) {
        return fail(ErrorKind::invalid_argument, at_index("vector", index) + " is of a profile that no catalog ever had");
    }
    const std::size_t dimension = found->second.profile.dimension;
    if (vector.values.size() != dimension) {
        return fail(ErrorKind::invalid_argument, at_index("vector", index) + " has dimension " + std::to_string(vector.values.size()) +
                                                     ", but its profile has " + std::to_string(dimension));
    }
    if (!std::ranges::all_of(vector.values, [](float value) { return std::isfinite(value); })) {
        return fail(ErrorKind::invalid_argument, at_index("vector", index) + " has a value that is not finite");
    }
    if (std::ranges::all_of(vector.values, [](float value) { return value == 0.0F; })) {
        return fail(ErrorKind::invalid_argument, at_index("vector", index) + " is all zero, which has no direction");
    }
    return {};
}

Status check(const State& state, const Commit& commit) {
    for (std::size_t i = 0; i < commit.vectors.size(); ++i) {
        if (auto valid = check_vector(state, commit.vectors[i], i); !valid) return valid;
    }
    for (std::size_t i = 0; i < commit.refusals.size(); ++i) {
        if (state.profiles.contains(commit.refusals[i].profile_id)) continue;
        return fail(ErrorKind::invalid_argument, at_index("refusal", i) + " is of a profile that no catalog ever had");
    }
    const auto within = [](const std::vector<std::uint32_t>& indices, std::size_t size) {
        return std::ranges::all_of(indices, [size](std::uint32_t index) { return index < size; });
    };
    for (std::size_t i = 0; i < commit.jobs.size(); ++i) {
        const JobReport& report = commit.jobs[i];
        if (within(report.vectors, commit.vectors.size()) && within(report.refusals, commit.refusals.size())) continue;
        return fail(ErrorKind::invalid_argument, at_index("report", i) + " names a vector or refusal that the commit does not have");
    }
    return {};
}

}  // namespace

Result<std::vector<bool>> MemoryStore::commit(const Commit& commit) {
    const std::lock_guard lock(mutex_);
    if (auto valid = check(state_, commit); !valid) return std::unexpected(valid.error());
    ++state_.stamp;
    Committer committer(state_, commit, now());
    std::vector<bool> kept;
    kept.reserve(commit.jobs.size());
    for (const JobReport& report : commit.jobs) kept.push_back(committer.apply(report));
    return kept;
}

}  // namespace embedq::memory
