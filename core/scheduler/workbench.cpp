#include "scheduler/workbench.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace embedq::scheduler {

std::size_t Workbench::TextKeyHash::operator()(const TextKey& key) const noexcept {
    std::size_t of_text = 0;
    std::size_t of_profile = 0;
    std::memcpy(&of_text, key.text_hash.data(), sizeof of_text);
    std::memcpy(&of_profile, key.profile_id.data(), sizeof of_profile);
    return of_text ^ (of_profile << 1U);
}

// --- jobs

HoldId Workbench::add(const ClaimedJob& job) {
    HeldJob held;
    held.claimed = job;
    held.replanned = true;
    ++counters_.jobs_claimed;
    jobs_.emplace(++last_hold_, std::move(held));
    return last_hold_;
}

void Workbench::begin_planning() {
    planning_ = true;
}

void Workbench::end_planning() {
    planning_ = false;
    just_settled_.clear();
}

void Workbench::plan(HoldId id, MissingTexts page, std::chrono::steady_clock::time_point now) {
    auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    HeldJob& job = found->second;
    job.replanned = false;
    job.more = page.more;
    Queue& queue = queues_[job.claimed.fingerprint];
    for (MissingText& missing : page.texts) {
        job.cursor = std::max(job.cursor, missing.position);
        const TextKey key{page.profile_id, missing.text_hash};
        const auto settled = just_settled_.find(key);
        if (settled != just_settled_.end() && (!page.force_from || settled->second >= *page.force_from)) continue;
        auto here = texts_.find(key);
        if (here != texts_.end() && (!page.force_from || here->second->as_of >= *page.force_from)) {
            here->second->waiters.push_back(id);
            if (here->second->settled()) {
                job.ready.push_back(here->second);
                ++ready_vectors_;
            } else {
                ++job.outstanding;
            }
            continue;
        }
        auto text = std::make_shared<Text>();
        text->fingerprint = job.claimed.fingerprint;
        text->profile_id = page.profile_id;
        text->text_hash = missing.text_hash;
        text->as_of = page.as_of;
        text->here_since = now;
        text->operation_id = std::move(missing.operation_id);
        text->text = std::move(missing.text);
        text->bytes = text->text.size();
        text->waiters.push_back(id);
        ++live_texts_;
        ++live_texts_of_[text->fingerprint];
        live_bytes_ += text->text.size();
        texts_.insert_or_assign(key, text);
        if (job.claimed.kind == JobKind::reconciler)
            queue.texts.push_back(std::move(text));
        else
            queue.texts.insert(queue.texts.begin() + static_cast<std::ptrdiff_t>(queue.urgent++), std::move(text));
        ++queue.size;
        ++job.outstanding;
    }
    if (done(job) || !job.ready.empty()) touch(id, job);
    release_if_turned_away(job.claimed.fingerprint, queue);
}

std::vector<std::pair<HoldId, MissingQuery>> Workbench::take_replans(std::size_t max_texts, std::size_t max_bytes) {
    std::vector<std::pair<HoldId, MissingQuery>> queries;
    for (auto& [id, job] : jobs_) {
        if (!job.more || job.replanned || job.outstanding > 0 || job.error || job.released || job.finishing) continue;
        job.replanned = true;
        queries.push_back({id, {job.claimed.ref, job.cursor, max_texts, max_bytes}});
    }
    return queries;
}

void Workbench::fail(HoldId id, const Error& error) {
    // The store's failure is nothing the job did.
    if (error.kind == ErrorKind::unavailable) return release(id, to_string(error));
    auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    HeldJob& job = found->second;
    job.replanned = false;
    if (!job.error) job.error = error;
    touch(id, job);
}

void Workbench::release(HoldId id, const std::string& reason) {
    auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    HeldJob& job = found->second;
    job.replanned = false;
    job.released = true;
    job.release_reason = reason;
    touch(id, job);
}

void Workbench::lose(HoldId id) {
    auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    // A text whose last waiter this was is dropped when its turn comes, or when its answer does.
    ready_vectors_ -= found->second.ready.size();
    std::vector<TextPtr> ready = std::move(found->second.ready);
    jobs_.erase(found);
    dirty_.erase(id);
    ++counters_.jobs_lost;
    for (const TextPtr& text : ready) drop_if_unwanted(text);
}

std::vector<std::pair<HoldId, JobRef>> Workbench::held() const {
    std::vector<std::pair<HoldId, JobRef>> refs;
    refs.reserve(jobs_.size());
    for (const auto& [id, job] : jobs_) refs.emplace_back(id, job.claimed.ref);
    return refs;
}

std::size_t Workbench::texts(const Sha256& fingerprint) const {
    const auto found = live_texts_of_.find(fingerprint);
    return found == live_texts_of_.end() ? 0 : found->second;
}

bool Workbench::holds_suspect() const noexcept {
    return std::ranges::any_of(jobs_, [](const auto& entry) { return entry.second.claimed.expiries >= 2; });
}

bool Workbench::wanted(const Text& text) const {
    return std::ranges::any_of(text.waiters, [&](HoldId id) { return jobs_.contains(id); });
}

void Workbench::forget(const TextPtr& text) {
    auto here = texts_.find(TextKey{text->profile_id, text->text_hash});
    if (here != texts_.end() && here->second == text) texts_.erase(here);
    if (text->text.empty()) return;
    --live_texts_;
    --live_texts_of_[text->fingerprint];
    live_bytes_ -= text->text.size();
    text->text.clear();  // marks it as off the books: another commit may still hold it
}

void Workbench::drop_if_unwanted(const TextPtr& text) {
    if (!wanted(*text)) forget(text);
}

bool Workbench::done(const HeldJob& job) const noexcept {
    return job.outstanding == 0 && !job.finishing && (job.error || job.released || (!job.more && !job.replanned));
}

void Workbench::touch(HoldId hold, const HeldJob& job) {
    if (!job.finishing) dirty_.insert(hold);
}

void Workbench::settle(const TextPtr& text, const std::optional<Error>& error) {
    if (error) {
        // Nobody may join a text that is given up.
        auto here = texts_.find(TextKey{text->profile_id, text->text_hash});
        if (here != texts_.end() && here->second == text) texts_.erase(here);
    }
    bool used = false;
    for (const HoldId id : text->waiters) {
        auto found = jobs_.find(id);
        if (found == jobs_.end()) continue;
        HeldJob& job = found->second;
        --job.outstanding;
        if (error) {
            if (!job.error) job.error = *error;
        } else {
            used = true;
            job.ready.push_back(text);
            ++ready_vectors_;
            if (text->refusal) {
                ++job.refusals;
                if (job.first_refusal.empty())
                    job.first_refusal = "operation '" + text->operation_id + "' was refused: " + *text->refusal;
            }
        }
        touch(id, job);
    }
    if (!used) forget(text);
}

void Workbench::release_queue(Queue& queue, const std::string& reason) {
    std::vector<TextPtr> waiting;
    for (Batch& batch : queue.batches) {
        std::ranges::move(batch.texts, std::back_inserter(waiting));
        if (!batch.search) continue;
        std::ranges::move(batch.search->other, std::back_inserter(waiting));
        std::ranges::move(batch.search->rest, std::back_inserter(waiting));
    }
    std::ranges::move(queue.texts, std::back_inserter(waiting));
    queue = Queue{};
    for (const TextPtr& text : waiting) {
        for (const HoldId id : text->waiters) {
            auto found = jobs_.find(id);
            if (found == jobs_.end()) continue;
            HeldJob& job = found->second;
            --job.outstanding;
            job.released = true;
            job.release_reason = reason;
            touch(id, job);
        }
        forget(text);
    }
}

void Workbench::release_queued(const Sha256& fingerprint, const std::string& reason) {
    auto found = queues_.find(fingerprint);
    if (found != queues_.end()) release_queue(found->second, reason);
}

void Workbench::release_if_turned_away(const Sha256& fingerprint, Queue& queue) {
    const auto reason = turned_away_.find(fingerprint);
    if (reason != turned_away_.end() && queue.size > 0) release_queue(queue, reason->second);
}

void Workbench::turn_away(const Sha256& fingerprint, const std::string& reason) {
    turned_away_.insert_or_assign(fingerprint, reason);
    release_queued(fingerprint, reason);
}

void Workbench::accept(const Sha256& fingerprint) {
    turned_away_.erase(fingerprint);
}

void Workbench::release_all_queued(const std::string& reason) {
    for (auto& [fingerprint, queue] : queues_) release_queue(queue, reason);
    for (auto& [id, job] : jobs_) {
        if (job.outstanding > 0 || job.finishing) continue;
        if (job.more || job.replanned) {
            job.released = true;
            job.release_reason = reason;
        }
        touch(id, job);
    }
}

void Workbench::release_all(const std::string& reason) {
    release_all_queued(reason);
    for (auto& [id, job] : jobs_) {
        if (job.finishing) continue;
        job.outstanding = 0;
        job.released = true;
        job.release_reason = reason;
        touch(id, job);
    }
}

}  // namespace embedq::scheduler
