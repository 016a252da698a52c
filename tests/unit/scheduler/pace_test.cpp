#include "scheduler/pace.h"

#include <gtest/gtest.h>

#include <deque>

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = Pace::Steady;

const Steady pace_start{seconds(1'000)};

// What a server lets through in any second; refuses the rest and asks for a second's rest.
class Server {
public:
    explicit Server(std::size_t per_second) : per_second_(per_second) {}
    bool lets_through(Steady now) {
        while (!passed_.empty() && passed_.front() <= now - seconds(1)) passed_.pop_front();
        if (passed_.size() >= per_second_) return false;
        passed_.push_back(now);
        ++let_through;
        return true;
    }
    std::size_t let_through = 0;

private:
    std::size_t per_second_;
    std::deque<Steady> passed_;
};

// A client that sends as fast as the pace allows, at most one call in two milliseconds, and never by the server's word
// too early.
std::size_t refusals_of(Server& server, Pace& pace, seconds time) {
    std::size_t refusals = 0;
    Steady rests_until = pace_start;
    for (Steady now = pace_start; now < pace_start + time; now += milliseconds(2)) {
        if (now < rests_until || pace.available_at(now) > now) continue;
        const bool through = server.lets_through(now);
        pace.sent(now);
        if (through) continue;
        ++refusals;
        rests_until = now + seconds(1);
        pace.refused(now, now + milliseconds(1), rests_until);
    }
    return refusals;
}

TEST(Pace, ThereIsNoneBeforeARefusal) {
    Pace pace;
    for (int i = 0; i < 1'000; ++i) pace.sent(pace_start);
    EXPECT_EQ(pace.available_at(pace_start), pace_start);
    EXPECT_EQ(pace.per_second(pace_start), 0);
}

TEST(Pace, AWindowOfASecondIsLearnedFromTheFirstRefusalAndUsed) {
    Server server(50);
    Pace pace;
    const std::size_t refusals = refusals_of(server, pace, seconds(60));
    EXPECT_GE(server.let_through, 60U * 50U * 95 / 100);
    EXPECT_LE(refusals, 4U);
}

TEST(Pace, AFewCallsTellNoRate) {
    Server server(2);
    Pace pace;
    refusals_of(server, pace, seconds(10));
    EXPECT_EQ(pace.per_second(pace_start + seconds(10)), 0);
    EXPECT_GE(server.let_through, 18U);
}

TEST(Pace, AShortRestIsPaceEnough) {
    Pace pace;
    for (int i = 0; i < 40; ++i) pace.sent(pace_start + milliseconds(i));
    pace.refused(pace_start + milliseconds(40), pace_start + milliseconds(40), pace_start + milliseconds(60));
    EXPECT_EQ(pace.per_second(pace_start + milliseconds(60)), 0);
    EXPECT_EQ(pace.available_at(pace_start + milliseconds(41)), pace_start + milliseconds(41));
}

TEST(Pace, RefusalsOfCallsSentTogetherAreOne) {
    Pace pace;
    for (int i = 0; i < 40; ++i) pace.sent(pace_start + milliseconds(i));
    for (int i = 0; i < 8; ++i)
        pace.refused(pace_start + milliseconds(40), pace_start + milliseconds(60 + i),
                     pace_start + milliseconds(1'060 + i));
    EXPECT_NEAR(pace.per_second(pace_start + milliseconds(1'067)), 40 * 0.98 * 0.97, 0.5);
    EXPECT_EQ(pace.available_at(pace_start + milliseconds(100)), pace_start + milliseconds(1'067))
        << "the longest rest";
}

TEST(Pace, ALimitThatIsOverIsForgotten) {
    Pace pace;
    for (int i = 0; i < 10; ++i) pace.sent(pace_start + milliseconds(i));
    pace.refused(pace_start + milliseconds(10), pace_start + milliseconds(10), pace_start + seconds(1));
    Steady now = pace_start + seconds(1);
    std::size_t sent = 0;
    while (pace.per_second(now) > 0 && now < pace_start + seconds(600)) {
        now = std::max(pace.available_at(now), now + milliseconds(1));
        pace.sent(now);
        ++sent;
    }
    EXPECT_LE(now, pace_start + seconds(120));
    EXPECT_GT(sent, 10U * 60U);
}

TEST(Pace, ARefusalSoonAfterTheLastLowersItFurther) {
    // A bucket of a hundred that gains ten a second: what went through at first says little of it.
    Pace pace;
    double bucket = 100;
    Steady rests_until = pace_start;
    std::size_t refusals = 0;
    std::size_t through = 0;
    for (Steady now = pace_start; now < pace_start + seconds(120); now += milliseconds(2)) {
        bucket = std::min(100.0, bucket + 0.02);
        if (now < rests_until || pace.available_at(now) > now) continue;
        pace.sent(now);
        if (bucket >= 1) {
            --bucket;
            ++through;
            continue;
        }
        ++refusals;
        rests_until = now + seconds(1);
        pace.refused(now, now, rests_until);
    }
    EXPECT_GE(through, 1'300U * 90 / 100);
    EXPECT_LE(refusals, 20U);
}

TEST(Pace, AThreadThatWakesLateCatchesUpByOneCall) {
    Pace pace;
    for (int i = 0; i < 50; ++i) pace.sent(pace_start + milliseconds(i));
    pace.refused(pace_start + milliseconds(50), pace_start + milliseconds(50), pace_start + seconds(1));
    const Steady late = pace_start + seconds(3);
    int at_once = 0;
    while (pace.available_at(late) == late) {
        pace.sent(late);
        ++at_once;
    }
    EXPECT_EQ(at_once, 2);
}

}  // namespace
}  // namespace embedq::scheduler
