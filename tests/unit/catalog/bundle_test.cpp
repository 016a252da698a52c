// Documents in several files, from files in memory.
#include "catalog/bundle.h"

#include <filesystem>
#include <map>

#include "support.h"

namespace embedq::catalog::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// Files in memory, of which those above "root/" are outside.
class Files final : public PartSource {
public:
    explicit Files(std::map<std::string, std::string> files) : files_(std::move(files)) {}

    const PartPlace& document() const override { return document_; }
    Result<PartPlace> locate(const PartPlace& from, std::string_view reference) override {
        ++located;
        const auto path = (std::filesystem::path(from.id).parent_path() / reference).lexically_normal();
        if (!path.string().starts_with("root/")) return fail(ErrorKind::invalid_argument, "is outside");
        return PartPlace{path.string(), path.lexically_relative("root").string()};
    }
    Result<std::string> read(const PartPlace& part, std::size_t max_bytes, std::stop_token) override {
        read_.push_back(part.name);
        if (on_read) on_read();
        const auto at = files_.find(part.name);
        if (at == files_.end()) return fail(ErrorKind::not_found, "does not exist");
        if (at->second == "busy") return fail(ErrorKind::unavailable, "answers 503");
        if (at->second.size() > max_bytes) return fail(ErrorKind::too_large, "is too long");
        return at->second;
    }

    std::vector<std::string> read_;
    std::size_t located = 0;
    std::function<void()> on_read;

private:
    const std::map<std::string, std::string> files_;
    const PartPlace document_{"root/api.yaml", "api.yaml"};
};

Bundle bundled(const std::string& document, Files& files, const BundleLimits& limits = {}) {
    auto made = bundle(document, files, limits);
    if (!made) ADD_FAILURE() << to_string(made.error());
    return made ? std::move(*made) : Bundle{};
}

Bundle bundled(const std::string& document, std::map<std::string, std::string> parts) {
    Files files(std::move(parts));
    return bundled(document, files);
}

std::string document(std::string_view paths, std::string_view rest = {}) {
    return "openapi: 3.1.0\ninfo: {title: Shop, version: 1.10}\npaths:\n" + std::string(paths) + std::string(rest);
}

std::vector<std::string> lines(const Document& document) {
    std::vector<std::string> all;
    for (const auto& operation : document.operations)
        all.push_back(operation.method + " " + operation.path + " " + operation.operation_id + ": " +
                      operation.summary);
    return all;
}

std::vector<std::string> noted(const Document& document) {
    std::vector<std::string> all;
    for (const auto& note : document.notes) all.push_back(note.where + ": " + note.reason);
    return all;
}

TEST(Bundle, ADocumentWithoutPartsIsKeptByteForByte) {
    for (const std::string_view text : {"openapi: 3.0.0\npaths: {/a: {$ref: '#/x'}} # '$ref' in prose\n",
                                        "{\"openapi\":\"3.0.0\", \"$ref\" : \"#/x\"}", "not: [a document\n",
                                        "$ref: other.yaml\n", "openapi: 3.0.0\nx: 'the key $ref: a.yaml'\n"}) {
        const Bundle made = bundled(std::string(text), {});
        EXPECT_EQ(made.content, text);
        EXPECT_FALSE(made.is_bundle) << text;
    }
}

TEST(Bundle, FollowsPathItemsOperationsAndPaths) {
    const std::map<std::string, std::string> parts{
        {"parts/carts.yaml", "get: {operationId: listCarts, summary: List carts}\npost: {$ref: open.json#/open}\n"},
        {"parts/open.json", R"({"open":{"operationId":"openCart","summary":"Open a cart"}})"},
        {"paths.yaml", "/coupons: {$ref: 'parts/coupons.json#/a~1b/%7Bid%7D'}\n/health: {head: {summary: Health}}\n"},
        {"parts/coupons.json", R"({"a/b":{"{id}":{"put":{"$ref":"../parts/open.json#/open"}}}})"}};
    const std::vector<std::string> expected{"GET /carts listCarts: List carts", "POST /carts openCart: Open a cart",
                                            "PUT /coupons openCart: Open a cart", "HEAD /health HEAD /health: Health"};
    const auto strip = [](std::vector<std::string> all) {
        for (auto& line : all)
            line.erase(std::min(line.find('~'), line.size()),
                       line.find(':') - std::min(line.find('~'), line.find(':')));
        return all;
    };
    const Bundle yaml = bundled(document("  /carts: {$ref: parts/carts.yaml}\n  $ref: paths.yaml\n"), parts);
    const Bundle json =
        bundled(R"({"openapi":"3.1.0","paths":{"/carts":{"$ref":"parts/carts.yaml"},"$ref":"paths.yaml"}})", parts);
    for (const Bundle& made : {yaml, json}) {
        const Document read = parsed(made.content);
        EXPECT_EQ(strip(lines(read)), expected);
        EXPECT_THAT(read.notes, IsEmpty());
        EXPECT_EQ(made.parts.size(), 4U);
        EXPECT_TRUE(made.is_bundle);
    }
}

TEST(Bundle, IsTheSameHoweverItsPartsAreWrittenOrFound) {
    const std::map<std::string, std::string> parts{{"a.yaml", "get: {$ref: b.yaml}"}, {"b.yaml", "summary: B"}};
    const Bundle once = bundled(document("  /a: {$ref: a.yaml}\n  /b: {get: {$ref: './b.yaml'}}\n"), parts);
    EXPECT_EQ(bundled(document("  /a: {$ref: a.yaml}\n  /b: {get: {$ref: './b.yaml'}}\n"), parts).content,
              once.content);
    EXPECT_EQ(once.content,
              "{\"openapi\":\"3.1.0\"\n,\"info\":{\"title\":\"Shop\",\"version\":1.10}\n,\"paths\":{\"/a\":{\"$ref\":"
              "\"#/x-embedq-parts/a.yaml\"},\"/b\":{\"get\":{\"$ref\":\"#/x-embedq-parts/b.yaml\"}}}\n,"
              "\"x-embedq-parts\":{\"a.yaml\":{\"get\":{\"$ref\":\"#/x-embedq-parts/b.yaml\"}}\n,\"b.yaml\":"
              "{\"summary\":\"B\"}\n}}\n");
    const Bundle changed = bundled(document("  /a: {$ref: a.yaml}\n  /b: {get: {$ref: './b.yaml'}}\n"),
                                   {{"a.yaml", "get: {$ref: b.yaml}"}, {"b.yaml", "summary: C"}});
    EXPECT_NE(changed.content, once.content);
}

TEST(Bundle, KeepsValuesAsTheyAre) {
    const Bundle made = bundled(
        "openapi: 3.1.0\npaths: {/a: {$ref: a.json}}\n"
        "x: [1.10, 1e400, 007, yes, True, ~, '12', \"tab\\t\\\"quote\\\\\", &b {k: !!str 1}, *b, {<<: *b, l: 2}]\n",
        {{"a.json", R"({"x":[123456789012345678901234567890,-0.0,null,false,"\ud800"],"get":{}})"}});
    EXPECT_THAT(
        made.content,
        HasSubstr(
            R"([1.10,1e400,"007","yes",true,null,"12","tab\u0009\"quote\\",{"k":"1"},{"k":"1"},{"l":2,"k":"1"}])"));
    EXPECT_THAT(made.content, HasSubstr("[123456789012345678901234567890,-0.0,null,false,\"\xef\xbf\xbd\"]"));
}

TEST(Bundle, AReferenceToAStringIsReplacedByTheString) {
    const Bundle made = bundled(
        "openapi: 3.1.0\ninfo: {title: T, description: {$ref: intro.md}}\n"
        "paths: {/a: {get: {description: {$ref: 'texts.yaml#/a'}, operationId: a}}}\n",
        {{"intro.md", "# Intro: {it}\n"}, {"texts.yaml", "a: From elsewhere.\n"}});
    const Document read = parsed(made.content);
    EXPECT_EQ(read.description, "# Intro: {it}\n");
    EXPECT_THAT(lines(read), ElementsAre("GET /a a: From elsewhere."));
}

TEST(Bundle, ReferencesWithinAPartStayInIt) {
    const Bundle made = bundled(document("  /a: {$ref: 'a.yaml#/item'}\n", "x: {get: {summary: root}}\n"),
                                {{"a.yaml",
                                  "item: {get: {$ref: '#/x/get'}, put: {$ref: 'api.yaml#/x/get'}}\n"
                                  "x: {get: {summary: part}}\n"}});
    EXPECT_THAT(lines(parsed(made.content)), ElementsAre("GET /a GET /a: part", "PUT /a PUT /a: root"));
    EXPECT_EQ(made.parts.size(), 1U);
}

TEST(Bundle, FollowsTheMappingOfADiscriminator) {
    const Bundle made = bundled(document("  /a: {$ref: a.yaml}\n"),
                                {{"a.yaml",
                                  "x: {discriminator: {propertyName: p, mapping: {n: Name, o: cat.yaml, i: '#/x', g: "
                                  "gone.yaml}}, mapping: {o: cat.yaml}}"},
                                 {"cat.yaml", "type: object"}});
    EXPECT_THAT(made.content,
                HasSubstr(R"("mapping":{"n":"Name","o":"#/x-embedq-parts/cat.yaml","i":"#/x-embedq-parts/a.yaml/x",)"
                          R"("g":"gone.yaml"}},"mapping":{"o":"cat.yaml"}})"));
    EXPECT_THAT(noted(parsed(made.content)), testing::Contains(HasSubstr("a.yaml#/x/discriminator")));
}

// A name may have dots.
TEST(Bundle, ANameInAMappingIsThatOfASchemaIfThereIsOne) {
    const std::string mapping = "{discriminator: {propertyName: p, mapping: {a: Cat.v2, b: Dog.v2, c: cat.yaml}}}";
    const Bundle made = bundled(
        document("  /a: {$ref: a.yaml}\n", "components: {schemas: {Cat.v2: {}, cat.yaml: {}, Own: " + mapping + "}}\n"),
        {{"a.yaml", "x: " + mapping + "\ndefinitions: {Dog.v2: {}}\n"}});
    EXPECT_THAT(made.content, testing::Not(HasSubstr("parts/Cat")));
    EXPECT_THAT(made.content, HasSubstr(R"("mapping":{"a":"Cat.v2","b":"Dog.v2","c":"cat.yaml"})"));
    EXPECT_THAT(noted(parsed(made.content)),
                testing::Contains("#/components/schemas/Own/discriminator: the reference \"Dog.v2\" does not exist"));
    EXPECT_THAT(noted(parsed(made.content)), testing::Not(testing::Contains(HasSubstr("Cat.v2"))));
    EXPECT_THAT(noted(parsed(made.content)), testing::Not(testing::Contains(HasSubstr("a.yaml#/x/discriminator"))));
}

TEST(Bundle, KnowsADocumentByItsOwnNameAndPlacesByAnchors) {
    const Bundle made =
        bundled(document("  /a: {$ref: 'https://example.com/api.yaml#/x'}\n  /b: {get: {$ref: 'b.yaml#here'}}\n",
                         "x: {get: {summary: own}}\n$self: https://example.com/api.yaml\n"),
                {{"b.yaml", "deep: [0, {$anchor: here, summary: anchored}]\n"}});
    EXPECT_THAT(lines(parsed(made.content)), ElementsAre("GET /a GET /a: own", "GET /b GET /b: anchored"));
}

TEST(Bundle, NamesWhatIsNotFollowedAndKeepsTheNeighbours) {
    Files files({{"good.yaml", "get: {summary: good}"},
                 {"broken.yaml", "get: [\n"},
                 {"empty.yaml", ""},
                 {"cycle.yaml", "$ref: cycle2.yaml"},
                 {"list~.yaml", "- [get]\n"},
                 {"tab.yaml", "get:\n\tsummary: a\n"},
                 {"lines.yaml", "get:\r  summary: a\r"},
                 {"cycle2.yaml", "{$ref: cycle.yaml, get: {summary: turned}}"},
                 {"schemas.yaml", "S: {properties: {p: {$ref: gone2.yaml}}}"}});
    const Bundle made = bundled(document("  /good: {$ref: good.yaml}\n"
                                         "  /gone: {$ref: gone.yaml, put: {summary: own}}\n"
                                         "  /broken: {$ref: broken.yaml}\n  /empty: {$ref: empty.yaml}\n"
                                         "  /out: {get: {$ref: ../out.yaml}}\n  /nothing: {$ref: 'good.yaml#/x/y'}\n"
                                         "  /cycle: {$ref: cycle.yaml}\n  /list: {$ref: list~.yaml}\n"
                                         "  /to: {$ref: 'list~.yaml#/0'}\n"
                                         "  /tab: {$ref: tab.yaml}\n  /lines: {$ref: lines.yaml}\n",
                                         "components: {schemas: {S: {$ref: 'schemas.yaml#/S'}}}\n"),
                                files);
    const Document read = parsed(made.content);
    EXPECT_THAT(lines(read),
                ElementsAre("GET /good GET /good: good", "PUT /gone PUT /gone: own", "GET /cycle GET /cycle: turned"));
    EXPECT_EQ(read.operations_left_out, 10U);
    EXPECT_THAT(
        noted(read),
        ElementsAre("paths./gone: the reference \"gone.yaml\" does not exist",
                    StartsWith("paths./broken: the reference \"broken.yaml\" cannot be read: the YAML is"),
                    StartsWith("paths./empty: the reference \"empty.yaml\" cannot be read: "),
                    "paths./out.get: the reference \"../out.yaml\" is outside",
                    "paths./nothing: the reference \"good.yaml#/x/y\" has nothing at \"#/x/y\"",
                    "paths./cycle: the reference \"cycle.yaml\" leads back to itself",
                    "paths./list: the reference \"list~.yaml\" leads to nothing",
                    "paths./to: the reference \"list~.yaml#/0\" leads to nothing",
                    testing::EndsWith("; there is U+0009 (tab) in the indentation at line 2, column 1 (byte 5)"),
                    StartsWith("paths./lines.get:<U+000D>  summary: the key has characters"),
                    "schemas.yaml#/S/properties/p: the reference \"gone2.yaml\" does not exist"));
    EXPECT_FALSE(made.unavailable);
}

TEST(Bundle, ADocumentOrPartThatWasCutIsNotTaken) {
    const std::string cut = "openapi: 3.1.0\npaths:\n  /a: {$ref: a.yaml}\n  /b:\n    get:";
    EXPECT_EQ(bundled(cut, {{"a.yaml", "get: {}"}}).content, cut);
    EXPECT_THAT(refusal(cut), HasSubstr("the document ends in a line"));
    const Document read = parsed(
        bundled(document("  /a: {$ref: a.yaml}\n  /b: {$ref: b.yaml}\n"),
                {{"a.yaml", "get: {summary: A}\nput"},
                 {"b.yaml", "x: {$ref: '#/components/schemas/A'}\ny: {$ref: '#/components/schemas/B'}\nget: {}\n"}})
            .content);
    EXPECT_THAT(lines(read), ElementsAre("GET /b GET /b: "));
    EXPECT_THAT(noted(read), testing::Contains(HasSubstr("\"a.yaml\" cannot be read: line 2")));
}

// Its keys are those of an operation or a schema, whatever they would be in a document.
TEST(Bundle, KeepsTheNoteThatADocumentMayBeCut) {
    const Document read =
        parsed(bundled(document("  /a: {$ref: a.yaml}\n", "tags:"), {{"a.yaml", "get: {operationId: a}"}}).content);
    EXPECT_THAT(lines(read), SizeIs(1));
    EXPECT_THAT(noted(read), ElementsAre(StartsWith("line 5: it may be cut off: the document ends in a line")));
}

TEST(Bundle, APartEndsAsItLikes) {
    for (const std::string_view end : {"tags:\n- Carts\n", "tags:\n- Carts", "tag:", "paths: a text\n", "info:\n"}) {
        const Document read =
            parsed(bundled(document("  /a: {get: {$ref: a.yaml}}\n"), {{"a.yaml", "summary: A\n" + std::string(end)}})
                       .content);
        EXPECT_THAT(lines(read), ElementsAre("GET /a GET /a: A")) << end;
    }
}

TEST(Bundle, APartThatMayBeThereTheNextTimeIsReported) {
    const Bundle made = bundled(document("  /a: {$ref: a.yaml}\n"), {{"a.yaml", "busy"}});
    ASSERT_TRUE(made.unavailable);
    EXPECT_EQ(made.unavailable->message, "the part a.yaml answers 503");
    EXPECT_EQ(made.unavailable->kind, ErrorKind::unavailable);
}

TEST(Bundle, ALimitCostsOperationsLast) {
    std::map<std::string, std::string> parts;
    std::string paths;
    std::string schemas;
    for (int i = 0; i < 20; ++i) {
        const std::string n = std::to_string(i);
        schemas += "    s" + n + ": {$ref: s" + n + ".yaml}\n";
        paths += "  /p" + n + ": {$ref: p" + n + ".yaml}\n";
        parts["s" + n + ".yaml"] = "type: string";
        parts["p" + n + ".yaml"] =
            "get: {summary: P, responses: {x: {$ref: s" + n + ".yaml}}}\nput: {$ref: op" + n + ".yaml}";
        parts["op" + n + ".yaml"] = "summary: O";
    }
    const std::string text = "openapi: 3.1.0\ncomponents:\n  schemas:\n" + schemas + "paths:\n" + paths;
    Files files(parts);
    const Bundle made = bundled(text, files, {.max_parts = 41});
    EXPECT_THAT(files.read_, SizeIs(41));
    const Document read = parsed(made.content);
    EXPECT_THAT(read.operations, SizeIs(40));
    EXPECT_THAT(read.operations, Each(testing::Field(&Operation::summary, testing::AnyOf("P", "O"))));
    EXPECT_THAT(noted(read), testing::Contains(HasSubstr("is one more than the 41 parts that are read")));
    Files short_files({{"a.yaml", "get: {summary: A}"}, {"b.yaml", std::string(1'000, ' ') + "get: {summary: B}"}});
    const Document cut = parsed(
        bundled(document("  /b: {$ref: b.yaml}\n  /a: {$ref: a.yaml}\n"), short_files, {.max_bytes = 500}).content);
    EXPECT_THAT(lines(cut), ElementsAre("GET /a GET /a: A"));
    EXPECT_THAT(noted(cut), ElementsAre(HasSubstr("would make the document and its parts longer than 500 bytes")));
}

TEST(Bundle, EachPartIsReadOnceHoweverOftenItIsReferredTo) {
    std::map<std::string, std::string> parts;
    for (int i = 0; i < 40; ++i) {
        const std::string next = std::to_string(i + 1) + ".yaml";
        parts[std::to_string(i) + ".yaml"] =
            "get: {summary: g" + std::to_string(i) + "}\nx: [{$ref: " + next + "}, {$ref: './" + next + "'}]\n";
    }
    parts["40.yaml"] = "{$ref: 0.yaml}";
    Files files(parts);
    const Bundle made = bundled(document("  /a: {$ref: 0.yaml}\n"), files);
    EXPECT_THAT(files.read_, SizeIs(41));
    EXPECT_LT(made.content.size(), 10'000U);
    EXPECT_THAT(lines(parsed(made.content)), ElementsAre("GET /a GET /a: g0"));
}

TEST(Bundle, ManyReferencesTakeWorkInProportion) {
    std::string paths;
    std::string part;
    for (int i = 0; i < 5'000; ++i) {
        const std::string n = std::to_string(i);
        paths += "\"/p" + n + R"(":{"$ref":"all.json#/p)" + n + "\"},";
        part += "\"p" + n + R"(":{"get":{"summary":"s"},"x":{"$ref":"gone)" + n + "\"}},";
    }
    part.back() = '}';
    paths.back() = '}';
    Files files({{"all.json", "{" + part}});
    const Bundle made = bundled("{\"openapi\":\"3.1.0\",\"paths\":{" + paths + "}", files, {.max_parts = 100});
    EXPECT_EQ(files.read_.size(), 100U);
    const Document read = parsed(made.content);
    EXPECT_EQ(read.operations.size(), 5'000U);
    EXPECT_THAT(made.content, HasSubstr("{\"more\":4000}]}\n"));
}

TEST(Bundle, EndsOnAStopAndWhenTheTimeIsOver) {
    std::stop_source source;
    Files files({{"a.yaml", "get: {$ref: b.yaml}"}, {"b.yaml", "summary: B"}});
    files.on_read = [&] { source.request_stop(); };
    const auto stopped = bundle(document("  /a: {$ref: a.yaml}\n"), files, {}, {}, {.stop = source.get_token()});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(files.read_, ElementsAre("a.yaml"));

    Files slow({{"a.yaml", "get: {$ref: b.yaml}"}, {"b.yaml", "summary: B"}});
    std::chrono::seconds time{0};
    slow.on_read = [&] { time += std::chrono::seconds(30); };
    const auto late = bundle(document("  /a: {$ref: a.yaml}\n"), slow, {}, {}, {.clock = [&] { return time; }});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, ErrorKind::invalid_argument);
    EXPECT_THAT(slow.read_, ElementsAre("a.yaml"));
}

TEST(Bundle, IsNotLongerThanADocumentMayBe) {
    std::string text = "openapi: 3.1.0\npaths: {/a: {$ref: a.yaml}}\nx0: &x0 [0123456789, 0123456789]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string before = "*x" + std::to_string(i - 1);
        text += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" + before + ", " + before + "]\n";
    }
    Files files({{"a.yaml", "get: {}"}});
    const auto made = bundle(text, files, {}, {.max_document_bytes = 20'000});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message, "the document with the parts it refers to is longer than 20000 bytes");
}

TEST(Bundle, WhatADocumentHasUnderTheNamesOfABundleIsReplaced) {
    const Bundle made =
        bundled(document("  /a: {$ref: a.yaml}\n", "x-embedq-parts: {z: {$ref: z.yaml}}\n"), {{"a.yaml", "get: {}"}});
    EXPECT_THAT(made.content, testing::Not(HasSubstr("z.yaml")));
    EXPECT_THAT(made.parts, UnorderedElementsAre(testing::Field(&PartPlace::name, "a.yaml")));
}

}  // namespace
}  // namespace embedq::catalog::test
