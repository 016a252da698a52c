#include "endpoints/lost_calls.h"

#include <gmock/gmock.h>

namespace embedq::endpoints {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

class LostCallsTest : public testing::Test {
protected:
    // '.' is a call that was answered, 'x' one that was lost, 'r' one with a part of its texts, 't' one with a text
    // that is always the same. Returns the lines.
    std::vector<std::string> end(std::string_view ends) {
        std::vector<std::string> logged;
        for (const char each : ends) {
            now += between;
            if (each != '.') {
                Sha256 text{};
                if (each != 't') text.fill(std::byte(++texts));
                calls.lost({ErrorKind::unavailable, "connection reset"}, text, each != 'r', now);
                continue;
            }
            calls.answered(now);
            if (auto line = calls.line("endpoint 'a' of provider 'p'", now, lines)) logged.push_back(*line);
        }
        return logged;
    }

    LostCalls calls;
    std::size_t texts = 0;
    std::chrono::milliseconds between{1'000};  // calls
    sync::FaultLines lines;
    LostCalls::Steady now = LostCalls::Steady() + std::chrono::hours(1);
};

TEST_F(LostCallsTest, CallsLostBetweenOthersAreOneLineAndOneMoreWhenThatIsOver) {
    EXPECT_THAT(end("..x.x."), testing::IsEmpty()) << "that may be chance";
    EXPECT_THAT(end("x."), testing::ElementsAre("endpoint 'a' of provider 'p' lost 3 of the last 8 calls, and the "
                                                "work goes on: connection reset"));
    EXPECT_TRUE(calls.known());
    EXPECT_THAT(end(".x..xx...x." + std::string(28, '.')), testing::IsEmpty());
    EXPECT_THAT(end("."), testing::ElementsAre("endpoint 'a' of provider 'p' loses no calls any more: it lost 7 calls "
                                               "in 15 s"));
    EXPECT_FALSE(calls.known());
}

TEST_F(LostCallsTest, IsShownWhileItIsKnownAndForFiveMinutesAfterTheLastOne) {
    static_cast<void>(end("..x.x."));
    EXPECT_EQ(calls.shown(now), std::nullopt) << "that may be chance";
    static_cast<void>(end("x."));
    EXPECT_EQ(calls.shown(now), "3 of the last 8 calls: connection reset");
    EXPECT_TRUE(calls.shown(now + minutes(5) - seconds(2)).has_value());
    EXPECT_EQ(calls.shown(now + minutes(5)), std::nullopt) << "no call goes, and nothing ends it";
    static_cast<void>(end(std::string(30, '.')));
    EXPECT_EQ(calls.shown(now), std::nullopt);
}

TEST_F(LostCallsTest, AfterFiveMinutesWithoutOneItIsOverToo) {
    ASSERT_THAT(end(".x.x.x."), testing::SizeIs(1));
    now += minutes(5);
    EXPECT_THAT(end("."), testing::ElementsAre(HasSubstr("loses no calls any more")));
    EXPECT_THAT(end("x."), testing::IsEmpty()) << "what was before no longer counts";
}

TEST_F(LostCallsTest, NeitherAnOutageNorATextThatIsNeverAnsweredIsThat) {
    EXPECT_THAT(end("....." + std::string(15, 'x') + "....."), testing::IsEmpty());
    now += minutes(5);
    EXPECT_THAT(end(".x.r.r.r.r.r.r.r.r."), testing::IsEmpty());
    EXPECT_THAT(end("t.t.t.t.t.t.t."), testing::IsEmpty());
}

TEST_F(LostCallsTest, OneThatLosesFewCallsIsNotWorthALine) {
    std::string one_in_eight;
    for (int i = 0; i < 20; ++i) one_in_eight += ".......x";
    EXPECT_THAT(end(one_in_eight), testing::IsEmpty());
}

TEST_F(LostCallsTest, WhatComesAndGoesCostsNoMoreLinesThanAFault) {
    between = std::chrono::milliseconds(100);
    std::vector<LostCalls::Steady> logged_at;
    const auto until = now + minutes(10);
    while (now < until) {
        for (const char each : ".x.x.x.x.x.x.x.x." + std::string(30, '.'))
            if (!end({&each, 1}).empty()) logged_at.push_back(now);
    }
    EXPECT_EQ(logged_at.size() % 2, 0U) << "each has its end";
    EXPECT_GE(logged_at.size(), 10 * sync::FaultLines::most_a_minute / 2) << "it is not silent for long";
    for (std::size_t i = sync::FaultLines::most_a_minute; i < logged_at.size(); ++i)
        EXPECT_GE(logged_at[i] - logged_at[i - sync::FaultLines::most_a_minute], minutes(1));
}

TEST_F(LostCallsTest, EndpointsOfOneProviderShareTheBoundWithTheLinesThatEndThem) {
    between = std::chrono::milliseconds(1);
    std::vector<LostCalls> others(10);
    std::size_t logged = 0;
    for (const std::string& ends : {std::string(".x.x.x."), std::string(30, '.')}) {
        for (LostCalls& each : others) {
            std::swap(calls, each);
            logged += end(ends).size();
            std::swap(calls, each);
        }
    }
    EXPECT_EQ(logged, sync::FaultLines::most_a_minute);
    EXPECT_TRUE(std::ranges::none_of(others, &LostCalls::known));
}

}  // namespace
}  // namespace embedq::endpoints
