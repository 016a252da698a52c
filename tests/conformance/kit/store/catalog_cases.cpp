// Catalogs, clones, lists of specs, and the schema.
#include "kit.h"

namespace embedq::conformance {
namespace {

void putting_creates_and_changes(Kit& kit) {
    EXPECT_TRUE(must(kit.store().put_catalog({"shop", "Shop", "1", "The shop", "first"})));
    kit.put(document("pets", {"a"}));
    EXPECT_FALSE(must(kit.store().put_catalog({"shop", "Shop", "2", "The shop", "second"})));
    const auto info = kit.info();
    EXPECT_EQ(info.name, "Shop");
    EXPECT_EQ(info.version, "2");
    EXPECT_EQ(info.display_name, "The shop");
    EXPECT_EQ(info.description, "second");
    EXPECT_EQ(info.spec_count, 1U);
    EXPECT_EQ(info.revision, kit.revision());
    EXPECT_FALSE(info.target_profile.has_value());
    EXPECT_FALSE(info.serving_profile.has_value());
}

void ids_are_validated(Kit& kit) {
    for (const std::string bad : {"", "-a", "a-", "A", "a_b", "a b", "a/b", "\xc3\xa4"}) {
        expect_error(kit.store().put_catalog({bad, "", "", "", ""}), ErrorKind::invalid_argument);
    }
    expect_error(kit.store().put_catalog({std::string(101, 'a'), "", "", "", ""}), ErrorKind::invalid_argument);
    for (const std::string& good :
         {std::string("a"), std::string("0"), std::string("a-b--c9"), std::string(100, 'a')}) {
        EXPECT_TRUE(must(kit.store().put_catalog({good, "", "", "", ""}))) << good;
    }
    EXPECT_EQ(must(kit.store().catalogs()).size(), 4U);
}

void a_clone_needs_no_new_vectors(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"x", "y"}));
    kit.put(document("b", {"z"}));
    kit.embed_everything();
    must(kit.store().clone_catalog("shop", {"copy", "Copy", "1", "", ""}));
    const auto copy = kit.info("copy");
    EXPECT_EQ(copy.name, "Copy");
    EXPECT_EQ(copy.spec_count, 2U);
    EXPECT_EQ(copy.provider, kit.info().provider);
    EXPECT_EQ(copy.target_profile, kit.target().id);
    EXPECT_EQ(copy.serving_profile, kit.target().id);
    EXPECT_EQ(kit.settlement("copy").missing(), 0U);
    EXPECT_TRUE(kit.nothing_to_claim()) << "every text of the clone has its vector already";
    std::vector<std::string> texts;
    must(kit.store().operations(
        "copy", {}, [&](std::string_view, const Operation& operation) { texts.push_back(operation.text); }));
    EXPECT_EQ(texts, (std::vector<std::string>{"x", "y", "z"})) << "the operations are copied too";
    EXPECT_EQ(must(kit.store().spec_content("copy", "a")), "x\ny\n");
    const auto changes = must(kit.store().changes("copy", 0));
    EXPECT_TRUE(changes.everything || changes.specs.size() == 2U);
}

void a_clone_enqueues_its_gaps(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"x"}));
    kit.embed_everything();
    kit.put(document("b", {"y"}));
    must(kit.store().clone_catalog("shop", {"copy", "", "", "", ""}));
    EXPECT_EQ(kit.open_jobs("b", JobStatus::pending, "copy"), 1U);
    EXPECT_EQ(kit.open_jobs("a", JobStatus::pending, "copy"), 0U);
    kit.embed_everything();
    EXPECT_EQ(kit.settlement("copy").missing(), 0U);
}

void a_clone_is_on_its_own(Kit& kit) {
    kit.catalog();
    kit.put(document("a", {"x"}));
    kit.embed_everything();
    must(kit.store().clone_catalog("shop", {"copy", "", "", "", ""}));
    must(kit.store().delete_catalog("shop"));
    EXPECT_EQ(kit.settlement("copy").missing(), 0U);
    EXPECT_EQ(kit.put(document("a", {"x"}, "copy")).outcome, PutOutcome::unchanged);
}

void a_clone_does_not_overwrite(Kit& kit) {
    kit.catalog();
    kit.catalog("copy");
    kit.put(document("mine", {"x"}, "copy"));
    expect_error(kit.store().clone_catalog("shop", {"copy", "", "", "", ""}), ErrorKind::conflict, "copy");
    expect_error(kit.store().clone_catalog("shop", {"No Id", "", "", "", ""}), ErrorKind::invalid_argument);
    EXPECT_EQ(kit.info("copy").spec_count, 1U);
}

void specs_are_listed_in_pages(Kit& kit) {
    kit.catalog();
    for (const std::string name : {"c", "a", "e", "b", "d"}) kit.put(document(name, {name}));
    const auto first = must(kit.store().specs("shop", "", 2));
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(first[0].spec_name, "a");
    EXPECT_EQ(first[1].spec_name, "b");
    const auto rest = must(kit.store().specs("shop", "b", 10));
    ASSERT_EQ(rest.size(), 3U);
    EXPECT_EQ(rest[2].spec_name, "e");
    EXPECT_TRUE(must(kit.store().specs("shop", "e", 10)).empty());
}

void a_spec_is_given_back_whole(Kit& kit) {
    kit.catalog();
    auto write = document("pets", {"a", "b"});
    write.etag = "\"abc\"";
    write.base_path = "/v1";
    write.source_kind = SourceKind::url;
    write.content += std::string("\0binary\xff", 8);
    const auto put = kit.put(write);
    const auto info = must(kit.store().spec("shop", "pets"));
    EXPECT_EQ(info.catalog_id, "shop");
    EXPECT_EQ(info.source_kind, SourceKind::url);
    EXPECT_EQ(info.source, write.source);
    EXPECT_EQ(info.etag, write.etag);
    EXPECT_EQ(info.base_path, write.base_path);
    EXPECT_EQ(info.title, write.title);
    EXPECT_EQ(info.description, write.description);
    EXPECT_EQ(info.content_hash, write.content_hash);
    EXPECT_EQ(info.text_version, write.text_version);
    EXPECT_EQ(info.generation, put.generation);
    EXPECT_EQ(info.operation_count, 2U);
    EXPECT_EQ(info.created_at, info.updated_at);
    EXPECT_EQ(must(kit.store().spec_content("shop", "pets")), write.content);
    kit.advance(1s);
    write.etag = "\"def\"";
    EXPECT_EQ(kit.put(write).generation, put.generation + 1);
    const auto later = must(kit.store().spec("shop", "pets"));
    EXPECT_EQ(later.created_at, info.created_at);
    EXPECT_EQ(later.updated_at - info.updated_at, 1s);
}

void migrating_again_changes_nothing(Kit& kit) {
    kit.catalog();
    const auto state = must(kit.store().migrate());
    EXPECT_EQ(state.current, state.newest);
    EXPECT_TRUE(state.waiting.empty());
    EXPECT_GT(state.newest, 0U);
    EXPECT_EQ(must(kit.store().migration_state()).current, state.current);
    EXPECT_EQ(must(kit.store().catalogs()).size(), 1U);
}

}  // namespace

std::vector<Case> catalog_cases() {
    return {
        {"catalogs", "putting_creates_and_changes", putting_creates_and_changes},
        {"catalogs", "ids_are_validated", ids_are_validated},
        {"catalogs", "a_clone_needs_no_new_vectors", a_clone_needs_no_new_vectors},
        {"catalogs", "a_clone_enqueues_its_gaps", a_clone_enqueues_its_gaps},
        {"catalogs", "a_clone_is_on_its_own", a_clone_is_on_its_own},
        {"catalogs", "a_clone_does_not_overwrite", a_clone_does_not_overwrite},
        {"specs", "specs_are_listed_in_pages", specs_are_listed_in_pages},
        {"specs", "a_spec_is_given_back_whole", a_spec_is_given_back_whole},
        {"schema", "migrating_again_changes_nothing", migrating_again_changes_nothing},
    };
}

}  // namespace embedq::conformance
