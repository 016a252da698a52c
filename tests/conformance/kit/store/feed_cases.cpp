// every_replica_sees_new_vectors: the revision, the change feed and the stamp.
#include <algorithm>

#include "kit.h"

namespace embedq::conformance {
namespace {

using Names = std::vector<std::string>;

bool reports(const Changes& changes, const std::string& spec_name) {
    return changes.everything || std::ranges::count(changes.specs, spec_name) == 1;
}

void every_change_grows_the_revision(Kit& kit) {
    kit.catalog();
    auto revision = kit.revision();
    const auto expect_change = [&](const std::string& spec_name, const std::string& what) {
        const auto changes = must(kit.store().changes("shop", revision));
        EXPECT_GT(changes.revision, revision) << what;
        EXPECT_TRUE(reports(changes, spec_name)) << what;
        EXPECT_EQ(changes.revision, kit.revision());
        revision = changes.revision;
    };
    kit.put(document("pets", {"a", "b"}));
    expect_change("pets", "put");
    const auto job = kit.claim_one();
    EXPECT_TRUE(kit.embed_some(job, 1, JobOutcome::progress));
    expect_change("pets", "progress with a vector");
    EXPECT_TRUE(kit.embed(job));
    expect_change("pets", "success");
    kit.put(document("pets", {"c"}));
    expect_change("pets", "changed write");
    must(kit.store().delete_spec("shop", "pets"));
    expect_change("pets", "deletion");
}

void no_change_says_nothing(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    kit.embed_everything();
    const auto revision = kit.revision();
    kit.put(document("pets", {"a"}));
    must(kit.store().reconcile(""));
    must(kit.store().reap(5));
    kit.set_target("shop", kit.target());
    const auto changes = must(kit.store().changes("shop", revision));
    EXPECT_EQ(changes.revision, revision);
    EXPECT_FALSE(changes.everything);
    EXPECT_TRUE(changes.specs.empty());
}

void each_changed_spec_is_reported_once(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"a"}));
    kit.put(document("b", {"b"}));
    kit.put(document("c", {"c"}));
    const auto revision = kit.revision();
    kit.put(document("a", {"d"}));
    kit.put(document("b", {"e"}));
    kit.put(document("a", {"f"}));
    auto changes = must(kit.store().changes("shop", revision));
    ASSERT_FALSE(changes.everything);
    std::ranges::sort(changes.specs);
    EXPECT_EQ(changes.specs, (Names{"a", "b"}));
}

void catalogs_do_not_disturb_each_other(Kit& kit) {
    kit.catalog();
    kit.catalog("other");
    const auto revision = kit.revision();
    kit.put(document("pets", {"a"}, "other"));
    kit.embed_everything();
    EXPECT_EQ(kit.revision(), revision);
}

void vectors_made_for_another_catalog_are_seen(Kit& kit) {
    kit.catalog();
    kit.catalog("other");
    kit.put(document("pets", {"same"}));
    kit.put(document("cats", {"same"}, "other"));
    const auto revision = kit.revision("other");
    kit.embed_everything();
    const auto changes = must(kit.store().changes("other", revision));
    EXPECT_GT(changes.revision, revision);
    EXPECT_TRUE(reports(changes, "cats"));
}

// The feed since the revision reports the specs in `users`, and none of `others`.
void expect_reported(Kit& kit, const std::string& catalog_id, std::uint64_t since, const Names& users,
                     const Names& others) {
    const auto changes = must(kit.store().changes(catalog_id, since));
    for (const auto& name : users) {
        EXPECT_TRUE(reports(changes, name))
            << catalog_id << "/" << name << " has the text: a replica would rank it without its vector";
    }
    if (changes.everything) return;
    for (const auto& name : others)
        EXPECT_FALSE(reports(changes, name)) << catalog_id << "/" << name << " does not have the text";
}

void every_user_of_a_text_is_reported(Kit& kit) {
    kit.catalog();
    kit.catalog("other");
    kit.put(document("first", {"same", "own"}));
    kit.put(document("second", {"same"}));
    kit.put(document("apart", {"else"}));
    kit.put(document("third", {"same"}, "other"));
    auto shop = kit.revision();
    auto other = kit.revision("other");
    const auto job = kit.claim_one();
    ASSERT_EQ(job.spec_name, "first");
    EXPECT_TRUE(kit.embed_some(job, 1, JobOutcome::progress));
    expect_reported(kit, "shop", shop, {"first", "second"}, {"apart"});
    expect_reported(kit, "other", other, {"third"}, {});
    shop = kit.revision();
    other = kit.revision("other");
    EXPECT_TRUE(kit.embed(job));
    EXPECT_EQ(kit.revision("other"), other) << "a text that only this spec has changes no other catalog";
    expect_reported(kit, "shop", shop, {"first"}, {"second", "apart"});
    kit.advance(1s);
    kit.enqueue("first", JobKind::manual_retry);
    other = kit.revision("other");
    auto request = kit.claim_request(10);
    for (const auto& claimed : must(kit.store().claim(request))) {
        if (claimed.spec_name == "first") {
            EXPECT_TRUE(kit.refuse(claimed, "same", "no", JobOutcome::progress));
        }
    }
    expect_reported(kit, "other", other, {"third"}, {});
}

void a_second_instance_sees_all(Kit& kit) {
    kit.catalog();
    kit.put(document("pets", {"a"}));
    const auto other = kit.another();
    const auto revision = must(other->revision("shop"));
    kit.embed_everything();
    EXPECT_GT(must(other->revision("shop")), revision);
    EXPECT_EQ(must(other->settlement("shop", {})).missing(), 0U);
    kit.put(document("cars", {"b"}));
    const auto claimed = must(other->claim(kit.claim_request()));
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_TRUE(kit.nothing_to_claim());
    EXPECT_EQ(kit.job(claimed[0].ref.id).status, JobStatus::running);
}

std::string unless_watchable(const StoreCapabilities& capabilities) {
    if (!capabilities.multi_process) return unless_multi_process(capabilities);
    return capabilities.watch_interval ? "" : "the store cannot detect that another process wrote";
}

void the_stamp_shows_another_instances_write(Kit& kit) {
    kit.catalog();
    const auto other = kit.another();
    const auto before = must(other->change_stamp());
    EXPECT_EQ(must(other->change_stamp()), before) << "it does not change while nobody writes";
    kit.put(document("pets", {"a"}));
    EXPECT_NE(must(other->change_stamp()), before);
}

}  // namespace

std::vector<Case> feed_cases() {
    return {
        {"every_replica_sees_new_vectors", "every_change_grows_the_revision", every_change_grows_the_revision},
        {"every_replica_sees_new_vectors", "no_change_says_nothing", no_change_says_nothing},
        {"every_replica_sees_new_vectors", "each_changed_spec_is_reported_once", each_changed_spec_is_reported_once},
        {"every_replica_sees_new_vectors", "catalogs_do_not_disturb_each_other", catalogs_do_not_disturb_each_other},
        {"every_replica_sees_new_vectors", "vectors_made_for_another_catalog_are_seen",
         vectors_made_for_another_catalog_are_seen},
        {"every_replica_sees_new_vectors", "every_user_of_a_text_is_reported", every_user_of_a_text_is_reported},
        {"every_replica_sees_new_vectors", "a_second_instance_sees_all", a_second_instance_sees_all,
         unless_multi_process},
        {"every_replica_sees_new_vectors", "the_stamp_shows_another_instances_write",
         the_stamp_shows_another_instances_write, unless_watchable},
    };
}

}  // namespace embedq::conformance
