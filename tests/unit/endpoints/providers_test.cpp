#include "endpoints/providers.h"

#include "catalog/profile.h"
#include "changing_provider.h"
#include "endpoints/query_breaker.h"
#include "hanging_provider.h"

namespace embedq::endpoints {
namespace {

// Fixtures of the scheduler's tests.
using scheduler::ChangingProvider;
using scheduler::Gate;
using scheduler::ManualClockContext;
using scheduler::RunningProbe;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ProvidersTest : public testing::Test {
protected:
    ProviderDirectory directory(ProviderDirectory::MakeServing make_serving = {}) {
        return ProviderDirectory({{"p", "scripted", provider, {}}}, &context.clock(), std::move(make_serving));
    }
    static Result<EmbedResult> embed(const ProbedProvider& with, TextKind kind = TextKind::document) {
        const std::string_view text = "text";
        EmbedRequest request;
        request.texts = std::span(&text, 1);
        request.kind = kind;
        return with.embed(request);
    }

    ManualClockContext context;
    std::shared_ptr<ChangingProvider> provider = std::make_shared<ChangingProvider>("one");
};

TEST_F(ProvidersTest, IsProbedOnceAndAgainOnlyOnRequest) {
    ProviderDirectory providers = directory();
    const auto first = providers.known_or_probe("p").value();
    provider->replace("another");
    EXPECT_EQ(providers.known_or_probe("p").value(), first);
    EXPECT_EQ(provider->infos(), 1);
    const ProbeResult probe = providers.probe("p").value();
    EXPECT_EQ(probe.before, first);
    EXPECT_TRUE(probe.model_changed());
    EXPECT_EQ(probe.now->profile.model_digest, "another");
    EXPECT_EQ(providers.known("p"), probe.now);
    EXPECT_FALSE(providers.probe("p")->changed());
}

TEST_F(ProvidersTest, OtherLimitsAreAdoptedWithTheSameModel) {
    ProviderDirectory providers = directory();
    const auto first = providers.known_or_probe("p").value();
    provider->limit({.concurrency = 8, .max_inputs = 4});
    const ProbeResult probe = providers.probe("p").value();
    EXPECT_TRUE(probe.changed());
    EXPECT_FALSE(probe.model_changed());
    EXPECT_EQ(probe.now->info.limits.max_inputs, 4U);
    provider->call_timeout(seconds(20));
    EXPECT_EQ(providers.probe("p")->now->info.call_timeout, seconds(20));
    EXPECT_TRUE(embed(*first)) << "the model is the same, so calls with the old facts count";
}

TEST_F(ProvidersTest, AnErrorKeepsWhatIsKnown) {
    ProviderDirectory providers = directory();
    const auto first = providers.known_or_probe("p").value();
    provider->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    EXPECT_FALSE(providers.probe("p"));
    EXPECT_EQ(providers.known("p"), first);
}

TEST_F(ProvidersTest, AnAnswerOfAReplacedModelIsDropped) {
    ProviderDirectory providers = directory();
    const auto old = providers.known_or_probe("p").value();
    provider->replace("another");
    ASSERT_TRUE(providers.probe("p"));
    const auto answer = embed(*old);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::misconfigured);
    EXPECT_TRUE(embed(*providers.known("p")));
}

// The answer arrives during a probe, when it is not known which model made it.
void answer_during_probe(ProviderDirectory& providers, ChangingProvider& provider,
                         const std::function<void()>& meanwhile,
                         const std::function<void(const Result<EmbedResult>&)>& expect) {
    const auto known = providers.known_or_probe("p").value();
    Gate embedding;
    Gate probing;
    provider.on_embed([&] { embedding.wait(); });
    std::optional<Result<EmbedResult>> answer;
    std::jthread call([&] {
        const std::string_view text = "text";
        EmbedRequest request;
        request.texts = std::span(&text, 1);
        answer = known->embed(request);
    });
    embedding.wait_until_reached();
    provider.on_info([&] { probing.wait(); });
    std::jthread probe([&] { EXPECT_TRUE(providers.probe("p")); });
    probing.wait_until_reached();
    meanwhile();
    embedding.open();
    probing.open();
    probe.join();
    call.join();
    expect(*answer);
}

TEST_F(ProvidersTest, AnAnswerDuringAProbeIsDroppedIfTheModelChanged) {
    ProviderDirectory providers = directory();
    answer_during_probe(
        providers, *provider, [&] { provider->replace("another"); },
        [](const Result<EmbedResult>& answer) {
            ASSERT_FALSE(answer);
            EXPECT_EQ(answer.error().kind, ErrorKind::misconfigured);
        });
}

TEST_F(ProvidersTest, AnAnswerDuringAProbeIsKeptIfTheModelIsTheSame) {
    ProviderDirectory providers = directory();
    answer_during_probe(providers, *provider, [] {}, [](const Result<EmbedResult>& answer) { EXPECT_TRUE(answer); });
}

TEST_F(ProvidersTest, IfTheModelIsNotKnownInTimeTheCallFailsWithConflict) {
    ProviderDirectory providers = directory();
    const auto known = providers.known_or_probe("p").value();
    {
        const RunningProbe probe(providers, *provider);
        std::jthread query([&] { EXPECT_EQ(embed(*known, TextKind::query).error().kind, ErrorKind::conflict); });
        const std::string_view text = "text";
        const auto late = known->embed({.texts = std::span(&text, 1), .deadline = context.clock().now()});
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().kind, ErrorKind::conflict);
        EXPECT_EQ(to_string(late.error()),
                  "the answer was dropped because provider 'p' is still being asked for its model");
    }
    EXPECT_TRUE(providers.take_recheck_requests(std::chrono::steady_clock::now(), {}).empty());
    EXPECT_TRUE(embed(*known, TextKind::query)) << "it did not count for the queries' breaker";
}

TEST_F(ProvidersTest, AStopEndsTheWaitForTheModel) {
    ProviderDirectory providers = directory();
    const auto known = providers.known_or_probe("p").value();
    const RunningProbe probe(providers, *provider);
    std::stop_source stop;
    provider->on_embed([&] { stop.request_stop(); });
    const std::string_view text = "text";
    EXPECT_EQ(known->embed({.texts = std::span(&text, 1), .stop = stop.get_token()}).error().kind, ErrorKind::conflict);
}

TEST_F(ProvidersTest, AProvidersOwnConflictIsAnInternalError) {
    ProviderDirectory providers = directory();
    const auto known = providers.known_or_probe("p").value();
    provider->fail_with(Error{ErrorKind::conflict, "not a kind for a provider"});
    EXPECT_EQ(embed(*known).error().kind, ErrorKind::internal);
}

TEST_F(ProvidersTest, AMisconfiguredProviderIsProbedAgain) {
    ProviderDirectory providers = directory();
    const auto known = providers.known_or_probe("p").value();
    ASSERT_TRUE(embed(*known));
    EXPECT_TRUE(providers.take_recheck_requests(std::chrono::steady_clock::now(), {}).empty());
    provider->replace("another");
    EXPECT_FALSE(embed(*known));
    EXPECT_EQ(providers.take_recheck_requests(std::chrono::steady_clock::now() + seconds(30), {}),
              std::set<std::string>{"p"});
    EXPECT_TRUE(providers.take_recheck_requests(std::chrono::steady_clock::now(), {}).empty())
        << "each request is taken once";
}

TEST_F(ProvidersTest, QueriesFindTheNewModelWithoutAScheduler) {
    ProviderDirectory providers = directory();
    const Profile before = providers.known_or_probe("p").value()->profile;
    provider->replace("another");
    const Profile after = ProviderDirectory({{"p", "scripted", std::make_shared<ChangingProvider>("another"), {}}})
                              .known_or_probe("p")
                              .value()
                              ->profile;
    context.advance(seconds(1));
    ASSERT_FALSE(embed(*providers.for_profile(before).value(), TextKind::query))
        << "the provider fails calls until it is probed";
    EXPECT_FALSE(providers.for_profile(before)) << "no provider makes the old vectors any more";
    EXPECT_TRUE(embed(*providers.for_profile(after).value(), TextKind::query))
        << "the pause of the old model does not hold for the new one";
    EXPECT_EQ(provider->infos(), 2);
}

TEST_F(ProvidersTest, VectorsOfAnotherDimensionAreRefusedAndCauseAProbe) {
    ProviderDirectory providers = directory();
    const auto known = providers.known_or_probe("p").value();
    provider->resize(5);
    const auto answer = embed(*known);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::misconfigured);
    EXPECT_TRUE(to_string(answer.error()).contains("dimension 5")) << to_string(answer.error());
    EXPECT_FALSE(providers.take_recheck_requests(std::chrono::steady_clock::now() + seconds(30), {}).empty());
}

TEST_F(ProvidersTest, AQueryAfterOneThatFailedIsRefusedWithoutACall) {
    ProviderDirectory providers = directory();
    const auto known = providers.known_or_probe("p").value();
    provider->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    EXPECT_FALSE(embed(*known, TextKind::query));
    const auto again = embed(*known, TextKind::query);
    ASSERT_FALSE(again);
    EXPECT_TRUE(to_string(again.error()).starts_with("connection refused"))
        << "the reason is visible: " << to_string(again.error());
    EXPECT_EQ(provider->embeds(), 1);
    EXPECT_FALSE(embed(*known));
    EXPECT_EQ(provider->embeds(), 2) << "documents are sent regardless";

    provider->fail_with(std::nullopt);
    context.advance(milliseconds(999));
    EXPECT_FALSE(embed(*known, TextKind::query));
    context.advance(milliseconds(1));
    EXPECT_TRUE(embed(*known, TextKind::query)) << "a trial";
    EXPECT_TRUE(embed(*known, TextKind::query));
}

TEST_F(ProvidersTest, AQueryLeavesTimeForTheEndpointsAfterOneThatHangs) {
    const auto hanging =
        std::make_shared<scheduler::ScriptedProvider>("m", 1, 16, std::vector<std::string>{"a", "b", "c"});
    std::vector<std::pair<std::size_t, milliseconds>> asked;  // and for how long
    hanging->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        const auto time = std::chrono::duration_cast<milliseconds>(request.deadline - context.clock().now());
        asked.emplace_back(request.endpoint, time);
        if (request.endpoint == 1) return std::nullopt;
        context.advance(time);
        return Error{ErrorKind::unavailable, "no answer in time"};
    });
    ProviderDirectory providers({{"p", "scripted", hanging, {}}}, &context.clock());
    const auto known = providers.known_or_probe("p").value();
    const std::string_view text = "text";
    EmbedRequest request{.texts = std::span(&text, 1), .kind = TextKind::query};
    request.deadline = context.clock().now() + seconds(9);
    std::vector<std::size_t> failed;
    const auto on_failure = [&](std::size_t endpoint, const Error&) { failed.push_back(endpoint); };
    EXPECT_TRUE(known->embed_query(request, std::vector<std::size_t>{0, 2, 1}, on_failure));
    EXPECT_EQ(asked,
              (std::vector<std::pair<std::size_t, milliseconds>>{{0, seconds(3)}, {2, seconds(3)}, {1, seconds(3)}}));
    EXPECT_EQ(failed, (std::vector<std::size_t>{0, 2}));
    request.deadline = context.clock().now() + seconds(9);
    EXPECT_TRUE(known->embed_query(request, std::vector<std::size_t>{1})) << "the query as a whole was answered";
}

TEST_F(ProvidersTest, AQueryDoesNotProbeAProviderBeyondItsDeadline) {
    const auto hangs = std::make_shared<scheduler::HangingProvider>("m");
    ProviderDirectory providers({{"p", "scripted", hangs, {}}}, &context.clock());
    const Profile wanted = directory().known_or_probe("p").value()->profile;
    const auto found = providers.for_profile(wanted, {}, context.clock().now());
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
}

TEST_F(ProvidersTest, AQueryNeverWaitsForAProviderOfAnotherPlugin) {
    const auto other = std::make_shared<ChangingProvider>("other");
    ProviderDirectory providers({{"a", "other plugin", other, {}}, {"p", "scripted", provider, {}}}, &context.clock());
    const Profile wanted = directory().known_or_probe("p").value()->profile;
    EXPECT_EQ(providers.for_profile(wanted).value()->name, "p");
    EXPECT_EQ(other->infos(), 0);
}

TEST_F(ProvidersTest, QueriesProbeAProviderThatDoesNotAnswerOnlyFromTimeToTime) {
    ProviderDirectory providers = directory();
    const Profile wanted = directory().known_or_probe("p").value()->profile;
    provider->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    const int before = provider->infos();
    for (int i = 0; i < 10; ++i) {
        const auto found = providers.for_profile(wanted);
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
        EXPECT_EQ(to_string(found.error()), "provider 'p': connection refused");
    }
    EXPECT_EQ(provider->infos(), before + 1);
    context.advance(seconds(5));
    provider->fail_with(std::nullopt);
    EXPECT_TRUE(providers.for_profile(wanted));
}

TEST_F(ProvidersTest, AProviderForAProfileIsMadeFromItsRowIfNoneIsConfigured) {
    const auto old = std::make_shared<ChangingProvider>("old");
    int made = 0;
    ProviderDirectory providers = directory([&](const Profile&) -> std::optional<ProviderBinding> {
        ++made;
        return ProviderBinding{"(serving)", "scripted", old, {}, true};
    });
    Profile wanted = providers.known_or_probe("p").value()->profile;
    wanted = ProviderDirectory({{"p", "scripted", old, {}}}).known_or_probe("p").value()->profile;
    EXPECT_EQ(providers.for_profile(wanted).value()->name, "(serving)");
    EXPECT_EQ(providers.for_profile(wanted).value()->name, "(serving)");
    EXPECT_EQ(made, 1);
    EXPECT_EQ(providers.names(), std::vector<std::string>{"p"}) << "it gets no documents";
}

TEST_F(ProvidersTest, MakingAProviderForAProfileIsTriedAgainFromTimeToTime) {
    int tried = 0;
    ProviderDirectory providers = directory([&](const Profile&) -> std::optional<ProviderBinding> {
        ++tried;
        return std::nullopt;
    });
    ASSERT_TRUE(providers.known_or_probe("p"));
    Profile wanted;
    wanted.plugin = "scripted";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(providers.for_profile(wanted).error().kind, ErrorKind::not_found);
    EXPECT_EQ(tried, 1);
    context.advance(seconds(60));
    EXPECT_FALSE(providers.for_profile(wanted));
    EXPECT_EQ(tried, 2);
}

TEST(QueryBreaker, PausesDoubleUpToHalfAMinute) {
    QueryBreaker breaker;
    QueryBreaker::Steady now{};
    const Error error{ErrorKind::unavailable, "gone"};
    auto decision = breaker.begin(now);
    EXPECT_EQ(decision, QueryBreaker::Decision::allowed);
    breaker.finished(now, decision, error);
    for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
        now += seconds(pause) - milliseconds(1);
        EXPECT_EQ(breaker.begin(now), QueryBreaker::Decision::refused) << pause;
        now += milliseconds(1);
        decision = breaker.begin(now);
        ASSERT_EQ(decision, QueryBreaker::Decision::trial) << pause;
        EXPECT_EQ(breaker.begin(now), QueryBreaker::Decision::refused) << "one at a time";
        breaker.finished(now, decision, error);
    }
    now += seconds(30);
    breaker.finished(now, breaker.begin(now), std::nullopt);
    EXPECT_EQ(breaker.begin(now), QueryBreaker::Decision::allowed);
}

TEST(QueryBreaker, QueriesInFlightTogetherCountOnce) {
    QueryBreaker breaker;
    const QueryBreaker::Steady now{};
    for (int i = 0; i < 20; ++i) EXPECT_EQ(breaker.begin(now), QueryBreaker::Decision::allowed);
    for (int i = 0; i < 20; ++i)
        breaker.finished(now, QueryBreaker::Decision::allowed, Error{ErrorKind::unavailable, "gone"});
    EXPECT_EQ(breaker.begin(now + seconds(1)), QueryBreaker::Decision::trial);
}

TEST(QueryBreaker, ARefusedTextAndAStoppedQueryDoNotCount) {
    QueryBreaker breaker;
    QueryBreaker::Steady now{};
    breaker.finished(now, breaker.begin(now), Error{ErrorKind::invalid_input, "no"});
    EXPECT_EQ(breaker.begin(now), QueryBreaker::Decision::allowed);
    breaker.finished(now, QueryBreaker::Decision::allowed, Error{ErrorKind::unavailable, "gone"});
    now += seconds(1);
    breaker.stopped(breaker.begin(now));
    EXPECT_EQ(breaker.begin(now), QueryBreaker::Decision::trial);
}

}  // namespace
}  // namespace embedq::endpoints
