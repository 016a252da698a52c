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
