// Dialects, methods, ids, and which parts of a document are read.
#include "catalog/hash.h"
#include "support.h"

namespace embedq::catalog::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Document, ReadsEachDialect) {
    const auto dialect = [](std::string_view version) {
        return parsed("{" + std::string(version) + R"(,"paths":{"/a":{"get":{}}}})").dialect;
    };
    EXPECT_EQ(dialect(R"("openapi":"3.0.0")"), "OpenAPI 3.0.0");
    EXPECT_EQ(dialect(R"("openapi":"3.0")"), "OpenAPI 3.0");
    EXPECT_EQ(dialect(R"("openapi":"3.1.1")"), "OpenAPI 3.1.1");
    EXPECT_EQ(dialect(R"("openapi":"3.2.0")"), "OpenAPI 3.2.0");
    EXPECT_EQ(dialect(R"("swagger":"2.0")"), "Swagger 2.0");
    EXPECT_EQ(dialect(R"("swagger":2.0)"), "Swagger 2.0");
}

TEST(Document, ReadsInfo) {
    const auto document = parsed(
        R"({"openapi":"3.1.0","info":{"title":" Pet\nStore ","version":"v2","description":"A\n\nB"},"paths":{}})");
    EXPECT_EQ(document.title, "Pet Store");
    EXPECT_EQ(document.version, "v2");
    EXPECT_EQ(document.description, "A\n\nB");
    EXPECT_THAT(document.operations, IsEmpty());
    EXPECT_THAT(document.notes, ElementsAre(Note{"paths", "\"paths\" is empty"}));
}

TEST(Document, ReadsAllEightMethodsInDocumentOrder) {
    const auto document = parsed(
        with_paths(R"({"/a":{"trace":{},"patch":{},"head":{},"options":{},"delete":{},"post":{},"put":{},"get":{}}})"));
    std::vector<std::string> found;
    for (const auto& operation : document.operations) found.push_back(operation.method);
    EXPECT_THAT(found, ElementsAre("TRACE", "PATCH", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "GET"));
}

TEST(Document, ReadsNothingElseAsAnOperation) {
    const auto document = parsed(
        R"({"openapi":"3.1.0","webhooks":{"hook":{"post":{}}},"paths":{"x-internal":{"get":{}},"/a":{"query":{},"GET":{},"parameters":[],
        "x-get":{},"servers":[],"post":{"callbacks":{"done":{"{$url}":{"post":{}}}}}}},"components":{"pathItems":{"p":{"get":{}}}}})");
    ASSERT_THAT(document.operations, SizeIs(1));
    EXPECT_EQ(document.operations[0].operation_id, "POST /a");
}

TEST(Document, FindsPathsBeforeTheVersion) {
    EXPECT_THAT(parsed(R"({"paths":{"/a":{"get":{}}},"openapi":"3.0.0"})").operations, SizeIs(1));
}

TEST(Document, SkipsAByteOrderMarkAndSpace) {
    EXPECT_THAT(parsed("\xef\xbb\xbf \n" + with_paths(R"({"/a":{"get":{}}})") + "\r\n\t ").operations, SizeIs(1));
}

TEST(Document, AcceptsEveryValidJsonValueThatItSkips) {
    const std::string values =
        R"([0,-0,1e5,1E+5,1.5e-7,123456789012345678901234567890,-1e999999,true,false,null,"\ud83d","\u0000\"\\\/\b\f\n\r\t",[],{},[[{}]]])";
    EXPECT_THAT(
        parsed(R"({"openapi":"3.0.0","x":)" + values + R"(,"paths":{"/a":{"get":{"x":)" + values + "}}}}").operations,
        SizeIs(1));
}

TEST(Document, ReadsEscapesAndHalfSurrogates) {
    const auto operation = only_operation(
        with_paths(R"({"\/a\u00e9":{"get":{"summary":"gr\u00fc\u00df \ud83d\ude00 \ud83d end","tags":["\ude00"]}}})"));
    EXPECT_EQ(operation.path, "/aé");
    EXPECT_EQ(operation.summary, "grüß 😀 \xef\xbf\xbd end");
    EXPECT_THAT(operation.tags, ElementsAre("\xef\xbf\xbd"));
}

TEST(Document, ReadsOnlyNumbersAsText) {
    const auto operation = only_operation(
        with_paths(R"({"/a":{"get":{"operationId":12,"summary":{"a":1},"description":null,"tags":"x"}}})"));
    EXPECT_EQ(operation.operation_id, "12");
    EXPECT_EQ(operation.summary, "");
    EXPECT_THAT(operation.tags, IsEmpty());
}

TEST(Ids, AreTheDocumentsOwnOrMethodAndPath) {
    const auto document = parsed(with_paths(
        R"({"/a":{"get":{"operationId":"listA"},"put":{},"post":{"operationId":""},"patch":{"operationId":" "}}})"));
    EXPECT_THAT(ids(document), ElementsAre("listA", "PUT /a", "POST /a", "PATCH /a"));
}

TEST(Ids, ThatAreClaimedTwiceGetASuffixOfMethodAndPath) {
    const auto suffix = [](std::string_view what) { return "~" + to_hex(sha256(what)).substr(0, 8); };
    const std::string a = R"("/a":{"get":{"operationId":"list"}})";
    const std::string b = R"("/b":{"get":{"operationId":"list"}})";
    const std::string c = R"("/c":{"get":{"operationId":"other"}})";
    EXPECT_THAT(ids(parsed(with_paths("{" + a + "," + b + "," + c + "}"))),
                ElementsAre("list" + suffix("GET /a"), "list" + suffix("GET /b"), "other"));
    EXPECT_THAT(ids(parsed(with_paths("{" + c + "," + b + "," + a + "}"))),
                ElementsAre("other", "list" + suffix("GET /b"), "list" + suffix("GET /a")));
}

TEST(Ids, StayUniqueWhenASuffixedIdIsTaken) {
    const std::string hash = to_hex(sha256("GET /a"));
    const auto document = parsed(with_paths(
        R"({"/a":{"get":{"operationId":"l"}},"/b":{"get":{"operationId":"l"}},"/c":{"get":{"operationId":"l~)" +
        hash.substr(0, 8) + R"("}}})"));
    EXPECT_EQ(document.operations[0].operation_id, "l~" + hash.substr(0, 16));
    EXPECT_EQ(document.operations[2].operation_id, "l~" + hash.substr(0, 8));
}

TEST(Ids, AreLimitedAndWithoutControlCharacters) {
    const std::string stem(600, 'x');
    const auto document = parsed(with_paths(R"({"/a\u0000":{"get":{"operationId":"a\u0000b"},"put":{"operationId":")" +
                                            stem + R"(1"},"post":{"operationId":")" + stem + R"(2"}}})"));
    EXPECT_EQ(document.operations[0].operation_id,
              "a\xef\xbf\xbd"
              "b");
    EXPECT_EQ(document.operations[0].path, "/a\xef\xbf\xbd");
    EXPECT_EQ(document.operations[1].operation_id.size(), 512U);
    EXPECT_NE(document.operations[1].operation_id, document.operations[2].operation_id);
}

}  // namespace
}  // namespace embedq::catalog::test
