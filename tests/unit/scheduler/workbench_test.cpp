#include <cmath>

#include "workbench_fixture.h"

namespace embedq::scheduler {
namespace {

TEST_F(WorkbenchTest, FillsBatchesAcrossJobsInOrder) {
    bench.plan(job(1), texts(0, 40));
    bench.plan(job(2), texts(40, 40));
    const auto first = bench.take(fingerprint, limits, false);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->texts.size(), 64U);
    EXPECT_EQ(first->texts.front()->text, "text 0");
    const auto second = bench.take(fingerprint, limits, false);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->texts.size(), 16U);
    EXPECT_FALSE(bench.take(fingerprint, limits, false));
}

TEST_F(WorkbenchTest, KeepsToTheLimitOfBytesButSendsAtLeastOneText) {
    bench.plan(job(1), texts(0, 4));  // 6 bytes each
    limits.max_bytes = 13;            // filled to 95 %
    EXPECT_EQ(bench.take(fingerprint, limits, false)->texts.size(), 2U);
    limits.max_bytes = 3;
    EXPECT_EQ(bench.take(fingerprint, limits, false)->texts.size(), 1U);
}

TEST_F(WorkbenchTest, ATextThatSeveralJobsWaitForIsSentOnceAndGivenToAll) {
    bench.plan(job(1), texts(0, 10));
    bench.plan(job(2), texts(5, 10));
    EXPECT_EQ(bench.texts(), 15U);
    const auto batch = bench.take(fingerprint, limits, false);
    ASSERT_EQ(batch->texts.size(), 15U);
    bench.answer(*batch, rows(*batch));
    const CommitWork work = bench.collect(0.5);
    EXPECT_EQ(work.commit.vectors.size(), 15U);
    ASSERT_EQ(work.commit.jobs.size(), 2U);
    for (const JobReport& report : work.commit.jobs) {
        EXPECT_EQ(report.outcome, JobOutcome::succeeded);
        EXPECT_EQ(report.vectors.size(), 10U);
    }
    bench.committed(work, {true, true});
    EXPECT_EQ(bench.texts(), 0U);
    EXPECT_EQ(bench.bytes(), 0U);
    EXPECT_EQ(bench.counters().texts_embedded, 15U);
}

TEST_F(WorkbenchTest, AJobJoinsATextThatIsAnsweredButNotYetCommitted) {
    bench.plan(job(1), texts(0, 1));
    const auto batch = bench.take(fingerprint, limits, false);
    bench.answer(*batch, rows(*batch));
    bench.plan(job(2), texts(0, 1));
    EXPECT_EQ(bench.queued(fingerprint), 0U) << "it is not sent a second time";
    const auto reports = commit();
    EXPECT_EQ(reports.at(2).outcome, JobOutcome::succeeded);
    EXPECT_EQ(reports.at(2).vectors.size(), 1U);
}

TEST_F(WorkbenchTest, ATextThatComesInTwoCommitsCountsOnce) {
    bench.plan(job(1), texts(0, 1));
    drain();
    const CommitWork work = bench.collect(0.5);
    bench.plan(job(2), texts(0, 1));
    bench.committed(work, {true});
    EXPECT_EQ(commit().at(2).vectors.size(), 1U);
    EXPECT_EQ(bench.counters().texts_embedded, 1U);
    EXPECT_EQ(bench.texts(), 0U);
}

TEST_F(WorkbenchTest, APageReadBeforeACommitDoesNotSendItsTextsAgain) {
    bench.plan(job(1), texts(0, 2));
    drain();
    const HoldId second = job(2);
    bench.begin_planning();
    const MissingTexts page = texts(0, 3);  // read here
    MissingTexts forced = texts(0, 1);
    forced.force_from = as_of + std::chrono::seconds(1);
    const auto first = commit();
    ASSERT_EQ(first.at(1).outcome, JobOutcome::succeeded);
    bench.plan(second, page);
    EXPECT_EQ(bench.queued(fingerprint), 1U);
    bench.plan(job(3), forced);
    EXPECT_EQ(bench.queued(fingerprint), 2U) << "a force asks for newer ones all the same";
    bench.end_planning();
    drain();
    EXPECT_EQ(commit().at(2).outcome, JobOutcome::succeeded);
}

TEST_F(WorkbenchTest, AForcedJobDoesNotJoinATextAskedForBeforeItsForce) {
    bench.plan(job(1), texts(0, 1));
    MissingTexts forced = texts(0, 1);
    forced.as_of = as_of + std::chrono::seconds(2);
    forced.force_from = as_of + std::chrono::seconds(1);
    bench.plan(job(2), forced);
    EXPECT_EQ(bench.queued(fingerprint), 2U);
}

TEST_F(WorkbenchTest, APoisonedTextIsFoundByHalvingAndOnlyItsJobFails) {
    bench.plan(job(1), texts(0, 32));
    bench.plan(job(2), texts(32, 32));
    const int calls = drain("text 40");
    EXPECT_LE(calls, 1 + 2 + static_cast<int>(std::log2(64)));
    const auto reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(reports.at(2).outcome, JobOutcome::failed);
    EXPECT_EQ(reports.at(2).vectors.size(), 31U);
    EXPECT_EQ(reports.at(2).refusals.size(), 1U);
    EXPECT_EQ(reports.at(2).error, "operation 'op40' was refused: cannot take this");
    EXPECT_EQ(bench.texts(), 0U);
}

TEST_F(WorkbenchTest, ABrokenAnswerIsHalvedTooButChargedToTheJobThatHasTheText) {
    bench.plan(job(1), texts(0, 8));
    bench.plan(job(2), texts(8, 8));
    drain("text 12", ErrorKind::internal);
    const auto reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(reports.at(2).outcome, JobOutcome::retry);
    EXPECT_EQ(reports.at(2).vectors.size(), 7U) << "its other texts are kept";
}

TEST_F(WorkbenchTest, ABatchThatIsTooLargeIsSentInHalves) {
    bench.plan(job(1), texts(0, 64));
    const auto batch = bench.take(fingerprint, limits, false);
    bench.reject(*batch, Error{ErrorKind::too_large, "at most 40"});
    EXPECT_EQ(bench.take(fingerprint, limits, false)->texts.size(), 32U);
    EXPECT_EQ(bench.take(fingerprint, limits, false)->texts.size(), 32U);
}

TEST_F(WorkbenchTest, AThrottledBatchIsKeptWholeAndGoesFirst) {
    bench.plan(job(1), texts(0, 100));
    const auto batch = bench.take(fingerprint, limits, false);
    bench.reject(*batch, Error{ErrorKind::throttled, "slow down"});
    const auto again = bench.take(fingerprint, limits, false);
    ASSERT_EQ(again->texts.size(), 64U);
    EXPECT_EQ(again->texts.front()->text, "text 0");
    EXPECT_TRUE(commit().empty()) << "no job has anything to report";
}

TEST_F(WorkbenchTest, AProbeIsOneText) {
    bench.plan(job(1), texts(0, 10));
    EXPECT_EQ(bench.take(fingerprint, limits, true)->texts.size(), 1U);
    bench.put_back(*bench.take(fingerprint, limits, false));
    EXPECT_EQ(bench.take(fingerprint, limits, true)->texts.size(), 1U);
    EXPECT_EQ(bench.take(fingerprint, limits, false)->texts.size(), 8U);
}

TEST_F(WorkbenchTest, AnUnavailableProviderMakesTheJobRetryAfterItsBackoff) {
    settings.backoff.jitter = 0;
    bench.plan(job(1, 2), texts(0, 1));
    const auto batch = bench.take(fingerprint, limits, false);
    bench.reject(*batch, Error{ErrorKind::unavailable, "connection refused"});
    const auto report = commit().at(1);
    EXPECT_EQ(report.outcome, JobOutcome::retry);
    EXPECT_EQ(report.error, "connection refused");
    EXPECT_EQ(report.delay, std::chrono::seconds(20)) << "the third attempt";
    EXPECT_EQ(bench.texts(), 0U);
}

TEST_F(WorkbenchTest, ABatchThatNobodyAnsweredIsSentInHalvesAndChargesNobody) {
    bench.plan(job(1), texts(0, 64));
    bench.reject(*bench.take(fingerprint, limits, false), Error{ErrorKind::unavailable, "the connection was closed"},
                 limits);
    EXPECT_TRUE(commit().empty());
    EXPECT_EQ(bench.take(fingerprint, limits, false)->texts.size(), 32U);
    EXPECT_EQ(bench.take(fingerprint, limits, false)->texts.front()->text, "text 32");
}

TEST_F(WorkbenchTest, WhatWasEmbeddedBeforeAnErrorIsStored) {
    limits.max_inputs = 2;
    bench.plan(job(1), texts(0, 3));
    const auto good = bench.take(fingerprint, limits, false);
    bench.answer(*good, rows(*good));
    auto reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::progress);
    EXPECT_EQ(reports.at(1).vectors.size(), 2U);
    const auto bad = bench.take(fingerprint, limits, false);
    bench.reject(*bad, Error{ErrorKind::unavailable, "gone"});
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::retry);
}

TEST_F(WorkbenchTest, AJobWithNothingMissingSucceedsAtOnce) {
    bench.plan(job(1), texts(0, 0));
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(bench.jobs(), 0U);
}

TEST_F(WorkbenchTest, ALargeSpecIsPlannedPageByPage) {
    bench.plan(job(1), texts(0, 10, true));
    EXPECT_TRUE(bench.take_replans(10, 1'000).empty()) << "not while its page is being worked on";
    drain();
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::progress);
    const auto replans = bench.take_replans(10, 1'000);
    ASSERT_EQ(replans.size(), 1U);
    EXPECT_EQ(replans.front().second.after_position, 9);
    EXPECT_TRUE(bench.take_replans(10, 1'000).empty()) << "each page is asked for once";
    bench.plan(replans.front().first, texts(10, 3, false));
    drain();
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
}

TEST_F(WorkbenchTest, ALostJobReportsNothingAndItsTextsAreNotSent) {
    const HoldId hold = job(1);
    bench.plan(hold, texts(0, 4));
    bench.plan(job(2), texts(3, 1));
    bench.lose(hold);
    const auto batch = bench.take(fingerprint, limits, false);
    ASSERT_EQ(batch->texts.size(), 1U) << "the text that another job waits for";
    bench.answer(*batch, rows(*batch));
    const auto reports = commit();
    EXPECT_EQ(reports.size(), 1U);
    EXPECT_TRUE(reports.contains(2));
    EXPECT_EQ(bench.texts(), 0U);
}

TEST_F(WorkbenchTest, AJobLostAndClaimedAgainIsNotConfusedWithItsFormerSelf) {
    const HoldId before = job(1);
    bench.plan(before, texts(0, 2));
    const auto batch = bench.take(fingerprint, limits, false);
    bench.lose(before);
    bench.plan(job(1), texts(2, 2));
    bench.answer(*batch, rows(*batch));
    EXPECT_TRUE(commit().empty());
    drain();
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
}

TEST_F(WorkbenchTest, AReportThatTheStoreDidNotKeepLosesTheJob) {
    bench.plan(job(1), texts(0, 2));
    drain();
    const CommitWork work = bench.collect(0.5);
    bench.committed(work, {false});
    EXPECT_EQ(bench.jobs(), 0U);
    EXPECT_EQ(bench.texts(), 0U);
    EXPECT_EQ(bench.counters().texts_embedded, 0U);
    EXPECT_EQ(bench.counters().jobs_lost, 1U);
}

TEST_F(WorkbenchTest, AStopGivesBackWhatIsQueuedAndKeepsWhatIsInFlight) {
    limits.max_inputs = 2;
    bench.plan(job(1), texts(0, 4));
    bench.plan(job(2), texts(4, 2));
    const auto batch = bench.take(fingerprint, limits, false);
    bench.release_all_queued("stopping");
    auto reports = commit();
    ASSERT_TRUE(reports.contains(2));
    EXPECT_EQ(reports.at(2).outcome, JobOutcome::release);
    EXPECT_EQ(reports.at(2).error, "stopping");
    bench.answer(*batch, rows(*batch));
    reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::release);
    EXPECT_EQ(reports.at(1).vectors.size(), 2U);
}

TEST_F(WorkbenchTest, SuspectsAreKnown) {
    bench.plan(job(1, 0, 1), texts(0, 1));
    EXPECT_FALSE(bench.holds_suspect());
    bench.plan(job(2, 0, 2), texts(1, 1));
    EXPECT_TRUE(bench.holds_suspect());
}

TEST_F(WorkbenchTest, TextsOfAWriteGoBeforeTheBackgrounds) {
    const HoldId background = job(1, 0, 0, JobKind::reconciler);
    bench.plan(background, texts(0, 6));
    limits.max_inputs = 2;
    const auto first = bench.take(fingerprint, limits, false);
    ASSERT_EQ(first->texts.front()->text, "text 0");
    bench.plan(job(2), texts(10, 2));
    bench.plan(job(3, 0, 0, JobKind::manual_retry), texts(20, 1));
    std::vector<std::string> order;
    while (const auto batch = bench.take(fingerprint, limits, false)) {
        for (const TextPtr& text : batch->texts) order.push_back(text->text);
    }
    EXPECT_EQ(order,
              (std::vector<std::string>{"text 10", "text 11", "text 20", "text 2", "text 3", "text 4", "text 5"}));
}

TEST_F(WorkbenchTest, WhatIsTurnedAwayGoesBackAtOnceWithoutAnAttempt) {
    bench.plan(job(1), texts(0, 4));
    limits.max_inputs = 2;
    const auto in_flight = bench.take(fingerprint, limits, false);
    bench.turn_away(fingerprint, "another model");
    EXPECT_EQ(bench.queued(fingerprint), 0U);
    // A page that was being read meanwhile, and a call that comes back without an answer.
    bench.plan(job(2), texts(10, 3));
    EXPECT_EQ(bench.queued(fingerprint), 0U);
    bench.put_back(*in_flight);
    EXPECT_EQ(bench.queued(fingerprint), 0U);
    const auto reports = commit();
    for (const JobId id : {1, 2}) {
        EXPECT_EQ(reports.at(id).outcome, JobOutcome::release);
        EXPECT_EQ(reports.at(id).error, "another model");
    }
    EXPECT_EQ(bench.jobs(), 0U);
    EXPECT_EQ(bench.texts(), 0U);
    bench.accept(fingerprint);
    bench.plan(job(3), texts(0, 4));
    EXPECT_EQ(bench.queued(fingerprint), 4U);
}

TEST_F(WorkbenchTest, AnAnswerThatStillCameIsKeptThoughTheRestIsTurnedAway) {
    bench.plan(job(1), texts(0, 4));
    limits.max_inputs = 2;
    const auto in_flight = bench.take(fingerprint, limits, false);
    bench.turn_away(fingerprint, "another model");
    bench.answer(*in_flight, rows(*in_flight), limits);
    const auto reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::release);
    EXPECT_EQ(written.size(), 2U);
}

}  // namespace
}  // namespace embedq::scheduler
