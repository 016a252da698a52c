// What a process says about its work. On a manual clock.
#include "scheduler/work_log.h"

#include <gmock/gmock.h>

#include "conformance/test_context.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class WorkLogTest : public testing::Test {
protected:
    struct Line {
        LogLevel level;
        std::string text;
        conformance::CapturingLogger::Fields fields;
    };
    std::vector<Line> lines() {
        const auto said = context.logger().lines();
        const auto fields = context.logger().fields();
        std::vector<Line> all;
        for (std::size_t i = 0; i < said.size(); ++i) all.push_back({said[i].first, said[i].second, fields[i]});
        return all;
    }
    EndedJob job(JobOutcome outcome, std::string reason = {}) {
        return {.id = ++last_id,
                .catalog_id = "shop",
                .spec_name = "pets",
                .outcome = outcome,
                .attempt = 2,
                .texts = 3,
                .reason = std::move(reason),
                .took = milliseconds(1'500)};
    }
    void passes(milliseconds time) { context.manual_clock().advance(time); }

    JobId last_id = 6;
    conformance::TestContext context{"scheduler"};
    WorkLog log{context, "host-1-ab"};
};

TEST_F(WorkLogTest, AFailedJobIsALineWithWhatItIsAbout) {
    log.ended(job(JobOutcome::failed, "the server says no"), "hosted");
    ASSERT_EQ(lines().size(), 1U);
    EXPECT_EQ(lines()[0].level, LogLevel::warn);
    EXPECT_EQ(lines()[0].text, "job 7 (shop/pets) failed after attempt 2 by provider 'hosted': the server says no");
    EXPECT_THAT(lines()[0].fields,
                UnorderedElementsAre(Pair("job", "7"), Pair("catalog", "shop"), Pair("spec", "pets"),
                                     Pair("worker", "host-1-ab"), Pair("provider", "hosted"), Pair("attempt", "2"),
                                     Pair("texts", "3"), Pair("duration_ms", "1500")));
}

TEST_F(WorkLogTest, OtherEndsAreForTheLevelDebug) {
    log.ended(job(JobOutcome::succeeded), "hosted");
    log.ended(job(JobOutcome::retry, "the server is away"), "");
    ASSERT_EQ(lines().size(), 2U);
    for (const Line& line : lines()) EXPECT_EQ(line.level, LogLevel::debug);
    EXPECT_EQ(lines()[0].text, "job 7 (shop/pets) succeeded: 3 texts embedded in 1.5 s");
    EXPECT_EQ(lines()[1].text, "job 8 (shop/pets) is to be tried again after attempt 2: the server is away");
}

TEST_F(WorkLogTest, ManyFailuresCostFewLinesAndAreCounted) {
    for (int i = 0; i < 100; ++i) log.ended(job(JobOutcome::failed, "no"), "hosted");
    EXPECT_EQ(lines().size(), WorkLog::failures_a_minute);
    passes(seconds(61));
    log.ended(job(JobOutcome::failed, "no"), "hosted");
    EXPECT_THAT(lines().back().text, HasSubstr("; 80 jobs failed before it without a line"));
}

TEST_F(WorkLogTest, WhatWasDoneIsALineAMinuteAndIdlenessIsNone) {
    log.started();
    Counters counters;
    const auto look_for = [&](seconds time) {
        for (seconds passed{0}; passed < time; passed += seconds(5)) {
            log.work_done(counters);
            passes(seconds(5));
        }
    };
    look_for(seconds(600));
    counters.calls = 3;  // samples, to see whether a paused endpoint answers
    look_for(seconds(600));
    EXPECT_TRUE(lines().empty()) << lines().front().text;
    counters.jobs_succeeded = 4;
    counters.texts_embedded = 40;
    counters.tokens = 12'900;
    look_for(seconds(600));
    ASSERT_EQ(lines().size(), 1U);
    EXPECT_EQ(lines()[0].level, LogLevel::info);
    EXPECT_EQ(lines()[0].text,
              "in 60 s: 4 jobs succeeded, 0 failed, 0 to be tried again; 40 texts embedded, 0 refused; 3 calls, 0 of "
              "them failed, 12,900 tokens");
    EXPECT_THAT(lines()[0].fields,
                AllOf(testing::Contains(Pair("jobs_succeeded", "4")), testing::Contains(Pair("texts", "40")),
                      testing::Contains(Pair("tokens", "12900")), testing::Contains(Pair("duration_ms", "60000"))));
    counters.jobs_failed = 1;
    look_for(seconds(120));
    ASSERT_EQ(lines().size(), 2U);
    EXPECT_THAT(lines()[1].text, HasSubstr("0 jobs succeeded, 1 failed"));
}

TEST_F(WorkLogTest, TheEndIsASum) {
    log.started();
    passes(seconds(90));
    log.stopped({.jobs_succeeded = 1, .texts_embedded = 40, .calls = 1, .calls_failed = 0});
    ASSERT_EQ(lines().size(), 1U);
    EXPECT_EQ(lines()[0].text,
              "stopped after 90 s: 1 job succeeded, 0 failed, 0 to be tried again; 40 texts embedded, 0 refused; 1 "
              "call, 0 of them failed");
    EXPECT_THAT(lines()[0].fields, testing::Contains(Pair("duration_ms", "90000")));
}

}  // namespace
}  // namespace embedq::scheduler
