// A text that breaks the connection of an endpoint that takes one call at a time.
#include <algorithm>

#include "endpoints/endpoint.h"
#include "work_queue_fixture.h"

namespace embedq::scheduler {
namespace {

class BrokenConnectionTest : public WorkQueueTest {
protected:
    // Sends everything that is queued, as the call runner does. A batch with the poisoned text is not answered, a
    // control is. Returns the number of calls.
    int send(const std::string& poison) {
        int calls = 0;
        for (; calls < 1'000; ++calls) {
            now = std::max(now, endpoint.ready_at(now));
            const auto batch = queue.take(fingerprint, limits);
            if (!batch) break;
            EXPECT_FALSE(endpoint.tripped());
            std::optional<Error> error;
            if (std::ranges::any_of(batch->texts, [&](const TextPtr& text) { return text->text == poison; }))
                error = Error{ErrorKind::unavailable, "the connection was closed"};
            endpoint.begin(now);
            const bool control = error && endpoint.needs_control(*error, batch->texts.size() == 1, now);
            if (control) {
                ++calls;
                endpoint.begin_control();
                endpoint.end_control(true);
            }
            const bool charge_jobs = endpoint.finished(now, control ? std::nullopt : error, 0, now).charge_jobs;
            if (error)
                queue.batch_failed(*batch, *error, {limits, now}, charge_jobs);
            else
                queue.batch_answered(*batch, rows(*batch), {limits, now});
        }
        return calls;
    }
    // A job for each text.
    void plan(int first, int count) {
        for (int i = first; i < first + count; ++i) queue.plan(job(i + 1), texts(i, 1));
    }
    void expect_only_charged(JobId poisoned) {
        for (const auto& [id, report] : commit())
            EXPECT_EQ(report.outcome, id == poisoned ? JobOutcome::retry : JobOutcome::succeeded) << "job " << id;
        EXPECT_EQ(queue.jobs(), 0U);
    }

    const endpoints::Endpoint::Steady start = now;
    endpoints::Endpoint endpoint{endpoints::EndpointSettings{}};
};

TEST_F(BrokenConnectionTest, ATextThatBreaksTheConnectionIsChargedToItsOwnJobAlone) {
    plan(0, 1);
    send({});
    expect_only_charged(0);
    for (int bad = 0; bad < 64; ++bad) {
        const int first = 100 * (bad + 1);
        plan(first, 64);
        EXPECT_LE(send("text " + std::to_string(first + bad)), 1 + 3 * 6) << bad;
        expect_only_charged(first + bad + 1);
        plan(first + 99, 1);
        send({});
        expect_only_charged(0);
    }
    EXPECT_EQ(now, start) << "the endpoint never waited";
    EXPECT_FALSE(endpoint.tripped());
}

TEST_F(BrokenConnectionTest, OneTextDoesNotMakeTheEndpointLookDeadForever) {
    plan(0, 64);
    EXPECT_LE(send("text 0"), 1 + 3 * 6);
    expect_only_charged(1);
    EXPECT_EQ(now, start) << "a control decides, even before the first answer";
}

TEST_F(BrokenConnectionTest, OneTextDoesNotMakeTheEndpointLookDeadWithBatchesOfOneText) {
    limits.max_inputs = 1;
    plan(0, 64);
    EXPECT_EQ(send("text 0"), 64 + 1) << "one control";
    expect_only_charged(1);
    EXPECT_EQ(now, start);
}

TEST_F(BrokenConnectionTest, ADeadEndpointGetsOneControlAndFiveBatchesBeforeItsBreakerOpens) {
    plan(0, 64);
    const Error no_answer{ErrorKind::unavailable, "no answer"};
    int controls = 0;
    for (int i = 0; i < 5; ++i) {
        now = endpoint.ready_at(now);
        ASSERT_FALSE(endpoint.tripped());
        const auto batch = queue.take(fingerprint, limits);
        EXPECT_EQ(batch->texts.size(), 64U);
        endpoint.begin(now);
        if (endpoint.needs_control(no_answer, false, now)) {
            ++controls;
            endpoint.begin_control();
            endpoint.end_control(false);
        }
        queue.batch_failed(*batch, no_answer, {limits, now}, endpoint.finished(now, no_answer, 0, now).charge_jobs);
    }
    EXPECT_EQ(controls, 1);
    EXPECT_TRUE(endpoint.tripped());
    EXPECT_EQ(queue.queued(fingerprint), 64U);
    EXPECT_TRUE(commit().empty());
}

}  // namespace
}  // namespace embedq::scheduler
