// attempts_are_bounded and poison_is_isolated: what counts as an attempt, what ends a job, and suspects.
#include "kit.h"

namespace embedq::conformance {
namespace {

// Lets the leases of all running jobs expire.
void expire(Kit& kit, std::uint32_t max_attempts = 5) {
    kit.advance(21s);
    must(kit.store().reap(max_attempts));
}

bool retry(Kit& kit, const ClaimedJob& job, std::uint32_t max_attempts) {
    Delivery delivery;
    delivery.report(job.ref, JobOutcome::retry, 0ms, "slow");
    delivery.commit().max_attempts = max_attempts;
    return must(kit.store().commit(delivery.commit())).at(0);
}

void retries_run_out(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    JobId id = 0;
    for (std::uint32_t attempt = 0; attempt < 3; ++attempt) {
        const auto job = kit.claim_one();
        id = job.ref.id;
        EXPECT_EQ(job.attempts, attempt);
        EXPECT_TRUE(retry(kit, job, 3));
    }
    const auto job = kit.job(id);
    EXPECT_EQ(job.status, JobStatus::failed);
    EXPECT_EQ(job.attempts, 3U);
    EXPECT_EQ(job.last_error, "slow");
    EXPECT_TRUE(job.completed_at.has_value());
    EXPECT_FALSE(job.lease_expires_at.has_value());
    EXPECT_TRUE(kit.nothing_to_claim());
}

void an_attempt_with_a_new_vector_is_free(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b", "c", "d"}));
    for (int i = 0; i < 3; ++i) {
        const auto job = kit.claim_one();
        EXPECT_EQ(job.attempts, 0U);
        EXPECT_TRUE(kit.embed_some(job, 1, JobOutcome::retry));
    }
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.embed_some(job, 1, JobOutcome::progress)) << "an earlier commit of the same claim counts too";
    EXPECT_TRUE(kit.report(job, JobOutcome::retry));
    EXPECT_EQ(kit.job(job.ref.id).attempts, 0U);
    EXPECT_TRUE(kit.report(kit.claim_one(), JobOutcome::retry));
    EXPECT_EQ(kit.job(job.ref.id).attempts, 1U) << "the count of new vectors starts again with each claim";
}

void the_same_vector_again_is_no_progress(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    const auto first = kit.claim_one();
    const auto page = kit.missing(first);
    const auto deliver = [&](const ClaimedJob& job) -> bool {
        Delivery delivery;
        const auto report = delivery.report(job.ref, JobOutcome::retry, 0ms, "again");
        delivery.vector(report, page.profile_id, page.texts[0].text_hash, page.as_of,
                        vector_of(page.texts[0].text_hash, 4));
        return must(kit.store().commit(delivery.commit())).at(0);
    };
    EXPECT_TRUE(deliver(first));
    EXPECT_TRUE(deliver(kit.claim_one()));
    EXPECT_EQ(kit.job(first.ref.id).attempts, 1U);
    EXPECT_EQ(kit.job(first.ref.id).embedded_so_far, 1U);
}

void a_forced_vector_is_progress(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    kit.embed_everything();
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.embed_some(job, 1, JobOutcome::retry));
    EXPECT_EQ(kit.job(job.ref.id).attempts, 0U);
    EXPECT_EQ(kit.job(job.ref.id).embedded_so_far, 1U);
}

void releasing_is_free(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    for (int i = 0; i < 10; ++i) {
        const auto job = kit.claim_one();
        EXPECT_EQ(job.attempts, 0U);
        EXPECT_EQ(job.expiries, 0U);
        EXPECT_TRUE(kit.report(job, JobOutcome::release));
    }
}

void releasing_waits_its_delay(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::release, 5s);
    EXPECT_TRUE(kit.nothing_to_claim());
    kit.advance(5s);
    EXPECT_EQ(kit.claim().size(), 1U);
}

void a_job_that_kills_its_worker_ends_failed(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    JobId id = 0;
    for (int i = 0; i < 3; ++i) {
        id = kit.claim_one().ref.id;
        expire(kit, 3);
    }
    const auto job = kit.job(id);
    EXPECT_EQ(job.status, JobStatus::failed);
    EXPECT_EQ(job.attempts, 3U);
    EXPECT_EQ(job.expiries, 3U);
    EXPECT_NE(job.last_error.find("lease expired 3 times"), std::string::npos) << job.last_error;
    EXPECT_TRUE(kit.nothing_to_claim());
}

void enqueuing_does_not_keep_a_killer_alive(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    for (int i = 0; i < 3; ++i) {
        const auto job = kit.claim_one();
        EXPECT_EQ(job.attempts, static_cast<std::uint32_t>(i)) << "the pending job takes over the counts";
        EXPECT_EQ(kit.enqueue("pets"), EnqueueOutcome::created);
        expire(kit, 3);
    }
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::failed), 1U);
}

void reap_reports_what_it_did(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    kit.put(document("b", {"b"}));
    kit.report(kit.claim_one(), JobOutcome::retry);
    ASSERT_EQ(kit.claim(2).size(), 2U);
    kit.advance(21s);
    const auto result = must(kit.store().reap(2));
    EXPECT_EQ(result.failed, 1U);
    EXPECT_EQ(result.requeued, 1U);
    const auto again = must(kit.store().reap(2));
    EXPECT_EQ(again.failed + again.requeued, 0U);
}

void an_expiry_after_a_new_vector_is_free(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.embed_some(job, 1, JobOutcome::progress));
    expire(kit);
    EXPECT_EQ(kit.job(job.ref.id).attempts, 0U);
    EXPECT_EQ(kit.job(job.ref.id).expiries, 1U);
}

// One job whose lease expired twice.
JobId make_suspect(Kit& kit, const std::string& spec_name = "poison") {
    kit.put(document(spec_name, {"poison " + spec_name}));
    JobId id = 0;
    for (int i = 0; i < 2; ++i) {
        id = kit.claim_one().ref.id;
        expire(kit);
    }
    return id;
}

void a_suspect_needs_leave(Kit& kit) {
    kit.catalog();
    make_suspect(kit);
    auto request = kit.claim_request(10);
    request.allow_suspect = false;
    EXPECT_TRUE(must(kit.store().claim(request)).empty());
    request.allow_suspect = true;
    EXPECT_EQ(must(kit.store().claim(request)).size(), 1U);
}

void a_suspect_is_claimed_alone(Kit& kit) {
    kit.catalog();
    const auto suspect = make_suspect(kit);
    kit.advance(1s);
    kit.put(document("a", {"a"}));
    kit.put(document("b", {"b"}));
    const auto first = kit.claim(10);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].ref.id, suspect);
    EXPECT_EQ(first[0].expiries, 2U);
    EXPECT_EQ(kit.claim(10).size(), 2U);
}

void a_suspect_is_seen_in_what_is_due(Kit& kit) {
    kit.catalog();
    make_suspect(kit);
    kit.report(kit.claim_one(), JobOutcome::release, 2h);
    const Sha256 fingerprint = kit.target().fingerprint;
    kit.put(document("ordinary", {"b"}));
    const NextDue due = must(kit.store().next_due({&fingerprint, 1}));
    ASSERT_TRUE(due.suspect.has_value());
    ASSERT_TRUE(due.pending.has_value());
    EXPECT_GT(*due.suspect, 1h);
    EXPECT_LE(*due.pending, 0s) << "the ordinary job is due before it";
    const auto ordinary = kit.claim(10);
    ASSERT_EQ(ordinary.size(), 1U);
    EXPECT_EQ(must(kit.store().next_due({&fingerprint, 1})).pending,
              must(kit.store().next_due({&fingerprint, 1})).suspect);
    const Sha256 other{};
    EXPECT_FALSE(must(kit.store().next_due({&other, 1})).suspect.has_value());
}

void an_ordinary_job_is_not_a_suspect(Kit& kit) {
    kit.catalog();
    kit.put(document("ordinary", {"b"}));
    static_cast<void>(kit.claim_one());
    expire(kit);
    const Sha256 fingerprint = kit.target().fingerprint;
    const NextDue due = must(kit.store().next_due({&fingerprint, 1}));
    EXPECT_TRUE(due.pending.has_value());
    EXPECT_FALSE(due.suspect.has_value()) << "only one lease expired";
}

void a_suspect_is_not_mixed_in(Kit& kit) {
    kit.catalog();
    kit.put(document("ordinary", {"b"}));
    kit.report(kit.claim_one(), JobOutcome::release, 1h);
    const auto suspect = make_suspect(kit);
    kit.report(kit.claim_one(), JobOutcome::release, 2h);
    kit.advance(3h);
    kit.put(document("late", {"c"}));
    const auto ordinary = kit.claim(10);
    ASSERT_EQ(ordinary.size(), 2U) << "an ordinary job is due first: ordinary jobs only";
    for (const auto& job : ordinary) EXPECT_NE(job.ref.id, suspect);
    const auto alone = kit.claim(10);
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_EQ(alone[0].ref.id, suspect);
}

void suspects_do_not_hold_up_the_others(Kit& kit) {
    kit.catalog();
    make_suspect(kit, "poison");
    kit.put(document("a", {"a"}));
    auto request = kit.claim_request(10);
    request.allow_suspect = false;
    const auto jobs = must(kit.store().claim(request));
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].spec_name, "a");
}

void a_new_job_of_a_suspect_spec_is_ordinary(Kit& kit) {
    kit.catalog();
    const auto suspect = make_suspect(kit);
    EXPECT_TRUE(kit.embed(kit.claim_one()));
    EXPECT_EQ(kit.job(suspect).status, JobStatus::succeeded);
    kit.put(document("poison", {"cured"}));
    auto request = kit.claim_request();
    request.allow_suspect = false;
    EXPECT_EQ(must(kit.store().claim(request)).size(), 1U);
}

// --- poison_is_isolated

void a_refusal_settles_its_text(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "bad", "c"}));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.refuse(job, "bad", "too rude", JobOutcome::progress));
    EXPECT_EQ(kit.missing(job).texts.size(), 2U);
    EXPECT_TRUE(kit.embed(job, JobOutcome::failed));
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::failed);
    const auto settlement = kit.settlement();
    EXPECT_EQ(settlement.vectors, 2U);
    EXPECT_EQ(settlement.refusals, 1U);
    EXPECT_EQ(settlement.missing(), 0U);
    const auto status = must(kit.store().statuses("shop", {})).at(0);
    EXPECT_EQ(status.embedding_count, 2U);
    EXPECT_EQ(status.refused_count, 1U);
    EXPECT_EQ(kit.put(document("cats", {"bad"})).enqueued, EnqueueOutcome::none) << "the text is not sent again";
}

void a_failed_job_says_why(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"bad"}));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.refuse(job, "bad", "op0: too rude", JobOutcome::failed));
    EXPECT_EQ(kit.job(job.ref.id).last_error, "op0: too rude");
}

void a_success_forgets_the_errors_before_it(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    Delivery delivery;
    delivery.report(job.ref, JobOutcome::retry, {}, "connection refused");
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{true});
    EXPECT_EQ(kit.job(job.ref.id).last_error, "connection refused");
    EXPECT_TRUE(kit.embed(kit.claim_one()));
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::succeeded);
    EXPECT_EQ(kit.job(job.ref.id).last_error, "");
}

void a_refusal_that_stands_fails_later_jobs_too(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "bad"}));
    const auto first = kit.claim_one();
    EXPECT_TRUE(kit.refuse(first, "bad", "too rude", JobOutcome::progress));
    EXPECT_TRUE(kit.embed(first, JobOutcome::failed));
    kit.put(document("pets", {"b", "bad"}));
    const auto second = kit.claim_one();
    EXPECT_TRUE(kit.embed(second, JobOutcome::succeeded)) << "its worker does not know of the refusal";
    EXPECT_EQ(kit.job(second.ref.id).status, JobStatus::failed);
    EXPECT_EQ(kit.job(second.ref.id).last_error, "operation 'op1' was refused: too rude");
    kit.put(document("pets", {"b"}));
    EXPECT_EQ(must(kit.store().statuses("shop", {})).at(0).refused_count, 0U);
}

void a_newer_vector_ends_a_refusal(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    EXPECT_TRUE(kit.refuse(kit.claim_one(), "a", "no", JobOutcome::failed));
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    EXPECT_TRUE(kit.embed(kit.claim_one()));
    EXPECT_EQ(kit.settlement().refusals, 0U);
    EXPECT_EQ(kit.settlement().vectors, 1U);
}

void a_newer_refusal_ends_a_vector(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.embed_everything();
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    EXPECT_TRUE(kit.refuse(kit.claim_one(), "a", "no", JobOutcome::failed));
    EXPECT_EQ(kit.settlement().refusals, 1U);
    EXPECT_EQ(kit.settlement().vectors, 0U);
    EXPECT_TRUE(kit.vector("a", kit.target()).empty());
}

void an_older_refusal_ends_nothing(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto early = kit.claim_one();
    const auto page = kit.missing(early);
    kit.advance(1s);
    kit.enqueue("pets");
    EXPECT_TRUE(kit.embed(kit.claim_one()));
    Delivery delivery;
    delivery.refusal(delivery.report(early.ref, JobOutcome::progress), page.profile_id, hash_of("a"), page.as_of, "no");
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{true});
    EXPECT_EQ(kit.settlement().vectors, 1U);
    EXPECT_EQ(kit.settlement().refusals, 0U);
}

}  // namespace

std::vector<Case> attempt_cases() {
    return {
        {"attempts_are_bounded", "retries_run_out", retries_run_out},
        {"attempts_are_bounded", "an_attempt_with_a_new_vector_is_free", an_attempt_with_a_new_vector_is_free},
        {"attempts_are_bounded", "the_same_vector_again_is_no_progress", the_same_vector_again_is_no_progress},
        {"attempts_are_bounded", "a_forced_vector_is_progress", a_forced_vector_is_progress},
        {"attempts_are_bounded", "releasing_is_free", releasing_is_free},
        {"attempts_are_bounded", "releasing_waits_its_delay", releasing_waits_its_delay},
        {"attempts_are_bounded", "a_job_that_kills_its_worker_ends_failed", a_job_that_kills_its_worker_ends_failed},
        {"attempts_are_bounded", "enqueuing_does_not_keep_a_killer_alive", enqueuing_does_not_keep_a_killer_alive},
        {"attempts_are_bounded", "reap_reports_what_it_did", reap_reports_what_it_did},
        {"attempts_are_bounded", "an_expiry_after_a_new_vector_is_free", an_expiry_after_a_new_vector_is_free},
        {"attempts_are_bounded", "a_suspect_needs_leave", a_suspect_needs_leave},
        {"attempts_are_bounded", "a_suspect_is_seen_in_what_is_due", a_suspect_is_seen_in_what_is_due},
        {"attempts_are_bounded", "an_ordinary_job_is_not_a_suspect", an_ordinary_job_is_not_a_suspect},
        {"attempts_are_bounded", "a_suspect_is_claimed_alone", a_suspect_is_claimed_alone},
        {"attempts_are_bounded", "a_suspect_is_not_mixed_in", a_suspect_is_not_mixed_in},
        {"attempts_are_bounded", "suspects_do_not_hold_up_the_others", suspects_do_not_hold_up_the_others},
        {"attempts_are_bounded", "a_new_job_of_a_suspect_spec_is_ordinary", a_new_job_of_a_suspect_spec_is_ordinary},
        {"poison_is_isolated", "a_refusal_settles_its_text", a_refusal_settles_its_text},
        {"poison_is_isolated", "a_failed_job_says_why", a_failed_job_says_why},
        {"attempts_are_bounded", "a_success_forgets_the_errors_before_it", a_success_forgets_the_errors_before_it},
        {"poison_is_isolated", "a_refusal_that_stands_fails_later_jobs_too",
         a_refusal_that_stands_fails_later_jobs_too},
        {"poison_is_isolated", "a_newer_vector_ends_a_refusal", a_newer_vector_ends_a_refusal},
        {"poison_is_isolated", "a_newer_refusal_ends_a_vector", a_newer_refusal_ends_a_vector},
        {"poison_is_isolated", "an_older_refusal_ends_nothing", an_older_refusal_ends_nothing},
    };
}

}  // namespace embedq::conformance
