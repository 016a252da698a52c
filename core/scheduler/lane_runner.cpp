#include "scheduler/lane_runner.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "scheduler/standing.h"
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
    const auto for_good = [](const Error& error) { return is_refusal(error) && !says_too_long(error); };
    if (!result) return batch.texts.size() == 1 && for_good(result.error());
    return result->errors.size() == batch.texts.size() &&
           std::ranges::any_of(result->errors, [&](const TextError& bad) { return for_good(bad.error); });
}

Error refuses_every_text(const Error& error) {
    Error said{ErrorKind::misconfigured,
               "the endpoint refuses every text, even '" + std::string(control_text) + "': " + error.message +
                   "; correct what it complains of (the key, the model, the options): it is tried again"};
    said.detail = error.detail;
    return said;
}

}  // namespace

void LaneRunner::add(const ResolvedPtr& provider) {
    sweep();
    const ProviderInfo& info = provider->info;
    LaneLimits limits;
    limits.concurrency = std::clamp<std::size_t>(info.limits.concurrency, 1, most_threads);
    const Sha256 fingerprint = provider->profile.fingerprint;
    Route* opened = nullptr;
    {
        const sync::Lock lock(shared_.mutex);
        if (shared_.draining) return;
        Route route(provider, limits, shared_.settings.room_texts);
        if (const auto present = shared_.routes.find(fingerprint); present != shared_.routes.end()) {
            const Route& old = present->second;
            if (old.provider->name != provider->name || old.provider == provider) return;
            route.inherit(old);
            close(present);
        }
        route.threads = info.endpoints.size() * limits.concurrency;
        shared_.lane_threads += route.threads;
        shared_.bench.accept(fingerprint);
        opened = &shared_.routes.try_emplace(fingerprint, std::move(route)).first->second;
    }
    for (std::size_t endpoint = 0; endpoint < info.endpoints.size(); ++endpoint) {
        for (std::size_t i = 0; i < limits.concurrency; ++i) {
            threads_.push_back({opened, std::jthread([this, opened, endpoint] { run(*opened, endpoint); })});
        }
    }
}

void LaneRunner::retire(const ResolvedPtr& provider, const std::string& reason) {
    const sync::Lock lock(shared_.mutex);
    const auto present = shared_.routes.find(provider->profile.fingerprint);
    if (present == shared_.routes.end() || present->second.provider->name != provider->name) return;
    close(present);
    shared_.bench.turn_away(provider->profile.fingerprint, reason);
    shared_.committer.notify_all();
}

void LaneRunner::close(std::map<Sha256, Route>::iterator route) {
    route->second.retired = true;
    // The node keeps its place in memory, which its threads hold on to.
    shared_.retired_routes.push_back(shared_.routes.extract(route));
    shared_.lanes.notify_all();
}

void LaneRunner::sweep() {
    std::vector<Thread> ended;
    {
        const sync::Lock lock(shared_.mutex);
        const auto over = [](const auto& node) { return node.mapped().threads == 0; };
        for (auto& node : shared_.retired_routes) {
            if (!over(node)) continue;
            const auto of_it = std::ranges::stable_partition(
                threads_, [&](const Thread& each) { return each.route != &node.mapped(); });
            std::ranges::move(of_it, std::back_inserter(ended));
            threads_.erase(of_it.begin(), of_it.end());
        }
        std::erase_if(shared_.retired_routes, over);
    }
}

void LaneRunner::join() {
    if (threads_.empty()) return;
    {
        sync::Lock lock(shared_.mutex);
        shared_.lanes.notify_all();
        const auto grace_end = shared_.now() + shared_.settings.grace;
        shared_.idle_lanes.wait_until(lock, grace_end,
                                      [&]() EMBEDQ_REQUIRES(shared_.mutex) { return shared_.lane_threads == 0; });
    }
    shared_.calls_stop.request_stop();
    threads_.clear();
}

void LaneRunner::run(Route& route, std::size_t endpoint) {
    sync::Lock lock(shared_.mutex);
    const ResolvedPtr provider = route.provider;
    while (!shared_.draining && !route.retired) {
        auto again_at = Lane::Steady::max();
        const std::optional<Call> call = next(route, endpoint, again_at);
        if (!call) {
            if (again_at == Lane::Steady::max())
                shared_.lanes.wait(lock);
            else
                shared_.lanes.wait_until(lock, again_at);
            continue;
        }
        lock.unlock();
        std::vector<std::string_view> texts;
        texts.reserve(call->batch.texts.size());
        for (const TextPtr& text : call->batch.texts) texts.push_back(text->sent());
        Outcome outcome = ask(*provider, endpoint, texts);
        lock.lock();
        if (refuses_all(call->batch, outcome.result)) {
            outcome.undecided = true;
            if (wants_control(route, endpoint)) {
                lock.unlock();
                control(*provider, endpoint, outcome);
                lock.lock();
                shared_.bench.count_call(outcome.undecided);
            }
        }
        if (const auto warning = finish(route, *call, endpoint, std::move(outcome))) {
            lock.unlock();
            shared_.logger().warn(*warning);
            lock.lock();
        }
    }
    --route.threads;
    --shared_.lane_threads;
    shared_.idle_lanes.notify_all();
}

std::optional<LaneRunner::Call> LaneRunner::next(Route& route, std::size_t endpoint, Lane::Steady& again_at) {
    const Sha256& fingerprint = route.provider->profile.fingerprint;
    Lane& lane = route.lanes[endpoint];
    const auto now = shared_.now();
    again_at = Lane::Steady::max();
    if (shared_.bench.queued(fingerprint) == 0) return std::nullopt;
    again_at = lane.ready_at(now);
    if (again_at > now) return std::nullopt;
    if (lane.probing() && shared_.shares_lanes && shared_.pauses_seen_at < lane.paused_until()) {
        // Another process may have probed meanwhile and found nobody.
        shared_.probe_asks = true;
        shared_.wake_keeper();
        again_at = Lane::Steady::max();
        return std::nullopt;
    }
    again_at = std::max(route.requests.available_at(now), route.tokens.available_at(now));
    if (again_at <= now) return begin(route, lane, now);
    if (again_at == Lane::Steady::max()) shared_.wake_keeper();
    return std::nullopt;
}

std::optional<LaneRunner::Call> LaneRunner::begin(Route& route, Lane& lane, Lane::Steady now) {
    std::optional<Batch> batch =
        shared_.bench.take(route.provider->profile.fingerprint, route.limits.present(), lane.probing());
    if (!batch) return std::nullopt;
    const std::size_t bytes = batch->bytes() + batch->texts.size() * route.limits.prefix_bytes();
    Call call{std::move(*batch), now, route.limits.estimate().tokens(bytes)};
    lane.begin(now);
    route.requests.take(1);
    route.tokens.take(call.tokens);
    if (route.requests.available_at(now) == Lane::Steady::max() ||
        route.tokens.available_at(now) == Lane::Steady::max())
        shared_.wake_keeper();
    return call;
}

LaneRunner::Outcome LaneRunner::ask(const ResolvedProvider& provider, std::size_t endpoint,
                                    std::span<const std::string_view> texts) const {
    EmbedRequest request;
    request.texts = texts;
    request.kind = TextKind::document;
    request.endpoint = endpoint;
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

bool LaneRunner::wants_control(Route& route, std::size_t endpoint) {
    if (shared_.calls_stop.stop_requested() || route.retired || route.lanes[endpoint].paused(shared_.now()))
        return false;
    route.requests.take(1);
    route.tokens.take(route.limits.estimate().tokens(control_text.size() + route.limits.prefix_bytes()));
    return true;
}

void LaneRunner::control(const ResolvedProvider& provider, std::size_t endpoint, Outcome& outcome) const {
    const Outcome known = ask(provider, endpoint, std::array{control_text});
    outcome.undecided = !known.result || !known.result->errors.empty();
    if (!outcome.undecided) return;
    const Error error = known.result ? known.result->errors.front().error : known.result.error();
    outcome.result = std::unexpected(is_refusal(error) ? refuses_every_text(error) : error);
    if (is_refusal(error) && provider.standing) provider.standing->doubt();
}

std::optional<std::string> LaneRunner::finish(Route& route, const Call& call, std::size_t endpoint, Outcome&& outcome) {
    Lane& lane = route.lanes[endpoint];
    const auto now = shared_.now();
    Result<EmbedResult>& result = outcome.result;
    // What we stopped ourselves, or was asked of a model that is gone, says nothing.
    const bool stopped = !result && (shared_.calls_stop.stop_requested() || route.retired);
    const std::optional<Error> error = result || stopped ? std::nullopt : std::optional(result.error());
    const Lane::Verdict verdict = lane.finished(now, error, error ? shared_.random01() : 0, call.sent_at);
    if (outcome.undecided) shared_.bench.count_call(true);
    if (stopped || outcome.undecided)
        shared_.bench.put_back(call.batch);
    else if (result)
        answered(route, call, std::move(*result));
    else
        failed(route, call, *error, outcome.late, verdict.jobs_pay);
    if (!route.retired && (verdict.paused || verdict.recovered)) tell(route, endpoint, now);
    std::optional<std::string> warning;
    if (error && route.paused(now)) {
        const std::string reason = "provider '" + route.provider->name + "' is paused: " + lane.reason();
        if (!std::exchange(route.warned, true)) warning = reason;
        // Held longer than a lease, jobs are better off where others can see them.
        if (route.paused_until() > now + shared_.settings.lease)
            shared_.bench.release_queued(call.batch.fingerprint, reason);
    }
    shared_.lanes.notify_all();
    shared_.committer.notify_all();
    return warning;
}

void LaneRunner::answered(Route& route, const Call& call, EmbedResult&& result) {
    route.warned = false;
    const auto longest_here = std::ranges::min_element(call.batch.texts, {}, &Text::here_since);
    route.room.answered(call.batch.texts.size(), shared_.bench.texts(call.batch.fingerprint),
                        (*longest_here)->here_since, shared_.now());
    route.limits.answered(call.batch.texts.size(), call.batch.bytes(), result.tokens);
    // What the estimate fell short of is owed.
    if (static_cast<double>(result.tokens) > call.tokens)
        route.tokens.take(static_cast<double>(result.tokens) - call.tokens);
    for (const TextError& bad : result.errors) route.limits.refused(1, bad.error);
    if (result.errors.empty()) {
        for (const TextPtr& text : call.batch.texts) {
            if (text->cuts > 0) route.limits.took_cut(text->cut_to);
        }
    }
    shared_.bench.answer(call.batch, std::move(result), route.limits.present());
}

void LaneRunner::failed(Route& route, const Call& call, const Error& error, bool late, bool jobs_pay) {
    const std::size_t inputs = call.batch.texts.size();
    // What found no answer in its time would find none as it is the next time.
    if (late && error.kind == ErrorKind::unavailable && inputs > 1) {
        route.limits.timed_out(inputs);
        shared_.bench.put_back_halves(call.batch);
        return;
    }
    route.limits.refused(inputs, error);
    shared_.bench.reject(call.batch, error, route.limits.present(), jobs_pay);
}

void LaneRunner::tell(Route& route, std::size_t endpoint, Lane::Steady now) {
    const Sha256& fingerprint = route.provider->profile.fingerprint;
    std::vector<Traffic::Pause> pauses;
    for (const Lane& lane : route.lanes)
        pauses.push_back({lane.paused(now) ? lane.paused_until() : Lane::Steady{}, lane.reason()});
    shared_.traffic().set_pauses(fingerprint, std::move(pauses));
    shared_.lane_news.push_back({fingerprint, endpoint});
    shared_.wake_keeper();
}

}  // namespace embedq::scheduler
