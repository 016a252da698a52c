#include "sync/call_apart.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>

namespace embedq::sync {
namespace {

using namespace std::chrono_literals;
using Reason = Watchdog::Reason;

std::chrono::steady_clock::time_point in_an_hour() {
    return std::chrono::steady_clock::now() + 1h;
}

TEST(CallApart, ReturnsWhatTheCallReturns) {
    Watchdog watchdog;
    const auto result = call_apart(watchdog, in_an_hour(), [] { return std::make_unique<int>(7); });
    ASSERT_TRUE(result);
    EXPECT_EQ(**result, 7);
}

TEST(CallApart, ThrowsWhatTheCallThrows) {
    Watchdog watchdog;
    const auto call = [&] { return call_apart(watchdog, in_an_hour(), []() -> int { throw std::out_of_range("x"); }); };
    EXPECT_THROW(static_cast<void>(call()), std::out_of_range);
}

// The call returns when the test lets it.
TEST(CallApart, ACallIsGivenUpWhenItsTimeIsOverAndAtAStop) {
    std::promise<int> answer;
    const auto unanswered = [future = answer.get_future().share()] { return future.get(); };
    Watchdog watchdog;
    const auto late = call_apart(watchdog, std::chrono::steady_clock::now() + 20ms, unanswered);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error(), Reason::deadline);
    watchdog.stop();
    const auto stopped = call_apart(watchdog, in_an_hour(), unanswered);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error(), Reason::stop);
    answer.set_value(1);
}

}  // namespace
}  // namespace embedq::sync
