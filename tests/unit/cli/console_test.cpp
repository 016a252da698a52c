#include "cli/console.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "cli/logging.h"
#include "cli/present.h"

namespace embedq::cli {
namespace {

TEST(Console, AnswersGoToStdoutAndTheRestToStderr) {
    std::ostringstream out, err;
    Console console(out, err, {});
    console.print("answer");
    console.error("wrong");
    console.transient("progress");
    EXPECT_EQ(out.str(), "answer\n");
    EXPECT_EQ(err.str(), "embedq: wrong\n");
    EXPECT_EQ(console.paint(Colour::red, "x"), "x");
}

TEST(Console, TheTransientLineIsRedrawnAfterAnotherLine) {
    std::ostringstream out, err;
    Console console(out, err, {.out = false, .err = true});
    console.transient("50 %");
    console.note("line");
    EXPECT_EQ(err.str(), "50 %\r\x1b[2Kline\n50 %");
}

TEST(Console, AFailedWriteIsNoticed) {
    std::ostringstream out, err;
    Console console(out, err, {});
    console.print("x");
    EXPECT_TRUE(console.flush());
    out.setstate(std::ios::badbit);
    EXPECT_FALSE(console.flush());
}

TEST(Plain, ReplacesControlCharacters) {
    EXPECT_EQ(plain("a\x1b[31mb\nc"), "a [31mb c");
    EXPECT_EQ(plain("a\xc2\x9b"
                    "b"),
              "a  b");
    EXPECT_EQ(plain("größe"), "größe");
}

TEST(Plain, RemovesDirectionMarks) {
    for (const char* mark : {"\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069", "\u061c", "\u2028"}) {
        EXPECT_EQ(plain("a" + std::string(mark) + "b"), "ab");
    }
    EXPECT_EQ(plain("a\u2013b…"), "a\u2013b…");
    EXPECT_EQ(plain("a\xe2\x80"), "a\xe2\x80");
    // Removing a mark must not form another one.
    EXPECT_EQ(plain("\xe2\u202e\x80\xae"), "");
}

TEST(Table, TheLastColumnEndsWithTheTerminal) {
    std::ostringstream out, err;
    Console console(out, err, {.out = true, .columns = 12});
    Table table({"SPEC", "ERROR"});
    table.add({"pet", "a long error"});
    table.print(console);
    EXPECT_EQ(out.str(), "SPEC  ERROR\npet   a lo…\n");
}

TEST(Table, ColumnsLineUpByCharacters) {
    std::ostringstream out, err;
    Console console(out, err, {});
    Table table({"A", "B"});
    table.add({"größe", "1"});
    table.add({"x", "2"});
    table.print(console);
    EXPECT_EQ(out.str(), "A      B\ngröße  1\nx      2\n");
}

TEST(Log, JsonIsOneObjectALine) {
    std::ostringstream out, err;
    Console console(out, err, {});
    const Log log(console, LogLevel::info, LogFormat::json);
    const auto logger = log.logger("store");
    logger->debug("not this");
    logger->warn("a \"b\"\nc");
    const Json line = Json::parse(err.str());
    EXPECT_EQ(line["level"], "warn");
    EXPECT_EQ(line["logger"], "store");
    EXPECT_EQ(line["message"], "a \"b\"\nc");
    EXPECT_EQ(line["time"].get<std::string>().size(), std::string("2023-11-14T22:13:20.123Z").size());
    EXPECT_FALSE(logger->enabled(LogLevel::debug));
}

TEST(Log, JsonHasTheFieldsOfALineAsMembers) {
    std::ostringstream out, err;
    Console console(out, err, {});
    const Log log(console, LogLevel::info, LogFormat::json);
    const std::array fields{LogField{"job", std::int64_t{7}}, LogField{"spec", "a \"b\""}};
    log.logger("scheduler")->log_fields(LogLevel::info, "job 7 succeeded", fields);
    log.logger("scheduler")->log_fields(LogLevel::debug, "not this", fields);
    const Json line = Json::parse(err.str());
    EXPECT_EQ(line["message"], "job 7 succeeded");
    EXPECT_EQ(line["job"], 7);
    EXPECT_EQ(line["spec"], "a \"b\"");
    EXPECT_EQ(line.size(), 6U);
}

TEST(Log, WhatIsReportedHasItsForm) {
    std::ostringstream out, err;
    Console console(out, err, {});
    console.report(LogLevel::warn, "first");
    EXPECT_EQ(err.str(), "embedq: warning: first\n");
    const Log log(console, LogLevel::info, LogFormat::json);
    const auto logger = log.logger("embedq");
    console.report_to(logger.get());
    err.str("");
    console.report(LogLevel::warn, "second");
    console.error("third");
    console.report_to(nullptr);
    std::istringstream lines(err.str());
    std::string line;
    for (const auto& [level, message] : {std::pair{"warn", "second"}, std::pair{"error", "third"}}) {
        ASSERT_TRUE(std::getline(lines, line));
        EXPECT_EQ(Json::parse(line)["level"], level);
        EXPECT_EQ(Json::parse(line)["message"], message);
    }
    err.str("");
    console.error("fourth");
    EXPECT_EQ(err.str(), "embedq: fourth\n");
}

TEST(Log, ATextLineCannotBeForged) {
    std::ostringstream out, err;
    Console console(out, err, {});
    const Log log(console, LogLevel::info, LogFormat::text);
    log.logger("provider")->error("answer: {}\n2023 info fine");
    const std::string text = err.str();
    EXPECT_EQ(std::ranges::count(text, '\n'), 1);
    EXPECT_NE(text.find("provider: answer: {} 2023 info fine"), std::string::npos) << text;
    err.str("");
    log.logger("scheduler")->warn("words");
    EXPECT_TRUE(err.str().ends_with("Z warn  scheduler: words\n")) << err.str();
}

}  // namespace
}  // namespace embedq::cli
