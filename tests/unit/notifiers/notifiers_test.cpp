// Waking within the process, and polling, with a manual clock.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "conformance/test_context.h"
#include "notifiers/wake/poll_schedule.h"
#include "notifiers/wake/wake_signal.h"

namespace embedq::notifiers {
namespace {

using conformance::ManualClock;
using namespace std::chrono_literals;

constexpr auto forever = Clock::Steady::max();

class WakeSignalTest : public ::testing::Test {
protected:
    ManualClock clock;
    WakeSignal signal{clock};
    std::stop_source stop;
};

TEST_F(WakeSignalTest, APublishWithoutAWaiterEndsTheNextWaitOnce) {
    signal.publish();
    signal.publish();
    EXPECT_EQ(signal.wait(forever, {}), Wake::notified);
    EXPECT_EQ(signal.wait(clock.now(), {}), Wake::timeout);
}

TEST_F(WakeSignalTest, ADeadlineInThePastIsATimeout) {
    EXPECT_EQ(signal.wait(Clock::Steady::min(), {}), Wake::timeout);
}

TEST_F(WakeSignalTest, AFutureDeadlineIsWaitedFor) {
    EXPECT_EQ(signal.wait(clock.now() + 1ms, stop.get_token()), Wake::timeout);
}

TEST_F(WakeSignalTest, AStopEndsTheWaitAndKeepsTheNotification) {
    signal.publish();
    stop.request_stop();
    EXPECT_EQ(signal.wait(forever, stop.get_token()), Wake::stopped);
    EXPECT_EQ(signal.wait(forever, {}), Wake::notified);
}

TEST_F(WakeSignalTest, AStopEndsAWaitThatHasBegun) {
    for (const auto deadline : {forever, clock.now() + 1h}) {
        std::stop_source source;
        std::jthread stopper([&] { source.request_stop(); });
        EXPECT_EQ(signal.wait(deadline, source.get_token()), Wake::stopped);
    }
}

TEST_F(WakeSignalTest, NoPublishIsLostBetweenWaits) {
    constexpr int round_count = 1000;
    WakeSignal answer{clock};
    std::jthread waiter([&] {
        for (int i = 0; i < round_count; ++i) {
            EXPECT_EQ(signal.wait(forever, {}), Wake::notified);
            answer.publish();
        }
    });
    for (int i = 0; i < round_count; ++i) {
        signal.publish();
        EXPECT_EQ(answer.wait(forever, {}), Wake::notified);
    }
}

// A test cannot see whether a waiter already waits, so it publishes until all have returned.
TEST_F(WakeSignalTest, EveryWaiterIsWoken) {
    std::atomic<int> woken = 0;
    std::vector<std::jthread> waiters;
    for (int i = 0; i < 4; ++i) {
        waiters.emplace_back([&] {
            EXPECT_EQ(signal.wait(forever, {}), Wake::notified);
            ++woken;
        });
    }
    while (woken < 4) {
        signal.publish();
        std::this_thread::yield();
    }
}

TEST_F(WakeSignalTest, InstancesAreIndependent) {
    WakeSignal other{clock};
    other.publish();
    EXPECT_EQ(signal.wait(clock.now(), {}), Wake::timeout);
    EXPECT_EQ(other.wait(clock.now() + 1h, {}), Wake::notified);
}

class PollScheduleTest : public ::testing::Test {
protected:
    ManualClock clock;
    PollSchedule schedule{clock, 1000ms};
};

TEST_F(PollScheduleTest, TheIntervalIsANotification) {
    clock.advance(1000ms);
    EXPECT_EQ(schedule.wait(forever, {}), Wake::notified);
    EXPECT_EQ(schedule.wait(clock.now(), {}), Wake::timeout) << "the next interval has begun";
}

TEST_F(PollScheduleTest, AnEarlierDeadlineIsATimeoutAndDoesNotDelayThePoll) {
    EXPECT_EQ(schedule.wait(clock.now(), {}), Wake::timeout);
    clock.advance(999ms);
    EXPECT_EQ(schedule.wait(clock.now(), {}), Wake::timeout);
    clock.advance(1ms);
    EXPECT_EQ(schedule.wait(clock.now() - 1ms, {}), Wake::timeout);
    EXPECT_EQ(schedule.wait(clock.now(), {}), Wake::notified) << "both are due: the poll wins, since there may be work";
}

TEST_F(PollScheduleTest, APublishWakesImmediatelyAndRestartsTheInterval) {
    clock.advance(500ms);
    schedule.publish();
    EXPECT_EQ(schedule.wait(forever, {}), Wake::notified);
    clock.advance(999ms);
    EXPECT_EQ(schedule.wait(clock.now(), {}), Wake::timeout);
    clock.advance(1ms);
    EXPECT_EQ(schedule.wait(forever, {}), Wake::notified);
}

TEST_F(PollScheduleTest, AStopEndsTheWait) {
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });
    EXPECT_EQ(schedule.wait(forever, stop.get_token()), Wake::stopped);
}

TEST_F(PollScheduleTest, TheIntervalEndsAWaitThatHasBegun) {
    PollSchedule quick{clock, 1ms};
    EXPECT_EQ(quick.wait(forever, {}), Wake::notified);
}

TEST_F(PollScheduleTest, WithoutPollingOnlyAPublishWakes) {
    schedule.set_polling(false);
    clock.advance(1h);
    EXPECT_EQ(schedule.wait(clock.now(), {}), Wake::timeout);
    schedule.publish();
    EXPECT_EQ(schedule.wait(forever, {}), Wake::notified);
    schedule.set_polling(true);
    EXPECT_EQ(schedule.wait(clock.now(), {}), Wake::timeout) << "the interval begins when polling does";
    clock.advance(1000ms);
    EXPECT_EQ(schedule.wait(forever, {}), Wake::notified);
}

}  // namespace
}  // namespace embedq::notifiers
