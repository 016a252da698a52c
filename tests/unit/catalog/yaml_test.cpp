// YAML: the same documents, and features that only YAML has.
#include "support.h"

namespace embedq::catalog::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view pets = R"(openapi: 3.0.1
info:
  title: Pets
  version: 1.0
  description: |
    Two
    lines
paths:
  /pets/{id}:
    summary: A pet
    get:
      operationId: getPet
      summary: Get a pet
      description: >
        Folded
        text.
      tags: [pets, "on"]
      responses:
        200: {description: ok}
        on: {description: also a key}
    delete: {}
)";

TEST(Yaml, GivesTheSameResultAsJson) {
    const auto yaml = parsed(pets);
    const auto json = parsed(R"({"openapi":"3.0.1","info":{"title":"Pets","version":"1.0","description":"Two\nlines\n"},
        "paths":{"/pets/{id}":{"summary":"A pet","get":{"operationId":"getPet","summary":"Get a pet",
        "description":"Folded text.\n","tags":["pets","on"],"responses":{"200":{}}},"delete":{}}}})");
    EXPECT_EQ(yaml.title, json.title);
    EXPECT_EQ(yaml.version, json.version);
    EXPECT_EQ(yaml.description, json.description);
    EXPECT_EQ(yaml.dialect, json.dialect);
    EXPECT_THAT(ids(yaml), ElementsAre("getPet", "DELETE /pets/{id}"));
    ASSERT_EQ(ids(yaml), ids(json));
    for (std::size_t i = 0; i < yaml.operations.size(); ++i) {
        EXPECT_EQ(yaml.operations[i].text, json.operations[i].text);
        EXPECT_EQ(yaml.operations[i].summary, json.operations[i].summary);
        EXPECT_EQ(yaml.operations[i].tags, json.operations[i].tags);
    }
}

TEST(Yaml, MayBeInBracesWithoutQuotes) {
    EXPECT_THAT(ids(parsed("{openapi: 3.0.0, paths: {/a: {get: {}}}}")), ElementsAre("GET /a"));
}

TEST(Yaml, ReadsPlainScalarsAsText) {
    const auto operation = only_operation(
        "swagger: 2.0\npaths:\n  /a:\n    get:\n      operationId: 0123\n      summary: yes\n      tags: [1.0, ~]\n");
    EXPECT_EQ(operation.operation_id, "0123");
    EXPECT_EQ(operation.summary, "yes");
    EXPECT_THAT(operation.tags, ElementsAre("1.0"));
}

TEST(Yaml, AllowsEmptyPathsAndItems) {
    EXPECT_THAT(parsed("openapi: 3.0.0\npaths:\n").operations, IsEmpty());
    const auto document = parsed("---\nopenapi: 3.0.0\npaths:\n  /a:\n  /b:\n    get:\n    put: {}\n...\n");
    EXPECT_THAT(ids(document), ElementsAre("PUT /b"));
    EXPECT_THAT(document.notes, ElementsAre(Note{"paths./a", "it is null, expected an object"},
                                            Note{"paths./b.get", "it is null, expected an object"}));
}

TEST(Yaml, FollowsAliases) {
    const auto document = parsed(R"(openapi: 3.0.0
x-shared:
  text: &text Shared text
  item: &item
    get: {summary: *text}
    put: &put {summary: Put}
paths:
  /a: *item
  /b:
    post: *put
    trace: {description: *text, tags: [*text]}
)");
    EXPECT_THAT(ids(document), ElementsAre("GET /a", "PUT /a", "POST /b", "TRACE /b"));
    EXPECT_EQ(document.operations[0].summary, "Shared text");
    EXPECT_EQ(document.operations[2].summary, "Put");
    EXPECT_THAT(document.operations[3].tags, ElementsAre("Shared text"));
}

TEST(Yaml, OwnKeysTakePrecedenceOverMergedOnes) {
    const auto document = parsed(R"(openapi: 3.0.0
x-one: &one {get: {summary: one}, put: {summary: one}}
x-two: &two {put: {summary: two}, post: {summary: two}}
x-op: &op {summary: merged, tags: [t]}
paths:
  /a:
    get: {summary: own}
    <<: [*one, *two]
  /b:
    get:
      <<: *op
      summary: mine
)");
    EXPECT_THAT(ids(document), ElementsAre("GET /a", "PUT /a", "POST /a", "GET /b"));
    EXPECT_EQ(document.operations[0].summary, "own");
    EXPECT_EQ(document.operations[1].summary, "one");
    EXPECT_EQ(document.operations[3].summary, "mine");
    EXPECT_THAT(document.operations[3].tags, ElementsAre("t"));
}

TEST(Yaml, RefusesAliasesThatExpandTooFar) {
    std::string bomb = "openapi: 3.0.0\npaths: {}\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string before = "*x" + std::to_string(i - 1);
        const std::string name = std::to_string(i);
        bomb.append("x").append(name).append(": &x").append(name).append(" [").append(before);
        for (int j = 0; j < 9; ++j) bomb.append(", ").append(before);
        bomb.append("]\n");
    }
    EXPECT_THAT(refusal(bomb), AllOf(HasSubstr("aliases expanded"), HasSubstr("line")));
}

TEST(Yaml, RefusesAliasesOfANodeThatContainsThem) {
    EXPECT_THAT(refusal("openapi: 3.0.0\nx: &x {a: *x}\npaths: {}\n"), HasSubstr("inside the node that it repeats"));
    EXPECT_THAT(refusal("&root\nopenapi: 3.0.0\npaths: *root\n"), HasSubstr("inside the node that it repeats"));
    EXPECT_THAT(refusal("openapi: 3.0.0\npaths: *nothing\n"), HasSubstr("broken at line 2"));
}

TEST(Yaml, RefusesMergesThatNestTooDeep) {
    std::string chain = "openapi: 3.0.0\nx0: &x0 {get: {}}\n";
    for (int i = 1; i < 100; ++i)
        chain += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " {<<: *x" + std::to_string(i - 1) + "}\n";
    EXPECT_THAT(refusal(chain + "paths: {/a: *x99}\n"), HasSubstr("merge keys"));
    EXPECT_THAT(ids(parsed(chain + "paths: {/a: *x20}\n")), ElementsAre("GET /a"));
}

TEST(Yaml, RefusesDuplicateKeysEverywhere) {
    EXPECT_THAT(refusal("openapi: 3.0.0\npaths:\n  /a: {get: {}}\n  /a: {put: {}}\n"),
                AllOf(HasSubstr("duplicate key \"/a\""), HasSubstr("line 4, column 3")));
    EXPECT_THAT(refusal("openapi: 3.0.0\npaths: {}\nx: {a: 1, a: 2}\n"), HasSubstr("duplicate key \"a\""));
}

TEST(Yaml, RefusesBrokenTextWithItsPosition) {
    EXPECT_THAT(refusal("openapi: 3.0.0\npaths:\n  /a: [\n"), HasSubstr("the YAML is broken at line"));
    EXPECT_THAT(refusal("openapi: 3.0.0\n\tpaths: {}\n"), HasSubstr("the YAML is broken at line 2"));
    EXPECT_THAT(refusal("openapi: 3.0.0\npaths: {}\n---\nopenapi: 3.0.0\n"), HasSubstr("second YAML document"));
}

TEST(Yaml, RefusesAQuoteThatIsNeverClosed) {
    EXPECT_THAT(refusal("openapi: 3.0.0\npaths: {}\nx: \"text\ny: z\n"),
                AllOf(HasSubstr("never closed"), HasSubstr("line 3, column 4")));
    EXPECT_THAT(refusal("openapi: 3.0.0\npaths: {}\né: 'it''s\n"), HasSubstr("never closed"));
    EXPECT_THAT(refusal("openapi: 3.0.0\npaths: {}\nx: &a \"te\\\"xt\n"), HasSubstr("never closed"));
    EXPECT_THAT(refusal("openapi: \"3.0.0\npaths: {}\n"), HasSubstr("never closed"));
    EXPECT_TRUE(parse_document("openapi: 3.0.0\npaths: {}\né: 漢\nx: &a 'it''s'\ny: don't\n"));
    EXPECT_TRUE(parse_document("openapi: 3.0.0\npaths: {}\r\nx: \"a\\\"b\"\r\ny: \"\"\n"));
    EXPECT_THAT(refusal("openapi: \"3.0.0 paths: {}\"\n"), HasSubstr("not supported"));
}

TEST(Yaml, IgnoresKeysThatAreNotTexts) {
    EXPECT_THAT(ids(parsed("openapi: 3.0.0\n? [a, b]\n: 1\n? {c: d}\n: 2\npaths: {/a: {get: {}}}\n~: 3\n")),
                ElementsAre("GET /a"));
}

// yaml-cpp 0.7 begins a new document, again and again, with a "," that it does not consume; found by tests/fuzz.
TEST(Yaml, AnEntryThatBelongsToNothingIsRefused) {
    for (const char* content :
         {R"(&.0","paths":{"/0","paths":{"/a":{"get":{}}}})", "a: 1\n,", "&a ,", ", ,", "&a ]", "&a }"}) {
        const auto document = parse_document(content);
        ASSERT_FALSE(document) << content;
        EXPECT_FALSE(to_string(document.error()).empty()) << content;
    }
}

}  // namespace
}  // namespace embedq::catalog::test
