// Sizes: with a long history and many operations, the verbs of people and workers stay quick. The bounds are ten times
// what the slowest build needs, and count the processor's time, so that they catch a wrong plan and not a busy machine.
#include <chrono>
#include <ctime>

#include "sandbox.h"

namespace embedq::sqlite::testing {
namespace {

using conformance::TestContext;
using std::chrono::milliseconds;

constexpr int spec_count = 200;
constexpr int operations_each = 50;
constexpr int finished_jobs = 200'000;

// Of this thread, by which SQLite works.
std::chrono::nanoseconds processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

template <class Work>
milliseconds time_of_work(Work&& work) {
    const auto start = processor_time();
    work();
    return std::chrono::duration_cast<milliseconds>(processor_time() - start);
}

std::vector<SpecWrite> corpus() {
    std::vector<SpecWrite> specs;
    for (int spec = 0; spec < spec_count; ++spec) {
        std::vector<std::string> texts;
        for (int i = 0; i < operations_each; ++i)
            texts.push_back("spec " + std::to_string(spec) + " text " + std::to_string(i));
        specs.push_back(document("spec-" + std::to_string(spec), texts));
    }
    return specs;
}

void add_history(const std::string& path) {
    raw(path)->execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
        " INSERT INTO jobs (status, kind, fingerprint, profile, completed_at, created_at, catalog_id, spec_name)"
        " SELECT 2, 0, 1, 1, 1900000000000000 + i, 1900000000000000 + i, 'shop', 'spec-' || (i % 200) FROM n");
}

TEST(Size, leaves_every_verb_quick) {
    TestContext context("sqlite");
    Sandbox sandbox;
    const Profile profile = profile_of("m", 64);
    auto store = fresh_store(sandbox.path(), context);
    make_catalog(*store, profile);
    EXPECT_LT(time_of_work([&] { must(store->put_specs(corpus())); }), milliseconds(10'000))
        << "10,000 operations in one call";
    add_history(sandbox.path());
    EXPECT_LT(time_of_work([&] { embed_everything(*store, profile); }), milliseconds(15'000))
        << "200 jobs with 10,000 vectors";
    EXPECT_LT(time_of_work([&] { EXPECT_EQ(must(store->statuses("shop", {})).size(), 200U); }), milliseconds(1'000));
    EXPECT_LT(time_of_work([&] { EXPECT_EQ(must(store->health("shop")).at(0).specs_indexed, 200U); }),
              milliseconds(1'000));
    EXPECT_LT(time_of_work([&] { EXPECT_EQ(must(store->settlement("shop", {})).vectors, 10'000U); }),
              milliseconds(1'000));
    EXPECT_LT(time_of_work([&] { EXPECT_EQ(must(store->reconcile("")).gaps, 0U); }), milliseconds(1'000));
    EXPECT_LT(time_of_work([&] { EXPECT_TRUE(must(store->claim(claim_request(profile))).empty()); }),
              milliseconds(200));
    JobQuery failed;
    failed.status = JobStatus::failed;
    EXPECT_LT(time_of_work([&] { EXPECT_TRUE(must(store->jobs(failed)).empty()); }), milliseconds(200));
    EXPECT_LT(time_of_work([&] { EXPECT_EQ(must(store->jobs({})).size(), 50U); }), milliseconds(200));
    const PruneRequest prune{std::chrono::hours(1), 1000};
    EXPECT_LT(time_of_work([&] { EXPECT_EQ(must(store->prune(prune)).jobs, 1000U); }), milliseconds(2'000));
    EXPECT_GE(value_of(*raw(sandbox.path()), "SELECT count(*) FROM jobs"), finished_jobs - 1000);
}

}  // namespace
}  // namespace embedq::sqlite::testing
