// A memory store that can be made not to share rate limits or endpoint states, or to be unavailable; with a manual
// clock.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "catalog/hash.h"
#include "conformance/test_context.h"
#include "embedq/endpoint.h"
#include "embedq/store_types.h"
#include "endpoints/providers.h"
#include "faults/store/faulty_store.h"
#include "pipeline_fixture.h"

namespace embedq::scheduler {

class SharedLimitsStore : public conformance::FaultyStore {
public:
    using FaultyStore::FaultyStore;

    StoreCapabilities capabilities() const override {
        StoreCapabilities capabilities = FaultyStore::capabilities();
        capabilities.multi_process = multi_process;
        return capabilities;
    }
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        ++reservations;
        if (unavailable) return embedq::fail(ErrorKind::unavailable, "the store is unavailable");
        if (!shares_rate_limits) return embedq::fail(ErrorKind::unsupported, "this store does not share rate limits");
        return FaultyStore::reserve(requests);
    }
    Status put_endpoint_states(std::span<const EndpointState> endpoints) override {
        if (puts_unavailable) return embedq::fail(ErrorKind::unavailable, "the store is unavailable");
        published.insert(published.end(), endpoints.begin(), endpoints.end());
        return FaultyStore::put_endpoint_states(endpoints);
    }
    Result<std::vector<EndpointState>> endpoint_states() override {
        ++reads;
        return FaultyStore::endpoint_states();
    }

    bool shares_rate_limits = true;
    bool multi_process = true;
    bool unavailable = false;
    bool puts_unavailable = false;  // only the endpoint states
    int reservations = 0;
    int reads = 0;  // of the endpoint states
    std::vector<EndpointState> published;
};

inline std::shared_ptr<endpoints::ProbedProvider> probed_provider(LimitSettings limits,
                                                                  std::vector<std::string> endpoints = {"one"},
                                                                  std::size_t concurrency = 1) {
    auto provider = std::make_shared<endpoints::ProbedProvider>();
    provider->name = "p";
    provider->limits = limits;
    provider->info.endpoints = std::move(endpoints);
    provider->info.dimension = 3;
    provider->info.limits.concurrency = concurrency;
    provider->profile.fingerprint = catalog::sha256("p");
    return provider;
}

}  // namespace embedq::scheduler
