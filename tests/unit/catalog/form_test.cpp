// The form of a document is found by trying: JSON, then YAML, and the error is that of the likelier one.
#include "catalog/form.h"

#include "support.h"

namespace embedq::catalog::test {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Form, ReadsYamlInBraces) {
    const std::vector<std::pair<std::string_view, std::string>> contents{
        {"a quoted first key", R"({"openapi": "3.0.3", info: {title: Shop}, paths: {/a: {get: {operationId: a}}}})"},
        {"a comment",
         "{\"openapi\": \"3.0.3\", # pasted, it's \"so\n \"paths\": {\"/a\": {\"get\": {\"operationId\": \"a\"}}}}"},
        {"a comment before the first key",
         "{ # pasted\n\"openapi\": \"3.0.3\", \"paths\": {\"/a\": {\"get\": {\"operationId\": \"a\"}}}}"},
        {"a comment after it",
         "{\"openapi\": \"3.0.3\", \"paths\": {\"/a\": {\"get\": {\"operationId\": \"a\"}}}} # end\n"},
        {"single quotes", "{'openapi': '3.0.3', 'paths': {'/a': {'get': {'operationId': 'a'}}}}"},
        {"single quotes later", R"({"openapi": "3.0.3", "paths": {"/a": {"get": {"operationId": 'a'}}}})"},
        {"trailing commas", R"({"openapi": "3.0.3", "paths": {"/a": {"get": {"operationId": "a",},},},})"},
        {"a value without quotes", R"({"openapi": 3.0.3, "paths": {"/a": {"get": {"operationId": a}}}})"},
        {"a key without quotes", R"({"openapi": "3.0.3", "paths": {"/a": {get: {"operationId": "a"}}}})"},
        {"a text over two lines",
         "{\"openapi\": \"3.0.3\", \"x\": \"two\n lines\", paths: {\"/a\": {\"get\": {\"operationId\": \"a\"}}}}"},
        {"a text over two lines, in what is JSON otherwise",
         "{\"openapi\": \"3.0.3\", \"x\": \"two\n lines\", \"paths\": {\"/a\": {\"get\": {\"operationId\": \"a\"}}}}"},
        {"a tab in a text",
         "{\"openapi\": \"3.0.3\", \"paths\": {\"/a\": {\"get\": {\"operationId\": \"a\", \"summary\": \"b\tc\"}}}}"},
        {"escapes of YAML",
         R"({"openapi": "3.0.3", "x": "\e\_\N", "paths": {"/\x61": {"get": {"operationId": "\x61"}}}})"},
        {"a line that goes on",
         "{\"openapi\": \"3.0.3\", \"x\": \"a\\\n  b\", \"paths\": {\"/a\": {\"get\": {\"operationId\": \"a\"}}}}"},
        {"an anchor", R"({"openapi": "3.0.3", "x": &x {"get": {"operationId": "a"}}, "paths": {"/a": *x}})"},
        {"space before it", "\n\n \t\r\n {openapi: 3.0.3, paths: {/a: {get: {operationId: a}}}}"},
        {"a byte order mark", "\xef\xbb\xbf{openapi: 3.0.3, paths: {/a: {get: {operationId: a}}}}"},
    };
    for (const auto& [name, content] : contents) {
        SCOPED_TRACE(name);
        EXPECT_THAT(ids(parsed(content)), ElementsAre("a"));
    }
}

TEST(Form, ReadsYamlHoweverItBegins) {
    const std::string body = "openapi: 3.0.3\npaths:\n  /a:\n    get: {operationId: a}\n";
    const std::vector<std::pair<std::string_view, std::string>> contents{
        {"quoted keys", "\"openapi\": \"3.0.3\"\n\"paths\":\n  \"/a\":\n    \"get\": { \"operationId\": \"a\" }\n"},
        {"single quotes", "'openapi': '3.0.3'\n'paths': {'/a': {'get': {'operationId': 'a'}}}\n"},
        {"a document mark", "---\n" + body},
        {"a comment and a document mark", "# generated\n---\n" + body},
        {"a directive", "%YAML 1.2\n---\n" + body},
        {"a tag directive", "%TAG !e! tag:example.com,2000:\n---\n" + body},
        {"an end mark", body + "...\n"},
        {"an empty document before it", "---\n---\n" + body},
        {"an empty document after it", body + "---\n"},
        {"lines before it", "\n\n\n" + body},
        {"a byte order mark", "\xef\xbb\xbf" + body},
        {"indentation", "  openapi: 3.0.3\n  paths: {/a: {get: {operationId: a}}}\n"},
        {"JSON after a document mark",
         "---\n{\"openapi\": \"3.0.3\", \"paths\": {\"/a\": {\"get\": {\"operationId\": \"a\"}}}}\n"},
        {"carriage returns and line feeds", "openapi: 3.0.3\r\npaths:\r\n  /a:\r\n    get: {operationId: a}\r\n"},
        {"no last line feed", "openapi: 3.0.3\npaths:\n  /a:\n    get: {operationId: a}"},
    };
    for (const auto& [name, content] : contents) {
        SCOPED_TRACE(name);
        EXPECT_THAT(ids(parsed(content)), ElementsAre("a"));
    }
}

TEST(Form, GivesTheErrorOfTheLikelierOne) {
    const std::vector<std::pair<std::string, std::string>> contents{
        {R"({"openapi":"3.0.0","paths":{"/a":{"get":{}})", "the JSON is broken"},
        {R"({"openapi":"3.0.0" "paths":{}})", "the JSON is broken"},
        {R"({"openapi":"3.0.0","x":1 "paths":{}})", "the JSON is broken"},
        {R"({"openapi":"3.0.0","x":tru,"paths":{)", "the JSON is broken"},
        {R"({"openapi":"3.0.0","x":"\q","paths":{}})", "expected one of the escapes"},
        {"{\"openapi\":\"3.0.0\",\"x\":\"a\nb\" \"c\",\"paths\":{}}", "expected no unescaped control character"},
        {"{\"openapi\":\"3.0.0\", // so\n\"paths\":{}}", "the JSON is broken"},
        {"{\"openapi\":\"3.0.0\", # so\n\"paths\":{}",
         "the YAML is broken at line 1, column 1: the bracket that opens here"},
        {"{openapi: 3.0.0, paths: {/a: {get: {}}", "the bracket that opens here is never closed"},
        {"{'openapi': '3.0.0', 'paths': {]}", "the YAML is broken"},
        {R"({"openapi": "3.0.0", info: {x: 1 "b":2}, paths: {}})", "has the end of a quoted key in it"},
        {"openapi: 3.0.0\npaths: {}\n---\nopenapi: 3.0.0\npaths: {}\n", "a second YAML document begins here"},
        {"%YAML 2.0\n---\nopenapi: 3.0.0\n", "the YAML is broken at line 1"},
    };
    for (const auto& [content, message] : contents) EXPECT_THAT(refusal(content), HasSubstr(message)) << content;
}

TEST(Form, TakesLinearTimeToFindSignsOfYaml) {
    for (const std::string_view piece : {"{", "\"", ",", "a ", "\\", "'", "[,", "\"a\":1 "}) {
        std::string text;
        while (text.size() < (2U << 20U)) text += piece;
        EXPECT_LE(find_sign_of_yaml(text + "x"), SignOfYaml::weak) << piece;
    }
}

struct HiddenCase {
    std::string content;
    std::string named;  // with its place
};

TEST(Hidden, IsNamedWithItsPlace) {
    const std::string long_key(1'100, 'k');
    const std::vector<HiddenCase> cases{
        {"# generated\n\xef\xbb\xbfopenapi: 3.0.3\npaths: {}\n",
         "found an object with the keys <U+FEFF>openapi, paths"},
        {"openapi\xe2\x80\x8b: 3.0.3\npaths: {}\n", "found an object with the keys openapi<U+200B>, paths"},
        {"\n\xc2\xa0openapi: 3.0.3\npaths: {}\n", "<U+00A0>openapi"},
        {"openapi: 3.0.3\rpaths: {}\r", "U+000D (carriage return) without a line feed at line 1, column 15"},
        {"openapi: 3.0.3\npaths:\n\t/a: {get: {}}\n", "U+0009 (tab) in the indentation at line 3, column 1"},
        {"openapi: 3.0.3\npaths:\n  /a:\n  \tget: {}\n", "U+0009 (tab) in the indentation at line 4, column 3"},
        {"openapi: 3.0.3\npaths:\n  /a: {get: {}}\n\xe2\x80\x8b/b: {get: {}}\n x",
         "U+200B (zero-width space) at line 4, column 1"},
        {"openapi: 3.0.3\npaths:\n  /" + long_key + ":\n    get: {}\n", "a key of 1101 bytes"},
        {"openapi: 3.0.3\npaths:\n  /a: {get: {}, " + long_key + ": 1}\n",
         "a key of 1100 bytes, and YAML reads a key of at most 1024 characters at line 3, column 17"},
        {"openapi: 3.0.3\u2028paths:\u2028  /a: {}\n", "U+2028 (line separator) at line 1, column 15"},
        {"openapi: 3.0.3\u0085paths:\n", "U+0085 (next line) at line 1, column 15"},
        {"openapi: 3.0.3\fpaths:\n", "U+000C (form feed) at line 1, column 15"},
        {"openapi: 3.0.3\u00a0\npaths: {}\n", "U+00A0 (no-break space) at line 1, column 15"},
        {"{\"swagger\":\n\"\u200b2.0\",\"paths\":{}}", "U+200B (zero-width space) at line 2, column 2"},
        {"{\"openapi\":\xc2\xa0\"3.0.3\",\n\"paths\":{}}", "U+00A0 (no-break space) at line 1, column 12"},
        {"{\"openapi\":\"3.0.3\",\xef\xbb\xbf\n\"paths\":{}}", "U+FEFF (byte order mark) at line 1, column 20"},
        {"\u200bopenapi: 3.0.3\npaths: {}\n", "U+200B (zero-width space) at line 1, column 1"},
        {"\u200b{\"openapi\": \"3.0.3\", \"paths\": {}}", "U+200B (zero-width space) at line 1, column 1"},
        {"\u200b[]", "U+200B (zero-width space) at line 1, column 1"},
        {"\ufeff\u2060<html>", "U+2060 (word joiner) at line 1, column 1"},
    };
    for (const auto& [content, named] : cases) EXPECT_THAT(refusal(content), HasSubstr(named)) << content;
    EXPECT_THAT(refusal("openapi: 3.0.3\npaths:\n\t/a: {}\n"), HasSubstr("indent with spaces"));
    EXPECT_THAT(refusal("# generated\n\xef\xbb\xbfopenapi: 3.0.3\npaths: {}\n"),
                AllOf(HasSubstr("there is U+FEFF (byte order mark) at line 2, column 1"), HasSubstr("remove it")));
    EXPECT_THAT(refusal("{\n\"openapi\xe2\x80\x8b\": \"3.0.3\"}"),
                HasSubstr("there is U+200B (zero-width space) at line 2, column 9"));
}

// Whatever Unicode lets a program show as nothing, and what looks like a space.
TEST(Hidden, IsEveryCharacterThatCannotBeSeen) {
    for (const std::string_view character :
         {"\u00a0",     "\u00ad",     "\u034f",     "\u061c",     "\u115f",     "\u1680",    "\u17b4", "\u180b",
          "\u180f",     "\u2003",     "\u200f",     "\u2028",     "\u2061",     "\u2065",    "\u2069", "\u206f",
          "\u2800",     "\u3000",     "\u3164",     "\ufe0f",     "\ufeff",     "\uffa0",    "\ufff0", "\ufffb",
          "\U00013430", "\U0001bca0", "\U0001d173", "\U0001d17a", "\U000e0001", "\U000e01ef"}) {
        const auto document =
            parsed("openapi: 3.0.3\npaths:\n  /a:\n    get" + std::string(character) + ": {}\n    put: {}\n");
        ASSERT_EQ(document.notes.size(), 1U) << character;
        EXPECT_THAT(document.notes.front().where, HasSubstr("paths./a.get<U+"));
    }
}

TEST(Hidden, IsShownInPlacesOfNotes) {
    const auto document = parsed("openapi: 3.0.3\npaths:\n  /a:\n    get\xe2\x80\x8b: {}\n    put: {}\n");
    ASSERT_FALSE(document.notes.empty());
    EXPECT_EQ(document.notes.front().where, "paths./a.get<U+200B>");
    const auto other = parsed("openapi: 3.0.3\n\xef\xbb\xbfpaths: {/a: {get: {}}}\ncomponents: {}\n");
    EXPECT_THAT(other.notes.front().reason, HasSubstr("its keys are openapi, <U+FEFF>paths"));
}

// As indentation it makes a key of another map, without an error.
TEST(Hidden, HasANoteInAKeyThatIsNotRead) {
    const auto document = parsed("openapi: 3.0.3\npaths:\n  /a:\n\xc2\xa0\xc2\xa0  get: {}\n\xc2\xa0 /b: {get: {}}\n");
    ASSERT_EQ(document.notes.size(), 4U);
    EXPECT_EQ(document.notes[3].where, "paths./a");
    EXPECT_EQ(document.notes[3].reason, "it is null, expected an object");
    EXPECT_THAT(document.notes[1].where, HasSubstr("<U+00A0><U+00A0>  get"));
    EXPECT_THAT(document.notes[1].reason, HasSubstr("cannot be seen"));
    const auto item = parsed("openapi: 3.0.3\npaths:\n  /a:\n    get\xc2\xa0:\n    put: {}\n");
    EXPECT_EQ(item.notes.front().where, "paths./a.get<U+00A0>");
    EXPECT_EQ(item.operations_left_out, 1U);
    const auto control = parsed("openapi: 3.0.3\npaths:\n  /a:\n    \vget: {}\n    put: {}\n");
    EXPECT_EQ(control.notes.front().where, "paths./a.<U+000B>get");
}

// The operation is taken, without what is under such a key.
TEST(Hidden, HasANoteInAPathOrAnOperation) {
    for (const std::string_view content :
         {"openapi: 3.0.3\npaths:\n  \u200b/a:\n    get: {operationId\u200b: a}\n",
          "{\"openapi\":\"3.0.3\",\"paths\":{\"\u200b/a\":{\"get\":{\"operationId\u200b\":\"a\"}}}}"}) {
        const auto document = parsed(content);
        EXPECT_EQ(document.operations.size(), 1U);
        ASSERT_EQ(document.notes.size(), 2U) << content;
        EXPECT_EQ(document.notes[0].where, "paths.<U+200B>/a");
        EXPECT_EQ(document.notes[1].where, "paths.<U+200B>/a.get.operationId<U+200B>");
        EXPECT_EQ(document.operations_left_out, 0U);
    }
}

TEST(Hidden, IsNoFaultInAText) {
    EXPECT_THAT(ids(parsed("openapi: 3.0.3\npaths:\n  /a:\n    get: {summary: \"a\xc2\xa0\xe2\x80\x8b b\"}\n")),
                ElementsAre("GET /a"));
    EXPECT_THAT(refusal("openapi: 3.0.3\nx: this is a long text \xc2\xa0\n\tpaths: [\n"),
                testing::Not(HasSubstr("U+00A0")));
}

}  // namespace
}  // namespace embedq::catalog::test
