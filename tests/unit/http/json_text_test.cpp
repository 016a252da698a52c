#include "http/json_text.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace embedq::http {
namespace {

TEST(JsonText, IsEscapedWhereNecessary) {
    EXPECT_EQ(json_string("plain é 日本"), "\"plain é 日本\"");
    EXPECT_EQ(json_string("a\"b\\c\nd\te\rf"), "\"a\\\"b\\\\c\\nd\\te\\u000df\"");
    EXPECT_EQ(json_string(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
    EXPECT_EQ(json_string(""), "\"\"");
}

TEST(JsonStrings, BecomeAnArrayWithThePrefixBeforeEach) {
    const auto array = [](std::vector<std::string_view> texts, std::string_view prefix) {
        std::string out = "x";
        append_json_strings(out, texts, prefix);
        return out;
    };
    EXPECT_EQ(array({"a", "b\""}, ""), R"(x["a","b\""])");
    EXPECT_EQ(array({"a", ""}, "p\": "), R"(x["p\": a","p\": "])");
    EXPECT_EQ(array({}, "p"), "x[]");
}

TEST(JsonValue, IsUnchangedWhereItIsJson) {
    EXPECT_EQ(json_value("true"), "true");
    EXPECT_EQ(json_value("-1"), "-1");
    EXPECT_EQ(json_value("[1, 2]"), "[1,2]");
    EXPECT_EQ(json_value("{\"a\": \"b\"}"), "{\"a\":\"b\"}");
    EXPECT_EQ(json_value("\"7\""), "\"7\"");
    EXPECT_EQ(json_value("search_document"), "\"search_document\"");
    EXPECT_EQ(json_value("1, \"input\": []"), "\"1, \\\"input\\\": []\"");
    EXPECT_EQ(json_value(""), "\"\"");
}

}  // namespace
}  // namespace embedq::http
