#include "simulated/simulated_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "conformance/test_context.h"

namespace embedq::simulated {
namespace {

using conformance::ManualClock;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class SimulatedProviderTest : public ::testing::Test {
protected:
    static std::vector<Fault> faults(std::vector<std::string> lines) { return parse_faults(lines).value(); }
    static Result<EmbedResult> embed(SimulatedProvider& provider, std::vector<std::string_view> texts,
                                     TextKind kind = TextKind::document) {
        return provider.embed({.texts = texts, .kind = kind});
    }

    ManualClock clock;
};

TEST_F(SimulatedProviderTest, ReportsItsSettings) {
    SimulatedProvider provider(
        {.dimension = 8, .max_inputs = 3, .concurrency = 2, .document_prefix = "d: ", .query_prefix = "q: "}, clock);
    const auto info = provider.info({}).value();
    EXPECT_EQ(info.model, "simulated");
    EXPECT_EQ(info.dimension, 8U);
    EXPECT_EQ(info.limits.max_inputs, 3U);
    EXPECT_EQ(info.limits.concurrency, 2U);
    EXPECT_EQ(info.document_prefix, "d: ");
    EXPECT_EQ(info.query_prefix, "q: ");
    EXPECT_EQ(info.endpoints.size(), 1U);
}

TEST_F(SimulatedProviderTest, GivesOneRowPerTextInOrder) {
    SimulatedProvider provider({.dimension = 4}, clock);
    const auto both = embed(provider, {"a", "b"}).value();
    const auto b = embed(provider, {"b"}).value();
    ASSERT_EQ(both.matrix.size(), 8U);
    EXPECT_EQ(both.dimension, 4U);
    EXPECT_TRUE(std::equal(b.matrix.begin(), b.matrix.end(), both.matrix.begin() + 4));
    EXPECT_GT(both.tokens, 0U);
}

TEST_F(SimulatedProviderTest, PrefixesDistinguishDocumentsFromQueries) {
    SimulatedProvider plain({.dimension = 4}, clock);
    EXPECT_EQ(embed(plain, {"a"})->matrix, embed(plain, {"a"}, TextKind::query)->matrix);
    SimulatedProvider prefixed({.dimension = 4, .document_prefix = "d: ", .query_prefix = "q: "}, clock);
    EXPECT_EQ(embed(prefixed, {"a"})->matrix, embed(plain, {"d: a"})->matrix);
    EXPECT_EQ(embed(prefixed, {"a"}, TextKind::query)->matrix, embed(plain, {"q: a"})->matrix);
}

TEST_F(SimulatedProviderTest, RefusesMoreInputsThanItsLimit) {
    SimulatedProvider provider({.max_inputs = 1}, clock);
    EXPECT_TRUE(embed(provider, {"a"}));
    EXPECT_EQ(embed(provider, {"a", "b"}).error().kind, ErrorKind::too_large);
}

class SimulatedServer : public SimulatedProviderTest {
protected:
    void SetUp() override {
        char path[] = "/tmp/embedq-simulated-XXXXXX";
        ASSERT_NE(::mkdtemp(path), nullptr);
        folder = path;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    void state(std::string_view lines) { std::ofstream(folder / "state") << lines; }
    SimulatedSettings settings() { return {.state_file = folder / "state", .dimension = 4}; }

    std::filesystem::path folder;
};

TEST_F(SimulatedServer, AnotherModelOrDigestMakesOtherVectors) {
    const auto vector = [&](SimulatedSettings made) {
        SimulatedProvider provider(std::move(made), clock);
        return embed(provider, {"a"})->matrix;
    };
    const auto usual = vector({.dimension = 4});
    EXPECT_EQ(usual, vector({.model = "simulated", .digest = "1", .dimension = 4}));
    EXPECT_NE(usual, vector({.model = "other", .dimension = 4}));
    EXPECT_NE(usual, vector({.digest = "2", .dimension = 4}));
    EXPECT_NE(vector({.digest = "2", .dimension = 4}), vector({.digest = "3", .dimension = 4}));
}

TEST_F(SimulatedServer, AFileReplacesItsModelAndInfoMustNameItFirst) {
    SimulatedProvider provider(settings(), clock);
    EXPECT_EQ(provider.info({})->model_digest, "1") << "the file need not exist";
    const auto before = embed(provider, {"a"})->matrix;
    state("digest=two\n");
    EXPECT_EQ(embed(provider, {"a"}).error().kind, ErrorKind::misconfigured)
        << "no vectors of a model that info has not named";
    EXPECT_EQ(provider.info({})->model_digest, "two");
    EXPECT_NE(embed(provider, {"a"})->matrix, before);
    const auto options = provider.info({})->public_options;
    EXPECT_THAT(options, ::testing::Contains(std::pair<std::string, std::string>("state_file", folder / "state")));
}

TEST_F(SimulatedServer, AFileTakesItDownOrMakesItHang) {
    SimulatedProvider provider(settings(), clock);
    state("down\n");
    EXPECT_EQ(provider.info({}).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(embed(provider, {"a"}).error().kind, ErrorKind::unavailable);
    state("hang\n");
    const std::string_view text = "a";
    const auto late = provider.embed({.texts = std::span(&text, 1), .deadline = clock.now() + 1ms});
    EXPECT_EQ(to_string(late.error()), "no answer before the deadline");
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(provider.info(stop.get_token()).error().kind, ErrorKind::unavailable);
    state("nonsense\n");
    EXPECT_THAT(to_string(embed(provider, {"a"}).error()), HasSubstr("'nonsense'"));
    state("");
    EXPECT_TRUE(embed(provider, {"a"}));
}

TEST_F(SimulatedProviderTest, FaultsOfTheWholeCall) {
    SimulatedProvider provider(
        {.faults = faults({"throttle calls=1 retry_after=2s", "fail calls=2 retry_after=3s", "misconfigured calls=3",
                           "too_large calls=4 above_inputs=1", "poison calls=5 text=b"})},
        clock);
    const auto next = [&] { return embed(provider, {"a", "b"}).error(); };
    const Error throttled = next();
    EXPECT_EQ(throttled.kind, ErrorKind::throttled);
    EXPECT_EQ(throttled.retry_after, 2s);
    const Error failed = next();
    EXPECT_EQ(failed.kind, ErrorKind::unavailable);
    EXPECT_EQ(failed.retry_after, 3s);
    EXPECT_EQ(next().kind, ErrorKind::misconfigured);
    EXPECT_EQ(next().kind, ErrorKind::too_large);
    EXPECT_EQ(next().kind, ErrorKind::invalid_input);
    EXPECT_TRUE(embed(provider, {"a", "b"}));
}

TEST_F(SimulatedProviderTest, FaultsOfTheAnswer) {
    SimulatedProvider provider({.dimension = 4,
                                .faults = faults({"nan calls=1", "wrong_count calls=2", "wrong_dimension calls=3",
                                                  "poison calls=4 per_text text=b"})},
                               clock);
    const auto next = [&] { return embed(provider, {"a", "b", "c"}).value(); };
    const auto nan = next();
    EXPECT_EQ(std::ranges::count_if(nan.matrix, [](float value) { return std::isnan(value); }), 1);
    EXPECT_EQ(next().matrix.size(), 8U);
    const auto wide = next();
    EXPECT_EQ(wide.dimension, 5U);
    EXPECT_EQ(wide.matrix.size(), 15U);
    const auto poisoned = next();
    EXPECT_EQ(poisoned.matrix.size(), 12U);
    ASSERT_EQ(poisoned.errors.size(), 1U);
    EXPECT_EQ(poisoned.errors[0].index, 1U);
    EXPECT_EQ(poisoned.errors[0].error.kind, ErrorKind::invalid_input);
}

TEST_F(SimulatedProviderTest, LatencyEndsAtTheDeadline) {
    SimulatedProvider provider({.latency = 1h}, clock);
    const std::string_view text = "a";
    const auto answer = provider.embed({.texts = std::span(&text, 1), .deadline = clock.now()});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(to_string(answer.error()), "no answer before the deadline");
    EXPECT_FALSE(provider.embed({.texts = std::span(&text, 1), .deadline = clock.now() + 1ms}));
}

TEST_F(SimulatedProviderTest, LatencyGrowsWithEachInput) {
    SimulatedProvider provider({.latency_per_input = 10ms}, clock);
    const std::vector<std::string_view> texts = {"a", "b"};
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(provider.embed({.texts = texts}));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST_F(SimulatedProviderTest, WaitingEndsOnAStop) {
    SimulatedProvider slow({.latency = 1h}, clock);
    SimulatedProvider hanging({.faults = faults({"hang"})}, clock);
    const std::string_view text = "a";
    for (SimulatedProvider* provider : {&slow, &hanging}) {
        std::stop_source stop;
        std::jthread stopper([&] { stop.request_stop(); });
        EXPECT_EQ(to_string(provider->embed({.texts = std::span(&text, 1), .stop = stop.get_token()}).error()),
                  "the request was stopped");
    }
}

TEST_F(SimulatedProviderTest, AHangEndsAtTheDeadline) {
    SimulatedProvider provider({.faults = faults({"hang calls=1"})}, clock);
    const std::string_view text = "a";
    EXPECT_EQ(provider.embed({.texts = std::span(&text, 1), .deadline = clock.now() + 1ms}).error().kind,
              ErrorKind::unavailable);
    EXPECT_TRUE(provider.embed({.texts = std::span(&text, 1), .deadline = clock.now() + 1ms}));
}

TEST_F(SimulatedProviderTest, CallsBeyondTheConcurrencyAreThrottled) {
    SimulatedProvider provider({.concurrency = 1, .faults = faults({"hang"})}, clock);
    const std::string_view text = "a";
    std::stop_source stop;
    // One of the two hangs and the other is throttled; it does not matter which.
    std::atomic<int> throttled = 0;
    {
        std::vector<std::jthread> callers;
        for (int i = 0; i < 2; ++i) {
            callers.emplace_back([&] {
                const auto answer = provider.embed({.texts = std::span(&text, 1), .stop = stop.get_token()});
                ASSERT_FALSE(answer);
                if (answer.error().kind != ErrorKind::throttled) return;
                EXPECT_THAT(to_string(answer.error()),
                            HasSubstr("1 calls are running and the option concurrency is 1"));
                ++throttled;
                stop.request_stop();
            });
        }
    }
    EXPECT_EQ(throttled, 1);
}

}  // namespace
}  // namespace embedq::simulated
