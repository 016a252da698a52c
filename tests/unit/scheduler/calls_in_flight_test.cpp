#include "scheduler/calls_in_flight.h"

#include <gmock/gmock.h>

#include "changing_provider.h"
#include "conformance/test_context.h"
#include "scheduler/call_runner.h"
#include "scheduler/endpoint_sync.h"

namespace embedq::scheduler {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class CallsInFlightTest : public testing::Test {
protected:
    CallsInFlight::Id begin(const std::string& endpoint = "http://a", std::size_t texts = 32) {
        return calls.begin({.provider = "p",
                            .endpoint = endpoint,
                            .texts = texts,
                            .sent_at = now,
                            .deadline = now + minutes(5),
                            .sent_at_wall = Clock::Wall(std::chrono::hours(24 * 20'000) + minutes(3) + seconds(7))});
    }

    CallsInFlight calls;
    CallsInFlight::Steady now = CallsInFlight::Steady() + std::chrono::hours(1);
};

TEST_F(CallsInFlightTest, AnOverdueCallIsLoggedOnceWhenItIsAndOnceWhenNoneIsAnyMore) {
    const auto first = begin();
    const auto second = begin("http://a", 1);
    EXPECT_EQ(calls.next_overdue(), now + seconds(30));
    now += seconds(29);
    EXPECT_THAT(calls.find_overdue(now), IsEmpty());
    now += seconds(1);
    EXPECT_THAT(calls.find_overdue(now),
                ElementsAre("endpoint 'http://a' of provider 'p' has not answered since 00:03:07 UTC: a call with 32 "
                            "texts has taken 30 s, and is given up after 5 min"));
    EXPECT_THAT(calls.find_overdue(now + seconds(60)), IsEmpty());
    EXPECT_EQ(calls.next_overdue(), CallsInFlight::Steady::max());
    now += seconds(12);
    const auto one = calls.end(first, now, true);
    EXPECT_TRUE(one.was_overdue);
    EXPECT_FALSE(one.line) << "another one is";
    now += seconds(5);
    EXPECT_EQ(calls.end(second, now, false).line,
              "endpoint 'http://a' of provider 'p' has no overdue call any more: the last one ended without an answer "
              "after 47 s");
    EXPECT_THAT(calls.overdue(now, seconds(15)), IsEmpty());
}

TEST_F(CallsInFlightTest, WhereCallsTakeLongTheyAreOverdueLater) {
    const auto slow = begin();
    EXPECT_FALSE(calls.end(slow, now + seconds(20), true).was_overdue);
    static_cast<void>(begin());
    EXPECT_EQ(calls.next_overdue(), now + seconds(80));
    const auto other = begin("http://b");
    EXPECT_EQ(calls.next_overdue(), now + seconds(30)) << "that says nothing about others";
    EXPECT_FALSE(calls.end(other, now + seconds(290), false).was_overdue);
    static_cast<void>(begin("http://b"));
    EXPECT_EQ(calls.next_overdue(), now + seconds(30)) << "nor does a call that failed";
}

TEST_F(CallsInFlightTest, ManyEndpointsCostNoMoreLinesThanOneFault) {
    std::size_t lines = 0;
    for (int round = 0; round < 2; ++round) {
        std::vector<CallsInFlight::Id> ids;
        for (int i = 0; i < 20; ++i) ids.push_back(begin("http://" + std::to_string(i)));
        now += seconds(30);
        lines += calls.find_overdue(now).size();
        for (const auto id : ids) lines += calls.end(id, now, false).line ? 1 : 0;
        EXPECT_THAT(calls.overdue(now, seconds(15)), IsEmpty());
    }
    EXPECT_GE(lines, 2U);
    EXPECT_LE(lines, sync::FaultLines::most_a_minute) << "with those that say that it is over";
}

TEST_F(CallsInFlightTest, OfEachEndpointTheOldestOverdueCallIsShownAndRecognised) {
    static_cast<void>(begin());
    static_cast<void>(begin("http://a", 1));
    now += seconds(30);
    static_cast<void>(calls.find_overdue(now));
    const auto shown = calls.overdue(now, seconds(15));
    ASSERT_THAT(shown, SizeIs(1));
    EXPECT_NE(shown[0].endpoint, "http://a") << "it is no pause";
    EXPECT_EQ(endpoint_with_overdue_call(shown[0]), "http://a");
    EXPECT_EQ(endpoint_with_overdue_call({.endpoint = "http://a"}), std::nullopt);
    EXPECT_EQ(shown[0].cool_down, seconds(15));
    EXPECT_EQ(shown[0].reason,
              "a call with 32 texts has not been answered since 00:03:07 UTC; it is given up after 5 min");
}

// A provider that answers when the test says so.
TEST(OverdueCall, IsLoggedAndShownToOtherProcessesUntilItEnds) {
    ManualClockContext context;
    const std::unique_ptr<Store> store = memory::make_store(context);
    ASSERT_TRUE(store->migrate());
    TestNotifier notifier;
    const auto provider = std::make_shared<ScriptedProvider>("model");
    Gate gate;
    provider->script([&](const EmbedRequest&, int) {
        gate.wait();
        return std::optional<Error>();
    });
    endpoints::ProviderDirectory providers({{"p", "scripted", provider, {}}}, &context.clock());
    const auto known = providers.known_or_probe("p").value();
    SchedulerState state(*store, notifier, providers, {}, context, "worker");
    EndpointSync endpoint_sync(state);
    CallRunner runner(state);
    {
        ClaimedJob job{.ref = {.id = 1}, .fingerprint = known->profile.fingerprint};
        MissingTexts page{.profile_id = known->profile.fingerprint};
        page.texts.push_back({0, "op", catalog::sha256("text"), "text"});
        const sync::Lock lock(state.mutex);
        state.queue.accept(job.fingerprint);
        state.queue.plan(state.queue.add(job), std::move(page));
    }
    runner.add(known);
    gate.wait_until_reached();
    const auto logged = [&](std::string_view words) {
        return std::ranges::count_if(context.logged(), [&](const std::string& line) { return line.contains(words); });
    };
    static_cast<void>(endpoint_sync.step());
    EXPECT_THAT(store->endpoint_states().value(), IsEmpty());
    for (int i = 0; i < 3; ++i) {
        context.advance(seconds(30));
        static_cast<void>(endpoint_sync.step());
    }
    EXPECT_EQ(logged("has not answered since"), 1);
    EXPECT_THAT(store->endpoint_states().value(),
                ElementsAre(testing::ResultOf(endpoint_with_overdue_call, testing::Optional(std::string("default")))));
    EXPECT_FALSE([&] {
        const sync::Lock lock(state.mutex);
        return state.pools.begin()->second.endpoints.front().paused(state.now());
    }()) << "other calls may go on";
    gate.open();
    {
        sync::Lock lock(state.mutex);
        state.draining = true;
    }
    runner.join();
    EXPECT_EQ(logged("has no overdue call any more: the last one was answered after 90 s"), 1);
    static_cast<void>(endpoint_sync.step());
    EXPECT_THAT(store->endpoint_states().value(), IsEmpty());
}

}  // namespace
}  // namespace embedq::scheduler
