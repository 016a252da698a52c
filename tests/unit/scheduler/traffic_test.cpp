#include "scheduler/traffic.h"

#include <future>
#include <thread>

#include "flow_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TrafficTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(store.migrate()); }

    Result<Traffic::Passage> admit(const ResolvedProvider& provider, Traffic& by, std::size_t bytes = 40) {
        return by.admit_query(store, provider, bytes, context.clock(), {});
    }
    Result<Traffic::Passage> admit(const ResolvedProvider& provider) { return admit(provider, traffic); }
    Traffic::Steady now() { return context.clock().now(); }
    milliseconds next_free(const ResolvedProvider& provider, BudgetUnit unit, double per_minute) {
        const std::vector<BudgetRequest> request{{provider.profile.fingerprint, unit, per_minute, 1}};
        const auto slices = traffic.reserve(store, request, now());
        return std::chrono::duration_cast<milliseconds>(slices.value().at(0).starts_in);
    }

    conformance::TestContext context{"test"};
    FlowStore store{context};
    Traffic traffic;
};

TEST_F(TrafficTest, WithoutABudgetAQueryPassesAndTheStoreIsAskedForNone) {
    const auto provider = resolved_provider({});
    EXPECT_TRUE(admit(*provider));
    EXPECT_EQ(store.reserved, 0);
}

TEST_F(TrafficTest, AQueryGoesAtOnceThoughDocumentsHaveReservedAhead) {
    const auto provider = resolved_provider({.requests_per_minute = 600});
    const std::vector<BudgetRequest> documents{{provider->profile.fingerprint, BudgetUnit::requests, 600, 50}};
    ASSERT_TRUE(store.reserve(documents));
    EXPECT_TRUE(admit(*provider));
    EXPECT_EQ(next_free(*provider, BudgetUnit::requests, 600), milliseconds(5'100)) << "documents wait for it instead";
}

TEST_F(TrafficTest, QueriesHaveATenthOfTheBudget) {
    const auto provider = resolved_provider({.requests_per_minute = 600});
    int passed = 0;
    for (int i = 0; i < 60 * 20; ++i) {
        if (admit(*provider)) ++passed;
        context.manual_clock().advance(milliseconds(50));
    }
    EXPECT_GE(passed, 59);
    EXPECT_LE(passed, 60 + 4);
    const auto refused = admit(*provider);
    if (!refused) {
        EXPECT_EQ(refused.error().kind, ErrorKind::throttled);
        EXPECT_NE(refused.error().message.find("their tenth"), std::string::npos);
    }
}

TEST_F(TrafficTest, TheShareIsOneForAllProcesses) {
    const auto provider = resolved_provider({.requests_per_minute = 600});
    Traffic other;
    int passed = 0;
    for (int i = 0; i < 60 * 10; ++i) {
        if (admit(*provider)) ++passed;
        if (admit(*provider, other)) ++passed;
        context.manual_clock().advance(milliseconds(100));
    }
    EXPECT_GE(passed, 57);
    EXPECT_LE(passed, 60 + 4 + 2);
}

TEST_F(TrafficTest, TokensCountAsWell) {
    const auto provider = resolved_provider({.tokens_per_minute = 6'000});
    EXPECT_TRUE(admit(*provider, traffic, 400));
    EXPECT_EQ(next_free(*provider, BudgetUnit::tokens, 6'000), milliseconds(1'000))
        << "a hundred tokens of a hundred a second";
}

TEST_F(TrafficTest, AStoreThatSharesNoBudgetsMeansBudgetsOfThisProcess) {
    store.shares = false;
    const auto provider = resolved_provider({.requests_per_minute = 600});
    EXPECT_TRUE(admit(*provider));
    EXPECT_EQ(next_free(*provider, BudgetUnit::requests, 600), milliseconds(100));
    EXPECT_EQ(next_free(*provider, BudgetUnit::requests, 600), milliseconds(200));
}

TEST_F(TrafficTest, AStoreThatIsAwayIsAReason) {
    store.away = true;
    const auto refused = admit(*resolved_provider({.requests_per_minute = 600}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "the store is away");
}

TEST_F(TrafficTest, APausedLaneMeansNoAtOnceWithTheReason) {
    const auto provider = resolved_provider({});
    traffic.set_pauses(provider->profile.fingerprint, {{now() + seconds(7), "throttled: slow down"}});
    const auto refused = admit(*provider);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "it is paused for 7 s: throttled: slow down");
    context.manual_clock().advance(seconds(7));
    EXPECT_TRUE(admit(*provider));
}

TEST_F(TrafficTest, AnotherProcessesPauseCountsButForAWrongKey) {
    const auto provider = resolved_provider({});
    std::vector<LaneState> states{{provider->profile.fingerprint, "one", seconds(5), "misconfigured: a wrong key"}};
    ASSERT_TRUE(store.put_lanes(states));
    EXPECT_TRUE(admit(*provider)) << "which may be the other's own";
    states.front().reason = "unavailable: connection refused";
    ASSERT_TRUE(store.put_lanes(states));
    EXPECT_FALSE(admit(*provider));
}

TEST_F(TrafficTest, AQueryTakesAnEndpointThatIsNotPaused) {
    const auto provider = resolved_provider({}, {"one", "two"});
    traffic.set_pauses(provider->profile.fingerprint, {{now() + seconds(7), "unavailable: gone"}, {}});
    EXPECT_EQ(admit(*provider)->endpoint(), 1U);
}

TEST_F(TrafficTest, AProcessMakesOneCallMoreForQueriesAndTheNextWaitsForItsEnd) {
    const auto provider = resolved_provider({});
    auto first = std::make_unique<Result<Traffic::Passage>>(admit(*provider));
    ASSERT_TRUE(*first);
    std::promise<bool> passed;
    std::jthread second([&] { passed.set_value(admit(*provider).has_value()); });
    first.reset();
    EXPECT_TRUE(passed.get_future().get());
}

TEST_F(TrafficTest, AStopEndsTheWaitForAnotherQuery) {
    const auto provider = resolved_provider({});
    const auto first = admit(*provider);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(traffic.admit_query(store, *provider, 10, context.clock(), stop.get_token()));
}

TEST_F(TrafficTest, WhatAQueryHearsOfThrottlingGoesToTheStore) {
    const auto provider = resolved_provider({});
    Error error{ErrorKind::throttled, "slow down", seconds(3)};
    traffic.query_failed(store, *provider, 0, error, now());
    ASSERT_EQ(store.told.size(), 1U);
    EXPECT_EQ(store.told.front().cool_down, seconds(3));
    EXPECT_EQ(store.told.front().reason, "throttled: slow down");
    EXPECT_FALSE(admit(*provider));
    context.manual_clock().advance(seconds(3));
    EXPECT_TRUE(admit(*provider));
}

TEST_F(TrafficTest, AQuerysDayOfThrottlingIsTenMinutesForEverybody) {
    const auto provider = resolved_provider({});
    traffic.query_failed(store, *provider, 0, Error{ErrorKind::throttled, "slow down", std::chrono::hours(24)}, now());
    ASSERT_EQ(store.told.size(), 1U);
    EXPECT_EQ(store.told.front().cool_down, std::chrono::minutes(10));
    EXPECT_FALSE(admit(*provider));
    context.manual_clock().advance(std::chrono::minutes(10));
    EXPECT_TRUE(admit(*provider));
}

}  // namespace
}  // namespace embedq::scheduler
