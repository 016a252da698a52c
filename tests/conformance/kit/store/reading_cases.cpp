// What ranking reads, reads_are_cheap (that the answers are right; the benchmarks measure how fast), absence_is_said.
#include <algorithm>

#include "kit.h"

namespace embedq::conformance {
namespace {

using Names = std::vector<std::string>;

// --- what ranking reads

void operations_come_back_whole(Kit& kit) {
    kit.catalog();
    const auto b = document("b", {"b0", "b1"});
    const auto a = document("a", {"a0"});
    kit.put(b);
    kit.put(a);
    std::vector<std::pair<std::string, Operation>> seen;
    must(kit.store().operations(
        "shop", {}, [&](std::string_view spec, const Operation& operation) { seen.emplace_back(spec, operation); }));
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].first, "a");
    EXPECT_EQ(seen[1].first, "b");
    const auto& expected = b.operations[1];
    const auto& got = seen[2].second;
    EXPECT_EQ(got.operation_id, expected.operation_id);
    EXPECT_EQ(got.method, expected.method);
    EXPECT_EQ(got.path, expected.path);
    EXPECT_EQ(got.summary, expected.summary);
    EXPECT_EQ(got.tags, expected.tags);
    EXPECT_EQ(got.text, expected.text);
    EXPECT_EQ(got.text_hash, expected.text_hash);
    EXPECT_EQ(got.cut_bytes, expected.cut_bytes);
}

void operations_of_named_specs(Kit& kit) {
    kit.catalog();
    for (const std::string name : {"a", "b", "c"}) kit.put(document(name, {name}));
    Names seen;
    const Names asked{"c", "gone", "a"};
    must(kit.store().operations("shop", asked,
                                [&](std::string_view spec, const Operation&) { seen.emplace_back(spec); }));
    EXPECT_EQ(seen, (Names{"a", "c"})) << "a spec that was deleted meanwhile is left out";
}

void many_vectors_in_one_call(Kit& kit) {
    kit.catalog();
    Names texts;
    for (int i = 0; i < 2500; ++i) texts.push_back("text " + std::to_string(i));
    kit.put(document("big", texts));
    kit.embed_everything();
    std::vector<Sha256> hashes;
    for (const auto& text : texts) hashes.push_back(hash_of(text));
    hashes.push_back(hash_of("never seen"));
    std::vector<bool> seen(hashes.size());
    must(kit.store().vectors(kit.target().id, hashes, [&](std::size_t index, std::span<const float> values) {
        seen.at(index) = true;
        EXPECT_TRUE(std::ranges::equal(values, vector_of(hashes[index], 4)));
    }));
    EXPECT_EQ(std::ranges::count(seen, true), 2500);
    EXPECT_FALSE(seen.back());
}

void a_hash_asked_for_twice_is_answered_twice(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    kit.embed_everything();
    const std::vector hashes{hash_of("a"), hash_of("b"), hash_of("a")};
    std::vector<int> visits(hashes.size());
    must(kit.store().vectors(kit.target().id, hashes,
                             [&](std::size_t index, std::span<const float>) { ++visits.at(index); }));
    EXPECT_EQ(visits, (std::vector{1, 1, 1})) << "each index of the requested texts, once";
    must(kit.store().vectors(kit.target().id, {}, [](auto, auto) { ADD_FAILURE() << "nothing was requested"; }));
}

// --- reads_are_cheap

void statuses_add_up(Kit& kit) {
    kit.catalog();
    kit.put(document("b-done", {"a", "b"}));
    kit.put(document("c-part", {"a", "c", "d", "d"}));
    kit.put(document("a-empty", {}));
    EXPECT_TRUE(kit.embed(kit.claim_one()));
    EXPECT_TRUE(kit.refuse(kit.claim_one(), "c", "no", JobOutcome::progress));
    const auto all = must(kit.store().statuses("shop", {}));
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].spec_name, "a-empty");
    EXPECT_EQ(all[0].operation_count, 0U);
    EXPECT_FALSE(all[0].job.has_value());
    EXPECT_EQ(all[1].operation_count, 2U);
    EXPECT_EQ(all[1].embedding_count, 2U);
    EXPECT_EQ(all[1].job.value().status, JobStatus::succeeded);
    EXPECT_EQ(all[1].job->embedded_so_far, 2U);
    EXPECT_EQ(all[2].operation_count, 4U);
    EXPECT_EQ(all[2].embedding_count, 1U);
    EXPECT_EQ(all[2].refused_count, 1U);
    EXPECT_EQ(all[2].job.value().status, JobStatus::running);
    const auto named = must(kit.store().statuses("shop", Names{"c-part"}));
    ASSERT_EQ(named.size(), 1U);
    EXPECT_EQ(named[0].spec_name, "c-part");
}

void counts_are_of_the_target_profile(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    kit.embed_everything();
    const auto second = make_profile("second");
    kit.set_target("shop", second);
    ASSERT_EQ(kit.info().serving_profile, kit.target().id);
    EXPECT_EQ(must(kit.store().statuses("shop", {})).at(0).embedding_count, 0U)
        << "vectors of the serving profile do not count";
    EXPECT_EQ(must(kit.store().health("shop")).at(0).embedding_count, 0U);
    EXPECT_EQ(must(kit.store().health("shop")).at(0).specs_indexed, 0U);
    must(kit.store().reconcile(""));
    EXPECT_TRUE(kit.embed_some(kit.claim_one(second), 1, JobOutcome::progress));
    EXPECT_EQ(must(kit.store().statuses("shop", {})).at(0).embedding_count, 1U);
    EXPECT_EQ(must(kit.store().health("shop")).at(0).embedding_count, 1U);
}

void a_force_concerns_its_spec_alone(Kit& kit) {
    kit.catalog();
    kit.put(document("forced", {"same"}));
    kit.put(document("other", {"same"}));
    kit.embed_everything();
    kit.advance(1s);
    kit.enqueue("forced", JobKind::manual_retry);
    const auto statuses = must(kit.store().statuses("shop", {}));
    EXPECT_EQ(statuses.at(0).embedding_count, 0U) << "the forced spec waits for a new vector";
    EXPECT_EQ(statuses.at(1).embedding_count, 1U) << "the other still has its vector";
    EXPECT_EQ(must(kit.store().settlement("shop", Names{"other"})).missing(), 0U);
    EXPECT_EQ(must(kit.store().reconcile("")).gaps, 1U);
}

void the_newest_job_is_shown(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::failed, 0ms, "no");
    kit.enqueue("pets", JobKind::manual_retry);
    const auto status = must(kit.store().statuses("shop", {})).at(0);
    EXPECT_EQ(status.job.value().status, JobStatus::pending);
    EXPECT_EQ(status.job->kind, JobKind::manual_retry);
}

void health_adds_up(Kit& kit) {
    kit.catalog();
    kit.catalog("other");
    for (const std::string name : {"done", "failed", "running", "pending"}) kit.put(document(name, {name}));
    kit.put(document("empty", {}));
    EXPECT_TRUE(kit.embed(kit.claim_one()));
    EXPECT_TRUE(kit.report(kit.claim_one(), JobOutcome::failed, 0ms, "no"));
    static_cast<void>(kit.claim_one());
    const auto health = must(kit.store().health("shop"));
    ASSERT_EQ(health.size(), 1U);
    EXPECT_EQ(health[0].specs_total, 5U);
    EXPECT_EQ(health[0].specs_indexed, 2U) << "a spec without operations is indexed";
    EXPECT_EQ(health[0].specs_pending, 1U);
    EXPECT_EQ(health[0].specs_running, 1U);
    EXPECT_EQ(health[0].specs_failed, 1U);
    EXPECT_EQ(health[0].operation_count, 4U);
    EXPECT_EQ(health[0].embedding_count, 1U);
    const auto all = must(kit.store().health(""));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].catalog_id, "other");
    EXPECT_EQ(all[0].specs_total, 0U);
}

// A spec whose texts are all settled is still counted once, by its newest job as long as that is open or failed.
void states_of_specs_are_disjoint(Kit& kit) {
    kit.catalog();
    for (const std::string name : {"a-running", "b-done"}) kit.put(document(name, {"same"}));
    kit.put(document("c-refused", {"bad"}));
    kit.put(document("d-cancelled", {"never"}));
    static_cast<void>(kit.claim_one());
    EXPECT_TRUE(kit.embed(kit.claim_one()));
    EXPECT_TRUE(kit.refuse(kit.claim_one(), "bad", "too rude", JobOutcome::succeeded));
    for (const auto& job : kit.jobs_of("d-cancelled")) must(kit.store().cancel(std::vector{job.id}));
    const auto health = must(kit.store().health("shop")).at(0);
    EXPECT_EQ(health.specs_total, 4U);
    EXPECT_EQ(health.specs_running, 1U);
    EXPECT_EQ(health.specs_failed, 1U);
    EXPECT_EQ(health.specs_indexed, 1U) << "neither the running one nor the failed one, though all their texts are "
                                           "settled; the cancelled one is not indexed";
    EXPECT_EQ(health.specs_pending, 0U);
}

void settlement_counts_distinct_texts(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"x", "x", "y"}));
    kit.put(document("b", {"y", "z"}));
    auto settlement = kit.settlement();
    EXPECT_EQ(settlement.specs, 2U);
    EXPECT_EQ(settlement.operations, 5U);
    EXPECT_EQ(settlement.distinct_texts, 3U);
    EXPECT_EQ(settlement.missing(), 3U);
    EXPECT_TRUE(kit.embed(kit.claim_one()));
    EXPECT_EQ(kit.settlement().vectors, 2U);
    settlement = must(kit.store().settlement("shop", Names{"b"}));
    EXPECT_EQ(settlement.specs, 1U);
    EXPECT_EQ(settlement.distinct_texts, 2U);
    EXPECT_EQ(settlement.missing(), 1U);
}

void jobs_are_filtered_and_paged(Kit& kit) {
    kit.catalog();
    kit.catalog("other");
    for (int i = 0; i < 7; ++i) kit.put(document("s" + std::to_string(i), {"t" + std::to_string(i)}));
    kit.put(document("s0", {"u"}, "other"));
    kit.report(kit.claim_one(), JobOutcome::failed, 0ms, "no");
    JobQuery query;
    query.limit = 3;
    std::vector<JobId> ids;
    for (;;) {
        const auto page = must(kit.store().jobs(query));
        if (page.empty()) break;
        ASSERT_LE(page.size(), 3U);
        for (const auto& job : page) ids.push_back(job.id);
        query.before = page.back().id;
    }
    EXPECT_EQ(ids.size(), 8U);
    EXPECT_TRUE(std::ranges::is_sorted(ids, std::ranges::greater{})) << "newest first";
    query = {};
    query.status = JobStatus::failed;
    EXPECT_EQ(must(kit.store().jobs(query)).size(), 1U);
    query.catalog_id = "other";
    EXPECT_TRUE(must(kit.store().jobs(query)).empty());
    query.status.reset();
    EXPECT_EQ(must(kit.store().jobs(query)).size(), 1U);
    query = {};
    query.spec_name = "s0";
    EXPECT_EQ(must(kit.store().jobs(query)).size(), 2U);
    query = {};
    query.id = ids.back();
    EXPECT_EQ(must(kit.store().jobs(query)).size(), 1U);
    query.id = 987654;
    EXPECT_TRUE(must(kit.store().jobs(query)).empty());
}

void workers_are_listed(Kit& kit) {
    const WorkerReport first{"w1", "host-1", 42, "1.2.3", 3, {"hosted"}};
    must(kit.store().extend(first, {}, 20s));
    kit.advance(5s);
    must(kit.store().extend({"w1", "host-1", 42, "1.2.3", 5, {"hosted", "local-2"}}, {}, 20s));
    must(kit.store().extend({"w2", "host-2", 43, "1.2.3", 0}, {}, 20s));
    auto workers = must(kit.store().workers());
    std::ranges::sort(workers, {}, [](const WorkerInfo& worker) { return worker.report.worker_id; });
    ASSERT_EQ(workers.size(), 2U);
    EXPECT_EQ(workers[0].report.host, "host-1");
    EXPECT_EQ(workers[0].report.pid, 42);
    EXPECT_EQ(workers[0].report.version, "1.2.3");
    EXPECT_EQ(workers[0].report.jobs_held, 5U);
    EXPECT_EQ(workers[0].report.providers, (std::vector<std::string>{"hosted", "local-2"}));
    EXPECT_EQ(workers[0].seen_at - workers[0].started_at, 5s);
    EXPECT_TRUE(workers[1].report.providers.empty());
}

std::vector<std::string> listed_workers(Kit& kit) {
    std::vector<std::string> ids;
    for (const WorkerInfo& worker : must(kit.store().workers())) ids.push_back(worker.report.worker_id);
    std::ranges::sort(ids);
    return ids;
}

void a_worker_that_stopped_is_not_listed(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    for (const char* id : {"w1", "w2"}) must(kit.store().extend({.worker_id = id}, {}, 20s));
    const auto held = must(kit.store().extend({.worker_id = "w1", .stopped = true}, std::vector{job.ref}, 20s));
    EXPECT_EQ(held, std::vector<bool>{true}) << "leases are extended as ever";
    EXPECT_EQ(listed_workers(kit), std::vector<std::string>{"w2"});
    must(kit.store().extend({.worker_id = "w3", .stopped = true}, {}, 20s));
    EXPECT_EQ(listed_workers(kit), std::vector<std::string>{"w2"}) << "who was never listed stops without a row";
}

void a_killed_worker_is_forgotten(Kit& kit) {
    must(kit.store().extend({.worker_id = "killed"}, {}, 20s));
    kit.advance(23h);
    must(kit.store().extend({.worker_id = "alive"}, {}, 20s));
    must(kit.store().prune({.older_than = 24h * 14}));
    EXPECT_EQ(listed_workers(kit), (std::vector<std::string>{"alive", "killed"})) << "somebody may look for it";
    kit.advance(2h);
    must(kit.store().extend({.worker_id = "alive"}, {}, 20s));
    must(kit.store().prune({.older_than = 24h * 14}));
    EXPECT_EQ(listed_workers(kit), std::vector<std::string>{"alive"}) << "it does not stay as long as history does";
}

// --- absence_is_said

void an_unknown_catalog_is_named(Kit& kit) {
    kit.catalog();
    auto& store = kit.store();
    const auto check = [](const auto& result) { expect_error(result, ErrorKind::not_found, "nowhere"); };
    check(store.specs("nowhere", "", 10));
    check(store.spec("nowhere", "pets"));
    check(store.spec_content("nowhere", "pets"));
    check(store.delete_spec("nowhere", "pets"));
    check(store.delete_catalog("nowhere"));
    check(store.clone_catalog("nowhere", {"copy", "", "", "", ""}));
    check(store.revision("nowhere"));
    check(store.changes("nowhere", 0));
    check(store.operations("nowhere", {}, [](auto, const auto&) {}));
    check(store.enqueue(std::vector<EnqueueRequest>{{"nowhere", "pets"}}));
    check(store.reconcile("nowhere"));
    check(store.statuses("nowhere", {}));
    check(store.health("nowhere"));
    check(store.settlement("nowhere", {}));
    check(store.put_specs(std::vector{document("pets", {"a"}, "nowhere")}));
    EXPECT_EQ(must(store.catalogs()).size(), 1U) << "asking created nothing";
}

void an_unknown_spec_is_named(Kit& kit) {
    kit.catalog();
    kit.put(document("known", {"a"}));
    ASSERT_EQ(kit.claim().size(), 1U);
    auto& store = kit.store();
    const auto check = [](const auto& result) { expect_error(result, ErrorKind::not_found, "missing-one"); };
    check(store.spec("shop", "missing-one"));
    check(store.spec_content("shop", "missing-one"));
    check(store.delete_spec("shop", "missing-one"));
    check(store.enqueue(std::vector<EnqueueRequest>{{"shop", "known"}, {"shop", "missing-one"}}));
    EXPECT_EQ(kit.open_jobs("known", JobStatus::pending), 0U) << "and nothing is enqueued";
}

}  // namespace

std::vector<Case> reading_cases() {
    return {
        {"ranking", "operations_come_back_whole", operations_come_back_whole},
        {"ranking", "operations_of_named_specs", operations_of_named_specs},
        {"ranking", "many_vectors_in_one_call", many_vectors_in_one_call},
        {"ranking", "a_hash_asked_for_twice_is_answered_twice", a_hash_asked_for_twice_is_answered_twice},
        {"reads_are_cheap", "statuses_add_up", statuses_add_up},
        {"reads_are_cheap", "counts_are_of_the_target_profile", counts_are_of_the_target_profile},
        {"reads_are_cheap", "a_force_concerns_its_spec_alone", a_force_concerns_its_spec_alone},
        {"reads_are_cheap", "the_newest_job_is_shown", the_newest_job_is_shown},
        {"reads_are_cheap", "health_adds_up", health_adds_up},
        {"states_are_disjoint", "states_of_specs_are_disjoint", states_of_specs_are_disjoint},
        {"reads_are_cheap", "settlement_counts_distinct_texts", settlement_counts_distinct_texts},
        {"reads_are_cheap", "jobs_are_filtered_and_paged", jobs_are_filtered_and_paged},
        {"reads_are_cheap", "workers_are_listed", workers_are_listed},
        {"workers", "a_worker_that_stopped_is_not_listed", a_worker_that_stopped_is_not_listed},
        {"workers", "a_killed_worker_is_forgotten", a_killed_worker_is_forgotten},
        {"absence_is_said", "an_unknown_catalog_is_named", an_unknown_catalog_is_named},
        {"absence_is_said", "an_unknown_spec_is_named", an_unknown_spec_is_named},
    };
}

}  // namespace embedq::conformance
