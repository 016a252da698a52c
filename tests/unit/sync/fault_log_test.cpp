#include "sync/fault_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "conformance/test_context.h"
#include "sync/retry.h"

namespace embedq::sync {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;

const Error refused{ErrorKind::unavailable, "connection refused"};
const Error denied{ErrorKind::misconfigured, "permission denied", "grant it"};

class FaultLogTest : public testing::Test {
protected:
    [[nodiscard]] Clock::Steady now() { return context.clock().now(); }
    void advance(milliseconds by) { context.manual_clock().advance(by); }
    // Those that a process shows by default.
    [[nodiscard]] std::vector<std::string> lines() {
        std::vector<std::string> shown;
        for (const auto& [level, line] : context.logger().lines()) {
            if (level >= LogLevel::info) shown.push_back(line);
        }
        return shown;
    }

    conformance::TestContext context{"test"};
    FaultLog log{context};
};

TEST_F(FaultLogTest, AFaultIsLoggedAtItsBeginAndAtItsEnd) {
    for (int i = 0; i < 600; ++i, advance(milliseconds(500))) log.failed("claim jobs", refused);
    log.succeeded("claim jobs");
    log.succeeded("claim jobs");
    EXPECT_THAT(lines(), ElementsAre("cannot claim jobs, trying again: connection refused",
                                     "works again after 5 min: claim jobs (600 failures)"));
}

TEST_F(FaultLogTest, WhatFailsForTheSameCauseIsOneFault) {
    log.failed("claim jobs", refused);
    log.failed("extend leases", refused);
    advance(seconds(40));
    log.failed("extend leases", refused);
    log.failed("prune", denied);
    log.failed("prune", denied);
    log.succeeded("claim jobs");
    advance(seconds(20));
    log.succeeded("extend leases");
    log.succeeded("prune");
    EXPECT_THAT(lines(), ElementsAre("cannot claim jobs, trying again: connection refused",
                                     "cannot prune, trying again: permission denied; grant it",
                                     "works again after 40 s: claim jobs (1 failure), extend leases (2 failures), "
                                     "prune (2 failures)"));
}

TEST_F(FaultLogTest, WhatComesAndGoesCostsFewLinesToo) {
    std::vector<std::size_t> lines_by_minute;
    for (int minute = 0; minute < 5; ++minute) {
        const std::size_t before = lines().size();
        for (int i = 0; i < 600; ++i, advance(milliseconds(100))) {
            if (i % 2 == 0)
                log.failed("claim jobs", i % 4 == 0 ? refused : denied);
            else
                log.succeeded("claim jobs");
        }
        lines_by_minute.push_back(lines().size() - before);
    }
    for (const std::size_t count : lines_by_minute) {
        EXPECT_GE(count, 2U) << "each minute says that it happens";
        EXPECT_LE(count, FaultLines::most_a_minute);
    }
}

TEST_F(FaultLogTest, AFaultThatIsNotLoggedAtFirstIsLoggedLater) {
    for (int i = 0; i < 10; ++i) {
        log.failed("claim jobs", refused);
        log.succeeded("claim jobs");
    }
    const std::size_t before = lines().size();
    log.failed("claim jobs", refused);
    EXPECT_EQ(lines().size(), before);
    advance(minutes(1));
    log.failed("claim jobs", refused);
    log.succeeded("claim jobs");
    EXPECT_EQ(lines().size(), before + 2);
}

TEST_F(FaultLogTest, WhatIsNotTriedAgainDoesNotHideTheNextFault) {
    log.failed("publish pauses", refused);
    advance(minutes(3));
    log.failed("claim jobs", refused);
    log.succeeded("claim jobs");
    EXPECT_EQ(lines().size(), 3U);
    EXPECT_TRUE(lines().back().starts_with("works again"));
}

TEST_F(FaultLogTest, APauseSaysHowLong) {
    FaultLines lines;
    EXPECT_EQ(lines.failed("use endpoint 'one'", refused, now(), now() + seconds(30)),
              "cannot use endpoint 'one', trying again in 30 s: connection refused");
}

TEST_F(FaultLogTest, DurationsAreAsExactAsTheyMatter) {
    EXPECT_EQ(duration_in_words(milliseconds(250)), "250 ms");
    EXPECT_EQ(duration_in_words(milliseconds(1'500)), "1.5 s");
    EXPECT_EQ(duration_in_words(milliseconds(1'960)), "2 s");
    EXPECT_EQ(duration_in_words(milliseconds(43'400)), "43 s");
    EXPECT_EQ(duration_in_words(minutes(5)), "5 min");
    EXPECT_EQ(duration_in_words(milliseconds(-1)), "0 ms");
}

TEST_F(FaultLogTest, ARetryWaitsLongerAfterEachFailure) {
    Retry retry(log, context, "claim jobs", fixed_backoff(milliseconds(500), seconds(4)));
    EXPECT_LT(retry.again_at(), now()) << "nothing failed";
    for (const int wait : {500, 1'000, 2'000, 4'000, 4'000}) {
        EXPECT_FALSE(retry.succeeded(Status(std::unexpected(refused))));
        EXPECT_TRUE(retry.failing());
        EXPECT_EQ(retry.again_at(), now() + milliseconds(wait));
        advance(milliseconds(wait));
    }
    EXPECT_TRUE(retry.succeeded(Status()));
    EXPECT_FALSE(retry.failing());
    advance(seconds(5));
    retry.failed(refused);
    EXPECT_EQ(retry.again_at(), now() + milliseconds(500)) << "from the start";
    EXPECT_EQ(lines().size(), 3U);
}

TEST_F(FaultLogTest, ASuccessInBetweenDoesNotEndTheBackoff) {
    Retry retry(log, context, "listen", fixed_backoff(milliseconds(250), seconds(8)));
    int attempts = 0;
    for (const auto end = now() + minutes(1); now() < end; ++attempts) {
        retry.succeeded();
        retry.failed(refused);
        advance(std::chrono::ceil<milliseconds>(retry.again_at() - now()));
    }
    EXPECT_LE(attempts, 13) << "0.25 + 0.5 + 1 + 2 + 4 s, then 8 s each";
}

}  // namespace
}  // namespace embedq::sync
