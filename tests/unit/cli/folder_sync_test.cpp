// A folder and its catalog, through the real engine on the memory store: what happens to specs when files go, move, are
// broken, or cannot be seen. No spec is lost that should stay.
#include "cli/folder_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/indexer.h"
#include "conformance/test_context.h"
#include "engine/host_engine.h"
#include "folder.h"
#include "memory/store.h"
#include "silent_notifier.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;
using cli::testing::Folder;
using cli::testing::SilentNotifier;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::string titled(const std::string& title) {
    return "openapi: 3.0.0\ninfo: {title: " + title + ", version: '1'}\npaths:\n  /x:\n    get: {summary: " + title +
           ", responses: {}}\n";
}

struct Indexed {
    IndexReport report;
    SyncReport folders;
    FoundDocuments found;
};

class FolderSyncTest : public ::testing::Test {
protected:
    FolderSyncTest() { EXPECT_TRUE(store_->migrate()); }

    // What `embedq index` does with these paths, up to `before_removal`.
    Indexed index(const std::vector<std::string>& paths, const SyncPolicy& policy = {},
                  const std::function<void()>& before_removal = {}) {
        Indexed run;
        run.found = find_documents(paths);
        EXPECT_TRUE(settle_names(*engine_, "default", run.found));
        auto sync = FolderSync::look(*engine_, "default", run.found, policy);
        IndexerSettings settings;
        settings.renamed_from = [&](const DocumentFile& file, const Sha256& hash) {
            return sync->renamed_from(file, hash);
        };
        run.report = put_documents(*engine_, run.found.files, settings).value();
        sync->found_again(run.report.spec_names);
        if (before_removal) before_removal();
        run.folders = sync->remove(*engine_).value();
        return run;
    }
    Indexed index(const SyncPolicy& policy = {}) { return index({root()}, policy); }

    [[nodiscard]] std::string root() const { return folder_.path().string(); }
    void write(const std::string& name, const std::string& title) const { folder_.write(name, titled(title)); }
    void write_many(std::size_t count) const {
        for (std::size_t i = 0; i < count; ++i) write("s" + std::to_string(i) + ".yaml", "t" + std::to_string(i));
    }
    void remove(const std::string& name) const { fs::remove_all(folder_.path() / name); }
    void move(const std::string& from, const std::string& to) const {
        fs::create_directories((folder_.path() / to).parent_path());
        fs::rename(folder_.path() / from, folder_.path() / to);
    }
    // A folder on which nothing is mounted any more: it has been empty since before the specs were stored.
    void unmount(const std::string& name) const {
        remove(name);
        fs::create_directories(folder_.path() / name);
        age(name);
    }
    void age(const std::string& name) const {
        fs::last_write_time(folder_.path() / name,
                            fs::file_time_type::clock::from_sys(context_.clock().wall()) - std::chrono::hours(1));
    }
    // The specs with the paths that they record.
    std::map<std::string, std::string> specs() {
        std::map<std::string, std::string> paths;
        EXPECT_TRUE(each_spec(*engine_, "default",
                              [&](const SpecInfo& spec) { paths.emplace(spec.spec_name, spec.record.path); }));
        return paths;
    }
    std::vector<std::string> names() {
        std::vector<std::string> all;
        for (const auto& [name, path] : specs()) all.push_back(name);
        return all;
    }
    SpecInfo spec(const std::string& name) { return engine_->spec("default", name).value(); }

    const Folder folder_;
    conformance::TestContext context_{"test"};
    std::unique_ptr<Store> store_ = memory::make_store(context_);
    SilentNotifier notifier_;
    endpoints::ProviderDirectory providers_{{}};
    std::unique_ptr<engine::HostEngine> engine_ =
        engine::make_engine(*store_, notifier_, providers_, {"none", {}}, context_);
};

std::vector<std::string> removed(const Indexed& run) {
    std::vector<std::string> names;
    for (const GoneSpec& gone : run.folders.removed) names.push_back(gone.spec_name);
    return names;
}

TEST_F(FolderSyncTest, NothingChangesWhereNothingChanged) {
    write_many(3);
    index();
    const Indexed again = index();
    EXPECT_EQ(again.report.unchanged, 3U);
    EXPECT_THAT(again.folders.removed, IsEmpty());
    EXPECT_THAT(again.folders.kept, IsEmpty());
    EXPECT_EQ(spec("s0").record.root, fs::canonical(root()).string());
}

TEST_F(FolderSyncTest, ADeletedFileTakesItsSpecWithIt) {
    write_many(3);
    index();
    remove("s1.yaml");
    EXPECT_THAT(removed(index()), ElementsAre("s1"));
    EXPECT_THAT(names(), ElementsAre("s0", "s2"));
}

TEST_F(FolderSyncTest, ARenamedFileKeepsItsSpec) {
    write("pets.yaml", "pets");
    index();
    const SpecInfo before = spec("pets");
    move("pets.yaml", "animals.yaml");
    const Indexed run = index();
    ASSERT_THAT(run.report.renamed, SizeIs(1));
    EXPECT_EQ(run.report.renamed[0].from, "pets");
    EXPECT_THAT(run.folders.removed, IsEmpty());
    EXPECT_THAT(names(), ElementsAre("animals"));
    EXPECT_EQ(spec("animals").created_at, before.created_at);
    EXPECT_EQ(spec("animals").generation, before.generation + 1);
}

TEST_F(FolderSyncTest, AMovedFolderKeepsItsSpecsWithoutAQuestion) {
    for (int i = 0; i < 9; ++i) write("v1/s" + std::to_string(i) + ".yaml", "t" + std::to_string(i));
    write("other.yaml", "other");
    index();
    move("v1", "v2");
    const Indexed run = index();
    EXPECT_THAT(run.report.renamed, SizeIs(9));
    EXPECT_THAT(run.folders.kept, IsEmpty());
    EXPECT_EQ(specs().size(), 10U);
    EXPECT_EQ(specs().at("v2.s3"), "v2/s3.yaml");
}

TEST_F(FolderSyncTest, OfEqualFilesTheOneOfTheSameNameIsTheMovedOne) {
    write("a/one.yaml", "same");
    index();
    context_.manual_clock().advance(std::chrono::hours(1));
    write("a/two.yaml", "same");
    index();
    const Time later = spec("a.two").created_at;
    move("a/two.yaml", "a0/two.yaml");  // found first
    move("a/one.yaml", "b/one.yaml");
    index();
    EXPECT_EQ(specs(), (std::map<std::string, std::string>{{"a0.two", "a0/two.yaml"}, {"b.one", "b/one.yaml"}}));
    EXPECT_EQ(spec("a0.two").created_at, later);
    EXPECT_LT(spec("b.one").created_at, later);
}

TEST_F(FolderSyncTest, ACopyIsANewSpec) {
    write("a.yaml", "same");
    index();
    write("b.yaml", "same");
    EXPECT_THAT(index().report.renamed, IsEmpty());
    EXPECT_THAT(names(), ElementsAre("a", "b"));
}

TEST_F(FolderSyncTest, AFileThatWasMovedAndEditedIsAnother) {
    write("a.yaml", "one");
    write("b.yaml", "two");
    index();
    remove("a.yaml");
    write("c.yaml", "edited");
    EXPECT_THAT(removed(index()), ElementsAre("a"));
    EXPECT_THAT(names(), ElementsAre("b", "c"));
}

TEST_F(FolderSyncTest, AnotherExtensionKeepsTheName) {
    write("a.yaml", "one");
    index();
    move("a.yaml", "a.yml");
    EXPECT_THAT(removed(index()), IsEmpty());
    EXPECT_EQ(specs(), (std::map<std::string, std::string>{{"a", "a.yml"}}));
}

TEST_F(FolderSyncTest, ABrokenFileKeepsItsSpec) {
    write_many(2);
    index();
    folder_.write("s0.yaml", "openapi: 3.0.0\npaths: {");
    const Indexed run = index();
    EXPECT_THAT(run.report.refused, SizeIs(1));
    EXPECT_THAT(names(), ElementsAre("s0", "s1"));
}

TEST_F(FolderSyncTest, AFileThatBecameAnotherKeepsItsSpec) {
    write_many(2);
    index();
    folder_.write("s0.yaml", "name: other");
    const Indexed run = index();
    EXPECT_THAT(run.report.refused, IsEmpty());
    EXPECT_THAT(run.report.skipped, SizeIs(1));
    EXPECT_THAT(names(), ElementsAre("s0", "s1"));
}

TEST_F(FolderSyncTest, WhatIsBehindADeadLinkStays) {
    const Folder elsewhere;
    elsewhere.write("sub/x.yaml", titled("x"));
    elsewhere.write("y.yaml", titled("y"));
    fs::create_directory_symlink(elsewhere.path() / "sub", folder_.path() / "sub");
    fs::create_symlink(elsewhere.path() / "y.yaml", folder_.path() / "y.yaml");
    write("a.yaml", "a");
    index();
    EXPECT_THAT(names(), ElementsAre("a", "sub.x", "y"));
    fs::remove_all(elsewhere.path() / "sub");
    fs::remove(elsewhere.path() / "y.yaml");
    const Indexed run = index();
    ASSERT_THAT(run.found.refused, SizeIs(2));
    EXPECT_THAT(run.found.refused[0].reason, HasSubstr("is a link to '"));
    EXPECT_THAT(run.found.refused[0].reason, HasSubstr("', which does not exist"));
    EXPECT_THAT(names(), ElementsAre("a", "sub.x", "y"));
    fs::remove(folder_.path() / "y.yaml");
    EXPECT_THAT(removed(index()), ElementsAre("y")) << "the link itself is gone";
}

TEST_F(FolderSyncTest, AnEmptyFolderNeedsConfirmation) {
    write_many(2);
    index();
    remove("s0.yaml");
    remove("s1.yaml");
    const Indexed run = index();
    ASSERT_THAT(run.folders.kept, SizeIs(1));
    EXPECT_EQ(run.folders.kept[0].why, KeptFor::empty_folder);
    EXPECT_THAT(names(), ElementsAre("s0", "s1"));
    EXPECT_THAT(removed(index({.confirmed = true})), ElementsAre("s0", "s1"));
}

TEST_F(FolderSyncTest, AnEmptyFolderBelowNeedsConfirmation) {
    write_many(2);
    write("mounted/deep/a.yaml", "a");
    write("mounted/b.yaml", "b");
    write("other/c.yaml", "c");
    index();
    unmount("mounted");
    remove("other");
    const Indexed run = index();
    ASSERT_THAT(run.folders.kept, SizeIs(1));
    EXPECT_EQ(run.folders.kept[0].why, KeptFor::empty_folder);
    EXPECT_EQ(run.folders.kept[0].folder, fs::canonical(folder_.path() / "mounted").string());
    EXPECT_THAT(removed(run), ElementsAre("other.c")) << "its folder is gone, too";
    EXPECT_THAT(names(), ElementsAre("mounted.b", "mounted.deep.a", "s0", "s1"));
    EXPECT_THAT(removed(index({.confirmed = true})), UnorderedElementsAre("mounted.b", "mounted.deep.a"));
}

TEST_F(FolderSyncTest, WhatIsMountedAgainIsAsItWas) {
    write("s.yaml", "s");
    write("mounted/a.yaml", "a");
    index();
    const SpecInfo before = spec("mounted.a");
    const Folder away;
    fs::rename(folder_.path() / "mounted", away.path() / "mounted");
    unmount("mounted");
    EXPECT_THAT(removed(index()), IsEmpty());
    fs::remove(folder_.path() / "mounted");
    fs::rename(away.path() / "mounted", folder_.path() / "mounted");
    EXPECT_EQ(index().report.unchanged, 2U);
    EXPECT_EQ(spec("mounted.a").generation, before.generation);
}

// What the folder has below a file system that is not mounted.
TEST_F(FolderSyncTest, AFolderBelowWithOtherFilesNeedsConfirmationToo) {
    write("s.yaml", "s");
    write("sub/a.yaml", "a");
    write("sub.yaml", "no file of that folder");
    folder_.write("sub/NOT_MOUNTED", "");
    index();
    remove("sub/a.yaml");
    age("sub");
    EXPECT_THAT(removed(index()), IsEmpty());
    remove("sub");
    EXPECT_THAT(removed(index()), ElementsAre("sub.a"));
}

TEST_F(FolderSyncTest, AFolderBelowThatIsUnmountedAfterItsFirstFilesWereFoundKeepsTheOthers) {
    write("s.yaml", "s");
    write("mounted/a.yaml", "a");
    write("mounted/b.yaml", "b");
    index();
    remove("mounted/b.yaml");
    FoundDocuments found = find_documents(std::vector{root()});
    unmount("mounted");
    const auto sync = FolderSync::look(*engine_, "default", found, {}).value();
    EXPECT_THAT(sync.remove(*engine_)->removed, IsEmpty());
}

// A folder for each document is usual.
TEST_F(FolderSyncTest, AFolderWhoseOnlyDocumentIsDeletedLosesIt) {
    write("s.yaml", "s");
    write("sub/deep/a.yaml", "a");
    write("other/b.yaml", "b");
    index();
    remove("sub/deep");
    remove("other/b.yaml");
    for (const char* folder : {"sub", "other"}) {
        fs::last_write_time(folder_.path() / folder,
                            fs::file_time_type::clock::from_sys(context_.clock().wall()) + std::chrono::seconds(1));
    }
    const Indexed run = index();
    EXPECT_THAT(run.folders.kept, IsEmpty());
    EXPECT_THAT(removed(run), UnorderedElementsAre("sub.deep.a", "other.b"));
}

TEST_F(FolderSyncTest, AFolderBelowThatKeepsADocumentLosesTheOthers) {
    write("sub/a.yaml", "a");
    write("sub/b.yaml", "b");
    index();
    remove("sub/b.yaml");
    EXPECT_THAT(removed(index()), ElementsAre("sub.b"));
}

TEST_F(FolderSyncTest, WhatMovesOutOfAFolderLeavesItsSpecsWithTheFiles) {
    write("s.yaml", "s");
    write("sub/a.yaml", "a");
    index();
    move("sub/a.yaml", "a.yaml");
    const Indexed run = index();
    EXPECT_THAT(run.report.renamed, SizeIs(1));
    EXPECT_THAT(run.folders.kept, IsEmpty());
    EXPECT_THAT(names(), ElementsAre("a", "s"));
}

TEST_F(FolderSyncTest, AFolderThatIsGoneKeepsItsSpecs) {
    write("sub/a.yaml", "a");
    const std::string sub = root() + "/sub";
    index({sub});
    remove("sub");
    const Indexed run = index({sub}, {.confirmed = true});
    EXPECT_THAT(run.found.refused, SizeIs(1));
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(FolderSyncTest, ManyNeedConfirmation) {
    write_many(10);
    index();
    for (const std::string name : {"s0.yaml", "s1.yaml", "s2.yaml", "s3.yaml"}) remove(name);
    const Indexed run = index();
    ASSERT_THAT(run.folders.kept, SizeIs(1));
    EXPECT_EQ(run.folders.kept[0].why, KeptFor::many);
    EXPECT_EQ(run.folders.kept[0].of, 10U);
    EXPECT_EQ(specs().size(), 10U);
    write("s0.yaml", "t0");
    EXPECT_THAT(removed(index()), ElementsAre("s1", "s2", "s3")) << "three are few";
}

TEST_F(FolderSyncTest, ATenthIsFew) {
    write_many(40);
    index();
    for (const std::string name : {"s0.yaml", "s1.yaml", "s2.yaml", "s3.yaml", "s4.yaml"}) remove(name);
    EXPECT_THAT(removed(index()), IsEmpty());
    write("s0.yaml", "t0");
    EXPECT_THAT(removed(index()), SizeIs(4));
}

TEST_F(FolderSyncTest, FewIsFewForAllLooksTogether) {
    RemovalHistory removals;
    const SyncPolicy policy{.history = &removals};
    write_many(12);
    index(policy);
    for (const std::string name : {"s0.yaml", "s1.yaml"}) remove(name);
    EXPECT_THAT(removed(index(policy)), ElementsAre("s0", "s1"));
    for (const std::string name : {"s2.yaml", "s3.yaml"}) remove(name);
    const Indexed look = index(policy);
    EXPECT_THAT(removed(look), IsEmpty());
    ASSERT_THAT(look.folders.kept, SizeIs(1));
    EXPECT_EQ(look.folders.kept[0].removed_before, 2U);
    write("s0.yaml", "t0");
    EXPECT_THAT(removed(index(policy)), ElementsAre("s2", "s3")) << "one is back";
    for (const std::string name : {"s0.yaml", "s4.yaml"}) remove(name);
    EXPECT_THAT(removed(index(policy)), IsEmpty());
    EXPECT_THAT(removed(index({.confirmed = true})), ElementsAre("s0", "s4")) << "somebody else confirms";
    for (const std::string name : {"s5.yaml", "s6.yaml", "s7.yaml"}) remove(name);
    EXPECT_THAT(removed(index(policy)), ElementsAre("s5", "s6", "s7"));
}

TEST_F(FolderSyncTest, WhereMachinesShareTheStoreItOnlyReports) {
    const SyncPolicy shared{.removes = false};
    write_many(2);
    index(shared);
    remove("s0.yaml");
    move("s1.yaml", "s9.yaml");
    const Indexed run = index(shared);
    ASSERT_THAT(run.folders.kept, SizeIs(1));
    EXPECT_EQ(run.folders.kept[0].why, KeptFor::policy);
    EXPECT_THAT(names(), ElementsAre("s0", "s1", "s9"));
    EXPECT_THAT(removed(index()), ElementsAre("s0", "s1"));
}

TEST_F(FolderSyncTest, OtherFoldersAreNoCandidates) {
    write("one/a.yaml", "a");
    write("two/b.yaml", "b");
    index({root() + "/one", root() + "/two"});
    remove("two/b.yaml");
    write("one/c.yaml", "b");
    const Indexed run = index({root() + "/one"}, {.confirmed = true});
    EXPECT_THAT(run.report.renamed, IsEmpty());
    EXPECT_THAT(names(), ElementsAre("a", "b", "c"));
}

TEST_F(FolderSyncTest, ANestedFolderIsPartOfTheOuterOne) {
    write("a.yaml", "a");
    write("sub/b.yaml", "b");
    write("sub/c.yaml", "c");
    index();
    const Indexed nested = index({root() + "/sub"});
    EXPECT_EQ(nested.report.unchanged, 2U);
    EXPECT_EQ(specs().at("sub.b"), "sub/b.yaml");
    remove("sub/b.yaml");
    EXPECT_THAT(removed(index({root() + "/sub"}, {.confirmed = true})), IsEmpty()) << "it is the outer folder's";
    EXPECT_THAT(removed(index()), ElementsAre("sub.b"));
}

TEST_F(FolderSyncTest, AnOuterFolderTakesOverTheInnerOne) {
    write("sub/b.yaml", "b");
    write("sub/c.yaml", "c");
    index({root() + "/sub"});
    EXPECT_THAT(names(), ElementsAre("b", "c"));
    index();
    EXPECT_EQ(specs(), (std::map<std::string, std::string>{{"b", "sub/b.yaml"}, {"c", "sub/c.yaml"}}));
    remove("sub/b.yaml");
    EXPECT_THAT(removed(index()), ElementsAre("b"));
    EXPECT_THAT(removed(index({root() + "/sub", root()}, {.confirmed = true})), IsEmpty());
    EXPECT_THAT(names(), ElementsAre("c"));
}

TEST_F(FolderSyncTest, AFileThatWasNamedIsOfNoFolder) {
    write("a.yaml", "a");
    write("b.yaml", "b");
    index({root() + "/a.yaml"});
    EXPECT_EQ(spec("a").record.root, "");
    remove("a.yaml");
    index({root()}, {.confirmed = true});
    EXPECT_THAT(names(), ElementsAre("a", "b"));
    write("b.yaml", "changed");
    index({root() + "/b.yaml"});
    EXPECT_EQ(spec("b").record.path, "b.yaml") << "it stays a file of its folder";
    remove("b.yaml");
    write("c.yaml", "c");
    EXPECT_THAT(removed(index()), ElementsAre("b"));
}

TEST_F(FolderSyncTest, ALinkToAFolderIsThatFolder) {
    write("apis/a.yaml", "a");
    write("apis/b.yaml", "b");
    fs::create_directory_symlink("apis", folder_.path() / "link");
    index({root() + "/apis"});
    EXPECT_EQ(index({root() + "/link/"}).report.unchanged, 2U);
    remove("apis/b.yaml");
    EXPECT_THAT(removed(index({root() + "/link"})), ElementsAre("b"));
}

TEST_F(FolderSyncTest, TwoFoldersOfOneRunThatAreTheSameRemoveNothing) {
    write("apis/a.yaml", "a");
    write("apis/b.yaml", "b");
    index({root() + "/apis"});
    remove("apis/b.yaml");
    fs::create_directory_symlink("apis", folder_.path() / "link");
    EXPECT_THAT(removed(index({root() + "/apis", root() + "/link"})), ElementsAre("b"));
    EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(FolderSyncTest, SwitchingBranchesThereAndBack) {
    write_many(4);
    write("only.yaml", "only");
    index();
    remove("only.yaml");
    move("s0.yaml", "t0.yaml");
    write("s1.yaml", "changed");
    index();
    EXPECT_THAT(names(), ElementsAre("s1", "s2", "s3", "t0"));
    write("only.yaml", "only");
    move("t0.yaml", "s0.yaml");
    write("s1.yaml", "t1");
    index();
    EXPECT_THAT(names(), ElementsAre("only", "s0", "s1", "s2", "s3"));
}

TEST_F(FolderSyncTest, ExchangedContentsStayWithTheirNames) {
    write("a.yaml", "one");
    write("b.yaml", "two");
    index();
    write("a.yaml", "two");
    write("b.yaml", "one");
    const Indexed run = index();
    EXPECT_THAT(run.report.renamed, IsEmpty());
    EXPECT_EQ(spec("a").title, "two");
    EXPECT_EQ(spec("b").title, "one");
}

// --- two processes at once

TEST_F(FolderSyncTest, AFileThatCameBackMeanwhileKeepsItsSpec) {
    write_many(3);
    index();
    remove("s0.yaml");
    const Indexed run = index({root()}, {}, [&] { write("s0.yaml", "t0"); });
    EXPECT_THAT(run.folders.removed, IsEmpty());
    EXPECT_THAT(names(), ElementsAre("s0", "s1", "s2"));
}

TEST_F(FolderSyncTest, ASpecThatAnotherProcessPutMeanwhileStays) {
    write_many(3);
    index();
    remove("s0.yaml");
    const Indexed run = index({root()}, {}, [&] {
        write("s0.yaml", "new");
        index();
        remove("s0.yaml");
    });
    EXPECT_THAT(run.folders.removed, IsEmpty()) << "it was written since";
    EXPECT_THAT(removed(index()), ElementsAre("s0"));
}

TEST_F(FolderSyncTest, BothProcessesMayRemoveIt) {
    write_many(3);
    index();
    remove("s0.yaml");
    const Indexed run = index({root()}, {}, [&] { EXPECT_THAT(removed(index()), ElementsAre("s0")); });
    EXPECT_THAT(run.folders.removed, IsEmpty());
    EXPECT_THAT(names(), ElementsAre("s1", "s2"));
}

TEST_F(FolderSyncTest, ASpecThatAnotherProcessPutMeanwhileKeepsItsName) {
    write("a.yaml", "a");
    index();
    move("a.yaml", "b.yaml");
    FoundDocuments late = find_documents(std::vector{root()});
    ASSERT_TRUE(settle_names(*engine_, "default", late));
    auto sync = FolderSync::look(*engine_, "default", late, {}).value();
    SpecInput other;
    other.catalog_id = "default";
    other.spec_name = "a";
    other.content = titled("other");
    ASSERT_TRUE(engine_->put_specs({&other, 1})->at(0));
    IndexerSettings settings;
    settings.renamed_from = [&](const DocumentFile& file, const Sha256& hash) { return sync.renamed_from(file, hash); };
    EXPECT_THAT(put_documents(*engine_, late.files, settings)->renamed, IsEmpty());
    EXPECT_THAT(sync.remove(*engine_)->removed, IsEmpty());
    EXPECT_THAT(names(), ElementsAre("a", "b"));
    EXPECT_EQ(spec("a").title, "other");
}

TEST_F(FolderSyncTest, BothProcessesMayFindTheRenamedFile) {
    write("a.yaml", "a");
    index();
    move("a.yaml", "b.yaml");
    FoundDocuments late = find_documents(std::vector{root()});
    ASSERT_TRUE(settle_names(*engine_, "default", late));
    auto sync = FolderSync::look(*engine_, "default", late, {}).value();
    index();  // the other process
    IndexerSettings settings;
    settings.renamed_from = [&](const DocumentFile& file, const Sha256& hash) { return sync.renamed_from(file, hash); };
    ASSERT_TRUE(put_documents(*engine_, late.files, settings));
    EXPECT_THAT(sync.remove(*engine_)->removed, IsEmpty());
    EXPECT_THAT(names(), ElementsAre("b"));
}

}  // namespace
}  // namespace embedq::cli
