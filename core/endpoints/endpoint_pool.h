// A provider that answered a probe, as the scheduler uses it: its endpoints, what one request may hold, how many texts
// to prefetch, and the rate limits of all endpoints together.
//
// Not thread-safe; the scheduler's mutex guards it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "endpoints/batch_limits.h"
#include "endpoints/endpoint.h"
#include "endpoints/prefetch_window.h"
#include "endpoints/providers.h"
#include "endpoints/rate_limit.h"
#include "sync/fault_log.h"

namespace embedq::endpoints {

struct EndpointPool {
    // `max_texts`: the most texts that the process may hold at a time.
    EndpointPool(ProbedProviderPtr probed, const EndpointSettings& settings, std::size_t max_texts)
        : provider(std::move(probed)),
          endpoints(provider->info.endpoints.size(), Endpoint(settings)),
          limits(provider->info, provider->limits.batch_inputs),
          // As much in flight as all endpoints take, and as much again that waits for them.
          window(2 * endpoints.size() * settings.concurrency * limits.present().max_inputs, max_texts),
          requests(provider->limits.requests_per_minute),
          tokens(provider->limits.tokens_per_minute) {}

    ProbedProviderPtr provider;
    std::vector<Endpoint> endpoints;  // in the order of ProviderInfo::endpoints
    LearnedLimits limits;
    PrefetchWindow window;
    RateLimit requests;
    RateLimit tokens;
    sync::FaultLines faults;  // the pauses of its endpoints, for the log
    bool retired = false;     // replaced by another model or other limits: takes no new batches
    std::size_t threads = 0;  // that work on it

    // Keeps what was learned about the same model under other limits or endpoints. An endpoint that has the same name
    // keeps its pause.
    void inherit(const EndpointPool& old) {
        for (std::size_t i = 0; i < endpoints.size(); ++i) {
            const auto& old_names = old.provider->info.endpoints;
            const auto found = std::ranges::find(old_names, provider->info.endpoints[i]);
            if (found != old_names.end())
                endpoints[i].inherit(old.endpoints[static_cast<std::size_t>(found - old_names.begin())]);
        }
        limits.inherit(old.limits);
        window.inherit(old.window);
        if (provider->info.endpoints == old.provider->info.endpoints) faults = old.faults;
        if (requests.per_minute() == old.requests.per_minute()) requests = old.requests;
        if (tokens.per_minute() == old.tokens.per_minute()) tokens = old.tokens;
    }

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
