// Holding a job: fenced, lease_by_database_clock, recovered_in_time, and the store's part of crash_loses_nothing.
#include <set>

#include "kit.h"

namespace embedq::conformance {
namespace {

// A job whose first holder is a zombie: its lease expired, and another holder has the job now.
struct Stolen {
    ClaimedJob zombie;
    MissingTexts zombie_page;
    ClaimedJob holder;
};

Stolen steal(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    Stolen stolen;
    stolen.zombie = kit.claim_one();
    stolen.zombie_page = kit.missing(stolen.zombie);
    kit.advance(21s);
    must(kit.store().reap(5));
    stolen.holder = kit.claim_one();
    EXPECT_EQ(stolen.holder.ref.id, stolen.zombie.ref.id);
    return stolen;
}

void zombie_commit_is_dropped(Kit& kit) {
    const auto stolen = steal(kit);
    for (const auto outcome :
         {JobOutcome::progress, JobOutcome::succeeded, JobOutcome::failed, JobOutcome::retry, JobOutcome::release}) {
        Delivery delivery;
        const auto report = delivery.report(stolen.zombie.ref, outcome, 0ms, "zombie");
        delivery.vectors(report, stolen.zombie_page, 4);
        EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{false});
    }
    EXPECT_TRUE(kit.vector("a", kit.target()).empty()) << "nothing of a lost report is kept";
    EXPECT_EQ(kit.job(stolen.holder.ref.id).status, JobStatus::running);
    EXPECT_TRUE(kit.embed(stolen.holder));
    EXPECT_EQ(kit.job(stolen.holder.ref.id).status, JobStatus::succeeded);
}

void zombie_refusal_is_dropped(Kit& kit) {
    const auto stolen = steal(kit);
    Delivery delivery;
    delivery.refusal(delivery.report(stolen.zombie.ref, JobOutcome::progress), kit.target().id, hash_of("a"),
                     stolen.zombie_page.as_of, "no");
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{false});
    EXPECT_EQ(kit.settlement().refusals, 0U);
}

void zombie_extend_is_refused(Kit& kit) {
    const auto stolen = steal(kit);
    const std::vector refs{stolen.zombie.ref, stolen.holder.ref};
    EXPECT_EQ(must(kit.store().extend({"worker", "host", 1, "1", 2}, refs, 20s)), (std::vector{false, true}));
}

void zombie_reads_are_lost(Kit& kit) {
    const auto stolen = steal(kit);
    const std::vector<MissingQuery> queries{{stolen.zombie.ref}, {stolen.holder.ref}};
    const auto pages = must(kit.store().missing_texts(queries));
    ASSERT_EQ(pages.size(), 2U);
    expect_error(pages[0], ErrorKind::lost);
    EXPECT_TRUE(pages[1].has_value());
}

void every_bit_of_the_token_counts(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    for (std::size_t i = 0; i < job.ref.token.size(); ++i) {
        auto forged = job;
        forged.ref.token[i] ^= std::byte{1};
        EXPECT_FALSE(kit.report(forged, JobOutcome::succeeded)) << "byte " << i;
    }
    EXPECT_TRUE(kit.embed(job));
}

void tokens_are_never_the_same(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    std::set<LeaseToken> tokens;
    for (int i = 0; i < 50; ++i) {
        const auto job = kit.claim_one();
        EXPECT_TRUE(tokens.insert(job.ref.token).second);
        kit.report(job, JobOutcome::release);
    }
}

void a_released_job_is_lost(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.report(job, JobOutcome::release, 1h));
    EXPECT_FALSE(kit.report(job, JobOutcome::succeeded)) << "a pending job has no holder";
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::pending);
}

void a_finished_job_is_lost(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.embed(job));
    EXPECT_FALSE(kit.report(job, JobOutcome::failed, 0ms, "late"));
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::succeeded);
}

void a_cancelled_job_is_lost(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    const auto page = kit.missing(job);
    EXPECT_EQ(must(kit.store().cancel(std::vector{job.ref.id})), 1U);
    EXPECT_EQ(must(kit.store().cancel(std::vector{job.ref.id})), 0U) << "it is open no more";
    Delivery delivery;
    delivery.vectors(delivery.report(job.ref, JobOutcome::succeeded), page, 4);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{false});
    EXPECT_TRUE(kit.vector("a", kit.target()).empty());
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::cancelled);
}

void an_unknown_job_is_lost(Kit& kit) {
    kit.catalog();
    ClaimedJob job;
    job.ref.id = 987654;
    EXPECT_FALSE(kit.report(job, JobOutcome::succeeded));
    EXPECT_EQ(must(kit.store().extend({"worker", "host", 1, "1", 1}, std::vector{job.ref}, 20s)), std::vector{false});
}

void one_lost_report_does_not_spoil_the_others(Kit& kit) {
    const auto stolen = steal(kit);
    kit.put(document("cars", {"c"}));
    const auto other = kit.claim_one();
    Delivery delivery;
    delivery.vectors(delivery.report(stolen.zombie.ref, JobOutcome::succeeded), stolen.zombie_page, 4);
    delivery.vectors(delivery.report(other.ref, JobOutcome::succeeded), kit.missing(other), 4);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), (std::vector{false, true}));
    EXPECT_TRUE(kit.vector("a", kit.target()).empty());
    EXPECT_FALSE(kit.vector("c", kit.target()).empty());
}

void a_shared_vector_is_kept_if_one_holder_has_its_lease(Kit& kit) {
    const auto stolen = steal(kit);
    kit.put(document("cars", {"a"}));
    const auto other = kit.claim_one();
    Delivery delivery;
    const auto lost = delivery.report(stolen.zombie.ref, JobOutcome::succeeded);
    const auto held = delivery.report(other.ref, JobOutcome::succeeded);
    delivery.vectors(held, kit.missing(other), 4);
    delivery.commit().jobs[lost].vectors = delivery.commit().jobs[held].vectors;
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), (std::vector{false, true}));
    EXPECT_FALSE(kit.vector("a", kit.target()).empty());
}

// Jobs that were claimed together are lost one by one: losing one does not affect the others.
void a_lost_job_is_not_taken_for_one_claimed_with_it(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.put(document("cars", {"b"}));
    const auto batch = kit.claim(2);
    ASSERT_EQ(batch.size(), 2U);
    kit.advance(15s);
    const std::vector kept{batch[0].ref};
    EXPECT_EQ(must(kit.store().extend({"worker", "host", 1, "1", 1}, kept, 20s)), std::vector{true});
    kit.advance(6s);
    EXPECT_EQ(must(kit.store().reap(5)).requeued, 1U);
    EXPECT_FALSE(kit.report(batch[1], JobOutcome::succeeded));
    EXPECT_EQ(kit.job(batch[1].ref.id).status, JobStatus::pending);
    EXPECT_EQ(kit.job(batch[0].ref.id).status, JobStatus::running);
    EXPECT_TRUE(kit.embed(batch[0]));
}

// The other way round: the extended job has ended, and the rest is still held.
void an_ended_job_is_not_taken_for_one_claimed_with_it(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.put(document("cars", {"b"}));
    const auto batch = kit.claim(2);
    ASSERT_EQ(batch.size(), 2U);
    const std::vector extended{batch[0].ref};
    EXPECT_EQ(must(kit.store().extend({"worker", "host", 1, "1", 1}, extended, 20s)), std::vector{true});
    EXPECT_TRUE(kit.embed(batch[0]));
    EXPECT_FALSE(kit.report(batch[0], JobOutcome::succeeded));
    EXPECT_EQ(kit.job(batch[1].ref.id).status, JobStatus::running);
    EXPECT_TRUE(kit.embed(batch[1]));
}

// --- lease_by_database_clock

void extending_moves_the_expiry(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    for (int i = 0; i < 5; ++i) {
        kit.advance(15s);
        EXPECT_EQ(must(kit.store().extend({"worker", "host", 1, "1", 1}, std::vector{job.ref}, 20s)),
                  std::vector{true});
        EXPECT_EQ(must(kit.store().reap(5)).requeued, 0U);
    }
    EXPECT_TRUE(kit.embed(job));
}

void a_worker_clock_an_hour_off_changes_nothing(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    kit.under_test().context().manual_clock().advance(1h);
    EXPECT_EQ(must(kit.store().reap(5)).requeued, 0U);
    EXPECT_TRUE(kit.embed(job));
}

void a_delay_is_kept_to(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 10s, "slow");
    kit.advance(9999ms);
    EXPECT_TRUE(kit.nothing_to_claim());
    kit.advance(1ms);
    EXPECT_EQ(kit.claim().size(), 1U);
}

// --- recovered_in_time

void an_expired_job_is_named(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    kit.advance(20s);
    const auto reaped = must(kit.store().reap(1));
    ASSERT_EQ(reaped.jobs.size(), 1U);
    EXPECT_EQ(reaped.jobs[0].id, job.ref.id);
    EXPECT_EQ(reaped.jobs[0].catalog_id, "shop");
    EXPECT_EQ(reaped.jobs[0].spec_name, "pets");
    EXPECT_EQ(reaped.jobs[0].worker_id, "worker");
    EXPECT_TRUE(reaped.jobs[0].failed) << "it had one attempt";
    EXPECT_TRUE(must(kit.store().reap(1)).jobs.empty());
}

void an_expired_job_is_claimable_again(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    kit.advance(19s);
    EXPECT_EQ(must(kit.store().reap(5)).requeued, 0U);
    EXPECT_TRUE(kit.nothing_to_claim());
    kit.advance(1s);
    const auto reaped = must(kit.store().reap(5));
    EXPECT_EQ(reaped.requeued, 1U);
    EXPECT_EQ(reaped.failed, 0U);
    const auto again = kit.claim_one();
    EXPECT_EQ(again.ref.id, job.ref.id);
    EXPECT_EQ(again.expiries, 1U);
    EXPECT_NE(again.ref.token, job.ref.token);
}

void next_due_counts_the_earliest_lease(Kit& kit) {
    kit.catalog();
    EXPECT_FALSE(must(kit.store().next_due({})).lease_expiry.has_value());
    kit.put(document("pets", {"a"}));
    kit.put(document("cars", {"b"}));
    static_cast<void>(kit.claim_one());
    kit.advance(5s);
    static_cast<void>(kit.claim_one());
    auto next = must(kit.store().next_due({}));
    EXPECT_EQ(next.lease_expiry, 15s);
    EXPECT_FALSE(next.pending.has_value());
    kit.advance(20s);
    EXPECT_EQ(must(kit.store().next_due({})).lease_expiry, -5s);
    must(kit.store().reap(5));
    next = must(kit.store().next_due(std::vector{kit.target().fingerprint}));
    EXPECT_EQ(next.pending, 0s);
}

void next_due_counts_the_fingerprints_asked_for(Kit& kit) {
    const auto other = make_profile("other");
    kit.catalog();
    kit.catalog("elsewhere", other);
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 30s, "slow");
    EXPECT_FALSE(must(kit.store().next_due(std::vector{other.fingerprint})).pending.has_value());
    kit.put(document("cars", {"b"}, "elsewhere"));
    kit.advance(1s);
    EXPECT_EQ(must(kit.store().next_due(std::vector{kit.target().fingerprint})).pending, 29s);
    EXPECT_EQ(must(kit.store().next_due(std::vector{other.fingerprint, kit.target().fingerprint})).pending, -1s);
}

// --- crash_loses_nothing

void everything_is_there_after_a_restart(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    kit.put(document("cars", {"c"}));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.embed_some(job, 1, JobOutcome::progress));
    const auto revision = kit.revision();
    kit.reopen();
    EXPECT_EQ(kit.revision(), revision);
    EXPECT_EQ(kit.settlement().missing(), 2U);
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::running);
    kit.advance(21s);
    must(kit.store().reap(5));
    kit.embed_everything();
    EXPECT_EQ(kit.settlement().missing(), 0U);
    EXPECT_EQ(must(kit.store().spec_content("shop", "pets")), "a\nb\n");
}

void a_later_attempt_asks_only_for_what_is_missing(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b", "c"}));
    EXPECT_TRUE(kit.embed_some(kit.claim_one(), 2, JobOutcome::progress));
    kit.advance(21s);
    must(kit.store().reap(5));
    const auto again = kit.claim_one();
    const auto page = kit.missing(again);
    ASSERT_EQ(page.texts.size(), 1U);
    EXPECT_EQ(page.texts[0].text, "c");
    EXPECT_EQ(kit.job(again.ref.id).embedded_so_far, 2U);
}

}  // namespace

std::vector<Case> fence_cases() {
    return {
        {"fenced", "zombie_commit_is_dropped", zombie_commit_is_dropped},
        {"fenced", "zombie_refusal_is_dropped", zombie_refusal_is_dropped},
        {"fenced", "zombie_extend_is_refused", zombie_extend_is_refused},
        {"fenced", "zombie_reads_are_lost", zombie_reads_are_lost},
        {"fenced", "every_bit_of_the_token_counts", every_bit_of_the_token_counts},
        {"fenced", "tokens_are_never_the_same", tokens_are_never_the_same},
        {"fenced", "a_released_job_is_lost", a_released_job_is_lost},
        {"fenced", "a_finished_job_is_lost", a_finished_job_is_lost},
        {"fenced", "a_cancelled_job_is_lost", a_cancelled_job_is_lost},
        {"fenced", "an_unknown_job_is_lost", an_unknown_job_is_lost},
        {"fenced", "one_lost_report_does_not_spoil_the_others", one_lost_report_does_not_spoil_the_others},
        {"fenced", "a_shared_vector_is_kept_if_one_holder_has_its_lease",
         a_shared_vector_is_kept_if_one_holder_has_its_lease},
        {"fenced", "a_lost_job_is_not_taken_for_one_claimed_with_it", a_lost_job_is_not_taken_for_one_claimed_with_it},
        {"fenced", "an_ended_job_is_not_taken_for_one_claimed_with_it",
         an_ended_job_is_not_taken_for_one_claimed_with_it},
        {"lease_by_database_clock", "extending_moves_the_expiry", extending_moves_the_expiry},
        {"lease_by_database_clock", "a_worker_clock_an_hour_off_changes_nothing",
         a_worker_clock_an_hour_off_changes_nothing, unless_own_clock},
        {"lease_by_database_clock", "a_delay_is_kept_to", a_delay_is_kept_to},
        {"recovered_in_time", "an_expired_job_is_named", an_expired_job_is_named},
        {"recovered_in_time", "an_expired_job_is_claimable_again", an_expired_job_is_claimable_again},
        {"recovered_in_time", "next_due_counts_the_earliest_lease", next_due_counts_the_earliest_lease},
        {"recovered_in_time", "next_due_counts_the_fingerprints_asked_for", next_due_counts_the_fingerprints_asked_for},
        {"crash_loses_nothing", "everything_is_there_after_a_restart", everything_is_there_after_a_restart,
         unless_persistent},
        {"crash_loses_nothing", "a_later_attempt_asks_only_for_what_is_missing",
         a_later_attempt_asks_only_for_what_is_missing},
    };
}

}  // namespace embedq::conformance
