#include "scheduler/claimer.h"

#include <algorithm>

#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {
constexpr std::size_t most_page_texts = 1'024;
constexpr std::size_t most_page_bytes = 4U << 20U;
}  // namespace

void Claimer::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        if (!step()) wait(stop);
    }
}

std::vector<Sha256> Claimer::open_for_claims() {
    std::vector<Sha256> fingerprints;
    const sync::Lock lock(shared_.mutex);
    const auto now = shared_.now();
    for (const auto& [fingerprint, pool] : shared_.pools) {
        if (!pool.paused(now) && window(pool) > 0) fingerprints.push_back(fingerprint);
    }
    return fingerprints;
}

std::size_t Claimer::window(const EndpointPool& pool) const {
    const SchedulerSettings& settings = shared_.settings;
    const std::size_t texts = shared_.bench.texts();
    // Small claims as room trickles in would cost more than they bring.
    if (texts + settings.prefetch_texts / 8 > settings.prefetch_texts ||
        shared_.bench.bytes() >= settings.prefetch_bytes)
        return 0;
    if (shared_.draining || shared_.bench.holds_suspect()) return 0;
    return std::min(settings.prefetch_texts - texts,
                    pool.window.left(shared_.bench.texts(pool.provider->profile.fingerprint)));
}

std::optional<ClaimRequest> Claimer::request(const Sha256& fingerprint) {
    const sync::Lock lock(shared_.mutex);
    const auto pool = shared_.pools.find(fingerprint);
    if (pool == shared_.pools.end()) return std::nullopt;
    ClaimRequest request;
    request.max_texts = window(pool->second);
    if (request.max_texts == 0) return std::nullopt;
    request.fingerprints.push_back(fingerprint);
    request.worker_id = shared_.worker_id;
    request.max_jobs = shared_.settings.claim_jobs;
    request.lease = shared_.settings.lease;
    request.allow_suspect = shared_.bench.jobs() == 0;
    return request;
}

bool Claimer::step() {
    const bool replanned = replan();
    const std::vector<Sha256> fingerprints = open_for_claims();
    blocked_ = fingerprints.empty() || stands_aside(fingerprints);
    if (blocked_) return replanned;
    bool found = replanned;
    // One provider after the other, each for its own room: a slow one with little of it does not make the claims of a
    // fast one small.
    for (const Sha256& fingerprint : fingerprints) {
        const std::optional<ClaimRequest> wanted = request(fingerprint);
        if (!wanted) continue;
        auto claimed = shared_.store().claim(*wanted);
        if (!claimed) {
            if (!complained_) shared_.logger().warn("cannot claim jobs, asking again: " + to_string(claimed.error()));
            complained_ = true;
            return false;
        }
        if (complained_) shared_.logger().info("claiming jobs again");
        complained_ = false;
        if (claimed->empty()) continue;
        found = true;
        std::vector<std::pair<HoldId, MissingQuery>> queries;
        {
            const sync::Lock lock(shared_.mutex);
            for (const ClaimedJob& job : *claimed) queries.emplace_back(shared_.bench.add(job), first_page(job.ref));
        }
        plan(queries);
    }
    return found;
}

// Else a queue that never ends would keep it waiting for ever. Not at once: another process may have room for it
// sooner.
bool Claimer::stands_aside(const std::vector<Sha256>& fingerprints) {
    const auto now = shared_.now();
    {
        const sync::Lock lock(shared_.mutex);
        if (shared_.bench.jobs() == 0) return aside_ = false;
    }
    if (now < suspects_looked_for_at_ + shared_.settings.heartbeat) return aside_;
    suspects_looked_for_at_ = now;
    const auto next = shared_.store().next_due(fingerprints);
    return aside_ = next && next->suspect && *next->suspect <= -shared_.settings.heartbeat &&
                    *next->suspect <= *next->pending;
}

bool Claimer::replan() {
    std::vector<std::pair<HoldId, MissingQuery>> queries;
    {
        const sync::Lock lock(shared_.mutex);
        shared_.claimer_awake = false;
        const bool room = shared_.bench.texts() < shared_.settings.prefetch_texts &&
                          shared_.bench.bytes() < shared_.settings.prefetch_bytes;
        if (shared_.draining || !room) return false;
        const MissingQuery page = first_page({});
        queries = shared_.bench.take_replans(page.max_texts, page.max_bytes);
    }
    if (queries.empty()) return false;
    plan(queries);
    return true;
}

MissingQuery Claimer::first_page(const JobRef& job) const {
    return {job, -1, std::min(most_page_texts, shared_.settings.prefetch_texts),
            std::min(most_page_bytes, shared_.settings.prefetch_bytes)};
}

void Claimer::plan(const std::vector<std::pair<HoldId, MissingQuery>>& queries) {
    std::vector<MissingQuery> asked;
    asked.reserve(queries.size());
    for (const auto& [hold, query] : queries) asked.push_back(query);
    {
        const sync::Lock lock(shared_.mutex);
        shared_.bench.begin_planning();
    }
    auto answers = shared_.store().missing_texts(asked);

    const sync::Lock lock(shared_.mutex);
    const auto now = shared_.now();
    for (std::size_t i = 0; i < queries.size(); ++i) {
        if (!answers) {
            shared_.bench.fail(queries[i].first, answers.error());
        } else if (Result<MissingTexts>& page = (*answers)[i]; page) {
            shared_.bench.plan(queries[i].first, std::move(*page), now);
        } else if (page.error().kind == ErrorKind::conflict) {
            shared_.bench.release(queries[i].first, to_string(page.error()));
        } else if (page.error().kind == ErrorKind::lost) {
            shared_.bench.lose(queries[i].first);
        } else {
            shared_.bench.fail(queries[i].first, page.error());
        }
    }
    shared_.bench.end_planning();
    shared_.endpoints.notify_all();
    shared_.wake_endpoint_sync();
    shared_.committer.notify_all();
}

void Claimer::wait(std::stop_token stop) {
    auto deadline = shared_.now() + shared_.settings.poll;
    {
        const sync::Lock lock(shared_.mutex);
        const auto now = shared_.now();
        for (const auto& [fingerprint, pool] : shared_.pools) {
            if (pool.paused(now)) deadline = std::min(deadline, pool.paused_until());
        }
    }
    if (complained_) deadline = std::min(deadline, shared_.now() + store_pause);
    if (aside_) deadline = std::min(deadline, suspects_looked_for_at_ + shared_.settings.heartbeat);
    // While there is no room, only room helps, and that wakes the claimer.
    if (auto due = blocked_ ? Result<NextDue>{} : shared_.store().next_due(open_for_claims()); due && due->pending) {
        // A suspect may be due but wait until this process holds nothing else: a moment's pause keeps that from
        // spinning.
        deadline = std::min(deadline, shared_.now() + std::max(*due->pending, std::chrono::milliseconds(50)));
    }
    const auto watch = shared_.store().capabilities().watch_interval;
    sync::Lock lock(shared_.mutex);
    while (!stop.stop_requested() && !shared_.claimer_awake && shared_.now() < deadline) {
        const auto until = watch ? std::min(deadline, shared_.now() + *watch) : deadline;
        shared_.claimer.wait_until(lock, stop, until,
                                   [&]() EMBEDQ_REQUIRES(shared_.mutex) { return shared_.claimer_awake; });
        if (!watch || shared_.claimer_awake || stop.stop_requested()) continue;
        lock.unlock();
        const auto stamp = shared_.store().change_stamp();
        lock.lock();
        if (stamp && *stamp != stamp_) {
            stamp_ = *stamp;
            break;
        }
    }
}

}  // namespace embedq::scheduler
