// Refusals of the work queue: the refused text is isolated by halving, asked for once more, perhaps cut, and refused.
#include <algorithm>
#include <utility>

#include "scheduler/work_queue.h"

namespace embedq::scheduler {

namespace {

constexpr double shortest_context = 128;  // tokens, of any model: a shorter text is not too long

void append(std::vector<TextPtr>& to, std::vector<TextPtr>&& from) {
    std::ranges::move(from, std::back_inserter(to));
    from.clear();
}

}  // namespace

Error WorkQueue::with_operation(const Text& text, Error error) {
    error.message = "operation '" + text.operation_id + "': " + error.message;
    return error;
}

void WorkQueue::ask_later(const TextPtr& text, bool whole_call, const Answer& answer) {
    text->alone = whole_call;
    ProviderQueue& queue = queues_[text->fingerprint];
    queue.ask_again.emplace_back(answer.now + settings_.ask_again, text);
    release_if_not_accepting(text->fingerprint, queue);
}

void WorkQueue::failed(const TextPtr& text, const Error& error, bool whole_call, const Answer& answer) {
    if (++text->failures < answer.failures_needed) return ask_later(text, whole_call, answer);
    settle(text, with_operation(*text, error));
}

// --- a refused text

void WorkQueue::refused(const TextPtr& text, const Error& error, bool whole_call, const Answer& answer) {
    if (!text->cut_values.empty()) {
        text->values = std::exchange(text->cut_values, {});
        std::swap(text->cut_to, text->other_cut_to);
        return settle(text, std::nullopt);
    }
    // It was cut as often as may be.
    if (error.text_too_long) return refuse(text, error);
    if (!text->refused_once) {
        text->refused_once = true;
        return ask_later(text, whole_call, answer);
    }
    const std::size_t cut_to = text->cut_to;
    if (may_be_too_long(*text, answer.limits) && cut(*text, error, answer.limits)) {
        if (text->whole_refusal.empty()) text->other_cut_to = cut_to;
        text->whole_refusal = to_string(error);
        return put_back({text->fingerprint, {text}});
    }
    refuse(text, error);
}

void WorkQueue::cut_answered(const TextPtr& text) {
    if (text->cut_values.empty()) {
        text->cut_values = std::exchange(text->values, {});
        std::swap(text->cut_to, text->other_cut_to);
        return put_back({text->fingerprint, {text}});
    }
    text->cut_values.clear();
    text->whole_refusal.clear();
    settle(text, std::nullopt);
}

void WorkQueue::refuse(const TextPtr& text, const Error& error) {
    text->refusal = to_string(error);
    settle(text, std::nullopt);
}

bool WorkQueue::may_be_too_long(const Text& text, const endpoints::BatchLimits& limits) const {
    const std::size_t bytes = text.sent().size();
    if (limits.cautious_tokens(bytes) < shortest_context) return false;
    // Texts of one length differ in their tokens, so half of what was embedded is among the longest, too.
    const auto longest = longest_embedded_.find(text.fingerprint);
    return longest == longest_embedded_.end() || 2 * bytes > longest->second;
}

void WorkQueue::queue_due_again(const Sha256& fingerprint, Steady now) {
    const auto found = queues_.find(fingerprint);
    if (found == queues_.end()) return;
    ProviderQueue& queue = found->second;
    while (!queue.ask_again.empty() && queue.ask_again.front().first <= now) {
        const TextPtr text = std::move(queue.ask_again.front().second);
        queue.ask_again.pop_front();
        text->here_since = now;  // that it waited is not the endpoint's
        if (queue.urgent == queue.texts.size()) ++queue.urgent;
        queue.texts.push_back(text);
        ++queue.size;
    }
}

std::optional<WorkQueue::Steady> WorkQueue::due_again_at(const Sha256& fingerprint) const {
    const auto found = queues_.find(fingerprint);
    if (found == queues_.end() || found->second.ask_again.empty()) return std::nullopt;
    return found->second.ask_again.front().first;
}

// --- isolating a refused text
//
// Only one half of the candidates is sent at a time. When it is answered, the other half is known to hold the refused
// text. When it is refused, the other half is set aside. All texts that were set aside go back to the queue in the end.
// The first time, the other half is sent whole: some servers refuse a batch because of a passing problem and then
// accept both halves of it (Ollama's 400).

void WorkQueue::isolate_after_refusal(const Batch& batch, const Error& error, const Answer& answer) {
    if (batch.texts.size() > 1) {
        auto isolation = batch.isolation ? batch.isolation : std::make_shared<Isolation>();
        isolation->past_first_half = batch.isolation != nullptr;
        append(isolation->set_aside, std::move(isolation->other_half));
        return queue_first_half(batch.fingerprint, batch.texts, std::move(isolation));
    }
    const TextPtr& text = batch.texts.front();
    if (error.kind == ErrorKind::internal)
        failed(text, error, true, answer);
    else
        refused(text, error, true, answer);
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
