#include "endpoints/providers.h"

#include "catalog/profile.h"
#include "changing_provider.h"
#include "endpoints/query_breaker.h"

namespace embedq::endpoints {
namespace {

// The fixtures that the scheduler's tests use, too.
using scheduler::Asking;
using scheduler::ChangingProvider;
using scheduler::Gate;
using scheduler::HandContext;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ProvidersTest : public testing::Test {
protected:
    ProviderDirectory directory(ProviderDirectory::MakeServing make_serving = {}) {
        return ProviderDirectory({{"p", "scripted", provider, {}}}, &context.clock(), std::move(make_serving));
    }
    static Result<EmbedResult> embed(const ResolvedProvider& with, TextKind kind = TextKind::document) {
        const std::string_view text = "text";
        EmbedRequest request;
        request.texts = std::span(&text, 1);
        request.kind = kind;
        return with.embed(request);
    }
    static Profile like(const ResolvedProvider& known) { return known.profile; }

    HandContext context;
    std::shared_ptr<ChangingProvider> provider = std::make_shared<ChangingProvider>("one");
};

TEST_F(ProvidersTest, IsAskedOnceAndAgainOnlyWhenTold) {
    ProviderDirectory providers = directory();
    const auto first = providers.resolve("p").value();
    provider->replace("another");
    EXPECT_EQ(providers.resolve("p").value(), first);
    EXPECT_EQ(provider->infos(), 1);
    const ProbeResult probe = providers.probe_again("p").value();
    EXPECT_EQ(probe.before, first);
    EXPECT_TRUE(probe.model_changed());
    EXPECT_EQ(probe.now->profile.model_digest, "another");
    EXPECT_EQ(providers.known("p"), probe.now);
    EXPECT_FALSE(providers.probe_again("p")->changed());
}

TEST_F(ProvidersTest, OtherLimitsAreTakenOverWithTheSameModel) {
    ProviderDirectory providers = directory();
    const auto first = providers.resolve("p").value();
    provider->limit({.concurrency = 8, .max_inputs = 4});
    const ProbeResult probe = providers.probe_again("p").value();
    EXPECT_TRUE(probe.changed());
    EXPECT_FALSE(probe.model_changed());
    EXPECT_EQ(probe.now->info.limits.max_inputs, 4U);
    provider->call_timeout(seconds(20));
    EXPECT_EQ(providers.probe_again("p")->now->info.call_timeout, seconds(20));
    EXPECT_TRUE(embed(*first)) << "the model is the same, so what the old facts ask for counts";
}

TEST_F(ProvidersTest, AnErrorLeavesWhatIsKnown) {
    ProviderDirectory providers = directory();
    const auto first = providers.resolve("p").value();
    provider->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    EXPECT_FALSE(providers.probe_again("p"));
    EXPECT_EQ(providers.known("p"), first);
}

TEST_F(ProvidersTest, AnAnswerOfAModelThatIsGoneIsDropped) {
    ProviderDirectory providers = directory();
    const auto old = providers.resolve("p").value();
    provider->replace("another");
    ASSERT_TRUE(providers.probe_again("p"));
    const auto answer = embed(*old);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::misconfigured);
    EXPECT_TRUE(embed(*providers.known("p")));
}

// The answer comes while the provider is being asked, when nobody can know which model made it.
void answer_while_asking(ProviderDirectory& providers, ChangingProvider& provider,
                         const std::function<void()>& meanwhile,
                         const std::function<void(const Result<EmbedResult>&)>& expect) {
    const auto known = providers.resolve("p").value();
    Gate embedding;
    Gate asking;
    provider.on_embed([&] { embedding.wait(); });
    std::optional<Result<EmbedResult>> answer;
    std::jthread call([&] {
        const std::string_view text = "text";
        EmbedRequest request;
        request.texts = std::span(&text, 1);
        answer = known->embed(request);
    });
    embedding.wait_until_reached();
    provider.on_info([&] { asking.wait(); });
    std::jthread question([&] { EXPECT_TRUE(providers.probe_again("p")); });
    asking.wait_until_reached();
    meanwhile();
    embedding.open();
    asking.open();
    question.join();
    call.join();
    expect(*answer);
}

TEST_F(ProvidersTest, AnAnswerThatComesWhileAskingIsDroppedWhenTheModelChanged) {
    ProviderDirectory providers = directory();
    answer_while_asking(
        providers, *provider, [&] { provider->replace("another"); },
        [](const Result<EmbedResult>& answer) {
            ASSERT_FALSE(answer);
            EXPECT_EQ(answer.error().kind, ErrorKind::misconfigured);
        });
}

TEST_F(ProvidersTest, AnAnswerThatComesWhileAskingIsKeptWhenTheModelIsTheSame) {
    ProviderDirectory providers = directory();
    answer_while_asking(providers, *provider, [] {}, [](const Result<EmbedResult>& answer) { EXPECT_TRUE(answer); });
}

TEST_F(ProvidersTest, WhereNobodyKnowsTheModelInTimeTheAnswerSaysNothing) {
    ProviderDirectory providers = directory();
    const auto known = providers.resolve("p").value();
    {
        const Asking asking(providers, *provider);
        std::jthread query([&] { EXPECT_EQ(embed(*known, TextKind::query).error().kind, ErrorKind::conflict); });
        const std::string_view text = "text";
        const auto late = known->embed({.texts = std::span(&text, 1), .deadline = context.clock().now()});
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().kind, ErrorKind::conflict);
        EXPECT_EQ(to_string(late.error()), "provider 'p' is still being asked for its model; the answer is dropped");
    }
    EXPECT_TRUE(providers.take_recheck_requests(std::chrono::steady_clock::now(), {}).empty());
    EXPECT_TRUE(embed(*known, TextKind::query)) << "nor has the query's breaker heard of it";
}

TEST_F(ProvidersTest, AStopEndsTheWaitForTheModel) {
    ProviderDirectory providers = directory();
    const auto known = providers.resolve("p").value();
    const Asking asking(providers, *provider);
    std::stop_source stop;
    provider->on_embed([&] { stop.request_stop(); });
    const std::string_view text = "text";
    EXPECT_EQ(known->embed({.texts = std::span(&text, 1), .stop = stop.get_token()}).error().kind, ErrorKind::conflict);
}

TEST_F(ProvidersTest, AConflictOfAProvidersOwnIsABrokenAnswer) {
    ProviderDirectory providers = directory();
    const auto known = providers.resolve("p").value();
    provider->fail_with(Error{ErrorKind::conflict, "no kind for a provider"});
    EXPECT_EQ(embed(*known).error().kind, ErrorKind::internal);
}

TEST_F(ProvidersTest, WhoSaysMisconfiguredIsAskedAgain) {
    ProviderDirectory providers = directory();
    const auto known = providers.resolve("p").value();
    ASSERT_TRUE(embed(*known));
    EXPECT_TRUE(providers.take_recheck_requests(std::chrono::steady_clock::now(), {}).empty());
    provider->replace("another");
    EXPECT_FALSE(embed(*known));
    EXPECT_EQ(providers.take_recheck_requests(std::chrono::steady_clock::now() + seconds(30), {}),
              std::set<std::string>{"p"});
    EXPECT_TRUE(providers.take_recheck_requests(std::chrono::steady_clock::now(), {}).empty())
        << "each doubt is taken once";
}

TEST_F(ProvidersTest, QueriesFindTheNewModelWithoutAScheduler) {
    ProviderDirectory providers = directory();
    const Profile before = like(*providers.resolve("p").value());
    provider->replace("another");
    const Profile after =
        like(*ProviderDirectory({{"p", "scripted", std::make_shared<ChangingProvider>("another"), {}}})
                  .resolve("p")
                  .value());
    context.pass(seconds(1));
    ASSERT_FALSE(embed(*providers.for_profile(before).value(), TextKind::query)) << "the provider keeps its promise";
    EXPECT_FALSE(providers.for_profile(before)) << "nobody makes the old vectors any more";
    EXPECT_TRUE(embed(*providers.for_profile(after).value(), TextKind::query))
        << "and the pause of the old model is over";
    EXPECT_EQ(provider->infos(), 2);
}

TEST_F(ProvidersTest, VectorsOfAnotherSizeAreRefusedAndAskedAgain) {
    ProviderDirectory providers = directory();
    const auto known = providers.resolve("p").value();
    provider->resize(5);
    const auto answer = embed(*known);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::misconfigured);
    EXPECT_TRUE(to_string(answer.error()).contains("dimension 5")) << to_string(answer.error());
    EXPECT_FALSE(providers.take_recheck_requests(std::chrono::steady_clock::now() + seconds(30), {}).empty());
}

TEST_F(ProvidersTest, AQueryAfterOneThatFailedIsRefusedWithoutACall) {
    ProviderDirectory providers = directory();
    const auto known = providers.resolve("p").value();
    provider->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    EXPECT_FALSE(embed(*known, TextKind::query));
    const auto again = embed(*known, TextKind::query);
    ASSERT_FALSE(again);
    EXPECT_TRUE(to_string(again.error()).starts_with("connection refused"))
        << "the reason stays visible: " << to_string(again.error());
    EXPECT_EQ(provider->embeds(), 1);
    EXPECT_FALSE(embed(*known));
    EXPECT_EQ(provider->embeds(), 2) << "documents have their own endpoints";

    provider->fail_with(std::nullopt);
    context.pass(milliseconds(999));
    EXPECT_FALSE(embed(*known, TextKind::query));
    context.pass(milliseconds(1));
    EXPECT_TRUE(embed(*known, TextKind::query)) << "one is let through to see";
    EXPECT_TRUE(embed(*known, TextKind::query));
}

TEST_F(ProvidersTest, AQueryNeverWaitsForAProviderOfAnotherPlugin) {
    const auto other = std::make_shared<ChangingProvider>("other");
    ProviderDirectory providers({{"a", "other plugin", other, {}}, {"p", "scripted", provider, {}}}, &context.clock());
    const Profile wanted = like(*directory().resolve("p").value());
    EXPECT_EQ(providers.for_profile(wanted).value()->name, "p");
    EXPECT_EQ(other->infos(), 0);
}

TEST_F(ProvidersTest, AProviderThatDoesNotAnswerIsAskedByQueriesOnlyFromTimeToTime) {
    ProviderDirectory providers = directory();
    const Profile wanted = like(*directory().resolve("p").value());
    provider->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    const int before = provider->infos();
    for (int i = 0; i < 10; ++i) {
        const auto found = providers.for_profile(wanted);
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
        EXPECT_EQ(to_string(found.error()), "provider 'p': connection refused");
    }
    EXPECT_EQ(provider->infos(), before + 1);
    context.pass(seconds(5));
    provider->fail_with(std::nullopt);
    EXPECT_TRUE(providers.for_profile(wanted));
}

TEST_F(ProvidersTest, AProfileThatNobodyIsConfiguredForIsMadeFromItsRow) {
    const auto old = std::make_shared<ChangingProvider>("old");
    int made = 0;
    ProviderDirectory providers = directory([&](const Profile&) -> std::optional<ProviderBinding> {
        ++made;
        return ProviderBinding{"(serving)", "scripted", old, {}, true};
    });
    Profile wanted = like(*providers.resolve("p").value());
    wanted = like(*ProviderDirectory({{"p", "scripted", old, {}}}).resolve("p").value());
    EXPECT_EQ(providers.for_profile(wanted).value()->name, "(serving)");
    EXPECT_EQ(providers.for_profile(wanted).value()->name, "(serving)");
    EXPECT_EQ(made, 1);
    EXPECT_EQ(providers.names(), std::vector<std::string>{"p"}) << "it gets no documents";
}

TEST_F(ProvidersTest, AProfileThatCannotBeMadeIsTriedAgainFromTimeToTime) {
    int tried = 0;
    ProviderDirectory providers = directory([&](const Profile&) -> std::optional<ProviderBinding> {
        ++tried;
        return std::nullopt;
    });
    ASSERT_TRUE(providers.resolve("p"));
    Profile wanted;
    wanted.plugin = "scripted";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(providers.for_profile(wanted).error().kind, ErrorKind::not_found);
    EXPECT_EQ(tried, 1);
    context.pass(seconds(60));
    EXPECT_FALSE(providers.for_profile(wanted));
    EXPECT_EQ(tried, 2);
}

TEST(QueryBreaker, PausesDoubleUpToHalfAMinute) {
    QueryBreaker breaker;
    QueryBreaker::Steady now{};
    const Error error{ErrorKind::unavailable, "gone"};
    auto permit = breaker.ask(now);
    EXPECT_EQ(permit, QueryBreaker::Permit::free);
    breaker.finished(now, permit, error);
    for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
        now += seconds(pause) - milliseconds(1);
        EXPECT_EQ(breaker.ask(now), QueryBreaker::Permit::refused) << pause;
        now += milliseconds(1);
        permit = breaker.ask(now);
        ASSERT_EQ(permit, QueryBreaker::Permit::probe) << pause;
        EXPECT_EQ(breaker.ask(now), QueryBreaker::Permit::refused) << "one at a time";
        breaker.finished(now, permit, error);
    }
    now += seconds(30);
    breaker.finished(now, breaker.ask(now), std::nullopt);
    EXPECT_EQ(breaker.ask(now), QueryBreaker::Permit::free);
}

TEST(QueryBreaker, ThoseUnderWayTogetherCountOnce) {
    QueryBreaker breaker;
    const QueryBreaker::Steady now{};
    for (int i = 0; i < 20; ++i) EXPECT_EQ(breaker.ask(now), QueryBreaker::Permit::free);
    for (int i = 0; i < 20; ++i)
        breaker.finished(now, QueryBreaker::Permit::free, Error{ErrorKind::unavailable, "gone"});
    EXPECT_EQ(breaker.ask(now + seconds(1)), QueryBreaker::Permit::probe);
}

TEST(QueryBreaker, ARefusedTextAndAQueryThatWasGivenUpSayNothing) {
    QueryBreaker breaker;
    QueryBreaker::Steady now{};
    breaker.finished(now, breaker.ask(now), Error{ErrorKind::invalid_input, "no"});
    EXPECT_EQ(breaker.ask(now), QueryBreaker::Permit::free);
    breaker.finished(now, QueryBreaker::Permit::free, Error{ErrorKind::unavailable, "gone"});
    now += seconds(1);
    breaker.stopped(breaker.ask(now));
    EXPECT_EQ(breaker.ask(now), QueryBreaker::Permit::probe);
}

}  // namespace
}  // namespace embedq::endpoints
