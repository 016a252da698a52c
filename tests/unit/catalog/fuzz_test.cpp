// Malformed input: nothing may crash, and no JSON that was cut may be accepted. Runs under ASan and UBSan in the asan
// preset.
#include <random>

#include "support.h"

namespace embedq::catalog::test {
namespace {

constexpr std::string_view json =
    R"({"openapi":"3.0.1","info":{"title":"T é","version":"1"},"paths":{"/a/{id}":{"summary":"s",)"
    R"("get":{"operationId":"g",
"summary":"S \u00e9 <b>x</b>","description":"D [l](u) 😀","tags":["t",1],)"
    R"("responses":{"200":{"n":[1,-2.5e3,true,false,null,{}]}}},"$ref":"#/x/y"},
"/b":{"$ref":"#/paths/~1a~1%7Bid%7D"}},"x":{"y":{"put":{}}}})";

constexpr std::string_view yaml = R"(openapi: 3.1.0
info: {title: "T é", version: 1}
x: &x
  put: {summary: 'it''s'}
paths:
  /a/{id}: &item
    <<: [*x]
    get:
      operationId: g
      description: |
        Lines
      tags: [t, "u"]
      responses: {200: {a: ~}}
  /b: *item
  /c:
    $ref: '#/x'
)";

// Every result must be usable: texts are UTF-8 and not empty, ids are unique.
void examine(std::string_view content) {
    const auto document = parse_document(content);
    if (!document) {
        EXPECT_FALSE(to_string(document.error()).empty());
        return;
    }
    std::vector<std::string> all = ids(*document);
    std::ranges::sort(all);
    EXPECT_TRUE(std::ranges::adjacent_find(all) == all.end()) << content;
    for (const auto& operation : document->operations) EXPECT_FALSE(operation.text.empty()) << content;
}

TEST(Fuzz, EveryPrefixOfJsonIsRefused) {
    EXPECT_EQ(parsed(json).operations.size(), 4U);
    for (std::size_t length = 0; length < json.size(); ++length)
        EXPECT_FALSE(parse_document(json.substr(0, length))) << length;
}

TEST(Fuzz, NoPrefixOfYamlCrashes) {
    EXPECT_EQ(parsed(yaml).operations.size(), 5U);
    for (std::size_t length = 0; length < yaml.size(); ++length) examine(yaml.substr(0, length));
}

TEST(Fuzz, NoChangedBytesCrash) {
    constexpr std::string_view marks =
        "{}[]\",:\\/#&*<>-|~!?%@` \n\t\0\xc3\xff"
        "0e";
    std::mt19937 random(42);  // the same bytes each time, so that a failure can be repeated
    for (int round = 0; round < 6000; ++round) {
        std::string text(round % 2 == 0 ? json : yaml);
        for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
                case 0: text[at] = static_cast<char>(random() % 256); break;
                case 1: text[at] = marks[random() % marks.size()]; break;
                case 2: text.erase(at, 1 + random() % 5); break;
                default: text.insert(at, text.substr(random() % text.size(), random() % 20)); break;
            }
            if (text.empty()) break;
        }
        examine(text);
    }
}

TEST(Fuzz, NoLongRunsCrash) {
    for (const std::string_view piece : {"{", "[", "\"", "{\"a\":", "- ", "? ", ": ", "a:\n ", "&a ", "*a ", "!t ", "<",
                                         "#/", "| ", "---\n", "\\", "{a: "}) {
        std::string text = "openapi: 3.0.0\nx: ";
        std::string bare;
        for (int i = 0; i < 3000; ++i) bare += piece;
        examine(bare);
        examine(text + bare);
    }
}

}  // namespace
}  // namespace embedq::catalog::test
