#include "scheduler/claimer.h"

#include <algorithm>

#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {
constexpr std::size_t max_page_texts = 1'024;
constexpr std::size_t max_page_bytes = 4U << 20U;
constexpr std::chrono::milliseconds min_wait{50};  // before a job that is due but could not be claimed
}  // namespace

void Claimer::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        if (!step()) wait(stop);
    }
}

std::vector<Sha256> Claimer::claimable() {
    std::vector<Sha256> fingerprints;
    const sync::Lock lock(state_.mutex);
    const auto now = state_.now();
    for (const auto& [fingerprint, pool] : state_.pools) {
        if (!pool.paused(now) && max_claim(pool) > 0) fingerprints.push_back(fingerprint);
    }
    return fingerprints;
}

std::size_t Claimer::max_claim(const endpoints::EndpointPool& pool) const {
    const SchedulerSettings& settings = state_.settings;
    const std::size_t texts = state_.queue.texts();
    // Many small claims would cost more than they are worth.
    if (texts + settings.prefetch_texts / 8 > settings.prefetch_texts ||
        state_.queue.bytes() >= settings.prefetch_bytes)
        return 0;
    if (state_.draining || state_.queue.holds_suspect()) return 0;
    return std::min(settings.prefetch_texts - texts,
                    pool.window.left(state_.queue.texts(pool.provider->profile.fingerprint)));
}

std::optional<ClaimRequest> Claimer::request(const Sha256& fingerprint) {
    const sync::Lock lock(state_.mutex);
    const auto pool = state_.pools.find(fingerprint);
    if (pool == state_.pools.end()) return std::nullopt;
    ClaimRequest request;
    request.max_texts = max_claim(pool->second);
    if (request.max_texts == 0) return std::nullopt;
    request.fingerprints.push_back(fingerprint);
    request.worker_id = state_.worker_id;
    request.max_jobs = state_.settings.claim_jobs;
    request.lease = state_.settings.lease;
    request.allow_suspect = state_.queue.jobs() == 0;
    return request;
}

bool Claimer::step() {
    const bool planned = plan_next_pages();
    const std::vector<Sha256> fingerprints = claimable();
    blocked_ = fingerprints.empty() || must_finish_before_suspect(fingerprints);
    if (blocked_) return planned;
    bool found = planned;
    // One provider after the other, each for its own window: a slow provider with a small window does not make the
    // claims of a fast one small.
    for (const Sha256& fingerprint : fingerprints) {
        const std::optional<ClaimRequest> wanted = request(fingerprint);
        if (!wanted) continue;
        auto claimed = state_.store().claim(*wanted);
        if (!claimed) {
            if (!failure_logged_)
                state_.logger().warn("cannot claim jobs, asking again: " + to_string(claimed.error()));
            failure_logged_ = true;
            return false;
        }
        if (failure_logged_) state_.logger().info("claiming jobs again");
        failure_logged_ = false;
        if (claimed->empty()) continue;
        found = true;
        std::vector<std::pair<HoldId, MissingQuery>> queries;
        {
            const sync::Lock lock(state_.mutex);
            for (const ClaimedJob& job : *claimed) queries.emplace_back(state_.queue.add(job), first_page(job.ref));
        }
        plan(queries);
    }
    return found;
}

// Otherwise a queue that never ends would keep the suspect waiting forever. Only after it has been due for a heartbeat:
// another process may be able to claim it sooner.
bool Claimer::must_finish_before_suspect(const std::vector<Sha256>& fingerprints) {
    const auto now = state_.now();
    {
        const sync::Lock lock(state_.mutex);
        if (state_.queue.jobs() == 0) return waits_for_suspect_ = false;
    }
    if (now < suspect_checked_at_ + state_.settings.heartbeat) return waits_for_suspect_;
    suspect_checked_at_ = now;
    const auto next = state_.store().next_due(fingerprints);
    return waits_for_suspect_ = next && next->suspect && *next->suspect <= -state_.settings.heartbeat &&
                                *next->suspect <= *next->pending;
}

bool Claimer::plan_next_pages() {
    std::vector<std::pair<HoldId, MissingQuery>> queries;
    {
        const sync::Lock lock(state_.mutex);
        state_.claimer_awake = false;
        const bool fits = state_.queue.texts() < state_.settings.prefetch_texts &&
                          state_.queue.bytes() < state_.settings.prefetch_bytes;
        if (state_.draining || !fits) return false;
        const MissingQuery page = first_page({});
        queries = state_.queue.take_next_pages(page.max_texts, page.max_bytes);
    }
    if (queries.empty()) return false;
    plan(queries);
    return true;
}

MissingQuery Claimer::first_page(const JobRef& job) const {
    return {job, -1, std::min(max_page_texts, state_.settings.prefetch_texts),
            std::min(max_page_bytes, state_.settings.prefetch_bytes)};
}

void Claimer::plan(const std::vector<std::pair<HoldId, MissingQuery>>& queries) {
    std::vector<MissingQuery> pages;
    pages.reserve(queries.size());
    for (const auto& [hold, query] : queries) pages.push_back(query);
    {
        const sync::Lock lock(state_.mutex);
        state_.queue.begin_planning();
    }
    auto answers = state_.store().missing_texts(pages);

    const sync::Lock lock(state_.mutex);
    const auto now = state_.now();
    for (std::size_t i = 0; i < queries.size(); ++i) {
        if (!answers) {
            state_.queue.fail(queries[i].first, answers.error());
        } else if (Result<MissingTexts>& page = (*answers)[i]; page) {
            state_.queue.plan(queries[i].first, std::move(*page), now);
        } else if (page.error().kind == ErrorKind::conflict) {
            state_.queue.release(queries[i].first, to_string(page.error()));
        } else if (page.error().kind == ErrorKind::lost) {
            state_.queue.lose(queries[i].first);
        } else {
            state_.queue.fail(queries[i].first, page.error());
        }
    }
    state_.queue.end_planning();
    state_.endpoints_cv.notify_all();
    state_.wake_endpoint_sync();
    state_.committer_cv.notify_all();
}

void Claimer::wait(std::stop_token stop) {
    auto deadline = state_.now() + state_.settings.poll;
    {
        const sync::Lock lock(state_.mutex);
        const auto now = state_.now();
        for (const auto& [fingerprint, pool] : state_.pools) {
            if (pool.paused(now)) deadline = std::min(deadline, pool.paused_until());
        }
    }
    if (failure_logged_) deadline = std::min(deadline, state_.now() + store_pause);
    if (waits_for_suspect_) deadline = std::min(deadline, suspect_checked_at_ + state_.settings.heartbeat);
    // While the windows are full, only an answer or a commit helps, and that wakes the claimer.
    if (auto due = blocked_ ? Result<NextDue>{} : state_.store().next_due(claimable()); due && due->pending) {
        // A suspect may be due but wait until this process holds nothing else; `min_wait` keeps that from spinning.
        deadline = std::min(deadline, state_.now() + std::max(*due->pending, min_wait));
    }
    const auto watch = state_.store().capabilities().watch_interval;
    sync::Lock lock(state_.mutex);
    while (!stop.stop_requested() && !state_.claimer_awake && state_.now() < deadline) {
        const auto until = watch ? std::min(deadline, state_.now() + *watch) : deadline;
        state_.claimer_cv.wait_until(lock, stop, until,
                                     [&]() EMBEDQ_REQUIRES(state_.mutex) { return state_.claimer_awake; });
        if (!watch || state_.claimer_awake || stop.stop_requested()) continue;
        lock.unlock();
        const auto stamp = state_.store().change_stamp();
        lock.lock();
        if (stamp && *stamp != change_stamp_) {
            change_stamp_ = *stamp;
            break;
        }
    }
}

}  // namespace embedq::scheduler
