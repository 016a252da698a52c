// profiles_do_not_mix, through whole model changes: with edits and deletes in the middle, two in a row, and back again.
#include "kit.h"

namespace embedq::conformance {
namespace {

const Profile& second() {
    static const Profile profile = make_profile("second", 6);
    return profile;
}

// A catalog ranked by the first profile, with the specs `a` and `b`, and with the second profile as its target.
void begin_change(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a", "same"}));
    kit.put(document("b", {"b", "same"}));
    kit.embed_everything();
    kit.set_target("shop", second());
    must(kit.store().reconcile(""));
}

void embed_all(Kit& kit, const Profile& profile) {
    ClaimRequest request = kit.claim_request();
    request.fingerprints = {profile.fingerprint};
    for (;;) {
        const auto jobs = must(kit.store().claim(request));
        if (jobs.empty()) return;
        EXPECT_TRUE(kit.embed(jobs.front()));
    }
}

void edits_in_the_middle_go_to_the_new_target(Kit& kit) {
    begin_change(kit);
    EXPECT_TRUE(kit.embed(kit.claim_one(second())));
    kit.put(document("a", {"a edited", "same"}));
    kit.put(document("c", {"c"}));
    EXPECT_EQ(kit.info().serving_profile, kit.target().id);
    EXPECT_TRUE(kit.nothing_to_claim()) << "under the first profile";
    embed_all(kit, second());
    EXPECT_EQ(kit.info().serving_profile, second().id);
    EXPECT_EQ(kit.settlement().missing(), 0U);
    for (const std::string text : {"a edited", "b", "c", "same"})
        EXPECT_EQ(kit.vector(text, second()).size(), 6U) << text;
    EXPECT_TRUE(kit.vector("a edited", kit.target()).empty()) << "nothing is ranked by it any more";
}

void an_edit_after_the_last_job_was_claimed_holds_the_flip_back(Kit& kit) {
    begin_change(kit);
    EXPECT_TRUE(kit.embed(kit.claim_one(second())));
    const auto last = kit.claim_one(second());
    kit.put(document("c", {"c"}));
    EXPECT_TRUE(kit.embed(last));
    EXPECT_EQ(kit.info().serving_profile, kit.target().id) << "one spec is still without";
    embed_all(kit, second());
    EXPECT_EQ(kit.info().serving_profile, second().id);
}

void deleting_what_is_missing_completes_the_flip(Kit& kit) {
    begin_change(kit);
    const auto job = kit.claim_one(second());
    EXPECT_TRUE(kit.embed(job));
    must(kit.store().delete_spec("shop", job.spec_name == "a" ? "b" : "a"));
    must(kit.store().reconcile(""));
    EXPECT_EQ(kit.info().serving_profile, second().id);
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

void two_changes_in_a_row_end_at_the_last(Kit& kit) {
    const auto third = make_profile("third", 5);
    begin_change(kit);
    EXPECT_TRUE(kit.embed(kit.claim_one(second())));
    const auto running = kit.claim_one(second());
    kit.set_target("shop", third);
    must(kit.store().reconcile(""));
    EXPECT_EQ(kit.info().serving_profile, kit.target().id);
    // Its vectors may be kept or not. They complete a profile that is no longer a target, so nothing flips.
    kit.embed(running);
    EXPECT_EQ(kit.info().serving_profile, kit.target().id);
    must(kit.store().reconcile(""));
    embed_all(kit, third);
    EXPECT_EQ(kit.info().serving_profile, third.id);
    for (const std::string text : {"a", "b", "same"}) EXPECT_EQ(kit.vector(text, third).size(), 5U) << text;
}

void back_before_the_flip_needs_nothing(Kit& kit) {
    begin_change(kit);
    EXPECT_TRUE(kit.embed(kit.claim_one(second())));
    kit.set_target("shop", kit.target());
    EXPECT_EQ(kit.info().serving_profile, kit.target().id);
    EXPECT_EQ(kit.settlement().missing(), 0U);
    EXPECT_EQ(must(kit.store().reconcile("")).gaps, 0U);
    // The job that was pending has moved back and finds nothing to do.
    embed_all(kit, kit.target());
    for (const auto& job : kit.jobs_of("a")) EXPECT_EQ(job.status, JobStatus::succeeded);
    for (const auto& job : kit.jobs_of("b")) EXPECT_EQ(job.status, JobStatus::succeeded);
}

void what_was_edited_meanwhile_is_a_gap_after_going_back(Kit& kit) {
    begin_change(kit);
    embed_all(kit, second());
    ASSERT_EQ(kit.info().serving_profile, second().id);
    kit.put(document("a", {"a edited"}));
    embed_all(kit, second());
    kit.set_target("shop", kit.target());
    EXPECT_EQ(kit.info().serving_profile, second().id) << "the edited text has no vector under the first";
    EXPECT_EQ(must(kit.store().reconcile("")).enqueued, 1U);
    embed_all(kit, kit.target());
    EXPECT_EQ(kit.info().serving_profile, kit.target().id);
}

void writes_go_before_the_background(Kit& kit) {
    kit.catalog();
    for (const char* name : {"a", "b", "c", "d"}) kit.put(document(name, {name}));
    kit.embed_everything();
    kit.set_target("shop", second());
    must(kit.store().reconcile(""));
    kit.put(document("new", {"new"}));
    kit.put(document("c", {"c edited"}));
    kit.put(document("newer", {"newer"}));
    const auto claim = [&](std::string_view name) {
        const auto job = kit.claim_one(second());
        EXPECT_EQ(job.spec_name, name);
        EXPECT_TRUE(kit.embed(job));
        return job;
    };
    EXPECT_EQ(claim("c").kind, JobKind::spec_write)
        << "the reconciler's job, which has the lowest id, became that of the write";
    claim("new");
    claim("newer");
    const auto background = claim("a");
    EXPECT_EQ(background.kind, JobKind::reconciler);
    kit.enqueue("a", JobKind::manual_retry);
    EXPECT_LT(kit.jobs_of("a").front().next_run_at, kit.jobs_of("b").front().next_run_at);
    embed_all(kit, second());
    EXPECT_EQ(kit.info().serving_profile, second().id);
}

void the_background_does_not_take_a_writes_place(Kit& kit) {
    kit.catalog();
    for (const JobKind kind : {JobKind::reconciler, JobKind::reembed}) {
        kit.put(document(std::string(to_string(kind)), {std::string(to_string(kind))}));
        kit.enqueue(std::string(to_string(kind)), kind);
        EXPECT_EQ(kit.claim_one().kind, JobKind::spec_write);
    }
}

void a_reembed_is_background(Kit& kit) {
    kit.catalog();
    for (const char* name : {"a", "b", "c"}) kit.put(document(name, {name}));
    kit.embed_everything();
    kit.set_target("shop", second());
    for (const char* name : {"a", "b", "c"}) kit.enqueue(name, JobKind::reembed);
    EXPECT_EQ(must(kit.store().reconcile("")).enqueued, 0U) << "the jobs are there";
    kit.put(document("new", {"new"}));
    kit.put(document("c", {"c edited"}));
    const auto claim = [&](std::string_view name, JobKind kind) {
        const auto job = kit.claim_one(second());
        EXPECT_EQ(job.spec_name, name);
        EXPECT_EQ(to_string(job.kind), to_string(kind));
        EXPECT_TRUE(kit.embed(job));
        EXPECT_EQ(to_string(kit.jobs_of(std::string(name)).front().kind), to_string(kind)) << "in the history, too";
    };
    claim("c", JobKind::spec_write);
    claim("new", JobKind::spec_write);
    claim("a", JobKind::reembed);
    claim("b", JobKind::reembed);
}

void workload_counts_texts_and_bytes_under_any_profile(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"four", "four", "sixsix"}));
    kit.put(document("b", {"sixsix", "\xC3\xA9"}));
    auto load = must(kit.store().workload("shop", kit.target().id));
    EXPECT_EQ(load.texts, 3U);
    EXPECT_EQ(load.bytes, 12U) << "bytes, not characters";
    EXPECT_EQ(load.settled_texts, 0U);
    EXPECT_EQ(load.settled_bytes, 0U);
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.refuse(job, "four", "no", JobOutcome::progress));
    EXPECT_TRUE(kit.embed(job));
    load = must(kit.store().workload("shop", kit.target().id));
    EXPECT_EQ(load.settled_texts, 2U) << "a refused text is not sent again";
    EXPECT_EQ(load.settled_bytes, 10U);
    EXPECT_EQ(must(kit.store().workload("shop", second().id)).settled_texts, 0U)
        << "a profile that the store has never seen";
    kit.set_target("shop", second());
    EXPECT_EQ(must(kit.store().workload("shop", kit.target().id)).settled_texts, 2U)
        << "going back would need one text";
    kit.catalog("empty");
    EXPECT_EQ(must(kit.store().workload("empty", second().id)).texts, 0U);
    expect_error(kit.store().workload("nowhere", second().id), ErrorKind::not_found, "nowhere");
}

void workload_keeps_to_a_force(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"same"}));
    kit.put(document("b", {"same"}));
    kit.embed_everything();
    kit.advance(1s);
    kit.enqueue("a", JobKind::manual_retry);
    EXPECT_EQ(must(kit.store().workload("shop", kit.target().id)).settled_texts, 0U)
        << "one of its specs still waits for it";
}

}  // namespace

std::vector<Case> change_cases() {
    return {
        {"profiles_do_not_mix", "edits_in_the_middle_go_to_the_new_target", edits_in_the_middle_go_to_the_new_target},
        {"profiles_do_not_mix", "an_edit_after_the_last_job_was_claimed_holds_the_flip_back",
         an_edit_after_the_last_job_was_claimed_holds_the_flip_back},
        {"profiles_do_not_mix", "deleting_what_is_missing_completes_the_flip",
         deleting_what_is_missing_completes_the_flip},
        {"profiles_do_not_mix", "two_changes_in_a_row_end_at_the_last", two_changes_in_a_row_end_at_the_last},
        {"profiles_do_not_mix", "back_before_the_flip_needs_nothing", back_before_the_flip_needs_nothing},
        {"profiles_do_not_mix", "what_was_edited_meanwhile_is_a_gap_after_going_back",
         what_was_edited_meanwhile_is_a_gap_after_going_back},
        {"one_open_job", "writes_go_before_the_background", writes_go_before_the_background},
        {"one_open_job", "the_background_does_not_take_a_writes_place", the_background_does_not_take_a_writes_place},
        {"one_open_job", "a_reembed_is_background", a_reembed_is_background},
        {"reads_are_cheap", "workload_counts_texts_and_bytes_under_any_profile",
         workload_counts_texts_and_bytes_under_any_profile},
        {"reads_are_cheap", "workload_keeps_to_a_force", workload_keeps_to_a_force},
    };
}

}  // namespace embedq::conformance
