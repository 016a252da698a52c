#include "scheduler/call_runner.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "endpoints/provider_health.h"
#include "sync/mutex.h"

namespace embedq::scheduler {

namespace {

constexpr std::size_t most_threads = 64;                       // per endpoint
constexpr std::chrono::milliseconds longest_call{86'400'000};  // whatever the provider says of its time

// The host's wrapper around a plugin has checked the rows; this keeps the workbench's arithmetic safe whoever made the
// provider.
Status check_shape(const EmbedResult& result, std::size_t texts, std::size_t dimension) {
    if (result.matrix.size() != texts * dimension) {
        return embedq::fail(ErrorKind::internal,
                            "the provider returned " +
                                std::to_string(result.matrix.size() / std::max<std::size_t>(1, dimension)) +
                                " vectors for " + std::to_string(texts) + " texts");
    }
    return {};
}

// No endpoint that takes texts at all has a reason to refuse this one.
constexpr std::string_view control_text = "text";

bool is_refusal(const Error& error) {
    return error.kind == ErrorKind::invalid_input || error.kind == ErrorKind::too_large;
}

// Whether texts would be refused for good by a call that took none. A text that is too long goes again, cut.
bool refuses_all(const Batch& batch, const Result<EmbedResult>& result) {
    const auto for_good = [](const Error& error) { return is_refusal(error) && !error.text_too_long; };
    if (!result) return batch.texts.size() == 1 && for_good(result.error());
    return result->errors.size() == batch.texts.size() &&
           std::ranges::any_of(result->errors, [&](const TextError& bad) { return for_good(bad.error); });
}

Error refuses_every_text(const Error& error) {
    Error said{ErrorKind::misconfigured,
               "the endpoint refuses every text, even '" + std::string(control_text) + "': " + to_string(error) +
                   "; correct what it complains of (the key, the model, the options): it is tried again"};
    said.detail = error.detail;
    return said;
}

}  // namespace

void CallRunner::add(const endpoints::ResolvedPtr& provider) {
    sweep();
    const ProviderInfo& info = provider->info;
    endpoints::EndpointSettings limits;
    limits.concurrency = std::clamp<std::size_t>(info.limits.concurrency, 1, most_threads);
    const Sha256 fingerprint = provider->profile.fingerprint;
    EndpointPool* opened = nullptr;
    {
        const sync::Lock lock(shared_.mutex);
        if (shared_.draining) return;
        EndpointPool pool(provider, limits, shared_.settings.prefetch_texts);
        if (const auto present = shared_.pools.find(fingerprint); present != shared_.pools.end()) {
            const EndpointPool& old = present->second;
            if (old.provider->name != provider->name || old.provider == provider) return;
            pool.inherit(old);
            close(present);
        }
        pool.threads = info.endpoints.size() * limits.concurrency;
        shared_.call_threads += pool.threads;
        shared_.bench.accept(fingerprint);
        opened = &shared_.pools.try_emplace(fingerprint, std::move(pool)).first->second;
    }
    for (std::size_t endpoint_index = 0; endpoint_index < info.endpoints.size(); ++endpoint_index) {
        for (std::size_t i = 0; i < limits.concurrency; ++i) {
            threads_.push_back(
                {opened, std::jthread([this, opened, endpoint_index] { run(*opened, endpoint_index); })});
        }
    }
}

void CallRunner::retire(const endpoints::ResolvedPtr& provider, const std::string& reason) {
    const sync::Lock lock(shared_.mutex);
    const auto present = shared_.pools.find(provider->profile.fingerprint);
    if (present == shared_.pools.end() || present->second.provider->name != provider->name) return;
    close(present);
    shared_.bench.turn_away(provider->profile.fingerprint, reason);
    shared_.committer.notify_all();
}

void CallRunner::close(std::map<Sha256, EndpointPool>::iterator pool) {
    pool->second.retired = true;
    // The node keeps its place in memory, which its threads hold on to.
    shared_.retired_pools.push_back(shared_.pools.extract(pool));
    shared_.endpoints.notify_all();
}

void CallRunner::sweep() {
    std::vector<Thread> ended;
    {
        const sync::Lock lock(shared_.mutex);
        const auto over = [](const auto& node) { return node.mapped().threads == 0; };
        for (auto& node : shared_.retired_pools) {
            if (!over(node)) continue;
            const auto of_it = std::ranges::stable_partition(
                threads_, [&](const Thread& each) { return each.pool != &node.mapped(); });
            std::ranges::move(of_it, std::back_inserter(ended));
            threads_.erase(of_it.begin(), of_it.end());
        }
        std::erase_if(shared_.retired_pools, over);
    }
}

void CallRunner::join() {
    if (threads_.empty()) return;
    {
        sync::Lock lock(shared_.mutex);
        shared_.endpoints.notify_all();
        const auto grace_end = shared_.now() + shared_.settings.grace;
        shared_.call_thread_ended.wait_until(
            lock, grace_end, [&]() EMBEDQ_REQUIRES(shared_.mutex) { return shared_.call_threads == 0; });
    }
    shared_.calls_stop.request_stop();
    threads_.clear();
}

void CallRunner::run(EndpointPool& pool, std::size_t endpoint_index) {
    sync::Lock lock(shared_.mutex);
    const endpoints::ResolvedPtr provider = pool.provider;
    while (!shared_.draining && !pool.retired) {
        auto again_at = endpoints::Endpoint::Steady::max();
        const std::optional<Call> call = next(pool, endpoint_index, again_at);
        if (!call) {
            if (again_at == endpoints::Endpoint::Steady::max())
                shared_.endpoints.wait(lock);
            else
                shared_.endpoints.wait_until(lock, again_at);
            continue;
        }
        lock.unlock();
        std::vector<std::string_view> texts;
        texts.reserve(call->batch.texts.size());
        for (const TextPtr& text : call->batch.texts) texts.push_back(text->sent());
        Outcome outcome = ask(*provider, endpoint_index, texts);
        lock.lock();
        if (refuses_all(call->batch, outcome.result)) {
            outcome.undecided = true;
            if (wants_control(pool, endpoint_index)) {
                lock.unlock();
                control(*provider, endpoint_index, outcome);
                lock.lock();
                shared_.bench.count_call(outcome.undecided);
            }
        }
        if (const auto warning = finish(pool, *call, endpoint_index, std::move(outcome))) {
            lock.unlock();
            shared_.logger().warn(*warning);
            lock.lock();
        }
    }
    --pool.threads;
    --shared_.call_threads;
    shared_.call_thread_ended.notify_all();
}

std::optional<CallRunner::Call> CallRunner::next(EndpointPool& pool, std::size_t endpoint_index,
                                                 endpoints::Endpoint::Steady& again_at) {
    const Sha256& fingerprint = pool.provider->profile.fingerprint;
    endpoints::Endpoint& endpoint = pool.endpoints[endpoint_index];
    const auto now = shared_.now();
    again_at = endpoints::Endpoint::Steady::max();
    if (shared_.bench.queued(fingerprint) == 0) return std::nullopt;
    again_at = endpoint.ready_at(now);
    if (again_at > now) return std::nullopt;
    if (endpoint.probing() && shared_.shares_endpoint_states && shared_.states_read_at < endpoint.paused_until()) {
        // Another process may have probed meanwhile and found nobody.
        shared_.probe_wants_states = true;
        shared_.wake_endpoint_sync();
        again_at = endpoints::Endpoint::Steady::max();
        return std::nullopt;
    }
    again_at = std::max(pool.requests.available_at(now), pool.tokens.available_at(now));
    if (again_at <= now) return begin(pool, endpoint, now);
    if (again_at == endpoints::Endpoint::Steady::max()) shared_.wake_endpoint_sync();
    return std::nullopt;
}

std::optional<CallRunner::Call> CallRunner::begin(EndpointPool& pool, endpoints::Endpoint& endpoint,
                                                  endpoints::Endpoint::Steady now) {
    std::optional<Batch> batch =
        shared_.bench.take(pool.provider->profile.fingerprint, pool.limits.present(), endpoint.probing());
    if (!batch) return std::nullopt;
    const std::size_t bytes = batch->bytes() + batch->texts.size() * pool.limits.prefix_bytes();
    Call call{std::move(*batch), now, pool.limits.estimate().tokens(bytes)};
    endpoint.begin(now);
    pool.requests.take(1);
    pool.tokens.take(call.tokens);
    if (pool.requests.available_at(now) == endpoints::Endpoint::Steady::max() ||
        pool.tokens.available_at(now) == endpoints::Endpoint::Steady::max())
        shared_.wake_endpoint_sync();
    return call;
}

CallRunner::Outcome CallRunner::ask(const endpoints::ResolvedProvider& provider, std::size_t endpoint_index,
                                    std::span<const std::string_view> texts) const {
    EmbedRequest request;
    request.texts = texts;
    request.kind = TextKind::document;
    request.endpoint = endpoint_index;
    const auto said = std::min(provider.info.call_timeout, longest_call);
    request.deadline = shared_.now() + (said.count() > 0 ? said : shared_.settings.call_timeout);
    request.stop = shared_.calls_stop.get_token();
    Outcome outcome{provider.embed(request)};
    outcome.late = shared_.now() >= request.deadline || (!outcome.result && outcome.result.error().deadline_reached);
    // Nobody knows yet which model's the answer was.
    outcome.undecided = !outcome.result && outcome.result.error().kind == ErrorKind::conflict;
    if (outcome.result) {
        if (Status shape = check_shape(*outcome.result, texts.size(), provider.info.dimension); !shape)
            outcome.result = std::unexpected(shape.error());
    }
    return outcome;
}

bool CallRunner::wants_control(EndpointPool& pool, std::size_t endpoint_index) {
    if (shared_.calls_stop.stop_requested() || pool.retired || pool.endpoints[endpoint_index].paused(shared_.now()))
        return false;
    pool.requests.take(1);
    pool.tokens.take(pool.limits.estimate().tokens(control_text.size() + pool.limits.prefix_bytes()));
    return true;
}

void CallRunner::control(const endpoints::ResolvedProvider& provider, std::size_t endpoint_index,
                         Outcome& outcome) const {
    const Outcome known = ask(provider, endpoint_index, std::array{control_text});
    outcome.undecided = !known.result || !known.result->errors.empty();
    if (!outcome.undecided) return;
    const Error error = known.result ? known.result->errors.front().error : known.result.error();
    outcome.result = std::unexpected(is_refusal(error) ? refuses_every_text(error) : error);
    if (is_refusal(error) && provider.health) provider.health->request_recheck();
}

std::optional<std::string> CallRunner::finish(EndpointPool& pool, const Call& call, std::size_t endpoint_index,
                                              Outcome&& outcome) {
    endpoints::Endpoint& endpoint = pool.endpoints[endpoint_index];
    const auto now = shared_.now();
    Result<EmbedResult>& result = outcome.result;
    // What we stopped ourselves, or was asked of a model that is gone, says nothing.
    const bool stopped = !result && (shared_.calls_stop.stop_requested() || pool.retired);
    const std::optional<Error> error = result || stopped ? std::nullopt : std::optional(result.error());
    const endpoints::Endpoint::Verdict verdict =
        endpoint.finished(now, error, error ? shared_.random01() : 0, call.sent_at);
    if (outcome.undecided) shared_.bench.count_call(true);
    if (stopped || outcome.undecided)
        shared_.bench.put_back(call.batch);
    else if (result)
        answered(pool, call, std::move(*result));
    else
        failed(pool, call, *error, outcome.late, verdict.jobs_pay);
    if (!pool.retired && (verdict.paused || verdict.recovered)) tell(pool, endpoint_index, now);
    std::optional<std::string> warning;
    if (error && pool.paused(now)) {
        const std::string reason = "provider '" + pool.provider->name + "' is paused: " + endpoint.pause().text();
        if (!std::exchange(pool.warned, true)) warning = reason;
        // Held longer than a lease, jobs are better off where others can see them.
        if (pool.paused_until() > now + shared_.settings.lease)
            shared_.bench.release_queued(call.batch.fingerprint, reason);
    }
    shared_.endpoints.notify_all();
    shared_.committer.notify_all();
    return warning;
}

void CallRunner::answered(EndpointPool& pool, const Call& call, EmbedResult&& result) {
    pool.warned = false;
    const auto longest_here = std::ranges::min_element(call.batch.texts, {}, &Text::here_since);
    pool.window.answered(call.batch.texts.size(), shared_.bench.texts(call.batch.fingerprint),
                         (*longest_here)->here_since, shared_.now());
    pool.limits.answered(call.batch.texts.size(), call.batch.bytes(), result.tokens);
    // What the estimate fell short of is owed.
    if (static_cast<double>(result.tokens) > call.tokens)
        pool.tokens.take(static_cast<double>(result.tokens) - call.tokens);
    for (const TextError& bad : result.errors) pool.limits.refused(1, bad.error);
    if (result.errors.empty()) {
        for (const TextPtr& text : call.batch.texts) {
            if (text->cuts > 0) pool.limits.took_cut(text->cut_to);
        }
    }
    shared_.bench.answer(call.batch, std::move(result), pool.limits.present());
}

void CallRunner::failed(EndpointPool& pool, const Call& call, const Error& error, bool late, bool jobs_pay) {
    const std::size_t inputs = call.batch.texts.size();
    // What found no answer in its time would find none as it is the next time.
    if (late && error.kind == ErrorKind::unavailable && inputs > 1) {
        pool.limits.timed_out(inputs);
        shared_.bench.put_back_halves(call.batch);
        return;
    }
    pool.limits.refused(inputs, error);
    shared_.bench.reject(call.batch, error, pool.limits.present(), jobs_pay);
}

void CallRunner::tell(EndpointPool& pool, std::size_t endpoint_index, endpoints::Endpoint::Steady now) {
    const Sha256& fingerprint = pool.provider->profile.fingerprint;
    std::vector<endpoints::Pause> pauses;
    for (const endpoints::Endpoint& endpoint : pool.endpoints)
        pauses.push_back(endpoint.paused(now) ? endpoint.pause() : endpoints::Pause{});
    shared_.query_admission().set_pauses(fingerprint, std::move(pauses));
    shared_.pause_changes.push_back({fingerprint, endpoint_index});
    shared_.wake_endpoint_sync();
}

}  // namespace embedq::scheduler
