#include "scheduler/prober.h"

#include "changing_provider.h"
#include "hanging_provider.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a prober works with. The listener is given where the process keeps targets.
struct Process {
    Process(Store& store, Notifier& notifier, endpoints::ProviderDirectory& providers,
            const SchedulerSettings& settings, Context& context, endpoints::ModelListener listener)
        : shared(store, notifier, providers, settings, context, "worker"),
          endpoints(shared),
          prober(shared, endpoints, std::move(listener)) {}
    ~Process() {
        {
            const sync::Lock lock(shared.mutex);
            shared.draining = true;
        }
        endpoints.join();
    }
    // A round to its end.
    void step(const std::set<std::string>& recheck_requested = {}) {
        prober.ask_due(recheck_requested, {});
        prober.wait_for_answers();
        prober.follow_up({});
    }
    Shared shared;
    CallRunner endpoints;
    Prober prober;
};

class ProberTest : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(store->migrate());
        for (const char* id : {"c", "d"}) ASSERT_TRUE(store->put_catalog({id, {}, {}, {}, {}}));
    }

    void step(const std::set<std::string>& recheck_requested = {}) { serving.step(recheck_requested); }
    std::vector<Sha256> open_pools() {
        const sync::Lock lock(shared.mutex);
        std::vector<Sha256> open;
        for (const auto& [fingerprint, pool] : shared.pools) open.push_back(fingerprint);
        return open;
    }
    Sha256 fingerprint() { return providers.known("p")->profile.fingerprint; }
    std::size_t logged(std::string_view words) {
        return static_cast<std::size_t>(
            std::ranges::count_if(context.logged(), [&](const std::string& line) { return line.contains(words); }));
    }

    HandContext context;
    std::unique_ptr<Store> store = memory::make_store(context);
    TestNotifier notifier;
    std::shared_ptr<ChangingProvider> provider = std::make_shared<ChangingProvider>("one");
    endpoints::ProviderDirectory providers{{{"p", "scripted", provider, {}}}, &context.clock()};
    SchedulerSettings settings;
    int told = 0;
    Status answer;
    Process serving{*store, notifier, providers, settings, context, [this] {
                        ++told;
                        return answer;
                    }};
    Prober& prober = serving.prober;
    Shared& shared = serving.shared;
};

TEST_F(ProberTest, AsksAgainAfterAMinuteAndNotBefore) {
    step();
    EXPECT_EQ(provider->infos(), 1);
    EXPECT_EQ(told, 1) << "a provider that answers for the first time may give catalogs a target";
    context.pass(seconds(59));
    step();
    EXPECT_EQ(provider->infos(), 1);
    context.pass(seconds(1));
    step();
    EXPECT_EQ(provider->infos(), 2);
    EXPECT_EQ(told, 1) << "nothing is new";
}

TEST_F(ProberTest, AProviderThatDoesNotAnswerIsAskedAgainSoonerAndComplainedAboutOnce) {
    provider->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    for (int i = 0; i < 4; ++i) {
        step();
        context.pass(seconds(60));
    }
    EXPECT_EQ(provider->infos(), 4);
    EXPECT_EQ(logged("does not answer yet"), 1U);
    EXPECT_TRUE(open_pools().empty());
    provider->fail_with(std::nullopt);
    step();
    EXPECT_EQ(open_pools().size(), 1U);
    EXPECT_EQ(told, 1);
}

TEST_F(ProberTest, AProviderToRecheckIsAskedAtOnceButNotInAStorm) {
    step();
    context.pass(seconds(10));
    provider->replace("another");
    step({"p"});
    EXPECT_EQ(provider->infos(), 2);
    for (int i = 0; i < 50; ++i) step({"p"});
    EXPECT_EQ(provider->infos(), 2);
    context.pass(seconds(1));
    step({"p"});
    EXPECT_EQ(provider->infos(), 3);
}

TEST_F(ProberTest, AnotherModelClosesTheOldEndpointsAndOpensItsOwn) {
    step();
    const Sha256 old = fingerprint();
    EXPECT_EQ(open_pools(), std::vector{old});
    provider->replace("another");
    context.pass(seconds(60));
    step();
    EXPECT_EQ(open_pools(), std::vector{fingerprint()});
    EXPECT_NE(fingerprint(), old);
    EXPECT_EQ(told, 2);
    EXPECT_EQ(logged("was model 'model' (digest one, 3 dimensions), is model 'model' (digest another, 3 dimensions)"),
              1U);
    provider->replace("one");
    context.pass(seconds(60));
    step();
    EXPECT_EQ(open_pools(), std::vector{old}) << "and back";
}

TEST_F(ProberTest, OtherLimitsReplaceTheEndpointsUnderTheSameFingerprint) {
    step();
    provider->limit({.concurrency = 5, .max_inputs = 7});
    context.pass(seconds(60));
    step();
    const sync::Lock lock(shared.mutex);
    ASSERT_EQ(shared.pools.size(), 1U);
    EXPECT_EQ(shared.pools.begin()->second.limits.present().max_inputs, 7U);
    EXPECT_EQ(shared.pools.begin()->second.threads, 5U);
    EXPECT_EQ(told, 1) << "targets have nothing to do with it";
}

TEST_F(ProberTest, AListenerThatFailsIsToldAgain) {
    answer = embedq::fail(ErrorKind::unavailable, "busy");
    step();
    EXPECT_EQ(told, 1);
    EXPECT_LE(prober.next(), context.clock().now() + settings.heartbeat);
    context.pass(settings.heartbeat);
    step();
    EXPECT_EQ(told, 2);
    EXPECT_EQ(logged("cannot set the catalogs' targets"), 1U);
    answer = {};
    step();
    step();
    EXPECT_EQ(told, 3);
}

TEST_F(ProberTest, AWorkerSaysOnceThatItCannotMakeATargetAndGoesOnWhenItCan) {
    const Profile before = providers.resolve("p").value()->profile;
    const CatalogTarget targets[] = {{"c", "p", before}, {"d", "p", before}};
    ASSERT_TRUE(store->set_targets(targets));
    Process working(*store, notifier, providers, settings, context, {});
    working.step();
    EXPECT_EQ(logged("claims nothing"), 0U);

    provider->replace("another");
    for (int i = 0; i < 3; ++i) {
        context.pass(seconds(60));
        working.step();
    }
    EXPECT_EQ(logged("catalog 'c' and 1 more is to be embedded by model 'model' (digest one, 3 dimensions), but "
                     "provider 'p' of this process "
                     "makes model 'model' (digest another, 3 dimensions), so this process claims nothing for it"),
              1U);
    EXPECT_EQ(store->catalogs()->front().target_profile, before.id) << "a worker never changes a target";
    {
        const sync::Lock lock(working.shared.mutex);
        EXPECT_FALSE(working.shared.pools.contains(before.fingerprint));
    }

    provider->replace("one");
    context.pass(seconds(60));
    working.step();
    EXPECT_EQ(logged("makes what its catalogs are to be embedded by again"), 1U);
    const sync::Lock lock(working.shared.mutex);
    EXPECT_TRUE(working.shared.pools.contains(before.fingerprint));
}

TEST_F(PipelineTest, AProviderThatHangsKeepsNoOtherFromBeingAsked) {
    const auto hanging = std::make_shared<HangingProvider>("hanging");
    endpoints::ProviderDirectory both({{"a", "scripted", hanging, {}}, {"p", "scripted", provider, {}}});
    std::atomic<int> told = 0;
    Scheduler scheduler(*store, notifier, both, settings, context, [&]() -> Status {
        ++told;
        return {};
    });
    put("one", numbered("text", 20));
    ASSERT_TRUE(scheduler.start());
    EXPECT_TRUE(eventually([&] { return settled() && told == 1; })) << "the one that answers works";
    EXPECT_EQ(hanging->asked(), 1);
    hanging->answer();
    EXPECT_TRUE(eventually([&] { return told == 2; })) << "and so does the other when it answers";
    scheduler.stop();
}

TEST_F(PipelineTest, AStopEndsTheQuestionToAProviderThatHangs) {
    const auto hanging = std::make_shared<HangingProvider>("hanging");
    endpoints::ProviderDirectory only({{"a", "scripted", hanging, {}}});
    Scheduler scheduler(*store, notifier, only, settings, context);
    ASSERT_TRUE(scheduler.start());
    hanging->wait_until_asked();
    const auto asked_to_stop = std::chrono::steady_clock::now();
    scheduler.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - asked_to_stop, seconds(1));
}

TEST_F(ProberTest, ARecheckThatComesWhileItIsAskedIsKept) {
    step();
    context.pass(seconds(60));
    Gate gate;
    provider->on_info([&] { gate.wait(); });
    prober.ask_due({}, {});
    gate.wait_until_reached();
    prober.ask_due({"p"}, {});
    gate.open();
    prober.wait_for_answers();
    EXPECT_EQ(provider->infos(), 2);
    context.pass(seconds(1));
    step();
    EXPECT_EQ(provider->infos(), 3);
}

}  // namespace
}  // namespace embedq::scheduler
