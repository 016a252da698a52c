// refusals_are_provisional: a refused text is settled, and is asked for again all the same.
#include "kit.h"

namespace embedq::conformance {
namespace {

// Ends the spec's job with a refusal of the text, once the reconciler has made one.
void refuse_when_due(Kit& kit, const std::string& text) {
    const auto result = must(kit.store().reconcile(""));
    EXPECT_EQ(result.asked_again, 1U);
    EXPECT_EQ(result.enqueued, 1U);
    EXPECT_EQ(result.gaps, 0U) << "a refused text counts as settled, due or not";
    const auto job = kit.claim_one();
    EXPECT_EQ(job.kind, JobKind::reconciler);
    EXPECT_EQ(kit.missing(job).texts.size(), 1U) << "the text that is due, and no other";
    EXPECT_TRUE(kit.refuse(job, text, "still too rude", JobOutcome::succeeded));
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::failed);
    EXPECT_EQ(kit.job(job.ref.id).last_error, "operation 'op1' was refused: still too rude");
}

void expect_not_due(Kit& kit) {
    const auto result = must(kit.store().reconcile(""));
    EXPECT_EQ(result.asked_again, 0U);
    EXPECT_EQ(result.enqueued, 0U);
}

void a_refused_text_is_asked_again_at_growing_intervals(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "bad"}));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.refuse(job, "bad", "too rude", JobOutcome::progress));
    EXPECT_TRUE(kit.embed(job)) << "and the job ends failed";
    // The spec is parked as well, for 10 minutes at first and for 6 hours at most: the longer time counts.
    for (const auto stands : {10min, 20min, 40min, 80min, 160min, 320min, 360min, 640min, 1280min, 2560min, 5120min,
                              10240min, 20480min, 40960min, 43200min, 43200min}) {
        kit.advance(stands - 1s);
        expect_not_due(kit);
        kit.advance(1s);
        refuse_when_due(kit, "bad");
        const auto settlement = kit.settlement();
        EXPECT_EQ(settlement.refusals, 1U);
        EXPECT_EQ(settlement.missing(), 0U);
    }
}

void a_vector_ends_a_refusal_that_is_due(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "bad"}));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.refuse(job, "bad", "too rude", JobOutcome::progress));
    EXPECT_TRUE(kit.embed(job));
    kit.advance(10min);
    EXPECT_EQ(must(kit.store().reconcile("")).asked_again, 1U);
    const auto again = kit.claim_one();
    EXPECT_TRUE(kit.embed(again));
    EXPECT_EQ(kit.job(again.ref.id).status, JobStatus::succeeded);
    EXPECT_EQ(kit.settlement().refusals, 0U);
    EXPECT_EQ(kit.settlement().vectors, 2U);
    EXPECT_FALSE(must(kit.store().spec("shop", "pets")).parked_until.has_value());
    kit.advance(30min);
    expect_not_due(kit);
    kit.enqueue("pets", JobKind::manual_retry);
    const auto last = kit.claim_one();
    EXPECT_TRUE(kit.refuse(last, "bad", "too rude", JobOutcome::progress));
    EXPECT_EQ(kit.missing(last).texts.size(), 1U);
    kit.advance(5min);
    EXPECT_EQ(kit.missing(last).texts.size(), 2U) << "after a vector the times begin with 5 minutes again";
}

void a_refusal_that_is_due_is_asked_in_any_job(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "bad"}));
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.refuse(job, "bad", "too rude", JobOutcome::progress));
    kit.advance(4min);
    EXPECT_EQ(kit.missing(job).texts.size(), 1U);
    EXPECT_EQ(kit.put(document("cats", {"bad"})).enqueued, EnqueueOutcome::none);
    kit.advance(1min);
    EXPECT_EQ(kit.missing(job).texts.size(), 2U);
    EXPECT_EQ(kit.put(document("dogs", {"bad"})).enqueued, EnqueueOutcome::none) << "settled all the same";
    EXPECT_EQ(must(kit.store().health("shop")).at(0).specs_indexed, 2U);
    const auto result = must(kit.store().reconcile(""));
    EXPECT_EQ(result.asked_again, 2U) << "of the specs without an open job";
    EXPECT_EQ(result.gaps, 1U);
}

void a_manual_retry_asks_a_refused_text_at_once(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"bad"}));
    EXPECT_TRUE(kit.refuse(kit.claim_one(), "bad", "too rude", JobOutcome::succeeded));
    kit.advance(1s);
    EXPECT_EQ(kit.enqueue("pets", JobKind::manual_retry), EnqueueOutcome::created);
    EXPECT_EQ(kit.missing(kit.claim_one()).texts.size(), 1U);
}

}  // namespace

std::vector<Case> provisional_cases() {
    return {
        {"refusals_are_provisional", "a_refused_text_is_asked_again_at_growing_intervals",
         a_refused_text_is_asked_again_at_growing_intervals},
        {"refusals_are_provisional", "a_vector_ends_a_refusal_that_is_due", a_vector_ends_a_refusal_that_is_due},
        {"refusals_are_provisional", "a_refusal_that_is_due_is_asked_in_any_job",
         a_refusal_that_is_due_is_asked_in_any_job},
        {"refusals_are_provisional", "a_manual_retry_asks_a_refused_text_at_once",
         a_manual_retry_asks_a_refused_text_at_once},
    };
}

}  // namespace embedq::conformance
