// Half a lease without a heartbeat, and what is told about lost leases. On a manual clock.
#include "scheduler/lease_keeper.h"

#include <gmock/gmock.h>

#include "scheduler/claimer.h"
#include "shared_limits_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A memory store whose heartbeats hang until the test lets them go on, and whose claims take time.
class SilentStore : public conformance::FaultyStore {
public:
    explicit SilentStore(conformance::TestContext& context) : FaultyStore(context), context_(context) {}

    Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                     milliseconds lease) override {
        if (hangs) hangs->wait();
        if (error) return std::unexpected(*error);
        auto extended = FaultyStore::extend(worker, jobs, lease);
        context_.manual_clock().advance(extend_takes);
        return extended;
    }
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        auto claimed = FaultyStore::claim(request);
        context_.manual_clock().advance(claim_takes);
        return claimed;
    }

    Gate* hangs = nullptr;
    std::optional<Error> error;
    milliseconds claim_takes{0};
    milliseconds extend_takes{0};

private:
    conformance::TestContext& context_;
};

class LeaseKeeperTest : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(store.migrate());
        ASSERT_TRUE(store.put_catalog({"c", {}, {}, {}, {}}));
        const auto probed = providers.known_or_probe("p");
        ASSERT_TRUE(probed);
        const CatalogTarget target{"c", "p", (*probed)->profile};
        ASSERT_TRUE(store.set_targets(std::span(&target, 1)));
        const sync::Lock lock(state.mutex);
        state.pools.try_emplace((*probed)->profile.fingerprint, *probed, endpoints::EndpointSettings{.concurrency = 1},
                                state.settings.prefetch_texts);
    }
    void put(const std::string& name) {
        SpecWrite write;
        write.catalog_id = "c";
        write.spec_name = name;
        write.operations.push_back({.operation_id = "op", .method = "GET", .path = "/", .text = name});
        write.operations.back().text_hash = catalog::sha256(name);
        write.content = name;
        write.content_hash = catalog::sha256(name);
        ASSERT_TRUE(store.put_specs(std::span(&write, 1)));
    }
    void advance(milliseconds by) { context.manual_clock().advance(by); }
    std::size_t held() {
        const sync::Lock lock(state.mutex);
        return state.queue.jobs();
    }
    // Whether something is queued that would be sent.
    bool would_send() {
        const sync::Lock lock(state.mutex);
        auto& pool = state.pools.begin()->second;
        return state.queue.take(pool.provider->profile.fingerprint, pool.limits.present()).has_value();
    }
    std::vector<std::string> warnings() {
        std::vector<std::string> found;
        for (const auto& [level, line] : context.logger().lines()) {
            if (level == LogLevel::warn) found.push_back(line);
        }
        return found;
    }
    std::size_t pending() {
        JobQuery query;
        query.status = JobStatus::pending;
        return store.jobs(query).value().size();
    }

    conformance::TestContext context{"test"};
    SilentStore store{context};
    TestNotifier notifier;
    endpoints::ProviderDirectory providers{{{"p", "scripted", std::make_shared<ScriptedProvider>("model"), {}}},
                                           &context.clock()};
    SchedulerState state{store, notifier, providers, SchedulerSettings{}, context, "worker"};
    LeaseKeeper keeper{state};
    Claimer claimer{state};
    const milliseconds half = state.settings.lease / 2;
};

// The store has ended the job, and its answer has not been read: the lease is over by the outcome itself.
TEST_F(LeaseKeeperTest, AHeartbeatBetweenAnOutcomeAndItsAnswerLosesNothing) {
    put("a");
    keeper.extend();
    ASSERT_TRUE(claimer.step());
    CommitWork work;
    {
        const sync::Lock lock(state.mutex);
        auto& pool = state.pools.begin()->second;
        const auto batch = state.queue.take(pool.provider->profile.fingerprint, pool.limits.present());
        ASSERT_TRUE(batch);
        EmbedResult answer;
        answer.dimension = 3;
        answer.matrix = {1.0F, 0.0F, 0.0F};
        state.queue.batch_answered(*batch, std::move(answer));
        work = state.queue.collect(0.5);
    }
    const auto kept = store.commit(work.commit);
    ASSERT_TRUE(kept && kept->at(0));
    keeper.extend();
    {
        const sync::Lock lock(state.mutex);
        state.queue.committed(work, {Kept::yes});
        EXPECT_EQ(state.queue.counters().jobs_succeeded, 1U);
        EXPECT_EQ(state.queue.counters().jobs_lost, 0U);
    }
    keeper.report_losses();
    EXPECT_TRUE(warnings().empty());
}

TEST_F(LeaseKeeperTest, HalfALeaseEndsWhileAHeartbeatHangs) {
    for (const char* name : {"a", "b"}) put(name);
    keeper.extend();
    ASSERT_TRUE(claimer.step());
    ASSERT_EQ(held(), 2U);
    Gate gate;
    store.hangs = &gate;
    std::jthread heartbeat([&] { keeper.extend(); });
    gate.wait_until_reached();
    advance(half - milliseconds(1));
    EXPECT_EQ(keeper.check(), context.clock().now() + milliseconds(1));
    EXPECT_EQ(held(), 2U);
    advance(milliseconds(1));
    static_cast<void>(keeper.check());
    EXPECT_EQ(held(), 0U);
    EXPECT_FALSE(would_send());
    put("c");
    EXPECT_FALSE(claimer.step()) << "what would be claimed could not be kept";
    keeper.report_losses();
    EXPECT_THAT(warnings(), ElementsAre(HasSubstr("cannot keep leases"),
                                        AllOf(HasSubstr("lost 2 leases"), HasSubstr("no heartbeat"),
                                              HasSubstr("1 (c/a), 2 (c/b)"))));
    gate.open();
    heartbeat.join();
    EXPECT_EQ(pending(), 3U) << "they are given back, and need not wait for the end of their leases";
    EXPECT_FALSE(claimer.step()) << "the heartbeat that took so long keeps nothing";
    store.hangs = nullptr;
    keeper.extend();
    EXPECT_TRUE(claimer.step());
    EXPECT_EQ(held(), 3U);
    static_cast<void>(keeper.check());
    EXPECT_EQ(held(), 3U);
    EXPECT_THAT(context.logger().lines().back().second, HasSubstr("works again after "))
        << "once a heartbeat is in time";
}

TEST_F(LeaseKeeperTest, HalfALeaseCountsFromTheBeginOfTheLastHeartbeat) {
    put("a");
    store.extend_takes = seconds(3);
    const auto began = context.clock().now();
    keeper.extend();
    EXPECT_EQ(keeper.check(), began + half);
    store.extend_takes = seconds(0);
    keeper.extend();
    ASSERT_TRUE(claimer.step());
    store.error = Error{ErrorKind::unavailable, "connection refused"};
    for (auto passed = milliseconds(0); passed < half; passed += seconds(1), advance(seconds(1))) {
        keeper.extend();
        static_cast<void>(keeper.check());
        EXPECT_EQ(held(), 1U);
    }
    static_cast<void>(keeper.check());
    EXPECT_EQ(held(), 0U);
}

TEST_F(LeaseKeeperTest, AClaimThatIsAnsweredTooLateIsGivenBack) {
    put("a");
    keeper.extend();
    store.claim_takes = half;
    EXPECT_TRUE(claimer.step());
    EXPECT_FALSE(would_send());
    const sync::Lock lock(state.mutex);
    const CommitWork work = state.queue.collect(0);
    ASSERT_EQ(work.commit.jobs.size(), 1U);
    EXPECT_EQ(work.commit.jobs[0].outcome, JobOutcome::release);
}

TEST_F(LeaseKeeperTest, LostLeasesAreLoggedWithTheirJobsInFewLines) {
    constexpr int losses = 60;
    for (int i = 0; i < losses; ++i) {
        put("s" + std::to_string(i));
        keeper.extend();
        ASSERT_TRUE(claimer.step());
        // Another worker may have it: its lease is over.
        JobQuery query;
        query.status = JobStatus::running;
        const JobId id = store.jobs(query).value().at(0).id;
        ASSERT_TRUE(store.cancel(std::span(&id, 1)));
        keeper.extend();
        keeper.report_losses();
        EXPECT_FALSE(would_send());
        advance(seconds(5));
    }
    EXPECT_GE(warnings().size(), 5U);
    EXPECT_LE(warnings().size(), 5U * 5U) << "in five minutes";
    keeper.report_losses(true);
    std::string all;
    for (const std::string& line : warnings()) all += line + "\n";
    for (int i = 0; i < losses; ++i) EXPECT_THAT(all, HasSubstr(" (c/s" + std::to_string(i) + ")"));
    const sync::Lock lock(state.mutex);
    EXPECT_EQ(state.queue.counters().jobs_lost, static_cast<std::uint64_t>(losses));
}

}  // namespace
}  // namespace embedq::scheduler
