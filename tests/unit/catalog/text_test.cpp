// The canonical text: its form, its length limit, and that it does not change unnoticed.
#include "catalog/hash.h"
#include "support.h"

namespace embedq::catalog::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Operation operation(std::string_view fields, std::string_view path = "/a", const Limits& limits = {}) {
    return only_operation(with_paths("{\"" + std::string(path) + "\":{\"get\":" + std::string(fields) + "}}"), limits);
}

// Another text of any document needs another `text_version`; other lines need another `text_form`, after which every
// vector of every user is made again.
TEST(CanonicalText, IsPinnedToItsVersion) {
    ASSERT_EQ(text_version, 3U);
    ASSERT_EQ(text_form, 1U);
    const auto pinned = only_operation(R"({"openapi":"3.0.0","paths":{"/repos/{owner}/{repo}/issues":{"post":{
        "operationId":"issues/createForRepo","summary":"Create an <b>issue</b>",
        "tags":["issues"," Bug  Tracker ","issues"],
        "description":"Any user can create an issue.\n\n<p>See [the guide](https://example.com/x) &amp; more</p>"
        }}}})");
    EXPECT_EQ(pinned.text,
              "Create an issue\n"
              "post repos owner repo issues\n"
              "issues create for repo\n"
              "issues, Bug Tracker\n"
              "Any user can create an issue. See the guide & more");
    EXPECT_EQ(to_hex(pinned.text_hash), "e944890cfc0fc968bf82bfeb3c71edba2da6560648ac27570c65b30fca1cc134");
    EXPECT_EQ(pinned.summary, "Create an issue");
    EXPECT_THAT(pinned.tags, ElementsAre("issues", "Bug Tracker"));
    EXPECT_EQ(pinned.cut_bytes, 0U);
}

TEST(CanonicalText, IsNeverEmpty) {
    EXPECT_EQ(operation("{}", "/").text, "get");
    EXPECT_EQ(operation("{}", "").text, "get");
    EXPECT_EQ(operation("{}", "/v1/petStores").text, "get v1 pet stores");
    EXPECT_EQ(operation(R"({"summary":" <br/> ","description":"\n"})").text, "get a");
}

TEST(CanonicalText, WithoutASummaryBeginsWithTheDescriptionsFirstSentence) {
    const auto found = operation(R"({"description":"Lists pets, e.g. dogs. Cats too. More."})");
    EXPECT_EQ(found.summary, "Lists pets, e.g. dogs.");
    EXPECT_EQ(found.text, "Lists pets, e.g. dogs.\nget a\nCats too. More.");
}

TEST(CanonicalText, TakesThePathItemsTextsForAnOperationWithoutAny) {
    const auto document =
        parsed(with_paths(R"({"/a":{"summary":"Item","description":"All of it","get":{},"put":{"summary":"Own"}}})"));
    EXPECT_EQ(document.operations[0].text, "Item\nget a\nAll of it");
    EXPECT_EQ(document.operations[0].summary, "Item");
    EXPECT_EQ(document.operations[1].text, "Own\nput a");
}

TEST(CanonicalText, RepeatsNothing) {
    EXPECT_EQ(
        operation(R"({"summary":"List pets","description":"List pets. All of them.","operationId":"get_a"})").text,
        "List pets\nget a\nAll of them.");
    EXPECT_EQ(operation(R"({"summary":"List pets","description":"List petshops"})").text,
              "List pets\nget a\nList petshops");
}

TEST(CanonicalText, IsCutAtACharacterAndReportsHowMuch) {
    std::string words;
    for (int i = 0; i < 5000; ++i) words += "é";
    const auto found = operation(R"({"summary":"s","description":"x)" + words + "\"}");
    EXPECT_EQ(found.text.size(), 5999U);  // 9 bytes before the first of the two-byte characters
    EXPECT_THAT(found.text, StartsWith("s\nget a\nx"));
    EXPECT_EQ(found.text.size() + found.cut_bytes, std::string_view("s\nget a\nx").size() + words.size());
    EXPECT_EQ(found.text_hash, sha256(found.text));
    EXPECT_TRUE(found.text.ends_with("é"));
    EXPECT_EQ(operation(R"({"summary":"s","description":")" + words + "\"}").text.size(), 6000U);
}

TEST(CanonicalText, MayBeUnlimitedAndHasAMinimumLimit) {
    const std::string fields = R"({"summary":"s","description":")" + std::string(20'000, 'x') + "\"}";
    const auto unbounded = operation(fields, "/a", {.max_text_bytes = 0});
    EXPECT_EQ(unbounded.cut_bytes, 0U);
    EXPECT_GT(unbounded.text.size(), 20'000U);
    EXPECT_EQ(operation(fields, "/a", {.max_text_bytes = 1}).text.size(), 64U);
}

TEST(CanonicalText, KeepsPathWordsAndTagsWhateverTheSummarysLength) {
    std::string summary;
    for (int i = 0; i < 3000; ++i) summary += "word ";
    const auto found = operation(R"({"tags":["tag"],"summary":")" + summary + "\"}", "/path");
    EXPECT_THAT(found.text, HasSubstr("\nget path\ntag\nword"));
    EXPECT_EQ(found.text.size(), 6000U);
    EXPECT_TRUE(found.summary.ends_with("word…"));
    EXPECT_LE(found.summary.size(), 1003U);
}

TEST(CanonicalText, IsTheSameEachTime) {
    const std::string document =
        with_paths(R"({"/a":{"get":{"summary":"A","tags":["y","x"],"operationId":"zeta alpha"}}})");
    EXPECT_EQ(only_operation(document).text, only_operation(document).text);
    EXPECT_EQ(only_operation(document).text_hash, only_operation(document).text_hash);
}

}  // namespace
}  // namespace embedq::catalog::test
