#include "scheduler/prober.h"

#include "changing_provider.h"
#include "hanging_provider.h"
#include "no_threads.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A prober and what it needs. The listener is set in a process that sets targets.
struct Process {
    Process(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers,
            const SchedulerSettings& settings, Context& context, endpoints::ModelListener listener)
        : state(store, notifier, providers, settings, context, "worker"),
          endpoints(state),
          prober(state, endpoints, std::move(listener)) {}
    ~Process() {
        {
            const sync::Lock lock(state.mutex);
            state.draining = true;
        }
        endpoints.join();
    }
    // A whole round.
    void step(const std::set<std::string>& recheck_requested = {}) {
        prober.start_due_probes(recheck_requested, {});
        prober.wait_for_probes();
        prober.follow_up({});
    }
    SchedulerState state;
    CallRunner endpoints;
    Prober prober;
};

class ProberTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(store->migrate()); }

    void step(const std::set<std::string>& recheck_requested = {}) { serving.step(recheck_requested); }
    std::vector<Sha256> open_pools() {
        const sync::Lock lock(state.mutex);
        std::vector<Sha256> open;
        for (const auto& [fingerprint, pool] : state.pools) open.push_back(fingerprint);
        return open;
    }
    Sha256 fingerprint() { return providers.known("p")->profile.fingerprint; }
    std::size_t logged(std::string_view words) {
        return static_cast<std::size_t>(
            std::ranges::count_if(context.logged(), [&](const std::string& line) { return line.contains(words); }));
    }

    ManualClockContext context;
    std::unique_ptr<Store> store = memory::make_store(context);
    TestNotifier notifier;
    std::shared_ptr<ChangingProvider> provider = std::make_shared<ChangingProvider>("one");
    endpoints::ProviderDirectory providers{{{"p", "scripted", provider, {}}}, &context.clock()};
    SchedulerSettings settings;
    int notified = 0;
    Status answer;
    Process serving{*store, notifier, providers, settings, context, [this] {
                        ++notified;
                        return answer;
                    }};
    Prober& prober = serving.prober;
    SchedulerState& state = serving.state;
};

TEST_F(ProberTest, ProbesAgainAfterAMinuteAndNotBefore) {
    step();
    EXPECT_EQ(provider->infos(), 1);
    EXPECT_EQ(notified, 1) << "a provider that answers for the first time may set targets";
    context.advance(seconds(59));
    step();
    EXPECT_EQ(provider->infos(), 1);
    context.advance(seconds(1));
    step();
    EXPECT_EQ(provider->infos(), 2);
    EXPECT_EQ(notified, 1) << "nothing changed";
}

TEST_F(ProberTest, AProviderThatDoesNotAnswerIsProbedAgainSoonerAndLoggedOnce) {
    provider->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    for (int i = 0; i < 4; ++i) {
        step();
        context.advance(seconds(60));
    }
    EXPECT_EQ(provider->infos(), 4);
    EXPECT_EQ(logged("cannot ask provider 'p' for its model, trying again: connection refused"), 1U);
    EXPECT_TRUE(open_pools().empty());
    provider->fail_with(std::nullopt);
    step();
    EXPECT_EQ(open_pools().size(), 1U);
    EXPECT_EQ(notified, 1);
}

TEST_F(ProberTest, WhatTheSystemStartsNoThreadForIsTriedAgainAndLoggedOnce) {
    for (int i = 0; i < 3; ++i) {
        const NoThreads refused;
        step();
        context.advance(seconds(60));
    }
    EXPECT_EQ(provider->infos(), 0);
    EXPECT_EQ(logged("cannot ask provider 'p' for its model, trying again: the system starts no further thread"), 1U);
    step();
    EXPECT_EQ(provider->infos(), 1);
    EXPECT_EQ(logged("works again after 3 min: ask provider 'p' for its model (3 failures)"), 1U);
}

TEST_F(ProberTest, AnEndpointForWhichThereWasNoThreadGetsOneLater) {
    const auto known = providers.known_or_probe("p").value();
    {
        const NoThreads refused;
        serving.endpoints.add(known);
        EXPECT_FALSE(serving.endpoints.start_missing_threads());
    }
    EXPECT_EQ(open_pools().size(), 1U);
    EXPECT_TRUE(serving.endpoints.start_missing_threads());
    const sync::Lock lock(state.mutex);
    EXPECT_EQ(state.call_threads, 1U);
}

TEST_F(ProberTest, ARecheckIsImmediateButManyRechecksAreOne) {
    step();
    context.advance(seconds(10));
    provider->replace("another");
    step({"p"});
    EXPECT_EQ(provider->infos(), 2);
    for (int i = 0; i < 50; ++i) step({"p"});
    EXPECT_EQ(provider->infos(), 2);
    context.advance(seconds(1));
    step({"p"});
    EXPECT_EQ(provider->infos(), 3);
}

TEST_F(ProberTest, AnotherModelReplacesTheEndpointPool) {
    step();
    const Sha256 old = fingerprint();
    EXPECT_EQ(open_pools(), std::vector{old});
    provider->replace("another");
    context.advance(seconds(60));
    step();
    EXPECT_EQ(open_pools(), std::vector{fingerprint()});
    EXPECT_NE(fingerprint(), old);
    EXPECT_EQ(notified, 2);
    EXPECT_EQ(logged("was model 'model' (digest one, 3 dimensions), is model 'model' (digest another, 3 dimensions)"),
              1U);
    provider->replace("one");
    context.advance(seconds(60));
    step();
    EXPECT_EQ(open_pools(), std::vector{old}) << "the old model is back";
}

TEST_F(ProberTest, OtherLimitsReplaceTheEndpointPoolOfTheSameFingerprint) {
    step();
    provider->limit({.concurrency = 1, .max_inputs = 7});
    context.advance(seconds(60));
    step();
    const sync::Lock lock(state.mutex);
    ASSERT_EQ(state.pools.size(), 1U);
    EXPECT_EQ(state.pools.begin()->second.limits.present().max_inputs, 7U);
    EXPECT_EQ(state.pools.begin()->second.endpoints.front().concurrency(), 1);
    EXPECT_EQ(notified, 1) << "targets do not depend on limits";
}

TEST_F(ProberTest, AListenerThatFailsIsCalledAgain) {
    answer = embedq::fail(ErrorKind::unavailable, "busy");
    step();
    EXPECT_EQ(notified, 1);
    EXPECT_LE(prober.next_due(), context.clock().now() + settings.heartbeat);
    context.advance(settings.heartbeat);
    step();
    EXPECT_EQ(notified, 2);
    EXPECT_EQ(logged("cannot set the catalogs' targets, trying again"), 1U);
    answer = {};
    context.advance(2 * settings.heartbeat);
    step();
    step();
    EXPECT_EQ(notified, 3);
}

TEST_F(ProberTest, ACatalogWithoutATargetCallsTheListenerFromTimeToTime) {
    step();
    EXPECT_EQ(notified, 1);
    ASSERT_TRUE(store->put_catalog({"c", {}, {}, {}, {}}));
    context.advance(settings.poll);
    step();
    EXPECT_EQ(notified, 2) << "the provider is known, so nothing else would call it";
    const CatalogTarget target{"c", "p", providers.known("p")->profile};
    ASSERT_TRUE(store->set_targets(std::span(&target, 1)));
    context.advance(settings.poll);
    step();
    EXPECT_EQ(notified, 2);
}

TEST_F(ProberTest, ATargetThatAnotherProcessMovesCallsTheListener) {
    ASSERT_TRUE(store->put_catalog({"c", {}, {}, {}, {}}));
    CatalogTarget target{"c", "p", providers.known_or_probe("p").value()->profile};
    ASSERT_TRUE(store->set_targets(std::span(&target, 1)));
    const auto look = [&] {
        context.advance(settings.poll);
        step();
    };
    for (int i = 0; i < 3; ++i) look();
    const int before = notified;
    target.provider = "elsewhere";
    target.profile->id = catalog::sha256("of another model");
    target.profile->fingerprint = target.profile->id;
    ASSERT_TRUE(store->set_targets(std::span(&target, 1)));
    for (int i = 0; i < 3; ++i) look();
    EXPECT_EQ(notified, before + 1) << "it says so if the configuration asks for another one";
}

TEST_F(ProberTest, ATargetThatThisProcessCannotMakeIsShownToOthersWhileItLasts) {
    ASSERT_TRUE(store->put_catalog({"c", {}, {}, {}, {}}));
    const CatalogTarget target{"c", "p", providers.known_or_probe("p").value()->profile};
    ASSERT_TRUE(store->set_targets(std::span(&target, 1)));
    step();
    EXPECT_TRUE(store->endpoint_states()->empty());
    provider->replace("another");
    for (int i = 0; i < 3; ++i) {
        context.advance(seconds(60));
        step();
        const auto states = store->endpoint_states().value();
        ASSERT_EQ(states.size(), 1U);
        EXPECT_EQ(states.front().fingerprint, target.profile->fingerprint);
        EXPECT_EQ(states.front().endpoint, "p");
        EXPECT_EQ(states.front().kind, PauseKind::misconfigured);
        EXPECT_TRUE(states.front().reason.contains("digest another")) << states.front().reason;
        EXPECT_TRUE(states.front().reason.contains("digest one")) << states.front().reason;
    }
    provider->replace("one");
    context.advance(seconds(60));
    step();
    EXPECT_TRUE(store->endpoint_states()->empty());
}

TEST_F(ProberTest, AWorkerWarnsOnceThatItCannotMakeATargetAndWorksWhenItCan) {
    const Profile before = providers.known_or_probe("p").value()->profile;
    for (const char* id : {"c", "d"}) ASSERT_TRUE(store->put_catalog({id, {}, {}, {}, {}}));
    const CatalogTarget targets[] = {{"c", "p", before}, {"d", "p", before}};
    ASSERT_TRUE(store->set_targets(targets));
    Process working(*store, notifier, providers, settings, context, {});
    working.step();
    EXPECT_EQ(logged("claims nothing"), 0U);

    provider->replace("another");
    for (int i = 0; i < 3; ++i) {
        context.advance(seconds(60));
        working.step();
    }
    EXPECT_EQ(
        logged("catalog 'c' and 1 more need vectors of model 'model' (digest one, 3 dimensions), but "
               "provider 'p' of this process "
               "makes those of model 'model' (digest another, 3 dimensions), so this process claims nothing for them"),
        1U);
    EXPECT_EQ(store->catalogs()->front().target_profile, before.id) << "a worker never changes a target";
    {
        const sync::Lock lock(working.state.mutex);
        EXPECT_FALSE(working.state.pools.contains(before.fingerprint));
    }

    provider->replace("one");
    context.advance(seconds(60));
    working.step();
    EXPECT_EQ(logged("makes the vectors that its catalogs need again"), 1U);
    const sync::Lock lock(working.state.mutex);
    EXPECT_TRUE(working.state.pools.contains(before.fingerprint));
}

TEST_F(PipelineTest, AProviderThatHangsDoesNotDelayTheProbesOfOthers) {
    const auto hanging = std::make_shared<HangingProvider>("hanging");
    endpoints::ProviderDirectory both({{"a", "scripted", hanging, {}}, {"p", "scripted", provider, {}}});
    std::atomic<int> notified = 0;
    Scheduler scheduler(*store, notifier, both, settings, context, [&]() -> Status {
        ++notified;
        return {};
    });
    put("one", numbered("text", 20));
    ASSERT_TRUE(scheduler.start());
    EXPECT_TRUE(eventually([&] { return settled() && notified == 1; })) << "the provider that answers is used";
    EXPECT_EQ(hanging->probes(), 1);
    hanging->answer();
    EXPECT_TRUE(eventually([&] { return notified == 2; })) << "and the other one when it answers";
    scheduler.stop();
}

TEST_F(PipelineTest, AStopEndsTheProbeOfAProviderThatHangs) {
    const auto hanging = std::make_shared<HangingProvider>("hanging");
    endpoints::ProviderDirectory only({{"a", "scripted", hanging, {}}});
    Scheduler scheduler(*store, notifier, only, settings, context);
    ASSERT_TRUE(scheduler.start());
    hanging->wait_until_probed();
    const auto asked_to_stop = std::chrono::steady_clock::now();
    scheduler.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - asked_to_stop, seconds(1));
}

TEST_F(ProberTest, ARecheckThatIsRequestedDuringAProbeIsKept) {
    step();
    context.advance(seconds(60));
    Gate gate;
    provider->on_info([&] { gate.wait(); });
    prober.start_due_probes({}, {});
    gate.wait_until_reached();
    prober.start_due_probes({"p"}, {});
    gate.open();
    prober.wait_for_probes();
    EXPECT_EQ(provider->infos(), 2);
    context.advance(seconds(1));
    step();
    EXPECT_EQ(provider->infos(), 3);
}

}  // namespace
}  // namespace embedq::scheduler
