// The workbench's way to the providers: batches are filled, sent again, halved in search of a refused text, and
// answered.
#include <algorithm>
#include <utility>

#include "scheduler/workbench.h"

namespace embedq::scheduler {

namespace {

// The error of one text, saying whose it is.
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

std::optional<Batch> Workbench::take(const Sha256& fingerprint, const endpoints::BatchLimits& limits, bool probe) {
    auto found = queues_.find(fingerprint);
    if (found == queues_.end()) return std::nullopt;
    Queue& queue = found->second;
    if (auto prepared = take_prepared(queue, limits, probe)) {
        prepared->probe = probe;
        return prepared;
    }
    Batch batch{.fingerprint = fingerprint, .texts = {}, .probe = probe};
    fill(batch, queue, limits, probe ? 1 : std::max<std::size_t>(1, limits.max_inputs));
    if (batch.texts.empty()) return std::nullopt;
    return batch;
}

std::optional<Batch> Workbench::take_prepared(Queue& queue, const endpoints::BatchLimits& limits, bool probe) {
    while (!queue.batches.empty()) {
        Batch batch = std::move(queue.batches.front());
        queue.batches.pop_front();
        queue.size -= batch.texts.size();
        // A probe is a single text, whatever was looked for.
        if (probe && batch.search) {
            give_up_search(batch);
            batch.search = nullptr;
        }
        std::erase_if(batch.texts, [&](const TextPtr& text) {
            if (wanted(*text)) return false;
            forget(text);
            return true;
        });
        if (batch.texts.empty()) {
            if (batch.search) search_on_after_answer(batch);
            continue;
        }
        const std::size_t most = probe          ? 1
                                 : batch.search ? batch.texts.size()
                                                : std::max<std::size_t>(1, limits.max_inputs);
        if (batch.texts.size() > most) {
            const auto place = batch.texts.begin() + static_cast<std::ptrdiff_t>(most);
            put_back({batch.fingerprint, {place, batch.texts.end()}});
            batch.texts.erase(place, batch.texts.end());
        }
        return batch;
    }
    return std::nullopt;
}

void Workbench::fill(Batch& batch, Queue& queue, const endpoints::BatchLimits& limits, std::size_t most) {
    const double most_bytes = endpoints::BatchLimits::filled * static_cast<double>(limits.max_bytes);
    const double most_tokens = endpoints::BatchLimits::filled * static_cast<double>(limits.max_tokens);
    double bytes = 0;
    double tokens = 0;
    while (batch.texts.size() < most && !queue.texts.empty()) {
        Text& next = *queue.texts.front();
        if (limits.max_text_bytes > 0 && next.sent().size() > limits.max_text_bytes)
            next.cut_to = endpoints::cut_length(next.text, limits.max_text_bytes);
        const std::size_t size = next.sent().size();
        const bool alone = limits.over_text_tokens(size);
        bytes += static_cast<double>(size);
        tokens += limits.cautious_tokens(size);
        const bool full =
            alone || (limits.max_bytes > 0 && bytes > most_bytes) || (limits.max_tokens > 0 && tokens > most_tokens);
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
        // What is too large by itself goes alone, and the provider decides.
        if (full) return;
    }
}

void Workbench::put_back(Batch batch) {
    if (batch.texts.empty()) return;
    const Sha256 fingerprint = batch.fingerprint;
    Queue& queue = queues_[fingerprint];
    queue.size += batch.texts.size();
    queue.batches.push_front(std::move(batch));
    release_if_turned_away(fingerprint, queue);
}

void Workbench::put_behind(Batch batch) {
    const Sha256 fingerprint = batch.fingerprint;
    Queue& queue = queues_[fingerprint];
    queue.size += batch.texts.size();
    if (batch.probe) {
        if (queue.urgent == queue.texts.size()) queue.urgent += batch.texts.size();
        queue.texts.insert(queue.texts.end(), batch.texts.begin(), batch.texts.end());
    } else {
        queue.batches.push_back(std::move(batch));
    }
    release_if_turned_away(fingerprint, queue);
}

void Workbench::put_back_texts(const Sha256& fingerprint, std::vector<TextPtr> texts) {
    Queue& queue = queues_[fingerprint];
    queue.size += texts.size();
    // They have waited already.
    queue.urgent += texts.size();
    queue.texts.insert(queue.texts.begin(), std::move_iterator(texts.begin()), std::move_iterator(texts.end()));
    release_if_turned_away(fingerprint, queue);
}

void Workbench::requeue_parts(const Batch& batch, std::size_t size) {
    give_up_search(batch);
    const std::size_t count = batch.texts.size();
    // From the back, since each goes to the front.
    for (std::size_t end = count; end > 0;) {
        const std::size_t begin = (end - 1) / size * size;
        put_back({batch.fingerprint,
                  {batch.texts.begin() + static_cast<std::ptrdiff_t>(begin),
                   batch.texts.begin() + static_cast<std::ptrdiff_t>(end)}});
        end = begin;
    }
}

void Workbench::count_call(bool failed) noexcept {
    ++counters_.calls;
    if (failed) ++counters_.calls_failed;
}

void Workbench::requeue_halves(const Batch& batch) {
    requeue_parts(batch, (batch.texts.size() + 1) / 2);
}

void Workbench::put_back_halves(const Batch& batch) {
    count_call(true);
    requeue_halves(batch);
}

std::size_t Workbench::queued(const Sha256& fingerprint) const {
    auto found = queues_.find(fingerprint);
    return found == queues_.end() ? 0 : found->second.size;
}

// --- answers

void Workbench::answer(const Batch& batch, EmbedResult&& result, const endpoints::BatchLimits& limits) {
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
    if (batch.search) search_on_after_answer(batch);
}

void Workbench::reject(const Batch& batch, const Error& error, const endpoints::BatchLimits& limits, bool jobs_pay) {
    count_call(true);
    const bool one = batch.texts.size() == 1;
    switch (error.kind) {
        case ErrorKind::throttled:
        case ErrorKind::misconfigured: return put_back(batch);
        case ErrorKind::too_large:
        case ErrorKind::invalid_input:
            if (error.text_too_long) {
                const bool shorter = one ? cut(*batch.texts.front(), error, limits) : cut_known(batch, error, limits);
                if (shorter) {
                    give_up_search(batch);
                    return put_back({batch.fingerprint, batch.texts});
                }
            }
            if (error.kind == ErrorKind::too_large && !one) {
                const std::size_t told = error.limits.max_inputs;
                return requeue_parts(batch,
                                     told > 0 && told < batch.texts.size() ? told : (batch.texts.size() + 1) / 2);
            }
            return search_on_after_refusal(batch, error);
        case ErrorKind::internal:
            if (!jobs_pay) return put_behind(batch);
            return search_on_after_refusal(batch, error);
        case ErrorKind::unavailable:
            if (!jobs_pay) return put_behind(batch);
            if (!one) return requeue_halves(batch);
            break;
        default: break;
    }
    give_up_search(batch);
    for (const TextPtr& text : batch.texts) settle(text, error);
}

void Workbench::refuse(const TextPtr& text, const Error& error) {
    text->refusal = error.message;
    settle(text, std::nullopt);
}

// --- the search for a refused text. Only one half of the suspects is sent at a time: when it is answered, the other
// half is known to hold the text; when it is refused, the other half is set aside, and all that was set aside goes back
// to the queue in the end. Once, at the beginning, the other half is sent as it is: some servers refuse a batch for a
// moment's trouble and take both halves of it (Ollama's 400).

void Workbench::search_on_after_refusal(const Batch& batch, const Error& error) {
    if (batch.texts.size() > 1) {
        auto search = batch.search ? batch.search : std::make_shared<Search>();
        search->begun = batch.search != nullptr;
        append(search->rest, std::move(search->other));
        return send_half(batch.fingerprint, batch.texts, std::move(search));
    }
    const TextPtr& text = batch.texts.front();
    if (error.kind == ErrorKind::internal)
        settle(text, about(*text, error));
    else
        refuse(text, error);
    give_up_search(batch);
}

void Workbench::search_on_after_answer(const Batch& batch) {
    const std::shared_ptr<Search>& search = batch.search;
    if (search->other.empty()) return give_up_search(batch);
    std::vector<TextPtr> suspects = std::exchange(search->other, {});
    if (search->begun && suspects.size() > 1) return send_half(batch.fingerprint, std::move(suspects), search);
    search->begun = true;
    put_back({batch.fingerprint, std::move(suspects), search});
}

void Workbench::send_half(const Sha256& fingerprint, std::vector<TextPtr> suspects, std::shared_ptr<Search> search) {
    const auto middle = suspects.begin() + static_cast<std::ptrdiff_t>(suspects.size() / 2);
    search->other.assign(std::move_iterator(middle), std::move_iterator(suspects.end()));
    suspects.erase(middle, suspects.end());
    put_back({fingerprint, std::move(suspects), std::move(search)});
}

void Workbench::give_up_search(const Batch& batch) {
    if (!batch.search) return;
    std::vector<TextPtr> aside = std::exchange(batch.search->other, {});
    append(aside, std::exchange(batch.search->rest, {}));
    put_back_texts(batch.fingerprint, std::move(aside));
}

}  // namespace embedq::scheduler
