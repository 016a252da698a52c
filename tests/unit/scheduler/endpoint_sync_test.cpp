#include "scheduler/endpoint_sync.h"

#include "shared_limits_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class EndpointSyncTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(store.migrate()); }

    endpoints::EndpointPool& open(LimitSettings limits, std::vector<std::string> endpoints = {"one"}) {
        const auto provider = probed_provider(limits, std::move(endpoints));
        const sync::Lock lock(state.mutex);
        return state.pools
            .try_emplace(fingerprint, provider, endpoints::EndpointSettings{.concurrency = 4},
                         state.settings.prefetch_texts)
            .first->second;
    }
    void enqueue(int count) {
        ClaimedJob job;
        job.ref.id = 1;
        job.fingerprint = fingerprint;
        MissingTexts page;
        page.profile_id = fingerprint;
        for (int i = 0; i < count; ++i) page.texts.push_back({i, "op", catalog::sha256(std::to_string(i)), "text"});
        const sync::Lock lock(state.mutex);
        state.queue.plan(state.queue.add(job), std::move(page));
    }
    void pause(endpoints::EndpointPool& pool, std::size_t endpoint_index, const Error& error) {
        pool.endpoints[endpoint_index].begin(now());
        const auto effect = pool.endpoints[endpoint_index].finished(now(), error, 0, now());
        if (effect.paused || effect.recovered) add_pause_change(endpoint_index);
    }
    void add_pause_change(std::size_t endpoint_index) {
        const sync::Lock lock(state.mutex);
        state.pause_changes.push_back({fingerprint, endpoint_index});
    }
    endpoints::Endpoint::Steady now() { return context.clock().now(); }

    conformance::TestContext context{"test"};
    SharedLimitsStore store{context};
    TestNotifier notifier;
    endpoints::ProviderDirectory providers{{}};
    SchedulerState state{store, notifier, providers, SchedulerSettings{}, context, "worker"};
    EndpointSync endpoint_sync{state};
    const Sha256 fingerprint = catalog::sha256("p");
};

TEST_F(EndpointSyncTest, ReservesOnlyWhileThereIsSomethingToSend) {
    endpoints::EndpointPool& pool = open({.requests_per_minute = 600});
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reservations, 0);
    enqueue(10);
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reservations, 1);
    EXPECT_EQ(pool.requests.available_at(now()), now());
    const auto next = endpoint_sync.step();
    EXPECT_EQ(store.reservations, 1) << "what is held is enough";
    EXPECT_GT(next, now() + milliseconds(200)) << "a slot is 300 ms long";
    EXPECT_LT(next, now() + milliseconds(300)) << "and the next one is reserved before it ends";
    context.manual_clock().advance(std::chrono::ceil<milliseconds>(next - now()));
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reservations, 2);
}

TEST_F(EndpointSyncTest, BothRateLimitsAreReservedInOneCall) {
    endpoints::EndpointPool& pool = open({.requests_per_minute = 600, .tokens_per_minute = 6'000});
    enqueue(10);
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reservations, 1);
    EXPECT_EQ(pool.requests.available_at(now()), now());
    EXPECT_EQ(pool.tokens.available_at(now()), now());
}

TEST_F(EndpointSyncTest, APausedProviderReservesNothing) {
    endpoints::EndpointPool& pool = open({.requests_per_minute = 600});
    enqueue(10);
    pause(pool, 0, Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = seconds(3)});
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reservations, 0);
}

TEST_F(EndpointSyncTest, AnUnavailableStoreIsTriedAgainSoonButNotImmediately) {
    open({.requests_per_minute = 600});
    enqueue(10);
    store.unavailable = true;
    const auto next = endpoint_sync.step();
    EXPECT_EQ(next, now() + milliseconds(250)) << "it reads pauses meanwhile";
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reservations, 1);
    context.manual_clock().advance(milliseconds(500));
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.reservations, 2);
    EXPECT_EQ(std::ranges::count(context.logger().lines(), LogLevel::warn, &std::pair<LogLevel, std::string>::first), 1)
        << "logged once";
}

TEST_F(EndpointSyncTest, LostCallsReachTheStoreUntilTheyAreOver) {
    endpoints::EndpointPool& pool = open({});
    sync::FaultLines lines;
    int texts = 0;
    const auto lose = [&](int times) {
        for (int i = 0; i < times; ++i) {
            pool.lost_calls[0].lost({ErrorKind::unavailable, "connection reset"},
                                    catalog::sha256(std::to_string(++texts)), true, now());
            pool.lost_calls[0].answered(now());
            static_cast<void>(pool.lost_calls[0].line("endpoint", now(), lines));
        }
    };
    pool.lost_calls[0].answered(now());
    lose(2);
    static_cast<void>(endpoint_sync.step());
    ASSERT_TRUE(store.published.empty()) << "that may be chance";
    lose(2);
    static_cast<void>(endpoint_sync.step());
    ASSERT_EQ(store.published.size(), 1U);
    EXPECT_EQ(endpoints::endpoint_with_lost_calls(store.published[0]), "one");
    EXPECT_EQ(store.published[0].reason, "4 of the last 9 calls: connection reset");
    EXPECT_GT(store.published[0].cool_down, state.settings.heartbeat) << "it is shown until the next one";
    context.manual_clock().advance(state.settings.heartbeat);
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(store.published.size(), 2U) << "again with each heartbeat";
    context.manual_clock().advance(minutes(5));
    static_cast<void>(endpoint_sync.step());
    ASSERT_EQ(store.published.size(), 3U);
    EXPECT_EQ(store.published[2].cool_down, milliseconds(0));
    EXPECT_FALSE(pool.endpoints[0].paused(now()));
}

TEST_F(EndpointSyncTest, APauseReachesTheStoreWhenItBeginsAndWhenItEnds) {
    endpoints::EndpointPool& pool = open({});
    static_cast<void>(endpoint_sync.step());
    ASSERT_TRUE(store.published.empty());
    pause(pool, 0, Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = milliseconds(1'234)});
    static_cast<void>(endpoint_sync.step());
    ASSERT_EQ(store.published.size(), 1U);
    EXPECT_EQ(store.published.back().cool_down, milliseconds(1'234));
    EXPECT_EQ(store.published.back().endpoint, "one");
    EXPECT_EQ(to_string(store.published.back()), "throttled: slow down");
    context.manual_clock().advance(milliseconds(1'234));
    pool.endpoints[0].begin(now());
    if (pool.endpoints[0].finished(now(), std::nullopt, 0, now()).recovered) add_pause_change(0);
    static_cast<void>(endpoint_sync.step());
    ASSERT_EQ(store.published.size(), 2U);
    EXPECT_EQ(store.published.back().cool_down, milliseconds(0));
}

TEST_F(EndpointSyncTest, ALongPauseIsPublishedAgainWithEachHeartbeat) {
    endpoints::EndpointPool& pool = open({});
    pause(pool, 0, Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = seconds(60)});
    static_cast<void>(endpoint_sync.step());
    context.manual_clock().advance(state.settings.heartbeat);
    static_cast<void>(endpoint_sync.step());
    ASSERT_EQ(store.published.size(), 2U);
    EXPECT_EQ(store.published.back().cool_down, seconds(60) - state.settings.heartbeat);
}

TEST_F(EndpointSyncTest, ABusyProcessReadsAnothersPauseWithinAQuarterOfASecond) {
    endpoints::EndpointPool& pool = open({}, {"one", "two"});
    enqueue(10);
    static_cast<void>(endpoint_sync.step());
    const std::vector<EndpointState> others{{fingerprint, "two", PauseKind::throttled, seconds(2), "elsewhere"}};
    ASSERT_TRUE(store.put_endpoint_states(others));
    const auto next = endpoint_sync.step();
    EXPECT_LE(next, now() + milliseconds(250));
    context.manual_clock().advance(milliseconds(250));
    const auto ends = now() + milliseconds(1'750);
    static_cast<void>(endpoint_sync.step());
    EXPECT_FALSE(pool.endpoints[0].paused(now())) << "the other endpoint is not paused";
    EXPECT_EQ(pool.endpoints[1].paused_until(), ends);
}

TEST_F(EndpointSyncTest, AnotherProcessesPauseIsLimitedToTheLongestPause) {
    endpoints::EndpointPool& pool = open({});
    const std::vector<EndpointState> others{
        {fingerprint, "one", PauseKind::throttled, std::chrono::hours(24), "come back tomorrow"}};
    ASSERT_TRUE(store.put_endpoint_states(others));
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(pool.endpoints[0].paused_until(), now() + minutes(10));
    // Reading the rest of it again and again does not extend the pause.
    const auto over = now() + minutes(10) + 2 * state.settings.heartbeat;
    while (now() < over) {
        context.manual_clock().advance(milliseconds(2'500));
        static_cast<void>(endpoint_sync.step());
    }
    EXPECT_TRUE(pool.endpoints[0].admits(now()));
}

TEST_F(EndpointSyncTest, AWrongKeyDoesNotReplaceAPauseThatBindsAllProcesses) {
    endpoints::EndpointPool& pool = open({}, {"one", "two"});
    const std::vector<EndpointState> others{{fingerprint, "one", PauseKind::throttled, seconds(7), "slow down"}};
    pause(pool, 0, Error{ErrorKind::misconfigured, "a wrong key"});
    pause(pool, 1, Error{ErrorKind::misconfigured, "a wrong key"});
    ASSERT_TRUE(store.put_endpoint_states(others));
    for (int i = 0; i < 2; ++i) {
        static_cast<void>(endpoint_sync.step());
        const auto held = store.endpoint_states().value();
        ASSERT_EQ(held.size(), 2U);
        EXPECT_EQ(to_string(held[0]), "throttled: slow down");
        EXPECT_EQ(to_string(held[1]), "misconfigured: a wrong key") << "people can see why nothing is sent";
        context.manual_clock().advance(state.settings.heartbeat);
    }
    static_cast<void>(endpoint_sync.step());
    EXPECT_EQ(to_string(store.endpoint_states().value().at(0)), "misconfigured: a wrong key")
        << "when the other pause is over";
}

TEST_F(EndpointSyncTest, AnIdleProcessReadsPausesOncePerHeartbeat) {
    open({});
    static_cast<void>(endpoint_sync.step());
    const int before = store.reads;
    for (int i = 0; i < 16; ++i) {
        context.manual_clock().advance(milliseconds(250));
        static_cast<void>(endpoint_sync.step());
    }
    EXPECT_EQ(store.reads, before);
}

TEST_F(EndpointSyncTest, BeforeATrialThePausesOfOthersAreRead) {
    endpoints::EndpointPool& pool = open({});
    for (int i = 0; i < 5; ++i) pause(pool, 0, Error{ErrorKind::unavailable, "connection refused"});
    static_cast<void>(endpoint_sync.step());
    context.manual_clock().advance(std::chrono::ceil<milliseconds>(pool.endpoints[0].paused_until() - now()));
    ASSERT_TRUE(pool.endpoints[0].admits(now()));
    const std::vector<EndpointState> others{
        {fingerprint, "one", PauseKind::unavailable, seconds(10), "connection refused"}};
    ASSERT_TRUE(store.put_endpoint_states(others));
    {
        const sync::Lock lock(state.mutex);
        state.call_wants_states = true;
    }
    static_cast<void>(endpoint_sync.step());
    const sync::Lock lock(state.mutex);
    EXPECT_GE(state.states_read_at, now());
    EXPECT_GE(pool.endpoints[0].paused_until(), now() + seconds(10)) << "one trial per pause, not one per process";
    EXPECT_LE(pool.endpoints[0].paused_until(), now() + seconds(11)) << "spread a little";
}

}  // namespace
}  // namespace embedq::scheduler
