#include "endpoints/batch_limits.h"

#include <gtest/gtest.h>

namespace embedq::endpoints {
namespace {

ProviderInfo provider(ProviderLimits limits, std::string prefix = {}) {
    ProviderInfo info;
    info.limits = limits;
    info.document_prefix = std::move(prefix);
    return info;
}

Error refusal(ErrorKind kind, StatedLimits stated, std::string message = "no") {
    return {.kind = kind, .message = std::move(message), .limits = stated};
}

TEST(TokenEstimate, BeginsAtFourBytesPerTokenAndLearns) {
    TokenEstimate estimate;
    EXPECT_DOUBLE_EQ(estimate.tokens(400), 100);
    for (int i = 0; i < 50; ++i) estimate.learn(1'000, 500);
    EXPECT_NEAR(estimate.bytes_per_token(), 2, 0.01);
    EXPECT_NEAR(estimate.tokens(400), 200, 1);
    estimate.learn(1'000, 0);
    EXPECT_NEAR(estimate.bytes_per_token(), 2, 0.01) << "0 tokens means not reported";
}

TEST(TokenEstimate, SmallRequestsWeighLittle) {
    TokenEstimate estimate;
    estimate.learn(8, 6);
    EXPECT_GT(estimate.bytes_per_token(), 3.95);
}

TEST(TokenEstimate, TheCautiousEstimateIsAtMostFourBytesPerToken) {
    TokenEstimate estimate;
    for (int i = 0; i < 50; ++i) estimate.learn(6'000, 1'000);
    EXPECT_NEAR(estimate.tokens(6'000), 1'000, 20);
    EXPECT_DOUBLE_EQ(estimate.cautious_tokens(6'000), 1'500)
        << "OpenAI counts a quarter of the bytes, whatever the tokens are";
}

TEST(LearnedLimits, TheConfigurationLowersTheProvidersLimitsAndNeverRaisesThem) {
    EXPECT_EQ(LearnedLimits(provider({.max_inputs = 100}), 0).present().max_inputs, 100U);
    EXPECT_EQ(LearnedLimits(provider({.max_inputs = 100}), 32).present().max_inputs, 32U);
    EXPECT_EQ(LearnedLimits(provider({.max_inputs = 16}), 32).present().max_inputs, 16U);
    EXPECT_EQ(LearnedLimits(provider({}), 0).present().max_inputs, 64U);
    EXPECT_EQ(LearnedLimits(provider({}), 500).present().max_inputs, 500U);
}

TEST(LearnedLimits, ATextThatTimesOutAloneWasTheCauseOfWhatTimedOutBefore) {
    LearnedLimits limits(provider({.max_inputs = 64}), 0);
    for (const std::size_t inputs : {64U, 32U, 16U, 8U, 4U, 2U}) limits.timed_out(inputs);
    EXPECT_EQ(limits.present().max_inputs, 1U);
    limits.text_timed_out();
    EXPECT_EQ(limits.present().max_inputs, 64U);
    limits.timed_out(64);
    limits.refused(32, refusal(ErrorKind::too_large, {.max_inputs = 20}));
    limits.text_timed_out();
    EXPECT_EQ(limits.present().max_inputs, 20U) << "not above what was stated";
    limits.timed_out(20);
    for (int i = 0; i < 100 && limits.present().max_inputs == 10; ++i) limits.answered(10, 100, 0);
    const std::size_t grown = limits.present().max_inputs;
    limits.text_timed_out();
    EXPECT_EQ(limits.present().max_inputs, grown) << "what was lowered before it grew was about the number";
}

TEST(LearnedLimits, StatedLimitsAreRemembered) {
    LearnedLimits limits(provider({.max_request_tokens = 1'000}), 0);
    limits.refused(64, refusal(ErrorKind::too_large, {.max_inputs = 10}));
    EXPECT_EQ(limits.present().max_inputs, 10U);
    for (int i = 0; i < 1'000; ++i) limits.answered(10, 100, 0);
    EXPECT_EQ(limits.present().max_inputs, 10U) << "a stated limit does not grow back";
    limits.refused(10, refusal(ErrorKind::too_large, {.max_request_tokens = 5'000}));
    EXPECT_EQ(limits.present().max_tokens, 1'000U) << "only lowered";
    limits.refused(10, refusal(ErrorKind::too_large, {.max_request_tokens = 500}));
    EXPECT_EQ(limits.present().max_tokens, 500U);
    EXPECT_EQ(limits.present().max_inputs, 10U) << "the number of inputs was not the problem";
    limits.refused(1, refusal(ErrorKind::invalid_input, {.max_text_tokens = 512}));
    EXPECT_EQ(limits.present().max_text_tokens, 512U);
}

TEST(LearnedLimits, ASlowProviderLearnsASmallerBatchAndGrowsBack) {
    LearnedLimits limits(provider({.max_inputs = 64}), 0);
    limits.timed_out(64);
    EXPECT_EQ(limits.present().max_inputs, 32U);
    for (int i = 0; i < 8; ++i) limits.answered(5, 100, 0);
    EXPECT_EQ(limits.present().max_inputs, 32U) << "small requests show nothing";
    for (int i = 0; i < 8; ++i) limits.answered(32, 100, 0);
    EXPECT_EQ(limits.present().max_inputs, 40U);
    for (int i = 0; i < 100; ++i) limits.answered(limits.present().max_inputs, 100, 0);
    EXPECT_EQ(limits.present().max_inputs, 64U);
}

TEST(LearnedLimits, ABoundThatIsTooHighAgainIsTriedLessOften) {
    LearnedLimits limits(provider({.max_inputs = 64}), 0);
    int failed = 0;
    for (int i = 0; i < 2'000; ++i) {
        const std::size_t inputs = limits.present().max_inputs;
        if (inputs <= 40) {
            limits.answered(inputs, 100, 0);
        } else {
            limits.refused(inputs, refusal(ErrorKind::too_large, {}));
            ++failed;
        }
    }
    EXPECT_LE(failed, 10);
    EXPECT_GE(limits.present().max_inputs, 20U);
}

TEST(LearnedLimits, ASingleTextThatIsTooLargeDoesNotShrinkBatches) {
    LearnedLimits limits(provider({.max_inputs = 64}), 0);
    limits.refused(1, refusal(ErrorKind::too_large, {}));
    EXPECT_EQ(limits.present().max_inputs, 64U);
}

TEST(LearnedLimits, PrefixesCount) {
    LearnedLimits limits(provider({.max_text_tokens = 10}, std::string(20, 'p')), 0);
    EXPECT_FALSE(limits.present().over_text_tokens(17)) << "37 bytes are 9.25 tokens";
    EXPECT_TRUE(limits.present().over_text_tokens(19));
    for (int i = 0; i < 100; ++i) limits.answered(10, 800, 500);  // a thousand bytes with prefixes
    EXPECT_NEAR(limits.estimate().bytes_per_token(), 2, 0.01);
}

TEST(CutLength, EndsAtACharacter) {
    EXPECT_EQ(cut_length("abc", 10), 3U);
    EXPECT_EQ(cut_length("abc", 2), 2U);
    EXPECT_EQ(cut_length("a\u00e9b", 2), 1U);
    EXPECT_EQ(cut_length("a\u00e9b", 3), 3U);
}

}  // namespace
}  // namespace embedq::endpoints
