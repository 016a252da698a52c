// A provider that answered a probe, as the scheduler uses it: its endpoints, what one request may hold, how many texts
// to prefetch, and the rate limits of all endpoints together.
//
// Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "embedq/endpoint.h"
#include "endpoints/batch_limits.h"
#include "endpoints/endpoint.h"
#include "endpoints/lost_calls.h"
#include "endpoints/prefetch_window.h"
#include "endpoints/providers.h"
#include "endpoints/rate_limit.h"
#include "sync/fault_log.h"

namespace embedq::endpoints {

// What the processes of one store share about an endpoint.
struct SharedLimits {
    RateLimit rate{0};                       // the learned one
    std::optional<EndpointLimits> in_store;  // as this process has read or written it last
    // What this process knew then; nothing: that could not be written.
    std::optional<EndpointLimits> published = EndpointLimits{};
};

// A rate limit that is reserved from the store, under this name.
struct SharedRate {
    Sha256 fingerprint{};
    RateUnit unit = RateUnit::requests;
    RateLimit* limit = nullptr;
};

struct EndpointPool {
    // `max_texts`: the most texts that the process may hold at a time.
    EndpointPool(ProbedProviderPtr probed, const EndpointSettings& settings, std::size_t max_texts)
        : provider(std::move(probed)),
          endpoints(provider->info.endpoints.size(), Endpoint(settings)),
          limits(provider->info, provider->limits.batch_inputs),
          // As much in flight as all endpoints take, and as much again that waits for them.
          window(2 * endpoints.size() * settings.concurrency * limits.present().max_inputs, max_texts),
          requests(RateLimit::usable * static_cast<double>(provider->limits.requests_per_minute)),
          tokens(RateLimit::usable * static_cast<double>(provider->limits.tokens_per_minute)),
          shared(endpoints.size()),
          lost_calls(endpoints.size()) {}

    ProbedProviderPtr provider;
    std::vector<Endpoint> endpoints;  // in the order of ProviderInfo::endpoints
    LearnedLimits limits;
    PrefetchWindow window;
    RateLimit requests;
    RateLimit tokens;
    std::vector<SharedLimits> shared;  // of each endpoint
    std::vector<LostCalls> lost_calls;
    sync::FaultLines faults;       // the pauses of its endpoints, for the log
    Endpoint::Steady opened_at{};  // no call goes before what the store has about its endpoints was read after that
    bool retired = false;          // replaced by another model or other limits: takes no new batches
    std::size_t threads = 0;       // that work on it

    // Keeps what was learned about the same model under other limits or endpoints. An endpoint that has the same name
    // keeps its pause.
    void inherit(const EndpointPool& old) {
        for (std::size_t i = 0; i < endpoints.size(); ++i) {
            const auto& old_names = old.provider->info.endpoints;
            const auto found = std::ranges::find(old_names, provider->info.endpoints[i]);
            if (found == old_names.end()) continue;
            const auto place = static_cast<std::size_t>(found - old_names.begin());
            endpoints[i].inherit(old.endpoints[place]);
            lost_calls[i] = old.lost_calls[place];
        }
        limits.inherit(old.limits);
        window.inherit(old.window);
        if (provider->info.endpoints == old.provider->info.endpoints) faults = old.faults;
        if (requests.per_minute() == old.requests.per_minute()) requests = old.requests;
        if (tokens.per_minute() == old.tokens.per_minute()) tokens = old.tokens;
    }

    // --- What processes share (endpoint_pool.cpp).
    // The rate limits that are reserved from the store: those of the provider, and, where processes share them, the
    // learned rate of each endpoint, brought up to date.
    [[nodiscard]] std::vector<SharedRate> rates(bool share_learned, Endpoint::Steady now);
    // When the rate limits allow the endpoint's next call; Steady::max() while no slot is held. Those that allow it now
    // wait for the others.
    [[nodiscard]] Endpoint::Steady allowed_at(std::size_t endpoint, Endpoint::Steady now);
    // A call is sent.
    void take(std::size_t endpoint, double tokens_sent);
    // What this process has learned about an endpoint, if that has changed since it was last returned or adopted.
    [[nodiscard]] std::optional<EndpointLimits> limits_to_publish(std::size_t endpoint, Endpoint::Steady now);
    // They could not be published.
    void publish_again(std::size_t endpoint) { shared[endpoint].published.reset(); }
    // What the store has about an endpoint.
    void adopt_limits(std::size_t endpoint, const EndpointLimits& limits, Endpoint::Steady now);

    // True if every endpoint is paused.
    [[nodiscard]] bool paused(Endpoint::Steady now) const {
        return std::ranges::all_of(endpoints, [&](const Endpoint& endpoint) { return endpoint.paused(now); });
    }
    // When the first endpoint's pause ends.
    [[nodiscard]] Endpoint::Steady paused_until() const {
        Endpoint::Steady earliest = Endpoint::Steady::max();
        for (const Endpoint& endpoint : endpoints) earliest = std::min(earliest, endpoint.paused_until());
        return earliest;
    }
};

}  // namespace embedq::endpoints
