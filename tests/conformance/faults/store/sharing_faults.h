// Faults in budgets per minute that processes share.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>

#include "faulty_store.h"

namespace embedq::conformance::faults {

// Changes the requests on their way in.
class RequestsChanged : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<BudgetSlice>> reserve(std::span<const BudgetRequest> requests) override {
        std::vector<BudgetRequest> changed(requests.begin(), requests.end());
        for (BudgetRequest& request : changed) change(request);
        return inner().reserve(changed);
    }

protected:
    virtual void change(BudgetRequest& request) = 0;
};

class AmountsNotCounted final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(BudgetRequest& request) override { request.amount = request.amount > 0 ? 1 : request.amount; }
};

class OneBudgetForAllProviders final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(BudgetRequest& request) override { request.fingerprint = {}; }
};

class OneBudgetForBothUnits final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(BudgetRequest& request) override { request.unit = BudgetUnit::requests; }
};

class BadAmountsTaken final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(BudgetRequest& request) override {
        if (!(std::isfinite(request.amount) && request.amount > 0)) request.amount = 1;
    }
};

// The rate of whoever asked first is the budget's for good.
class FirstRateStays final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(BudgetRequest& request) override {
        request.per_minute = rates_.try_emplace({request.fingerprint, request.unit}, request.per_minute).first->second;
    }

private:
    std::map<std::pair<Sha256, BudgetUnit>, double> rates_;
};

class StretchesRoundedDown final : public RequestsChanged {
public:
    using RequestsChanged::RequestsChanged;

protected:
    void change(BudgetRequest& request) override {
        if (!(request.amount > 0 && request.per_minute > 0)) return;
        request.amount = std::floor(request.amount * 60e6 / request.per_minute) * request.per_minute / 60e6;
    }
};

// Each budget's line is where it was, however long nobody asked: the time of rest is given out afterwards.
class RestIsSavedUp final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<BudgetSlice>> reserve(std::span<const BudgetRequest> requests) override {
        auto slices = inner().reserve(requests);
        if (!slices) return slices;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            Time& line = lines_.try_emplace({requests[i].fingerprint, requests[i].unit}, now()).first->second;
            (*slices)[i].starts_in = std::max(std::chrono::microseconds(0), line - now());
            line += std::chrono::microseconds(
                static_cast<std::int64_t>(requests[i].amount * 60e6 / requests[i].per_minute));
        }
        return slices;
    }

private:
    std::map<std::pair<Sha256, BudgetUnit>, Time> lines_;
};

class AnswersByKey final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<BudgetSlice>> reserve(std::span<const BudgetRequest> requests) override {
        std::vector<BudgetRequest> sorted(requests.begin(), requests.end());
        std::ranges::stable_sort(
            sorted, {}, [](const BudgetRequest& request) { return std::pair(request.fingerprint, request.unit); });
        return inner().reserve(sorted);
    }
};

class ReserveNotAtomic final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<BudgetSlice>> reserve(std::span<const BudgetRequest> requests) override {
        std::vector<BudgetSlice> slices;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            auto one = inner().reserve(requests.subspan(i, 1));
            if (!one) {
                one.error().message = "budget request " + std::to_string(i) + ": " + one.error().message;
                return one;
            }
            slices.push_back(one->at(0));
        }
        return slices;
    }
};

class PruneForgetsBudgets final : public FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<PruneResult> prune(const PruneRequest& request) override {
        ++pruned_;
        return inner().prune(request);
    }
    Result<std::vector<BudgetSlice>> reserve(std::span<const BudgetRequest> requests) override {
        std::vector<BudgetRequest> fresh(requests.begin(), requests.end());
        for (BudgetRequest& request : fresh) request.fingerprint[0] ^= static_cast<std::byte>(pruned_);
        return inner().reserve(fresh);
    }

private:
    unsigned pruned_ = 0;
};

}  // namespace embedq::conformance::faults
