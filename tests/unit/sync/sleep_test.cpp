// Sleeps end at their time or at a stop, whichever is first.
#include "sync/sleep.h"

#include <gtest/gtest.h>

#include <thread>

namespace embedq::sync {
namespace {

using Steady = std::chrono::steady_clock::time_point;

TEST(Sleep, EndsAtItsDeadline) {
    EXPECT_TRUE(sleep_until(std::chrono::steady_clock::now(), {}));
    EXPECT_TRUE(sleep_until(Steady::min(), {}));
    EXPECT_TRUE(sleep_for(std::chrono::milliseconds(0), {}));
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(sleep_for(std::chrono::milliseconds(1), {}));
    EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(1));
}

TEST(Sleep, DoesNotBeginAfterAStop) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(sleep_until(Steady::max(), stop.get_token()));
    EXPECT_FALSE(sleep_for(std::chrono::steady_clock::duration::max(), stop.get_token()));
    sleep_until_stopped(stop.get_token());
}

TEST(Sleep, EndsAtAStop) {
    bool whole = true;
    bool moment = true;
    {
        const std::jthread until([&](const std::stop_token& stop) { whole = sleep_until(Steady::max(), stop); });
        const std::jthread time([&](const std::stop_token& stop) { moment = sleep_for(std::chrono::hours(1), stop); });
        const std::jthread ever([](const std::stop_token& stop) { sleep_until_stopped(stop); });
    }
    EXPECT_FALSE(whole);
    EXPECT_FALSE(moment);
}

}  // namespace
}  // namespace embedq::sync
