// Plain text from summaries and descriptions, and single JSON tokens.
#include "catalog/prose.h"

#include "catalog/encoding.h"
#include "catalog/json_token.h"
#include "support.h"

namespace embedq::catalog::test {
namespace {

TEST(Prose, RemovesHtml) {
    EXPECT_EQ(plain_prose("<p>One</p><p>Two<br/>three</p>"), "One Two three");
    EXPECT_EQ(plain_prose("un<b>believ</b>able <a href=\"https://x.y/z\" target=_blank>link</a>"), "unbelievable link");
    EXPECT_EQ(plain_prose("a<!-- hidden -->b"), "a b");
    EXPECT_EQ(plain_prose("R&amp;D &lt;x&gt; &quot;q&quot; &#39;s&#39;&nbsp;end &unknown;"),
              "R&D <x> \"q\" 's' end &unknown;");
}

TEST(Prose, DecodesEveryEntity) {
    const std::vector<std::pair<std::string_view, std::string_view>> cases{
        {"f&uuml;r Gr&ouml;&szlig;e", "für Größe"},
        {"the cart&#8217;s id &#x2014; new", "the cart’s id — new"},
        {"&#150;", "–"},  // of Windows-1252, as browsers read it
        {"&lbrace;id&rbrace; &check; &semi; &NotEqualTilde;", "{id} ✓ ; ≂̸"},
        {"a&nbsp;b&emsp;&zwj;c&#10;d&Tab;e&NewLine;&#9;f", "a b c d e f"},
        {"&amp;uuml; &lt;b&gt;", "&uuml; <b>"},  // once
        {"&#x1F600;&#0;", "😀\xef\xbf\xbd"},
        {"&unknown; &notit; &; &#; &#x; & &uuml AT&T;", "&unknown; &notit; &; &#; &#x; & &uuml AT&T;"},
    };
    for (const auto& [text, plain] : cases) EXPECT_EQ(plain_prose(text), plain);
}

TEST(Prose, RemovesHeadingsAndRules) {
    const std::vector<std::pair<std::string_view, std::string_view>> cases{
        {"# Carts\n\nAll of them", "Carts All of them"},
        {"One\n### Two\n  ###### Three", "One Two Three"},
        {"Title\n=====\nText\n\n---\nMore\n* * *\n___", "Title Text More"},
        {"#1 of #all and C# #hash\n####### seven", "#1 of #all and C# #hash ####### seven"},
        {"- a\n* b\n-- c\n**d**", "- a * b -- c **d**"},
        {"## Carts ##\nAll # of\n### C# and # F# #  \r\n#", "Carts All # of C# and # F# #"},
        {"# a ##b", "a ##b"},
        {"a = b\n    # code\n--x", "a = b # code --x"},
    };
    for (const auto& [text, plain] : cases) EXPECT_EQ(plain_prose(text), plain) << text;
}

TEST(Prose, KeepsWhatOnlyLooksLikeHtml) {
    for (const std::string_view text :
         {"GET /users/<id>", "a < b > c", "List<String>", "x <- y", "<", "<b", "<b <i", "</", "<!-- open", "1<2"}) {
        EXPECT_EQ(plain_prose(text), text);
    }
}

TEST(Prose, KeepsOnlyTheTextOfLinks) {
    EXPECT_EQ(plain_prose("See [the docs](https://a.b/c?d=e#f) now ![logo](x.png)"), "See the docs now logo");
    for (const std::string_view text : {"a[0](1", "[x] (y)", "[x]", "]( ", "[a", "f(x)[1]"})
        EXPECT_EQ(plain_prose(text), plain_prose(plain_prose(text)));
    EXPECT_EQ(plain_prose("array[0] and ](x)"), "array[0] and ](x)");
}

TEST(Prose, TakesLinearTimeWhateverIsLeftOpen) {
    for (const std::string_view piece :
         {"[", "[a](", "<p ", "<!--", "&", "](", "[a]", "&uuml;", "#\n", "-", "--\n", "   #", "# #"}) {
        std::string text;
        for (int i = 0; i < 200'000; ++i) text += piece;
        EXPECT_LE(plain_prose(text).size(), text.size());
    }
}

TEST(Prose, TurnsAllWhiteSpaceIntoSingleSpaces) {
    EXPECT_EQ(plain_prose(" \t a\r\n\r\nb\xc2\xa0\xe2\x80\x8b\xe3\x80\x80"
                          "c\x01\x7f "),
              "a b c");
    EXPECT_EQ(plain_prose("\xc2\x85"), "");
    EXPECT_EQ(plain_prose("é漢😀"), "é漢😀");
}

TEST(Prose, FindsTheFirstSentence) {
    const auto first = [](std::string_view text) { return text.substr(0, first_sentence(text, 40)); };
    EXPECT_EQ(first("One. Two."), "One.");
    EXPECT_EQ(first("Is it? Yes"), "Is it?");
    EXPECT_EQ(first("See v1.2 i.e. this one. Then"), "See v1.2 i.e. this one.");
    EXPECT_EQ(first("no end"), "no end");
    EXPECT_EQ(first("a long text that has no sentence within its bound at all"),
              "a long text that has no sentence within");
    EXPECT_EQ(first(std::string(39, 'x') + "éé"), std::string(39, 'x'));
    EXPECT_EQ(first(""), "");
}

TEST(Utf8, FindsInvalidBytes) {
    EXPECT_EQ(find_invalid_utf8("plain ascii that is long enough é漢😀"), std::nullopt);
    EXPECT_EQ(find_invalid_utf8("0123456789\x80"), 10U);
    EXPECT_EQ(find_invalid_utf8("\xf0\x9f\x98"), 0U);
    EXPECT_EQ(find_invalid_utf8("\xf5\x80\x80\x80"), 0U);
    EXPECT_EQ(utf8_floor("aé", 2), 1U);
    EXPECT_EQ(utf8_floor("aé", 3), 3U);
    EXPECT_EQ(utf8_floor("aé", 99), 3U);
}

TEST(JsonToken, RecognizesNumbers) {
    for (const std::string_view good :
         {"0", "-0", "10", "1.5", "1e5", "1E-5", "0.0e+00", "123456789012345678901234567890"})
        EXPECT_TRUE(is_json_number(good)) << good;
    for (const std::string_view bad : {"", "-", "01", "1.", ".1", "1e", "1e+", "+1", "0x1", "1 ", "1a", "--1"})
        EXPECT_FALSE(is_json_number(bad)) << bad;
}

TEST(JsonToken, RepairsHalfSurrogatesOnly) {
    EXPECT_EQ(without_lone_surrogates(R"("\ud83d\ude00 \ud83d x \\ud83d \ude00 \u00e9")"),
              R"("\ud83d\ude00 \ufffd x \\ud83d \ufffd \u00e9")");
    EXPECT_EQ(without_lone_surrogates(R"("\ud83d\ud83d\ude00")"), R"("\ufffd\ud83d\ude00")");
}

}  // namespace
}  // namespace embedq::catalog::test
