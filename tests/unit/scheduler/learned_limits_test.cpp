// What endpoints were found to take, between processes and over a restart.
#include "scheduler/endpoint_sync.h"
#include "shared_limits_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A process with one endpoint, and something to send. Several of them share a store and a clock.
struct SharingProcess {
    SharingProcess(SharedLimitsStore& store, conformance::TestContext& context, LimitSettings limits = {})
        : clock(context), state(store, notifier, providers, SchedulerSettings{}, context, "worker") {
        const auto provider = probed_provider(limits, {"one"});
        const sync::Lock lock(state.mutex);
        pool = &state.pools
                    .try_emplace(provider->profile.fingerprint, provider, endpoints::EndpointSettings{.concurrency = 4},
                                 state.settings.prefetch_texts)
                    .first->second;
        ClaimedJob job;
        job.ref.id = 1;
        job.fingerprint = provider->profile.fingerprint;
        MissingTexts page;
        page.profile_id = job.fingerprint;
        page.texts.push_back({0, "op", catalog::sha256("text"), "text"});
        state.queue.plan(state.queue.add(job), std::move(page));
    }

    [[nodiscard]] endpoints::Endpoint::Steady now() { return clock.clock().now(); }
    endpoints::Endpoint& endpoint() { return pool->endpoints[0]; }
    [[nodiscard]] double per_minute() { return 60 * endpoint().rate(now()); }
    // What is due.
    void sync() {
        if (now() >= next_step) next_step = endpoint_sync.step();
    }
    // Sends a call if the endpoint and the rates allow it.
    bool send() {
        const sync::Lock lock(state.mutex);
        const auto allowed = pool->allowed_at(0, now());
        if (allowed == endpoints::Endpoint::Steady::max()) next_step = now();
        if (std::max(allowed, endpoint().ready_at(now())) > now()) return false;
        endpoint().begin(now());
        pool->take(0, 1);
        endpoint().finished(now(), std::nullopt, 0, now());
        return true;
    }
    // Twelve calls pass in an instant, the next is refused, and one that follows after five seconds passes.
    void learn() {
        for (int i = 0; i < 12; ++i) call(std::nullopt);
        call(Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = seconds(5)});
        clock.manual_clock().advance(seconds(5));
        call(std::nullopt);
    }
    void call(const std::optional<Error>& error) {
        endpoint().begin(now());
        endpoint().finished(now(), error, 0, now());
        clock.manual_clock().advance(milliseconds(1));
    }

    conformance::TestContext& clock;
    TestNotifier notifier;
    endpoints::ProviderDirectory providers{{}};
    SchedulerState state;
    EndpointSync endpoint_sync{state};
    endpoints::EndpointPool* pool = nullptr;
    endpoints::Endpoint::Steady next_step{};
};

class LearnedLimitsTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(store.migrate()); }
    [[nodiscard]] EndpointLimits stored() { return store.endpoint_states().value().at(0).limits.value(); }

    conformance::TestContext context{"test"};
    SharedLimitsStore store{context};
    SharingProcess one{store, context};
};

TEST_F(LearnedLimitsTest, ALearnedRateOutlivesTheProcess) {
    one.learn();
    one.sync();
    EXPECT_NEAR(60e6 / static_cast<double>(stored().request_interval.count()), 12 * 60 / 5.0, 10);
    SharingProcess two(store, context);
    two.sync();
    EXPECT_NEAR(two.per_minute(), one.per_minute(), 8);
    const auto published = store.published.size();
    one.next_step = two.next_step = {};
    one.sync();
    two.sync();
    EXPECT_EQ(store.published.size(), published) << "what was adopted is not published again";
}

TEST_F(LearnedLimitsTest, AnotherProcessesRateIsAdoptedWhileItWorks) {
    SharingProcess two(store, context);
    two.sync();
    EXPECT_EQ(two.per_minute(), 0);
    one.learn();
    one.sync();
    two.sync();
    EXPECT_NEAR(two.per_minute(), one.per_minute(), 8);
}

TEST_F(LearnedLimitsTest, ProcessesKeepToALearnedRateTogether) {
    one.endpoint().adopt_rate(0.5, one.now());
    one.sync();
    SharingProcess two(store, context);
    two.sync();
    int sent_by_one = 0;
    int sent_by_two = 0;
    for (int i = 0; i < 60 * 20; ++i) {
        one.sync();
        two.sync();
        sent_by_one += one.send() ? 1 : 0;
        sent_by_two += two.send() ? 1 : 0;
        context.manual_clock().advance(milliseconds(50));
    }
    EXPECT_LE(sent_by_one + sent_by_two, 36) << "30, and what the rate has grown";
    EXPECT_GE(sent_by_one + sent_by_two, 26);
    EXPECT_GE(std::min(sent_by_one, sent_by_two), 10);
}

TEST_F(LearnedLimitsTest, ALearnedRateAndARateLimitAllowCallsTogether) {
    SharingProcess both(store, context, {.requests_per_minute = 3});
    both.endpoint().adopt_rate(0.05, both.now());
    int sent = 0;
    for (int i = 0; i < 600 * 10; ++i) {
        both.sync();
        sent += both.send() ? 1 : 0;
        context.manual_clock().advance(milliseconds(100));
    }
    EXPECT_GE(sent, 26) << "of 30";
}

TEST_F(LearnedLimitsTest, AProcessAloneOnAStoreOfItsOwnReservesNoLearnedRate) {
    store.multi_process = false;
    SharingProcess alone(store, context);
    alone.endpoint().adopt_rate(0.5, alone.now());
    alone.sync();
    context.manual_clock().advance(seconds(3));
    alone.sync();
    EXPECT_EQ(store.reservations, 0);
    EXPECT_TRUE(alone.send());
}

TEST_F(LearnedLimitsTest, WhatRefusalsStateAndShowIsSharedToo) {
    Error stated{.kind = ErrorKind::too_large, .message = "too many"};
    stated.limits = {.max_inputs = 40, .max_request_tokens = 9'000, .max_text_tokens = 512};
    one.pool->limits.refused(64, stated);
    one.pool->limits.timed_out(32);
    one.sync();
    EXPECT_EQ(
        stored(),
        (EndpointLimits{.max_inputs = 40, .max_request_tokens = 9'000, .max_text_tokens = 512, .inputs_bound = 16}));
    SharingProcess two(store, context);
    two.sync();
    const endpoints::BatchLimits limits = two.pool->limits.present();
    EXPECT_EQ(limits.max_inputs, 16U);
    EXPECT_EQ(limits.max_tokens, 9'000U);
    EXPECT_EQ(limits.max_text_tokens, 512U);
    for (int i = 0; i < 200; ++i) two.pool->limits.answered(two.pool->limits.present().max_inputs, 100, 0);
    EXPECT_EQ(two.pool->limits.present().max_inputs, 40U)
        << "what was only found grows again, what was stated does not";
}

TEST_F(LearnedLimitsTest, WhatCouldNotBePublishedIsPublishedLater) {
    one.learn();
    store.puts_unavailable = true;
    one.sync();
    EXPECT_TRUE(store.endpoint_states().value().empty());
    store.puts_unavailable = false;
    context.manual_clock().advance(std::chrono::minutes(1));
    one.sync();
    EXPECT_GT(stored().request_interval.count(), 0);
}

}  // namespace
}  // namespace embedq::scheduler
