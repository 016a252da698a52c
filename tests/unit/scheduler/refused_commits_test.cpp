// Commits that the store refuses because of one job's data, and those that it refuses whatever they have.
#include <gmock/gmock.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "scheduler/committer.h"
#include "shared_limits_fixture.h"

namespace embedq::scheduler {
namespace {

using std::chrono::minutes;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;

// Refuses commits with some texts' vectors.
class PickyStore : public conformance::FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<bool>> commit(const Commit& commit) override {
        ++commits;
        if (commits == unavailable_at) return embedq::fail(ErrorKind::unavailable, "the store does not answer");
        for (const VectorWrite& vector : commit.vectors) {
            if (!refuses.contains(vector.text_hash) && !refuses_all) continue;
            return embedq::fail(kind, "the value cannot be stored");
        }
        return FaultyStore::commit(commit);
    }
    std::set<Sha256> refuses;
    bool refuses_all = false;
    ErrorKind kind = ErrorKind::internal;
    int commits = 0;
    int unavailable_at = 0;
};

class RefusedCommitsTest : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(store.migrate());
        ASSERT_TRUE(store.put_catalog({"c", {}, {}, {}, {}}));
        const auto probed = providers.known_or_probe("p");
        ASSERT_TRUE(probed);
        profile = (*probed)->profile;
        const CatalogTarget target{"c", "p", profile};
        ASSERT_TRUE(store.set_targets(std::span(&target, 1)));
    }
    void put(const std::string& name, const std::vector<std::string>& texts) {
        SpecWrite write;
        write.catalog_id = "c";
        write.spec_name = name;
        write.content_hash = catalog::sha256(name);
        for (const std::string& text : texts) {
            write.operations.push_back({.operation_id = text, .method = "GET", .path = "/", .text = text});
            write.operations.back().text_hash = catalog::sha256(text);
        }
        const auto put = store.put_specs(std::span(&write, 1));
        ASSERT_TRUE(put) << to_string(put.error());
    }
    void put_neighbours(int count) {
        for (int i = 0; i < count; ++i) {
            const std::string name = "good-" + std::to_string(i);
            put(name, {name + " a", name + " b"});
        }
    }
    // What all due jobs make of all that they need.
    CommitWork work() {
        CommitWork made;
        ClaimRequest request;
        request.worker_id = "worker";
        request.fingerprints = {profile.fingerprint};
        request.lease = state.settings.lease;
        request.max_jobs = 100;
        request.max_texts = 1'000;
        for (const ClaimedJob& job : store.claim(request).value()) {
            const MissingQuery query{job.ref, -1, 100, 1'000'000};
            const MissingTexts page = store.missing_texts(std::span(&query, 1)).value().at(0).value();
            JobReport report;
            report.job = job.ref;
            report.outcome = JobOutcome::succeeded;
            for (const auto& text : page.texts) {
                report.vectors.push_back(static_cast<std::uint32_t>(made.commit.vectors.size()));
                values.emplace_back(profile.dimension, 1.0F);
                made.commit.vectors.push_back({page.profile_id, text.text_hash, page.as_of, values.back()});
            }
            made.commit.jobs.push_back(std::move(report));
            names.push_back(job.spec_name);
        }
        return made;
    }
    // Claims what is due and writes it; what became of each spec's report.
    std::map<std::string, Kept> round() {
        names.clear();
        const CommitWork made = work();
        const auto kept = committer.try_write(made, context.clock().now());
        std::map<std::string, Kept> by_name;
        for (std::size_t i = 0; kept && i < names.size(); ++i) by_name[names[i]] = kept->at(i);
        return by_name;
    }
    Job job(const std::string& name) {
        JobQuery query;
        query.catalog_id = "c";
        query.spec_name = name;
        return store.jobs(query).value().at(0);
    }
    std::size_t vectors() { return store.settlement("c", {}).value().vectors; }

    conformance::TestContext context{"test"};
    PickyStore store{context};
    TestNotifier notifier;
    endpoints::ProviderDirectory providers{{{"p", "scripted", std::make_shared<ScriptedProvider>("model"), {}}},
                                           &context.clock()};
    SchedulerState state{store, notifier, providers, SchedulerSettings{}, context, "worker"};
    Committer committer{state};
    Profile profile;
    std::deque<std::vector<float>> values;
    std::vector<std::string> names;
};

TEST_F(RefusedCommitsTest, OneTextCostsItsNeighboursNothingAndItsJobEndsFailedWithTheStoresReason) {
    put_neighbours(7);
    put("bad", {"fine", "bad text", "fine too"});
    store.refuses = {catalog::sha256("bad text")};
    auto kept = round();
    EXPECT_EQ(kept.at("bad"), Kept::refused);
    kept.erase("bad");
    EXPECT_EQ(kept.size(), 7U);
    EXPECT_THAT(kept, Each(Pair(testing::_, Kept::yes)));
    EXPECT_EQ(vectors(), 16U) << "of the same job, too, all but the text that is refused";
    EXPECT_LE(store.commits, 2 * 3 + 2 * 2 + 3) << "halving finds it";
    EXPECT_EQ(job("bad").status, JobStatus::pending);
    for (std::uint32_t attempt = 1; attempt <= 5; ++attempt) {
        context.manual_clock().advance(minutes(2));
        EXPECT_EQ(round().size(), 1U) << "it is alone now, and pays";
        EXPECT_EQ(job("bad").attempts, attempt);
    }
    EXPECT_EQ(job("bad").status, JobStatus::failed);
    EXPECT_EQ(job("bad").last_error, "the store does not keep results: the value cannot be stored");
}

TEST_F(RefusedCommitsTest, SeveralAreFoundWhereverTheyAre) {
    put("bad-first", {"bad 1"});
    put_neighbours(4);
    put("bad-last", {"bad 2", "bad 3"});
    for (const char* text : {"bad 1", "bad 2", "bad 3"}) store.refuses.insert(catalog::sha256(text));
    EXPECT_EQ(std::ranges::count(round(), Kept::yes, &std::pair<const std::string, Kept>::second), 4);
    EXPECT_EQ(vectors(), 8U);
    EXPECT_EQ(job("bad-first").attempts, 1U) << "it was refused before its neighbours were kept";
    EXPECT_EQ(job("bad-last").attempts, 1U);
    EXPECT_LT(job("bad-last").next_run_at.value(), context.clock().wall() + std::chrono::seconds(6));
}

TEST_F(RefusedCommitsTest, AStoreThatKeepsNothingUsesUpNoAttempts) {
    put_neighbours(4);
    store.refuses_all = true;
    for (int i = 0; i < 10; ++i) {
        store.commits = 0;
        EXPECT_THAT(round(), Each(Pair(testing::_, Kept::refused)));
        EXPECT_LE(store.commits, 2 * 4);
        context.manual_clock().advance(minutes(5));
    }
    for (int i = 0; i < 4; ++i) EXPECT_EQ(job("good-" + std::to_string(i)).attempts, 0U);
    store.refuses_all = false;
    EXPECT_THAT(round(), Each(Pair(testing::_, Kept::yes)));
    EXPECT_EQ(vectors(), 8U);
}

TEST_F(RefusedCommitsTest, AJobThatIsAlonePaysOnceTheStoreHasKeptOthers) {
    put("bad", {"bad text"});
    store.refuses = {catalog::sha256("bad text")};
    EXPECT_EQ(round().at("bad"), Kept::refused);
    EXPECT_EQ(job("bad").attempts, 0U) << "it may be the store";
    put_neighbours(1);
    EXPECT_EQ(round().at("good-0"), Kept::yes);
    context.manual_clock().advance(minutes(5));
    EXPECT_EQ(round().at("bad"), Kept::refused);
    EXPECT_EQ(job("bad").attempts, 1U);
}

TEST_F(RefusedCommitsTest, WhatIsWrongWithTheStoreIsNotLookedForInTheJobs) {
    put_neighbours(8);
    store.refuses_all = true;
    store.kind = ErrorKind::misconfigured;
    EXPECT_THAT(round(), Each(Pair(testing::_, Kept::refused)));
    EXPECT_EQ(store.commits, 2) << "one, and one that gives the jobs back";
    EXPECT_EQ(job("good-0").attempts, 0U);
    EXPECT_THAT(job("good-0").last_error, HasSubstr("the value cannot be stored"));
}

TEST_F(RefusedCommitsTest, AStoreThatFallsSilentMeanwhileIsAskedForTheRestOnly) {
    put_neighbours(4);
    put("bad", {"bad text"});
    store.refuses = {catalog::sha256("bad text")};
    store.unavailable_at = 3;
    const CommitWork made = work();
    const auto began = context.clock().now();
    ASSERT_FALSE(committer.try_write(made, began)) << "to be tried again";
    EXPECT_EQ(vectors(), 4U) << "the first half is kept";
    const auto kept = committer.try_write(made, began);
    ASSERT_TRUE(kept);
    EXPECT_EQ(std::ranges::count(*kept, Kept::yes), 4);
    EXPECT_EQ(vectors(), 8U);
}

}  // namespace
}  // namespace embedq::scheduler
