// Batches of the work queue: filled, answered, and sent again.
#include <algorithm>
#include <utility>

#include "scheduler/work_queue.h"

namespace embedq::scheduler {

namespace {
// A server may say of one text that it is busy, each time; then the others are not to wait for it.
constexpr std::size_t max_throttled = 3;
}  // namespace

std::size_t Batch::bytes() const noexcept {
    std::size_t sum = 0;
    for (const TextPtr& text : texts) sum += text->sent().size();
    return sum;
}

// --- filling

std::optional<Batch> WorkQueue::take(const Sha256& fingerprint, const endpoints::BatchLimits& limits) {
    auto found = queues_.find(fingerprint);
    if (found == queues_.end()) return std::nullopt;
    ProviderQueue& queue = found->second;
    const auto recall = [&queue] {
        queue.batches.push_back(std::move(queue.last.front().second));
        queue.last.pop_front();
    };
    while (!queue.last.empty() && queue.last.front().first <= queue.taken) recall();
    while (true) {
        if (auto prepared = take_prepared(queue, limits)) return prepared;
        Batch batch{.fingerprint = fingerprint, .texts = {}};
        fill(batch, queue, limits, std::max<std::size_t>(1, limits.max_inputs));
        if (!batch.texts.empty()) return batch;
        if (queue.last.empty()) return std::nullopt;
        recall();
    }
}

std::optional<Batch> WorkQueue::take_prepared(ProviderQueue& queue, const endpoints::BatchLimits& limits) {
    while (!queue.batches.empty()) {
        Batch batch = std::move(queue.batches.front());
        queue.batches.pop_front();
        queue.size -= batch.texts.size();
        std::erase_if(batch.texts, [&](const TextPtr& text) {
            if (wanted(*text)) return false;
            forget(text);
            return true;
        });
        if (batch.texts.empty()) {
            if (batch.isolation) isolate_after_answer(batch);
            continue;
        }
        const std::size_t max_texts =
            batch.isolation ? batch.texts.size() : std::max<std::size_t>(1, limits.max_inputs);
        if (batch.texts.size() > max_texts) {
            const auto place = batch.texts.begin() + static_cast<std::ptrdiff_t>(max_texts);
            put_back({batch.fingerprint, {place, batch.texts.end()}});
            batch.texts.erase(place, batch.texts.end());
        }
        return batch;
    }
    return std::nullopt;
}

void WorkQueue::fill(Batch& batch, ProviderQueue& queue, const endpoints::BatchLimits& limits, std::size_t max_texts) {
    const double max_bytes = endpoints::BatchLimits::filled * static_cast<double>(limits.max_bytes);
    const double max_tokens = endpoints::BatchLimits::filled * static_cast<double>(limits.max_tokens);
    double bytes = 0;
    double tokens = 0;
    while (batch.texts.size() < max_texts && !queue.texts.empty()) {
        Text& next = *queue.texts.front();
        if (limits.max_text_bytes > 0 && next.sent().size() > limits.max_text_bytes)
            next.cut_to = endpoints::cut_length(next.text, limits.max_text_bytes);
        const std::size_t size = next.sent().size();
        const bool alone = next.alone || limits.over_text_tokens(size);
        bytes += static_cast<double>(size);
        tokens += limits.cautious_tokens(size);
        const bool full =
            alone || (limits.max_bytes > 0 && bytes > max_bytes) || (limits.max_tokens > 0 && tokens > max_tokens);
        if (full && !batch.texts.empty()) return;
        TextPtr text = std::move(queue.texts.front());
        queue.texts.pop_front();
        ++queue.taken;
        --queue.size;
        if (queue.urgent > 0) --queue.urgent;
        if (!wanted(*text)) {
            forget(text);
            bytes -= static_cast<double>(size);
            tokens -= limits.cautious_tokens(size);
            continue;
        }
        batch.texts.push_back(std::move(text));
        // A text that is too large by itself goes alone, and the provider decides.
        if (full) return;
    }
}

void WorkQueue::put_back(Batch batch) {
    if (batch.texts.empty()) return;
    const Sha256 fingerprint = batch.fingerprint;
    ProviderQueue& queue = queues_[fingerprint];
    queue.size += batch.texts.size();
    queue.batches.push_front(std::move(batch));
    release_if_not_accepting(fingerprint, queue);
}

void WorkQueue::put_last(Batch batch) {
    const Sha256 fingerprint = batch.fingerprint;
    ProviderQueue& queue = queues_[fingerprint];
    queue.size += batch.texts.size();
    queue.last.emplace_back(queue.taken + queue.texts.size(), std::move(batch));
    release_if_not_accepting(fingerprint, queue);
}

void WorkQueue::put_back_texts(const Sha256& fingerprint, std::vector<TextPtr> texts) {
    ProviderQueue& queue = queues_[fingerprint];
    queue.size += texts.size();
    // These have waited already.
    queue.urgent += texts.size();
    queue.texts.insert(queue.texts.begin(), std::move_iterator(texts.begin()), std::move_iterator(texts.end()));
    release_if_not_accepting(fingerprint, queue);
}

void WorkQueue::put_back_parts(const Batch& batch, std::size_t size, bool pays) {
    end_isolation(batch);
    const std::size_t count = batch.texts.size();
    // From the back, since each part goes to the front of the queue.
    for (std::size_t end = count; end > 0;) {
        const std::size_t begin = (end - 1) / size * size;
        put_back({.fingerprint = batch.fingerprint,
                  .texts = {batch.texts.begin() + static_cast<std::ptrdiff_t>(begin),
                            batch.texts.begin() + static_cast<std::ptrdiff_t>(end)},
                  .pays = pays});
        end = begin;
    }
}

void WorkQueue::count_call(bool failed) noexcept {
    ++counters_.calls;
    if (failed) ++counters_.calls_failed;
}

void WorkQueue::put_back_halves(const Batch& batch) {
    put_back_parts(batch, (batch.texts.size() + 1) / 2);
}

void WorkQueue::batch_timed_out(const Batch& batch) {
    count_call(true);
    put_back_halves(batch);
}

std::size_t WorkQueue::queued(const Sha256& fingerprint) const {
    auto found = queues_.find(fingerprint);
    return found == queues_.end() ? 0 : found->second.size;
}

// --- answers

void WorkQueue::batch_answered(const Batch& batch, EmbedResult&& result, const Answer& answer) {
    count_call(false);
    counters_.tokens += result.tokens;
    std::vector<const Error*> errors(batch.texts.size(), nullptr);
    for (const TextError& bad : result.errors) {
        if (bad.index < errors.size()) errors[bad.index] = &bad.error;
    }
    for (std::size_t i = 0; i < batch.texts.size(); ++i) {
        const TextPtr& text = batch.texts[i];
        if (errors[i] == nullptr) {
            const auto row = result.matrix.begin() + static_cast<std::ptrdiff_t>(i * result.dimension);
            text->values.assign(row, row + static_cast<std::ptrdiff_t>(result.dimension));
            std::size_t& longest = longest_embedded_[text->fingerprint];
            longest = std::max(longest, text->sent().size());
            if (text->whole_refusal.empty())
                settle(text, std::nullopt);
            else
                cut_answered(text);
        } else if (errors[i]->text_too_long && cut(*text, *errors[i], answer.limits)) {
            put_back({batch.fingerprint, {text}});
        } else if (errors[i]->kind == ErrorKind::invalid_input || errors[i]->kind == ErrorKind::too_large) {
            refused(text, *errors[i], false, answer);
        } else {
            failed(text, *errors[i], false, answer);
        }
    }
    if (batch.isolation) isolate_after_answer(batch);
}

void WorkQueue::batch_throttled(Batch batch) {
    if (++batch.throttled < max_throttled) return put_back(std::move(batch));
    batch.throttled = 0;
    put_last(std::move(batch));
}

void WorkQueue::batch_failed(const Batch& batch, const Error& error, const Answer& answer, bool charge_jobs) {
    count_call(true);
    const bool one = batch.texts.size() == 1;
    switch (error.kind) {
        case ErrorKind::throttled:
            if (!charge_jobs && !batch.pays) return batch_throttled(batch);
            if (!one) return put_back_parts(batch, (batch.texts.size() + 1) / 2, true);
            end_isolation(batch);
            return failed(batch.texts.front(), error, true, answer);
        case ErrorKind::misconfigured: return put_back(batch);
        case ErrorKind::too_large:
        case ErrorKind::invalid_input:
            if (error.text_too_long) {
                const bool was_cut = one ? cut(*batch.texts.front(), error, answer.limits)
                                         : cut_texts_over_limit(batch, error, answer.limits);
                if (was_cut) {
                    end_isolation(batch);
                    return put_back({batch.fingerprint, batch.texts});
                }
            }
            if (error.kind == ErrorKind::too_large && !one) {
                const std::size_t stated = error.limits.max_inputs;
                return put_back_parts(
                    batch, stated > 0 && stated < batch.texts.size() ? stated : (batch.texts.size() + 1) / 2);
            }
            return isolate_after_refusal(batch, error, answer);
        case ErrorKind::internal:
            if (!charge_jobs) return put_last(batch);
            return isolate_after_refusal(batch, error, answer);
        case ErrorKind::unavailable:
            if (!charge_jobs) return put_last(batch);
            if (!one) return put_back_halves(batch);
            end_isolation(batch);
            return failed(batch.texts.front(), error, true, answer);
        default: break;
    }
    end_isolation(batch);
    for (const TextPtr& text : batch.texts) settle(text, one ? with_operation(*text, error) : error);
}

}  // namespace embedq::scheduler
