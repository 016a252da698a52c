#include "endpoints/prefetch_window.h"

#include <gtest/gtest.h>

namespace embedq::endpoints {
namespace {

using namespace std::chrono_literals;

constexpr PrefetchWindow::Steady window_start{1h};

TEST(PrefetchWindow, BeginsWithWhatKeepsTheEndpointsBusy) {
    EXPECT_EQ(PrefetchWindow(256, 8'192).texts(), 256U);
    EXPECT_EQ(PrefetchWindow(256, 64).texts(), 64U) << "the process may not hold more";
}

TEST(PrefetchWindow, IsNotFilledInSmallParts) {
    const PrefetchWindow window(800, 8'192);
    EXPECT_EQ(window.left(0), 800U);
    EXPECT_EQ(window.left(600), 200U);
    EXPECT_EQ(window.left(701), 0U) << "less than an eighth";
    EXPECT_EQ(window.left(5'000), 0U) << "one spec may be larger than the window";
}

TEST(PrefetchWindow, DoublesWithEachTurnoverWhileTextsStayForAShortTime) {
    PrefetchWindow window(256, 8'192);
    for (int batch = 0; batch < 4; ++batch) window.answered(64, 256, window_start, window_start + 100ms);
    EXPECT_EQ(window.texts(), 512U);
    for (int batch = 0; batch < 1'000; ++batch) window.answered(64, window.texts(), window_start, window_start + 100ms);
    EXPECT_EQ(window.texts(), 8'192U);
}

TEST(PrefetchWindow, AnUnusedWindowDoesNotGrow) {
    PrefetchWindow window(256, 8'192);
    for (int batch = 0; batch < 100; ++batch) window.answered(4, 4, window_start, window_start + 10ms);
    EXPECT_EQ(window.texts(), 256U);
}

TEST(PrefetchWindow, ShrinksOnceForWhatWasClaimedTogether) {
    PrefetchWindow window(100, 8'192);
    for (int batch = 0; batch < 100; ++batch) window.answered(50, window.texts(), window_start, window_start + 1s);
    ASSERT_EQ(window.texts(), 5'100U);
    window.answered(50, 5'100, window_start, window_start + 7'500ms);
    EXPECT_EQ(window.texts(), 3'400U) << "by the factor that they stayed too long";
    window.answered(50, 5'050, window_start + 7s, window_start + 30s);
    EXPECT_EQ(window.texts(), 3'400U) << "they were claimed before";
    window.answered(50, 3'400, window_start + 8s, window_start + 100s);
    EXPECT_EQ(window.texts(), 1'700U) << "at most by half, since the endpoint may have been paused";
    for (int turn = 1; turn < 20; ++turn)
        window.answered(50, 100, window_start + 200s * turn, window_start + 200s * turn + 20s);
    EXPECT_EQ(window.texts(), 100U) << "never below the floor";
}

TEST(PrefetchWindow, StaysWhereTextsStayNeitherShortNorLong) {
    PrefetchWindow window(100, 8'192);
    window.answered(50, 100, window_start, window_start + 4s);
    EXPECT_EQ(window.texts(), 100U);
}

TEST(PrefetchWindow, KeepsItsSizeUnderOtherLimits) {
    PrefetchWindow old(100, 8'192);
    for (int batch = 0; batch < 10; ++batch) old.answered(50, old.texts(), window_start, window_start + 1s);
    PrefetchWindow next(400, 500);
    next.inherit(old);
    EXPECT_EQ(next.texts(), 500U);
}

}  // namespace
}  // namespace embedq::endpoints
