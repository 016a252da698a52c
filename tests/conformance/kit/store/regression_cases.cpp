// Named after bugs of other systems that no case of an invariant shows: docs/regressions.md has the list.
#include <algorithm>
#include <cstring>

#include "kit.h"

namespace embedq::conformance {
namespace {

// Leases were counted in whole seconds.
void a_lease_below_a_second_was_none(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    auto request = kit.claim_request();
    request.lease = 500ms;
    const auto job = must(kit.store().claim(request)).at(0);
    kit.advance(499ms);
    EXPECT_EQ(must(kit.store().reap(5)).requeued, 0U);
    EXPECT_EQ(must(kit.store().extend({"worker", "host", 1, "1", 1}, std::vector{job.ref}, 500ms)), std::vector{true});
    kit.advance(499ms);
    EXPECT_EQ(must(kit.store().reap(5)).requeued, 0U);
    kit.advance(1ms);
    EXPECT_EQ(must(kit.store().reap(5)).requeued, 1U);
}

// A spec that had failed once was shown as failed after it succeeded.
void a_recovered_spec_stayed_failed(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::failed, 0ms, "no");
    EXPECT_EQ(must(kit.store().health("shop")).at(0).specs_failed, 1U);
    kit.enqueue("pets", JobKind::manual_retry);
    kit.embed_everything();
    const auto health = must(kit.store().health("shop")).at(0);
    EXPECT_EQ(health.specs_failed, 0U);
    EXPECT_EQ(health.specs_indexed, 1U);
    const auto status = must(kit.store().statuses("shop", {})).at(0);
    EXPECT_EQ(status.job.value().status, JobStatus::succeeded);
    EXPECT_EQ(status.job->last_error, "");
}

// A raw hash was stored in a text column, and not one row was ever written.
void a_hash_was_taken_for_text(Kit& kit) {
    kit.catalog();
    auto write = document("pets", {"zeros", "ones", "quotes", "high"});
    const std::array<std::string, 4> bytes{std::string(32, '\0'), std::string(32, '\xff'), std::string(32, '\''),
                                           "\\x\xc3(" + std::string(28, '\x80')};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        std::memcpy(write.operations[i].text_hash.data(), bytes[i].data(), 32);
    EXPECT_EQ(kit.put(write).operation_count, 4U);
    kit.embed_everything();
    EXPECT_EQ(kit.settlement().missing(), 0U);
    std::size_t found = 0;
    std::vector<Sha256> hashes;
    hashes.reserve(write.operations.size());
    for (const auto& operation : write.operations) hashes.push_back(operation.text_hash);
    must(kit.store().vectors(kit.target().id, hashes, [&](std::size_t index, std::span<const float> values) {
        ++found;
        EXPECT_TRUE(std::ranges::equal(values, vector_of(hashes[index], 4)));
    }));
    EXPECT_EQ(found, 4U);
}

// The count of failures read 0 while everything failed: each sweep's new job hid the failed one.
void sweeps_hid_what_failed(Kit& kit) {
    kit.catalog();
    for (const std::string name : {"a", "b", "c"}) kit.put(document(name, {name}));
    for (int i = 0; i < 3; ++i) kit.report(kit.claim_one(), JobOutcome::failed, 0ms, "no");
    for (int tick = 0; tick < 2; ++tick) {
        must(kit.store().reconcile(""));
        EXPECT_EQ(must(kit.store().health("shop")).at(0).specs_failed, 3U);
        EXPECT_EQ(must(kit.store().statuses("shop", {})).at(0).job.value().last_error, "no");
        kit.advance(4min);
    }
}

// The same failure happened every five minutes, 835 times in three days.
void a_hopeless_spec_was_tried_every_five_minutes(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    std::size_t failures = 0;
    for (int tick = 0; tick < 3 * 24 * 12; ++tick) {
        must(kit.store().reconcile(""));
        for (const auto& job : kit.claim()) {
            kit.report(job, JobOutcome::failed, 0ms, "no");
            ++failures;
        }
        kit.advance(5min);
    }
    EXPECT_LE(failures, 20U);
    EXPECT_GE(failures, 12U) << "it is still tried again";
}

// A deleted spec that had failed kept its catalog degraded forever.
void a_deleted_spec_left_its_failure(Kit& kit) {
    kit.catalog();
    kit.put(document("good", {"a"}));
    kit.put(document("bad", {"b"}));
    EXPECT_TRUE(kit.embed(kit.claim_one()));
    kit.report(kit.claim_one(), JobOutcome::failed, 0ms, "no");
    must(kit.store().delete_spec("shop", "bad"));
    const auto health = must(kit.store().health("shop")).at(0);
    EXPECT_EQ(health.specs_total, 1U);
    EXPECT_EQ(health.specs_failed, 0U);
    EXPECT_EQ(health.specs_indexed, 1U);
    kit.put(document("bad", {"a"}));
    EXPECT_EQ(must(kit.store().health("shop")).at(0).specs_failed, 0U) << "the new spec of that name has not failed";
}

// The job that ran during an edit wrote its own count over the new one, so the gap was never seen.
void a_late_job_wrote_its_count_over_the_new_one(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    const auto page = kit.missing(job);
    kit.put(document("pets", {"a", "b", "c"}));
    Delivery delivery;
    delivery.vectors(delivery.report(job.ref, JobOutcome::succeeded), page, 4);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{true});
    const auto status = must(kit.store().statuses("shop", {})).at(0);
    EXPECT_EQ(status.operation_count, 3U);
    EXPECT_EQ(status.embedding_count, 1U);
    EXPECT_EQ(must(kit.store().spec("shop", "pets")).operation_count, 3U);
    EXPECT_EQ(must(kit.store().reconcile("")).gaps, 1U);
}

// Gaps were found by counting: a text that was replaced by another one was not a gap.
void a_gap_with_an_equal_count_was_none(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    kit.embed_everything();
    kit.put(document("pets", {"a", "c"}));
    for (const auto& job : kit.jobs_of("pets")) must(kit.store().cancel(std::vector{job.id}));
    EXPECT_EQ(must(kit.store().statuses("shop", {})).at(0).operation_count, 2U);
    const auto result = must(kit.store().reconcile(""));
    EXPECT_EQ(result.gaps, 1U);
    EXPECT_EQ(result.enqueued, 1U);
    EXPECT_EQ(kit.missing(kit.claim_one()).texts.at(0).text, "c");
}

// A spec with prior vectors and nothing left to do was enqueued at every sweep.
void the_reconciler_enqueued_for_ever(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    kit.put(document("empty", {}));
    kit.embed_everything();
    kit.put(document("pets", {}));
    for (int tick = 0; tick < 3; ++tick) {
        const auto result = must(kit.store().reconcile(""));
        EXPECT_EQ(result.gaps, 0U);
        EXPECT_EQ(result.enqueued, 0U);
        kit.embed_everything();
        kit.advance(5min);
    }
    EXPECT_EQ(kit.jobs_of("pets").size(), 1U);
}

// A catalog with one empty spec was never "all indexed".
void an_empty_spec_kept_its_catalog_from_being_indexed(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.put(document("empty", {}));
    kit.embed_everything();
    const auto health = must(kit.store().health("shop")).at(0);
    EXPECT_EQ(health.specs_indexed, health.specs_total);
    EXPECT_EQ(health.specs_pending + health.specs_running + health.specs_failed, 0U);
}

// Each attempt of a manual retry started again with the first text.
void a_forced_job_started_over_at_each_attempt(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b", "c"}));
    kit.embed_everything();
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    kit.advance(1s);
    EXPECT_TRUE(kit.embed_some(kit.claim_one(), 2, JobOutcome::retry));
    kit.advance(1min);
    const auto again = kit.claim_one();
    EXPECT_EQ(again.kind, JobKind::manual_retry);
    EXPECT_EQ(kit.missing(again).texts.size(), 1U);
}

// Ownership was the worker's name: a worker could end a job through an attempt that it had lost.
void a_worker_ended_a_job_that_it_had_lost(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto lost = kit.claim_one();
    kit.advance(21s);
    EXPECT_EQ(must(kit.store().reap(5)).requeued, 1U);
    auto request = kit.claim_request();
    request.allow_suspect = true;
    const auto held = must(kit.store().claim(request)).at(0);
    ASSERT_EQ(held.ref.id, lost.ref.id);
    ASSERT_EQ(kit.job(held.ref.id).worker_id, kit.claim_request().worker_id) << "the very same worker";
    EXPECT_FALSE(kit.report(lost, JobOutcome::succeeded));
    EXPECT_EQ(kit.job(held.ref.id).status, JobStatus::running);
    EXPECT_TRUE(kit.report(held, JobOutcome::succeeded));
}

// A retry that was due after ten seconds waited for the poll.
void a_retry_waited_for_the_poll(Kit& kit) {
    kit.advance(0s);  // a duration from now is compared, so the clock must stand still
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 10s, "slow");
    const std::vector fingerprints{kit.target().fingerprint};
    EXPECT_EQ(must(kit.store().next_due(fingerprints)).pending, std::optional<std::chrono::milliseconds>(10s));
}

}  // namespace

std::vector<Case> regression_cases() {
    return {
        {"regressions", "a_lease_below_a_second_was_none", a_lease_below_a_second_was_none},
        {"regressions", "a_recovered_spec_stayed_failed", a_recovered_spec_stayed_failed},
        {"regressions", "a_hash_was_taken_for_text", a_hash_was_taken_for_text},
        {"regressions", "sweeps_hid_what_failed", sweeps_hid_what_failed},
        {"regressions", "a_hopeless_spec_was_tried_every_five_minutes", a_hopeless_spec_was_tried_every_five_minutes},
        {"regressions", "a_deleted_spec_left_its_failure", a_deleted_spec_left_its_failure},
        {"regressions", "a_late_job_wrote_its_count_over_the_new_one", a_late_job_wrote_its_count_over_the_new_one},
        {"regressions", "a_gap_with_an_equal_count_was_none", a_gap_with_an_equal_count_was_none},
        {"regressions", "the_reconciler_enqueued_for_ever", the_reconciler_enqueued_for_ever},
        {"regressions", "an_empty_spec_kept_its_catalog_from_being_indexed",
         an_empty_spec_kept_its_catalog_from_being_indexed},
        {"regressions", "a_forced_job_started_over_at_each_attempt", a_forced_job_started_over_at_each_attempt},
        {"regressions", "a_worker_ended_a_job_that_it_had_lost", a_worker_ended_a_job_that_it_had_lost},
        {"regressions", "a_retry_waited_for_the_poll", a_retry_waited_for_the_poll},
    };
}

}  // namespace embedq::conformance
