#include "scheduler/backoff.h"

#include <gtest/gtest.h>

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, WaitsTheReleaseNotesNumbersWithoutJitter) {
    const Backoff backoff{.jitter = 0};
    const int expected[] = {5'000, 10'000, 20'000, 40'000, 80'000, 80'000};
    for (std::uint32_t n = 1; n <= 6; ++n)
        EXPECT_EQ(backoff_delay(backoff, n, 0.5), milliseconds(expected[n - 1])) << n;
}

TEST(Backoff, JitterSpreadsEitherWay) {
    const Backoff backoff{.jitter = 0.1};
    EXPECT_EQ(backoff_delay(backoff, 1, 0.0), milliseconds(4'500));
    EXPECT_EQ(backoff_delay(backoff, 1, 0.5), milliseconds(5'000));
    EXPECT_LE(backoff_delay(backoff, 1, 0.999999), milliseconds(5'500));
}

TEST(Backoff, HugeAttemptCountsStayAtTheCap) {
    EXPECT_EQ(backoff_delay(Backoff{.jitter = 0}, 4'000'000'000U, 0.5), milliseconds(80'000));
}

}  // namespace
}  // namespace embedq::scheduler
