// profiles_do_not_mix, and which vectors a store accepts.
#include <limits>

#include "kit.h"

namespace embedq::conformance {
namespace {

void serving_follows_immediately_at_first(Kit& kit) {
    kit.catalog();
    EXPECT_EQ(kit.info().target_profile, kit.target().id);
    EXPECT_EQ(kit.info().serving_profile, kit.target().id);
    EXPECT_EQ(kit.info().provider, "provider of first");
    EXPECT_EQ(kit.set_target("shop", kit.target()), 0U) << "nothing changed";
}

void serving_flips_when_all_is_settled(Kit& kit) {
    const auto second = make_profile("second", 6);
    kit.catalog();
    kit.put(document("a", {"a", "x"}));
    kit.put(document("b", {"b", "bad"}));
    kit.embed_everything();
    EXPECT_EQ(kit.set_target("shop", second), 1U);
    EXPECT_EQ(kit.info().serving_profile, kit.target().id);
    EXPECT_EQ(kit.info().target_profile, second.id);
    EXPECT_EQ(kit.settlement().missing(), 4U);
    EXPECT_EQ(must(kit.store().reconcile("")).enqueued, 2U);
    EXPECT_TRUE(kit.embed(kit.claim_one(second)));
    EXPECT_EQ(kit.info().serving_profile, kit.target().id) << "one spec is still without";
    const auto before = kit.revision();
    const auto job = kit.claim_one(second);
    EXPECT_TRUE(kit.refuse(job, "bad", "no", JobOutcome::progress));
    EXPECT_TRUE(kit.embed(job));
    EXPECT_EQ(kit.info().serving_profile, second.id) << "a refused text is settled too";
    EXPECT_TRUE(must(kit.store().changes("shop", before)).everything);
}

void reconcile_flips(Kit& kit) {
    const auto second = make_profile("second", 6);
    kit.catalog();
    kit.put(document("bad", {"bad"}));
    kit.embed_everything();
    kit.set_target("shop", second);
    EXPECT_EQ(must(kit.store().reconcile("shop")).flipped, 0U);
    const auto job = kit.claim_one(second);
    EXPECT_TRUE(kit.refuse(job, "bad", "no", JobOutcome::progress));
    must(kit.store().cancel(std::vector{job.ref.id}));
    const bool flipped_already = kit.info().serving_profile == second.id;
    EXPECT_EQ(must(kit.store().reconcile("shop")).flipped, flipped_already ? 0U : 1U);
    EXPECT_EQ(kit.info().serving_profile, second.id);
    EXPECT_EQ(must(kit.store().reconcile("shop")).flipped, 0U);
}

void a_failed_job_completes_the_flip(Kit& kit) {
    const auto second = make_profile("second", 6);
    kit.catalog();
    kit.put(document("bad", {"bad"}));
    kit.embed_everything();
    kit.set_target("shop", second);
    must(kit.store().reconcile(""));
    EXPECT_TRUE(kit.refuse(kit.claim_one(second), "bad", "no", JobOutcome::failed));
    EXPECT_EQ(kit.info().serving_profile, second.id)
        << "every text is settled, and the job that settled the last one has ended";
}

void an_empty_catalog_flips_immediately(Kit& kit) {
    kit.catalog();
    kit.put(document("empty", {}));
    const auto second = make_profile("second");
    kit.set_target("shop", second);
    EXPECT_EQ(kit.info().serving_profile, second.id);
}

void going_back_flips_immediately(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    kit.embed_everything();
    const auto second = make_profile("second");
    kit.set_target("shop", second);
    must(kit.store().reconcile(""));
    EXPECT_TRUE(kit.embed(kit.claim_one(second)));
    ASSERT_EQ(kit.info().serving_profile, second.id);
    kit.set_target("shop", kit.target());
    EXPECT_EQ(kit.info().serving_profile, kit.target().id)
        << "every text has its vector under the first profile already";
    EXPECT_EQ(must(kit.store().reconcile("")).gaps, 0U);
}

void pending_jobs_move_to_the_new_target(Kit& kit) {
    const auto second = make_profile("second", 6);
    kit.catalog();
    kit.put(document("a", {"a"}));
    const auto id = kit.jobs_of("a").at(0).id;
    kit.set_target("shop", second);
    EXPECT_TRUE(kit.nothing_to_claim());
    const auto job = kit.claim_one(second);
    EXPECT_EQ(job.ref.id, id);
    EXPECT_EQ(job.fingerprint, second.fingerprint);
    EXPECT_EQ(kit.missing(job).profile_id, second.id);
    EXPECT_TRUE(kit.embed(job));
    EXPECT_EQ(kit.vector("a", second).size(), 6U);
    EXPECT_TRUE(kit.vector("a", kit.target()).empty());
}

void a_running_job_keeps_its_profile(Kit& kit) {
    const auto second = make_profile("second", 6);
    kit.catalog();
    kit.put(document("a", {"a"}));
    const auto job = kit.claim_one();
    kit.set_target("shop", second);
    const MissingQuery query{job.ref};
    const auto page = must(kit.store().missing_texts({&query, 1})).at(0);
    // A store may also answer that the job is lost.
    const bool moved = page.has_value() && page->profile_id != kit.target().id;
    EXPECT_FALSE(moved) << "the holder cannot make what the new target needs";
    kit.report(job, JobOutcome::release);
    EXPECT_TRUE(kit.nothing_to_claim());
    EXPECT_TRUE(kit.embed(kit.claim_one(second)));
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

void turning_off_and_on_again(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    EXPECT_EQ(kit.set_target("shop", std::nullopt), 1U);
    EXPECT_FALSE(kit.info().target_profile.has_value());
    EXPECT_TRUE(kit.info().provider.empty());
    EXPECT_TRUE(kit.nothing_to_claim());
    EXPECT_FALSE(must(kit.store().next_due(std::vector{kit.target().fingerprint})).pending.has_value());
    EXPECT_EQ(kit.put(document("b", {"b"})).enqueued, EnqueueOutcome::none);
    EXPECT_EQ(must(kit.store().reconcile("")).enqueued, 0U);
    kit.set_target("shop", kit.target());
    must(kit.store().reconcile(""));
    kit.embed_everything();
    EXPECT_EQ(kit.settlement().missing(), 0U);
}

void an_epoch_embeds_everything_again(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    kit.embed_everything();
    const auto next_epoch = make_profile("first", 4, 1);
    ASSERT_EQ(next_epoch.fingerprint, kit.target().fingerprint);
    kit.set_target("shop", next_epoch);
    EXPECT_EQ(must(kit.store().reconcile("")).enqueued, 1U);
    EXPECT_EQ(kit.info().serving_profile, kit.target().id);
    const auto job = kit.claim_one();
    EXPECT_EQ(kit.missing(job).profile_id, next_epoch.id);
    EXPECT_TRUE(kit.embed(job, JobOutcome::succeeded, 3));
    EXPECT_EQ(kit.info().serving_profile, next_epoch.id);
    EXPECT_EQ(kit.vector("a", kit.target()), vector_of(hash_of("a"), 4));
    EXPECT_EQ(kit.vector("a", next_epoch), vector_of(hash_of("a"), 4, 3));
}

void a_profile_is_given_back_whole(Kit& kit) {
    auto profile = make_profile("full", 8, 2);
    profile.public_options = {{"endpoints", "[a, b]"}, {"model", "full"}};
    profile.semantic_weight = 0.25;
    kit.catalog("shop", profile);
    EXPECT_EQ(must(kit.store().profile(profile.id)), profile);
    expect_error(kit.store().profile(hash_of("nobody's")), ErrorKind::not_found);
}

void targets_are_set_all_or_none(Kit& kit) {
    kit.catalog();
    const auto second = make_profile("second");
    const std::vector<CatalogTarget> targets{{"shop", "p", second}, {"nowhere", "p", second}};
    expect_error(kit.store().set_targets(targets), ErrorKind::not_found, "nowhere");
    EXPECT_EQ(kit.info().target_profile, kit.target().id);
}

// --- which vectors a store accepts

void expect_refused(Kit& kit, const ClaimedJob& job, std::vector<float> values) {
    const auto page = kit.missing(job);
    Delivery delivery;
    const auto report = delivery.report(job.ref, JobOutcome::succeeded);
    delivery.vector(report, page.profile_id, page.texts.at(0).text_hash, page.as_of,
                    vector_of(page.texts[0].text_hash, 4));
    delivery.vector(report, page.profile_id, page.texts.at(1).text_hash, page.as_of, std::move(values));
    expect_error(kit.store().commit(delivery.commit()), ErrorKind::invalid_argument);
    EXPECT_EQ(kit.settlement().vectors, 0U) << "all of a commit or none of it";
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::running);
}

void broken_vectors_are_refused(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a", "b"}));
    const auto job = kit.claim_one();
    expect_refused(kit, job, {1, 2, 3});
    expect_refused(kit, job, {1, 2, 3, 4, 5});
    expect_refused(kit, job, {});
    expect_refused(kit, job, {0, 0, 0, 0});
    expect_refused(kit, job, {0, -0.0F, 0, 0});
    expect_refused(kit, job, {1, std::numeric_limits<float>::quiet_NaN(), 0, 0});
    expect_refused(kit, job, {1, std::numeric_limits<float>::infinity(), 0, 0});
    expect_refused(kit, job, {1, -std::numeric_limits<float>::infinity(), 0, 0});
    EXPECT_TRUE(kit.embed(job));
}

void values_come_back_bit_for_bit(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    const auto job = kit.claim_one();
    const auto page = kit.missing(job);
    const std::vector<float> values{std::numeric_limits<float>::denorm_min(), -0.0F, std::numeric_limits<float>::max(),
                                    1.0F / 3.0F};
    Delivery delivery;
    delivery.vector(delivery.report(job.ref, JobOutcome::succeeded), page.profile_id, hash_of("a"), page.as_of, values);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{true});
    EXPECT_EQ(kit.vector("a", kit.target()), values);
}

void an_unknown_profile_is_refused(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    const auto job = kit.claim_one();
    Delivery delivery;
    delivery.vector(delivery.report(job.ref, JobOutcome::succeeded), hash_of("nobody's"), hash_of("a"),
                    kit.missing(job).as_of, {1, 2, 3, 4});
    EXPECT_FALSE(kit.store().commit(delivery.commit()).has_value());
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::running);
}

void an_index_out_of_range_is_refused(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    const auto job = kit.claim_one();
    Delivery vectors;
    vectors.commit().jobs.at(vectors.report(job.ref, JobOutcome::succeeded)).vectors = {0};
    expect_error(kit.store().commit(vectors.commit()), ErrorKind::invalid_argument);
    Delivery refusals;
    refusals.commit().jobs.at(refusals.report(job.ref, JobOutcome::succeeded)).refusals = {3};
    expect_error(kit.store().commit(refusals.commit()), ErrorKind::invalid_argument);
    EXPECT_EQ(kit.job(job.ref.id).status, JobStatus::running);
}

void a_vector_of_no_report_is_not_kept(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    const auto job = kit.claim_one();
    Delivery delivery;
    const auto report = delivery.report(job.ref, JobOutcome::progress);
    delivery.vectors(report, kit.missing(job), 4);
    delivery.commit().jobs[report].vectors.clear();
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{true});
    EXPECT_TRUE(kit.vector("a", kit.target()).empty());
}

void two_jobs_may_share_a_vector(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"same"}));
    kit.put(document("b", {"same"}));
    const auto jobs = kit.claim(2);
    ASSERT_EQ(jobs.size(), 2U);
    Delivery delivery;
    const auto first = delivery.report(jobs[0].ref, JobOutcome::succeeded);
    const auto second = delivery.report(jobs[1].ref, JobOutcome::succeeded);
    delivery.vectors(first, kit.missing(jobs[0]), 4);
    delivery.commit().jobs[second].vectors = delivery.commit().jobs[first].vectors;
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), (std::vector{true, true}));
    EXPECT_EQ(kit.settlement().distinct_texts, 1U);
    EXPECT_EQ(kit.settlement().vectors, 1U);
}

}  // namespace

std::vector<Case> profile_cases() {
    return {
        {"profiles_do_not_mix", "serving_follows_immediately_at_first", serving_follows_immediately_at_first},
        {"profiles_do_not_mix", "serving_flips_when_all_is_settled", serving_flips_when_all_is_settled},
        {"profiles_do_not_mix", "reconcile_flips", reconcile_flips},
        {"profiles_do_not_mix", "a_failed_job_completes_the_flip", a_failed_job_completes_the_flip},
        {"profiles_do_not_mix", "an_empty_catalog_flips_immediately", an_empty_catalog_flips_immediately},
        {"profiles_do_not_mix", "going_back_flips_immediately", going_back_flips_immediately},
        {"profiles_do_not_mix", "pending_jobs_move_to_the_new_target", pending_jobs_move_to_the_new_target},
        {"profiles_do_not_mix", "a_running_job_keeps_its_profile", a_running_job_keeps_its_profile},
        {"profiles_do_not_mix", "turning_off_and_on_again", turning_off_and_on_again},
        {"profiles_do_not_mix", "an_epoch_embeds_everything_again", an_epoch_embeds_everything_again},
        {"profiles_do_not_mix", "a_profile_is_given_back_whole", a_profile_is_given_back_whole},
        {"profiles_do_not_mix", "targets_are_set_all_or_none", targets_are_set_all_or_none},
        {"vectors", "broken_vectors_are_refused", broken_vectors_are_refused},
        {"vectors", "values_come_back_bit_for_bit", values_come_back_bit_for_bit},
        {"vectors", "an_unknown_profile_is_refused", an_unknown_profile_is_refused},
        {"vectors", "an_index_out_of_range_is_refused", an_index_out_of_range_is_refused},
        {"vectors", "a_vector_of_no_report_is_not_kept", a_vector_of_no_report_is_not_kept},
        {"vectors", "two_jobs_may_share_a_vector", two_jobs_may_share_a_vector},
    };
}

}  // namespace embedq::conformance
