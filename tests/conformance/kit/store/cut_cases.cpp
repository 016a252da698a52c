// Vectors of texts that had to be cut: `cut_to` is stored with the vector, and settlements count them.
#include <algorithm>

#include "kit.h"

namespace embedq::conformance {
namespace {

constexpr std::uint32_t cut_bytes = 4000;

// Makes all missing vectors of the job; the texts in `cut` are cut.
bool embed_cut(Kit& kit, const ClaimedJob& job, const std::vector<std::string>& cut) {
    const auto page = kit.missing(job);
    Delivery delivery;
    const auto report = delivery.report(job.ref, JobOutcome::succeeded);
    for (const MissingText& text : page.texts) {
        const bool is_cut = std::ranges::count(cut, text.text) > 0;
        delivery.vector(report, page.profile_id, text.text_hash, page.as_of,
                        vector_of(text.text_hash, kit.target().dimension), is_cut ? cut_bytes : 0);
    }
    return must(kit.store().commit(delivery.commit())).at(0);
}

void cut_texts_are_counted(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"long", "short", "long"}));
    EXPECT_EQ(kit.settlement().cut, 0U);
    EXPECT_TRUE(embed_cut(kit, kit.claim_one(), {"long"}));
    EXPECT_EQ(kit.settlement().cut, 1U) << "each text once";
    EXPECT_EQ(kit.settlement().vectors, 2U) << "the vector of a cut text is a vector";
    EXPECT_EQ(kit.settlement().missing(), 0U);
    kit.put(document("b", {"other", "long"}));
    kit.put(document("c", {"short"}));
    EXPECT_TRUE(embed_cut(kit, kit.claim_one(), {}));
    EXPECT_EQ(kit.settlement().cut, 1U);
    EXPECT_EQ(must(kit.store().settlement("shop", std::vector<std::string>{"b"})).cut, 1U)
        << "whichever job made the vector";
    EXPECT_EQ(must(kit.store().settlement("shop", std::vector<std::string>{"c"})).cut, 0U);
    must(kit.store().clone_catalog("shop", {.catalog_id = "copy"}));
    EXPECT_EQ(kit.settlement("copy").cut, 1U);
}

void a_newer_vector_replaces_the_cut(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"text"}));
    EXPECT_TRUE(embed_cut(kit, kit.claim_one(), {"text"}));
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    EXPECT_EQ(kit.settlement().cut, 0U) << "its vector no longer counts";
    EXPECT_TRUE(embed_cut(kit, kit.claim_one(), {}));
    EXPECT_EQ(kit.settlement().vectors, 1U);
    EXPECT_EQ(kit.settlement().cut, 0U) << "it is of the whole text now";
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    EXPECT_TRUE(embed_cut(kit, kit.claim_one(), {"text"}));
    EXPECT_EQ(kit.settlement().cut, 1U);
}

void an_older_vector_changes_no_cut(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"text"}));
    const auto early = kit.claim_one();
    const auto page = kit.missing(early);
    kit.advance(1s);
    kit.enqueue("pets");
    EXPECT_TRUE(embed_cut(kit, kit.claim_one(), {}));
    Delivery delivery;
    delivery.vector(delivery.report(early.ref, JobOutcome::progress), page.profile_id, hash_of("text"), page.as_of,
                    vector_of(hash_of("text"), kit.target().dimension), cut_bytes);
    EXPECT_EQ(must(kit.store().commit(delivery.commit())), std::vector{true});
    EXPECT_EQ(kit.settlement().cut, 0U);
}

void a_refusal_ends_a_cut_vector(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"text"}));
    EXPECT_TRUE(embed_cut(kit, kit.claim_one(), {"text"}));
    kit.advance(1s);
    kit.enqueue("pets", JobKind::manual_retry);
    EXPECT_TRUE(kit.refuse(kit.claim_one(), "text", "no", JobOutcome::failed));
    EXPECT_EQ(kit.settlement().refusals, 1U);
    EXPECT_EQ(kit.settlement().cut, 0U);
}

void a_cut_is_of_one_profile(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"text"}));
    EXPECT_TRUE(embed_cut(kit, kit.claim_one(), {"text"}));
    const auto second = make_profile("second");
    kit.set_target("shop", second);
    EXPECT_EQ(kit.settlement().cut, 0U);
    must(kit.store().reconcile(""));
    EXPECT_TRUE(kit.embed(kit.claim_one(second)));
    EXPECT_EQ(kit.settlement().vectors, 1U);
    EXPECT_EQ(kit.settlement().cut, 0U);
}

}  // namespace

std::vector<Case> cut_cases() {
    return {
        {"vectors", "cut_texts_are_counted", cut_texts_are_counted},
        {"vectors", "a_newer_vector_replaces_the_cut", a_newer_vector_replaces_the_cut},
        {"vectors", "an_older_vector_changes_no_cut", an_older_vector_changes_no_cut},
        {"vectors", "a_refusal_ends_a_cut_vector", a_refusal_ends_a_cut_vector},
        {"vectors", "a_cut_is_of_one_profile", a_cut_is_of_one_profile},
    };
}

}  // namespace embedq::conformance
