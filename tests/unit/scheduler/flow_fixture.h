// A memory store that can be made to share no budgets, to share its endpoints with others, or to be away; with a clock that
// only moves when told.
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

class FlowStore : public conformance::FaultyStore {
public:
    using FaultyStore::FaultyStore;

    StoreCapabilities capabilities() const override {
        StoreCapabilities said = FaultyStore::capabilities();
        said.multi_process = many;
        return said;
    }
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        ++reserved;
        if (away) return embedq::fail(ErrorKind::unavailable, "the store is away");
        if (!shares) return embedq::fail(ErrorKind::unsupported, "this store shares no budgets");
        return FaultyStore::reserve(requests);
    }
    Status put_endpoint_states(std::span<const EndpointState> endpoints) override {
        told.insert(told.end(), endpoints.begin(), endpoints.end());
        return FaultyStore::put_endpoint_states(endpoints);
    }
    Result<std::vector<EndpointState>> endpoints() override {
        ++looks;
        return FaultyStore::endpoints();
    }

    bool shares = true;
    bool many = true;
    bool away = false;
    int reserved = 0;
    int looks = 0;
    std::vector<EndpointState> told;
};

inline std::shared_ptr<endpoints::ResolvedProvider> resolved_provider(LimitSettings limits,
                                                                      std::vector<std::string> endpoints = {"one"},
                                                                      std::size_t concurrency = 1) {
    auto provider = std::make_shared<endpoints::ResolvedProvider>();
    provider->name = "p";
    provider->limits = limits;
    provider->info.endpoints = std::move(endpoints);
    provider->info.dimension = 3;
    provider->info.limits.concurrency = concurrency;
    provider->profile.fingerprint = catalog::sha256("p");
    return provider;
}

}  // namespace embedq::scheduler
