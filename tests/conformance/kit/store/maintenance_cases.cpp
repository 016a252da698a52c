// reconciler_reads_the_truth and deleted_means_gone.
#include <algorithm>

#include "kit.h"

namespace embedq::conformance {
namespace {

void cancel_all(Kit& kit, const std::string& spec_name) {
    for (const auto& job : kit.jobs_of(spec_name)) must(kit.store().cancel(std::vector{job.id}));
}

// --- reconciler_reads_the_truth

void a_lost_enqueue_is_found(Kit& kit) {
    kit.catalog();
    kit.put(document("gap", {"a", "b"}));
    kit.put(document("whole", {"c"}));
    kit.put(document("empty", {}));
    cancel_all(kit, "gap");
    kit.embed_everything();
    const auto result = must(kit.store().reconcile(""));
    EXPECT_EQ(result.gaps, 1U);
    EXPECT_EQ(result.enqueued, 1U);
    EXPECT_EQ(kit.jobs_of("gap").at(0).kind, JobKind::reconciler);
    EXPECT_EQ(kit.jobs_of("whole").size(), 1U);
    EXPECT_TRUE(kit.jobs_of("empty").empty());
    kit.embed_everything();
    EXPECT_EQ(must(kit.store().reconcile("")).gaps, 0U);
}

void an_open_job_is_enough(Kit& kit) {
    kit.catalog();
    kit.put(document("pending", {"a"}));
    kit.put(document("running", {"b"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 1h, "slow");
    static_cast<void>(kit.claim_one());
    const auto result = must(kit.store().reconcile(""));
    EXPECT_EQ(result.gaps, 2U);
    EXPECT_EQ(result.enqueued, 0U);
    EXPECT_EQ(kit.jobs_of("running").size(), 1U);
}

void a_second_sweep_enqueues_nothing(Kit& kit) {
    kit.catalog();
    kit.put(document("gap", {"a"}));
    cancel_all(kit, "gap");
    EXPECT_EQ(must(kit.store().reconcile("shop")).enqueued, 1U);
    EXPECT_EQ(must(kit.store().reconcile("shop")).enqueued, 0U);
}

void one_catalog_only(Kit& kit) {
    kit.catalog();
    kit.catalog("other");
    kit.put(document("a", {"a"}));
    kit.put(document("b", {"b"}, "other"));
    cancel_all(kit, "a");
    for (const auto& job : kit.jobs_of("b", "other")) must(kit.store().cancel(std::vector{job.id}));
    EXPECT_EQ(must(kit.store().reconcile("other")).enqueued, 1U);
    EXPECT_EQ(kit.open_jobs("a", JobStatus::pending), 0U);
}

// Fails the spec's job and returns for how long the spec is parked.
std::chrono::microseconds fail_once(Kit& kit) {
    must(kit.store().reconcile(""));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.report(job, JobOutcome::failed, 0ms, "no"));
    return *must(kit.store().spec("shop", "pets")).parked_until - *kit.job(job.ref.id).completed_at;
}

void a_failing_spec_is_parked_for_longer_and_longer(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const std::vector<std::chrono::minutes> expected{10min, 20min, 40min, 80min, 160min, 320min, 360min, 360min};
    for (const auto parked : expected) {
        EXPECT_EQ(fail_once(kit), parked);
        kit.advance(parked - 1s);
        const auto result = must(kit.store().reconcile(""));
        EXPECT_EQ(result.gaps, 1U);
        EXPECT_EQ(result.enqueued, 0U) << "parked";
        kit.advance(1s);
    }
}

void exhausted_attempts_park_too(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    static_cast<void>(kit.claim_one());
    kit.advance(21s);
    EXPECT_EQ(must(kit.store().reap(1)).failed, 1U);
    EXPECT_EQ(must(kit.store().reconcile("")).enqueued, 0U);
    kit.advance(10min);
    EXPECT_EQ(must(kit.store().reconcile("")).enqueued, 1U);
}

void a_changed_write_ends_the_parking(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    fail_once(kit);
    kit.advance(10min);
    fail_once(kit);
    EXPECT_EQ(kit.put(document("pets", {"b"})).enqueued, EnqueueOutcome::created);
    EXPECT_FALSE(must(kit.store().spec("shop", "pets")).parked_until.has_value());
    EXPECT_EQ(fail_once(kit), 10min) << "the count of failures starts again";
}

void a_manual_retry_ends_the_parking(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    fail_once(kit);
    kit.advance(10min);
    fail_once(kit);
    EXPECT_EQ(kit.enqueue("pets", JobKind::manual_retry), EnqueueOutcome::created);
    EXPECT_FALSE(must(kit.store().spec("shop", "pets")).parked_until.has_value());
    EXPECT_EQ(fail_once(kit), 10min);
}

void a_success_ends_the_parking(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    fail_once(kit);
    kit.advance(10min);
    must(kit.store().reconcile(""));
    kit.embed_everything();
    EXPECT_FALSE(must(kit.store().spec("shop", "pets")).parked_until.has_value());
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    EXPECT_EQ(fail_once(kit), 10min);
}

void a_new_target_is_a_gap_everywhere(Kit& kit) {
    kit.catalog();
    for (const std::string name : {"a", "b", "c"}) kit.put(document(name, {name}));
    kit.put(document("empty", {}));
    kit.embed_everything();
    kit.set_target("shop", make_profile("second", 16));
    const auto result = must(kit.store().reconcile(""));
    EXPECT_EQ(result.gaps, 3U);
    EXPECT_EQ(result.enqueued, 3U);
    EXPECT_TRUE(kit.nothing_to_claim());
}

void a_shared_text_ends_both_gaps(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"same"}));
    kit.put(document("b", {"same"}));
    cancel_all(kit, "b");
    kit.embed_everything();
    EXPECT_EQ(must(kit.store().reconcile("")).gaps, 0U);
}

// --- deleted_means_gone

void a_deleted_spec_is_gone(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    const auto page = kit.missing(job);
    kit.enqueue("pets");
    must(kit.store().delete_spec("shop", "pets"));
    expect_error(kit.store().spec("shop", "pets"), ErrorKind::not_found, "pets");
    Delivery delivery;
    delivery.vectors(delivery.report(job.ref, JobOutcome::succeeded), page, 4);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{false});
    EXPECT_TRUE(kit.vector("a", kit.target()).empty()) << "late results are dropped";
    EXPECT_EQ(must(kit.store().extend({"worker", "host", 1, "1", 1}, std::vector{job.ref}, 20s)), std::vector{false});
    EXPECT_TRUE(kit.nothing_to_claim());
    const auto history = kit.jobs_of("pets");
    ASSERT_EQ(history.size(), 2U) << "history stays";
    for (const auto& row : history) EXPECT_EQ(row.status, JobStatus::cancelled);
    std::size_t operations = 0;
    must(kit.store().operations("shop", {}, [&](auto, const auto&) { ++operations; }));
    EXPECT_EQ(operations, 0U);
    EXPECT_EQ(must(kit.store().reconcile("")).gaps, 0U);
}

void a_deleted_catalog_is_gone(Kit& kit) {
    kit.catalog();
    kit.catalog("other");
    kit.put(document("pets", {"a"}));
    kit.put(document("cars", {"b"}, "other"));
    const auto job = kit.claim_one();
    ASSERT_EQ(job.catalog_id, "shop");
    must(kit.store().delete_catalog("shop"));
    EXPECT_FALSE(kit.report(job, JobOutcome::succeeded));
    expect_error(kit.store().revision("shop"), ErrorKind::not_found, "shop");
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::cancelled);
    EXPECT_EQ(must(kit.store().catalogs()).size(), 1U);
    kit.embed_everything();
    EXPECT_EQ(kit.settlement("other").missing(), 0U);
    expect_error(kit.store().delete_catalog("shop"), ErrorKind::not_found, "shop");
}

void a_spec_created_again_starts_fresh(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    fail_once(kit);
    must(kit.store().delete_spec("shop", "pets"));
    const auto again = kit.put(document("pets", {"a"}));
    EXPECT_EQ(again.outcome, PutOutcome::created);
    EXPECT_EQ(again.enqueued, EnqueueOutcome::created);
    EXPECT_FALSE(must(kit.store().spec("shop", "pets")).parked_until.has_value());
    kit.embed_everything();
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

void a_late_result_is_not_the_new_specs(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto late = kit.claim_one();
    const auto page = kit.missing(late);
    must(kit.store().delete_spec("shop", "pets"));
    kit.put(document("pets", {"a"}));
    Delivery delivery;
    delivery.vectors(delivery.report(late.ref, JobOutcome::succeeded), page, 4);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{false})
        << "the job was of the spec that was deleted";
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::pending), 1U) << "the new spec's own job is still there";
    const auto status = must(kit.store().statuses("shop", {})).at(0);
    EXPECT_EQ(status.embedding_count, 0U);
    EXPECT_EQ(status.job.value().status, JobStatus::pending);
}

void a_recreated_catalog_never_shows_an_old_revision(Kit& kit) {
    kit.catalog();
    for (int i = 0; i < 3; ++i) kit.put(document("pets", {"v" + std::to_string(i)}));
    const auto seen = kit.revision();
    must(kit.store().delete_catalog("shop"));
    kit.catalog();
    for (int i = 0; i < 3; ++i) {
        EXPECT_NE(kit.revision(), seen) << "a reader would mistake its old copy for the new one";
        kit.put(document("cars", {"w" + std::to_string(i)}));
    }
    const auto changes = must(kit.store().changes("shop", seen));
    EXPECT_TRUE(changes.everything || std::ranges::count(changes.specs, "cars") == 1);
}

void a_deletion_can_complete_the_flip(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    kit.put(document("b", {"b"}));
    kit.embed_everything();
    const auto second = make_profile("second");
    kit.set_target("shop", second);
    must(kit.store().reconcile(""));
    EXPECT_TRUE(kit.embed(kit.claim_one(second)));
    must(kit.store().delete_spec("shop", "b"));
    must(kit.store().reconcile(""));
    EXPECT_EQ(kit.info().serving_profile, second.id);
}

// --- what somebody has seen

void only_the_version_that_was_seen(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const SpecVersion seen = must(kit.store().spec("shop", "pets")).version();
    kit.put(document("pets", {"b"}));
    kit.advance(1s);
    expect_error(kit.store().delete_spec("shop", "pets", seen), ErrorKind::conflict, "pets");
    EXPECT_EQ(must(kit.store().spec_content("shop", "pets")), "b\n");
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::pending), 1U) << "nothing is cancelled";
    must(kit.store().delete_spec("shop", "pets", must(kit.store().spec("shop", "pets")).version()));
    expect_error(kit.store().spec("shop", "pets"), ErrorKind::not_found, "pets");
    expect_error(kit.store().delete_spec("shop", "pets", seen), ErrorKind::not_found, "pets");
}

void an_unchanged_write_is_no_other_version(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const SpecVersion seen = must(kit.store().spec("shop", "pets")).version();
    kit.advance(1s);
    ASSERT_EQ(kit.put(document("pets", {"a"})).outcome, PutOutcome::unchanged);
    kit.embed_everything();
    must(kit.store().delete_spec("shop", "pets", seen));
}

void a_spec_that_was_put_again_is_another(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const SpecVersion seen = must(kit.store().spec("shop", "pets")).version();
    must(kit.store().delete_spec("shop", "pets"));
    kit.advance(1s);
    kit.put(document("pets", {"a"}));
    expect_error(kit.store().delete_spec("shop", "pets", seen), ErrorKind::conflict, "pets");
}

CatalogVersion seen_in(Kit& kit) {
    CatalogVersion seen;
    for (const SpecInfo& spec : must(kit.store().specs("shop", "", 100))) {
        ++seen.specs;
        seen.written_at = std::max(seen.written_at, spec.updated_at);
    }
    return seen;
}

void only_the_catalog_that_was_seen(Kit& kit) {
    kit.catalog();
    CatalogVersion seen = seen_in(kit);
    const auto stays = [&] {
        expect_error(kit.store().delete_catalog("shop", seen), ErrorKind::conflict, "shop");
        seen = seen_in(kit);
        kit.advance(1s);
    };
    kit.put(document("pets", {"a"}));
    stays();
    kit.put(document("pets", {"b"}));
    stays();
    kit.put(document("cars", {"c"}));
    stays();
    must(kit.store().delete_spec("shop", "cars"));
    stays();
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::pending), 1U) << "nothing is cancelled";
    kit.embed_everything();  // is no write of a document
    must(kit.store().delete_catalog("shop", seen));
    EXPECT_TRUE(must(kit.store().catalogs()).empty());
}

}  // namespace

std::vector<Case> maintenance_cases() {
    return {
        {"deleting_what_was_seen", "only_the_version_that_was_seen", only_the_version_that_was_seen},
        {"deleting_what_was_seen", "an_unchanged_write_is_no_other_version", an_unchanged_write_is_no_other_version},
        {"deleting_what_was_seen", "a_spec_that_was_put_again_is_another", a_spec_that_was_put_again_is_another},
        {"deleting_what_was_seen", "only_the_catalog_that_was_seen", only_the_catalog_that_was_seen},
        {"reconciler_reads_the_truth", "a_lost_enqueue_is_found", a_lost_enqueue_is_found},
        {"reconciler_reads_the_truth", "an_open_job_is_enough", an_open_job_is_enough},
        {"reconciler_reads_the_truth", "a_second_sweep_enqueues_nothing", a_second_sweep_enqueues_nothing},
        {"reconciler_reads_the_truth", "one_catalog_only", one_catalog_only},
        {"reconciler_reads_the_truth", "a_failing_spec_is_parked_for_longer_and_longer",
         a_failing_spec_is_parked_for_longer_and_longer},
        {"reconciler_reads_the_truth", "exhausted_attempts_park_too", exhausted_attempts_park_too},
        {"reconciler_reads_the_truth", "a_changed_write_ends_the_parking", a_changed_write_ends_the_parking},
        {"reconciler_reads_the_truth", "a_manual_retry_ends_the_parking", a_manual_retry_ends_the_parking},
        {"reconciler_reads_the_truth", "a_success_ends_the_parking", a_success_ends_the_parking},
        {"reconciler_reads_the_truth", "a_new_target_is_a_gap_everywhere", a_new_target_is_a_gap_everywhere},
        {"reconciler_reads_the_truth", "a_shared_text_ends_both_gaps", a_shared_text_ends_both_gaps},
        {"deleted_means_gone", "a_deleted_spec_is_gone", a_deleted_spec_is_gone},
        {"deleted_means_gone", "a_deleted_catalog_is_gone", a_deleted_catalog_is_gone},
        {"deleted_means_gone", "a_spec_created_again_starts_fresh", a_spec_created_again_starts_fresh},
        {"deleted_means_gone", "a_late_result_is_not_the_new_specs", a_late_result_is_not_the_new_specs},
        {"deleted_means_gone", "a_recreated_catalog_never_shows_an_old_revision",
         a_recreated_catalog_never_shows_an_old_revision},
        {"deleted_means_gone", "a_deletion_can_complete_the_flip", a_deletion_can_complete_the_flip},
    };
}

}  // namespace embedq::conformance
