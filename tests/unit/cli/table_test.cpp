#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/present.h"
#include "cli/text_width.h"

namespace embedq::cli {
namespace {

using ::testing::HasSubstr;

TEST(TextWidth, WideAndCombiningCharacters) {
    EXPECT_EQ(width_of(""), 0U);
    EXPECT_EQ(width_of("abc"), 3U);
    EXPECT_EQ(width_of("Stra\u00dfe"), 6U);
    EXPECT_EQ(width_of("\u5546\u54c1"), 4U) << "Chinese";
    EXPECT_EQ(width_of("\u30da\u30c3\u30c8"), 6U) << "Japanese";
    EXPECT_EQ(width_of("\uac00"), 2U) << "Korean";
    EXPECT_EQ(width_of("\uff41"), 2U) << "full width";
    EXPECT_EQ(width_of("e\u0301"), 1U) << "a combining accent";
    EXPECT_EQ(width_of("\xff\xfe"), 2U) << "no UTF-8";
}

TEST(TextWidth, CutsFit) {
    for (const std::string text : {"/a/long/path/to/something", "\u30da\u30c3\u30c8\u30b7\u30e7\u30c3\u30d7",
                                   "e\u0301e\u0301e\u0301e\u0301", "\xff\xff\xff\xff"}) {
        for (std::size_t width = 1; width <= width_of(text) + 1; ++width) {
            EXPECT_LE(width_of(cut_end(text, width)), width) << text;
            EXPECT_LE(width_of(cut_middle(text, width)), width) << text;
        }
        EXPECT_EQ(cut_end(text, width_of(text)), text);
        EXPECT_EQ(cut_middle(text, width_of(text)), text);
    }
    EXPECT_EQ(cut_middle("GET /api/v1/catalogs/items", 16), "GET /a…ogs/items");
    EXPECT_EQ(cut_end("a long summary", 7), "a long…");
}

std::vector<std::string> lines_at(const Table& table, std::size_t columns) {
    std::ostringstream out, err;
    const Console console(out, err, {.out = columns > 0, .columns = columns});
    return table.lines(console);
}

Table sample() {
    Table table({"#", "OPERATION", "SPEC", "UPDATED", "SUMMARY"});
    std::string path = "GET ";
    for (int i = 0; i < 40; ++i) path += "/segment";
    table.add({"1", path + "/end", "default/shop", "2026-11-30T22:27:25Z", "Lists what the shop sells to everybody"});
    table.add(
        {"2", "GET /pets", "default/\u30da\u30c3\u30c8", "2026-11-30T22:27:25Z", "\u5546\u54c1\u306e\u4e00\u89a7"});
    return table;
}

TEST(Table, FitsEveryTerminalFrom60Columns) {
    for (std::size_t columns = 60; columns <= 200; ++columns) {
        const auto lines = lines_at(sample(), columns);
        for (const std::string& line : lines) EXPECT_LT(width_of(line), columns) << line;
        EXPECT_THAT(lines[1], HasSubstr("/end")) << "the end of a path is kept";
    }
    EXPECT_THAT(lines_at(sample(), 100)[1], HasSubstr("2026-11-30T22:27:25Z"));
}

TEST(Table, LeavesOutOptionalColumnsBeforeItCutsTimes) {
    Table table({"ID", "STATUS", "SPEC", "KIND", "ATTEMPTS", "WHEN", "ERROR"});
    table.set_optional({3, 4});
    table.add({"1", "succeeded", "default/d0", "spec_write", "0", "2026-11-30T22:27:25Z", "the endpoint is away"});
    EXPECT_EQ(lines_at(table, 60)[0], "ID  STATUS     SPEC        WHEN                  ERROR");
    EXPECT_EQ(lines_at(table, 60)[1], "1   succeeded  default/d0  2026-11-30T22:27:25Z  the endpo…");
    EXPECT_THAT(lines_at(table, 72)[0], HasSubstr("SPEC        ATTEMPTS  WHEN"));
    EXPECT_THAT(lines_at(table, 100)[0], HasSubstr("SPEC        KIND        ATTEMPTS  WHEN"));
    EXPECT_THAT(lines_at(table, 0)[0], HasSubstr("SPEC        KIND        ATTEMPTS  WHEN")) << "no terminal";
}

TEST(Table, ColumnsStandUnderEachOther) {
    const auto lines = lines_at(sample(), 100);
    const auto column_of = [](const std::string& line, std::string_view word) {
        return width_of(std::string_view(line).substr(0, line.find(word)));
    };
    EXPECT_EQ(column_of(lines[1], "2026"), column_of(lines[2], "2026"));
    EXPECT_EQ(column_of(lines[0], "UPDATED"), column_of(lines[2], "2026"));
    EXPECT_EQ(column_of(lines[0], "SUMMARY"), column_of(lines[2], "\u5546"));
}

TEST(Table, ElsewhereNothingIsCutAndOneLongCellMovesItsOwnLineOnly) {
    const auto lines = lines_at(sample(), 0);
    EXPECT_GT(lines[1].size(), 320U);
    EXPECT_THAT(lines[1], HasSubstr("sells to everybody"));
    EXPECT_LT(width_of(lines[2]), 100U);
}

}  // namespace
}  // namespace embedq::cli
