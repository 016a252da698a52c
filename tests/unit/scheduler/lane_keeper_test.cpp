#include "scheduler/lane_keeper.h"

#include "flow_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class LaneKeeperTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(store.migrate()); }

    Route& open(ConfiguredLimits limits, std::vector<std::string> endpoints = {"one"}) {
        const auto provider = resolved_provider(limits, std::move(endpoints));
        const sync::Lock lock(shared.mutex);
        return shared.routes
            .try_emplace(fingerprint, provider, LaneLimits{.concurrency = 4}, shared.settings.room_texts)
            .first->second;
    }
    void queue(int count) {
        ClaimedJob job;
        job.ref.id = 1;
        job.fingerprint = fingerprint;
        MissingTexts page;
        page.profile_id = fingerprint;
        for (int i = 0; i < count; ++i) page.texts.push_back({i, "op", catalog::sha256(std::to_string(i)), "text"});
        const sync::Lock lock(shared.mutex);
        shared.bench.plan(shared.bench.add(job), std::move(page));
    }
    void pause(Route& route, std::size_t endpoint, const Error& error) {
        route.lanes[endpoint].begin(now());
        const auto verdict = route.lanes[endpoint].finished(now(), error, 0, now());
        if (verdict.paused || verdict.recovered) tell(endpoint);
    }
    void tell(std::size_t endpoint) {
        const sync::Lock lock(shared.mutex);
        shared.lane_news.push_back({fingerprint, endpoint});
    }
    Lane::Steady now() { return context.clock().now(); }

    conformance::TestContext context{"test"};
    FlowStore store{context};
    TestNotifier notifier;
    ProviderDirectory providers{{}};
    Shared shared{store, notifier, providers, Settings{}, context, "worker"};
    LaneKeeper keeper{shared};
    const Sha256 fingerprint = catalog::sha256("p");
};

TEST_F(LaneKeeperTest, LeasesOnlyWhileThereIsSomethingToSend) {
    Route& route = open({.requests_per_minute = 600});
    static_cast<void>(keeper.step());
    EXPECT_EQ(store.reserved, 0);
    queue(10);
    static_cast<void>(keeper.step());
    EXPECT_EQ(store.reserved, 1);
    EXPECT_EQ(route.requests.available_at(now()), now());
    const auto next = keeper.step();
    EXPECT_EQ(store.reserved, 1) << "what is held is enough";
    EXPECT_GT(next, now() + milliseconds(200)) << "a slice is 300 ms long";
    EXPECT_LT(next, now() + milliseconds(300)) << "and the next is asked for before it ends";
    context.manual_clock().advance(std::chrono::ceil<milliseconds>(next - now()));
    static_cast<void>(keeper.step());
    EXPECT_EQ(store.reserved, 2);
}

TEST_F(LaneKeeperTest, BothBudgetsAreLeasedInOneCall) {
    Route& route = open({.requests_per_minute = 600, .tokens_per_minute = 6'000});
    queue(10);
    static_cast<void>(keeper.step());
    EXPECT_EQ(store.reserved, 1);
    EXPECT_EQ(route.requests.available_at(now()), now());
    EXPECT_EQ(route.tokens.available_at(now()), now());
}

TEST_F(LaneKeeperTest, APausedProviderLeasesNothing) {
    Route& route = open({.requests_per_minute = 600});
    queue(10);
    pause(route, 0, Error{ErrorKind::throttled, "slow down", seconds(3)});
    static_cast<void>(keeper.step());
    EXPECT_EQ(store.reserved, 0);
}

TEST_F(LaneKeeperTest, AStoreThatIsAwayIsAskedAgainSoonButNotAtOnce) {
    open({.requests_per_minute = 600});
    queue(10);
    store.away = true;
    const auto next = keeper.step();
    EXPECT_EQ(next, now() + milliseconds(250)) << "it looks for pauses meanwhile";
    static_cast<void>(keeper.step());
    EXPECT_EQ(store.reserved, 1);
    context.manual_clock().advance(milliseconds(500));
    static_cast<void>(keeper.step());
    EXPECT_EQ(store.reserved, 2);
    EXPECT_EQ(context.logger().lines().size(), 1U) << "and said once";
}

TEST_F(LaneKeeperTest, APauseReachesTheStoreWhenItBeginsAndWhenItEnds) {
    Route& route = open({});
    static_cast<void>(keeper.step());
    ASSERT_TRUE(store.told.empty());
    pause(route, 0, Error{ErrorKind::throttled, "slow down", milliseconds(1'234)});
    static_cast<void>(keeper.step());
    ASSERT_EQ(store.told.size(), 1U);
    EXPECT_EQ(store.told.back().cool_down, milliseconds(1'234));
    EXPECT_EQ(store.told.back().endpoint, "one");
    EXPECT_EQ(store.told.back().reason, "throttled: slow down");
    context.manual_clock().advance(milliseconds(1'234));
    route.lanes[0].begin(now());
    if (route.lanes[0].finished(now(), std::nullopt, 0, now()).recovered) tell(0);
    static_cast<void>(keeper.step());
    ASSERT_EQ(store.told.size(), 2U);
    EXPECT_EQ(store.told.back().cool_down, milliseconds(0));
}

TEST_F(LaneKeeperTest, ALongPauseIsToldAgainWithEachHeartbeat) {
    Route& route = open({});
    pause(route, 0, Error{ErrorKind::throttled, "slow down", seconds(60)});
    static_cast<void>(keeper.step());
    context.manual_clock().advance(shared.settings.heartbeat);
    static_cast<void>(keeper.step());
    ASSERT_EQ(store.told.size(), 2U);
    EXPECT_EQ(store.told.back().cool_down, seconds(60) - shared.settings.heartbeat);
}

TEST_F(LaneKeeperTest, ABusyProcessHearsOfAnothersPauseWithinAQuarterOfASecond) {
    Route& route = open({}, {"one", "two"});
    queue(10);
    static_cast<void>(keeper.step());
    const std::vector<LaneState> others{{fingerprint, "two", seconds(2), "throttled: elsewhere"}};
    ASSERT_TRUE(store.put_lanes(others));
    const auto next = keeper.step();
    EXPECT_LE(next, now() + milliseconds(250));
    context.manual_clock().advance(milliseconds(250));
    const auto ends = now() + milliseconds(1'750);
    static_cast<void>(keeper.step());
    EXPECT_FALSE(route.lanes[0].paused(now())) << "the other endpoint goes on";
    EXPECT_EQ(route.lanes[1].paused_until(), ends);
}

TEST_F(LaneKeeperTest, AnotherProcessesPauseIsNeverKeptToForLongerThanAProviderMayAsk) {
    Route& route = open({});
    const std::vector<LaneState> others{{fingerprint, "one", std::chrono::hours(24), "throttled: come back tomorrow"}};
    ASSERT_TRUE(store.put_lanes(others));
    static_cast<void>(keeper.step());
    EXPECT_EQ(route.lanes[0].paused_until(), now() + minutes(10));
    // Nor by keeping to what is left of it again and again.
    const auto over = now() + minutes(10) + 2 * shared.settings.heartbeat;
    while (now() < over) {
        context.manual_clock().advance(milliseconds(2'500));
        static_cast<void>(keeper.step());
    }
    EXPECT_TRUE(route.lanes[0].open(now()));
}

TEST_F(LaneKeeperTest, AWrongKeyIsNotToldOverAPauseThatAllKeepTo) {
    Route& route = open({}, {"one", "two"});
    const std::vector<LaneState> others{{fingerprint, "one", seconds(7), "throttled: slow down"}};
    pause(route, 0, Error{ErrorKind::misconfigured, "a wrong key"});
    pause(route, 1, Error{ErrorKind::misconfigured, "a wrong key"});
    ASSERT_TRUE(store.put_lanes(others));
    for (int i = 0; i < 2; ++i) {
        static_cast<void>(keeper.step());
        const auto held = store.lanes().value();
        ASSERT_EQ(held.size(), 2U);
        EXPECT_EQ(held[0].reason, "throttled: slow down");
        EXPECT_EQ(held[1].reason, "misconfigured: a wrong key") << "for whoever looks why nothing goes on";
        context.manual_clock().advance(shared.settings.heartbeat);
    }
    static_cast<void>(keeper.step());
    EXPECT_EQ(store.lanes().value().at(0).reason, "misconfigured: a wrong key") << "when the other is over";
}

TEST_F(LaneKeeperTest, AnIdleProcessLooksWithItsHeartbeatAlone) {
    open({});
    static_cast<void>(keeper.step());
    const int before = store.looks;
    for (int i = 0; i < 16; ++i) {
        context.manual_clock().advance(milliseconds(250));
        static_cast<void>(keeper.step());
    }
    EXPECT_EQ(store.looks, before);
}

TEST_F(LaneKeeperTest, AProbesLookFindsThatAnotherHasProbed) {
    Route& route = open({});
    for (int i = 0; i < 5; ++i) pause(route, 0, Error{ErrorKind::unavailable, "connection refused"});
    static_cast<void>(keeper.step());
    context.manual_clock().advance(std::chrono::ceil<milliseconds>(route.lanes[0].paused_until() - now()));
    ASSERT_TRUE(route.lanes[0].open(now()));
    const std::vector<LaneState> others{{fingerprint, "one", seconds(10), "unavailable: connection refused"}};
    ASSERT_TRUE(store.put_lanes(others));
    {
        const sync::Lock lock(shared.mutex);
        shared.probe_asks = true;
    }
    static_cast<void>(keeper.step());
    const sync::Lock lock(shared.mutex);
    EXPECT_GE(shared.pauses_seen_at, now());
    EXPECT_GE(route.lanes[0].paused_until(), now() + seconds(10))
        << "one probe for each pause, not one of each process";
    EXPECT_LE(route.lanes[0].paused_until(), now() + seconds(11)) << "a little apart";
}

}  // namespace
}  // namespace embedq::scheduler
