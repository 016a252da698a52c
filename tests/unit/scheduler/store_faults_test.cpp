// What every loop of the scheduler costs in the log and in calls while the store fails: all of them together, five
// minutes on a manual clock.
#include <gmock/gmock.h>

#include <map>

#include "hanging_provider.h"
#include "scheduler/claimer.h"
#include "scheduler/committer.h"
#include "scheduler/endpoint_sync.h"
#include "scheduler/lease_keeper.h"
#include "scheduler/maintenance.h"
#include "scheduler/prober.h"
#include "shared_limits_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A memory store of which some verbs fail. Counts the calls of each.
class FailingStore : public conformance::FaultyStore {
public:
    using FaultyStore::FaultyStore;

    StoreCapabilities capabilities() const override {
        StoreCapabilities capabilities = FaultyStore::capabilities();
        capabilities.multi_process = true;  // a busy process reads the pauses of others often
        return capabilities;
    }
    Result<std::vector<CatalogInfo>> catalogs() override {
        return unless<std::vector<CatalogInfo>>("catalogs", [&] { return FaultyStore::catalogs(); });
    }
    Result<std::vector<ClaimedJob>> claim(const ClaimRequest& request) override {
        return unless<std::vector<ClaimedJob>>("claim", [&] { return FaultyStore::claim(request); });
    }
    Result<std::vector<bool>> extend(const WorkerReport& worker, std::span<const JobRef> jobs,
                                     milliseconds lease) override {
        return unless<std::vector<bool>>("extend", [&] { return FaultyStore::extend(worker, jobs, lease); });
    }
    Result<std::vector<Result<MissingTexts>>> missing_texts(std::span<const MissingQuery> queries) override {
        return unless<std::vector<Result<MissingTexts>>>("missing_texts",
                                                         [&] { return FaultyStore::missing_texts(queries); });
    }
    Result<std::vector<bool>> commit(const Commit& commit) override {
        return unless<std::vector<bool>>("commit", [&] { return FaultyStore::commit(commit); });
    }
    Result<NextDue> next_due(std::span<const Sha256> fingerprints) override {
        return unless<NextDue>("next_due", [&] { return FaultyStore::next_due(fingerprints); });
    }
    Result<ReapResult> reap(std::uint32_t max_attempts) override {
        return unless<ReapResult>("reap", [&] { return FaultyStore::reap(max_attempts); });
    }
    Result<ReconcileResult> reconcile(std::string_view catalog_id) override {
        return unless<ReconcileResult>("reconcile", [&] { return FaultyStore::reconcile(catalog_id); });
    }
    Result<PruneResult> prune(const PruneRequest& request) override {
        return unless<PruneResult>("prune", [&] { return FaultyStore::prune(request); });
    }
    Status put_endpoint_states(std::span<const EndpointState> states) override {
        return unless<void>("put_endpoint_states", [&] { return FaultyStore::put_endpoint_states(states); });
    }
    Result<std::vector<EndpointState>> endpoint_states() override {
        return unless<std::vector<EndpointState>>("endpoint_states", [&] { return FaultyStore::endpoint_states(); });
    }
    Result<std::vector<RateSlot>> reserve(std::span<const RateRequest> requests) override {
        return unless<std::vector<RateSlot>>("reserve", [&] { return FaultyStore::reserve(requests); });
    }

    std::function<bool(const std::string& verb)> fails = [](const std::string&) { return false; };
    std::map<std::string, int> calls;

private:
    template <class T, class Answer>
    Result<T> unless(const std::string& verb, const Answer& answer) {
        ++calls[verb];
        if (fails(verb)) return embedq::fail(ErrorKind::unavailable, "could not extend file: no space left on device");
        return answer();
    }
};

// All loops that use the store, each driven when it is due.
class StoreFaultsTest : public testing::Test {
protected:
    static constexpr milliseconds tick{20};

    void SetUp() override {
        ASSERT_TRUE(store.migrate());
        ASSERT_TRUE(store.put_catalog({"c", {}, {}, {}, {}}));
        const auto probed = providers.known_or_probe("p");
        ASSERT_TRUE(probed);
        const CatalogTarget target{"c", "p", (*probed)->profile};
        ASSERT_TRUE(store.set_targets(std::span(&target, 1)));
        const auto open = probed_provider({.requests_per_minute = 600});
        open->profile = (*probed)->profile;
        open->name = "another";  // so that the prober leaves the pool alone, which has no threads here
        const sync::Lock lock(state.mutex);
        state.pools.try_emplace(open->profile.fingerprint, open, endpoints::EndpointSettings{.concurrency = 1},
                                state.settings.prefetch_texts);
        // Something to send: the rate limit is reserved. The job is nobody's lease.
        ClaimedJob job;
        job.ref.id = 1'000;
        job.fingerprint = open->profile.fingerprint;
        MissingTexts page;
        page.profile_id = job.fingerprint;
        page.texts.push_back({0, "op", catalog::sha256("text"), "text"});
        for (int i = 0; i < 3; ++i) {
            ++job.ref.id;
            state.queue.plan(state.queue.add(job), page);
        }
    }
    // A job of a dead worker: its lease runs out during the fault.
    void let_a_worker_die() {
        SpecWrite write;
        write.catalog_id = "c";
        write.spec_name = "s";
        write.operations.push_back({.operation_id = "op", .method = "GET", .path = "/", .text = "t"});
        write.operations.back().text_hash = catalog::sha256("t");
        write.content_hash = catalog::sha256("s");
        ASSERT_TRUE(store.put_specs(std::span(&write, 1)));
        ClaimRequest request;
        request.worker_id = "dead";
        request.fingerprints = {providers.known("p")->profile.fingerprint};
        request.lease = seconds(5);
        ASSERT_EQ(store.claim(request).value().size(), 1U);
    }
    void step() {
        const auto now = context.clock().now();
        const auto due = [&](endpoints::Endpoint::Steady& at, const auto& run) {
            if (now >= at) at = run();
        };
        due(heartbeat_at, [&] {
            keeper.extend();
            return now + state.settings.heartbeat;
        });
        due(check_at, [&] { return keeper.check(); });
        due(claim_at, [&] { return claimer.step() ? now : now + tick; });
        due(sync_at, [&] { return endpoint_sync.step(); });
        due(reap_at, [&] {
            reaper.reap();
            return reaper.next_reap();
        });
        due(maintain_at, [&] { return maintenance.step({}); });
        due(probe_at, [&] {
            prober.start_due_probes({}, {});
            prober.wait_for_probes();
            prober.follow_up({});
            return prober.next_due();
        });
        due(commit_at, [&] { return commit(now); });
        context.manual_clock().advance(tick);
    }
    // As Committer::run, but also where there is nothing to write.
    endpoints::Endpoint::Steady commit(endpoints::Endpoint::Steady now) {
        if (!work) {
            const sync::Lock lock(state.mutex);
            work = state.queue.collect(0);
            began_at = now;
        }
        const auto kept = committer.try_write(*work, began_at);
        if (!kept) return committer.again_at();
        const sync::Lock lock(state.mutex);
        state.queue.committed(*work, *kept);
        work.reset();
        return now + milliseconds(100);
    }
    void run_for(milliseconds time) {
        for (const auto end = context.clock().now() + time; context.clock().now() < end;) step();
    }
    // But for what the provider says when it answers.
    std::vector<std::string> lines() {
        std::vector<std::string> shown;
        for (const auto& [level, line] : context.logger().lines()) {
            if (level >= LogLevel::info && !line.starts_with("provider 'p' answers")) shown.push_back(line);
        }
        return shown;
    }

    conformance::TestContext context{"test"};
    FailingStore store{context};
    TestNotifier notifier;
    endpoints::ProviderDirectory providers{{{"p", "scripted", std::make_shared<ScriptedProvider>("model"), {}}},
                                           &context.clock()};
    SchedulerState state{store, notifier, providers, SchedulerSettings{}, context, "worker"};
    CallRunner calls{state};
    LeaseKeeper keeper{state};
    Claimer claimer{state};
    EndpointSync endpoint_sync{state};
    Reaper reaper{state};
    Maintenance maintenance{state};
    Committer committer{state};
    Prober prober{state, calls, [this]() -> Status {
                      auto catalogs = store.catalogs();
                      return catalogs ? Status{} : std::unexpected(catalogs.error());
                  }};
    std::optional<CommitWork> work;  // that is being written
    endpoints::Endpoint::Steady began_at{};
    endpoints::Endpoint::Steady heartbeat_at{}, check_at{}, claim_at{}, sync_at{}, reap_at{}, maintain_at{}, probe_at{},
        commit_at{};
};

TEST_F(StoreFaultsTest, AFaultThatLastsIsTwoLinesForAllLoopsTogether) {
    store.fails = [](const std::string&) { return true; };
    run_for(minutes(5));
    ASSERT_THAT(lines(), ElementsAre(StartsWith("cannot "))) << "the first to fail says why";
    store.fails = [](const std::string&) { return false; };
    run_for(minutes(1));
    ASSERT_EQ(lines().size(), 2U);
    EXPECT_THAT(lines().back(), StartsWith("works again after 5 min: "));
    for (const char* what : {"claim jobs", "extend leases", "look for expired leases", "reconcile", "store results",
                             "read the pauses and limits of other processes", "read the catalogs' targets"})
        EXPECT_THAT(lines().back(), HasSubstr(what));
}

TEST_F(StoreFaultsTest, NoLoopAsksAStoreThatFailsMoreOftenThanItWaits) {
    store.fails = [](const std::string&) { return true; };
    run_for(minutes(5));
    // After the backoff has reached its longest wait, which is at least half of 5 s; heartbeats and commits are those
    // that leases depend on.
    for (const auto& [verb, count] : store.calls) EXPECT_LE(count, verb == "commit" ? 200 : 130) << verb;
}

// As where the disk is full: reading works.
TEST_F(StoreFaultsTest, AnExpiredLeaseThatCannotBeReturnedIsNotTriedWithoutAPause) {
    let_a_worker_die();
    store.fails = [](const std::string& verb) { return verb == "reap"; };
    run_for(minutes(5));
    EXPECT_LE(store.calls["reap"], 130);
    EXPECT_LE(lines().size(), 3U) << "it begins; and the reconciler's line";
    store.fails = [](const std::string&) { return false; };
    run_for(seconds(10));
    EXPECT_THAT(lines(), ::testing::Contains(HasSubstr("look for expired leases (")));
    EXPECT_THAT(lines(),
                ::testing::Contains(::testing::MatchesRegex("leases ran out: 1 job goes back to the queue, 0 failed "
                                                            "permanently: worker '.+' held job [0-9]+ \\(.+/.+\\)")));
}

TEST_F(StoreFaultsTest, JobsThatCannotBePlannedAreNotClaimedAgainAndAgain) {
    let_a_worker_die();
    store.fails = [](const std::string& verb) { return verb == "missing_texts"; };
    run_for(minutes(5));
    EXPECT_GE(store.calls["missing_texts"], 50);
    EXPECT_LE(store.calls["missing_texts"], 130);
}

TEST_F(StoreFaultsTest, ACommitIsTriedAgainForALeaseAndAtAStopForTheGraceTimeOnly) {
    const CommitWork nothing;
    store.fails = [](const std::string&) { return true; };
    const auto began = context.clock().now();
    EXPECT_FALSE(committer.try_write(nothing, began));
    context.manual_clock().advance(state.settings.lease);
    EXPECT_FALSE(committer.try_write(nothing, began));
    context.manual_clock().advance(milliseconds(1));
    EXPECT_EQ(committer.try_write(nothing, began), std::vector<Kept>()) << "its leases are over";
    const auto stopped = context.clock().now();
    {
        const sync::Lock lock(state.mutex);
        state.drain_until = stopped + state.settings.grace;
    }
    EXPECT_FALSE(committer.try_write(nothing, stopped));
    context.manual_clock().advance(state.settings.grace + milliseconds(1));
    EXPECT_EQ(committer.try_write(nothing, stopped), std::vector<Kept>()) << "the process must end";
}

TEST_F(StoreFaultsTest, TextsThatWereCutAreLoggedInFewLines) {
    for (int i = 0; i < 1'000; ++i) committer.report_cuts({"operation 'op " + std::to_string(i) + "' was cut"});
    EXPECT_EQ(lines().size(), 6U);
    context.manual_clock().advance(minutes(1));
    committer.report_cuts({"operation 'last' was cut"});
    EXPECT_EQ(lines().back(), "operation 'last' was cut; so were 994 texts before it");
}

TEST_F(StoreFaultsTest, AStoreThatComesAndGoesCostsFewLinesToo) {
    store.fails = [this](const std::string&) { return context.uniform() < 0.5; };
    std::size_t before = 0;
    for (int minute = 0; minute < 5; ++minute) {
        run_for(minutes(1));
        EXPECT_LE(lines().size() - before, sync::FaultLines::most_a_minute);
        before = lines().size();
    }
    EXPECT_GE(before, 1U);
}

}  // namespace
}  // namespace embedq::scheduler
