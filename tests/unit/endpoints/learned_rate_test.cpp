#include "endpoints/learned_rate.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace embedq::endpoints {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = LearnedRate::Steady;

const Steady rate_start{seconds(1'000)};

// So many calls that are accepted, each a millisecond after the last; then one that is refused, with a pause.
void burst(LearnedRate& rate, int calls, milliseconds pause) {
    for (int i = 0; i < calls; ++i) rate.sent(rate_start + milliseconds(i));
    const Steady refused_at = rate_start + milliseconds(calls);
    rate.sent(refused_at);
    rate.refused(refused_at, refused_at + milliseconds(1));
    rate.pause_until(refused_at + pause);
}

// The first call after the pause passes.
void resume(LearnedRate& rate, Steady at) {
    rate.sent(at);
    rate.resumed(at);
}

TEST(LearnedRate, ThereIsNoneBeforeARefusal) {
    LearnedRate rate;
    for (int i = 0; i < 1'000; ++i) rate.sent(rate_start);
    EXPECT_EQ(rate.available_at(rate_start), rate_start);
    EXPECT_EQ(rate.per_second(rate_start), 0);
}

TEST(LearnedRate, TheRateIsWhatWasAcceptedOverThatTimeAndThePause) {
    LearnedRate rate;
    burst(rate, 50, seconds(1));
    EXPECT_EQ(rate.limit(), 0) << "how long the pause has to be is not known yet";
    resume(rate, rate_start + milliseconds(1'050));
    EXPECT_NEAR(rate.limit(), 50 / 1.05 * 0.98, 0.1);
    EXPECT_NEAR(rate.per_second(rate_start + milliseconds(1'050)), rate.limit() * 0.97, 0.1);
    EXPECT_GT(rate.available_at(rate_start + milliseconds(1'051)), rate_start + milliseconds(1'070)) << "evenly";
}

TEST(LearnedRate, AFewCallsShowARateToo) {
    LearnedRate rate;
    burst(rate, 3, seconds(60));
    resume(rate, rate_start + milliseconds(60'003));
    EXPECT_NEAR(rate.limit() * 60, 3 * 0.98, 0.05);
}

TEST(LearnedRate, TheWholeTimeOfRefusalsIsThePause) {
    LearnedRate rate;
    burst(rate, 3, seconds(1));
    for (const int second : {1, 3, 7}) {
        const Steady at = rate_start + milliseconds(3) + seconds(second);
        rate.sent(at);
        rate.refused(at, at + milliseconds(1));
    }
    resume(rate, rate_start + milliseconds(15'003));
    EXPECT_NEAR(rate.limit(), 3 / 15.003 * 0.98, 0.001);
}

TEST(LearnedRate, WithoutAnAcceptedCallNothingIsLearned) {
    LearnedRate rate;
    burst(rate, 0, seconds(5));
    resume(rate, rate_start + seconds(5));
    EXPECT_EQ(rate.limit(), 0);
}

TEST(LearnedRate, ACallThatWasSentAfterTheRefusedOneMayHaveBeenAccepted) {
    LearnedRate rate;
    for (int i = 0; i < 3; ++i) rate.sent(rate_start + milliseconds(i));
    rate.refused(rate_start, rate_start + milliseconds(30));
    resume(rate, rate_start + seconds(2));
    EXPECT_NEAR(rate.limit(), 2 / 2.0 * 0.98, 0.01);
}

TEST(LearnedRate, RefusalsOfCallsSentTogetherAreOne) {
    LearnedRate rate;
    for (int i = 0; i < 47; ++i) rate.sent(rate_start + milliseconds(i));
    for (int i = 0; i < 7; ++i) rate.refused(rate_start + milliseconds(40 + i), rate_start + milliseconds(60 + i));
    resume(rate, rate_start + milliseconds(1'067));
    EXPECT_NEAR(rate.limit(), 40 / 1.067 * 0.98, 0.1);
}

TEST(LearnedRate, ARefusalAfterALongTimeChangesTheRateLittle) {
    LearnedRate rate;
    rate.adopt(10, rate_start);
    Steady now = rate_start;
    for (int i = 0; i < 200; ++i) {
        now = std::max(rate.available_at(now), now + milliseconds(1));
        rate.sent(now);
    }
    const double before = rate.per_second(now);
    rate.refused(now, now);
    resume(rate, now + seconds(1));
    EXPECT_LT(rate.limit(), before);
    EXPECT_GT(rate.limit(), 0.85 * before);
}

TEST(LearnedRate, AnAdoptedRateHoldsAtOnce) {
    LearnedRate rate;
    rate.adopt(0.5, rate_start);
    EXPECT_GT(rate.available_at(rate_start), rate_start + milliseconds(1'900));
    rate.adopt(0, rate_start);
    EXPECT_EQ(rate.available_at(rate_start), rate_start);
}

TEST(LearnedRate, GrowthElsewhereDoesNotBeginGrowthAgain) {
    LearnedRate alone;
    LearnedRate reported;
    for (LearnedRate* rate : {&alone, &reported}) rate->adopt(1, rate_start);
    Steady now = rate_start;
    for (int i = 0; i < 25; ++i) {
        now += seconds(1);
        alone.sent(now);
        reported.sent(now);
        reported.adopt(1.02 * reported.per_second(now), now);
    }
    EXPECT_GT(reported.per_second(now), alone.per_second(now));
}

TEST(LearnedRate, ALimitThatNoLongerHoldsIsForgotten) {
    LearnedRate rate;
    burst(rate, 10, seconds(1));
    Steady now = rate_start + milliseconds(1'010);
    resume(rate, now);
    std::size_t sent = 0;
    while (rate.limit() > 0 && now < rate_start + seconds(600)) {
        now = std::max(rate.available_at(now), now + milliseconds(1));
        rate.sent(now);
        ++sent;
    }
    EXPECT_LE(now, rate_start + seconds(120));
    EXPECT_GT(sent, 10U * 20U);
}

TEST(LearnedRate, AThreadThatWakesUpLateCatchesUpByOneCall) {
    LearnedRate rate;
    rate.adopt(50, rate_start);
    const Steady late = rate_start + seconds(3);
    int immediate = 0;
    while (rate.available_at(late) == late) {
        rate.sent(late);
        ++immediate;
    }
    EXPECT_EQ(immediate, 2);
}

TEST(LearnedRate, AMinuteIsOverWhenTheOldestCallOfItIs) {
    LearnedRate rate;
    EXPECT_FALSE(rate.minute_over(rate_start));
    burst(rate, 3, seconds(1));
    EXPECT_EQ(rate.minute_over(rate_start + seconds(2)), rate_start + seconds(61));
    EXPECT_FALSE(rate.minute_over(rate_start + seconds(90))) << "there was none in this minute";
}

}  // namespace
}  // namespace embedq::endpoints
