#include <gmock/gmock.h>

#include <filesystem>
#include <iterator>

#include "changing_provider.h"
#include "faults/store/faulty_store.h"
#include "no_threads.h"
#include "pipeline_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(PipelineTest, EmbedsEveryOperationOfEverySpec) {
    for (int i = 0; i < 20; ++i) put("spec" + std::to_string(i), numbered("text of " + std::to_string(i), 30));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(store->settlement("c", {})->vectors, 600U);
    // The scheduler counts them after the store has them.
    EXPECT_TRUE(eventually([&] { return scheduler->counters().texts_embedded >= 600U; }));
    EXPECT_EQ(scheduler->counters().texts_embedded, 600U);
    EXPECT_EQ(jobs(JobStatus::succeeded).size(), 20U);
}

TEST_F(PipelineTest, ATextThatManySpecsShareIsSentOnce) {
    for (int i = 0; i < 10; ++i) put("spec" + std::to_string(i), {"the same text", "own text " + std::to_string(i)});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(provider->times_sent("the same text"), 1);
}

TEST_F(PipelineTest, WakesByNotification) {
    settings.poll = seconds(3'600);
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return store->workers()->size() == 1; }));
    put("late", {"a text"});
    EXPECT_TRUE(eventually([&] { return settled(); }));
}

TEST_F(PipelineTest, notifications_are_hints) {
    notifier.deaf = true;
    settings.poll = milliseconds(50);
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return store->workers()->size() == 1; }));
    put("late", {"a text"});
    EXPECT_TRUE(eventually([&] { return settled(); })) << "polling finds work without a notification";
}

TEST_F(PipelineTest, poison_is_isolated) {
    provider->script([](const EmbedRequest& request, int) -> std::optional<Error> {
        if (std::ranges::find(request.texts, "bad 7") == request.texts.end()) return std::nullopt;
        return Error{ErrorKind::invalid_input, "contains a forbidden word"};
    });
    put("good", numbered("good", 30));
    put("bad", numbered("bad", 30));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(store->settlement("c", {})->vectors, 59U);
    EXPECT_EQ(store->settlement("c", {})->refusals, 1U);
    ASSERT_EQ(jobs(JobStatus::failed).size(), 1U);
    EXPECT_EQ(jobs(JobStatus::failed).front().spec_name, "bad");
    EXPECT_THAT(jobs(JobStatus::failed).front().last_error,
                testing::StartsWith("operation 'op 7' was refused: contains a forbidden word; "));
    EXPECT_EQ(jobs(JobStatus::failed).front().attempts, 0U);
    EXPECT_EQ(provider->samples(), 2) << "a control for each of two refusals";
    const int asked = provider->times_sent("bad 7");
    put("another", {"bad 7", "fine"});
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(provider->times_sent("bad 7"), asked) << "a refused text is not sent again for the next job";
    EXPECT_EQ(jobs(JobStatus::failed).size(), 2U) << "which still fails";
}

TEST_F(PipelineTest, throttling_is_free) {
    provider->script([](const EmbedRequest&, int call) -> std::optional<Error> {
        if (call % 3 != 0)
            return Error{.kind = ErrorKind::throttled, .message = "too many requests", .retry_after = milliseconds(5)};
        return std::nullopt;
    });
    for (int i = 0; i < 5; ++i) put("spec" + std::to_string(i), numbered("text of " + std::to_string(i), 20));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    for (const Job& job : jobs()) {
        EXPECT_EQ(job.status, JobStatus::succeeded);
        EXPECT_EQ(job.attempts, 0U);
    }
}

TEST_F(PipelineTest, AFailingProviderIsTriedAgainAfterBackoffAndNothingIsLost) {
    provider->script([](const EmbedRequest&, int call) -> std::optional<Error> {
        if (call == 2 || call == 5) return Error{ErrorKind::unavailable, "the worker crashed"};
        return std::nullopt;
    });
    put("first", numbered("first", 1));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    put("many", numbered("text", 10));
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(provider->calls(), 4) << "in halves";
    EXPECT_EQ(jobs().front().attempts, 0U) << "the failure of several texts is not charged";
    put("one", {"one text"});
    ASSERT_TRUE(eventually([&] { return settled(); }));
    const Job job = jobs().front();
    EXPECT_EQ(job.spec_name, "one");
    EXPECT_EQ(job.status, JobStatus::succeeded);
    EXPECT_EQ(job.attempts, 0U) << "one failure is not charged";
}

TEST_F(PipelineTest, AProviderThatCannotBeReachedUsesUpNoAttempts) {
    settings.max_attempts = 2;
    std::atomic<bool> unavailable = true;
    provider->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        if (unavailable)
            return Error{
                .kind = ErrorKind::unavailable, .message = "connection refused", .retry_after = milliseconds(1)};
        return std::nullopt;
    });
    put("alone", {"a text"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return provider->calls() >= 20; }));
    EXPECT_EQ(jobs().front().attempts, 0U);
    unavailable = false;
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(jobs().front().status, JobStatus::succeeded);
}

TEST_F(PipelineTest, OneEndpointsPauseDoesNotDelayTheOthers) {
    const auto pool =
        std::make_shared<ScriptedProvider>("model", 1, 4, std::vector<std::string>{"paused", "gone", "good"});
    endpoints::ProviderDirectory pooled = directory(pool);
    std::array<std::atomic<int>, 3> asked{};
    pool->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        ++asked[request.endpoint];
        if (request.endpoint == 0)
            return Error{.kind = ErrorKind::throttled, .message = "too many requests", .retry_after = seconds(60)};
        if (request.endpoint == 1) return Error{ErrorKind::unavailable, "connection refused"};
        return std::nullopt;
    });
    put("spec", numbered("text", 100));
    Scheduler scheduler(*store, notifier, pooled, settings, context);
    ASSERT_TRUE(scheduler.start());
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(jobs().front().status, JobStatus::succeeded);
    EXPECT_EQ(jobs().front().attempts, 0U);
    EXPECT_LE(asked[0], 1);
    EXPECT_GE(asked[2], 25);
    scheduler.stop();
}

TEST_F(PipelineTest, AnUnavailableProviderGetsOneTrialPerPauseAtAnyConcurrency) {
    const auto many = std::make_shared<ScriptedProvider>("model", 16, 4);
    endpoints::ProviderDirectory busy = directory(many);
    std::atomic<bool> unavailable = true;
    std::atomic<int> while_unavailable = 0;
    std::atomic<int> texts_of_trials = 0;
    many->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        if (!unavailable) return std::nullopt;
        // First the calls that were in flight together, then one at a time.
        if (++while_unavailable > 16 + 5 && !ScriptedProvider::is_sample(request.texts.front())) ++texts_of_trials;
        return Error{.kind = ErrorKind::unavailable, .message = "connection refused", .retry_after = milliseconds(20)};
    });
    put("spec", numbered("text", 400));
    Scheduler scheduler(*store, notifier, busy, settings, context);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(scheduler.start());
    ASSERT_TRUE(eventually([&] { return while_unavailable > 40; }));
    const auto pauses = (std::chrono::steady_clock::now() - begin) / milliseconds(20);
    EXPECT_LE(while_unavailable, 16 + 5 + pauses);
    EXPECT_EQ(texts_of_trials, 0) << "a trial sends none of the queued texts";
    unavailable = false;
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(jobs().front().attempts, 0U);
    scheduler.stop();
}

TEST_F(PipelineTest, ARateLimitOfAProviderHoldsForAllItsEndpointsTogether) {
    const auto pool = std::make_shared<ScriptedProvider>("model", 4, 1, std::vector<std::string>{"one", "two"});
    endpoints::ProviderDirectory limited({{"p", "scripted", pool, {.requests_per_minute = 6'000}}});
    put("spec", numbered("text", 60));
    Scheduler scheduler(*store, notifier, limited, settings, context);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(scheduler.start());
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(590)) << "60 requests at 100 per second";
    EXPECT_EQ(pool->calls(), 60);
    scheduler.stop();
}

TEST_F(PipelineTest, ATextThatIsTooLongForTheModelIsCutAndThatIsLoggedOnce) {
    provider->script([](const EmbedRequest& request, int) -> std::optional<Error> {
        for (const std::string_view text : request.texts) {
            if (text.size() > 400)
                return Error{.kind = ErrorKind::invalid_input,
                             .message = "too many tokens",
                             .limits = {.max_text_tokens = 100},
                             .text_too_long = true};
        }
        return std::nullopt;
    });
    put("spec", {"short", std::string(1'000, 'x'), "short too"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(jobs().front().status, JobStatus::succeeded);
    EXPECT_TRUE(eventually([&] { return scheduler->counters().texts_cut == 1; }));
    EXPECT_EQ(store->settlement("c", {})->cut, 1U);
    const auto times_logged = [&] {
        const auto lines = context.logged();
        return std::ranges::count_if(lines, [](const std::string& line) {
            return line.find("only the first 380 of its text's 1000 bytes") != std::string::npos;
        });
    };
    EXPECT_TRUE(eventually([&] { return times_logged() == 1; }));
}

TEST_F(PipelineTest, attempts_are_bounded) {
    settings.max_attempts = 3;
    provider->script([](const EmbedRequest& request, int) -> std::optional<Error> {
        if (std::ranges::find(request.texts, "cursed 0") == request.texts.end()) return std::nullopt;
        return Error{ErrorKind::internal, "answered nonsense"};
    });
    put("cursed", {"cursed 0"});
    put("fine", numbered("fine", 3));
    const auto scheduler = start();
    ASSERT_TRUE(
        eventually([&] { return jobs(JobStatus::failed).size() == 1 && jobs(JobStatus::succeeded).size() == 1; }));
    const Job failed = jobs(JobStatus::failed).front();
    EXPECT_EQ(failed.spec_name, "cursed");
    EXPECT_EQ(failed.attempts, 3U);
    EXPECT_EQ(failed.last_error, "operation 'op 0': answered nonsense");
}

TEST_F(PipelineTest, AMisconfiguredProviderPausesWithItsReasonAndJobsStayPending) {
    provider->script([](const EmbedRequest&, int) {
        return std::optional(Error{ErrorKind::misconfigured, "the API key is wrong"});
    });
    put("spec", numbered("text", 40));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return provider->calls() > 0 && jobs(JobStatus::pending).size() == 1; }));
    EXPECT_EQ(jobs().front().attempts, 0U);
    ASSERT_TRUE(eventually([&] { return !store->endpoint_states()->empty(); }));
    EXPECT_EQ(to_string(store->endpoint_states()->front()), "misconfigured: the API key is wrong");
    EXPECT_LE(provider->calls(), 3) << "only the calls that were in flight, and one control";
}

TEST_F(PipelineTest, no_lost_update) {
    Gate gate;
    provider->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        if (std::ranges::find(request.texts, "old text") != request.texts.end()) gate.wait();
        return std::nullopt;
    });
    put("spec", {"old text"});
    const auto scheduler = start();
    gate.wait_until_reached();
    put("spec", {"new text"});
    EXPECT_TRUE(eventually([&] { return provider->times_sent("new text") == 1; }))
        << "the job behind the running one may be claimed immediately";
    gate.open();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(store->settlement("c", {})->vectors, 1U);
}

TEST_F(PipelineTest, AManualRetryAsksForEverythingAgain) {
    put("spec", numbered("text", 5));
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    const EnqueueRequest retry{"c", "spec", JobKind::manual_retry};
    ASSERT_TRUE(store->enqueue(std::span(&retry, 1)));
    notifier.publish();
    ASSERT_TRUE(eventually([&] { return jobs(JobStatus::succeeded).size() == 2; }));
    for (const std::string& text : numbered("text", 5)) EXPECT_EQ(provider->times_sent(text), 2);
}

TEST_F(PipelineTest, fenced) {
    // A worker whose lease expires during a call: it sends no heartbeats, and its clock stands still, as in a process
    // that is stopped.
    ManualClockContext stands_still;
    SchedulerSettings stopped = settings;
    stopped.lease = milliseconds(30);
    stopped.heartbeat = seconds(3'600);
    stopped.reap = seconds(3'600);
    Gate gate;
    const auto slow = std::make_shared<ScriptedProvider>("model");
    slow->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        gate.wait();
        return std::nullopt;
    });
    endpoints::ProviderDirectory slow_providers = directory(slow);
    put("spec", {"a text"});
    Scheduler zombie(*store, notifier, slow_providers, stopped, stands_still);
    ASSERT_TRUE(zombie.start());
    gate.wait_until_reached();
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); })) << "recovered_in_time";
    gate.open();
    // It may have claimed the job again meanwhile, and lost it again.
    ASSERT_TRUE(eventually([&] { return zombie.counters().jobs_lost >= 1; }));
    EXPECT_EQ(zombie.counters().texts_embedded, 0U);
    EXPECT_EQ(jobs(JobStatus::succeeded).size(), 1U);
    zombie.stop();
}

TEST_F(PipelineTest, WithoutItsThreadsItDoesNotStart) {
    Scheduler scheduler(*store, notifier, providers, settings, context);
    {
        const NoThreads refused;
        const Status started = scheduler.start();
        ASSERT_FALSE(started);
        EXPECT_EQ(started.error().kind, ErrorKind::unavailable);
    }
}

TEST_F(PipelineTest, stop_is_clean) {
    Gate gate;
    provider->script([&](const EmbedRequest&, int call) -> std::optional<Error> {
        if (call == 1) gate.wait();
        return std::nullopt;
    });
    auto one_at_a_time = std::make_shared<ScriptedProvider>("model", 1, 4);
    one_at_a_time->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        gate.wait();
        return std::nullopt;
    });
    endpoints::ProviderDirectory slow_providers = directory(one_at_a_time);
    put("first", numbered("first", 4));
    put("second", numbered("second", 4));
    Scheduler scheduler(*store, notifier, slow_providers, settings, context);
    ASSERT_TRUE(scheduler.start());
    gate.wait_until_reached();
    std::jthread opener([&] {
        one_at_a_time->wait_for_call(1);
        gate.open();
    });
    ASSERT_TRUE(eventually([&] { return store->workers()->size() == 1; }));
    EXPECT_EQ(store->workers()->at(0).report.providers, std::vector<std::string>{"p"});
    scheduler.stop();
    EXPECT_TRUE(store->workers()->empty()) << "who stopped well is listed no longer";
    EXPECT_EQ(store->settlement("c", {})->vectors % 4, 0U) << "calls in flight are committed whole";
    EXPECT_GE(store->settlement("c", {})->vectors, 4U);
    EXPECT_TRUE(jobs(JobStatus::running).empty()) << "nothing is left leased";
    for (const Job& job : jobs()) EXPECT_EQ(job.attempts, 0U);
    EXPECT_EQ(scheduler.counters().jobs_held, 0U);
}

std::ptrdiff_t threads_of_this_process() {
    const std::filesystem::directory_iterator all("/proc/self/task");
    return std::distance(begin(all), end(all));
}

TEST_F(PipelineTest, ThreadsForCallsStartWhenTheyAreNeeded) {
    constexpr int concurrency = 20;
    constexpr int answers = 10 * concurrency;  // until so many calls go at a time
    Gate gate;
    const auto wide = std::make_shared<ScriptedProvider>("model", concurrency, 1);
    wide->script([&](const EmbedRequest&, int call) -> std::optional<Error> {
        if (call > answers) gate.wait();
        return std::nullopt;
    });
    endpoints::ProviderDirectory wide_providers = directory(wide);
    const auto before = threads_of_this_process();
    Scheduler scheduler(*store, notifier, wide_providers, settings, context);
    ASSERT_TRUE(scheduler.start());
    put("one", {"a text"});
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_LT(threads_of_this_process() - before, concurrency) << "one call needs one thread";
    put("some", numbered("some text", answers - 1));
    ASSERT_TRUE(eventually([&] { return settled(); }));
    put("many", numbered("text", 2 * concurrency));
    EXPECT_TRUE(eventually([&] { return wide->calls() == answers + concurrency; })) << wide->calls();
    EXPECT_GE(threads_of_this_process() - before, concurrency);
    gate.open();
    EXPECT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(wide->calls(), answers + 2 * concurrency);
}

// Once it fails, commits fail until the end.
class LostStore : public conformance::FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        ++commits;
        if (lost) return embedq::fail(ErrorKind::unavailable, "the store does not answer");
        return FaultyStore::commit(commit);
    }
    std::atomic<bool> lost = false;
    std::atomic<int> commits = 0;
};

class RefusingStore : public conformance::FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        if (!commit.vectors.empty()) return embedq::fail(ErrorKind::internal, "no vector is kept");
        return FaultyStore::commit(commit);
    }
};

TEST_F(PipelineTest, AStoreThatKeepsNoResultsUsesUpNoAttempts) {
    store = std::make_unique<RefusingStore>(context);
    ASSERT_TRUE(store->migrate());
    ASSERT_TRUE(store->put_catalog({"c", {}, {}, {}, {}}));
    set_target();
    put("spec", {"a text"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return !jobs().empty() && !jobs().front().last_error.empty(); }));
    const Job job = jobs().front();
    EXPECT_EQ(job.status, JobStatus::pending);
    EXPECT_EQ(job.attempts, 0U);
    EXPECT_EQ(job.last_error, "the store does not keep results: no vector is kept");
    EXPECT_EQ(provider->calls(), 1) << "it waits, longer each time";
}

TEST_F(PipelineTest, EachEndOfAJobIsLogged) {
    provider->refuses = [](std::string_view text) { return text == "bad"; };
    put("good", {"fine"});
    put("poisoned", {"bad", "fine too"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    scheduler->stop();
    const auto said = [&](const std::string& text) {
        const auto lines = context.logged();
        return std::ranges::count_if(lines, [&](const auto& line) { return line.find(text) != std::string::npos; });
    };
    EXPECT_EQ(said("(c/good) succeeded: 1 text embedded in "), 1);
    EXPECT_EQ(said("(c/poisoned) failed after attempt 1 by provider 'p': operation 'op 0' was refused: "), 1);
    EXPECT_EQ(said("stopped after "), 1);
    EXPECT_EQ(said("1 job succeeded, 1 failed, 0 to be tried again; 2 texts embedded, 1 refused; "), 1);
}

TEST_F(PipelineTest, AJobWhoseAttemptsRunOutIsLoggedAsFailed) {
    settings.max_attempts = 2;
    provider->script([](const EmbedRequest& request, int) -> std::optional<Error> {
        if (ScriptedProvider::is_sample(request.texts.front())) return std::nullopt;
        return Error{ErrorKind::internal, "it broke"};
    });
    put("spec", {"a text"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return jobs(JobStatus::failed).size() == 1; }));
    scheduler->stop();
    const auto lines = context.logged();
    const auto said = [&](const std::string& text) {
        return std::ranges::count_if(lines, [&](const auto& line) { return line.find(text) != std::string::npos; });
    };
    EXPECT_EQ(said("(c/spec) is to be tried again after attempt 1"), 1);
    EXPECT_EQ(said("(c/spec) failed after attempt 2"), 1);
}

TEST_F(PipelineTest, AStopAsksAStoreThatDoesNotAnswerForTheGraceTimeAndNotForALease) {
    auto lost = std::make_unique<LostStore>(context);
    LostStore& asked = *lost;
    store = std::move(lost);
    ASSERT_TRUE(store->migrate());
    ASSERT_TRUE(store->put_catalog({"c", {}, {}, {}, {}}));
    set_target();
    settings.lease = std::chrono::hours(1);
    settings.grace = std::chrono::milliseconds(20);
    asked.lost = true;
    put("spec", {"a text"});
    const auto scheduler = start();
    ASSERT_TRUE(eventually([&] { return asked.commits > 0; }));
    const auto before = std::chrono::steady_clock::now();
    scheduler->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::minutes(1));
}

TEST_F(PipelineTest, AWorkerThatCannotMakeTheTargetProfileClaimsNoJobs) {
    const auto other = std::make_shared<ScriptedProvider>("another model");
    endpoints::ProviderDirectory others = directory(other);
    put("spec", {"a text"});
    Scheduler wrong(*store, notifier, others, settings, context);
    ASSERT_TRUE(wrong.start());
    const auto right = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(other->calls(), 0);
}

TEST_F(PipelineTest, SeveralSchedulersShareTheWork) {
    for (int i = 0; i < 40; ++i) put("spec" + std::to_string(i), numbered("text of " + std::to_string(i), 25));
    settings.claim_jobs = 2;
    const auto a = start();
    const auto b = start();
    const auto c = start();
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(store->settlement("c", {})->vectors, 1'000U);
    const auto succeeded = [&] {
        return a->counters().jobs_succeeded + b->counters().jobs_succeeded + c->counters().jobs_succeeded;
    };
    EXPECT_TRUE(eventually([&] { return succeeded() >= 40U; }));
    EXPECT_EQ(succeeded(), 40U);
}

TEST_F(PipelineTest, MemoryIsBoundedForSpecsOfAnySize) {
    settings.prefetch_texts = 64;
    put("huge", numbered("text", 3'000));
    std::atomic<std::uint64_t> most = 0;
    Scheduler* watched = nullptr;
    provider->script([&](const EmbedRequest&, int) -> std::optional<Error> {
        if (watched != nullptr) most = std::max<std::uint64_t>(most, watched->counters().texts_in_flight);
        return std::nullopt;
    });
    Scheduler scheduler(*store, notifier, providers, settings, context);
    watched = &scheduler;
    ASSERT_TRUE(scheduler.start());
    ASSERT_TRUE(eventually([&] { return settled(); }));
    EXPECT_LE(most.load(), 128U) << "one page in work, and one being committed";
    scheduler.stop();
}

TEST_F(PipelineTest, TheReconcilerClosesAGapThatNobodyEnqueued) {
    const CatalogTarget none{"c", {}, std::nullopt};
    ASSERT_TRUE(store->set_targets(std::span(&none, 1)));
    put("spec", {"written while no provider was configured"});
    EXPECT_TRUE(jobs().empty());
    set_target();
    settings.reconcile = milliseconds(50);
    const auto scheduler = start();
    EXPECT_TRUE(eventually([&] { return settled(); }));
    EXPECT_EQ(jobs().front().kind, JobKind::reconciler);
}

// A store whose `prune` waits for the test.
class SlowlyPrunedStore : public conformance::FaultyStore {
public:
    SlowlyPrunedStore(Context& context, Gate& gate) : FaultyStore(context), gate_(gate) {}
    Result<PruneResult> prune(const PruneRequest& request) override {
        gate_.wait();
        return FaultyStore::prune(request);
    }

private:
    Gate& gate_;
};

TEST_F(PipelineTest, AnExpiredLeaseIsFoundWhilePruningTakesLong) {
    Gate gate;
    store = std::make_unique<SlowlyPrunedStore>(context, gate);
    ASSERT_TRUE(store->put_catalog({"c", {}, {}, {}, {}}));
    set_target();
    settings.prune = milliseconds(1);
    put("spec", {"a text"});
    ClaimRequest request;
    request.worker_id = "dead";
    request.fingerprints = {providers.known("p")->profile.fingerprint};
    request.lease = milliseconds(500);
    ASSERT_EQ(store->claim(request)->size(), 1U);
    const auto scheduler = start();
    gate.wait_until_reached();
    EXPECT_TRUE(eventually([&] { return settled(); }));
    gate.open();
}

}  // namespace
}  // namespace embedq::scheduler
