#include <cmath>

#include "work_queue_fixture.h"

namespace embedq::scheduler {
namespace {

TEST_F(WorkQueueTest, FillsBatchesAcrossJobsInOrder) {
    queue.plan(job(1), texts(0, 40));
    queue.plan(job(2), texts(40, 40));
    const auto first = queue.take(fingerprint, limits);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->texts.size(), 64U);
    EXPECT_EQ(first->texts.front()->text, "text 0");
    const auto second = queue.take(fingerprint, limits);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->texts.size(), 16U);
    EXPECT_FALSE(queue.take(fingerprint, limits));
}

TEST_F(WorkQueueTest, KeepsToTheLimitOfBytesButSendsAtLeastOneText) {
    queue.plan(job(1), texts(0, 4));  // 6 bytes each
    limits.max_bytes = 13;            // filled to 95 %
    EXPECT_EQ(queue.take(fingerprint, limits)->texts.size(), 2U);
    limits.max_bytes = 3;
    EXPECT_EQ(queue.take(fingerprint, limits)->texts.size(), 1U);
}

TEST_F(WorkQueueTest, ATextThatSeveralJobsWaitForIsSentOnceAndReportedByAll) {
    queue.plan(job(1), texts(0, 10));
    queue.plan(job(2), texts(5, 10));
    EXPECT_EQ(queue.texts(), 15U);
    const auto batch = queue.take(fingerprint, limits);
    ASSERT_EQ(batch->texts.size(), 15U);
    queue.batch_answered(*batch, rows(*batch));
    const CommitWork work = queue.collect(0.5);
    EXPECT_EQ(work.commit.vectors.size(), 15U);
    ASSERT_EQ(work.commit.jobs.size(), 2U);
    for (const JobReport& report : work.commit.jobs) {
        EXPECT_EQ(report.outcome, JobOutcome::succeeded);
        EXPECT_EQ(report.vectors.size(), 10U);
    }
    queue.committed(work, {Kept::yes, Kept::yes});
    EXPECT_EQ(queue.texts(), 0U);
    EXPECT_EQ(queue.bytes(), 0U);
    EXPECT_EQ(queue.counters().texts_embedded, 15U);
}

TEST_F(WorkQueueTest, AJobJoinsATextThatIsAnsweredButNotYetCommitted) {
    queue.plan(job(1), texts(0, 1));
    const auto batch = queue.take(fingerprint, limits);
    queue.batch_answered(*batch, rows(*batch));
    queue.plan(job(2), texts(0, 1));
    EXPECT_EQ(queue.queued(fingerprint), 0U) << "it is not sent a second time";
    const auto reports = commit();
    EXPECT_EQ(reports.at(2).outcome, JobOutcome::succeeded);
    EXPECT_EQ(reports.at(2).vectors.size(), 1U);
}

TEST_F(WorkQueueTest, ATextThatComesInTwoCommitsCountsOnce) {
    queue.plan(job(1), texts(0, 1));
    drain();
    const CommitWork work = queue.collect(0.5);
    queue.plan(job(2), texts(0, 1));
    queue.committed(work, {Kept::yes});
    EXPECT_EQ(commit().at(2).vectors.size(), 1U);
    EXPECT_EQ(queue.counters().texts_embedded, 1U);
    EXPECT_EQ(queue.texts(), 0U);
}

TEST_F(WorkQueueTest, APageReadBeforeACommitDoesNotSendItsTextsAgain) {
    queue.plan(job(1), texts(0, 2));
    drain();
    const HoldId second = job(2);
    queue.begin_planning();
    const MissingTexts page = texts(0, 3);  // read here
    MissingTexts forced = texts(0, 1);
    forced.force_from = as_of + std::chrono::seconds(1);
    const auto first = commit();
    ASSERT_EQ(first.at(1).outcome, JobOutcome::succeeded);
    queue.plan(second, page);
    EXPECT_EQ(queue.queued(fingerprint), 1U);
    queue.plan(job(3), forced);
    EXPECT_EQ(queue.queued(fingerprint), 2U) << "a force still asks for newer ones";
    queue.end_planning();
    drain();
    EXPECT_EQ(commit().at(2).outcome, JobOutcome::succeeded);
}

TEST_F(WorkQueueTest, AForcedJobDoesNotJoinATextAskedForBeforeItsForce) {
    queue.plan(job(1), texts(0, 1));
    MissingTexts forced = texts(0, 1);
    forced.as_of = as_of + std::chrono::seconds(2);
    forced.force_from = as_of + std::chrono::seconds(1);
    queue.plan(job(2), forced);
    EXPECT_EQ(queue.queued(fingerprint), 2U);
}

TEST_F(WorkQueueTest, APoisonedTextIsIsolatedByHalvingAndOnlyItsJobFails) {
    queue.plan(job(1), texts(0, 32));
    queue.plan(job(2), texts(32, 32));
    const int calls = drain("text 40");
    EXPECT_LE(calls, 1 + 2 + static_cast<int>(std::log2(64)) + 1);
    const auto reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(reports.at(2).outcome, JobOutcome::failed);
    EXPECT_EQ(reports.at(2).vectors.size(), 31U);
    EXPECT_EQ(reports.at(2).refusals.size(), 1U);
    EXPECT_EQ(
        reports.at(2).error,
        "operation 'op40' was refused: cannot take this; it is asked for again from time to time, or at once with "
        "`embedq jobs retry 2`");
    EXPECT_EQ(queue.texts(), 0U);
}

TEST_F(WorkQueueTest, ABatchThatFailedForTheEndpointGoesBehindAllThatIsQueued) {
    limits.max_inputs = 2;
    queue.plan(job(1), texts(0, 6));
    const Error error{ErrorKind::unavailable, "status 500"};
    queue.batch_failed(*queue.take(fingerprint, limits), error, {limits, now}, false);
    queue.plan(job(2), texts(10, 2));
    EXPECT_EQ(queue.queued(fingerprint), 8U);
    std::vector<std::string> order;
    while (const auto batch = queue.take(fingerprint, limits)) order.push_back(batch->texts.front()->text);
    EXPECT_EQ(order, (std::vector<std::string>{"text 2", "text 4", "text 0", "text 10"})) << "but not for ever";
    EXPECT_EQ(queue.queued(fingerprint), 0U);
    queue.plan(job(3), texts(20, 2));
    queue.batch_failed(*queue.take(fingerprint, limits), error, {limits, now}, false);
    queue.release_all_queued("stopping");
    EXPECT_FALSE(queue.take(fingerprint, limits));
    EXPECT_EQ(commit().at(3).outcome, JobOutcome::release);
}

TEST_F(WorkQueueTest, ABatchThatIsAlwaysThrottledDoesNotHoldUpTheOthers) {
    limits.max_inputs = 2;
    queue.plan(job(1), texts(0, 2));
    queue.plan(job(2), texts(2, 4));
    int throttled = 0;
    std::vector<std::string> answered;
    for (int calls = 0; calls < 8; ++calls) {
        const auto batch = queue.take(fingerprint, limits);
        ASSERT_TRUE(batch);
        if (batch->texts.front()->text == "text 0") {
            ++throttled;
            queue.batch_failed(*batch, Error{ErrorKind::throttled, "busy"}, {limits, now}, false);
            continue;
        }
        answered.push_back(batch->texts.front()->text);
        queue.batch_answered(*batch, rows(*batch), {limits, now});
    }
    EXPECT_EQ(answered, (std::vector<std::string>{"text 2", "text 4"}));
    EXPECT_EQ(throttled, 6);
    const auto reports = commit();
    EXPECT_EQ(reports.size(), 1U) << "throttling is free";
    EXPECT_EQ(reports.at(2).outcome, JobOutcome::succeeded);
}

TEST_F(WorkQueueTest, ARefusedTextGoesOnceMoreLaterAndBehindAllOthers) {
    limits.max_inputs = 2;
    queue.plan(job(1), texts(0, 1));
    const Error refusal{ErrorKind::invalid_input, "Model unloaded"};
    queue.batch_failed(*queue.take(fingerprint, limits), refusal, {limits, now});
    EXPECT_TRUE(commit().empty()) << "nothing is final from one refusal";
    EXPECT_EQ(queue.texts(), 1U) << "its job is held";
    EXPECT_EQ(queue.due_again_at(fingerprint), now + std::chrono::seconds(5));
    now += std::chrono::milliseconds(4'999);
    queue.queue_due_again(fingerprint, now);
    EXPECT_FALSE(queue.take(fingerprint, limits));
    queue.plan(job(2), texts(10, 3));
    now += std::chrono::milliseconds(1);
    queue.queue_due_again(fingerprint, now);
    EXPECT_FALSE(queue.due_again_at(fingerprint));
    std::vector<std::vector<std::string>> order;
    while (const auto batch = queue.take(fingerprint, limits)) {
        order.emplace_back();
        for (const TextPtr& text : batch->texts) order.back().push_back(text->text);
        queue.batch_answered(*batch, rows(*batch), {limits, now});
    }
    EXPECT_EQ(order, (std::vector<std::vector<std::string>>{{"text 10", "text 11"}, {"text 12"}, {"text 0"}}))
        << "alone, since it may spoil a whole call again";
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
}

TEST_F(WorkQueueTest, ATextWithARefusalOfItsOwnGoesOnceMoreWithOthers) {
    queue.plan(job(1), texts(0, 4));
    const Error refusal{ErrorKind::invalid_input, "no"};
    for (int i = 0; i < 2; ++i) {
        const auto batch = queue.take(fingerprint, limits);
        ASSERT_TRUE(batch);
        EmbedResult result = rows(*batch);
        for (std::size_t text = 0; text < 2; ++text) result.errors.push_back({text, refusal});
        queue.batch_answered(*batch, std::move(result), {limits, now});
        now += std::chrono::seconds(5);
        queue.queue_due_again(fingerprint, now);
    }
    EXPECT_FALSE(queue.take(fingerprint, limits));
    const auto report = commit().at(1);
    EXPECT_EQ(report.outcome, JobOutcome::failed);
    EXPECT_EQ(report.vectors.size(), 2U);
    EXPECT_EQ(report.error,
              "operation 'op0' was refused: no (and 1 more); it is asked for again from time to time, or at once with "
              "`embedq jobs retry 1`");
}

TEST_F(WorkQueueTest, ABrokenAnswerIsHalvedTooButChargedToTheTextsJob) {
    queue.plan(job(1), texts(0, 8));
    queue.plan(job(2), texts(8, 8));
    drain("text 12", ErrorKind::internal);
    const auto reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(reports.at(2).outcome, JobOutcome::retry);
    EXPECT_EQ(reports.at(2).vectors.size(), 7U) << "its other texts are kept";
}

TEST_F(WorkQueueTest, ABatchThatIsTooLargeIsSentInHalves) {
    queue.plan(job(1), texts(0, 64));
    const auto batch = queue.take(fingerprint, limits);
    queue.batch_failed(*batch, Error{ErrorKind::too_large, "at most 40"});
    EXPECT_EQ(queue.take(fingerprint, limits)->texts.size(), 32U);
    EXPECT_EQ(queue.take(fingerprint, limits)->texts.size(), 32U);
}

TEST_F(WorkQueueTest, AThrottledBatchIsKeptWholeAndGoesFirst) {
    queue.plan(job(1), texts(0, 100));
    const auto batch = queue.take(fingerprint, limits);
    queue.batch_failed(*batch, Error{ErrorKind::throttled, "slow down"}, {}, false);
    const auto again = queue.take(fingerprint, limits);
    ASSERT_EQ(again->texts.size(), 64U);
    EXPECT_EQ(again->texts.front()->text, "text 0");
    EXPECT_TRUE(commit().empty()) << "no job has anything to report";
}

TEST_F(WorkQueueTest, AThrottledTextThatIsAtFaultUsesUpAnAttempt) {
    settings.backoff.jitter = 0;
    queue.plan(job(1), texts(0, 2));
    const Error busy{ErrorKind::throttled, "busy"};
    queue.batch_failed(*queue.take(fingerprint, limits), busy, {limits, now}, true);
    EXPECT_TRUE(commit().empty()) << "several texts go in halves";
    const auto first = queue.take(fingerprint, limits);
    ASSERT_EQ(first->texts.size(), 1U);
    queue.batch_failed(*first, busy, {limits, now}, false);
    const auto other = queue.take(fingerprint, limits);
    queue.batch_answered(*other, rows(*other), {limits, now});
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::retry);
}

TEST_F(WorkQueueTest, AnUnavailableProviderMakesTheJobRetryAfterItsBackoff) {
    settings.backoff.jitter = 0;
    queue.plan(job(1, 2), texts(0, 1));
    const auto batch = queue.take(fingerprint, limits);
    queue.batch_failed(*batch, Error{ErrorKind::unavailable, "connection refused"});
    const auto report = commit().at(1);
    EXPECT_EQ(report.outcome, JobOutcome::retry);
    EXPECT_EQ(report.error, "operation 'op0': connection refused");
    EXPECT_EQ(report.delay, std::chrono::seconds(20)) << "the third attempt";
    EXPECT_EQ(queue.texts(), 0U);
}

TEST_F(WorkQueueTest, ABatchThatWasNotAnsweredIsSentInHalvesAndChargedToNoJob) {
    queue.plan(job(1), texts(0, 64));
    queue.batch_failed(*queue.take(fingerprint, limits), Error{ErrorKind::unavailable, "the connection was closed"},
                       {limits, now});
    EXPECT_TRUE(commit().empty());
    EXPECT_EQ(queue.take(fingerprint, limits)->texts.size(), 32U);
    EXPECT_EQ(queue.take(fingerprint, limits)->texts.front()->text, "text 32");
}

TEST_F(WorkQueueTest, TextsEmbeddedBeforeAnErrorAreStored) {
    limits.max_inputs = 2;
    queue.plan(job(1), texts(0, 3));
    const auto good = queue.take(fingerprint, limits);
    queue.batch_answered(*good, rows(*good));
    auto reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::progress);
    EXPECT_EQ(reports.at(1).vectors.size(), 2U);
    const auto bad = queue.take(fingerprint, limits);
    queue.batch_failed(*bad, Error{ErrorKind::unavailable, "gone"});
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::retry);
}

TEST_F(WorkQueueTest, AJobWithNothingMissingSucceedsImmediately) {
    queue.plan(job(1), texts(0, 0));
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
    EXPECT_EQ(queue.jobs(), 0U);
}

TEST_F(WorkQueueTest, ALargeSpecIsPlannedPageByPage) {
    queue.plan(job(1), texts(0, 10, true));
    EXPECT_TRUE(queue.take_next_pages(10, 1'000).empty()) << "not before its page is done";
    drain();
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::progress);
    const auto next_pages = queue.take_next_pages(10, 1'000);
    ASSERT_EQ(next_pages.size(), 1U);
    EXPECT_EQ(next_pages.front().second.after_position, 9);
    EXPECT_TRUE(queue.take_next_pages(10, 1'000).empty()) << "each page is requested once";
    queue.plan(next_pages.front().first, texts(10, 3, false));
    drain();
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
}

TEST_F(WorkQueueTest, ALostJobReportsNothingAndItsTextsAreNotSent) {
    const HoldId hold = job(1);
    queue.plan(hold, texts(0, 4));
    queue.plan(job(2), texts(3, 1));
    queue.lose(hold);
    const auto batch = queue.take(fingerprint, limits);
    ASSERT_EQ(batch->texts.size(), 1U) << "the text that the other job waits for";
    queue.batch_answered(*batch, rows(*batch));
    const auto reports = commit();
    EXPECT_EQ(reports.size(), 1U);
    EXPECT_TRUE(reports.contains(2));
    EXPECT_EQ(queue.texts(), 0U);
}

TEST_F(WorkQueueTest, AJobThatIsLostAndClaimedAgainIsADifferentHold) {
    const HoldId before = job(1);
    queue.plan(before, texts(0, 2));
    const auto batch = queue.take(fingerprint, limits);
    queue.lose(before);
    queue.plan(job(1), texts(2, 2));
    queue.batch_answered(*batch, rows(*batch));
    EXPECT_TRUE(commit().empty());
    drain();
    EXPECT_EQ(commit().at(1).outcome, JobOutcome::succeeded);
}

TEST_F(WorkQueueTest, AReportThatTheStoreDidNotKeepLosesTheJob) {
    queue.plan(job(1), texts(0, 2));
    drain();
    const CommitWork work = queue.collect(0.5);
    queue.committed(work, {Kept::lease_over});
    EXPECT_EQ(queue.jobs(), 0U);
    EXPECT_EQ(queue.texts(), 0U);
    EXPECT_EQ(queue.counters().texts_embedded, 0U);
    EXPECT_EQ(queue.counters().jobs_lost, 1U);
}

TEST_F(WorkQueueTest, WhileAnOutcomeIsOnItsWayItsAnswerDecidesWhetherTheLeaseIsOver) {
    for (const Kept kept : {Kept::yes, Kept::lease_over}) {
        const HoldId hold = job(1);
        queue.plan(hold, texts(0, 2));
        drain();
        const CommitWork work = queue.collect(0.5);
        queue.lease_over(hold);
        EXPECT_EQ(queue.jobs(), 1U);
        queue.committed(work, {kept});
        EXPECT_EQ(queue.jobs(), 0U);
    }
    EXPECT_EQ(queue.counters().jobs_succeeded, 1U);
    EXPECT_EQ(queue.counters().jobs_lost, 1U);
    queue.lease_over(job(2));
    EXPECT_EQ(queue.jobs(), 0U) << "its outcome is not known";
}

TEST_F(WorkQueueTest, AStopGivesBackWhatIsQueuedAndKeepsWhatIsInFlight) {
    limits.max_inputs = 2;
    queue.plan(job(1), texts(0, 4));
    queue.plan(job(2), texts(4, 2));
    const auto batch = queue.take(fingerprint, limits);
    queue.release_all_queued("stopping");
    auto reports = commit();
    ASSERT_TRUE(reports.contains(2));
    EXPECT_EQ(reports.at(2).outcome, JobOutcome::release);
    EXPECT_EQ(reports.at(2).error, "stopping");
    queue.batch_answered(*batch, rows(*batch));
    reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::release);
    EXPECT_EQ(reports.at(1).vectors.size(), 2U);
}

TEST_F(WorkQueueTest, AJobIsSuspectAfterTwoExpiries) {
    queue.plan(job(1, 0, 1), texts(0, 1));
    EXPECT_FALSE(queue.holds_suspect());
    queue.plan(job(2, 0, 2), texts(1, 1));
    EXPECT_TRUE(queue.holds_suspect());
}

TEST_F(WorkQueueTest, TextsOfAWriteGoBeforeThoseOfBackgroundJobs) {
    const HoldId background = job(1, 0, 0, JobKind::reconciler);
    queue.plan(background, texts(0, 6));
    limits.max_inputs = 2;
    const auto first = queue.take(fingerprint, limits);
    ASSERT_EQ(first->texts.front()->text, "text 0");
    queue.plan(job(2), texts(10, 2));
    queue.plan(job(3, 0, 0, JobKind::manual_retry), texts(20, 1));
    std::vector<std::string> order;
    while (const auto batch = queue.take(fingerprint, limits)) {
        for (const TextPtr& text : batch->texts) order.push_back(text->text);
    }
    EXPECT_EQ(order,
              (std::vector<std::string>{"text 10", "text 11", "text 20", "text 2", "text 3", "text 4", "text 5"}));
}

TEST_F(WorkQueueTest, TextsOfAProviderThatIsNotAcceptedAreReleasedImmediately) {
    queue.plan(job(1), texts(0, 4));
    limits.max_inputs = 2;
    const auto in_flight = queue.take(fingerprint, limits);
    queue.stop_accepting(fingerprint, "another model");
    EXPECT_EQ(queue.queued(fingerprint), 0U);
    // A page that was being read meanwhile, and a call that ends without an answer.
    queue.plan(job(2), texts(10, 3));
    EXPECT_EQ(queue.queued(fingerprint), 0U);
    queue.put_back(*in_flight);
    EXPECT_EQ(queue.queued(fingerprint), 0U);
    const auto reports = commit();
    for (const JobId id : {1, 2}) {
        EXPECT_EQ(reports.at(id).outcome, JobOutcome::release);
        EXPECT_EQ(reports.at(id).error, "another model");
    }
    EXPECT_EQ(queue.jobs(), 0U);
    EXPECT_EQ(queue.texts(), 0U);
    queue.accept(fingerprint);
    queue.plan(job(3), texts(0, 4));
    EXPECT_EQ(queue.queued(fingerprint), 4U);
}

TEST_F(WorkQueueTest, AnAnswerInFlightIsKeptAfterTheProviderIsNoLongerAccepted) {
    queue.plan(job(1), texts(0, 4));
    limits.max_inputs = 2;
    const auto in_flight = queue.take(fingerprint, limits);
    queue.stop_accepting(fingerprint, "another model");
    queue.batch_answered(*in_flight, rows(*in_flight), {limits, now});
    const auto reports = commit();
    EXPECT_EQ(reports.at(1).outcome, JobOutcome::release);
    EXPECT_EQ(written.size(), 2U);
}

}  // namespace
}  // namespace embedq::scheduler
