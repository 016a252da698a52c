#include "scheduler/claimer.h"

#include <algorithm>

namespace embedq::scheduler {

namespace {
constexpr std::size_t most_page_texts = 1'024;
constexpr std::size_t most_page_bytes = 4U << 20U;
constexpr std::chrono::milliseconds store_pause{500};  // before a store that failed is asked again
}  // namespace

void Claimer::run(std::stop_token stop) {
    while (!stop.stop_requested()) {
        if (!step()) wait(stop);
    }
}

ClaimRequest Claimer::request() {
    ClaimRequest request;
    const std::scoped_lock lock(shared_.mutex);
    const Settings& settings = shared_.settings;
    const std::size_t texts = shared_.bench.texts();
    const std::size_t bytes = shared_.bench.bytes();
    // Small claims as room trickles in would cost more than they bring.
    const bool room = texts + settings.room_texts / 8 <= settings.room_texts && bytes < settings.room_bytes;
    if (shared_.draining || !room || shared_.bench.holds_suspect()) return request;
    request.max_texts = settings.room_texts - texts;
    const auto now = shared_.now();
    for (const auto& [fingerprint, route] : shared_.routes) {
        const std::size_t left = route.room.left(shared_.bench.texts(fingerprint));
        if (route.paused(now) || left == 0) continue;
        request.fingerprints.push_back(fingerprint);
        request.max_texts = std::min(request.max_texts, left);
    }
    request.worker_id = shared_.worker_id;
    request.max_jobs = settings.claim_jobs;
    request.lease = settings.lease;
    request.allow_suspect = shared_.bench.jobs() == 0;
    return request;
}

bool Claimer::step() {
    const std::size_t page_texts = std::min(most_page_texts, shared_.settings.room_texts);
    const std::size_t page_bytes = std::min(most_page_bytes, shared_.settings.room_bytes);
    std::vector<std::pair<HoldId, MissingQuery>> queries;
    {
        const std::scoped_lock lock(shared_.mutex);
        shared_.claimer_awake = false;
        const bool room = shared_.bench.texts() < shared_.settings.room_texts && shared_.bench.bytes() < shared_.settings.room_bytes;
        if (!shared_.draining && room) queries = shared_.bench.take_replans(page_texts, page_bytes);
    }
    const bool replanned = !queries.empty();
    if (replanned) plan(queries);

    const ClaimRequest wanted = request();
    blocked_ = wanted.fingerprints.empty();
    if (wanted.fingerprints.empty()) return replanned;
    auto claimed = shared_.store.claim(wanted);
    if (!claimed) {
        if (!complained_) shared_.context.logger().warn("cannot claim jobs, asking again: " + claimed.error().message);
        complained_ = true;
        return false;
    }
    if (complained_) shared_.context.logger().info("claiming jobs again");
    complained_ = false;
    if (claimed->empty()) return replanned;

    queries.clear();
    {
        const std::scoped_lock lock(shared_.mutex);
        for (const ClaimedJob& job : *claimed) {
            queries.emplace_back(shared_.bench.add(job), MissingQuery{job.ref, -1, page_texts, page_bytes});
        }
    }
    plan(queries);
    return true;
}

void Claimer::plan(const std::vector<std::pair<HoldId, MissingQuery>>& queries) {
    std::vector<MissingQuery> asked;
    asked.reserve(queries.size());
    for (const auto& [hold, query] : queries) asked.push_back(query);
    {
        const std::scoped_lock lock(shared_.mutex);
        shared_.bench.begin_planning();
    }
    auto answers = shared_.store.missing_texts(asked);

    const std::scoped_lock lock(shared_.mutex);
    const auto now = shared_.now();
    for (std::size_t i = 0; i < queries.size(); ++i) {
        if (!answers) {
            shared_.bench.fail(queries[i].first, answers.error());
        } else if (Result<MissingTexts>& page = (*answers)[i]; page) {
            shared_.bench.plan(queries[i].first, std::move(*page), now);
        } else if (page.error().kind == ErrorKind::conflict) {
            shared_.bench.release(queries[i].first, page.error().message);
        } else if (page.error().kind == ErrorKind::lost) {
            shared_.bench.lose(queries[i].first);
        } else {
            shared_.bench.fail(queries[i].first, page.error());
        }
    }
    shared_.bench.end_planning();
    shared_.lanes.notify_all();
    shared_.wake_keeper();
    shared_.committer.notify_all();
}

void Claimer::wait(std::stop_token stop) {
    std::vector<Sha256> fingerprints;
    auto deadline = shared_.now() + shared_.settings.poll;
    {
        const std::scoped_lock lock(shared_.mutex);
        const auto now = shared_.now();
        for (const auto& [fingerprint, route] : shared_.routes) {
            if (route.paused(now))
                deadline = std::min(deadline, route.paused_until());
            else if (route.room.left(shared_.bench.texts(fingerprint)) > 0)
                fingerprints.push_back(fingerprint);
        }
    }
    if (complained_) deadline = std::min(deadline, shared_.now() + store_pause);
    // While there is no room, only room helps, and that wakes the claimer.
    if (auto due = blocked_ ? Result<NextDue>{} : shared_.store.next_due(fingerprints); due && due->pending) {
        // A suspect is due but waits until this process holds nothing else: a moment's pause keeps that from spinning.
        deadline = std::min(deadline, shared_.now() + std::max(*due->pending, std::chrono::milliseconds(50)));
    }
    const auto watch = shared_.store.capabilities().watch_interval;
    std::unique_lock lock(shared_.mutex);
    while (!stop.stop_requested() && !shared_.claimer_awake && shared_.now() < deadline) {
        const auto until = watch ? std::min(deadline, shared_.now() + *watch) : deadline;
        shared_.claimer.wait_until(lock, stop, until, [&] { return shared_.claimer_awake; });
        if (!watch || shared_.claimer_awake || stop.stop_requested()) continue;
        lock.unlock();
        const auto stamp = shared_.store.change_stamp();
        lock.lock();
        if (stamp && *stamp != stamp_) {
            stamp_ = *stamp;
            break;
        }
    }
}

}  // namespace embedq::scheduler
