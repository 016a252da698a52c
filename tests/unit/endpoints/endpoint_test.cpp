#include "endpoints/endpoint.h"

#include <gtest/gtest.h>

namespace embedq::endpoints {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Endpoint::Steady endpoint_start{seconds(1'000)};

Error error(ErrorKind kind, std::optional<milliseconds> retry_after = {}) {
    return {.kind = kind, .message = "the reason", .retry_after = retry_after};
}

// Makes a call that ends immediately. Returns its effect.
Endpoint::CallEffect call(Endpoint& endpoint, Endpoint::Steady now, const std::optional<Error>& outcome) {
    EXPECT_EQ(endpoint.ready_at(now), now);
    endpoint.begin(now);
    return endpoint.finished(now, outcome, 0, now);
}

void begin(Endpoint& endpoint, Endpoint::Steady now, int calls) {
    for (int i = 0; i < calls; ++i) {
        ASSERT_TRUE(endpoint.admits(now)) << i;
        endpoint.begin(now);
    }
}

TEST(Endpoint, AdmitsAsManyCallsAsItsLimit) {
    Endpoint endpoint({.concurrency = 2});
    begin(endpoint, endpoint_start, 2);
    EXPECT_FALSE(endpoint.admits(endpoint_start));
    EXPECT_EQ(endpoint.ready_at(endpoint_start), Endpoint::Steady::max()) << "time alone does not help";
    endpoint.finished(endpoint_start, std::nullopt, 0, endpoint_start);
    EXPECT_EQ(endpoint.ready_at(endpoint_start), endpoint_start);
}

TEST(Endpoint, ThrottlingPausesForExactlyAsLongAsTheProviderAsks) {
    Endpoint endpoint({.concurrency = 4, .first_concurrency = 4});
    const Endpoint::CallEffect effect =
        call(endpoint, endpoint_start, error(ErrorKind::throttled, milliseconds(7'000)));
    EXPECT_TRUE(effect.paused);
    EXPECT_FALSE(endpoint.admits(endpoint_start + milliseconds(6'999)));
    EXPECT_EQ(endpoint.ready_at(endpoint_start), endpoint_start + seconds(7));
    EXPECT_TRUE(endpoint.admits(endpoint_start + milliseconds(7'000)));
    EXPECT_FALSE(endpoint.tripped()) << "throttling is not a failure: an ordinary batch follows the pause";
    EXPECT_EQ(endpoint.throttled_for(), seconds(7));
}

TEST(Endpoint, AfterAPauseOneCallAtATimeGoesUntilOneIsAnswered) {
    Endpoint endpoint({.concurrency = 4, .first_concurrency = 4});
    begin(endpoint, endpoint_start, 4);
    const auto later = endpoint_start + milliseconds(20);
    endpoint.finished(later, error(ErrorKind::throttled, milliseconds(1'000)), 0, endpoint_start);
    endpoint.finished(later, std::nullopt, 0, endpoint_start);
    const auto resumed = later + seconds(1);
    ASSERT_TRUE(endpoint.admits(resumed)) << "although two calls from before the pause are in flight";
    endpoint.begin(resumed);
    EXPECT_FALSE(endpoint.admits(resumed));
    endpoint.finished(resumed + milliseconds(5), std::nullopt, 0, endpoint_start);
    EXPECT_FALSE(endpoint.admits(resumed + milliseconds(5)))
        << "an answer to a call from before the pause says nothing";
    EXPECT_TRUE(endpoint.finished(resumed + milliseconds(9), std::nullopt, 0, resumed).recovered);
    begin(endpoint, resumed + milliseconds(9), 3);
}

TEST(Endpoint, ThrottlingWithoutRetryAfterPausesLongerEachTime) {
    Endpoint endpoint({.concurrency = 1});
    Endpoint::Steady now = endpoint_start;
    seconds expected(1);
    for (int i = 0; i < 5; ++i) {
        call(endpoint, now, error(ErrorKind::throttled));
        EXPECT_EQ(endpoint.paused_until() - now, expected) << i;
        now = endpoint.paused_until();
        expected *= 2;
    }
    call(endpoint, now, std::nullopt);
    call(endpoint, now, error(ErrorKind::throttled));
    EXPECT_EQ(endpoint.paused_until() - now, seconds(1)) << "a success ends the doubling";
}

TEST(Endpoint, ThrottlingWithARetryAfterOfZeroPausesToo) {
    Endpoint endpoint({.concurrency = 1});
    call(endpoint, endpoint_start, error(ErrorKind::throttled, milliseconds(0)));
    EXPECT_EQ(endpoint.paused_until() - endpoint_start, seconds(1));
}

TEST(Endpoint, ConcurrencyGoesDownOnThrottlingOncePerRoundAndComesBackUp) {
    Endpoint endpoint({.concurrency = 9, .first_concurrency = 9});
    begin(endpoint, endpoint_start, 9);
    for (int i = 0; i < 9; ++i) endpoint.finished(endpoint_start, error(ErrorKind::throttled), 0, endpoint_start);
    EXPECT_NEAR(endpoint.concurrency(), 6.0, 0.01) << "nine calls of one round count once";
    for (int i = 0; i < 36; ++i) call(endpoint, endpoint_start + seconds(2 + i), std::nullopt);
    EXPECT_NEAR(endpoint.concurrency(), 9.0, 0.01);
}

TEST(Endpoint, WithRetryAfterTheConcurrencyStaysAndTheRateIsLearned) {
    Endpoint endpoint({.concurrency = 8, .first_concurrency = 8});
    Endpoint::Steady now = endpoint_start;
    for (int i = 0; i < 50; ++i, now += milliseconds(3)) call(endpoint, now, std::nullopt);
    call(endpoint, now, error(ErrorKind::throttled, seconds(1)));
    EXPECT_NEAR(endpoint.concurrency(), 8.0, 0.01);
    now += seconds(1);
    call(endpoint, now, std::nullopt);
    EXPECT_NEAR(endpoint.rate(now), 50 / 1.15 * 0.98 * 0.97, 0.5);
    EXPECT_GT(endpoint.ready_at(now), now + milliseconds(20));
    EXPECT_LE(endpoint.ready_at(now), now + milliseconds(25));
}

TEST(Endpoint, TheFirstCallsGoTwoAtATimeAndThenMore) {
    Endpoint endpoint({.concurrency = 8});
    EXPECT_NEAR(endpoint.concurrency(), 2, 0.01);
    for (int i = 0; i < 60; ++i) call(endpoint, endpoint_start + seconds(i), std::nullopt);
    EXPECT_NEAR(endpoint.concurrency(), 8, 0.01);
}

TEST(Endpoint, RefusedThreeTimesInARowItWaitsUntilItsMinuteIsOver) {
    Endpoint endpoint({.concurrency = 4});
    for (int i = 0; i < 3; ++i) call(endpoint, endpoint_start + seconds(i), std::nullopt);
    call(endpoint, endpoint_start + seconds(3), error(ErrorKind::throttled));
    EXPECT_EQ(endpoint.paused_until(), endpoint_start + seconds(4));
    call(endpoint, endpoint_start + seconds(4), error(ErrorKind::throttled));
    EXPECT_EQ(endpoint.paused_until(), endpoint_start + seconds(6)) << "twice may be chance";
    call(endpoint, endpoint_start + seconds(6), error(ErrorKind::throttled));
    EXPECT_EQ(endpoint.paused_until(), endpoint_start + seconds(61)) << "a minute, and a second, after the first call";
    call(endpoint, endpoint_start + seconds(61), std::nullopt);
    EXPECT_NEAR(endpoint.rate(endpoint_start + seconds(61)) * 60, 3, 0.3);
}

TEST(Endpoint, ARetryAfterThatIsWrongTwiceIsNotBelieved) {
    Endpoint endpoint({.concurrency = 4});
    Endpoint::Steady now = endpoint_start;
    call(endpoint, now, std::nullopt);
    for (int i = 0; i < 3; ++i) {
        now = std::max(endpoint.ready_at(now), now + milliseconds(1));
        call(endpoint, now, error(ErrorKind::throttled, milliseconds(100)));
    }
    EXPECT_EQ(endpoint.paused_until(), endpoint_start + seconds(61));
}

TEST(Endpoint, ThrottlingThatLastsIsTestedEveryTenMinutes) {
    Endpoint endpoint({.concurrency = 1});
    Endpoint::Steady now = endpoint_start;
    for (int i = 0; i < 20; ++i) {
        now = endpoint.ready_at(now);
        call(endpoint, now, error(ErrorKind::throttled));
    }
    EXPECT_EQ(endpoint.paused_until() - now, seconds(600)) << "a quota for a day is used up, say";
}

TEST(Endpoint, WhatIsRefusedAgainAndAgainPaysIfATrialIsAnswered) {
    Endpoint endpoint({.concurrency = 4});
    const auto refused = [&] {
        const auto at = endpoint.ready_at(endpoint.paused_until());
        endpoint.begin(at);
        return endpoint.finished(at, error(ErrorKind::throttled), 0, at);
    };
    call(endpoint, endpoint_start, std::nullopt);
    EXPECT_FALSE(call(endpoint, endpoint_start + seconds(1), error(ErrorKind::throttled)).charge_jobs);
    for (int i = 0; i < 4; ++i) {
        EXPECT_FALSE(endpoint.tripped()) << i;
        EXPECT_FALSE(refused().charge_jobs);
    }
    ASSERT_TRUE(endpoint.tripped());
    EXPECT_FALSE(refused().charge_jobs) << "the trial was refused, too";
    ASSERT_TRUE(endpoint.tripped());
    call(endpoint, endpoint.ready_at(endpoint.paused_until()), std::nullopt);
    EXPECT_FALSE(endpoint.tripped());
    EXPECT_TRUE(refused().charge_jobs) << "the trial was answered, and this is refused";
    EXPECT_TRUE(endpoint.tripped()) << "the next one is a trial again";
    call(endpoint, endpoint.ready_at(endpoint.paused_until()), std::nullopt);
    call(endpoint, endpoint.ready_at(endpoint.paused_until() + seconds(60)), std::nullopt);
    EXPECT_FALSE(refused().charge_jobs) << "another call was answered";
}

TEST(Endpoint, TheBreakerOpensAfterFailuresInARowAndThenTriesOneCall) {
    Endpoint endpoint({.concurrency = 5, .first_concurrency = 5});
    begin(endpoint, endpoint_start, 5);
    for (int i = 0; i < 4; ++i)
        EXPECT_FALSE(endpoint.finished(endpoint_start, error(ErrorKind::unavailable), 0, endpoint_start).paused);
    EXPECT_TRUE(endpoint.finished(endpoint_start, error(ErrorKind::unavailable), 0, endpoint_start).paused);
    EXPECT_FALSE(endpoint.admits(endpoint_start));
    EXPECT_EQ(endpoint.pause().kind, PauseKind::unavailable);
    const auto after = endpoint.paused_until();
    EXPECT_EQ(after - endpoint_start, seconds(5));
    EXPECT_TRUE(endpoint.tripped());
    begin(endpoint, after, 1);
    EXPECT_FALSE(endpoint.admits(after)) << "one trial at a time";
    endpoint.finished(after, error(ErrorKind::unavailable), 0, after);
    EXPECT_EQ(endpoint.paused_until() - after, seconds(10)) << "a failed trial doubles the pause";
    const auto again = endpoint.paused_until();
    EXPECT_TRUE(call(endpoint, again, std::nullopt).recovered);
    EXPECT_FALSE(endpoint.tripped());
    EXPECT_TRUE(endpoint.admits(again));
}

TEST(Endpoint, ATrialDoesNotWaitForEarlierCallsThatHang) {
    Endpoint endpoint({.concurrency = 8, .first_concurrency = 8});
    begin(endpoint, endpoint_start, 7);
    for (int i = 0; i < 5; ++i) endpoint.finished(endpoint_start, error(ErrorKind::unavailable), 0, endpoint_start);
    const auto after = endpoint.paused_until();
    EXPECT_EQ(endpoint.in_flight(), 2U);
    begin(endpoint, after, 1);
    EXPECT_FALSE(endpoint.admits(after));
    endpoint.finished(after, error(ErrorKind::unavailable), 0, endpoint_start);
    EXPECT_FALSE(endpoint.admits(after)) << "the end of one of them does not allow a second trial";
}

TEST(Endpoint, BetweenFailuresInARowItBacksOff) {
    Endpoint endpoint({.concurrency = 1});
    call(endpoint, endpoint_start, error(ErrorKind::unavailable));
    EXPECT_TRUE(endpoint.admits(endpoint_start)) << "after one failure the next call may go immediately";
    Endpoint::Steady now = endpoint_start;
    for (const auto backoff : {milliseconds(250), milliseconds(500), milliseconds(1'000)}) {
        call(endpoint, now, error(ErrorKind::unavailable));
        EXPECT_EQ(endpoint.ready_at(now), now + backoff);
        EXPECT_FALSE(endpoint.paused(now)) << "this is not a pause that is published to other processes";
        now += backoff;
    }
}

TEST(Endpoint, ASuccessBetweenFailuresKeepsTheBreakerClosed) {
    Endpoint endpoint({.concurrency = 4, .first_concurrency = 4});
    Endpoint::Steady now = endpoint_start;
    for (int i = 0; i < 20; ++i) {
        call(endpoint, now, error(ErrorKind::unavailable));
        now = endpoint.ready_at(now);
        if (i % 4 == 3) call(endpoint, now, std::nullopt);
    }
    EXPECT_FALSE(endpoint.paused(now));
}

TEST(Endpoint, OnlyTheFirstFailureAfterARecentAnswerIsChargedToJobs) {
    Endpoint endpoint({.concurrency = 1});
    EXPECT_FALSE(call(endpoint, endpoint_start, error(ErrorKind::unavailable)).charge_jobs)
        << "there has been no answer yet";
    call(endpoint, endpoint_start, std::nullopt);
    EXPECT_TRUE(call(endpoint, endpoint_start + seconds(30), error(ErrorKind::unavailable)).charge_jobs);
    EXPECT_FALSE(call(endpoint, endpoint_start + seconds(30), error(ErrorKind::unavailable)).charge_jobs)
        << "the second in a row";
    call(endpoint, endpoint_start + seconds(40), std::nullopt);
    EXPECT_FALSE(call(endpoint, endpoint_start + seconds(71), error(ErrorKind::unavailable)).charge_jobs)
        << "the answer is too long ago";
}

TEST(Endpoint, AFailedTrialIsNotChargedToJobs) {
    Endpoint endpoint({.concurrency = 1, .breaker_failures = 1});
    call(endpoint, endpoint_start, std::nullopt);
    EXPECT_TRUE(call(endpoint, endpoint_start, error(ErrorKind::unavailable)).charge_jobs);
    for (int i = 0; i < 20; ++i) {
        for (const ErrorKind kind : {ErrorKind::unavailable, ErrorKind::internal}) {
            EXPECT_FALSE(call(endpoint, endpoint.paused_until(), error(kind)).charge_jobs);
        }
    }
}

TEST(Endpoint, AControlDecidesWhereOneAnswerDoesNot) {
    Endpoint endpoint({.concurrency = 2});
    const auto needed = [&](ErrorKind kind, bool single) {
        return endpoint.needs_control(error(kind), single, endpoint_start);
    };
    EXPECT_TRUE(needed(ErrorKind::unavailable, false)) << "there has been no answer yet";
    call(endpoint, endpoint_start, std::nullopt);
    EXPECT_FALSE(needed(ErrorKind::unavailable, false)) << "it is halved, which charges nobody";
    EXPECT_FALSE(needed(ErrorKind::internal, false));
    for (const ErrorKind kind : {ErrorKind::unavailable, ErrorKind::internal, ErrorKind::misconfigured})
        EXPECT_TRUE(needed(kind, true)) << to_string(kind);
    EXPECT_TRUE(needed(ErrorKind::misconfigured, false));
    EXPECT_FALSE(needed(ErrorKind::throttled, true));
    EXPECT_FALSE(needed(ErrorKind::conflict, true));
    EXPECT_FALSE(endpoint.needs_control(error(ErrorKind::unavailable, seconds(1)), true, endpoint_start))
        << "the endpoint says that it is the one";
}

TEST(Endpoint, NoCallBeginsDuringAControlAndAFailedOneChargesTheEndpointUntilTheNextAnswer) {
    Endpoint endpoint({.concurrency = 4});
    call(endpoint, endpoint_start, std::nullopt);
    begin(endpoint, endpoint_start, 2);
    endpoint.begin_control();
    EXPECT_FALSE(endpoint.admits(endpoint_start));
    EXPECT_EQ(endpoint.ready_at(endpoint_start), Endpoint::Steady::max());
    endpoint.undecided(endpoint_start);
    EXPECT_EQ(endpoint.in_flight(), 1U);
    endpoint.end_control(false);
    EXPECT_TRUE(endpoint.admits(endpoint_start));
    EXPECT_FALSE(endpoint.finished(endpoint_start, error(ErrorKind::internal), 0, endpoint_start).charge_jobs);
    EXPECT_FALSE(endpoint.needs_control(error(ErrorKind::misconfigured), true, endpoint_start)) << "one is enough";
    call(endpoint, endpoint_start, std::nullopt);
    EXPECT_TRUE(endpoint.needs_control(error(ErrorKind::misconfigured), true, endpoint_start));
    EXPECT_TRUE(call(endpoint, endpoint_start, error(ErrorKind::internal)).charge_jobs);
}

TEST(Endpoint, AfterAPauseThatAFailingEndpointAskedForATrialGoes) {
    Endpoint endpoint({.concurrency = 2});
    call(endpoint, endpoint_start, std::nullopt);
    EXPECT_TRUE(call(endpoint, endpoint_start, error(ErrorKind::unavailable, seconds(3))).charge_jobs);
    EXPECT_EQ(endpoint.paused_until(), endpoint_start + seconds(3));
    EXPECT_TRUE(endpoint.tripped());
    call(endpoint, endpoint.paused_until(), std::nullopt);
    EXPECT_FALSE(endpoint.tripped());
    EXPECT_TRUE(call(endpoint, endpoint_start + seconds(4), error(ErrorKind::unavailable, seconds(3))).charge_jobs);
}

TEST(Endpoint, ABrokenAnswerIsChargedWhileTheBreakerIsClosed) {
    Endpoint endpoint({.concurrency = 1});
    EXPECT_TRUE(call(endpoint, endpoint_start, error(ErrorKind::internal)).charge_jobs);
}

TEST(Endpoint, MisconfigurationPausesImmediatelyWithItsReason) {
    Endpoint endpoint({.concurrency = 4, .first_concurrency = 4});
    EXPECT_TRUE(call(endpoint, endpoint_start, error(ErrorKind::misconfigured)).paused);
    EXPECT_EQ(endpoint.paused_until() - endpoint_start, seconds(30));
    EXPECT_EQ(endpoint.pause().text(), "misconfigured: the reason");
    EXPECT_TRUE(endpoint.tripped());
}

TEST(Endpoint, RefusedTextsAreNotFailuresOfTheEndpoint) {
    Endpoint endpoint({.concurrency = 1});
    for (int i = 0; i < 50; ++i)
        call(endpoint, endpoint_start, error(i % 2 ? ErrorKind::invalid_input : ErrorKind::too_large));
    EXPECT_TRUE(endpoint.admits(endpoint_start));
    EXPECT_NEAR(endpoint.concurrency(), 1.0, 0.01);
}

TEST(Endpoint, AnotherProcessesThrottlingIsAdoptedButNeverShortensAPause) {
    Endpoint endpoint({.concurrency = 4, .first_concurrency = 4});
    endpoint.adopt_pause({endpoint_start + seconds(10), PauseKind::throttled, "elsewhere"}, endpoint_start);
    endpoint.adopt_pause({endpoint_start + seconds(5), PauseKind::throttled, "elsewhere too"}, endpoint_start);
    EXPECT_EQ(endpoint.paused_until(), endpoint_start + seconds(10));
    EXPECT_EQ(endpoint.pause().text(), "throttled: elsewhere");
    EXPECT_FALSE(endpoint.tripped());
}

TEST(Endpoint, AnotherProcessesUnavailabilityIsAdoptedOnlyWithoutARecentAnswer) {
    Endpoint endpoint({.concurrency = 4, .first_concurrency = 4});
    call(endpoint, endpoint_start, std::nullopt);
    endpoint.adopt_pause({endpoint_start + seconds(10), PauseKind::unavailable, "elsewhere"},
                         endpoint_start + seconds(1));
    EXPECT_FALSE(endpoint.paused(endpoint_start + seconds(1))) << "it answered a second ago";
    call(endpoint, endpoint_start + seconds(2), error(ErrorKind::unavailable));
    endpoint.adopt_pause({endpoint_start + seconds(10), PauseKind::unavailable, "elsewhere"},
                         endpoint_start + seconds(2));
    EXPECT_TRUE(endpoint.paused(endpoint_start + seconds(2)));
    EXPECT_TRUE(endpoint.tripped());
    Endpoint other({.concurrency = 1});
    other.adopt_pause({endpoint_start + seconds(10), PauseKind::misconfigured, "a wrong key"}, endpoint_start);
    EXPECT_FALSE(other.paused(endpoint_start)) << "only the other process may have the wrong key";
}

TEST(Endpoint, TheMoreControlsAreLostTheMoreFailuresAreNoChance) {
    Endpoint endpoint({.concurrency = 4});
    EXPECT_EQ(endpoint.failures_needed(), 2U);
    for (int i = 0; i < 30; ++i) endpoint.count_control(i % 10 < 3);
    EXPECT_EQ(endpoint.failures_needed(), 6U);
    for (int i = 0; i < 20; ++i) endpoint.count_control(true);
    EXPECT_EQ(endpoint.failures_needed(), 2U);
}

}  // namespace
}  // namespace embedq::endpoints
