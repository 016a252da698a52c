#include "scheduler/lane_runner.h"

#include <algorithm>
#include <string>

namespace embedq::scheduler {

namespace {

constexpr std::size_t default_inputs = 64;  // per request, where neither provider nor YAML says
constexpr std::size_t most_threads = 64;    // per endpoint
constexpr double bytes_per_token = 4.0;     // English text; providers' `usage` is more exact

std::size_t smaller(std::size_t a, std::size_t b) {
    if (a == 0 || b == 0) return std::max(a, b);
    return std::min(a, b);
}

// At most `bound` bytes, not in the middle of a UTF-8 character.
std::string_view cut(std::string_view text, std::size_t bound) {
    if (bound == 0 || text.size() <= bound) return text;
    std::size_t end = bound;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end);
}

double estimate_tokens(const Batch& batch) {
    std::size_t bytes = 0;
    for (const TextPtr& text : batch.texts) bytes += text->text.size();
    return static_cast<double>(bytes) / bytes_per_token;
}

// The host's wrapper around a plugin has checked the rows; this keeps the workbench's arithmetic safe whoever made the provider.
Status check_shape(const EmbedResult& result, std::size_t texts, std::size_t dimension) {
    if (result.matrix.size() != texts * dimension) {
        return embedq::fail(ErrorKind::internal, "the provider returned " +
                                                     std::to_string(result.matrix.size() / std::max<std::size_t>(1, dimension)) +
                                                     " vectors for " + std::to_string(texts) + " texts");
    }
    return {};
}

}  // namespace

void LaneRunner::add(const ResolvedPtr& provider) {
    sweep();
    const ProviderInfo& info = provider->info;
    Route route;
    route.provider = provider;
    LaneLimits limits;
    limits.concurrency = std::clamp<std::size_t>(info.limits.concurrency, 1, most_threads);
    limits.requests_per_minute = provider->limits.requests_per_minute;
    limits.tokens_per_minute = provider->limits.tokens_per_minute;
    route.limits.max_inputs = smaller(info.limits.max_inputs, provider->limits.batch_inputs);
    if (route.limits.max_inputs == 0) route.limits.max_inputs = default_inputs;
    route.limits.max_bytes = info.limits.max_request_bytes;
    for (std::size_t i = 0; i < info.endpoints.size(); ++i) route.lanes.emplace_back(limits);

    const Sha256 fingerprint = provider->profile.fingerprint;
    Route* opened = nullptr;
    {
        const std::scoped_lock lock(shared_.mutex);
        if (shared_.draining) return;
        if (const auto present = shared_.routes.find(fingerprint); present != shared_.routes.end()) {
            const Route& old = present->second;
            if (old.provider->name != provider->name || old.provider == provider) return;
            // What an endpoint asked for still holds.
            for (std::size_t i = 0; i < info.endpoints.size(); ++i) {
                const auto& known = old.provider->info.endpoints;
                const auto place = std::ranges::find(known, info.endpoints[i]);
                if (place == known.end()) continue;
                const Lane& lane = old.lanes[static_cast<std::size_t>(place - known.begin())];
                route.lanes[i].pause_until(lane.paused_until(), lane.reason());
            }
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
    const std::scoped_lock lock(shared_.mutex);
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
        const std::scoped_lock lock(shared_.mutex);
        const auto over = [](const auto& node) { return node.mapped().threads == 0; };
        for (auto& node : shared_.retired_routes) {
            if (!over(node)) continue;
            const auto of_it = std::ranges::stable_partition(threads_, [&](const Thread& each) { return each.route != &node.mapped(); });
            std::ranges::move(of_it, std::back_inserter(ended));
            threads_.erase(of_it.begin(), of_it.end());
        }
        std::erase_if(shared_.retired_routes, over);
    }
}

void LaneRunner::join() {
    if (threads_.empty()) return;
    {
        std::unique_lock lock(shared_.mutex);
        shared_.lanes.notify_all();
        const auto grace_end = shared_.now() + shared_.settings.grace;
        shared_.idle_lanes.wait_until(lock, grace_end, [&] { return shared_.lane_threads == 0; });
    }
    shared_.calls_stop.request_stop();
    threads_.clear();
}

void LaneRunner::run(Route& route, std::size_t endpoint) {
    std::unique_lock lock(shared_.mutex);
    const ResolvedPtr provider = route.provider;
    while (!shared_.draining && !route.retired) {
        const std::optional<Batch> batch = next(lock, route, endpoint);
        if (!batch) continue;
        lock.unlock();
        const auto deadline = shared_.now() + shared_.settings.call_timeout;
        Result<EmbedResult> result = call(*provider, endpoint, *batch, deadline);
        lock.lock();
        finish(route, *batch, endpoint, std::move(result), shared_.now() >= deadline);
    }
    --route.threads;
    --shared_.lane_threads;
    shared_.idle_lanes.notify_all();
}

std::optional<Batch> LaneRunner::next(std::unique_lock<std::mutex>& lock, Route& route, std::size_t endpoint) {
    const Sha256& fingerprint = route.provider->profile.fingerprint;
    Lane& lane = route.lanes[endpoint];
    const auto now = shared_.now();
    auto again_at = Lane::Steady::max();
    if (shared_.bench.queued(fingerprint) > 0) {
        if (lane.open(now)) {
            std::optional<Batch> batch = shared_.bench.take(fingerprint, route.limits, lane.probing());
            if (!batch) return std::nullopt;
            const Lane::Admission admission = lane.admit(now, estimate_tokens(*batch));
            if (admission.admitted) return batch;
            shared_.bench.put_back(std::move(*batch));
            again_at = admission.not_before;
        } else if (lane.paused(now)) {
            again_at = lane.paused_until();
        }
    }
    if (again_at == Lane::Steady::max())
        shared_.lanes.wait(lock);
    else
        shared_.lanes.wait_until(lock, again_at);
    return std::nullopt;
}

Result<EmbedResult> LaneRunner::call(const ResolvedProvider& provider, std::size_t endpoint, const Batch& batch,
                                     Lane::Steady deadline) const {
    std::vector<std::string_view> texts;
    texts.reserve(batch.texts.size());
    for (const TextPtr& text : batch.texts) texts.push_back(cut(text->text, provider.info.limits.max_text_bytes));
    EmbedRequest request;
    request.texts = texts;
    request.kind = TextKind::document;
    request.endpoint = endpoint;
    request.deadline = deadline;
    request.stop = shared_.calls_stop.get_token();
    Result<EmbedResult> result = provider.embed(request);
    if (!result) return result;
    if (Status shape = check_shape(*result, texts.size(), provider.info.dimension); !shape) return std::unexpected(shape.error());
    return result;
}

void LaneRunner::finish(Route& route, const Batch& batch, std::size_t endpoint, Result<EmbedResult>&& result, bool late) {
    Lane& lane = route.lanes[endpoint];
    const auto now = shared_.now();
    if (result) {
        lane.finished(now, std::nullopt, 0);
        route.warned = false;
        shared_.bench.answer(batch, std::move(*result));
    } else if (shared_.calls_stop.stop_requested() || route.retired) {
        // The call was stopped by us, or of a model that is gone: its outcome says nothing.
        lane.finished(now, std::nullopt, 0);
        shared_.bench.put_back(batch);
    } else {
        lane.finished(now, result.error(), shared_.random01());
        // What found no answer in its time would find none as it is the next time. This teaches no limit: the endpoint may have hung.
        if (late && result.error().kind == ErrorKind::unavailable && batch.texts.size() > 1) {
            shared_.bench.put_back_halves(batch);
        } else if (const auto learned = shared_.bench.reject(batch, result.error())) {
            route.limits.max_inputs = std::max<std::size_t>(1, std::min(route.limits.max_inputs, *learned));
        }
        if (route.paused(now)) {
            const std::string reason = "provider '" + route.provider->name + "' is paused: " + lane.reason();
            if (!route.warned) shared_.context.logger().warn(reason);
            route.warned = true;
            // Held longer than a lease, jobs are better off where others can see them.
            if (route.paused_until() > now + shared_.settings.lease) shared_.bench.release_queued(batch.fingerprint, reason);
        }
    }
    shared_.lanes.notify_all();
    shared_.committer.notify_all();
}

}  // namespace embedq::scheduler
