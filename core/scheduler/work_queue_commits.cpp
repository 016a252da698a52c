// Commits of the work queue: what is ready becomes a commit, and what the store kept is removed from the queue.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "scheduler/work_queue.h"

namespace embedq::scheduler {

std::uint32_t WorkQueue::failed_attempts(const HeldJob& job) noexcept {
    return job.claimed.attempts + (job.stored > 0 ? 0 : 1);
}

void WorkQueue::note_end(const HeldJob& job, const JobReport& report, Steady now) {
    const ClaimedJob& claimed = job.claimed;
    const bool exhausted = report.outcome == JobOutcome::retry && failed_attempts(job) >= settings_.max_attempts;
    ended_.push_back({.id = claimed.ref.id,
                      .catalog_id = claimed.catalog_id,
                      .spec_name = claimed.spec_name,
                      .fingerprint = claimed.fingerprint,
                      .outcome = exhausted ? JobOutcome::failed : report.outcome,
                      .attempt = claimed.attempts + 1,
                      .texts = job.stored,
                      .reason = std::string(report.error),
                      .took = now - job.claimed_at});
    switch (ended_.back().outcome) {
        case JobOutcome::succeeded: ++counters_.jobs_succeeded; break;
        case JobOutcome::failed: ++counters_.jobs_failed; break;
        case JobOutcome::retry: ++counters_.jobs_retried; break;
        case JobOutcome::progress:
        case JobOutcome::release: break;
    }
}

void WorkQueue::set_outcome(HeldJob& job, JobReport& report, double random) {
    job.finishing = true;
    if (job.error) {
        report.outcome = JobOutcome::retry;
        report.error = to_string(*job.error);
        report.delay = settings_.backoff.delay(failed_attempts(job), random);
    } else if (job.released) {
        report.outcome = JobOutcome::release;
        report.error = job.release_reason;
        if (job.store_failed) report.delay = settings_.backoff.delay(job.claimed.attempts + 1, random);
    } else if (job.refusals > 0) {
        report.outcome = JobOutcome::failed;
        report.error = job.first_refusal;
        if (job.refusals > 1) report.error += " (and " + std::to_string(job.refusals - 1) + " more)";
        report.error += "; it is asked for again from time to time, or at once with `embedq jobs retry " +
                        std::to_string(job.claimed.ref.id) + "`";
    } else {
        report.outcome = JobOutcome::succeeded;
    }
}

CommitWork WorkQueue::collect(double random) {
    CommitWork work;
    work.commit.max_attempts = settings_.max_attempts;
    std::unordered_map<const Text*, std::uint32_t> places;
    for (const HoldId id : to_report_) {
        HeldJob& job = jobs_.at(id);
        JobReport report;
        report.job = job.claimed.ref;
        for (TextPtr& text : job.ready) {
            const bool refused = text->refusal.has_value();
            auto [place, first] = places.try_emplace(
                text.get(),
                static_cast<std::uint32_t>(refused ? work.commit.refusals.size() : work.commit.vectors.size()));
            if (first && refused)
                work.commit.refusals.push_back({text->profile_id, text->text_hash, text->as_of, *text->refusal});
            if (first && !refused) {
                work.commit.vectors.push_back({text->profile_id, text->text_hash, text->as_of, text->values,
                                               static_cast<std::uint32_t>(text->cut_to)});
            }
            (refused ? report.refusals : report.vectors).push_back(place->second);
            if (first) (refused ? work.refusal_texts : work.vector_texts).push_back(std::move(text));
        }
        job.ready.clear();
        job.stored += report.vectors.size();
        if (done(job))
            set_outcome(job, report, random);
        else if (report.vectors.empty() && report.refusals.empty())
            continue;
        work.commit.jobs.push_back(std::move(report));
        work.holds.push_back(id);
    }
    to_report_.clear();
    ready_vectors_ = 0;
    return work;
}

void WorkQueue::close(const TextPtr& text, bool kept, std::uint64_t& counter) {
    // A job that joined late reports the same text in a second commit; it counts once.
    const bool first = !text->text.empty();
    if (kept && first) ++counter;
    if (kept && first && text->cut_to > 0 && !text->refusal) {
        ++counters_.texts_cut;
        cut_messages_.push_back("operation '" + text->operation_id + "': only the first " +
                                std::to_string(text->cut_to) + " of its text's " + std::to_string(text->bytes) +
                                " bytes are embedded; " +
                                (text->whole_refusal.empty() ? "more is too long for the model"
                                                             : "the whole text was refused: " + text->whole_refusal));
    }
    if (kept && planning_) just_settled_.insert_or_assign(TextKey{text->profile_id, text->text_hash}, text->as_of);
    forget(text);
}

void WorkQueue::committed(const CommitWork& work, const std::vector<Kept>& kept, Steady now) {
    std::vector<bool> vector_kept(work.commit.vectors.size(), false);
    std::vector<bool> refusal_kept(work.commit.refusals.size(), false);
    for (std::size_t i = 0; i < work.commit.jobs.size(); ++i) {
        const JobReport& report = work.commit.jobs[i];
        if (kept[i] != Kept::yes) {
            lose(work.holds[i], kept[i] == Kept::refused ? LossReason::not_committed : LossReason::lease_over);
            continue;
        }
        for (const std::uint32_t place : report.vectors) vector_kept[place] = true;
        for (const std::uint32_t place : report.refusals) refusal_kept[place] = true;
        if (report.outcome == JobOutcome::progress) continue;
        const auto job = jobs_.find(work.holds[i]);
        if (job != jobs_.end()) {  // it was not lost meanwhile
            if (report.outcome != JobOutcome::release) note_end(job->second, report, now);
            jobs_.erase(job);
        }
        to_report_.erase(work.holds[i]);
    }
    for (std::size_t i = 0; i < vector_kept.size(); ++i)
        close(work.vector_texts[i], vector_kept[i], counters_.texts_embedded);
    for (std::size_t i = 0; i < refusal_kept.size(); ++i)
        close(work.refusal_texts[i], refusal_kept[i], counters_.texts_refused);
}

}  // namespace embedq::scheduler
