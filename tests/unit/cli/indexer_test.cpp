#include "cli/indexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "catalog/document.h"
#include "catalog/hash.h"
#include "fake_engine.h"
#include "folder.h"

namespace embedq::cli {
namespace {

using cli::testing::FakeEngine;
using cli::testing::FakeFetcher;
using cli::testing::Folder;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::StartsWith;

std::vector<std::string> names_of(const FoundDocuments& found) {
    std::vector<std::string> names;
    names.reserve(found.files.size());
    for (const DocumentFile& file : found.files) names.push_back(file.spec_name);
    return names;
}

FoundDocuments find(const std::vector<std::string>& paths) {
    return find_documents(paths);
}

TEST(FindDocuments, WalksSortedAndSkipsHiddenFolders) {
    const Folder folder;
    folder.write("b.json", "");
    folder.write("a/c.yaml", "");
    folder.write("a/b.YML", "");
    folder.write("readme.md", "");
    folder.write(".git/x.json", "");
    folder.write("node_modules/y.json", "");
    const FoundDocuments found = find({folder.path().string()});
    ASSERT_EQ(found.files.size(), 3);
    EXPECT_TRUE(found.files[0].path.ends_with("a/b.YML"));
    EXPECT_TRUE(found.files[1].path.ends_with("a/c.yaml"));
    EXPECT_TRUE(found.files[2].path.ends_with("b.json"));
    EXPECT_EQ(found.files[2].spec_name, "b");
}

TEST(FindDocuments, ANamedPathCountsWhateverItsNameIs) {
    const Folder folder;
    const std::string text = folder.write("api.txt", "");
    folder.write(".hidden/x.json", "");
    EXPECT_EQ(find({text}).files.size(), 1);
    EXPECT_THAT(names_of(find({(folder.path() / ".hidden").string()})), ElementsAre("x"));
}

TEST(FindDocuments, AFileFoundTwiceCountsOnce) {
    const Folder folder;
    const std::string file = folder.write("a.json", "");
    EXPECT_EQ(find({file, folder.path().string(), file}).files.size(), 1);
    const FoundDocuments both = find({folder.path().string(), file});
    ASSERT_EQ(both.files.size(), 1);
    EXPECT_TRUE(both.files[0].named) << "what is named is never skipped";
    EXPECT_EQ(both.files[0].path_in_root, "a.json");
}

TEST(FindDocuments, LoopsOfLinksEnd) {
    const Folder folder;
    folder.write("a/b.json", "");
    std::filesystem::create_directory_symlink(folder.path(), folder.path() / "a" / "loop");
    std::filesystem::create_symlink("nowhere", folder.path() / "a" / "dangling.json");
    EXPECT_EQ(find({folder.path().string()}).files.size(), 1);
}

TEST(FindDocuments, ASecondPathOfAFileOrFolderIsSkippedByName) {
    const Folder folder;
    folder.write("a/b.json", "");
    std::filesystem::create_symlink("a/b.json", folder.path() / "x.json");
    std::filesystem::create_symlink("a/b.json", folder.path() / "y.json");
    std::filesystem::create_directory_symlink("a", folder.path() / "z");
    const std::string root = folder.path().string();
    const FoundDocuments found = find({root, root + "/./a", root + "/a/b.json"});
    EXPECT_THAT(names_of(found), ElementsAre("a.b"));
    ASSERT_EQ(found.skipped.size(), 3U);
    EXPECT_EQ(found.skipped[0].path, root + "/x.json");
    EXPECT_EQ(found.skipped[0].reason, "is the file '" + root + "/a/b.json', which is taken");
    EXPECT_EQ(found.skipped[1].path, root + "/y.json");
    EXPECT_EQ(found.skipped[2].path, root + "/z");
    EXPECT_EQ(found.skipped[2].reason, "is the folder '" + root + "/a', which is walked");
}

// Each is named with its reason, so that nothing is left out without a word.
TEST(FindDocuments, WhatAFolderHasAndIsNotTakenIsNamed) {
    const Folder folder;
    folder.write("a.json", "");
    folder.write(".git/x.json", "");
    ASSERT_EQ(::mkfifo((folder.path() / "pipe.yaml").c_str(), 0600), 0);
    std::filesystem::create_symlink("nowhere", folder.path() / "dead.json");
    std::filesystem::create_symlink("/nowhere/at/all", folder.path() / "folder");
    std::filesystem::create_symlink("loop.yaml", folder.path() / "loop.yaml");
    std::filesystem::create_symlink("nowhere", folder.path() / "dead.txt");
    const FoundDocuments found = find({folder.path().string()});
    EXPECT_EQ(found.files.size(), 1);
    ASSERT_EQ(found.refused.size(), 3);
    EXPECT_EQ(found.refused[0].reason, "is a link to 'nowhere', which does not exist");
    EXPECT_EQ(found.refused[1].reason, "is a link to '/nowhere/at/all', which does not exist");
    EXPECT_THAT(found.refused[2].reason, StartsWith("is a link to 'loop.yaml', which cannot be reached: "));
    ASSERT_EQ(found.skipped.size(), 2);
    EXPECT_TRUE(found.skipped[0].path.ends_with("/.git"));
    EXPECT_EQ(found.skipped[1].reason, "is a named pipe, not a file");
    ASSERT_EQ(found.folders.size(), 1);
    EXPECT_THAT(found.folders[0].paths, ElementsAre("a.json", "pipe.yaml"));
    EXPECT_THAT(found.folders[0].unknown, ElementsAre("dead.json", "dead.txt", "folder", "loop.yaml"));
}

TEST(FindDocuments, WhatIsNotAFileIsRefusedAndTheRestContinues) {
    const Folder folder;
    const std::string file = folder.write("a.json", "");
    const std::string pipe = (folder.path() / "pipe.json").string();
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const FoundDocuments found = find({"/nowhere/at/all", pipe, "/dev/null", file});
    ASSERT_EQ(found.refused.size(), 3);
    EXPECT_EQ(found.refused[0].path, "/nowhere/at/all");
    EXPECT_THAT(found.refused[0].reason, HasSubstr("does not exist"));
    EXPECT_EQ(found.refused[1].path, pipe);
    EXPECT_EQ(found.refused[1].reason, "is a named pipe, not a file");
    EXPECT_EQ(found.refused[2].reason, "is a device, not a file");
    EXPECT_THAT(names_of(found), ElementsAre("a"));
}

class SettleNames : public ::testing::Test {
protected:
    // Finds, names and stores, as one run does.
    FoundDocuments index(const std::vector<std::string>& paths) {
        FoundDocuments found = find(paths);
        const Status settled = settle_names(engine_, "default", found);
        EXPECT_TRUE(settled) << (settled ? "" : to_string(settled.error()));
        EXPECT_TRUE(put_documents(engine_, found.files, {}));
        return found;
    }

    Folder folder_;
    FakeEngine engine_;
    const std::string one_ = folder_.write("one/api.json", "openapi +");
    const std::string two_ = folder_.write("two/api.json", "openapi ++");
};

TEST_F(SettleNames, FilesOfOneRunGetDifferentNames) {
    const FoundDocuments found = index({one_, two_});
    ASSERT_EQ(found.files.size(), 2);
    EXPECT_EQ(found.files[0].spec_name, "api");
    EXPECT_THAT(found.files[1].spec_name, StartsWith("api-"));
    ASSERT_EQ(found.notes.size(), 1);
    EXPECT_THAT(found.notes[0], HasSubstr("would both be the spec 'api'"));
}

TEST_F(SettleNames, AFileOfAnEarlierRunIsNotReplaced) {
    EXPECT_THAT(names_of(index({one_})), ElementsAre("api"));
    const FoundDocuments found = index({two_});
    EXPECT_THAT(names_of(found), ElementsAre(StartsWith("api-")));
    ASSERT_EQ(found.notes.size(), 1);
    EXPECT_THAT(found.notes[0], HasSubstr("'" + one_ + "' and '" + two_ + "'"));
    EXPECT_EQ(engine_.spec_list.size(), 2);
    EXPECT_EQ(engine_.spec_list.at("api").source, one_);
}

TEST_F(SettleNames, AFileKeepsItsNameWhateverTheOrder) {
    const auto names = names_of(index({one_, two_}));
    const FoundDocuments turned = index({two_, one_});
    EXPECT_THAT(names_of(turned), ElementsAre(names[1], names[0]));
    EXPECT_TRUE(turned.notes.empty());
    EXPECT_THAT(names_of(index({two_})), ElementsAre(names[1]));
    EXPECT_THAT(names_of(index({(folder_.path() / "two" / ".." / "one" / "api.json").string()})), ElementsAre("api"));
    EXPECT_EQ(engine_.spec_list.size(), 2);
}

TEST_F(SettleNames, ANewFileDoesNotTakeTheNameOfOneNamedAfterIt) {
    index({two_});
    EXPECT_THAT(names_of(index({one_, two_})), ElementsAre(StartsWith("api-"), "api"));
}

TEST_F(SettleNames, AFileThatWasMovedKeepsItsSpec) {
    index({one_});
    const std::string moved = (folder_.path() / "api.json").string();
    std::filesystem::rename(one_, moved);
    const FoundDocuments found = index({moved});
    EXPECT_THAT(names_of(found), ElementsAre("api"));
    EXPECT_TRUE(found.notes.empty());
    EXPECT_EQ(engine_.spec_list.at("api").source, moved);
}

TEST_F(SettleNames, AFileReachedByALinkIsTheSame) {
    index({one_});
    std::filesystem::create_directory_symlink(folder_.path() / "one", folder_.path() / "link");
    EXPECT_THAT(names_of(index({(folder_.path() / "link" / "api.json").string()})), ElementsAre("api"));
    EXPECT_EQ(engine_.spec_list.size(), 1);
}

TEST_F(SettleNames, AllPagesOfTheCatalogAreRead) {
    engine_.spec_page = 1;
    index({folder_.write("a.json", "openapi"), folder_.write("ab.json", "openapi"), one_});
    EXPECT_THAT(names_of(index({two_})), ElementsAre(StartsWith("api-")));
}

TEST_F(SettleNames, ACatalogThatDoesNotExistHasNoNames) {
    engine_.specs_error = Error{ErrorKind::not_found, "there is no catalog"};
    EXPECT_THAT(names_of(index({one_})), ElementsAre("api"));
    engine_.specs_error = Error{ErrorKind::internal, "broken"};
    FoundDocuments found = find({one_});
    const Status settled = settle_names(engine_, "default", found);
    ASSERT_FALSE(settled);
    EXPECT_EQ(to_string(settled.error()), "broken");
}

class PutDocuments : public ::testing::Test {
protected:
    Result<IndexReport> put(const IndexProgress& progress = {}, std::stop_token stop = {}) {
        return put_documents(engine_, find({folder_.path().string()}).files, settings_, progress, std::move(stop));
    }

    Folder folder_;
    FakeEngine engine_;
    IndexerSettings settings_;
};

TEST_F(PutDocuments, ARefusedDocumentDoesNotStopTheRest) {
    folder_.write("a.json", "openapi ++");
    folder_.write("b.json", "{}");
    folder_.write("c.json", "openapi +");
    const auto report = put();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->documents, 2);
    EXPECT_EQ(report->operations, 3);
    EXPECT_THAT(report->spec_names, ElementsAre("a", "c"));
    ASSERT_EQ(report->skipped.size(), 1);
    EXPECT_TRUE(report->skipped[0].path.ends_with("b.json"));
    EXPECT_EQ(report->skipped[0].reason, "has no 'openapi'");
    EXPECT_EQ(engine_.put[0].source_kind, SourceKind::file);
    EXPECT_TRUE(engine_.put[0].source.starts_with("/"));
}

TEST_F(PutDocuments, PartsOfADocumentAreCountedAndNotSkipped) {
    folder_.write("a-part.yaml", "get: {summary: a}");
    folder_.write("other.yaml", "get: {summary: nobody refers to it}");
    folder_.write("x.yaml", "openapi: 3.1.0\npaths: {/a: {$ref: a-part.yaml}}");
    const auto report = put();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->documents, 1U);
    EXPECT_EQ(report->parts, 1U);
    EXPECT_TRUE(report->refused.empty());
    ASSERT_EQ(report->skipped.size(), 1U);
    EXPECT_TRUE(report->skipped[0].path.ends_with("other.yaml"));
    EXPECT_THAT(engine_.spec_list.at("x").source, ::testing::EndsWith("x.yaml"));
    // Who names a part wants it to be a document.
    const auto named = put_documents(
        engine_, find({(folder_.path() / "a-part.yaml").string(), (folder_.path() / "x.yaml").string()}).files,
        settings_);
    ASSERT_TRUE(named);
    EXPECT_EQ(named->refused.size(), 1U);
}

TEST_F(PutDocuments, BatchesAreBoundedByCountAndBytes) {
    for (int i = 0; i < 10; ++i) folder_.write("f" + std::to_string(i) + ".json", "openapi " + std::string(92, 'x'));
    settings_.batch_documents = 3;
    ASSERT_TRUE(put());
    EXPECT_THAT(engine_.batch_sizes, Each(Le(3)));
    EXPECT_EQ(engine_.put.size(), 10);
    engine_.batch_sizes.clear();
    settings_.batch_documents = 64;
    settings_.batch_bytes = 250;
    ASSERT_TRUE(put());
    EXPECT_THAT(engine_.batch_sizes, Each(Le(2)));
}

TEST_F(PutDocuments, ADocumentLargerThanABatchIsStored) {
    folder_.write("a.json", "openapi " + std::string(1'000, 'x'));
    folder_.write("b.json", "openapi");
    settings_.batch_bytes = 100;
    const auto report = put();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->documents, 2);
}

TEST_F(PutDocuments, ADocumentThatIsTooLargeIsRefusedUnread) {
    folder_.write("a.json", "openapi " + std::string(1'000, 'x'));
    settings_.max_document_bytes = 100;
    const auto report = put();
    ASSERT_TRUE(report);
    ASSERT_EQ(report->refused.size(), 1);
    EXPECT_EQ(report->refused[0].reason, "is 1008 bytes long, but at most 100 are read");
    EXPECT_TRUE(engine_.put.empty());
}

TEST_F(PutDocuments, AFileThatBecameAPipeIsRefusedWithoutWaiting) {
    const std::string file = folder_.write("a.json", "openapi");
    const FoundDocuments found = find({file});
    std::filesystem::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    const auto report = put_documents(engine_, found.files, settings_);
    ASSERT_TRUE(report);
    ASSERT_EQ(report->refused.size(), 1);
    EXPECT_EQ(report->refused[0].reason, "is no longer a file");
}

TEST_F(PutDocuments, ABusyStoreIsTriedAgain) {
    folder_.write("a.json", "openapi");
    std::size_t waits = 0;
    std::size_t answers = 0;
    settings_.try_again = [&](const Error& error) {
        EXPECT_EQ(error.message, "busy");
        return ++waits < 3;
    };
    settings_.available = [&] { ++answers; };
    engine_.put_errors = {{ErrorKind::unavailable, "busy"}, {ErrorKind::unavailable, "busy"}};
    ASSERT_TRUE(put());
    EXPECT_EQ(waits, 2U);
    EXPECT_EQ(answers, 1U);
    engine_.put_errors = {{ErrorKind::unavailable, "busy"}};
    const auto given_up = put();
    ASSERT_FALSE(given_up);
    EXPECT_EQ(to_string(given_up.error()), "busy");
    engine_.put_errors = {{ErrorKind::internal, "broken"}};
    const auto broken = put();
    ASSERT_FALSE(broken);
    EXPECT_EQ(to_string(broken.error()), "broken");
}

// Those before it are stored before it is read, and those behind it do not fail with it.
TEST_F(PutDocuments, ALongDocumentIsABatchOfItsOwn) {
    for (const char* const name : {"a.json", "b.json", "d.json", "e.json"}) folder_.write(name, "openapi");
    folder_.write("c.json", "openapi " + std::string(1'000, 'x'));
    settings_.longest_shared = 100;
    ASSERT_TRUE(put());
    EXPECT_EQ(engine_.put.size(), 5U);
    // The reader may not be ahead by two documents.
    const auto& sizes = engine_.batch_sizes;
    std::size_t before = 0;
    const auto its_own = std::ranges::find_if(sizes, [&](std::size_t size) { return (before += size) >= 3; });
    EXPECT_EQ(before, 3U);
    EXPECT_EQ(*its_own, 1U);
}

TEST_F(PutDocuments, ADocumentThatTheStoreCannotTakeDoesNotStopTheRest) {
    for (const char* const name : {"a.json", "b.json", "c.json"}) folder_.write(name, "openapi");
    engine_.refuses = {"b"};
    const auto report = put();
    ASSERT_TRUE(report);
    EXPECT_THAT(report->spec_names, ElementsAre("a", "c"));
    ASSERT_EQ(report->refused.size(), 1);
    EXPECT_TRUE(report->refused[0].path.ends_with("b.json"));
    EXPECT_EQ(report->refused[0].reason, "cannot store 'b'");
    engine_.refuses = {"a", "b", "c"};
    const auto broken = put();
    ASSERT_FALSE(broken) << "a store that takes nothing is at fault itself";
    EXPECT_THAT(broken.error().message, StartsWith("cannot store"));
}

TEST_F(PutDocuments, AStopWhileDocumentsAreReadRefusesNone) {
    for (const char* const name : {"a.json", "b.json"}) folder_.write(name, "openapi");
    std::stop_source stop;
    engine_.stops_before = {"b", stop};
    const auto report = put({}, stop.get_token());
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->stopped);
    EXPECT_THAT(report->spec_names, ElementsAre("a"));
    EXPECT_TRUE(report->refused.empty());
}

TEST_F(PutDocuments, StopEndsBetweenBatches) {
    for (int i = 0; i < 10; ++i) folder_.write("f" + std::to_string(i) + ".json", "openapi");
    settings_.batch_documents = 1;
    std::stop_source stop;
    const auto report = put(
        [&](const IndexReport& so_far) {
            if (so_far.documents == 3) stop.request_stop();
        },
        stop.get_token());
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->stopped);
    EXPECT_EQ(report->documents, 3);
}

class Urls : public ::testing::Test {
protected:
    FoundDocuments find(const std::vector<std::string>& named) {
        FoundDocuments found = find_documents(named, {}, &fetcher_);
        const Status settled = settle_names(engine_, "default", found);
        EXPECT_TRUE(settled);
        return found;
    }
    IndexReport put(const FoundDocuments& found) {
        IndexerSettings settings;
        settings.fetcher = &fetcher_;
        const auto report = put_documents(engine_, found.files, settings);
        EXPECT_TRUE(report);
        return *report;
    }

    std::map<std::string, FakeFetcher::Page> pages_{{"https://a.example/v1.json", {"openapi ++", "\"1\""}}};
    std::vector<std::string> asked_;
    FakeFetcher fetcher_{pages_, asked_};
    FakeEngine engine_;
};

TEST_F(Urls, AreNamedByHostAndPathAndStoredWithTheirValidator) {
    const auto found = find({"https://a.example/v1.json", "https://a.example/v1.json", "http://a.example/"});
    EXPECT_THAT(names_of(found), ElementsAre("a.example.v1"));
    ASSERT_EQ(found.refused.size(), 1);
    EXPECT_EQ(found.refused[0].path, "http://a.example/");
    const auto report = put(found);
    EXPECT_EQ(report.documents, 1);
    ASSERT_EQ(engine_.put.size(), 1);
    EXPECT_EQ(engine_.put[0].source_kind, SourceKind::url);
    EXPECT_EQ(engine_.put[0].source, "https://a.example/v1.json");
    EXPECT_EQ(engine_.put[0].etag, "\"1\"");
}

TEST_F(Urls, AreNeitherReadNorWrittenWhileTheyAreUnchanged) {
    put(find({"https://a.example/v1.json"}));
    const auto report = put(find({"https://a.example/v1.json"}));
    EXPECT_THAT(asked_, ElementsAre("https://a.example/v1.json ", "https://a.example/v1.json \"1\""));
    EXPECT_EQ(engine_.put.size(), 1);
    EXPECT_EQ(report.documents, 1);
    EXPECT_EQ(report.unchanged, 1);
    EXPECT_EQ(report.operations, 2);
    EXPECT_THAT(report.spec_names, ElementsAre("a.example.v1"));
    EXPECT_THAT(report.outcomes, ElementsAre(PutOutcome::unchanged));
}

// Their texts must be made again, for which the document is needed.
TEST_F(Urls, AreFetchedAgainIfTheirTextsHaveAnotherVersion) {
    put(find({"https://a.example/v1.json"}));
    engine_.spec_list.begin()->second.text_version = catalog::text_version + 1;
    put(find({"https://a.example/v1.json"}));
    EXPECT_THAT(asked_, Each("https://a.example/v1.json "));
    EXPECT_EQ(engine_.put.size(), 2);
    engine_.spec_list.begin()->second.text_version = catalog::text_version + 1;
    put(*find_stored_urls(engine_, "default", {}, fetcher_));
    EXPECT_THAT(asked_, Each("https://a.example/v1.json "));
    EXPECT_EQ(engine_.put.size(), 3);
}

TEST_F(Urls, KeepTheirValidatorIfTheBytesAreTheSame) {
    put(find({"https://a.example/v1.json"}));
    engine_.spec_list.begin()->second.content_hash = catalog::sha256("openapi ++");
    pages_.begin()->second.validator = "\"2\"";
    put(find({"https://a.example/v1.json"}));
    EXPECT_EQ(engine_.put.back().etag, "\"1\"");
    pages_.begin()->second.content = "openapi +++";
    put(find({"https://a.example/v1.json"}));
    EXPECT_EQ(engine_.put.back().etag, "\"2\"");
}

TEST_F(Urls, DoNotTakeTheNameOfAnother) {
    pages_["https://a.example/v1.yaml"] = {"openapi +", ""};
    const auto found = find({"https://a.example/v1.json", "https://a.example/v1.yaml"});
    EXPECT_THAT(names_of(found), ElementsAre("a.example.v1", StartsWith("a.example.v1-")));
    put(found);
    EXPECT_THAT(names_of(find({"https://a.example/v1.yaml"})), ElementsAre(found.files[1].spec_name));
}

TEST_F(Urls, ThatFailAreReportedWithTheirSpec) {
    put(find({"https://a.example/v1.json"}));
    pages_.clear();
    const auto report = put(*find_stored_urls(engine_, "default", {}, fetcher_));
    ASSERT_EQ(report.refused.size(), 1);
    EXPECT_EQ(report.refused[0].spec_name, "a.example.v1");
    EXPECT_EQ(report.refused[0].reason, "is not there");
}

TEST_F(Urls, AreFoundAgainByTheirSpecs) {
    const Folder folder;
    put(find({"https://a.example/v1.json", folder.write("b.json", "openapi")}));
    EXPECT_THAT(names_of(*find_stored_urls(engine_, "default", {}, fetcher_)), ElementsAre("a.example.v1"));
    EXPECT_THAT(names_of(*find_stored_urls(engine_, "default", "a.example.v1", fetcher_)), ElementsAre("a.example.v1"));
    EXPECT_THAT(to_string(find_stored_urls(engine_, "default", "b", fetcher_).error()),
                HasSubstr("did not come from a URL"));
    EXPECT_EQ(find_stored_urls(engine_, "default", "c", fetcher_).error().kind, ErrorKind::not_found);
    engine_.spec_list["a.example.v1"].source = "http://a.example/v1.json";
    const auto found = find_stored_urls(engine_, "default", {}, fetcher_);
    ASSERT_EQ(found->refused.size(), 1);
    EXPECT_EQ(found->refused[0].spec_name, "a.example.v1");
}

}  // namespace
}  // namespace embedq::cli
