// YAML that was cut is refused, as JSON is; what only looks like that is read.
#include "support.h"

namespace embedq::catalog::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Le;

constexpr std::string_view shop = R"(openapi: 3.0.3
info:
  title: Shop
  version: '1'
paths:
  /carts:
    get:
      operationId: listCarts
      parameters:
        - name: limit
          in: query
          schema:
            type: integer
      responses:
        '200':
          description: Carts
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Carts'
    post:
      operationId: openCart
      requestBody:
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/Cart'
      responses:
        '201':
          description: The cart
  /coupons:
    get:
      operationId: listCoupons
      responses:
        '200':
          description: Coupons
          content:
            application/json:
              schema:
                type: array
                items:
                  $ref: '#/components/schemas/Coupon'
components:
  schemas:
    Cart:
      type: object
      properties:
        id:
          type: string
    Carts:
      type: array
      items:
        $ref: '#/components/schemas/Cart'
    Coupon:
      type: object
)";

std::string before(std::string_view text, std::string_view mark) {
    return std::string(text.substr(0, text.find(mark)));
}

struct CutCase {
    std::string_view name;
    std::string content;
    std::string message;
};

TEST(Cut, IsRefusedWithItsPlace) {
    const std::string head = "openapi: 3.0.3\ninfo: { title: Shop, version: \"1\" }\npaths:\n";
    const std::vector<CutCase> cases{
        {"a text in place of a path item", head + "  /a:\n    get: { operationId: a }\n  /b:\n    ge\n",
         "line 7, column 5: the document ends with \"ge\" after the key \"/b\", where a path item is due"},
        {"a text in place of an operation", head + "  /a:\n    get:\n      operationI\n", "where an operation is due"},
        {"a text in place of a list", head + "  /a:\n    get:\n      parameters:\n        na\n", "where a list is due"},
        {"a text in place of a parameter", head + "  /a:\n    get:\n      parameters:\n        - na\n",
         "after the list's last \"-\", where a parameter is due"},
        {"a quoted text in place of responses", head + "  /a:\n    get:\n      responses:\n        '200'",
         "ends with \"200\" after the key \"responses\", where an object is due"},
        {"a quoted text in place of a path item", head + "  /a:\n    get: {}\n  /b:\n    \"get\"\n",
         "ends with \"get\" after the key \"/b\", where a path item is due"},
        {"a quoted key without a colon", head + "  /a:\n    get:\n      responses:\n        '200': {}\n        '404'",
         "without a colon and a value"},
        {"a key without a colon", head + "  /a:\n    get:\n      operationId: a\n      summ",
         "the document ends after the key \"summ\", without a colon and a value"},
        {"a key without a colon before a line feed", head + "  /a:\n    get:\n      operationId: a\n      summ\n",
         "without a colon and a value"},
        {"a key without a value in its line", head + "  /a:\n    get:\n      summary: a\n      operationId:",
         "the document ends in a line, after the key \"operationId\" and before its value"},
        {"a method without a value", head + "  /a:\n    get:\n", "after the key \"get\", where an operation is due"},
        {"a path without a value", head + "  /a:\n    get: {}\n  /b:\n", "where a path item is due"},
        {"responses without a value", head + "  /a:\n    get:\n      responses: # so\n", "where an object is due"},
        {"a bracket", head + "  /a: { get: { operationId: a }\n", "the bracket that opens here is never closed"},
        {"a quote", head + "  /a:\n    get:\n      summary: \"Lis",
         "broken at line 6, column 20: illegal EOF in scalar"},
        {"part of a type", before(shop, "teger\n"), "the document ends in a line, with \"in\" after the key \"type\""},
        {"before the paths", before(shop, "paths:"), "the document ends before \"paths\""},
        {"in the information", before(shop, "  version"), "the document ends before \"paths\""},
        {"before the responses", before(shop, "      responses:\n        '200':\n          description: Coupons"),
         "the document ends in an operation without \"responses\", which each of the 2 before it has"},
        {"before a description", before(shop, " Coupons\n"),
         "the document ends before \"components.schemas\", to which it refers"},
        {"part of a flag", head + "  /a:\n    get:\n      deprecated: fal",
         "with \"fal\" after the key \"deprecated\""},
        {"before the components", before(shop, "components:\n"),
         "the document ends before \"components.schemas\", to which it refers"},
        {"before all schemas", before(shop, "    Cart:\n"),
         "the document ends before \"components.schemas\", to which it refers"},
        {"in a line before two schemas", before(shop, "\n    Carts:\n"),
         "ends in \"components.schemas\" before 2 of the entries"},
        {"after an empty list before two schemas", before(shop, "    Carts:\n") + "      required:\n",
         "the document ends after the key \"required\", where a list is due"},
    };
    for (const CutCase& test : cases) {
        const auto document = parse_document(test.content);
        ASSERT_FALSE(document) << test.name;
        EXPECT_THAT(document.error().message, AllOf(HasSubstr(test.message), HasSubstr("line "))) << test.name;
        EXPECT_EQ(document.error().hint, "the document may be truncated") << test.name;
    }
}

// The reason of the note that a document may be cut; empty without one.
std::string maybe_cut(const Document& document) {
    for (const Note& note : document.notes) {
        if (note.reason.starts_with("it may be cut off")) return note.where + ": " + note.reason;
    }
    return {};
}

TEST(Cut, OfARealDocumentIsRefusedOrNotedAlmostEverywhere) {
    ASSERT_EQ(parsed(shop).operations.size(), 3U);
    std::size_t lines = 0;
    std::size_t read_lines = 0;
    std::size_t read_bytes = 0;
    std::size_t silent_lines = 0;
    std::size_t silent_bytes = 0;
    for (std::size_t length = 1; length < shop.size(); ++length) {
        const auto document = parse_document(shop.substr(0, length));
        const bool is_silent = document && maybe_cut(*document).empty();
        if (document) ++read_bytes;
        if (is_silent) ++silent_bytes;
        if (shop[length - 1] != '\n') continue;
        ++lines;
        if (document) ++read_lines;
        if (is_silent) ++silent_lines;
    }
    // What is left: whole entries, or a value that may be shorter, so that nothing shows that something is missing.
    EXPECT_EQ(lines, 54U);
    EXPECT_THAT(read_lines, Le(17U));
    EXPECT_THAT(read_bytes, Le(shop.size() / 8));
    EXPECT_THAT(silent_lines, Le(12U));
    EXPECT_THAT(silent_bytes, Le(shop.size() / 10));
}

std::string without_last_line_feed(std::string text) {
    return text.substr(0, text.size() - 1);
}

// Three operations with responses, and a last one with what follows.
std::string with_last_operation(std::string_view version, std::string_view end) {
    std::string text = "openapi: " + std::string(version) + "\ninfo: { title: Shop, version: \"1\" }\npaths:\n";
    for (const std::string_view path : {"/a", "/b", "/c"}) {
        text +=
            "  " + std::string(path) + ":\n    get:\n      responses:\n        '200':\n          description: Yes\n" +
            "          content:\n            application/json:\n              schema:\n                type: string\n";
    }
    return text + "  /d:\n    get:\n      operationId: d\n" + std::string(end);
}

constexpr std::string_view last_response = "      responses:\n        '200':\n          description: Yes\n";
constexpr std::string_view last_media =
    "      responses:\n        '200':\n          description: Yes\n          content:\n            application/json:\n";

TEST(Cut, IsANoteWhereTheDocumentMayBeComplete) {
    const std::string ended = with_last_operation("3.0.3", last_response);
    const std::string schema = ended + "components:\n  schemas:\n    A:\n      type: object\n";
    const std::string references =
        "          headers:\n            H:\n              schema:\n                $ref: '#/components/schemas/A'\n";
    const std::string references_to_more =
        "            I: {schema: {$ref: '#/components/schemas/B'}}\n            J: {schema: {$ref: "
        "'#/components/schemas/C'}}\n";
    const std::vector<CutCase> cases{
        {"no responses in 3.1", with_last_operation("3.1.0", ""),
         "line 33: it may be cut off: the document ends in an operation without \"responses\", which each of the 3"},
        {"no responses in 3.2", with_last_operation("3.2.0", ""), "an operation without \"responses\""},
        {"no description in 3.2",
         with_last_operation("3.2.0", "      responses:\n        '200':\n          headers: {}\n"),
         "a response without \"description\""},
        {"indentation without a line", ended + "      ", "the document ends in the indentation of a line"},
        {"one reference to nothing, in a line", without_last_line_feed(ended + references),
         "before \"components.schemas\", to which it refers"},
        {"two references to nothing",
         ended + references + "            I:\n              schema:\n                $ref: '#/components/schemas/B'\n",
         "before \"components.schemas\", to which it refers"},
        {"two entries that are missing",
         schema + "      properties:\n        b:\n          $ref: '#/components/schemas/B'\n        c:\n"
                  "          $ref: '#/components/schemas/C'\n",
         "before 2 of the entries"},
        {"empty tags", ended + "      tags:\n", "after the key \"tags\", where a list is due"},
        {"empty security", ended + "      security:\n", "where a list is due"},
        {"empty parameters", ended + "      parameters:\n", "where a list is due"},
        {"empty properties", schema + "      properties:\n", "where an object is due"},
        {"empty tags in a line", ended + "tags:", "in a line, after the key \"tags\" and before its value"},
        {"an empty contact",
         "info:\n  contact:\n" + ended.substr(0, 15) + ended.substr(ended.find("paths")) +
             "      servers:\n        - url: /\n          variables:",
         "in a line, after the key \"variables\""},
        {"an empty extension in a line", ended + "x-generated:", "in a line, after the key \"x-generated\""},
        {"an empty description in a line", ended + "      description:", "in a line, after the key \"description\""},
        {"an item that is a text", ended + "tags:\n  - shops\n", "with \"shops\" after the list's last \"-\""},
        {"a path whose operations are comments", ended + "  /e:\n#    get:\n#      operationId: e\n",
         "where a path item is due"},
        {"responses that are comments", with_last_operation("3.0.3", "#      responses: {}\n"),
         "an operation without \"responses\""},
        {"sections that are comments", ended + references + references_to_more + "# components: and so on\n",
         "before \"components.schemas\", to which it refers"},
        {"a text without lines", ended + "      description: |-\n", "where the text of the key \"description\" begins"},
    };
    for (const CutCase& test : cases) {
        const auto document = parse_document(test.content);
        ASSERT_TRUE(document) << test.name << ": " << to_string(document.error());
        EXPECT_THAT(maybe_cut(*document), HasSubstr(test.message)) << test.name;
        EXPECT_THAT(document->operations.size(), testing::Ge(4U)) << test.name;
    }
}

TEST(Cut, IsNotAWordThatIsWhole) {
    const std::string head = with_last_operation("3.0.3", last_response) + "components:\n  schemas:\n    A:\n      ";
    for (const std::string_view end : {"type: float", "type: string", "type: int", "type: uuid", "format: date",
                                       "format: int", "additionalProperties: False", "additionalProperties: TRUE",
                                       "additionalProperties: true", "nullable: True", "deprecated: yes"}) {
        for (const std::string_view line_end : {"", "\n"}) {
            const auto document = parse_document(head + std::string(end) + std::string(line_end));
            ASSERT_TRUE(document) << end << ": " << to_string(document.error());
            EXPECT_EQ(maybe_cut(*document), "") << end;
        }
    }
}

TEST(Cut, IsNotWhatGeneratorsWrite) {
    const std::string head = "openapi: 3.0.3\ninfo:\n  title: Shop\n  version: '1'\n";
    const std::string operation = "paths:\n  /a:\n    get:\n      operationId: a\n      responses: {}\n";
    const std::string references_to_a =
        "      parameters:\n        - name: a\n          in: query\n          schema: {allOf: [{$ref: "
        "'#/components/schemas/A'}, "
        "{$ref: '#/components/schemas/B'}, {$ref: '#/components/schemas/C'}]}\n";
    const std::vector<std::pair<std::string_view, std::string>> contents{
        {"empty paths", head + "paths:\n"},
        {"empty paths without a line feed", head + "paths: {}"},
        {"null values in the middle",
         head + "paths:\n  /a:\n    get:\n      summary:\n      tags:\n      operationId: a\n"},
        {"no last line feed", operation.substr(0, operation.size() - 1) + "\n" + head.substr(0, head.size() - 1)},
        {"a null that is written", head + operation + "components: null"},
        {"a null that is written in a schema",
         head + operation + "components:\n  schemas:\n    A:\n      properties: ~\n"},
        {"an empty section", head + operation + "components:\n"},
        {"an empty section of components", head + operation + "components:\n  schemas:\n"},
        {"an empty description", head + operation + "tags:\n  - name: a\n    description:\n"},
        {"an example that is null", head + operation + "components:\n  schemas:\n    A:\n      example:\n"},
        {"a text as an example",
         head + operation + "components:\n  schemas:\n    A:\n      example:\n        items: b\n"},
        {"an enum with a null",
         head + operation + "components:\n  schemas:\n    A:\n      enum:\n        - a\n        -\n"},
        {"a schema that is a flag",
         head + operation + "components:\n  schemas:\n    A:\n      additionalProperties: false\n"},
        {"an extension", head + operation + "x-paths:\n  get: so\n"},
        {"an extension without a value", head + operation + "x-generated:\n"},
        {"spaces behind the last value", head + operation.substr(0, operation.size() - 1) + "  "},
        {"an end mark", head + operation + "components:\n  schemas:\n    A:\n...\n"},
        {"a comment at the end", head + operation + "# end"},
        {"an operation without responses, as the others",
         head + "paths:\n  /a:\n    get:\n      operationId: a\n  /b:\n    get:\n      operationId: b\n"},
        {"one reference to nothing",
         head + operation +
             "    post:\n      responses:\n        '200':\n          $ref: '#/components/responses/A'\n"},
        {"references to path items that are nothing",
         head + "paths:\n  /a: {$ref: '#/components/pathItems/A'}\n  /b: {$ref: '#/components/pathItems/B'}\n"},
        {"components first", "components:\n  schemas:\n    A: {$ref: '#/components/schemas/A'}\n" + head + operation},
        {"a block text at the end", head + operation + "x-text: |\n  so"},
        {"a type of its own", head + operation + "components:\n  schemas:\n    A:\n      type: uuid\n"},
        {"a contact as the end", head.substr(0, 15) + operation + head.substr(15) + "  contact:\n    name: so\n"},
        {"a license that is a text", head.substr(0, 15) + operation + head.substr(15) + "  license: MIT\n"},
        {"a list that is a text", head + operation + "      tags: so\n"},
        {"a list that is a quoted text", head + operation + "      tags: 'so'"},
        {"a quoted text as an example",
         head + operation + "components:\n  schemas:\n    A:\n      example:\n        'so'"},
        {"a quoted word that begins another one",
         head + operation + "components:\n  schemas:\n    A:\n      type: 'int'"},
        {"responses by a merge key",
         "x-all: &all\n  responses: {}\n" + with_last_operation("3.0.3", "      <<: *all\n")},
        {"misspelt paths", head + "Paths: {/a: {get: {operationId: a}}}\n"},
        {"paths by a merge key", head + "<<: {paths: {/a: {get: {operationId: a}}}}\n"},
        {"schemas by a reference",
         head + operation + references_to_a + "components:\n  schemas:\n    $ref: schemas.yaml\n"},
        {"a media type with an example",
         with_last_operation("3.0.3", std::string(last_media) + "              example: so\n")},
        {"a media type with examples",
         with_last_operation("3.0.3", std::string(last_media) + "              examples: {a: {value: so}}\n")},
        {"a media type with items",
         with_last_operation("3.2.0", std::string(last_media) + "              itemSchema: {type: string}\n")},
        {"references in an example",
         with_last_operation("3.0.3", std::string(last_media) +
                                          "              example:\n                - $ref: '#/components/schemas/A'\n"
                                          "                - $ref: '#/components/schemas/B'\n"
                                          "                - $ref: '#/components/schemas/C'\n")},
        {"references in an extension",
         head + operation +
             "x-all:\n  - $ref: '#/definitions/A'\n  - $ref: '#/definitions/B'\n  - $ref: '#/definitions/C'\n"},
    };
    for (const auto& [name, content] : contents) {
        const auto document = parse_document(content);
        ASSERT_TRUE(document) << name << ": " << to_string(document.error());
        EXPECT_EQ(maybe_cut(*document), "") << name;
    }
}

TEST(Cut, IsNotSaidOfWhatIsNoOpenApi) {
    EXPECT_THAT(refusal("asyncapi: 2.0.0\nchannels:\n"), HasSubstr("AsyncAPI"));
    EXPECT_THAT(refusal("openapi: 4.0.0\n"), HasSubstr("not supported"));
}

}  // namespace
}  // namespace embedq::catalog::test
