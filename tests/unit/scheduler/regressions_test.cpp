// Failures of other systems' workers, each test named after one: docs/regressions.md has the list.
#include "pipeline_fixture.h"
#include "scheduler/work_queue.h"
#include "sync/sleep.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Regressions : public PipelineTest {};

// The lease was never extended, so long jobs were interrupted again and again. Their work was lost, and they started
// again.
TEST_F(Regressions, ACallThatOutlastedTheLeaseLostItsJob) {
    settings.lease = milliseconds(200);
    settings.heartbeat = milliseconds(30);
    settings.reap = milliseconds(50);
    Gate gate;
    provider->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        gate.wait();
        return std::nullopt;
    });
    put("spec", {"a text"});
    const auto scheduler = start();
    gate.wait_until_reached();
    const auto claimed = jobs(JobStatus::running).at(0).lease_expires_at.value();
    const auto outlasted = [&] {
        const auto running = jobs(JobStatus::running);
        return running.empty() || running.front().lease_expires_at.value() - claimed > 4 * settings.lease;
    };
    ASSERT_TRUE(eventually(outlasted));
    gate.open();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    ASSERT_EQ(jobs().size(), 1U);
    EXPECT_EQ(jobs().front().status, JobStatus::succeeded);
    EXPECT_EQ(jobs().front().expiries, 0U);
    EXPECT_EQ(provider->times_sent("a text"), 1);
}

// Progress was shown as 0 of N until everything was done, and an interrupted job had lost hours of work.
TEST_F(Regressions, ProgressStoodAtNothingUntilAllWasDone) {
    settings.commit_delay = milliseconds(1);
    Gate gate;
    provider->script([&](const EmbedRequest&, int call) -> std::optional<Error> {
        if (call > 3) gate.wait();
        return std::nullopt;
    });
    put("spec", numbered("text", 80));
    const auto scheduler = start();
    gate.wait_until_reached();
    const auto status = [&] { return store->statuses("c", {}).value().at(0); };
    EXPECT_TRUE(eventually([&] { return status().embedding_count == 48; }));
    EXPECT_EQ(status().job.value().status, JobStatus::running);
    EXPECT_EQ(status().job->embedded_so_far, 48U);
    gate.open();
    ASSERT_TRUE(eventually([&] { return settled(); }));
}

// Each operation was a call of its own.
TEST_F(Regressions, EachOperationWasACallOfItsOwn) {
    for (int i = 0; i < 32; ++i) put("spec" + std::to_string(i), {"text " + std::to_string(i)});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_LE(provider->calls(), 4) << "32 texts of 32 specs in batches of 16";
}

// The provider was unavailable for a few minutes, and every job used up its attempts.
TEST_F(Regressions, AnOutageUsedUpTheAttemptsOfEveryJob) {
    settings.backoff.base = milliseconds(200);
    std::atomic<bool> unavailable = true;
    provider->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        if (unavailable)
            return Error{
                .kind = ErrorKind::unavailable, .message = "connection refused", .retry_after = milliseconds(20)};
        return std::nullopt;
    });
    for (int i = 0; i < 50; ++i) put("spec" + std::to_string(i), numbered("text of " + std::to_string(i), 4));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return provider->calls() >= 80; }));
    EXPECT_TRUE(jobs(JobStatus::failed).empty());
    unavailable = false;
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(jobs(JobStatus::succeeded).size(), 50U);
}

// A batch that took too long was sent again as it was, and all its jobs failed in the end.
TEST_F(Regressions, ABatchThatTookTooLongWasSentAgainAsItWas) {
    settings.call_timeout = milliseconds(20);
    provider->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        if (request.texts.size() <= 2) return std::nullopt;
        sync::sleep_until(request.deadline, {});
        return Error{ErrorKind::unavailable, "no answer in time"};
    });
    put("spec", numbered("text", 8));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    ASSERT_EQ(jobs().size(), 1U);
    EXPECT_EQ(jobs().front().status, JobStatus::succeeded);
    EXPECT_EQ(jobs().front().attempts, 0U);
    EXPECT_LE(provider->calls(), 1 + 2 + 4) << "the batch size is learned from the batches that were halved";
}

// The provider's own timeout was shorter than the host's, and was treated as a broken connection: the batch was not
// halved, and its jobs were charged.
TEST_F(Regressions, ABatchThatTookLongerThanTheProvidersOwnTimeNeverShrank) {
    provider->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        if (request.texts.size() <= 2) return std::nullopt;
        return Error{.kind = ErrorKind::unavailable, .message = "no answer within 20 s", .deadline_reached = true};
    });
    put("spec", numbered("text", 8));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(jobs().front().status, JobStatus::succeeded);
    EXPECT_EQ(jobs().front().attempts, 0U);
    EXPECT_LE(provider->calls(), 1 + 2 + 4) << "the batch size is learned from the batches that were halved";
}

// Units were processed one after another, first come, first served: one large unit delayed all others.
TEST_F(Regressions, OneLargeSpecHeldUpAllOthers) {
    put("huge", numbered("text", 20'000));
    const auto scheduler = start();
    provider->wait_for_call(1);
    put("small", {"a small text"});
    const auto embedded = [&](const std::string& name) {
        return store->statuses("c", std::vector<std::string>{name}).value().at(0).embedding_count;
    };
    ASSERT_TRUE(eventually([&] { return embedded("small") == 1; }));
    EXPECT_LT(embedded("huge"), 20'000U);
}

// The store was unavailable for a moment while a job's texts were read, and the job failed for good.
TEST(RegressionsOfTheWorkQueue, AStoreThatWasAwayFailedTheJob) {
    const SchedulerSettings settings;
    WorkQueue queue{settings};
    ClaimedJob job;
    job.ref.id = 1;
    job.attempts = settings.max_attempts - 1;
    queue.fail(queue.add(job), Error{ErrorKind::unavailable, "the server is restarting"});
    const CommitWork work = queue.collect(0.5);
    ASSERT_EQ(work.commit.jobs.size(), 1U);
    EXPECT_EQ(work.commit.jobs.front().outcome, JobOutcome::release);
}

// The store could not read a job's texts, and said `internal`: five attempts later all jobs had failed.
TEST(RegressionsOfTheWorkQueue, AStoreThatFailedUsedUpTheJobsAttempts) {
    const SchedulerSettings settings;
    WorkQueue queue{settings};
    ClaimedJob job;
    job.ref.id = 1;
    job.attempts = settings.max_attempts - 1;
    queue.fail(queue.add(job), Error{ErrorKind::internal, "a hash in the database is not 32 bytes long"});
    const CommitWork work = queue.collect(0.5);
    ASSERT_EQ(work.commit.jobs.size(), 1U);
    EXPECT_EQ(work.commit.jobs.front().outcome, JobOutcome::release);
    EXPECT_EQ(work.commit.jobs.front().error, "a hash in the database is not 32 bytes long");
    EXPECT_GT(work.commit.jobs.front().delay, std::chrono::milliseconds::zero()) << "it is not claimed again at once";
}

}  // namespace
}  // namespace embedq::scheduler
