// `$ref`s of path items.
#include <map>

#include "support.h"

namespace embedq::catalog::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

auto reason(std::string_view text) {
    return testing::Field(&Note::reason, HasSubstr(std::string(text)));
}

TEST(References, AreFollowedThroughAnyLocalPointer) {
    const auto document = parsed(R"({"openapi":"3.1.0","paths":{
        "/a":{"$ref":"#/components/pathItems/item"}, "/b":{"$ref":"#/paths/~1c~1%7Bid%7D"},
        "/c/{id}":{"put":{"operationId":"putC"}},
        "/d":{"$ref":"#/x-items/1"}, "/e":{"$ref":"#/x~1y/z~0"}},
        "x-items":[{}, {"head":{}}], "x/y":{"z~":{"trace":{}}},
        "components":{"pathItems":{"item":{"get":{"summary":"Item"},"post":{}}}}})");
    EXPECT_THAT(ids(document), ElementsAre("GET /a", "POST /a", testing::StartsWith("putC~"),
                                           testing::StartsWith("putC~"), "HEAD /d", "TRACE /e"));
    EXPECT_EQ(document.operations[0].summary, "Item");
    EXPECT_EQ(document.operations[2].path, "/b");
    EXPECT_THAT(document.notes, IsEmpty());
}

TEST(References, AreFollowedThroughChainsAndOwnMethodsTakePrecedence) {
    const auto document = parsed(R"({"openapi":"3.1.0","paths":{"/a":{"$ref":"#/x/one","get":{"summary":"own"}}},
        "x":{"one":{"$ref":"#/x/two","put":{}},"two":{"get":{"summary":"far"},"put":{},"post":{}}}})");
    EXPECT_THAT(ids(document), ElementsAre("GET /a", "PUT /a", "POST /a"));
    EXPECT_EQ(document.operations[0].summary, "own");
}

TEST(References, InCyclesResultInANote) {
    const auto document = parsed(
        R"({"openapi":"3.1.0","paths":{"/a":{"$ref":"#/paths/~1b"},"/b":{"$ref":"#/paths/~1a","get":{}},"/c":{"$ref":"#/paths/~1c"}}})");
    EXPECT_THAT(ids(document), ElementsAre("GET /a", "GET /b"));
    EXPECT_THAT(document.notes, testing::Each(reason("leads back to itself")));
    EXPECT_EQ(document.notes.size(), 3U);
}

TEST(References, InLongChainsAreFollowedUpToALimit) {
    std::string paths = "{";
    for (int i = 0; i < 3000; ++i)
        paths += "\"/" + std::to_string(i) + R"(":{"$ref":"#/paths/~1)" + std::to_string(i + 1) + "\"},";
    const auto document = parsed(with_paths(paths + R"("/3000":{"get":{}}})"));
    EXPECT_EQ(document.operations.size(), 17U);
    EXPECT_THAT(document.notes.front(), reason("behind more references than are followed"));
}

TEST(References, ThatDangleOrAreRemoteResultInANote) {
    const auto document = parsed(with_paths(
        R"({"/a":{"$ref":"#/nowhere"},"/b":{"$ref":"other.json#/x","get":{}},"/c":{"$ref":"https://example.com/x.json"},"/d":{"$ref":"#/info/title"},"/e":{"$ref":"#"}})"));
    EXPECT_THAT(ids(document), ElementsAre("GET /b"));
    EXPECT_THAT(document.notes, ElementsAre(reason("leads to nothing"), reason("not followed"), reason("not followed"),
                                            reason("leads to nothing"), reason("not followed")));
}

TEST(References, IntoTheTargetOfAnotherAreFound) {
    const auto document = parsed(
        R"({"openapi":"3.1.0","paths":{"/a":{"$ref":"#/x"},"/b":{"$ref":"#/x/inner"}},
            "x":{"get":{},"inner":{"put":{}}}})");
    EXPECT_THAT(ids(document), ElementsAre("GET /a", "PUT /b"));
}

TEST(References, WorkTheSameInYaml) {
    const auto document = parsed(
        "openapi: 3.1.0\npaths:\n  /a: {$ref: '#/components/pathItems/item'}\n  /b: {$ref: '#/x/1/inner'}\n  /c: "
        "{$ref: '#/paths/~1c'}\n  "
        "/d: {$ref: '#/x/9'}\n"
        "components:\n  pathItems:\n    item:\n      get: {}\nx: [1, {get: {}, inner: {put: {}}}]\n");
    EXPECT_THAT(ids(document), ElementsAre("GET /a", "PUT /b"));
    EXPECT_THAT(document.notes, ElementsAre(reason("leads back to itself"), reason("leads to nothing")));
}

TEST(References, OfPathsAreFollowedAndTheDocumentsOwnPathsTakePrecedence) {
    const auto json = parsed(
        R"({"openapi":"3.1.0","paths":{"$ref":"#/x-paths/1","/a":{"get":{"summary":"own"}}},
            "x-paths":[0,{"$ref":"#/more","/a":{"put":{}},"/b":{"put":{}}}],"more":{"/c":{"head":{}}}})");
    const auto yaml = parsed(
        "openapi: 3.1.0\npaths: {$ref: '#/x-paths/1', /a: {get: {summary: own}}}\n"
        "x-paths: [0, {$ref: '#/more', /a: {put: {}}, /b: {put: {}}}]\nmore: {/c: {head: {}}}\n");
    for (const auto& document : {json, yaml}) {
        EXPECT_THAT(ids(document), ElementsAre("GET /a", "PUT /b", "HEAD /c"));
        EXPECT_THAT(document.notes, IsEmpty());
    }
}

TEST(References, OfPathsThatAreNotFollowedAreNoted) {
    for (const auto& [ref, why] : std::map<std::string, std::string>{{"paths.yaml", "is not in this document"},
                                                                     {"#/nowhere", "leads to nothing"},
                                                                     {"#/info/title", "leads to nothing"},
                                                                     {"#/paths", "leads back to itself"}}) {
        const auto document =
            parsed(R"({"openapi":"3.1.0","info":{"title":"t"},"paths":{"$ref":")" + ref + R"(","/a":{"get":{}}}})");
        EXPECT_THAT(ids(document), ElementsAre("GET /a"));
        EXPECT_THAT(document.notes, ElementsAre(reason(why))) << ref;
    }
}

TEST(References, CannotMultiplyADocumentWithoutLimit) {
    std::string paths = R"({"openapi":"3.1.0","x":{"get":{},"put":{},"post":{}},"paths":{"/0":{})";
    for (int i = 1; i < 1000; ++i) paths += ",\"/" + std::to_string(i) + R"(":{"$ref":"#/x"})";
    EXPECT_EQ(parsed(paths + "}}").operations.size(), 999U * 3U);
    EXPECT_THAT(refusal(paths + "}}", {.max_operations = 500}), HasSubstr("more than 500 operations"));
}

}  // namespace
}  // namespace embedq::catalog::test
