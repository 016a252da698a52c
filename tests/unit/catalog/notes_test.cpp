// What a document has and its operations have not: each is named with its place and its reason, and counted.
#include "support.h"

namespace embedq::catalog::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct Case {
    std::string_view name;
    std::string_view content;
    std::vector<std::string> ids;       // that are taken
    std::vector<std::string> left_out;  // the places of the notes
    std::string_view reason;            // of the first
    std::size_t count = 1;              // of operations left out
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all{
        {"a method that is null by its indentation",
         "openapi: 3.0.3\npaths:\n  /a:\n    get:\n      operationId: a\n  /b:\n    get:\n    operationId: b\n",
         {"a"},
         {"paths./b.get"},
         "fields of an operation stand beside it"},
        {"methods that are no objects",
         R"({"openapi":"3.0.1","paths":{"/a":"text","/b":null,"/c":{"get":[],"put":null,"post":{}, "head": 1}}})",
         {"POST /c"},
         {"paths./a", "paths./b", "paths./c.get", "paths./c.put", "paths./c.head"},
         "it is a string, expected an object",
         4},
        {"methods that OpenAPI does not know",
         R"({"openapi":"3.0.1","paths":{"/a":{"GET":{},"link":{},"servers":[],"parameters":[],"x-get":{},"put":{}}}})",
         {"PUT /a"},
         {"paths./a.GET", "paths./a.link"},
         "no such method",
         2},
        {"methods of OpenAPI 3.2 in an older one",
         R"({"openapi":"3.1.0","paths":{"/a":{"query":{},"additionalOperations":{"COPY":{}},"put":{}}}})",
         {"PUT /a"},
         {"paths./a.query", "paths./a.additionalOperations.COPY"},
         "since 3.2, and the document is in OpenAPI 3.1.0",
         2},
        {"webhooks",
         R"({"openapi":"3.1.0","webhooks":{"paid":{"post":{},"get":{}},"x":{"$ref":"#/components/pathItems/used"}},
             "paths":{"/a":{"get":{}}},"components":{"pathItems":{"used":{"put":{}},"idle":{"head":{}}}}})",
         {"GET /a"},
         {"webhooks.paid.post", "webhooks.paid.get", "webhooks.x.$ref", "components.pathItems.idle.head"},
         "webhooks are not indexed",
         4},
        {"only webhooks",
         "openapi: 3.1.0\ninfo: { title: Hooks, version: '1' }\nwebhooks:\n  paid:\n    post: { operationId: paid }\n",
         {},
         {"paths", "webhooks.paid.post"},
         "no \"paths\", so it has no operations; its webhooks are not indexed"},
        {"extensions with operations",
         R"({"openapi":"3.0.1","x-webhooks":{"paid":{"post":{}}},"x-ms-paths":{"/a?x=1":{"get":{},"put":{}}},
             "x-other":{"/b":{"get":{}}},"paths":{"/a":{"get":{}}}})",
         {"GET /a"},
         {"x-webhooks.paid.post", "x-ms-paths./a?x=1.get", "x-ms-paths./a?x=1.put"},
         "extensions are not indexed",
         3},
        {"references that are none",
         R"({"openapi":"3.1.0","paths":{"/a":{"$ref":["b"]},"/b":{"$ref":null},"/c":{"$ref":"","put":{}},
             "/d":{"get":{"$ref":{}}}}})",
         {"PUT /c", "GET /d"},
         {"paths./a.$ref", "paths./b.$ref", "paths./c.$ref", "paths./d.get.$ref"},
         "expected a reference",
         3},
        {"extensions and references that are none, in YAML",
         "openapi: 3.0.1\nx-ms-paths:\n  /a?x=1:\n    get: {}\nx-webhooks: {paid: {post: {}}}\npaths:\n"
         "  /a: {$ref: [b]}\n  /b: {$ref: ''}\n  /c:\n    get:\n      $ref:\n      operationId: c\n",
         {"c"},
         {"paths./a.$ref", "paths./b.$ref", "paths./c.get.$ref", "x-webhooks.paid.post", "x-ms-paths./a?x=1.get"},
         "it is a sequence, expected a reference",
         4},
        {"callbacks, after everything else",
         R"({"openapi":"3.0.1","paths":{"/a":{"get":{"callbacks":{"done":{"{$url}":{"post":{},"put":{}}},
             "failed":{"$ref":"#/components/callbacks/x"}}}},"/b":{"get":[]}}})",
         {"GET /a"},
         {"paths./b.get", "paths./a.get.callbacks.done.{$url}.post", "paths./a.get.callbacks.done.{$url}.put",
          "paths./a.get.callbacks.failed"},
         "it is an array",
         4},
        {"dangling references and cycles of path items",
         R"({"openapi":"3.1.0","paths":{"/a":{"$ref":"#/components/pathItems/Nope"},"/b":{"$ref":"#/paths/~1b"},
             "/c":{"$ref":"one.yaml"},"/d":{"get":{}}}})",
         {"GET /d"},
         {"paths./a", "paths./b", "paths./c"},
         "\"#/components/pathItems/Nope\" leads to nothing",
         3},
        {"references of operations",
         R"({"openapi":"3.1.0","paths":{"/a":{"get":{"$ref":"one.yaml"},"put":{"$ref":"#/x/op"},
             "post":{"$ref":"#/x/item"},"head":{"$ref":"#/x/nothing"},"trace":{"$ref":"#/paths/~1a/trace"},
             "patch":{"$ref":"one.yaml","summary":"own"}}},
             "x":{"op":{"operationId":"op"},"item":{"get":{}}}})",
         {"op", "PATCH /a"},
         {"paths./a.get", "paths./a.post", "paths./a.head", "paths./a.trace", "paths./a.patch"},
         "\"one.yaml\" is not in this document",
         4},
        {"an operation that another one hides",
         R"({"openapi":"3.1.0","paths":{"/a":{"$ref":"#/x","get":{"operationId":"own"}}},
             "x":{"get":{"operationId":"far"}}})",
         {"own"},
         {"paths./a.get"},
         "the path has another operation GET"},
        {"a reference in place of the paths",
         "openapi: 3.0.3\npaths:\n  $ref: 'paths.yaml'\n",
         {},
         {"paths", "paths.$ref"},
         "no operation was taken from 0 paths"},
        {"no paths", R"({"openapi":"3.1.0"})", {}, {"paths"}, "no \"paths\"", 0},
        {"paths that are null", "openapi: 3.0.0\npaths: null\n", {}, {"paths"}, "is empty", 0},
        {"a path that is null by its indentation",
         "openapi: 3.0.3\npaths:\n  /a:\n    get: {}\n  /b:\n  get:\n    operationId: b\n    responses: {}\n",
         {"GET /a"},
         {"paths./b", "paths.get"},
         "it is null, expected an object"},
        {"a method among the paths, with what paths have as well",
         R"({"openapi":"3.0.1","paths":{"get":{"summary":"a","parameters":[]},"/a":{"put":{}}}})",
         {"PUT /a"},
         {"paths.get"},
         "it stands beside the paths"},
        {"a path without a method",
         "openapi: 3.0.3\npaths:\n  /a:\n    operationId: a\n    responses: {}\n  /b: {$ref: '#/x'}\n"
         "  /c: {put: {}}\nx: {operationId: x}\n",
         {"PUT /c"},
         {"paths./a", "paths./b"},
         "it has fields of an operation, and no method above them",
         2},
        {"paths and methods outside of the paths",
         "openapi: 3.0.3\npaths:\n  /a: {get: {}}\n/b:\n  get: {}\nput: {}\n",
         {"GET /a"},
         {"/b", "put"},
         "it stands outside of \"paths\"",
         2},
        {"methods and paths in an operation",
         "openapi: 3.0.3\npaths:\n  /a:\n    get:\n      tags: []\n      put: {summary: put}\n      /b: {get: {}}\n"
         "      head: true\n",
         {"GET /a"},
         {"paths./a.get.put", "paths./a.get./b"},
         "it stands in an operation; its indentation may be wrong",
         2},
        {"paths without operations",
         R"({"swagger":"2.0","paths":{"/a":{},"/b":null}})",
         {},
         {"paths", "paths./b"},
         "from 2 paths",
         0},
    };
    return all;
}

TEST(Notes, NameWhatIsLeftOut) {
    for (const Case& test : cases()) {
        SCOPED_TRACE(test.name);
        const auto document = parsed(test.content);
        EXPECT_EQ(ids(document), test.ids);
        std::vector<std::string> places;
        for (const Note& note : document.notes) places.push_back(note.where);
        EXPECT_EQ(places, test.left_out);
        ASSERT_FALSE(document.notes.empty());
        EXPECT_THAT(document.notes.front().reason, HasSubstr(test.reason));
        EXPECT_EQ(document.operations_left_out, test.count);
        EXPECT_EQ(document.note_count, document.notes.size());
    }
}

TEST(Notes, AreTheSameInYaml) {
    const auto json = parsed(
        R"({"openapi":"3.1.0","webhooks":{"w":{"post":{}}},"paths":{"/a":{"GET":{},"put":[],"query":{},"responses":{}},
            "/c":null,"/d":{"get":{"put":{},"post":1}},"/e":{"tags":[]},"get":{},"/b":{"get":{"$ref":"#/x","callbacks":{"c":{"{$u}":{"post":{}}}}}}},"x":{"operationId":"x"},"/f":{}})");
    const auto yaml = parsed(R"(openapi: 3.1.0
webhooks: {w: {post: {}}}
paths:
  /a: {GET: {}, put: [], query: {}, responses: {}}
  /c: null
  /d: {get: {put: {}, post: 1}}
  /e: {tags: []}
  get: {}
  /b: {get: {$ref: '#/x', callbacks: {c: {'{$u}': {post: {}}}}}}
x: {operationId: x}
/f: {}
)");
    EXPECT_EQ(ids(json), ids(yaml));
    EXPECT_EQ(json.operations_left_out, 9U);
    EXPECT_EQ(yaml.operations_left_out, 9U);
    ASSERT_EQ(json.notes.size(), yaml.notes.size());
    for (std::size_t i = 0; i < json.notes.size(); ++i) EXPECT_EQ(json.notes[i].where, yaml.notes[i].where);
}

TEST(Notes, AreLimitedAndCounted) {
    std::string paths = R"({"/ok":{"get":{"callbacks":{"c":{"{$u}":{"post":{}}}}}})";
    for (int i = 0; i < 150; ++i) paths += ",\"/" + std::to_string(i) + "\":1";
    const auto document = parsed(with_paths(paths + "}"));
    EXPECT_THAT(document.notes, SizeIs(max_notes));
    EXPECT_EQ(document.notes.back().where, "paths./99");
    EXPECT_EQ(document.note_count, 151U);
    EXPECT_EQ(document.operations_left_out, 151U);
}

TEST(Version32, HasAllOfItsMethods) {
    const auto document = parsed(R"(openapi: 3.2.0
$self: https://api.example.com/shop.yaml
paths:
  /carts:
    query: {operationId: queryCarts, summary: Search carts}
    get: {operationId: listCarts}
    additionalOperations:
      COPY: {operationId: copyCart, summary: Copy a cart}
      LINK: {operationId: linkCart}
      GET: {operationId: again}
      'NO METHOD': {}
  /coupons: {$ref: 'https://api.example.com/shop.yaml#/paths/~1carts'}
)");
    ASSERT_THAT(ids(document), SizeIs(8));
    EXPECT_EQ(document.operations[0].method, "QUERY");
    EXPECT_EQ(document.operations[2].method, "COPY");
    EXPECT_EQ(document.operations[2].text, "Copy a cart\ncopy carts\ncopy cart");
    EXPECT_EQ(document.operations[7].path, "/coupons");
    EXPECT_EQ(document.notes.front().where, "paths./carts.additionalOperations.NO METHOD");
    EXPECT_EQ(document.notes[1], (Note{"paths./carts.additionalOperations.GET", "the path has another operation GET"}));
}

// A tag's name is an identifier in OpenAPI 3.2; what people call it is its summary, and it may be under others.
TEST(Version32, TakesTheSummariesOfTagsAndTheTagsAboveThem) {
    constexpr std::string_view json = R"({"openapi":"3.2.0","tags":[{"name":"acct","summary":"Accounts"},
        {"name":"acct-upd","summary":"Account &amp; updates","parent":"acct","kind":"nav"},
        {"name":"loop","parent":"loop"},{"name":"plain"},1],
        "paths":{"/a":{"get":{"tags":["acct-upd","loop","plain"]}}}})";
    const auto operation = only_operation(json);
    EXPECT_EQ(operation.text, "get a\nacct-upd, loop, plain, Account & updates, acct, Accounts");
    EXPECT_THAT(operation.tags, ElementsAre("acct-upd", "loop", "plain"));
    const auto yaml = only_operation(R"(openapi: 3.2.0
tags:
  - {name: acct, summary: Accounts}
  - {name: acct-upd, summary: Account &amp; updates, parent: acct, kind: nav}
  - {name: loop, parent: loop}
  - {name: plain}
paths:
  /a: {get: {tags: [acct-upd, loop, plain]}}
)");
    EXPECT_EQ(yaml.text, operation.text);
    std::string older(json);
    older.replace(older.find("3.2.0"), 5, "3.1.0");
    EXPECT_EQ(only_operation(older).text, "get a\nacct-upd, loop, plain");
}

TEST(Version32, BoundsTheAdditionalOperationsOfAPath) {
    std::string more;
    for (int i = 0; i < 40; ++i) more += (i == 0 ? "\"M" : ",\"M") + std::to_string(i) + "\":{}";
    const auto document = parsed(R"({"openapi":"3.2.0","paths":{"/a":{"additionalOperations":{)" + more + "}}}}");
    ASSERT_THAT(document.operations, SizeIs(32));
    EXPECT_EQ(document.operations_left_out, 8U);
    EXPECT_THAT(document.notes.front().reason, HasSubstr("at most 32"));
}

}  // namespace
}  // namespace embedq::catalog::test
