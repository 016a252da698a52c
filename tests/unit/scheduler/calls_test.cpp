// Calls whose outcome does not mean what it seems to.
#include <gmock/gmock.h>

#include "changing_provider.h"
#include "pipeline_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using testing::MatchesRegex;
using testing::StartsWith;

class CallsTest : public PipelineTest {};

// For example an endpoint whose key has expired, with a message that no rule recognizes.
TEST_F(CallsTest, NoTextIsRefusedForGoodByAnEndpointThatRefusesEverything) {
    std::atomic<bool> expired = true;
    provider->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        if (expired) return Error{ErrorKind::invalid_input, "API key expired"};
        return std::nullopt;
    });
    put("spec", numbered("number", 40));
    put("alone", {"a single text"});
    auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return !store->endpoint_states()->empty() && jobs(JobStatus::pending).size() == 2; }));
    EXPECT_THAT(to_string(store->endpoint_states()->front()),
                MatchesRegex("misconfigured: the endpoint refuses every text, even 'sample [0-9]+': API key "
                             "expired; .*"));
    for (const Job& job : jobs()) EXPECT_EQ(job.attempts, 0U);
    EXPECT_EQ(store->settlement("c", {})->refusals, 0U);
    EXPECT_EQ(store->settlement("c", {})->missing(), 41U) << "the gap remains";
    EXPECT_LE(provider->calls(), 2 * (6 + 2)) << "two calls at a time, each halved down to one text, then two samples";
    scheduler->stop();
    expired = false;
    scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(jobs(JobStatus::succeeded).size(), 2U);
    EXPECT_LE(provider->samples(), 4);
}

TEST_F(CallsTest, APauseIsLoggedWhenItBeginsAndWhenItIsOverHoweverOftenItIsExtended) {
    std::atomic<bool> throttles = true;
    provider->script([&](const EmbedRequest&, int call) -> std::optional<Error> {
        throttles = call <= 6;
        if (!throttles) return std::nullopt;
        return Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = milliseconds(20)};
    });
    put("spec", numbered("text", 4));
    const auto scheduler = start();
    const auto logged = [&](std::string_view words) {
        return std::ranges::count_if(context.logged(), [&](const std::string& line) { return line.contains(words); });
    };
    ASSERT_TRUE(eventually([&] { return settled() && logged("works again after ") > 0; }));
    EXPECT_FALSE(throttles);
    EXPECT_EQ(logged("cannot use endpoint 'default' of provider 'p', trying again in 20 ms: throttled: slow down"), 1);
    EXPECT_EQ(logged("cannot use endpoint"), 1);
    EXPECT_EQ(logged("works again after "), 1);
}

TEST_F(CallsTest, ACallThatReachesItsDeadlineIsLoggedBeforeAnythingIsPaused) {
    settings.call_timeout = milliseconds(30);
    provider->script([&](const EmbedRequest& request, int call) -> std::optional<Error> {
        if (call > 1) return std::nullopt;
        sync::sleep_until(request.deadline, {});
        return Error{ErrorKind::unavailable, "no answer"};
    });
    put("spec", numbered("text", 4));
    const auto scheduler = start();
    const auto logged = [&](std::string_view words) {
        return std::ranges::count_if(context.logged(), [&](const std::string& line) { return line.contains(words); });
    };
    EXPECT_TRUE(eventually([&] { return settled() && logged("works again after ") > 0; }));
    EXPECT_GE(logged("cannot use endpoint 'default' of provider 'p', trying again: no answer"), 1);
    EXPECT_TRUE(std::ranges::none_of(*store->endpoint_states(),
                                     [](const EndpointState& state) { return state.cool_down.count() > 0; }));
}

// The control of a refused text comes too soon each time: the one after the pause decides instead.
TEST_F(CallsTest, WhereEachCallNeedsItsTimeATextIsRefusedAllTheSame) {
    std::atomic<std::chrono::steady_clock::duration> free_at{};
    provider->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        if (now < free_at.load())
            return Error{.kind = ErrorKind::throttled, .message = "one at a time", .retry_after = milliseconds(10)};
        free_at = now + milliseconds(5);
        return std::nullopt;
    });
    provider->refuses = [](std::string_view text) { return text == "bad"; };
    put("bad", {"bad"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(store->settlement("c", {})->refusals, 1U);
}

TEST_F(CallsTest, ARefusalInACallThatIsAnsweredNeedsNoControl) {
    provider->refuses = [](std::string_view text) { return text == "bad 7"; };
    put("bad", numbered("bad", 10));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(store->settlement("c", {})->refusals, 1U);
    EXPECT_EQ(provider->calls(), 3) << "the second time it is alone, so that there is a control";
}

TEST_F(CallsTest, IfEachTextOfACallIsRefusedTheEndpointIsTriedWithASampleText) {
    provider->refuses = [](std::string_view text) { return text.starts_with("bad"); };
    put("bad", numbered("bad", 10));
    {
        const auto scheduler = start();
        ASSERT_TRUE(eventually([&] { return settled(); }));
    }
    EXPECT_EQ(store->settlement("c", {})->refusals, 10U) << "the answered sample shows that the texts are the reason";
    EXPECT_EQ(provider->calls(), 4) << "twice, each time with a control";
    provider->refuses = [](std::string_view) { return true; };
    put("other", numbered("other", 10));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return !store->endpoint_states()->empty(); }));
    EXPECT_THAT(to_string(store->endpoint_states()->front()),
                StartsWith("misconfigured: the endpoint refuses every text"));
    EXPECT_EQ(store->settlement("c", {})->refusals, 10U);
}

TEST_F(CallsTest, ARefusalWaitsIfTheSampleTextIsNotAnswered) {
    std::atomic<int> samples = 0;
    provider->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        if (request.texts.front() == "bad") return Error{ErrorKind::too_large, "the request is too large"};
        if (ScriptedProvider::is_sample(request.texts.front()) && ++samples == 1)
            return Error{.kind = ErrorKind::throttled, .message = "too many requests", .retry_after = milliseconds(5)};
        return std::nullopt;
    });
    put("bad", {"bad"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(samples, 3);
    EXPECT_EQ(provider->times_sent("bad"), 3) << "the text is sent again, too";
    EXPECT_EQ(store->settlement("c", {})->refusals, 1U);
    EXPECT_EQ(jobs().front().attempts, 0U);
}

TEST_F(CallsTest, AProvidersCallTimeoutIsTheDeadlineOfItsCallsUpToADay) {
    using Times = std::pair<milliseconds, milliseconds>;
    int spec = 0;
    for (const auto& [timeout, expected] :
         {Times{600'000, 600'000}, Times{milliseconds::max(), std::chrono::hours(24)}}) {
        const auto patient = std::make_shared<ScriptedProvider>("model");
        patient->call_timeout = timeout;
        endpoints::ProviderDirectory slow = directory(patient);
        std::atomic<milliseconds> left{};
        patient->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
            left = std::chrono::ceil<milliseconds>(request.deadline - std::chrono::steady_clock::now());
            return std::nullopt;
        });
        put("spec", {"text " + std::to_string(++spec)});
        Scheduler scheduler(*store, notifier, slow, settings, context);
        ASSERT_TRUE(scheduler.start());
        ASSERT_TRUE(eventually([&] { return settled(); }));
        EXPECT_LE(left.load(), expected);
        EXPECT_GT(left.load(), expected - std::chrono::minutes(1));
        scheduler.stop();
    }
}

TEST_F(CallsTest, AnAnswerOfAnUnknownModelIsDroppedAndCostsNoAttempt) {
    settings.call_timeout = milliseconds(1);
    const auto model = std::make_shared<ChangingProvider>("one");
    endpoints::ProviderDirectory own = directory(model);
    const CatalogTarget target{"c", "p", own.known_or_probe("p").value()->profile};
    ASSERT_TRUE(store->set_targets(std::span(&target, 1)));
    Scheduler scheduler(*store, notifier, own, settings, context);
    ASSERT_TRUE(scheduler.start());
    put("first", {"first"});
    ASSERT_TRUE(eventually([&] { return settled(); }));
    {
        const RunningProbe probe(own, *model);
        put("spec", numbered("text", 10));
        ASSERT_TRUE(eventually([&] { return model->embeds() >= 3; }))
            << "one for the first spec, and two for the other";
        EXPECT_EQ(store->settlement("c", {})->vectors, 1U);
    }
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(jobs().front().status, JobStatus::succeeded);
    EXPECT_EQ(jobs().front().attempts, 0U);
    EXPECT_TRUE(store->endpoint_states()->empty()) << "nothing was paused";
    scheduler.stop();
}

}  // namespace
}  // namespace embedq::scheduler
