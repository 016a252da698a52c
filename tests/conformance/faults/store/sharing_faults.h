// Faults in the rate limits and the learned limits that processes share, and where one overlooks another's work.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "embedq/catalog.h"
#include "embedq/endpoint.h"
#include "embedq/maintenance.h"
#include "faulty_store.h"

namespace embedq::conformance::faults {

// --- what another process did

class SpecsAreDeletedUnseen final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status delete_spec(std::string_view catalog_id, std::string_view spec_name, std::optional<SpecVersion>) override {
        return inner().delete_spec(catalog_id, spec_name);
    }
};

class OnlyTheGenerationCounts final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status delete_spec(std::string_view catalog_id, std::string_view spec_name,
                       std::optional<SpecVersion> seen) override {
        const auto present = inner().spec(catalog_id, spec_name);
        if (seen && present) seen->created_at = present->created_at;
        return inner().delete_spec(catalog_id, spec_name, seen);
    }
};

class CatalogsAreDeletedUnseen final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status delete_catalog(std::string_view catalog_id, std::optional<CatalogVersion>) override {
        return inner().delete_catalog(catalog_id);
    }
};

class SpecsAreRenamedUnseen final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<PutResult>> put_specs(std::span<const SpecWrite> specs) override {
        std::vector<SpecWrite> writes(specs.begin(), specs.end());
        for (SpecWrite& write : writes) write.renamed_version.reset();
        return inner().put_specs(writes);
    }
};

class ExpiredJobsAreCountedOnly final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<ReapResult> reap(std::uint32_t max_attempts) override {
        auto result = inner().reap(max_attempts);
        if (result) result->jobs.clear();
        return result;
    }
};

// --- rate limits and learned limits

// Changes the requests on their way in.
class RequestsChanged : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        std::vector<RateRequest> changed(requests.begin(), requests.end());
        for (RateRequest& request : changed) change(request);
        return inner().reserve(changed);
    }

protected:
    virtual void change(RateRequest& request) = 0;
};

class AmountsNotCounted final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(RateRequest& request) override { request.amount = request.amount > 0 ? 1 : request.amount; }
};

class OneRateLimitForAllProviders final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(RateRequest& request) override { request.fingerprint = {}; }
};

class OneRateLimitForBothUnits final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(RateRequest& request) override { request.unit = RateUnit::requests; }
};

class BadAmountsTaken final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(RateRequest& request) override {
        if (!(std::isfinite(request.amount) && request.amount > 0)) request.amount = 1;
    }
};

// The rate of the first request is that of the rate limit for good.
class FirstRateStays final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(RateRequest& request) override {
        request.per_minute = rates_.try_emplace({request.fingerprint, request.unit}, request.per_minute).first->second;
    }

private:
    std::map<std::pair<Sha256, RateUnit>, double> rates_;
};

class StretchesRoundedDown final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(RateRequest& request) override {
        if (!(request.amount > 0 && request.per_minute > 0)) return;
        request.amount = std::floor(request.amount * 60e6 / request.per_minute) * request.per_minute / 60e6;
    }
};

// A rate limit is reserved from where the last reservation ended, even if that is in the past: idle time is saved up.
class RestIsSavedUp final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        auto slots = inner().reserve(requests);
        if (!slots) return slots;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            Time& free_at = free_at_.try_emplace({requests[i].fingerprint, requests[i].unit}, now()).first->second;
            (*slots)[i].starts_in = std::max(std::chrono::microseconds(0), free_at - now());
            free_at += std::chrono::microseconds(
                static_cast<std::int64_t>(requests[i].amount * 60e6 / requests[i].per_minute));
        }
        return slots;
    }

private:
    std::map<std::pair<Sha256, RateUnit>, Time> free_at_;
};

class AnswersByKey final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        std::vector<RateRequest> sorted(requests.begin(), requests.end());
        std::ranges::stable_sort(
            sorted, {}, [](const RateRequest& request) { return std::pair(request.fingerprint, request.unit); });
        return inner().reserve(sorted);
    }
};

class ReserveNotAtomic final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        std::vector<RateSlot> slots;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            auto one = inner().reserve(requests.subspan(i, 1));
            if (!one) {
                one.error().message = "rate request " + std::to_string(i) + ": " + one.error().message;
                return one;
            }
            slots.push_back(one->at(0));
        }
        return slots;
    }
};

class PruneForgetsRateLimits final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<PruneResult> prune(const PruneRequest& request) override {
        ++pruned_;
        return inner().prune(request);
    }
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        std::vector<RateRequest> fresh(requests.begin(), requests.end());
        for (RateRequest& request : fresh) request.fingerprint[0] ^= static_cast<std::byte>(pruned_);
        return inner().reserve(fresh);
    }

private:
    unsigned pruned_ = 0;
};

class LimitsLostWithThePause final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status put_endpoint_states(std::span<const EndpointState> states) override {
        std::vector<EndpointState> changed(states.begin(), states.end());
        for (EndpointState& state : changed) {
            if (state.cool_down == std::chrono::milliseconds(0)) state.limits = EndpointLimits{};
        }
        return inner().put_endpoint_states(changed);
    }
};

class InputsBoundForgotten final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status put_endpoint_states(std::span<const EndpointState> states) override {
        std::vector<EndpointState> changed(states.begin(), states.end());
        for (EndpointState& state : changed) {
            if (state.limits) state.limits->inputs_bound = 0;
        }
        return inner().put_endpoint_states(changed);
    }
};

class FirstLimitsStay final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Status put_endpoint_states(std::span<const EndpointState> states) override {
        std::vector<EndpointState> changed(states.begin(), states.end());
        const auto kept = inner().endpoint_states().value();
        for (EndpointState& state : changed) {
            if (std::ranges::count(kept, state.endpoint, &EndpointState::endpoint) > 0) state.limits.reset();
        }
        return inner().put_endpoint_states(changed);
    }
};

}  // namespace embedq::conformance::faults
