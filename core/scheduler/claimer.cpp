#include "scheduler/claimer.h"

#include <algorithm>

#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {
constexpr std::size_t max_page_texts = 1'024;
constexpr std::size_t max_page_bytes = 4U << 20U;
constexpr std::chrono::milliseconds min_wait{50};  // before a job that is due but could not be claimed
}  // namespace

Claimer::Claimer(SchedulerState& state)
    : state_(state),
      claiming_(state.retry("claim jobs")),
      planning_(state.retry("read which texts are missing")),
      looking_(state.retry("read when jobs are due")),
      watching_(state.retry("read whether something changed")) {}

void Claimer::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        if (!step()) wait(stop);
    }
}

std::vector<Sha256> Claimer::claimable() {
    std::vector<Sha256> fingerprints;
    const auto now = state_.now();
    if (now < paused_until()) return fingerprints;
    const sync::Lock lock(state_.mutex);
    if (state_.heartbeat_missed) return fingerprints;
    for (const auto& [fingerprint, pool] : state_.pools) {
        if (!pool.paused(now) && max_claim(pool) > 0) fingerprints.push_back(fingerprint);
    }
    return fingerprints;
}

endpoints::Endpoint::Steady Claimer::paused_until() const {
    return std::max({claiming_.again_at(), planning_.again_at(), looking_.again_at()});
}

Result<NextDue> Claimer::next_due(const std::vector<Sha256>& fingerprints) {
    auto due = state_.store().next_due(fingerprints);
    looking_.succeeded(due);
    return due;
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
        const auto asked_at = state_.now();
        const auto claimed = state_.store().claim(*wanted);
        if (!claiming_.succeeded(claimed)) return false;
        if (claimed->empty()) continue;
        found = true;
        if (const auto queries = take(*claimed, asked_at); !queries.empty()) plan(queries);
        if (planning_.failing()) return false;
    }
    return found;
}

std::vector<std::pair<HoldId, MissingQuery>> Claimer::take(const std::vector<ClaimedJob>& claimed,
                                                           endpoints::Endpoint::Steady asked_at) {
    std::vector<std::pair<HoldId, MissingQuery>> queries;
    const sync::Lock lock(state_.mutex);
    // The leases count from some moment after the question.
    const bool too_late = state_.heartbeat_missed || state_.now() >= asked_at + state_.settings.lease / 2;
    for (const ClaimedJob& job : claimed) {
        const HoldId hold = state_.queue.add(job, state_.now());
        if (too_late)
            state_.queue.release(hold, "the claim was answered after half a lease");
        else
            queries.emplace_back(hold, first_page(job.ref));
    }
    if (too_late) state_.committer_cv.notify_all();
    return queries;
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
    const auto next = next_due(fingerprints);
    return waits_for_suspect_ = next && next->suspect && *next->suspect <= -state_.settings.heartbeat &&
                                *next->suspect <= *next->pending;
}

bool Claimer::plan_next_pages() {
    std::vector<std::pair<HoldId, MissingQuery>> queries;
    {
        const sync::Lock lock(state_.mutex);
        state_.claimer_awake = false;
        if (state_.now() < planning_.again_at()) return false;
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
    planning_.succeeded(answers);

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
    if (waits_for_suspect_) deadline = std::min(deadline, suspect_checked_at_ + state_.settings.heartbeat);
    // While the windows are full, only an answer or a commit helps, and that wakes the claimer.
    const bool asks = !blocked_ && state_.now() >= paused_until();
    if (const auto due = asks ? next_due(claimable()) : Result<NextDue>{}; due && due->pending) {
        // A suspect may be due but wait until this process holds nothing else; `min_wait` keeps that from spinning.
        deadline = std::min(deadline, state_.now() + std::max(*due->pending, min_wait));
    }
    if (const auto again = paused_until(); again > state_.now()) deadline = std::min(deadline, again);
    const auto watch = state_.store().capabilities().watch_interval;
    sync::Lock lock(state_.mutex);
    while (!stop.stop_requested() && !state_.claimer_awake && state_.now() < deadline) {
        const auto until = watch ? std::min(deadline, std::max(state_.now() + *watch, watching_.again_at())) : deadline;
        state_.claimer_cv.wait_until(lock, stop, until,
                                     [&]() EMBEDQ_REQUIRES(state_.mutex) { return state_.claimer_awake; });
        if (!watch || state_.claimer_awake || stop.stop_requested()) continue;
        lock.unlock();
        const auto stamp = state_.store().change_stamp();
        watching_.succeeded(stamp);
        lock.lock();
        if (stamp && *stamp != change_stamp_) {
            change_stamp_ = *stamp;
            break;
        }
    }
}

}  // namespace embedq::scheduler
