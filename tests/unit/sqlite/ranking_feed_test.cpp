// The feed and the stamp: how readers learn of changes.
#include <algorithm>

#include "sandbox.h"

namespace embedq::sqlite::testing {
namespace {

using conformance::TestContext;

TEST(Feed, names_every_spec_that_a_new_vector_completes) {
    TestContext context("sqlite");
    Sandbox sandbox;
    const Profile profile = profile_of("m");
    auto store = fresh_store(sandbox.path(), context);
    make_catalog(*store, profile);
    make_catalog(*store, profile, "other");
    put(*store, document("a", {"shared", "mine"}));
    put(*store, document("b", {"shared"}, "other"));
    const auto shop = must(store->revision("shop"));
    const auto other = must(store->revision("other"));

    const auto jobs = must(store->claim(claim_request(profile)));
    ASSERT_EQ(jobs.size(), 1U);
    ASSERT_EQ(jobs[0].spec_name, "a");
    ASSERT_TRUE(embed(*store, jobs[0], profile));

    EXPECT_EQ(must(store->changes("shop", shop)).specs, std::vector<std::string>{"a"});
    EXPECT_EQ(must(store->changes("other", other)).specs, std::vector<std::string>{"b"});
}

TEST(Stamp, changes_when_another_store_on_the_file_writes_and_not_by_own_writes) {
    TestContext context("sqlite");
    Sandbox sandbox;
    auto here = fresh_store(sandbox.path(), context);
    auto there = open_store(sandbox.path(), context);
    const auto first = must(here->change_stamp());
    EXPECT_EQ(must(here->change_stamp()), first);
    must(here->put_catalog({"mine", "", "", "", ""}));
    EXPECT_EQ(must(here->change_stamp()), first) << "own writes are known already";
    must(there->put_catalog({"theirs", "", "", "", ""}));
    const auto second = must(here->change_stamp());
    EXPECT_NE(second, first);
    must(there->catalogs());
    EXPECT_EQ(must(here->change_stamp()), second) << "reading changes nothing";
    must(there->put_catalog({"theirs-too", "", "", "", ""}));
    must(here->put_catalog({"mine-too", "", "", "", ""}));
    EXPECT_NE(must(here->change_stamp()), second) << "an own write does not hide another's";
}

TEST(Documents, are_kept_compressed_and_apart) {
    TestContext context("sqlite");
    Sandbox sandbox;
    auto store = fresh_store(sandbox.path(), context);
    make_catalog(*store, profile_of("m"));
    SpecWrite write = document("a", {"x"});
    write.content = std::string(1 << 20, 'z');
    put(*store, write);
    EXPECT_EQ(must(store->spec_content("shop", "a")), write.content);
    EXPECT_LT(*value_of(*raw(sandbox.path()), "SELECT length(content) FROM documents"), 1000);
}

TEST(Texts, are_stored_once_however_many_operations_have_them) {
    TestContext context("sqlite");
    Sandbox sandbox;
    auto store = fresh_store(sandbox.path(), context);
    make_catalog(*store, profile_of("m"));
    put(*store, document("a", {"same", "same", "other"}));
    put(*store, document("b", {"same"}));
    EXPECT_EQ(value_of(*raw(sandbox.path()), "SELECT count(*) FROM texts"), 2);
    EXPECT_EQ(value_of(*raw(sandbox.path()), "SELECT count(*) FROM operations"), 4);
}

TEST(Texts, that_nothing_refers_to_are_pruned_with_their_vectors) {
    TestContext context("sqlite");
    Sandbox sandbox;
    const Profile profile = profile_of("m");
    auto store = fresh_store(sandbox.path(), context);
    make_catalog(*store, profile);
    put(*store, document("a", {"goes", "stays"}));
    embed_everything(*store, profile);
    put(*store, document("a", {"stays"}));
    context.manual_clock().advance(std::chrono::hours(2));
    const auto pruned = must(store->prune({std::chrono::hours(1), 100}));
    EXPECT_EQ(pruned.vectors, 1U);
    (void)must(store->prune({std::chrono::hours(1), 100}));
    EXPECT_EQ(value_of(*raw(sandbox.path()), "SELECT count(*) FROM texts"), 1);
    EXPECT_EQ(must(store->settlement("shop", {})).missing(), 0U);
}

TEST(Force, is_later_than_what_counts_even_if_the_clock_stands_still) {
    TestContext context("sqlite");
    Sandbox sandbox;
    const Profile profile = profile_of("m");
    auto store = fresh_store(sandbox.path(), context);
    make_catalog(*store, profile);
    put(*store, document("a", {"x", "y"}));
    for (int round = 0; round < 3; ++round) {
        embed_everything(*store, profile);
        EXPECT_EQ(must(store->settlement("shop", {})).missing(), 0U);
        const EnqueueRequest retry{"shop", "a", JobKind::manual_retry};
        EXPECT_EQ(must(store->enqueue({&retry, 1})).at(0), EnqueueOutcome::created);
        EXPECT_EQ(must(store->settlement("shop", {})).missing(), 2U);
    }
}

}  // namespace
}  // namespace embedq::sqlite::testing
