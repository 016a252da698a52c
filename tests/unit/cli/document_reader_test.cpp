// Documents with parts: which files and URLs are read, and what is stored of them.
#include "cli/document_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "catalog/document.h"
#include "cli/part_sources.h"
#include "fake_engine.h"
#include "folder.h"

namespace embedq::cli {
namespace {

namespace fs = std::filesystem;
using cli::testing::FakeFetcher;
using cli::testing::Folder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr std::size_t max_bytes = 64U << 20U;

std::string with_paths(std::string_view paths) {
    return "openapi: 3.1.0\npaths: {" + std::string(paths) + "}\n";
}

catalog::Document parsed(const DocumentContent& read) {
    auto parsed = catalog::parse_document(read.content);
    if (!parsed) ADD_FAILURE() << to_string(parsed.error());
    return parsed ? std::move(*parsed) : catalog::Document{};
}

std::vector<std::string> summaries(const catalog::Document& document) {
    std::vector<std::string> all;
    for (const auto& operation : document.operations) all.push_back(operation.path + " " + operation.summary);
    return all;
}

std::vector<std::string> reasons(const catalog::Document& document) {
    std::vector<std::string> all;
    for (const auto& note : document.notes) all.push_back(note.reason);
    return all;
}

class Files : public ::testing::Test {
protected:
    DocumentContent read(const std::string& file, const std::string& root = {}) {
        auto content = read_document({.path = file, .spec_name = "api", .root = root}, max_bytes, nullptr, {});
        if (!content) ADD_FAILURE() << to_string(content.error());
        return content ? std::move(*content) : DocumentContent{};
    }

    Folder folder_;
    const std::string real_ = fs::canonical(folder_.path()).string();
};

TEST_F(Files, AreFollowedInTheFolderThatIsIndexed) {
    folder_.write("common/b.json", R"({"item":{"get":{"summary":"B"}}})");
    folder_.write("apis/parts/a b.yaml", "get: {summary: A}");
    const std::string file = folder_.write(
        "apis/api.yaml", with_paths("/a: {$ref: 'parts/a%20b.yaml'}, /b: {$ref: '../common/b.json#/item'}"));
    const DocumentContent content = read(file, real_);
    EXPECT_THAT(summaries(parsed(content)), ElementsAre("/a A", "/b B"));
    EXPECT_THAT(content.parts, UnorderedElementsAre(real_ + "/apis/parts/a b.yaml", real_ + "/common/b.json"));
    EXPECT_THAT(content.content, ::testing::Not(HasSubstr(real_)));
    // Alone, it is followed to its own folder and below.
    const catalog::Document alone = parsed(read(file));
    EXPECT_THAT(summaries(alone), ElementsAre("/a A"));
    EXPECT_THAT(reasons(alone),
                ElementsAre("the reference \"../common/b.json#/item\" is outside the folder that is indexed"));
}

TEST_F(Files, AreFollowedToRealPathsUnderTheRootOnly) {
    folder_.write("outside.yaml", "get: {summary: secret}");
    folder_.write("root/inside.yaml", "get: {summary: inside}");
    folder_.write("root/.hidden/token.yaml", "get: {summary: secret}");
    fs::create_symlink("inside.yaml", folder_.path() / "root/link.yaml");
    fs::create_symlink(folder_.path() / "outside.yaml", folder_.path() / "root/out.yaml");
    fs::create_directory_symlink("..", folder_.path() / "root/up");
    fs::create_symlink(".hidden/token.yaml", folder_.path() / "root/shown.yaml");
    fs::create_symlink("nowhere", folder_.path() / "root/dangling.yaml");
    ASSERT_EQ(::mkfifo((folder_.path() / "root/pipe.yaml").c_str(), 0600), 0);
    std::string paths = "/ok: {$ref: link.yaml}";
    const std::vector<std::pair<std::string, std::string>> refused{{"out.yaml", "is outside"},
                                                                   {"up/outside.yaml", "is outside"},
                                                                   {"../outside.yaml", "is outside"},
                                                                   {"../nowhere.yaml", "is outside"},
                                                                   {"%2e%2e/outside.yaml", "is outside"},
                                                                   {"/etc/passwd", "is outside"},
                                                                   {"shown.yaml", "is hidden"},
                                                                   {".hidden/token.yaml", "is hidden"},
                                                                   {"dangling.yaml", "does not exist"},
                                                                   {"pipe.yaml", "is not a file"},
                                                                   {"file:///etc/passwd", "is a URL"},
                                                                   {"https://example.com/a.yaml", "is a URL"},
                                                                   {"inside.yaml/x", "does not exist"},
                                                                   {"a%00b", "is not a path"}};
    for (std::size_t i = 0; i < refused.size(); ++i)
        paths += ", /" + std::to_string(i) + ": {$ref: '" + refused[i].first + "'}";
    const std::string file = folder_.write("root/api.yaml", with_paths(paths));
    const catalog::Document found = parsed(read(file, real_ + "/root"));
    EXPECT_THAT(summaries(found), ElementsAre("/ok inside"));
    ASSERT_EQ(found.notes.size(), refused.size());
    for (std::size_t i = 0; i < refused.size(); ++i)
        EXPECT_THAT(found.notes[i].reason,
                    StartsWith("the reference \"" + refused[i].first + "\" " + refused[i].second));
}

TEST_F(Files, WithoutPartsAreKeptByteForByte) {
    const std::string text = with_paths("/a: {get: {responses: {x: {$ref: '#/x'}}}}") + "# end";
    EXPECT_EQ(read(folder_.write("api.yaml", text)).content, text);
}

TEST_F(Files, ThatAreDocumentsThemselvesAreNotParts) {
    folder_.write("common.yaml", "openapi: 3.1.0\nx-items: {get: {summary: X}}\n");
    const DocumentContent content =
        read(folder_.write("api.yaml", with_paths("/a: {$ref: 'common.yaml#/x-items'}")), real_);
    EXPECT_THAT(summaries(parsed(content)), ElementsAre("/a X"));
    EXPECT_THAT(content.parts, IsEmpty());
}

class ServedParts : public ::testing::Test {
protected:
    Result<DocumentContent> read(std::optional<StoredDocument> stored = std::nullopt) {
        asked_.clear();
        return read_document({.path = "https://a.example/v1/api.yaml",
                              .spec_name = "api",
                              .kind = SourceKind::url,
                              .stored = std::move(stored)},
                             max_bytes, &fetcher_, {});
    }

    std::map<std::string, FakeFetcher::Page> pages_{
        {"https://a.example/v1/api.yaml",
         {with_paths(
              "/a: {$ref: parts/a.yaml}, /b: {$ref: /b.json}, /c: {$ref: 'https://b.example/c.yaml'}, /d: {$ref: "
              "gone.yaml}"),
          "\"1\""}},
        {"https://a.example/v1/parts/a.yaml", {"get: {$ref: ../../b.json#/get}", "\"2\""}},
        {"https://a.example/b.json", {R"({"get":{"summary":"B"}})", ""}},
        {"https://b.example/c.yaml", {"get: {summary: C}", ""}}};
    std::vector<std::string> asked_;
    FakeFetcher fetcher_{pages_, asked_};
};

TEST_F(ServedParts, AreFetchedFromTheSameServerOnly) {
    const auto content = read();
    ASSERT_TRUE(content);
    const catalog::Document found = parsed(*content);
    EXPECT_THAT(summaries(found), ElementsAre("/a B", "/b B"));
    EXPECT_THAT(reasons(found),
                ElementsAre("the reference \"https://b.example/c.yaml\" is on another server than the document",
                            "the reference \"gone.yaml\" is not there"));
    EXPECT_THAT(asked_, ElementsAre("https://a.example/v1/api.yaml ", "https://a.example/v1/parts/a.yaml ",
                                    "https://a.example/b.json ", "https://a.example/v1/gone.yaml "));
}

TEST_F(ServedParts, AreCoveredByTheValidatorAndAskedForEachTime) {
    const auto first = read();
    ASSERT_TRUE(first);
    EXPECT_THAT(first->validator, StartsWith("bundle-"));
    const auto again = read(StoredDocument{.validator = first->validator});
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->unchanged);
    EXPECT_EQ(again->content, first->content);
    EXPECT_EQ(again->validator, first->validator);
    EXPECT_EQ(asked_.front(), "https://a.example/v1/api.yaml ");
    pages_["https://a.example/b.json"].content = R"({"get":{"summary":"other"}})";
    const auto changed = read(StoredDocument{.validator = first->validator});
    ASSERT_TRUE(changed);
    EXPECT_NE(changed->content, first->content);
    EXPECT_NE(changed->validator, first->validator);
}

TEST_F(ServedParts, ThatAreNotToBeHadNowKeepWhatIsStored) {
    pages_["https://a.example/b.json"].error = Error{ErrorKind::unavailable, "answers 503"};
    const auto stored = read(StoredDocument{.validator = "bundle-0"});
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(stored.error().message, HasSubstr("b.json answers 503"));
    // What is not stored is taken without them.
    const auto fresh = read();
    ASSERT_TRUE(fresh);
    EXPECT_THAT(reasons(parsed(*fresh)), ::testing::Contains(HasSubstr("answers 503")));
}

TEST_F(ServedParts, HaveADeadlineTogether) {
    std::chrono::steady_clock::time_point now{};
    UrlParts parts("https://a.example/v1/api.yaml", fetcher_, [&] { return now; });
    const auto place = parts.locate(parts.document(), "parts/a.yaml");
    ASSERT_TRUE(place);
    EXPECT_EQ(place->name, "parts/a.yaml");
    EXPECT_EQ(parts.locate(parts.document(), "/b.json")->name, "https://a.example/b.json");
    EXPECT_TRUE(parts.read(*place, max_bytes, {}));
    EXPECT_EQ(parts.read(*place, 3, {}).error().kind, ErrorKind::too_large);
    now += std::chrono::seconds(300);
    EXPECT_EQ(parts.read(*place, max_bytes, {}).error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace embedq::cli
