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
        {"a text in place of a list", head + "  /a:\n    get:\n      parameters: na\n", "where a list is due"},
        {"a text in place of a parameter", head + "  /a:\n    get:\n      parameters:\n        - na\n",
         "after the list's last \"-\", where a parameter is due"},
        {"a key without a colon", head + "  /a:\n    get:\n      operationId: a\n      summ",
         "the document ends after the key \"summ\", without a colon and a value"},
        {"a key without a colon before a line feed", head + "  /a:\n    get:\n      operationId: a\n      summ\n",
         "without a colon and a value"},
        {"a key without a value in its line", head + "  /a:\n    get:\n      operationId: a\n      summary:",
         "the document ends in a line, after the key \"summary\" and before its value"},
        {"a method without a value", head + "  /a:\n    get:\n", "after the key \"get\", where an operation is due"},
        {"a path without a value", head + "  /a:\n    get: {}\n  /b:\n", "where a path item is due"},
        {"responses without a value", head + "  /a:\n    get:\n      responses: # so\n", "where an object is due"},
        {"a block text without a line", head + "  /a:\n    get:\n      description: |\n",
         "the document ends where the text of the key \"description\" begins"},
        {"a bracket", head + "  /a: { get: { operationId: a }\n", "the bracket that opens here is never closed"},
        {"a quote", head + "  /a:\n    get:\n      summary: \"Lis",
         "broken at line 6, column 20: illegal EOF in scalar"},
        {"part of a type", before(shop, "teger\n"), "the document ends in a line, with \"in\" after the key \"type\""},
        {"before the paths", before(shop, "paths:"), "the document ends before \"paths\""},
        {"in the information", before(shop, "  version"), "the document ends before \"paths\""},
        {"before the responses", before(shop, "      responses:\n        '200':\n          description: Coupons"),
         "the document ends in an operation without \"responses\", which each of the 2 before it has"},
        {"before a description", before(shop, " Coupons\n"), "after the key \"description\" and before its value"},
        {"before the components", before(shop, "components:\n"),
         "the document ends before \"components.schemas\", to which it refers"},
        {"before all schemas", before(shop, "    Cart:\n"),
         "the document ends before \"components.schemas\", to which it refers"},
        {"before two schemas", before(shop, "    Carts:\n"), "ends in \"components.schemas\" before 2 of the entries"},
        {"in a line before one schema", before(shop, "\n    Coupon:\n"),
         "ends in \"components.schemas\" before 1 of the entries"},
    };
    for (const CutCase& test : cases) {
        const auto document = parse_document(test.content);
        ASSERT_FALSE(document) << test.name;
        EXPECT_THAT(document.error().message, AllOf(HasSubstr(test.message), HasSubstr("line "))) << test.name;
        EXPECT_EQ(document.error().hint, "the document may be truncated") << test.name;
    }
}

TEST(Cut, OfARealDocumentIsRefusedAlmostEverywhere) {
    ASSERT_EQ(parsed(shop).operations.size(), 3U);
    std::size_t lines = 0;
    std::size_t read_lines = 0;
    std::size_t read_bytes = 0;
    for (std::size_t length = 1; length < shop.size(); ++length) {
        const bool is_read = parse_document(shop.substr(0, length)).has_value();
        if (is_read) ++read_bytes;
        if (shop[length - 1] != '\n') continue;
        ++lines;
        if (is_read) ++read_lines;
    }
    // What is left: whole entries, or a value that may be shorter, so that nothing shows that something is missing.
    EXPECT_EQ(lines, 54U);
    EXPECT_THAT(read_lines, Le(12U));
    EXPECT_THAT(read_bytes, Le(shop.size() / 10));
}

TEST(Cut, IsNotWhatGeneratorsWrite) {
    const std::string head = "openapi: 3.0.3\ninfo:\n  title: Shop\n  version: '1'\n";
    const std::string operation = "paths:\n  /a:\n    get:\n      operationId: a\n      responses: {}\n";
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
    };
    for (const auto& [name, content] : contents) {
        const auto document = parse_document(content);
        EXPECT_TRUE(document) << name << ": " << (document ? "" : to_string(document.error()));
    }
}

TEST(Cut, IsNotSaidOfWhatIsNoOpenApi) {
    EXPECT_THAT(refusal("asyncapi: 2.0.0\nchannels:\n"), HasSubstr("AsyncAPI"));
    EXPECT_THAT(refusal("openapi: 4.0.0\n"), HasSubstr("not supported"));
}

}  // namespace
}  // namespace embedq::catalog::test
