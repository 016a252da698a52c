#include "scheduler/work_queue.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <ranges>
#include <utility>

namespace embedq::scheduler {

namespace {
constexpr std::uint32_t suspect_expiries = 2;  // from which on a job is suspect, see embedq/store.h
}

std::size_t WorkQueue::TextKeyHash::operator()(const TextKey& key) const noexcept {
    std::size_t of_text = 0;
    std::size_t of_profile = 0;
    std::memcpy(&of_text, key.text_hash.data(), sizeof of_text);
    std::memcpy(&of_profile, key.profile_id.data(), sizeof of_profile);
    return of_text ^ (of_profile << 1U);
}

HoldId WorkQueue::add(const ClaimedJob& job, Steady now) {
    HeldJob held;
    held.claimed = job;
    held.claimed_at = now;
    held.page_requested = true;
    ++counters_.jobs_claimed;
    jobs_.emplace(++last_hold_, std::move(held));
    return last_hold_;
}

void WorkQueue::begin_planning() {
    planning_ = true;
}

void WorkQueue::end_planning() {
    planning_ = false;
    just_settled_.clear();
}

void WorkQueue::plan(HoldId id, MissingTexts page, Steady now) {
    auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    HeldJob& job = found->second;
    job.page_requested = false;
    job.more = page.more;
    ProviderQueue& queue = queues_[job.claimed.fingerprint];
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
        ++live_texts_by_provider_[text->fingerprint];
        live_bytes_ += text->text.size();
        texts_.insert_or_assign(key, text);
        if (is_background(job.claimed.kind))
            queue.texts.push_back(std::move(text));
        else
            queue.texts.insert(queue.texts.begin() + static_cast<std::ptrdiff_t>(queue.urgent++), std::move(text));
        ++queue.size;
        ++job.outstanding;
    }
    if (done(job) || !job.ready.empty()) mark_to_report(id, job);
    release_if_not_accepting(job.claimed.fingerprint, queue);
}

std::vector<std::pair<HoldId, MissingQuery>> WorkQueue::take_next_pages(std::size_t max_texts, std::size_t max_bytes) {
    std::vector<std::pair<HoldId, MissingQuery>> queries;
    for (auto& [id, job] : jobs_) {
        if (!job.more || job.page_requested || job.outstanding > 0 || job.error || job.released || job.finishing)
            continue;
        job.page_requested = true;
        queries.push_back({id, {job.claimed.ref, job.cursor, max_texts, max_bytes}});
    }
    return queries;
}

void WorkQueue::fail(HoldId id, const Error& error) {
    const auto found = jobs_.find(id);
    if (found != jobs_.end()) found->second.store_failed = error.kind != ErrorKind::unavailable;
    release(id, to_string(error));
}

void WorkQueue::release(HoldId id, const std::string& reason) {
    auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    HeldJob& job = found->second;
    job.page_requested = false;
    job.released = true;
    job.release_reason = reason;
    mark_to_report(id, job);
}

void WorkQueue::lose(HoldId id, LossReason reason) {
    auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    // A text that no other job waits for is dropped when it is taken, or when it is answered.
    ready_vectors_ -= found->second.ready.size();
    std::vector<TextPtr> ready = std::move(found->second.ready);
    const ClaimedJob& job = found->second.claimed;
    lost_.push_back({job.ref.id, job.catalog_id, job.spec_name, reason});
    jobs_.erase(found);
    to_report_.erase(id);
    ++counters_.jobs_lost;
    for (const TextPtr& text : ready) drop_if_unwanted(text);
}

void WorkQueue::lease_over(HoldId id) {
    const auto found = jobs_.find(id);
    if (found != jobs_.end() && !found->second.finishing) lose(id, LossReason::lease_over);
}

std::vector<std::pair<HoldId, JobRef>> WorkQueue::held() const {
    std::vector<std::pair<HoldId, JobRef>> refs;
    refs.reserve(jobs_.size());
    for (const auto& [id, job] : jobs_) refs.emplace_back(id, job.claimed.ref);
    return refs;
}

std::size_t WorkQueue::texts(const Sha256& fingerprint) const {
    const auto found = live_texts_by_provider_.find(fingerprint);
    return found == live_texts_by_provider_.end() ? 0 : found->second;
}

bool WorkQueue::holds_suspect() const noexcept {
    return std::ranges::any_of(jobs_,
                               [](const auto& entry) { return entry.second.claimed.expiries >= suspect_expiries; });
}

bool WorkQueue::wanted(const Text& text) const {
    return std::ranges::any_of(text.waiters, [&](HoldId id) { return jobs_.contains(id); });
}

void WorkQueue::forget(const TextPtr& text) {
    auto here = texts_.find(TextKey{text->profile_id, text->text_hash});
    if (here != texts_.end() && here->second == text) texts_.erase(here);
    if (text->text.empty()) return;
    --live_texts_;
    --live_texts_by_provider_[text->fingerprint];
    live_bytes_ -= text->text.size();
    text->text.clear();  // marks it as gone from the queue: another commit may still hold it
}

void WorkQueue::drop_if_unwanted(const TextPtr& text) {
    if (!wanted(*text)) forget(text);
}

bool WorkQueue::done(const HeldJob& job) const noexcept {
    return job.outstanding == 0 && !job.finishing && (job.error || job.released || (!job.more && !job.page_requested));
}

void WorkQueue::mark_to_report(HoldId hold, const HeldJob& job) {
    if (!job.finishing) to_report_.insert(hold);
}

void WorkQueue::settle(const TextPtr& text, const std::optional<Error>& error) {
    if (error) {
        // No job may join a text that failed.
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
        mark_to_report(id, job);
    }
    if (!used) forget(text);
}

void WorkQueue::release_queue(ProviderQueue& queue, const std::string& reason) {
    std::vector<TextPtr> waiting;
    const auto move_texts = [&waiting](Batch& batch) {
        std::ranges::move(batch.texts, std::back_inserter(waiting));
        if (!batch.isolation) return;
        std::ranges::move(batch.isolation->other_half, std::back_inserter(waiting));
        std::ranges::move(batch.isolation->set_aside, std::back_inserter(waiting));
    };
    std::ranges::for_each(queue.batches, move_texts);
    std::ranges::for_each(queue.last | std::views::values, move_texts);
    std::ranges::move(queue.texts, std::back_inserter(waiting));
    std::ranges::move(queue.ask_again | std::views::values, std::back_inserter(waiting));
    queue = ProviderQueue{};
    for (const TextPtr& text : waiting) {
        for (const HoldId id : text->waiters) {
            auto found = jobs_.find(id);
            if (found == jobs_.end()) continue;
            HeldJob& job = found->second;
            --job.outstanding;
            job.released = true;
            job.release_reason = reason;
            mark_to_report(id, job);
        }
        forget(text);
    }
}

void WorkQueue::release_queued(const Sha256& fingerprint, const std::string& reason) {
    auto found = queues_.find(fingerprint);
    if (found != queues_.end()) release_queue(found->second, reason);
}

void WorkQueue::release_if_not_accepting(const Sha256& fingerprint, ProviderQueue& queue) {
    const auto reason = not_accepting_.find(fingerprint);
    if (reason != not_accepting_.end() && queue.size + queue.ask_again.size() > 0) release_queue(queue, reason->second);
}

void WorkQueue::stop_accepting(const Sha256& fingerprint, const std::string& reason) {
    not_accepting_.insert_or_assign(fingerprint, reason);
    release_queued(fingerprint, reason);
}

void WorkQueue::accept(const Sha256& fingerprint) {
    not_accepting_.erase(fingerprint);
}

void WorkQueue::release_all_queued(const std::string& reason) {
    for (auto& [fingerprint, queue] : queues_) release_queue(queue, reason);
    for (auto& [id, job] : jobs_) {
        if (job.outstanding > 0 || job.finishing) continue;
        if (job.more || job.page_requested) {
            job.released = true;
            job.release_reason = reason;
        }
        mark_to_report(id, job);
    }
}

void WorkQueue::release_all(const std::string& reason) {
    release_all_queued(reason);
    for (auto& [id, job] : jobs_) {
        if (job.finishing) continue;
        job.outstanding = 0;
        job.released = true;
        job.release_reason = reason;
        mark_to_report(id, job);
    }
}

}  // namespace embedq::scheduler
