#include "scheduler/committer.h"

#include <algorithm>
#include <utility>

#include "sync/backoff.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {
constexpr sync::Backoff commit_backoff =
    sync::fixed_backoff(std::chrono::milliseconds(50), std::chrono::milliseconds(2'000));
// For jobs whose results the store refuses to keep.
constexpr sync::Backoff refused_backoff = sync::fixed_backoff(std::chrono::seconds(10), std::chrono::minutes(5));
constexpr std::size_t remembered_jobs = 1'000;
constexpr std::size_t cut_lines = 6;  // a minute
}  // namespace

Committer::Committer(SchedulerState& state)
    : state_(state), committing_(state.retry("store results", commit_backoff)), cut_lines_(cut_lines) {}

void Committer::run() {
    sync::Lock lock(state_.mutex);
    while (true) {
        state_.committer_cv.wait(
            lock, [&]() EMBEDQ_REQUIRES(state_.mutex) { return state_.queue.has_ready() || state_.calls_ended; });
        if (!state_.queue.has_ready()) return;
        const auto flush_at = state_.now() + state_.settings.commit_delay;
        state_.committer_cv.wait_until(lock, flush_at, [&]() EMBEDQ_REQUIRES(state_.mutex) {
            return state_.calls_ended || state_.queue.ready_vectors() >= state_.settings.commit_vectors;
        });
        const CommitWork work = state_.queue.collect(state_.random01());
        if (work.empty()) continue;
        lock.unlock();
        const std::vector<Kept> kept = write(work);
        lock.lock();
        state_.queue.committed(work, kept, state_.now());
        const std::vector<std::string> messages = state_.queue.take_cut_messages();
        const std::vector<EndedJob> ended = state_.queue.take_ended();
        state_.wake_claimer();
        if (messages.empty() && ended.empty()) continue;
        lock.unlock();
        report_cuts(messages);
        report_ends(ended);
        lock.lock();
    }
}

std::vector<Kept> Committer::write(const CommitWork& work) {
    const auto began = state_.now();
    while (true) {
        if (auto answer = try_write(work, began)) return std::move(*answer);
        sync::Lock lock(state_.mutex);
        state_.committer_cv.wait_until(lock, again_at(), [] { return false; });
    }
}

std::optional<std::vector<Kept>> Committer::try_write(const CommitWork& work, endpoints::Endpoint::Steady began) {
    if (parts_.empty()) {
        parts_.push_back(whole(work.commit));
        answer_.assign(work.commit.jobs.size(), Kept::yes);
        refused_.clear();
        results_kept_before_ = results_kept_;
    }
    while (!parts_.empty() || decide()) {
        const auto kept = state_.store().commit(next_part().commit);
        if (kept) {
            committing_.succeeded();
            note_kept(*kept);
        } else if (kept.error().kind != ErrorKind::unavailable) {
            note_refused(kept.error());
        } else {
            committing_.failed(kept.error());
            if (!gives_up(began)) return std::nullopt;
            drop_parts();
        }
    }
    give_back_refused(work);
    return std::exchange(answer_, {});
}

const CommitPart& Committer::next_part() {
    CommitPart& part = parts_.front();
    for (std::size_t i = 0; i < part.reports.size(); ++i) {
        if (!refused_.contains(part.reports[i])) continue;
        part.commit.jobs[i].outcome = JobOutcome::progress;
        part.commit.jobs[i].error.clear();
    }
    return part;
}

void Committer::note_kept(const std::vector<bool>& kept) {
    const CommitPart& part = parts_.front();
    for (std::size_t i = 0; i < part.reports.size(); ++i) {
        const JobReport& report = part.commit.jobs[i];
        if (i >= kept.size() || !kept[i]) {
            answer_[part.reports[i]] = Kept::lease_over;
        } else {
            if (!report.vectors.empty() || !report.refusals.empty()) ++results_kept_;
            if (report.outcome != JobOutcome::progress) refused_jobs_.erase(report.job.id);
        }
    }
    parts_.pop_front();
}

void Committer::note_refused(const Error& error) {
    const CommitPart part = std::move(parts_.front());
    parts_.pop_front();
    // What is wrong with the store's configuration is wrong with each part.
    if (error.kind == ErrorKind::misconfigured) return refuse(part, error);
    if (part.reports.size() != 1) return divide(part, error);
    undecided_.emplace_back(part, error);
    if (works_without(part.commit.jobs.front().job.id)) decide();
}

// A job is divided by texts only if the store works, so that one that does not costs few calls.
bool Committer::decide() {
    for (const auto& [part, error] : std::exchange(undecided_, {})) {
        if (works_without(part.commit.jobs.front().job.id))
            divide(part, error);
        else
            refuse(part, error);
    }
    return !parts_.empty();
}

void Committer::divide(const CommitPart& part, const Error& error) {
    auto parts = halves(part);
    if (!parts) return refuse(part, error);
    parts_.push_front(std::move(parts->second));
    parts_.push_front(std::move(parts->first));
}

void Committer::refuse(const CommitPart& part, const Error& error) {
    for (const std::size_t report : part.reports) {
        answer_[report] = Kept::refused;
        refused_.insert_or_assign(report, error);
    }
}

void Committer::drop_parts() {
    for (const CommitPart& part : parts_) {
        for (const std::size_t report : part.reports) answer_[report] = Kept::refused;
    }
    parts_.clear();
}

bool Committer::works_without(JobId job) const {
    const auto found = refused_jobs_.find(job);
    if (found == refused_jobs_.end()) return results_kept_ > results_kept_before_;
    return found->second.pays || results_kept_ > found->second.results_kept;
}

// The store's fault is not the jobs': without this their leases would run out, which counts an attempt.
void Committer::give_back_refused(const CommitWork& work) {
    const bool nothing_kept = !refused_.empty() && results_kept_ == results_kept_before_;
    nothing_kept_ = nothing_kept ? nothing_kept_ + 1 : 0;
    if (refused_.empty()) return;
    if (nothing_kept) committing_.failed(refused_.begin()->second);
    Commit commit;
    commit.max_attempts = work.commit.max_attempts;
    for (const auto& [report, error] : refused_) commit.jobs.push_back(refusal_of(work.commit.jobs[report].job, error));
    static_cast<void>(state_.store().commit(commit));
}

JobReport Committer::refusal_of(const JobRef& job, const Error& error) {
    const bool pays = works_without(job.id);
    if (refused_jobs_.size() >= remembered_jobs) refused_jobs_.clear();
    Refused& refused = refused_jobs_[job.id];
    refused.results_kept = results_kept_;
    refused.pays = pays;
    ++refused.times;
    return {.job = job,
            .outcome = pays ? JobOutcome::retry : JobOutcome::release,
            .error = "the store does not keep results: " + to_string(error),
            .delay = pays ? state_.settings.backoff.delay(refused.times, state_.random01())
                          : refused_backoff.delay(std::max<std::uint64_t>(nothing_kept_, 1)),
            .vectors = {},
            .refusals = {}};
}

// At a stop the process must end soon, and the leases of what is not stored run out.
bool Committer::gives_up(endpoints::Endpoint::Steady began) {
    const auto now = state_.now();
    const sync::Lock lock(state_.mutex);
    return now > began + state_.settings.lease || now >= state_.drain_until;
}

void Committer::report_ends(const std::vector<EndedJob>& ended) {
    for (const EndedJob& job : ended) {
        std::string provider;
        {
            const sync::Lock lock(state_.mutex);
            const auto pool = state_.pools.find(job.fingerprint);
            if (pool != state_.pools.end()) provider = pool->second.provider->name;
        }
        state_.work_log.ended(job, provider);
    }
}

void Committer::report_cuts(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) {
        if (!cut_lines_.take(state_.now())) {
            ++unreported_cuts_;
            continue;
        }
        const std::string others =
            unreported_cuts_ == 0 ? "" : "; so were " + std::to_string(unreported_cuts_) + " texts before it";
        unreported_cuts_ = 0;
        state_.logger().info(message + others);
    }
}

}  // namespace embedq::scheduler
