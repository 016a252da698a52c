#include "cli/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace embedq::cli {
namespace {

using namespace std::chrono_literals;

TEST(Bar, FillsProportionally) {
    EXPECT_EQ(bar_of(0, 10, 5), "[     ]");
    EXPECT_EQ(bar_of(5, 10, 5), "[##   ]");
    EXPECT_EQ(bar_of(10, 10, 5), "[#####]");
    EXPECT_EQ(bar_of(0, 0, 5), "[#####]");
}

TEST(Progress, OnATerminalShowsRateAndTimeLeft) {
    std::ostringstream out, err;
    Console console(out, err, {.out = true, .err = true});
    Progress::Instant now{};
    {
        Progress progress(console, [&] { return now; });
        progress.embedding(0, 1'000);
        now += 1s;
        progress.embedding(100, 1'000);
    }
    EXPECT_NE(err.str().find(" 10% 100/1,000 texts embedded, 100/s, 9.0 s left"), std::string::npos) << err.str();
    EXPECT_EQ(out.str(), "");
}

// The line that is shown after work went on for a second, and then stood still.
std::string line_after_a_pause(std::size_t settled, std::size_t all, std::chrono::seconds pause) {
    std::ostringstream out, err;
    Console console(out, err, {.out = true, .err = true});
    Progress::Instant now{};
    Progress progress(console, [&] { return now; });
    progress.embedding(0, all);
    now += 1s;
    progress.embedding(settled, all);
    for (std::chrono::seconds passed{0}; passed < pause; passed += 1s) {
        err.str("");
        now += 1s;
        progress.embedding(settled, all);
    }
    return err.str();
}

TEST(Progress, WhileTheRateIsAboutZeroNoTimeIsGuessed) {
    for (const auto pause : {60s, 3600s}) {
        for (const std::size_t all : {std::size_t{1'000}, std::size_t{100'000'000}}) {
            const std::string line = line_after_a_pause(100, all, pause);
            EXPECT_NE(line.find("texts embedded"), std::string::npos) << line;
            EXPECT_EQ(line.find("left"), std::string::npos) << line;
            EXPECT_EQ(line.find("/s"), std::string::npos) << line;
        }
    }
    EXPECT_EQ(line_after_a_pause(1, 1'000'000'000, 0s).find("left"), std::string::npos) << "30 years";
}

TEST(Progress, NeverFillsTheLine) {
    for (const std::size_t columns : {1U, 2U, 20U, 40U}) {
        std::ostringstream out, err;
        Console console(out, err, {.out = true, .err = true, .columns = columns});
        const Progress::Instant now{};
        Progress progress(console, [&] { return now; });
        progress.reading(1, 2, 12'345, 678);
        EXPECT_EQ(err.str().size(), columns - 1);
    }
}

TEST(Progress, ElsewhereALineEveryFewSecondsAndOnlyWhenItChanged) {
    std::ostringstream out, err;
    Console console(out, err, {});
    Progress::Instant now{};
    Progress progress(console, [&] { return now; });
    for (int i = 0; i < 100; ++i) {
        progress.embedding(static_cast<std::size_t>(i), 1'000);
        now += 100ms;
    }
    const std::string text = err.str();
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
    err.str("");
    for (int i = 0; i < 100; ++i) {
        progress.embedding(99, 1'000);
        now += 1s;
    }
    EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace embedq::cli
