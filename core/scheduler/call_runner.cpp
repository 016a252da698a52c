#include "scheduler/call_runner.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "endpoints/provider_health.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {

constexpr std::size_t max_threads = 64;                        // per endpoint
constexpr std::chrono::milliseconds longest_call{86'400'000};  // whatever ProviderInfo::call_timeout says

// The host's guard around a plugin has checked the rows. This keeps the work queue's arithmetic safe for a provider
// without a guard, too.
Status check_shape(const EmbedResult& result, std::size_t texts, std::size_t dimension) {
    if (result.matrix.size() != texts * dimension) {
        return embedq::fail(ErrorKind::internal,
                            "the provider returned " +
                                std::to_string(result.matrix.size() / std::max<std::size_t>(1, dimension)) +
                                " vectors for " + std::to_string(texts) + " texts");
    }
    return {};
}

// No endpoint that accepts texts at all has a reason to refuse this one.
constexpr std::string_view sample_text = "text";

bool is_refusal(const Error& error) {
    return error.kind == ErrorKind::invalid_input || error.kind == ErrorKind::too_large;
}

// Whether the call refused all its texts for good. A text that is too long is cut and sent again instead.
bool refused_all(const Batch& batch, const Result<EmbedResult>& result) {
    const auto for_good = [](const Error& error) { return is_refusal(error) && !error.text_too_long; };
    if (!result) return batch.texts.size() == 1 && for_good(result.error());
    return result->errors.size() == batch.texts.size() &&
           std::ranges::any_of(result->errors, [&](const TextError& bad) { return for_good(bad.error); });
}

Error refuses_every_text(const Error& error) {
    Error misconfigured{
        .kind = ErrorKind::misconfigured,
        .message = "the endpoint refuses every text, even '" + std::string(sample_text) + "': " + to_string(error),
        .hint = "correct what it complains about (the key, the model, the options): it is tried again"};
    misconfigured.detail = error.detail;
    return misconfigured;
}

}  // namespace

void CallRunner::add(const endpoints::ProbedProviderPtr& provider) {
    join_retired();
    const ProviderInfo& info = provider->info;
    endpoints::EndpointSettings limits;
    limits.concurrency = std::clamp<std::size_t>(info.limits.concurrency, 1, max_threads);
    const Sha256 fingerprint = provider->profile.fingerprint;
    endpoints::EndpointPool* opened = nullptr;
    {
        const sync::Lock lock(state_.mutex);
        if (state_.draining) return;
        endpoints::EndpointPool pool(provider, limits, state_.settings.prefetch_texts);
        if (const auto present = state_.pools.find(fingerprint); present != state_.pools.end()) {
            const endpoints::EndpointPool& old = present->second;
            if (old.provider->name != provider->name || old.provider == provider) return;
            pool.inherit(old);
            close(present);
        }
        pool.threads = info.endpoints.size() * limits.concurrency;
        state_.call_threads += pool.threads;
        state_.queue.accept(fingerprint);
        opened = &state_.pools.try_emplace(fingerprint, std::move(pool)).first->second;
    }
    for (std::size_t endpoint_index = 0; endpoint_index < info.endpoints.size(); ++endpoint_index) {
        for (std::size_t i = 0; i < limits.concurrency; ++i) {
            threads_.push_back(
                {opened, std::jthread([this, opened, endpoint_index] { run(*opened, endpoint_index); })});
        }
    }
}

void CallRunner::retire(const endpoints::ProbedProviderPtr& provider, const std::string& reason) {
    const sync::Lock lock(state_.mutex);
    const auto present = state_.pools.find(provider->profile.fingerprint);
    if (present == state_.pools.end() || present->second.provider->name != provider->name) return;
    close(present);
    state_.queue.stop_accepting(provider->profile.fingerprint, reason);
    state_.committer_cv.notify_all();
}

void CallRunner::close(std::map<Sha256, endpoints::EndpointPool>::iterator pool) {
    pool->second.retired = true;
    // The extracted node keeps its address, which its threads use.
    state_.retired_pools.push_back(state_.pools.extract(pool));
    state_.endpoints_cv.notify_all();
}

void CallRunner::join_retired() {
    std::vector<Thread> ended;
    {
        const sync::Lock lock(state_.mutex);
        const auto ended_all = [](const auto& node) { return node.mapped().threads == 0; };
        for (auto& node : state_.retired_pools) {
            if (!ended_all(node)) continue;
            const auto its_threads = std::ranges::stable_partition(
                threads_, [&](const Thread& each) { return each.pool != &node.mapped(); });
            std::ranges::move(its_threads, std::back_inserter(ended));
            threads_.erase(its_threads.begin(), its_threads.end());
        }
        std::erase_if(state_.retired_pools, ended_all);
    }
}

void CallRunner::join() {
    if (threads_.empty()) return;
    {
        sync::Lock lock(state_.mutex);
        state_.endpoints_cv.notify_all();
        const auto grace_end = state_.now() + state_.settings.grace;
        state_.call_thread_ended_cv.wait_until(
            lock, grace_end, [&]() EMBEDQ_REQUIRES(state_.mutex) { return state_.call_threads == 0; });
    }
    state_.calls_stop.request_stop();
    threads_.clear();
}

void CallRunner::run(endpoints::EndpointPool& pool, std::size_t endpoint_index) {
    sync::Lock lock(state_.mutex);
    const endpoints::ProbedProviderPtr provider = pool.provider;
    while (!state_.draining && !pool.retired) {
        auto again_at = endpoints::Endpoint::Steady::max();
        const std::optional<Call> call = next(pool, endpoint_index, again_at);
        if (!call) {
            if (again_at == endpoints::Endpoint::Steady::max())
                state_.endpoints_cv.wait(lock);
            else
                state_.endpoints_cv.wait_until(lock, again_at);
            continue;
        }
        lock.unlock();
        std::vector<std::string_view> texts;
        texts.reserve(call->batch.texts.size());
        for (const TextPtr& text : call->batch.texts) texts.push_back(text->sent());
        Outcome outcome = embed(*provider, endpoint_index, texts);
        lock.lock();
        if (refused_all(call->batch, outcome.result)) {
            outcome.undecided = true;
            if (must_verify_refusal(pool, endpoint_index)) {
                lock.unlock();
                verify_refusal(*provider, endpoint_index, outcome);
                lock.lock();
                state_.queue.count_call(outcome.undecided);
            }
        }
        if (const auto warning = finish(pool, *call, endpoint_index, std::move(outcome))) {
            lock.unlock();
            state_.logger().warn(*warning);
            lock.lock();
        }
    }
    --pool.threads;
    --state_.call_threads;
    state_.call_thread_ended_cv.notify_all();
}

std::optional<CallRunner::Call> CallRunner::next(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                                                 endpoints::Endpoint::Steady& again_at) {
    const Sha256& fingerprint = pool.provider->profile.fingerprint;
    endpoints::Endpoint& endpoint = pool.endpoints[endpoint_index];
    const auto now = state_.now();
    again_at = endpoints::Endpoint::Steady::max();
    if (state_.queue.queued(fingerprint) == 0) return std::nullopt;
    again_at = endpoint.ready_at(now);
    if (again_at > now) return std::nullopt;
    if (endpoint.tripped() && state_.shares_endpoint_states && state_.states_read_at < endpoint.paused_until()) {
        // Another process may have made its trial meanwhile, without an answer.
        state_.trial_wants_states = true;
        state_.wake_endpoint_sync();
        again_at = endpoints::Endpoint::Steady::max();
        return std::nullopt;
    }
    again_at = std::max(pool.requests.available_at(now), pool.tokens.available_at(now));
    if (again_at <= now) return begin(pool, endpoint, now);
    if (again_at == endpoints::Endpoint::Steady::max()) state_.wake_endpoint_sync();
    return std::nullopt;
}

std::optional<CallRunner::Call> CallRunner::begin(endpoints::EndpointPool& pool, endpoints::Endpoint& endpoint,
                                                  endpoints::Endpoint::Steady now) {
    std::optional<Batch> batch =
        state_.queue.take(pool.provider->profile.fingerprint, pool.limits.present(), endpoint.tripped());
    if (!batch) return std::nullopt;
    const std::size_t bytes = batch->bytes() + batch->texts.size() * pool.limits.prefix_bytes();
    Call call{std::move(*batch), now, pool.limits.estimate().tokens(bytes)};
    endpoint.begin(now);
    pool.requests.take(1);
    pool.tokens.take(call.tokens);
    if (pool.requests.available_at(now) == endpoints::Endpoint::Steady::max() ||
        pool.tokens.available_at(now) == endpoints::Endpoint::Steady::max())
        state_.wake_endpoint_sync();
    return call;
}

CallRunner::Outcome CallRunner::embed(const endpoints::ProbedProvider& provider, std::size_t endpoint_index,
                                      std::span<const std::string_view> texts) const {
    EmbedRequest request;
    request.texts = texts;
    request.kind = TextKind::document;
    request.endpoint = endpoint_index;
    const auto own_timeout = std::min(provider.info.call_timeout, longest_call);
    request.deadline = state_.now() + (own_timeout.count() > 0 ? own_timeout : state_.settings.call_timeout);
    request.stop = state_.calls_stop.get_token();
    Outcome outcome{provider.embed(request)};
    outcome.late = state_.now() >= request.deadline || (!outcome.result && outcome.result.error().deadline_reached);
    // It is not known which model made the answer.
    outcome.undecided = !outcome.result && outcome.result.error().kind == ErrorKind::conflict;
    if (outcome.result) {
        if (Status shape = check_shape(*outcome.result, texts.size(), provider.info.dimension); !shape)
            outcome.result = std::unexpected(shape.error());
    }
    return outcome;
}

bool CallRunner::must_verify_refusal(endpoints::EndpointPool& pool, std::size_t endpoint_index) {
    if (state_.calls_stop.stop_requested() || pool.retired || pool.endpoints[endpoint_index].paused(state_.now()))
        return false;
    pool.requests.take(1);
    pool.tokens.take(pool.limits.estimate().tokens(sample_text.size() + pool.limits.prefix_bytes()));
    return true;
}

void CallRunner::verify_refusal(const endpoints::ProbedProvider& provider, std::size_t endpoint_index,
                                Outcome& outcome) const {
    const Outcome sample = embed(provider, endpoint_index, std::array{sample_text});
    outcome.undecided = !sample.result || !sample.result->errors.empty();
    if (!outcome.undecided) return;
    const Error error = sample.result ? sample.result->errors.front().error : sample.result.error();
    outcome.result = std::unexpected(is_refusal(error) ? refuses_every_text(error) : error);
    if (is_refusal(error) && provider.health) provider.health->request_recheck();
}

std::optional<std::string> CallRunner::finish(endpoints::EndpointPool& pool, const Call& call,
                                              std::size_t endpoint_index, Outcome&& outcome) {
    endpoints::Endpoint& endpoint = pool.endpoints[endpoint_index];
    const auto now = state_.now();
    Result<EmbedResult>& result = outcome.result;
    // A call that this process stopped, or that was for a model that has been replaced, says nothing.
    const bool stopped = !result && (state_.calls_stop.stop_requested() || pool.retired);
    const std::optional<Error> error = result || stopped ? std::nullopt : std::optional(result.error());
    const endpoints::Endpoint::CallEffect effect =
        endpoint.finished(now, error, error ? state_.random01() : 0, call.sent_at);
    if (outcome.undecided) state_.queue.count_call(true);
    if (stopped || outcome.undecided)
        state_.queue.put_back(call.batch);
    else if (result)
        answered(pool, call, std::move(*result));
    else
        failed(pool, call, *error, outcome.late, effect.charge_jobs);
    if (!pool.retired && (effect.paused || effect.recovered)) publish_pause_change(pool, endpoint_index, now);
    std::optional<std::string> warning;
    if (error && pool.paused(now)) {
        const std::string reason = "provider '" + pool.provider->name + "' is paused: " + endpoint.pause().text();
        if (!std::exchange(pool.pause_logged, true)) warning = reason;
        // Jobs that would wait longer than a lease are given back, so that other processes can take them.
        if (pool.paused_until() > now + state_.settings.lease)
            state_.queue.release_queued(call.batch.fingerprint, reason);
    }
    state_.endpoints_cv.notify_all();
    state_.committer_cv.notify_all();
    return warning;
}

void CallRunner::answered(endpoints::EndpointPool& pool, const Call& call, EmbedResult&& result) {
    pool.pause_logged = false;
    const auto oldest = std::ranges::min_element(call.batch.texts, {}, &Text::here_since);
    pool.window.answered(call.batch.texts.size(), state_.queue.texts(call.batch.fingerprint), (*oldest)->here_since,
                         state_.now());
    pool.limits.answered(call.batch.texts.size(), call.batch.bytes(), result.tokens);
    // Tokens above the estimate are taken from the rate limit afterwards.
    if (static_cast<double>(result.tokens) > call.tokens)
        pool.tokens.take(static_cast<double>(result.tokens) - call.tokens);
    for (const TextError& bad : result.errors) pool.limits.refused(1, bad.error);
    if (result.errors.empty()) {
        for (const TextPtr& text : call.batch.texts) {
            if (text->cuts > 0) pool.limits.accepted_cut(text->cut_to);
        }
    }
    state_.queue.batch_answered(call.batch, std::move(result), pool.limits.present());
}

void CallRunner::failed(endpoints::EndpointPool& pool, const Call& call, const Error& error, bool late,
                        bool charge_jobs) {
    const std::size_t inputs = call.batch.texts.size();
    // The same batch would time out again.
    if (late && error.kind == ErrorKind::unavailable && inputs > 1) {
        pool.limits.timed_out(inputs);
        state_.queue.batch_timed_out(call.batch);
        return;
    }
    pool.limits.refused(inputs, error);
    state_.queue.batch_failed(call.batch, error, pool.limits.present(), charge_jobs);
}

void CallRunner::publish_pause_change(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                                      endpoints::Endpoint::Steady now) {
    const Sha256& fingerprint = pool.provider->profile.fingerprint;
    std::vector<endpoints::Pause> pauses;
    for (const endpoints::Endpoint& endpoint : pool.endpoints)
        pauses.push_back(endpoint.paused(now) ? endpoint.pause() : endpoints::Pause{});
    state_.query_admission().set_pauses(fingerprint, std::move(pauses));
    state_.pause_changes.push_back({fingerprint, endpoint_index});
    state_.wake_endpoint_sync();
}

}  // namespace embedq::scheduler
