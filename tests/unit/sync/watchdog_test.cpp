#include "sync/watchdog.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace embedq::sync {
namespace {

using namespace std::chrono_literals;
using Reason = Watchdog::Reason;

std::chrono::steady_clock::time_point in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

// Two ends of a connection; nobody ever answers.
class SilentPeer {
public:
    SilentPeer() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
    ~SilentPeer() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    SilentPeer(const SilentPeer&) = delete;
    SilentPeer& operator=(const SilentPeer&) = delete;
    // As a library waits that has no deadline.
    void wait_for_an_answer() {
        pollfd waits{ends_[0], POLLIN, 0};
        ::poll(&waits, 1, -1);
    }
    void break_off() { ::shutdown(ends_[0], SHUT_RDWR); }

private:
    std::array<int, 2> ends_{};
};

TEST(Watchdog, EndsACallWhoseTimeIsOver) {
    Watchdog watchdog;
    SilentPeer peer;
    const Watchdog::Watch watch(watchdog, in(20ms), [&] { peer.break_off(); });
    peer.wait_for_an_answer();
    EXPECT_EQ(watch.ended(), Reason::deadline);
}

TEST(Watchdog, AnEarlierDeadlineThatComesLaterIsKeptTo) {
    Watchdog watchdog;
    SilentPeer peer;
    const Watchdog::Watch slow(watchdog, in(1h), [] { ADD_FAILURE() << "its time is not over"; });
    const Watchdog::Watch watch(watchdog, in(20ms), [&] { peer.break_off(); });
    peer.wait_for_an_answer();
    EXPECT_EQ(watch.ended(), Reason::deadline);
    EXPECT_EQ(slow.ended(), std::nullopt);
}

TEST(Watchdog, ACallThatEndedIsLeftAlone) {
    Watchdog watchdog;
    std::atomic<int> ended = 0;
    {
        const Watchdog::Watch watch(watchdog, in(1ms), [&] { ++ended; });
    }
    const int before = ended;
    SilentPeer peer;
    const Watchdog::Watch watch(watchdog, in(20ms), [&] { peer.break_off(); });
    peer.wait_for_an_answer();
    EXPECT_EQ(ended, before);
}

TEST(Watchdog, AStopEndsEveryCallAndEachThatFollows) {
    Watchdog watchdog;
    SilentPeer peer;
    const Watchdog::Watch watch(watchdog, in(1h), [&] { peer.break_off(); });
    std::jthread stopper([&] { watchdog.stop(); });
    peer.wait_for_an_answer();
    EXPECT_EQ(watch.ended(), Reason::stop);
    SilentPeer next;
    const Watchdog::Watch late(watchdog, in(1h), [&] { next.break_off(); });
    next.wait_for_an_answer();
    EXPECT_EQ(late.ended(), Reason::stop);
}

}  // namespace
}  // namespace embedq::sync
