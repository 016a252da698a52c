#include "sync/backoff.h"

#include <gtest/gtest.h>

namespace embedq::sync {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(Backoff, DoublesUpToTheMaximumWithoutJitter) {
    const Backoff backoff{.jitter = 0};
    const int expected[] = {5'000, 10'000, 20'000, 40'000, 80'000, 80'000};
    for (std::uint32_t n = 1; n <= 6; ++n) EXPECT_EQ(backoff.delay(n), milliseconds(expected[n - 1])) << n;
}

TEST(Backoff, JitterSpreadsEitherWay) {
    const Backoff backoff{.jitter = 0.1};
    EXPECT_EQ(backoff.delay(1, 0.0), milliseconds(4'500));
    EXPECT_EQ(backoff.delay(1, 0.5), milliseconds(5'000));
    EXPECT_LE(backoff.delay(1, 0.999999), milliseconds(5'500));
}

TEST(Backoff, JitterBelowNeverWaitsLonger) {
    const Backoff backoff{.jitter = 0.5, .mode = Jitter::below};
    EXPECT_EQ(backoff.delay(1, 0.0), milliseconds(2'500));
    EXPECT_LE(backoff.delay(1, 0.999999), milliseconds(5'000));
}

TEST(Backoff, JitterAboveNeverWaitsShorter) {
    const Backoff backoff{.jitter = 0.5, .mode = Jitter::above};
    EXPECT_EQ(backoff.delay(1, 0.0), milliseconds(5'000));
    EXPECT_GE(backoff.delay(1, 0.999999), milliseconds(7'499));
}

TEST(Backoff, HugeCountsStayAtTheMaximum) {
    EXPECT_EQ(Backoff{.jitter = 0}.delay(4'000'000'000U), milliseconds(80'000));
    EXPECT_EQ(fixed_backoff(milliseconds(1), hours(1'000'000)).delay(~0ULL), hours(1'000'000));
}

TEST(Backoff, NoFailureCountsAsTheFirst) {
    EXPECT_EQ(Backoff{.jitter = 0}.delay(0), milliseconds(5'000));
}

}  // namespace
}  // namespace embedq::sync
