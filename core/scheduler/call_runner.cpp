#include "scheduler/call_runner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sync/mutex.h"
#include "sync/start_thread.h"

namespace embedq::scheduler {

namespace {

constexpr std::size_t max_threads = 64;  // per endpoint

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

}  // namespace

void CallRunner::add(const endpoints::ProbedProviderPtr& provider) {
    join_retired();
    const ProviderInfo& info = provider->info;
    endpoints::EndpointSettings limits;
    limits.concurrency = std::clamp<std::size_t>(info.limits.concurrency, 1, max_threads);
    const Sha256 fingerprint = provider->profile.fingerprint;
    const sync::Lock lock(state_.mutex);
    if (state_.draining) return;
    endpoints::EndpointPool pool(provider, limits, state_.settings.prefetch_texts);
    if (const auto present = state_.pools.find(fingerprint); present != state_.pools.end()) {
        const endpoints::EndpointPool& old = present->second;
        if (old.provider->name != provider->name || old.provider == provider) return;
        pool.inherit(old);
        close(present);
    }
    pool.opened_at = state_.now();
    state_.queue.accept(fingerprint);
    endpoints::EndpointPool& opened = state_.pools.try_emplace(fingerprint, std::move(pool)).first->second;
    for (std::size_t endpoint_index = 0; endpoint_index < info.endpoints.size(); ++endpoint_index) {
        Crew& crew = crews_[{&opened, endpoint_index}];
        crew.most = limits.concurrency;
        // One that the system refuses is started later.
        static_cast<void>(start_thread(opened, endpoint_index, crew));
    }
}

Status CallRunner::start_missing_threads() {
    const sync::Lock lock(state_.mutex);
    if (state_.draining) return {};
    for (auto& [fingerprint, pool] : state_.pools) {
        for (std::size_t endpoint_index = 0; endpoint_index < pool.endpoints.size(); ++endpoint_index) {
            Crew& crew = crews_[{&pool, endpoint_index}];
            if (crew.started > 0) continue;
            if (Status started = start_thread(pool, endpoint_index, crew); !started) return started;
        }
    }
    return {};
}

Status CallRunner::start_thread(endpoints::EndpointPool& pool, std::size_t endpoint_index, Crew& crew) {
    std::jthread thread;
    Status started =
        sync::start_thread(thread, [this, &pool, endpoint_index, &crew] { run(pool, endpoint_index, crew); });
    if (!started) return started;
    threads_.push_back({&pool, std::move(thread)});
    ++crew.started;
    ++pool.threads;
    ++state_.call_threads;
    return {};
}

void CallRunner::start_another(endpoints::EndpointPool& pool, std::size_t endpoint_index, Crew& crew) {
    if (crew.waiting > 0 || crew.started == crew.most) return;
    static_cast<void>(start_thread(pool, endpoint_index, crew));
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
            std::erase_if(crews_, [&](const auto& crew) { return crew.first.first == &node.mapped(); });
        }
        std::erase_if(state_.retired_pools, ended_all);
    }
}

void CallRunner::join() {
    std::vector<Thread> ended;
    {
        sync::Lock lock(state_.mutex);
        if (threads_.empty()) return;
        state_.endpoints_cv.notify_all();
        // From the begin of the stop: a store that hangs may have delayed this.
        const auto grace_end = std::min(state_.drain_until, state_.now() + state_.settings.grace);
        state_.call_thread_ended_cv.wait_until(
            lock, grace_end, [&]() EMBEDQ_REQUIRES(state_.mutex) { return state_.call_threads == 0; });
        ended.swap(threads_);
    }
    state_.calls_stop.request_stop();
    ended.clear();  // joins
}

void CallRunner::run(endpoints::EndpointPool& pool, std::size_t endpoint_index, Crew& crew) {
    sync::Lock lock(state_.mutex);
    const endpoints::ProbedProviderPtr provider = pool.provider;
    while (!state_.draining && !pool.retired) {
        auto again_at = endpoints::Endpoint::Steady::max();
        const std::optional<Call> call = next(pool, endpoint_index, again_at);
        if (!call) {
            ++crew.waiting;
            if (again_at == endpoints::Endpoint::Steady::max())
                state_.endpoints_cv.wait(lock);
            else
                state_.endpoints_cv.wait_until(lock, again_at);
            --crew.waiting;
            continue;
        }
        start_another(pool, endpoint_index, crew);
        lock.unlock();
        Outcome outcome = send(*provider, endpoint_index, *call);
        lock.lock();
        if (const Control control = control_for(pool, *call, endpoint_index, outcome); control != Control::none) {
            lock.unlock();
            Outcome sample = ask_sample(*provider, endpoint_index);
            lock.lock();
            conclude(pool, endpoint_index, control, std::move(sample), outcome);
        }
        if (const auto line = finish(pool, *call, endpoint_index, std::move(outcome))) {
            lock.unlock();
            state_.logger().log(line->level, line->text);
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
    state_.queue.queue_due_again(fingerprint, now);
    if (state_.queue.queued(fingerprint) == 0) {
        again_at = state_.queue.due_again_at(fingerprint).value_or(endpoints::Endpoint::Steady::max());
        return std::nullopt;
    }
    again_at = endpoint.ready_at(now);
    if (again_at > now) {
        // The rate limits wait for the endpoint's own rate.
        if (endpoint.admits(now)) static_cast<void>(pool.allowed_at(endpoint_index, now));
        return std::nullopt;
    }
    // Another process may have made its trial meanwhile, without an answer. Before the first call, what was learned
    // about the endpoint before is read.
    const auto read_after = std::max(pool.opened_at, endpoint.tripped() ? endpoint.paused_until() : pool.opened_at);
    if (state_.shares_endpoint_states && state_.states_read_at < read_after) {
        state_.call_wants_states = true;
        state_.wake_endpoint_sync();
        again_at = endpoints::Endpoint::Steady::max();
        return std::nullopt;
    }
    again_at = pool.allowed_at(endpoint_index, now);
    if (again_at <= now) return begin(pool, endpoint_index, now);
    if (again_at == endpoints::Endpoint::Steady::max()) state_.wake_endpoint_sync();
    return std::nullopt;
}

std::optional<CallRunner::Call> CallRunner::begin(endpoints::EndpointPool& pool, std::size_t endpoint_index,
                                                  endpoints::Endpoint::Steady now) {
    const Sha256& fingerprint = pool.provider->profile.fingerprint;
    endpoints::Endpoint& endpoint = pool.endpoints[endpoint_index];
    Call call{.batch = {.fingerprint = fingerprint, .texts = {}}, .sent_at = now, .trial = endpoint.tripped()};
    if (call.trial) {
        call.tokens = sample_tokens(pool);
    } else {
        std::optional<Batch> batch = state_.queue.take(fingerprint, pool.limits.present());
        if (!batch) return std::nullopt;
        const std::size_t bytes = batch->bytes() + batch->texts.size() * pool.limits.prefix_bytes();
        call.batch = std::move(*batch);
        call.tokens = pool.limits.estimate().tokens(bytes);
    }
    endpoint.begin(now);
    pool.take(endpoint_index, call.tokens);
    if (pool.allowed_at(endpoint_index, now) == endpoints::Endpoint::Steady::max()) state_.wake_endpoint_sync();
    return call;
}

CallRunner::Outcome CallRunner::send(const endpoints::ProbedProvider& provider, std::size_t endpoint_index,
                                     const Call& call) const {
    if (call.trial) return ask_sample(provider, endpoint_index);
    std::vector<std::string_view> texts;
    texts.reserve(call.batch.texts.size());
    for (const TextPtr& text : call.batch.texts) texts.push_back(text->sent());
    return embed(provider, endpoint_index, texts);
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
    Outcome outcome{call(provider, request)};
    outcome.late = state_.now() >= request.deadline || (!outcome.result && outcome.result.error().deadline_reached);
    // It is not known which model made the answer.
    outcome.undecided = !outcome.result && outcome.result.error().kind == ErrorKind::conflict;
    if (outcome.result) {
        if (Status shape = check_shape(*outcome.result, texts.size(), provider.info.dimension); !shape)
            outcome.result = std::unexpected(shape.error());
    }
    return outcome;
}

Result<EmbedResult> CallRunner::call(const endpoints::ProbedProvider& provider, const EmbedRequest& request) const {
    SentCall sent{.fingerprint = provider.profile.fingerprint,
                  .provider = provider.name,
                  .endpoint = provider.info.endpoints[request.endpoint],
                  .texts = request.texts.size(),
                  .sent_at = state_.now(),
                  .deadline = request.deadline,
                  .sent_at_wall = state_.context().clock().wall()};
    sync::Lock lock(state_.mutex);
    const CallsInFlight::Id id = state_.calls_in_flight.begin(std::move(sent));
    lock.unlock();
    auto result = provider.embed(request);
    lock.lock();
    const CallsInFlight::End end = state_.calls_in_flight.end(id, state_.now(), result.has_value());
    if (end.was_overdue) state_.wake_endpoint_sync();
    lock.unlock();
    if (end.line) state_.logger().info(*end.line);
    return result;
}

std::optional<CallRunner::LogLine> CallRunner::finish(endpoints::EndpointPool& pool, const Call& call,
                                                      std::size_t endpoint_index, Outcome&& outcome) {
    endpoints::Endpoint& endpoint = pool.endpoints[endpoint_index];
    const auto now = state_.now();
    Result<EmbedResult>& result = outcome.result;
    // A call that this process stopped, or that was for a model that has been replaced, says nothing.
    const bool stopped = !result && (state_.calls_stop.stop_requested() || pool.retired);
    const std::optional<Error> error = result || stopped ? std::nullopt : std::optional(result.error());
    const endpoints::Endpoint::CallEffect effect =
        outcome.neutral || stopped ? endpoint.undecided(call.sent_at)
                                   : endpoint.finished(now, outcome.texts_fault ? std::nullopt : error,
                                                       error ? state_.random01() : 0, call.sent_at);
    const bool answers = result.has_value();
    if (!stopped && !effect.paused) count_call_end(pool, call, endpoint_index, outcome, now);
    if (call.trial)
        count_samples(pool, endpoint_index, outcome);
    else if (outcome.undecided)
        state_.queue.count_call(true);
    const bool control_throttled = outcome.undecided && error && error->kind == ErrorKind::throttled;
    if (call.trial || stopped || (outcome.undecided && !control_throttled))
        state_.queue.put_back(call.batch);  // the batch of a trial is empty
    else if (control_throttled)
        state_.queue.batch_failed(call.batch, *error, {}, false);  // others may go first
    else if (result)
        answered(pool, call, std::move(*result), endpoint.failures_needed());
    else
        failed(pool, call, *error, outcome.late, effect.charge_jobs, endpoint.failures_needed());
    std::optional<LogLine> line;
    if (!pool.retired) {
        if (effect.paused || effect.recovered) publish_pause_change(pool, endpoint_index, now);
        // A call that reached its deadline is a long wait, even if it pauses nothing.
        if (effect.paused || (error && outcome.late))
            line = fault_line(pool, endpoint_index, &*error, now);
        else if ((answers || effect.recovered) && !endpoint.paused(now))
            line = fault_line(pool, endpoint_index, nullptr, now);
        if (!line && answers) line = loss_line(pool, endpoint_index, now);
    }
    if (error && pool.paused(now)) {
        const std::string reason = "provider '" + pool.provider->name + "' is paused: " + endpoint.pause().text();
        // Jobs that would wait longer than a lease are given back, so that other processes can take them.
        if (pool.paused_until() > now + state_.settings.lease)
            state_.queue.release_queued(call.batch.fingerprint, reason);
    }
    state_.endpoints_cv.notify_all();
    state_.committer_cv.notify_all();
    return line;
}

void CallRunner::answered(endpoints::EndpointPool& pool, const Call& call, EmbedResult&& result,
                          std::size_t failures_needed) {
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
    state_.queue.batch_answered(call.batch, std::move(result), {pool.limits.present(), state_.now(), failures_needed});
}

void CallRunner::failed(endpoints::EndpointPool& pool, const Call& call, const Error& error, bool late,
                        bool charge_jobs, std::size_t failures_needed) {
    const std::size_t inputs = call.batch.texts.size();
    // The same batch would time out again.
    if (late && error.kind == ErrorKind::unavailable && inputs > 1) {
        pool.limits.timed_out(inputs);
        state_.queue.batch_timed_out(call.batch);
        return;
    }
    if (late && charge_jobs && error.kind == ErrorKind::unavailable) pool.limits.text_timed_out();
    pool.limits.refused(inputs, error);
    state_.queue.batch_failed(call.batch, error, {pool.limits.present(), state_.now(), failures_needed}, charge_jobs);
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
