// What is refused, and with which message.
#include <ctime>

#include "catalog/json_token.h"
#include "support.h"

namespace embedq::catalog::test {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;

TEST(Refused, IsContentThatIsNotText) {
    EXPECT_THAT(refusal(""), HasSubstr("empty"));
    EXPECT_THAT(refusal(" \n\t"), HasSubstr("empty"));
    EXPECT_THAT(refusal("\xef\xbb\xbf"), HasSubstr("empty"));
    EXPECT_THAT(refusal("\xff\xfe{\0\"\0"s), HasSubstr("UTF-16"));
    EXPECT_THAT(refusal("\xfe\xff\0{"s), HasSubstr("UTF-16"));
    EXPECT_THAT(refusal("{\0\"\0a\0"s), HasSubstr("UTF-16"));
    EXPECT_THAT(refusal("\0{\0\""s), HasSubstr("UTF-16"));
    EXPECT_THAT(refusal("\xff\xfe\0\0{\0\0\0"s), HasSubstr("UTF-32"));
    EXPECT_THAT(refusal("\x1f\x8b\x08"s), HasSubstr("gzip"));
    EXPECT_THAT(refusal("PK\x03\x04"s), HasSubstr("ZIP"));
    EXPECT_THAT(refusal("%PDF-1.4"), HasSubstr("PDF"));
    EXPECT_THAT(refusal("{\"openapi\":\n\"3.0.0\0\"}"s), AllOf(HasSubstr("NUL"), HasSubstr("line 2, column 7")));
}

TEST(Refused, IsInvalidUtf8WithItsPosition) {
    EXPECT_THAT(refusal("{\"openapi\":\"3.0.0\",\n\"x\":\"caf\xe9\"}"),
                AllOf(HasSubstr("0xe9"), HasSubstr("line 2, column 9"), HasSubstr("Latin-1")));
    EXPECT_THAT(refusal("openapi: 3.0.0\nx: \xc0\xaf\n"), HasSubstr("0xc0"));
    EXPECT_THAT(refusal("openapi: 3.0.0\nx: \xed\xa0\x80\n"), HasSubstr("0xed"));
    EXPECT_THAT(refusal("openapi: 3.0.0\nx: \xf4\x90\x80\x80\n"), HasSubstr("0xf4"));
    EXPECT_THAT(refusal("openapi: 3.0.0\nx: \xe2\x82"), HasSubstr("0xe2"));
}

// Measured in processor time, which does not depend on how busy the machine is. A scan of the rest for each escape
// would take tens of seconds.
TEST(Escapes, AreCheckedInLinearTime) {
    std::string text;
    while (text.size() < (4U << 20U)) text += "\\u00e9";
    const std::clock_t started = std::clock();
    EXPECT_FALSE(find_bad_escape(text + "\""));
    EXPECT_EQ(find_bad_escape(text + "\\u00eg\""), text.size());
    EXPECT_EQ(find_bad_escape(R"(\"\\" \x)"), std::nullopt);
    EXPECT_EQ(find_bad_escape(R"(\"\x")"), 2);
    EXPECT_LT((std::clock() - started) / CLOCKS_PER_SEC, 5);
}

TEST(Refused, IsADocumentThatIsNotOpenApi) {
    EXPECT_THAT(refusal("<!DOCTYPE html><html></html>"), HasSubstr("HTML"));
    EXPECT_THAT(refusal("[1]"), HasSubstr("JSON array"));
    EXPECT_THAT(refusal("\"text\""), HasSubstr("the text \"text\""));
    EXPECT_THAT(refusal("hello world"), HasSubstr("the text \"hello world\""));
    EXPECT_THAT(refusal("- a\n- b\n"), HasSubstr("a list"));
    EXPECT_THAT(refusal("42"), HasSubstr("\"42\""));
    EXPECT_THAT(refusal("# nothing\n"), HasSubstr("nothing"));
    EXPECT_THAT(refusal("{}"), HasSubstr("an empty object"));
    EXPECT_THAT(refusal(R"({"name":"x","version":"1"})"), HasSubstr("the keys name, version"));
    EXPECT_THAT(refusal(R"({"asyncapi":"2.0.0"})"), HasSubstr("AsyncAPI"));
    EXPECT_THAT(refusal("asyncapi: 2.0.0\n"), HasSubstr("AsyncAPI"));
    EXPECT_THAT(refusal(R"({"swaggerVersion":"1.2"})"), HasSubstr("Swagger 1.x"));
    EXPECT_THAT(refusal(R"({"info":{},"item":[]})"), HasSubstr("Postman"));
    EXPECT_THAT(refusal(R"({"$schema":"x"})"), HasSubstr("JSON Schema"));
    EXPECT_THAT(refusal(R"({"openapi":null})"), HasSubstr("keys openapi"));
}

TEST(Refused, AreUnsupportedVersions) {
    EXPECT_THAT(refusal(R"({"openapi":"4.0.0","paths":{}})"), AllOf(HasSubstr("\"4.0.0\""), HasSubstr("3.0.x")));
    EXPECT_THAT(refusal(R"({"openapi":"3.10.0","paths":{}})"), HasSubstr("\"3.10.0\""));
    EXPECT_THAT(refusal(R"({"openapi":"2.0","paths":{}})"), HasSubstr("not supported"));
    EXPECT_THAT(refusal(R"({"swagger":"1.2","paths":{}})"), HasSubstr("Swagger \"1.2\""));
    EXPECT_THAT(refusal("openapi: 3.3.0\n"), HasSubstr("\"3.3.0\""));
}

TEST(Refused, ArePathsThatAreNotAnObject) {
    EXPECT_THAT(refusal(with_paths("[]")), HasSubstr("array"));
    EXPECT_THAT(refusal(with_paths("\"x\"")), HasSubstr("string"));
    EXPECT_THAT(refusal("openapi: 3.0.0\npaths: [a]\n"), HasSubstr("sequence"));
}

TEST(Refused, IsBrokenJsonEvenWhereNothingIsRead) {
    const auto broken = [](std::string_view value) {
        return refusal(R"({"openapi":"3.0.0","x":)" + std::string(value) + R"(,"paths":{}})");
    };
    for (const std::string_view value :
         {"[1,2}",     "[1,2",     "[,1]",    "[1 2]",       "{\"a\":1]", "{,}",         "{\"a\"}",
          "{\"a\" 1}", "{\"a\":}", "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"", "{\"\\q\":1}", "1 2",
          "",          "// c\n1",  "/**/1",   "[[]",         "[]]",       "{}}"}) {
        EXPECT_THAT(broken(value), HasSubstr("JSON is broken at line")) << value;
    }
}

TEST(Refused, IsBrokenJsonWhereItIsRead) {
    for (const std::string_view paths : {R"({"/a":{"get":{"summary":"\x"}}})", R"({"/a":{"get":{"tags":["a" "b"]}}})",
                                         R"({"/a":{"get":{}})", R"({"/a" {"get":{}}})"}) {
        EXPECT_THAT(refusal(with_paths(paths)), HasSubstr("JSON is broken at line")) << paths;
    }
}

TEST(Refused, IsATruncatedDocumentOrOneWithMoreAfterIt) {
    EXPECT_THAT(refusal(R"({"openapi":"3.0.0","paths":{"/a":{"get":{)"), HasSubstr("truncated"));
    EXPECT_THAT(refusal(R"({"openapi":"3.0.0","paths":{"/a":{"get":{"summary":"so)"), HasSubstr("never closed"));
    EXPECT_THAT(refusal(R"({"openapi":"3.0.0","paths":{}}})"), HasSubstr("after the document's last"));
    EXPECT_THAT(refusal(R"({"openapi":"3.0.0","paths":{}} {"a":{}})"), HasSubstr("after the document's last"));
    EXPECT_THAT(refusal(R"({"openapi":"3.0.0","paths":{}} x)"), HasSubstr("something after it"));
}

TEST(Refused, NamesThePositionInJson) {
    EXPECT_THAT(refusal("{\"openapi\":\"3.0.0\",\n  \"x\": tru,\n\"paths\":[}}"),
                AllOf(HasSubstr("line 2, column 8 (byte 27)"), HasSubstr("true or false")));
    EXPECT_THAT(refusal("{\"openapi\":\"3.0.0\",\n\"x\": \"a\nb\" 1}"),
                AllOf(HasSubstr("line 2, column 8"), HasSubstr("control character")));
}

TEST(Refused, IsADocumentThatIsNestedTooDeep) {
    const auto nested = [](std::size_t levels) {
        return R"({"openapi":"3.0.0","paths":{},"x":)" + std::string(levels, '[') + std::string(levels, ']') + "}";
    };
    EXPECT_TRUE(parse_document(nested(255)));
    EXPECT_THAT(refusal(nested(256)), AllOf(HasSubstr("deeper than 256"), HasSubstr("line 1, column")));
    EXPECT_THAT(refusal(nested(100'000)), HasSubstr("deeper than 256"));
    EXPECT_THAT(refusal("openapi: 3.0.0\nx: " + std::string(300, '[') + std::string(300, ']') + "\n"),
                HasSubstr("deeper than 256"));
    std::string objects = R"({"openapi":"3.0.0","x":)";
    for (int i = 0; i < 300; ++i) objects += R"({"a":)";
    EXPECT_THAT(refusal(objects + "1" + std::string(301, '}')), HasSubstr("deeper than 256"));
}

TEST(Refused, AreDuplicateKeysWhereTheyAreRead) {
    EXPECT_THAT(refusal(with_paths(R"({"/a":{"get":{}},
"/a":{"put":{}}})")),
                AllOf(HasSubstr("duplicate path \"/a\""), HasSubstr("line 2")));
    EXPECT_THAT(refusal(with_paths(R"({"/a":{"get":{},"get":{}}})")), HasSubstr("duplicate key \"get\""));
    EXPECT_THAT(refusal(with_paths(R"({"/a":{"get":{"summary":"a","summary":"b"}}})")),
                HasSubstr("duplicate key \"summary\""));
    EXPECT_THAT(refusal(R"({"openapi":"3.0.0","paths":{},"paths":{}})"), HasSubstr("duplicate key \"paths\""));
    EXPECT_TRUE(parse_document(R"({"openapi":"3.0.0","paths":{},"x":{"a":1,"a":2}})"));
}

TEST(Refused, IsADocumentThatIsTooLarge) {
    const std::string document = with_paths(R"({"/a":{"get":{},"put":{}}})");
    EXPECT_THAT(refusal(document, {.max_document_bytes = document.size() - 1}), HasSubstr("at most"));
    EXPECT_TRUE(parse_document(document, {.max_document_bytes = document.size()}));
    EXPECT_THAT(refusal(document, {.max_operations = 1}), HasSubstr("more than 1 operations"));
    EXPECT_THAT(refusal(document, {.max_total_text_bytes = 10}), HasSubstr("more than 10 bytes"));
}

}  // namespace
}  // namespace embedq::catalog::test
