#include "sync/start_thread.h"

#include <gtest/gtest.h>

#include <thread>

#include "no_threads.h"
#include "sync/watchdog.h"

namespace embedq::sync {
namespace {

TEST(StartThread, OneThatIsRefusedIsAnErrorAndTheNextMayStart) {
    bool ran = false;
    std::thread thread;
    {
        const NoThreads refused;
        const Status started = start_thread(thread, [&] { ran = true; });
        ASSERT_FALSE(started);
        EXPECT_EQ(started.error().kind, ErrorKind::unavailable);
        EXPECT_TRUE(started.error().message.starts_with("the system starts no further thread: "));
        EXPECT_FALSE(thread.joinable());
    }
    ASSERT_TRUE(start_thread(thread, [&] { ran = true; }));
    thread.join();
    EXPECT_TRUE(ran);
}

TEST(StartThread, ACallThatCouldNotBeWatchedIsNotEndedLater) {
    Watchdog watchdog;
    bool ended = false;
    const auto past = std::chrono::steady_clock::now();
    {
        const NoThreads refused;
        EXPECT_THROW(Watchdog::Watch(watchdog, past, [&] { ended = true; }), std::system_error);
    }
    watchdog.stop();
    EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace embedq::sync
