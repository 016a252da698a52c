#include "http/json_reader.h"

#include <gtest/gtest.h>

namespace embedq::http {
namespace {

TEST(Json, IsReadByKeyAndIndex) {
    const Json json = Json::parse(R"({"a":{"b.c":"text \u00e9"},"n":7,"yes":true,"list":["x",{"y":1}],"none":null})");
    EXPECT_TRUE(json.is_object());
    EXPECT_EQ(json["a"]["b.c"].text(), "text é");
    EXPECT_EQ(json["n"].count(), 7U);
    EXPECT_TRUE(json["yes"].is_true());
    const auto items = json["list"].items();
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].text(), "x");
    EXPECT_EQ(items[1]["y"].count(), 1U);
    EXPECT_TRUE(json["none"].exists());
    EXPECT_FALSE(json["other"].exists());
}

TEST(Json, AnElementOutlivesItsDocument) {
    EXPECT_EQ(Json::parse(R"({"a":{"b":"c"}})")["a"]["b"].text(), "c");
    const auto items = Json::parse(R"(["one","two"])").items();
    EXPECT_EQ(items.at(1).text(), "two");
}

TEST(Json, AbsentValuesAndOtherTypesAreEmpty) {
    for (const char* text : {"", "404 page not found", "{\"a\":", "7", "null", "[]", "{}"}) {
        const Json json = Json::parse(text);
        EXPECT_EQ(json["a"]["b"].text(), "") << text;
        EXPECT_EQ(json["a"].count(), 0U) << text;
        EXPECT_TRUE(json["a"].items().empty()) << text;
        EXPECT_FALSE(json["a"].is_true()) << text;
        EXPECT_FALSE(json["a"].is_object()) << text;
    }
    EXPECT_FALSE(Json::parse("404 page not found").exists());
    EXPECT_FALSE(Json::parse("[1]").is_object());
    const Json json = Json::parse(R"({"n":-1,"x":1.5,"t":"7","o":{}})");
    EXPECT_EQ(json["n"].count(), 0U);
    EXPECT_EQ(json["x"].count(), 0U);
    EXPECT_EQ(json["t"].count(), 0U);
    EXPECT_EQ(json["n"].text(), "");
    EXPECT_TRUE(json["o"].items().empty());
    EXPECT_FALSE(json["t"].is_true());
}

}  // namespace
}  // namespace embedq::http
