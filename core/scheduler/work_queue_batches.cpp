// Batches of the work queue: filled, answered, sent again, and halved to isolate a refused text.
#include <algorithm>
#include <utility>

#include "scheduler/work_queue.h"

namespace embedq::scheduler {

namespace {

// The error of one text, with the operation in front.
Error about(const Text& text, Error error) {
    error.message = "operation '" + text.operation_id + "': " + error.message;
    return error;
}

void append(std::vector<TextPtr>& to, std::vector<TextPtr>&& from) {
    std::ranges::move(from, std::back_inserter(to));
    from.clear();
}

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
    if (auto prepared = take_prepared(queue, limits)) return prepared;
    Batch batch{.fingerprint = fingerprint, .texts = {}};
    fill(batch, queue, limits, std::max<std::size_t>(1, limits.max_inputs));
    if (batch.texts.empty()) return std::nullopt;
    return batch;
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
        const bool alone = limits.over_text_tokens(size);
        bytes += static_cast<double>(size);
        tokens += limits.cautious_tokens(size);
        const bool full =
            alone || (limits.max_bytes > 0 && bytes > max_bytes) || (limits.max_tokens > 0 && tokens > max_tokens);
        if (full && !batch.texts.empty()) return;
        TextPtr text = std::move(queue.texts.front());
        queue.texts.pop_front();
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
    queue.batches.push_back(std::move(batch));
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

void WorkQueue::put_back_parts(const Batch& batch, std::size_t size) {
    end_isolation(batch);
    const std::size_t count = batch.texts.size();
    // From the back, since each part goes to the front of the queue.
    for (std::size_t end = count; end > 0;) {
        const std::size_t begin = (end - 1) / size * size;
        put_back({batch.fingerprint,
                  {batch.texts.begin() + static_cast<std::ptrdiff_t>(begin),
                   batch.texts.begin() + static_cast<std::ptrdiff_t>(end)}});
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

void WorkQueue::batch_answered(const Batch& batch, EmbedResult&& result, const endpoints::BatchLimits& limits) {
    count_call(false);
    std::vector<const Error*> errors(batch.texts.size(), nullptr);
    for (const TextError& bad : result.errors) {
        if (bad.index < errors.size()) errors[bad.index] = &bad.error;
    }
    for (std::size_t i = 0; i < batch.texts.size(); ++i) {
        const TextPtr& text = batch.texts[i];
        if (errors[i] == nullptr) {
            const auto row = result.matrix.begin() + static_cast<std::ptrdiff_t>(i * result.dimension);
            text->values.assign(row, row + static_cast<std::ptrdiff_t>(result.dimension));
            settle(text, std::nullopt);
        } else if (errors[i]->text_too_long && cut(*text, *errors[i], limits)) {
            put_back({batch.fingerprint, {text}});
        } else if (errors[i]->kind == ErrorKind::invalid_input || errors[i]->kind == ErrorKind::too_large) {
            refuse(text, *errors[i]);
        } else {
            settle(text, about(*text, *errors[i]));
        }
    }
    if (batch.isolation) isolate_after_answer(batch);
}

void WorkQueue::batch_failed(const Batch& batch, const Error& error, const endpoints::BatchLimits& limits,
                             bool charge_jobs) {
    count_call(true);
    const bool one = batch.texts.size() == 1;
    switch (error.kind) {
        case ErrorKind::throttled:
        case ErrorKind::misconfigured: return put_back(batch);
        case ErrorKind::too_large:
        case ErrorKind::invalid_input:
            if (error.text_too_long) {
                const bool was_cut =
                    one ? cut(*batch.texts.front(), error, limits) : cut_texts_over_limit(batch, error, limits);
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
            return isolate_after_refusal(batch, error);
        case ErrorKind::internal:
            if (!charge_jobs) return put_last(batch);
            return isolate_after_refusal(batch, error);
        case ErrorKind::unavailable:
            if (!charge_jobs) return put_last(batch);
            if (!one) return put_back_halves(batch);
            break;
        default: break;
    }
    end_isolation(batch);
    for (const TextPtr& text : batch.texts) settle(text, one ? about(*text, error) : error);
}

void WorkQueue::refuse(const TextPtr& text, const Error& error) {
    text->refusal = to_string(error);
    settle(text, std::nullopt);
}

// --- isolating a refused text
//
// Only one half of the candidates is sent at a time. When it is answered, the other half is known to hold the refused
// text. When it is refused, the other half is set aside. All texts that were set aside go back to the queue in the end.
// The first time, the other half is sent whole: some servers refuse a batch because of a passing problem and then
// accept both halves of it (Ollama's 400).

void WorkQueue::isolate_after_refusal(const Batch& batch, const Error& error) {
    if (batch.texts.size() > 1) {
        auto isolation = batch.isolation ? batch.isolation : std::make_shared<Isolation>();
        isolation->past_first_half = batch.isolation != nullptr;
        append(isolation->set_aside, std::move(isolation->other_half));
        return queue_first_half(batch.fingerprint, batch.texts, std::move(isolation));
    }
    const TextPtr& text = batch.texts.front();
    if (error.kind == ErrorKind::internal)
        settle(text, about(*text, error));
    else
        refuse(text, error);
    end_isolation(batch);
}

void WorkQueue::isolate_after_answer(const Batch& batch) {
    const std::shared_ptr<Isolation>& isolation = batch.isolation;
    if (isolation->other_half.empty()) return end_isolation(batch);
    std::vector<TextPtr> candidates = std::exchange(isolation->other_half, {});
    if (isolation->past_first_half && candidates.size() > 1)
        return queue_first_half(batch.fingerprint, std::move(candidates), isolation);
    isolation->past_first_half = true;
    put_back({batch.fingerprint, std::move(candidates), isolation});
}

void WorkQueue::queue_first_half(const Sha256& fingerprint, std::vector<TextPtr> candidates,
                                 std::shared_ptr<Isolation> isolation) {
    const auto middle = candidates.begin() + static_cast<std::ptrdiff_t>(candidates.size() / 2);
    isolation->other_half.assign(std::move_iterator(middle), std::move_iterator(candidates.end()));
    candidates.erase(middle, candidates.end());
    put_back({fingerprint, std::move(candidates), std::move(isolation)});
}

void WorkQueue::end_isolation(const Batch& batch) {
    if (!batch.isolation) return;
    std::vector<TextPtr> set_aside = std::exchange(batch.isolation->other_half, {});
    append(set_aside, std::exchange(batch.isolation->set_aside, {}));
    put_back_texts(batch.fingerprint, std::move(set_aside));
}

}  // namespace embedq::scheduler
