// Writing and enqueuing: one_open_job, write_and_enqueue_are_one, no_lost_update.
#include "kit.h"

namespace embedq::conformance {
namespace {

using enum EnqueueOutcome;

// --- one_open_job

void enqueue_again_collapses(Kit& kit) {
    kit.catalog();
    EXPECT_EQ(kit.put(document("pets", {"a"})).enqueued, created);
    EXPECT_EQ(kit.enqueue("pets"), collapsed);
    EXPECT_EQ(kit.enqueue("pets"), collapsed);
    EXPECT_EQ(kit.jobs_of("pets").size(), 1U);
}

void put_again_collapses(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto again = kit.put(document("pets", {"b"}));
    EXPECT_EQ(again.outcome, PutOutcome::changed);
    EXPECT_EQ(again.enqueued, collapsed);
    EXPECT_EQ(kit.jobs_of("pets").size(), 1U);
}

void one_call_collapses_onto_itself(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.put(document("cars", {"b"}));
    ASSERT_EQ(must(kit.store().cancel(std::vector{kit.jobs_of("pets")[0].id, kit.jobs_of("cars")[0].id})), 2U);
    const std::vector<EnqueueRequest> requests{{"shop", "pets"}, {"shop", "cars"}, {"shop", "pets"}};
    EXPECT_EQ(must(kit.store().enqueue(requests)), (std::vector{created, created, collapsed}));
}

void enqueue_while_running_leaves_one_behind(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto running = kit.claim_one();
    EXPECT_EQ(kit.enqueue("pets"), created);
    EXPECT_EQ(kit.enqueue("pets"), collapsed);
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::pending), 1U);
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::running), 1U);
    const auto behind = kit.claim_one();
    EXPECT_NE(behind.ref.id, running.ref.id) << "the job behind may be claimed while the first runs";
    EXPECT_TRUE(kit.embed(running));
    EXPECT_TRUE(kit.embed(behind));
}

// However a running job returns to pending, it must merge with the job that is pending already.
void expect_merged(Kit& kit) {
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::pending), 1U);
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::running), 0U);
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.embed(job));
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::pending), 0U);
}

void retry_merges_with_the_job_behind(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto running = kit.claim_one();
    ASSERT_EQ(kit.enqueue("pets"), created);
    EXPECT_TRUE(kit.report(running, JobOutcome::retry, 1h, "slow"));
    expect_merged(kit);
}

void release_merges_with_the_job_behind(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto running = kit.claim_one();
    ASSERT_EQ(kit.enqueue("pets"), created);
    EXPECT_TRUE(kit.report(running, JobOutcome::release, 1h));
    expect_merged(kit);
}

void expiry_merges_with_the_job_behind(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    static_cast<void>(kit.claim_one());
    ASSERT_EQ(kit.enqueue("pets"), created);
    kit.advance(21s);
    must(kit.store().reap(5));
    expect_merged(kit);
}

void manual_retry_collapse_keeps_its_force(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.embed_everything();
    kit.advance(1s);
    kit.put(document("pets", {"a", "b"}));
    EXPECT_EQ(kit.enqueue("pets", JobKind::manual_retry), collapsed);
    const auto job = kit.claim_one();
    EXPECT_EQ(kit.missing(job).texts.size(), 2U) << "everything is embedded again, not only what was missing";
}

void enqueuing_ends_the_backoff(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 1h, "slow");
    EXPECT_EQ(kit.enqueue("pets"), collapsed);
    EXPECT_EQ(kit.claim().size(), 1U) << "the pending job becomes due immediately";
    kit.put(document("cars", {"b"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 1h, "slow");
    EXPECT_EQ(kit.put(document("cars", {"c"})).enqueued, collapsed);
    EXPECT_EQ(kit.claim().size(), 1U) << "a changed document does not wait for the backoff of the one before it";
}

void an_unchanged_write_keeps_the_backoff(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 1h, "slow");
    EXPECT_EQ(kit.put(document("pets", {"a"})).enqueued, collapsed);
    EXPECT_TRUE(kit.nothing_to_claim()) << "nothing is new: the pending job is about this very document";
}

void manual_retry_ends_the_backoff(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.report(kit.claim_one(), JobOutcome::retry, 1h, "slow");
    EXPECT_TRUE(kit.nothing_to_claim());
    EXPECT_EQ(kit.enqueue("pets", JobKind::manual_retry), collapsed);
    EXPECT_EQ(kit.claim().size(), 1U);
}

void manual_retry_behind_a_running_job(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto running = kit.claim_one();
    const auto page = kit.missing(running);
    kit.advance(1s);
    EXPECT_EQ(kit.enqueue("pets", JobKind::manual_retry), created);
    Delivery delivery;
    delivery.vectors(delivery.report(running.ref, JobOutcome::succeeded), page, 4);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{true});
    const auto behind = kit.claim_one();
    EXPECT_EQ(kit.missing(behind).texts.size(), 1U) << "vectors requested before the retry do not count";
    EXPECT_TRUE(kit.embed(behind));
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

void manual_retry_after_the_end_is_a_new_job(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    kit.embed_everything();
    kit.advance(1s);
    EXPECT_EQ(kit.enqueue("pets", JobKind::manual_retry), created);
    EXPECT_EQ(kit.settlement().missing(), 2U);
    const auto jobs = kit.jobs_of("pets");
    ASSERT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs[0].kind, JobKind::manual_retry);
    EXPECT_EQ(jobs[0].attempts, 0U);
    EXPECT_TRUE(kit.embed(kit.claim_one(), JobOutcome::succeeded, 7));
    EXPECT_EQ(kit.vector("a", kit.target()), vector_of(hash_of("a"), 4, 7));
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

// --- write_and_enqueue_are_one

void a_new_spec_has_its_job(Kit& kit) {
    kit.catalog();
    const auto result = kit.put(document("pets", {"a", "b"}));
    EXPECT_EQ(result.outcome, PutOutcome::created);
    EXPECT_EQ(result.enqueued, created);
    EXPECT_EQ(result.operation_count, 2U);
    const auto jobs = kit.jobs_of("pets");
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].kind, JobKind::spec_write);
    EXPECT_EQ(jobs[0].status, JobStatus::pending);
    EXPECT_TRUE(jobs[0].next_run_at.has_value());
}

void an_unknown_catalog_writes_nothing(Kit& kit) {
    kit.catalog();
    const std::vector writes{document("pets", {"a"}), document("cars", {"b"}, "nowhere")};
    expect_error(kit.store().put_specs(writes), ErrorKind::not_found, "nowhere");
    expect_error(kit.store().spec("shop", "pets"), ErrorKind::not_found, "pets");
    EXPECT_TRUE(kit.nothing_to_claim());
}

void an_invalid_name_writes_nothing(Kit& kit) {
    kit.catalog();
    for (const std::string bad : {"", "Upper", "with space", "sl/ash", "dr\xc3\xb6hn"}) {
        const std::vector writes{document("pets", {"a"}), document(bad, {"b"})};
        expect_error(kit.store().put_specs(writes), ErrorKind::invalid_argument);
    }
    const std::vector long_name{document(std::string(201, 'a'), {"b"})};
    expect_error(kit.store().put_specs(long_name), ErrorKind::invalid_argument);
    EXPECT_TRUE(must(kit.store().specs("shop", "", 10)).empty());
    const std::vector longest{document(std::string(200, 'a'), {"b"}), document("a.b_c-9", {"b"})};
    EXPECT_EQ(must(kit.store().put_specs(longest)).size(), 2U);
}

void unchanged_writes_nothing(Kit& kit) {
    kit.catalog();
    const auto first = kit.put(document("pets", {"a"}));
    kit.embed_everything();
    const auto before = must(kit.store().spec("shop", "pets"));
    const auto revision = kit.revision();
    kit.advance(1s);
    const auto again = kit.put(document("pets", {"a"}));
    EXPECT_EQ(again.outcome, PutOutcome::unchanged);
    EXPECT_EQ(again.enqueued, none);
    EXPECT_EQ(again.generation, first.generation);
    EXPECT_EQ(again.operation_count, 1U);
    EXPECT_EQ(must(kit.store().spec("shop", "pets")).updated_at, before.updated_at);
    EXPECT_EQ(kit.revision(), revision);
}

void unchanged_with_a_gap_enqueues(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    ASSERT_EQ(must(kit.store().cancel(std::vector{kit.jobs_of("pets")[0].id})), 1U);
    const auto again = kit.put(document("pets", {"a"}));
    EXPECT_EQ(again.outcome, PutOutcome::unchanged);
    EXPECT_EQ(again.enqueued, created);
    EXPECT_NE(kit.put(document("pets", {"a"})).enqueued, created) << "there is a pending job now";
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::pending), 1U);
}

void unchanged_leaves_a_running_job_alone(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto job = kit.claim_one();
    EXPECT_EQ(kit.put(document("pets", {"a"})).enqueued, collapsed) << "the running job is about this very document";
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::pending), 0U);
    kit.put(document("pets", {"b"}));
    EXPECT_EQ(kit.open_jobs("pets", JobStatus::pending), 1U) << "a changed one waits behind it";
    EXPECT_TRUE(kit.embed(job));
}

void one_call_may_write_a_spec_twice(Kit& kit) {
    kit.catalog();
    const std::vector writes{document("pets", {"a"}), document("cars", {"b"}), document("pets", {"c"}),
                             document("pets", {"c"})};
    const auto results = must(kit.store().put_specs(writes));
    ASSERT_EQ(results.size(), 4U);
    EXPECT_EQ(results[0].outcome, PutOutcome::created);
    EXPECT_EQ(results[2].outcome, PutOutcome::changed) << "in the order in which they are written";
    EXPECT_EQ(results[2].generation, results[0].generation + 1);
    EXPECT_EQ(results[2].enqueued, collapsed);
    EXPECT_EQ(results[3].outcome, PutOutcome::unchanged);
    EXPECT_EQ(kit.jobs_of("pets").size(), 1U);
    EXPECT_EQ(kit.settlement().distinct_texts, 2U) << "only the last document counts, with its operations";
}

void without_a_gap_nothing_is_enqueued(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.embed_everything();
    EXPECT_EQ(kit.enqueue("pets"), none) << "every text has its vector";
    EXPECT_EQ(kit.enqueue("pets", JobKind::reconciler), none);
    EXPECT_TRUE(kit.nothing_to_claim());
    EXPECT_EQ(kit.jobs_of("pets").size(), 1U);
}

void a_changed_field_is_a_change(Kit& kit) {
    kit.catalog();
    const auto first = kit.put(document("pets", {"a"}));
    kit.embed_everything();
    auto write = document("pets", {"a"});
    write.title = "Another title";
    const auto second = kit.put(write);
    EXPECT_EQ(second.outcome, PutOutcome::changed);
    EXPECT_EQ(second.generation, first.generation + 1);
    EXPECT_EQ(second.enqueued, none) << "no text is without its vector";
    write.text_version = 2;
    EXPECT_EQ(kit.put(write).outcome, PutOutcome::changed);
}

void a_change_replaces_the_operations(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b", "c"}));
    const auto changed = kit.put(document("pets", {"d"}));
    EXPECT_EQ(changed.operation_count, 1U);
    std::vector<std::string> texts;
    must(kit.store().operations(
        "shop", {}, [&](std::string_view, const Operation& operation) { texts.push_back(operation.text); }));
    EXPECT_EQ(texts, std::vector<std::string>{"d"});
    EXPECT_EQ(kit.settlement().distinct_texts, 1U);
}

void known_texts_are_not_asked_for_again(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    kit.embed_everything();
    EXPECT_EQ(kit.put(document("cats", {"b", "a"})).enqueued, none);
    kit.put(document("dogs", {"a", "c"}));
    const auto page = kit.missing(kit.claim_one());
    ASSERT_EQ(page.texts.size(), 1U);
    EXPECT_EQ(page.texts[0].text, "c");
}

void without_a_target_nothing_is_enqueued(Kit& kit) {
    must(kit.store().put_catalog({"shop", "", "", "", ""}));
    EXPECT_EQ(kit.put(document("pets", {"a"})).enqueued, none);
    EXPECT_EQ(kit.enqueue("pets"), none);
    EXPECT_EQ(kit.enqueue("pets", JobKind::manual_retry), none);
    EXPECT_TRUE(kit.jobs_of("pets").empty());
}

void without_operations_nothing_is_enqueued(Kit& kit) {
    kit.catalog();
    EXPECT_EQ(kit.put(document("empty", {})).enqueued, none);
    EXPECT_EQ(kit.enqueue("empty"), none);
    EXPECT_EQ(kit.enqueue("empty", JobKind::manual_retry), none);
}

// --- no_lost_update

void a_write_during_a_run_gets_its_vectors(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"old"}));
    const auto first = kit.claim_one();
    const auto page = kit.missing(first);
    EXPECT_EQ(kit.put(document("pets", {"new"})).enqueued, created);
    Delivery delivery;
    delivery.vectors(delivery.report(first.ref, JobOutcome::succeeded), page, 4);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{true});
    EXPECT_EQ(kit.settlement().missing(), 1U);
    kit.embed_everything();
    EXPECT_EQ(kit.settlement().missing(), 0U);
    EXPECT_EQ(kit.vector("new", kit.target()).size(), 4U);
}

void a_write_between_pages_is_seen(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a", "b"}));
    const auto job = kit.claim_one();
    kit.put(document("pets", {"a", "b", "c"}));
    EXPECT_EQ(kit.missing(job).texts.size(), 3U) << "the holder gets what is missing now";
    EXPECT_TRUE(kit.embed(job));
    kit.embed_everything();
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

void an_older_vector_never_replaces_a_newer(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto early = kit.claim_one();
    const auto early_page = kit.missing(early);
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    const auto late = kit.claim_one();
    EXPECT_TRUE(kit.embed(late, JobOutcome::succeeded, 2));
    kit.advance(1s);
    Delivery delivery;
    delivery.vectors(delivery.report(early.ref, JobOutcome::succeeded), early_page, 4, 1);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{true})
        << "the lease is held; only the value is late";
    EXPECT_EQ(kit.vector("a", kit.target()), vector_of(hash_of("a"), 4, 2))
        << "a vector is as old as its request, not as its arrival";
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

}  // namespace

std::vector<Case> producer_cases() {
    return {
        {"one_open_job", "enqueue_again_collapses", enqueue_again_collapses},
        {"one_open_job", "put_again_collapses", put_again_collapses},
        {"one_open_job", "one_call_collapses_onto_itself", one_call_collapses_onto_itself},
        {"one_open_job", "enqueue_while_running_leaves_one_behind", enqueue_while_running_leaves_one_behind},
        {"one_open_job", "retry_merges_with_the_job_behind", retry_merges_with_the_job_behind},
        {"one_open_job", "release_merges_with_the_job_behind", release_merges_with_the_job_behind},
        {"one_open_job", "expiry_merges_with_the_job_behind", expiry_merges_with_the_job_behind},
        {"one_open_job", "manual_retry_collapse_keeps_its_force", manual_retry_collapse_keeps_its_force},
        {"one_open_job", "enqueuing_ends_the_backoff", enqueuing_ends_the_backoff},
        {"one_open_job", "an_unchanged_write_keeps_the_backoff", an_unchanged_write_keeps_the_backoff},
        {"one_open_job", "manual_retry_ends_the_backoff", manual_retry_ends_the_backoff},
        {"one_open_job", "manual_retry_behind_a_running_job", manual_retry_behind_a_running_job},
        {"one_open_job", "manual_retry_after_the_end_is_a_new_job", manual_retry_after_the_end_is_a_new_job},
        {"write_and_enqueue_are_one", "a_new_spec_has_its_job", a_new_spec_has_its_job},
        {"write_and_enqueue_are_one", "an_unknown_catalog_writes_nothing", an_unknown_catalog_writes_nothing},
        {"write_and_enqueue_are_one", "an_invalid_name_writes_nothing", an_invalid_name_writes_nothing},
        {"write_and_enqueue_are_one", "unchanged_writes_nothing", unchanged_writes_nothing},
        {"write_and_enqueue_are_one", "unchanged_with_a_gap_enqueues", unchanged_with_a_gap_enqueues},
        {"write_and_enqueue_are_one", "unchanged_leaves_a_running_job_alone", unchanged_leaves_a_running_job_alone},
        {"write_and_enqueue_are_one", "one_call_may_write_a_spec_twice", one_call_may_write_a_spec_twice},
        {"write_and_enqueue_are_one", "without_a_gap_nothing_is_enqueued", without_a_gap_nothing_is_enqueued},
        {"write_and_enqueue_are_one", "a_changed_field_is_a_change", a_changed_field_is_a_change},
        {"write_and_enqueue_are_one", "a_change_replaces_the_operations", a_change_replaces_the_operations},
        {"write_and_enqueue_are_one", "known_texts_are_not_asked_for_again", known_texts_are_not_asked_for_again},
        {"write_and_enqueue_are_one", "without_a_target_nothing_is_enqueued", without_a_target_nothing_is_enqueued},
        {"write_and_enqueue_are_one", "without_operations_nothing_is_enqueued", without_operations_nothing_is_enqueued},
        {"no_lost_update", "a_write_during_a_run_gets_its_vectors", a_write_during_a_run_gets_its_vectors},
        {"no_lost_update", "a_write_between_pages_is_seen", a_write_between_pages_is_seen},
        {"no_lost_update", "an_older_vector_never_replaces_a_newer", an_older_vector_never_replaces_a_newer},
    };
}

}  // namespace embedq::conformance
