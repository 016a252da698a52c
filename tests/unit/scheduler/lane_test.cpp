#include "scheduler/lane.h"

#include <gtest/gtest.h>

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Lane::Steady lane_start{seconds(1'000)};

Error error(ErrorKind kind, std::optional<milliseconds> retry_after = {}) {
    return {kind, "said so", retry_after, {}};
}

// A call that begins and ends at once; what it means.
Lane::Verdict call(Lane& lane, Lane::Steady now, const std::optional<Error>& outcome) {
    EXPECT_EQ(lane.ready_at(now), now);
    lane.begin(now);
    return lane.finished(now, outcome, 0, now);
}

void begin(Lane& lane, Lane::Steady now, int calls) {
    for (int i = 0; i < calls; ++i) {
        ASSERT_TRUE(lane.open(now)) << i;
        lane.begin(now);
    }
}

TEST(Lane, AdmitsAsManyCallsAsItsLimit) {
    Lane lane({.concurrency = 2});
    begin(lane, lane_start, 2);
    EXPECT_FALSE(lane.open(lane_start));
    EXPECT_EQ(lane.ready_at(lane_start), Lane::Steady::max()) << "time alone does not help";
    lane.finished(lane_start, std::nullopt, 0, lane_start);
    EXPECT_EQ(lane.ready_at(lane_start), lane_start);
}

TEST(Lane, ThrottlingPausesForExactlyAsLongAsTheProviderAsks) {
    Lane lane({.concurrency = 4});
    const Lane::Verdict verdict = call(lane, lane_start, error(ErrorKind::throttled, milliseconds(7'000)));
    EXPECT_TRUE(verdict.paused);
    EXPECT_FALSE(lane.open(lane_start + milliseconds(6'999)));
    EXPECT_EQ(lane.ready_at(lane_start), lane_start + seconds(7));
    EXPECT_TRUE(lane.open(lane_start + milliseconds(7'000)));
    EXPECT_FALSE(lane.probing()) << "throttling is no fault: what comes after the pause is an ordinary batch";
    EXPECT_EQ(lane.throttled_for(), seconds(7));
}

TEST(Lane, AfterAPauseOneCallGoesUntilItIsAnswered) {
    Lane lane({.concurrency = 4});
    begin(lane, lane_start, 4);
    const auto later = lane_start + milliseconds(20);
    lane.finished(later, error(ErrorKind::throttled, milliseconds(1'000)), 0, lane_start);
    lane.finished(later, std::nullopt, 0, lane_start);
    const auto resumed = later + seconds(1);
    ASSERT_TRUE(lane.open(resumed)) << "though two calls from before the pause are still out";
    lane.begin(resumed);
    EXPECT_FALSE(lane.open(resumed));
    lane.finished(resumed + milliseconds(5), std::nullopt, 0, lane_start);
    EXPECT_FALSE(lane.open(resumed + milliseconds(5))) << "an answer to a call from before the pause says nothing";
    EXPECT_TRUE(lane.finished(resumed + milliseconds(9), std::nullopt, 0, resumed).recovered);
    begin(lane, resumed + milliseconds(9), 3);
}

TEST(Lane, ThrottlingWithoutRetryAfterPausesLongerEachTime) {
    Lane lane({.concurrency = 1});
    Lane::Steady now = lane_start;
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

TEST(Lane, ThrottlingForNoTimeIsNoLeaveToHammer) {
    Lane lane({.concurrency = 1});
    call(lane, lane_start, error(ErrorKind::throttled, milliseconds(0)));
    EXPECT_EQ(lane.paused_until() - lane_start, seconds(1));
}

TEST(Lane, ConcurrencyGoesDownOnThrottlingOncePerRoundAndComesBackUp) {
    Lane lane({.concurrency = 9});
    begin(lane, lane_start, 9);
    for (int i = 0; i < 9; ++i) lane.finished(lane_start, error(ErrorKind::throttled), 0, lane_start);
    EXPECT_NEAR(lane.concurrency(), 6.0, 0.01) << "nine calls of one round count once";
    for (int i = 0; i < 30; ++i) call(lane, lane_start + seconds(2 + i), std::nullopt);
    EXPECT_NEAR(lane.concurrency(), 9.0, 0.01);
}

TEST(Lane, WhereTheServerSaysHowLongToWaitConcurrencyStaysAndThePaceIsLearned) {
    Lane lane({.concurrency = 8});
    Lane::Steady now = lane_start;
    for (int i = 0; i < 50; ++i, now += milliseconds(3)) call(lane, now, std::nullopt);
    call(lane, now, error(ErrorKind::throttled, seconds(1)));
    EXPECT_NEAR(lane.concurrency(), 8.0, 0.01);
    EXPECT_NEAR(lane.pace(now + seconds(1)), 50 * 0.98 * 0.97, 0.5);
    now += seconds(1);
    call(lane, now, std::nullopt);
    call(lane, now + milliseconds(30), std::nullopt);
    EXPECT_GT(lane.ready_at(now + milliseconds(30)), now + milliseconds(30));
    EXPECT_LE(lane.ready_at(now + milliseconds(30)), now + milliseconds(52));
}

TEST(Lane, BreakerOpensAfterFailuresInARowAndProbesWithOneCall) {
    Lane lane({.concurrency = 5});
    begin(lane, lane_start, 5);
    for (int i = 0; i < 4; ++i)
        EXPECT_FALSE(lane.finished(lane_start, error(ErrorKind::unavailable), 0, lane_start).paused);
    EXPECT_TRUE(lane.finished(lane_start, error(ErrorKind::unavailable), 0, lane_start).paused);
    EXPECT_FALSE(lane.open(lane_start));
    EXPECT_TRUE(lane.reason().starts_with("unavailable"));
    const auto after = lane.paused_until();
    EXPECT_EQ(after - lane_start, seconds(5));
    EXPECT_TRUE(lane.probing());
    begin(lane, after, 1);
    EXPECT_FALSE(lane.open(after)) << "one probe at a time";
    lane.finished(after, error(ErrorKind::unavailable), 0, after);
    EXPECT_EQ(lane.paused_until() - after, seconds(10)) << "a failed probe doubles the pause";
    const auto again = lane.paused_until();
    EXPECT_TRUE(call(lane, again, std::nullopt).recovered);
    EXPECT_FALSE(lane.probing());
    EXPECT_TRUE(lane.open(again));
}

TEST(Lane, AProbeDoesNotWaitForCallsThatHangFromBefore) {
    Lane lane({.concurrency = 8});
    begin(lane, lane_start, 7);
    for (int i = 0; i < 5; ++i) lane.finished(lane_start, error(ErrorKind::unavailable), 0, lane_start);
    const auto after = lane.paused_until();
    EXPECT_EQ(lane.in_flight(), 2U);
    begin(lane, after, 1);
    EXPECT_FALSE(lane.open(after));
    lane.finished(after, error(ErrorKind::unavailable), 0, lane_start);
    EXPECT_FALSE(lane.open(after)) << "nor does the end of one of them make room for a second probe";
}

TEST(Lane, BetweenFailuresInARowItTakesABreath) {
    Lane lane({.concurrency = 1});
    call(lane, lane_start, error(ErrorKind::unavailable));
    EXPECT_TRUE(lane.open(lane_start)) << "one failure is nothing";
    Lane::Steady now = lane_start;
    for (const auto breath : {milliseconds(250), milliseconds(500), milliseconds(1'000)}) {
        call(lane, now, error(ErrorKind::unavailable));
        EXPECT_EQ(lane.ready_at(now), now + breath);
        EXPECT_FALSE(lane.paused(now)) << "which is no pause that others need to hear of";
        now += breath;
    }
}

TEST(Lane, ASuccessInBetweenKeepsTheBreakerClosed) {
    Lane lane({.concurrency = 4});
    Lane::Steady now = lane_start;
    for (int i = 0; i < 20; ++i) {
        call(lane, now, error(ErrorKind::unavailable));
        now = lane.ready_at(now);
        if (i % 4 == 3) call(lane, now, std::nullopt);
    }
    EXPECT_FALSE(lane.paused(now));
}

TEST(Lane, OnlyTheFirstFailureAfterAFreshAnswerMayBeTheJobs) {
    Lane lane({.concurrency = 1});
    EXPECT_FALSE(call(lane, lane_start, error(ErrorKind::unavailable)).jobs_pay) << "nobody has been answered yet";
    call(lane, lane_start, std::nullopt);
    EXPECT_TRUE(call(lane, lane_start + seconds(30), error(ErrorKind::unavailable)).jobs_pay);
    EXPECT_FALSE(call(lane, lane_start + seconds(30), error(ErrorKind::unavailable)).jobs_pay) << "the second in a row";
    call(lane, lane_start + seconds(40), std::nullopt);
    EXPECT_FALSE(call(lane, lane_start + seconds(71), error(ErrorKind::unavailable)).jobs_pay)
        << "the answer is too long ago";
}

TEST(Lane, AProbeThatFindsNobodyChargesNoJob) {
    Lane lane({.concurrency = 1, .breaker_failures = 1});
    call(lane, lane_start, std::nullopt);
    EXPECT_TRUE(call(lane, lane_start, error(ErrorKind::unavailable)).jobs_pay);
    for (int i = 0; i < 20; ++i) {
        for (const ErrorKind kind : {ErrorKind::unavailable, ErrorKind::internal}) {
            EXPECT_FALSE(call(lane, lane.paused_until(), error(kind)).jobs_pay);
        }
    }
}

TEST(Lane, ABrokenAnswerIsChargedWhileTheBreakerIsClosed) {
    Lane lane({.concurrency = 1});
    EXPECT_TRUE(call(lane, lane_start, error(ErrorKind::internal)).jobs_pay);
}

TEST(Lane, MisconfigurationPausesAtOnceWithItsReason) {
    Lane lane({.concurrency = 4});
    EXPECT_TRUE(call(lane, lane_start, error(ErrorKind::misconfigured)).paused);
    EXPECT_EQ(lane.paused_until() - lane_start, seconds(30));
    EXPECT_EQ(lane.reason(), "misconfigured: said so");
    EXPECT_TRUE(lane.probing());
}

TEST(Lane, RefusedTextsSayNothingAgainstTheLane) {
    Lane lane({.concurrency = 1});
    for (int i = 0; i < 50; ++i) call(lane, lane_start, error(i % 2 ? ErrorKind::invalid_input : ErrorKind::too_large));
    EXPECT_TRUE(lane.open(lane_start));
    EXPECT_NEAR(lane.concurrency(), 1.0, 0.01);
}

TEST(Lane, AnotherProcessesThrottlingIsKeptToButNeverShortensOnesOwn) {
    Lane lane({.concurrency = 4});
    lane.adopt_pause(lane_start + seconds(10), "throttled: elsewhere", lane_start);
    lane.adopt_pause(lane_start + seconds(5), "throttled: elsewhere too", lane_start);
    EXPECT_EQ(lane.paused_until(), lane_start + seconds(10));
    EXPECT_EQ(lane.reason(), "throttled: elsewhere");
    EXPECT_FALSE(lane.probing());
}

TEST(Lane, AnotherProcessesBrokenRoadIsBelievedOnlyWithoutAnAnswerOfOnesOwn) {
    Lane lane({.concurrency = 4});
    call(lane, lane_start, std::nullopt);
    lane.adopt_pause(lane_start + seconds(10), "unavailable: elsewhere", lane_start + seconds(1));
    EXPECT_FALSE(lane.paused(lane_start + seconds(1))) << "it was answered a second ago";
    call(lane, lane_start + seconds(2), error(ErrorKind::unavailable));
    lane.adopt_pause(lane_start + seconds(10), "unavailable: elsewhere", lane_start + seconds(2));
    EXPECT_TRUE(lane.paused(lane_start + seconds(2)));
    EXPECT_TRUE(lane.probing());
    Lane other({.concurrency = 1});
    other.adopt_pause(lane_start + seconds(10), "misconfigured: a wrong key", lane_start);
    EXPECT_FALSE(other.paused(lane_start)) << "the key may be the other's own";
}

}  // namespace
}  // namespace embedq::scheduler
