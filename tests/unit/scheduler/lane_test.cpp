#include "scheduler/lane.h"

#include <gtest/gtest.h>

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Lane::Steady start{seconds(1'000)};

Error error(ErrorKind kind, std::optional<milliseconds> retry_after = {}) {
    return {kind, "said so", retry_after, {}};
}

void call(Lane& lane, Lane::Steady now, const std::optional<Error>& outcome) {
    ASSERT_TRUE(lane.admit(now, 1).admitted);
    lane.finished(now, outcome, 0);
}

TEST(Lane, AdmitsAsManyCallsAsItsLimit) {
    Lane lane({.concurrency = 2});
    EXPECT_TRUE(lane.admit(start, 1).admitted);
    EXPECT_TRUE(lane.admit(start, 1).admitted);
    EXPECT_FALSE(lane.admit(start, 1).admitted);
    lane.finished(start, std::nullopt, 0);
    EXPECT_TRUE(lane.admit(start, 1).admitted);
}

TEST(Lane, ThrottlingPausesForAsLongAsTheProviderAsks) {
    Lane lane({.concurrency = 4});
    call(lane, start, error(ErrorKind::throttled, milliseconds(7'000)));
    EXPECT_FALSE(lane.open(start + milliseconds(6'999)));
    EXPECT_EQ(lane.admit(start, 1).not_before, start + seconds(7));
    EXPECT_TRUE(lane.open(start + milliseconds(7'000)));
    EXPECT_FALSE(lane.probing()) << "throttling is no fault: what comes after the pause is an ordinary batch";
}

TEST(Lane, ThrottlingWithoutRetryAfterPausesLongerEachTime) {
    Lane lane({.concurrency = 1});
    Lane::Steady now = start;
    seconds expected(1);
    for (int i = 0; i < 5; ++i) {
        call(lane, now, error(ErrorKind::throttled));
        EXPECT_EQ(lane.paused_until() - now, expected) << i;
        now = lane.paused_until();
        expected *= 2;
    }
    call(lane, now, std::nullopt);
    call(lane, now, error(ErrorKind::throttled));
    EXPECT_EQ(lane.paused_until() - now, seconds(1)) << "a success ends the doubling";
}

TEST(Lane, ConcurrencyGoesDownOnThrottlingOncePerRoundAndComesBackUp) {
    Lane lane({.concurrency = 9});
    for (int i = 0; i < 9; ++i) ASSERT_TRUE(lane.admit(start, 1).admitted);
    for (int i = 0; i < 9; ++i) lane.finished(start, error(ErrorKind::throttled, milliseconds(1)), 0);
    EXPECT_NEAR(lane.concurrency(), 6.0, 0.01) << "nine calls of one round count once";
    const auto later = start + seconds(1);
    for (int i = 0; i < 30; ++i) call(lane, later, std::nullopt);
    EXPECT_NEAR(lane.concurrency(), 9.0, 0.01);
}

TEST(Lane, BreakerOpensAfterFailuresInARowAndProbesWithOneCall) {
    Lane lane({.concurrency = 4});
    for (int i = 0; i < 4; ++i) call(lane, start, error(ErrorKind::unavailable));
    EXPECT_TRUE(lane.open(start));
    call(lane, start, error(ErrorKind::unavailable));
    EXPECT_FALSE(lane.open(start));
    EXPECT_TRUE(lane.reason().starts_with("unavailable"));
    const auto after = lane.paused_until();
    EXPECT_EQ(after - start, seconds(5));
    EXPECT_TRUE(lane.probing());
    ASSERT_TRUE(lane.admit(after, 1).admitted);
    EXPECT_FALSE(lane.open(after)) << "one probe at a time";
    lane.finished(after, error(ErrorKind::unavailable), 0);
    EXPECT_EQ(lane.paused_until() - after, seconds(10)) << "a failed probe doubles the pause";
    const auto again = lane.paused_until();
    call(lane, again, std::nullopt);
    EXPECT_FALSE(lane.probing());
    EXPECT_TRUE(lane.open(again));
}

TEST(Lane, ASuccessInBetweenKeepsTheBreakerClosed) {
    Lane lane({.concurrency = 4});
    for (int i = 0; i < 20; ++i) {
        call(lane, start, error(ErrorKind::unavailable));
        if (i % 4 == 3) call(lane, start, std::nullopt);
    }
    EXPECT_TRUE(lane.open(start));
}

TEST(Lane, MisconfigurationPausesAtOnceWithItsReason) {
    Lane lane({.concurrency = 4});
    call(lane, start, error(ErrorKind::misconfigured));
    EXPECT_EQ(lane.paused_until() - start, seconds(30));
    EXPECT_EQ(lane.reason(), "misconfigured: said so");
    EXPECT_TRUE(lane.probing());
}

TEST(Lane, RefusedTextsSayNothingAgainstTheLane) {
    Lane lane({.concurrency = 1});
    for (int i = 0; i < 50; ++i) call(lane, start, error(i % 2 ? ErrorKind::invalid_input : ErrorKind::too_large));
    EXPECT_TRUE(lane.open(start));
    EXPECT_NEAR(lane.concurrency(), 1.0, 0.01);
}

TEST(Lane, BudgetsSayWhenToComeBack) {
    Lane lane({.concurrency = 4, .requests_per_minute = 60});
    ASSERT_TRUE(lane.admit(start, 1).admitted);
    const auto refused = lane.admit(start, 1);
    EXPECT_FALSE(refused.admitted);
    EXPECT_GT(refused.not_before, start);
    EXPECT_LE(refused.not_before, start + milliseconds(1'001));
}

TEST(Lane, AnotherProcessesPauseIsKeptButNeverShortensOnesOwn) {
    Lane lane({.concurrency = 4});
    lane.pause_until(start + seconds(10), "throttled: elsewhere");
    lane.pause_until(start + seconds(5), "throttled: elsewhere too");
    EXPECT_EQ(lane.paused_until(), start + seconds(10));
    EXPECT_EQ(lane.reason(), "throttled: elsewhere");
}

}  // namespace
}  // namespace embedq::scheduler
