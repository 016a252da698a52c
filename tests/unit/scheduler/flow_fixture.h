// A memory store that can be made to share no budgets, to share its lanes with others, or to be away; with a clock that
// only moves when told.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "catalog/hash.h"
#include "conformance/test_context.h"
#include "faults/store/faulty_store.h"
#include "pipeline_fixture.h"
#include "scheduler/providers.h"

namespace embedq::scheduler {

class FlowStore : public conformance::FaultyStore {
public:
    using FaultyStore::FaultyStore;

    StoreCapabilities capabilities() const override {
        StoreCapabilities said = FaultyStore::capabilities();
        said.multi_process = many;
        return said;
    }
    Result<std::vector<BudgetSlice>> reserve(std::span<const BudgetRequest> requests) override {
        ++reserved;
        if (away) return embedq::fail(ErrorKind::unavailable, "the store is away");
        if (!shares) return embedq::fail(ErrorKind::unsupported, "this store shares no budgets");
        return FaultyStore::reserve(requests);
    }
    Status put_lanes(std::span<const LaneState> lanes) override {
        told.insert(told.end(), lanes.begin(), lanes.end());
        return FaultyStore::put_lanes(lanes);
    }
    Result<std::vector<LaneState>> lanes() override {
        ++looks;
        return FaultyStore::lanes();
    }

    bool shares = true;
    bool many = true;
    bool away = false;
    int reserved = 0;
    int looks = 0;
    std::vector<LaneState> told;
};

inline std::shared_ptr<ResolvedProvider> resolved_provider(ConfiguredLimits limits,
                                                           std::vector<std::string> endpoints = {"one"},
                                                           std::size_t concurrency = 1) {
    auto provider = std::make_shared<ResolvedProvider>();
    provider->name = "p";
    provider->limits = limits;
    provider->info.endpoints = std::move(endpoints);
    provider->info.dimension = 3;
    provider->info.limits.concurrency = concurrency;
    provider->profile.fingerprint = catalog::sha256("p");
    return provider;
}

}  // namespace embedq::scheduler
