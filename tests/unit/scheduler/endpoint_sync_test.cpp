#include "scheduler/endpoint_sync.h"

#include "flow_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class EndpointSyncTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(store.migrate()); }

    EndpointPool& open(LimitSettings limits, std::vector<std::string> endpoints = {"one"}) {
        const auto provider = resolved_provider(limits, std::move(endpoints));
        const sync::Lock lock(shared.mutex);
        return shared.pools
            .try_emplace(fingerprint, provider, endpoints::EndpointSettings{.concurrency = 4},
                         shared.settings.prefetch_texts)
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
    void pause(EndpointPool& pool, std::size_t endpoint_index, const Error& error) {
        pool.endpoints[endpoint_index].begin(now());
        const auto verdict = pool.endpoints[endpoint_index].finished(now(), error, 0, now());
        if (verdict.paused || verdict.recovered) tell(endpoint_index);
    }
    void tell(std::size_t endpoint_index) {
        const sync::Lock lock(shared.mutex);
        shared.pause_changes.push_back({fingerprint, endpoint_index});
    }
    endpoints::Endpoint::Steady now() { return context.clock().now(); }

    conformance::TestContext context{"test"};
    FlowStore store{context};
    TestNotifier notifier;
    endpoints::ProviderDirectory providers{{}};
    Shared shared{store, notifier, providers, SchedulerSettings{}, context, "worker"};
    EndpointSync endpoint_sync{shared};
    const Sha256 fingerprint = catalog::sha256("p");
};

TEST_F(EndpointSyncTest, LeasesOnlyWhileThereIsSomethingToSend) {
    EndpointPool& pool = open({.requests_per_minute = 600});
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reserved, 0);
    queue(10);
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reserved, 1);
    EXPECT_EQ(pool.requests.available_at(now()), now());
    const auto next = endpoint_sync.step();
    EXPECT_EQ(store.reserved, 1) << "what is held is enough";
    EXPECT_GT(next, now() + milliseconds(200)) << "a slot is 300 ms long";
    EXPECT_LT(next, now() + milliseconds(300)) << "and the next is asked for before it ends";
    context.manual_clock().advance(std::chrono::ceil<milliseconds>(next - now()));
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reserved, 2);
}

TEST_F(EndpointSyncTest, BothRateLimitsAreLeasedInOneCall) {
    EndpointPool& pool = open({.requests_per_minute = 600, .tokens_per_minute = 6'000});
    queue(10);
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reserved, 1);
    EXPECT_EQ(pool.requests.available_at(now()), now());
    EXPECT_EQ(pool.tokens.available_at(now()), now());
}

TEST_F(EndpointSyncTest, APausedProviderLeasesNothing) {
    EndpointPool& pool = open({.requests_per_minute = 600});
    queue(10);
    pause(pool, 0, Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = seconds(3)});
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reserved, 0);
}

TEST_F(EndpointSyncTest, AStoreThatIsAwayIsAskedAgainSoonButNotAtOnce) {
    open({.requests_per_minute = 600});
    queue(10);
    store.away = true;
    const auto next = endpoint_sync.step();
    EXPECT_EQ(next, now() + milliseconds(250)) << "it looks for pauses meanwhile";
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reserved, 1);
    context.manual_clock().advance(milliseconds(500));
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reserved, 2);
    EXPECT_EQ(context.logger().lines().size(), 1U) << "and said once";
}

TEST_F(EndpointSyncTest, APauseReachesTheStoreWhenItBeginsAndWhenItEnds) {
    EndpointPool& pool = open({});
    static_cast<void>(endpoint_sync.step());
    ASSERT_TRUE(store.told.empty());
    pause(pool, 0, Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = milliseconds(1'234)});
    static_cast<void>(endpoint_sync.step());
    ASSERT_EQ(store.told.size(), 1U);
    EXPECT_EQ(store.told.back().cool_down, milliseconds(1'234));
    EXPECT_EQ(store.told.back().endpoint, "one");
    EXPECT_EQ(to_string(store.told.back()), "throttled: slow down");
    context.manual_clock().advance(milliseconds(1'234));
    pool.endpoints[0].begin(now());
    if (pool.endpoints[0].finished(now(), std::nullopt, 0, now()).recovered) tell(0);
    static_cast<void>(endpoint_sync.step());
    ASSERT_EQ(store.told.size(), 2U);
    EXPECT_EQ(store.told.back().cool_down, milliseconds(0));
}

TEST_F(EndpointSyncTest, ALongPauseIsToldAgainWithEachHeartbeat) {
    EndpointPool& pool = open({});
    pause(pool, 0, Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = seconds(60)});
    static_cast<void>(endpoint_sync.step());
    context.manual_clock().advance(shared.settings.heartbeat);
    static_cast<void>(endpoint_sync.step());
    ASSERT_EQ(store.told.size(), 2U);
    EXPECT_EQ(store.told.back().cool_down, seconds(60) - shared.settings.heartbeat);
}

TEST_F(EndpointSyncTest, ABusyProcessHearsOfAnothersPauseWithinAQuarterOfASecond) {
    EndpointPool& pool = open({}, {"one", "two"});
    queue(10);
    static_cast<void>(endpoint_sync.step());
    const std::vector<EndpointState> others{{fingerprint, "two", PauseKind::throttled, seconds(2), "elsewhere"}};
    ASSERT_TRUE(store.put_endpoint_states(others));
    const auto next = endpoint_sync.step();
    EXPECT_LE(next, now() + milliseconds(250));
    context.manual_clock().advance(milliseconds(250));
    const auto ends = now() + milliseconds(1'750);
    static_cast<void>(endpoint_sync.step());
    EXPECT_FALSE(pool.endpoints[0].paused(now())) << "the other endpoint goes on";
    EXPECT_EQ(pool.endpoints[1].paused_until(), ends);
}

TEST_F(EndpointSyncTest, AnotherProcessesPauseIsNeverKeptToForLongerThanAProviderMayAsk) {
    EndpointPool& pool = open({});
    const std::vector<EndpointState> others{
        {fingerprint, "one", PauseKind::throttled, std::chrono::hours(24), "come back tomorrow"}};
    ASSERT_TRUE(store.put_endpoint_states(others));
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(pool.endpoints[0].paused_until(), now() + minutes(10));
    // Nor by keeping to what is left of it again and again.
    const auto over = now() + minutes(10) + 2 * shared.settings.heartbeat;
    while (now() < over) {
        context.manual_clock().advance(milliseconds(2'500));
        static_cast<void>(endpoint_sync.step());
    }
    EXPECT_TRUE(pool.endpoints[0].open(now()));
}

TEST_F(EndpointSyncTest, AWrongKeyIsNotToldOverAPauseThatAllKeepTo) {
    EndpointPool& pool = open({}, {"one", "two"});
    const std::vector<EndpointState> others{{fingerprint, "one", PauseKind::throttled, seconds(7), "slow down"}};
    pause(pool, 0, Error{ErrorKind::misconfigured, "a wrong key"});
    pause(pool, 1, Error{ErrorKind::misconfigured, "a wrong key"});
    ASSERT_TRUE(store.put_endpoint_states(others));
    for (int i = 0; i < 2; ++i) {
        static_cast<void>(endpoint_sync.step());
        const auto held = store.endpoint_states().value();
        ASSERT_EQ(held.size(), 2U);
        EXPECT_EQ(to_string(held[0]), "throttled: slow down");
        EXPECT_EQ(to_string(held[1]), "misconfigured: a wrong key") << "for whoever looks why nothing goes on";
        context.manual_clock().advance(shared.settings.heartbeat);
    }
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(to_string(store.endpoint_states().value().at(0)), "misconfigured: a wrong key")
        << "when the other is over";
}

TEST_F(EndpointSyncTest, AnIdleProcessLooksWithItsHeartbeatAlone) {
    open({});
    static_cast<void>(endpoint_sync.step());
    const int before = store.looks;
    for (int i = 0; i < 16; ++i) {
        context.manual_clock().advance(milliseconds(250));
        static_cast<void>(endpoint_sync.step());
    }
    EXPECT_EQ(store.looks, before);
}

TEST_F(EndpointSyncTest, AProbesLookFindsThatAnotherHasProbed) {
    EndpointPool& pool = open({});
    for (int i = 0; i < 5; ++i) pause(pool, 0, Error{ErrorKind::unavailable, "connection refused"});
    static_cast<void>(endpoint_sync.step());
    context.manual_clock().advance(std::chrono::ceil<milliseconds>(pool.endpoints[0].paused_until() - now()));
    ASSERT_TRUE(pool.endpoints[0].open(now()));
    const std::vector<EndpointState> others{
        {fingerprint, "one", PauseKind::unavailable, seconds(10), "connection refused"}};
    ASSERT_TRUE(store.put_endpoint_states(others));
    {
        const sync::Lock lock(shared.mutex);
        shared.probe_wants_states = true;
    }
    static_cast<void>(endpoint_sync.step());
    const sync::Lock lock(shared.mutex);
    EXPECT_GE(shared.states_read_at, now());
    EXPECT_GE(pool.endpoints[0].paused_until(), now() + seconds(10))
        << "one probe for each pause, not one of each process";
    EXPECT_LE(pool.endpoints[0].paused_until(), now() + seconds(11)) << "a little apart";
}

}  // namespace
}  // namespace embedq::scheduler
