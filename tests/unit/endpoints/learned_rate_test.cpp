#include "endpoints/learned_rate.h"

#include <gtest/gtest.h>

#include <deque>

namespace embedq::endpoints {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = LearnedRate::Steady;

const Steady rate_start{seconds(1'000)};

// A server that accepts a number of calls in any second, and refuses others with a pause of one second.
class Server {
public:
    explicit Server(std::size_t per_second) : per_second_(per_second) {}
    bool accepts(Steady now) {
        while (!passed_.empty() && passed_.front() <= now - seconds(1)) passed_.pop_front();
        if (passed_.size() >= per_second_) return false;
        passed_.push_back(now);
        ++accepted;
        return true;
    }
    std::size_t accepted = 0;

private:
    std::size_t per_second_;
    std::deque<Steady> passed_;
};

// A client that sends as fast as the rate allows, at most one call in two milliseconds, and not during a pause.
std::size_t refusals_of(Server& server, LearnedRate& rate, seconds time) {
    std::size_t refusals = 0;
    Steady paused_until = rate_start;
    for (Steady now = rate_start; now < rate_start + time; now += milliseconds(2)) {
        if (now < paused_until || rate.available_at(now) > now) continue;
        const bool accepted = server.accepts(now);
        rate.sent(now);
        if (accepted) continue;
        ++refusals;
        paused_until = now + seconds(1);
        rate.refused(now, now + milliseconds(1), paused_until);
    }
    return refusals;
}

TEST(LearnedRate, ThereIsNoneBeforeARefusal) {
    LearnedRate rate;
    for (int i = 0; i < 1'000; ++i) rate.sent(rate_start);
    EXPECT_EQ(rate.available_at(rate_start), rate_start);
    EXPECT_EQ(rate.per_second(rate_start), 0);
}

TEST(LearnedRate, ALimitPerSecondIsLearnedFromTheFirstRefusalAndUsed) {
    Server server(50);
    LearnedRate rate;
    const std::size_t refusals = refusals_of(server, rate, seconds(60));
    EXPECT_GE(server.accepted, 60U * 50U * 95 / 100);
    EXPECT_LE(refusals, 4U);
}

TEST(LearnedRate, AFewCallsDoNotShowARate) {
    Server server(2);
    LearnedRate rate;
    refusals_of(server, rate, seconds(10));
    EXPECT_EQ(rate.per_second(rate_start + seconds(10)), 0);
    EXPECT_GE(server.accepted, 18U);
}

TEST(LearnedRate, AShortPauseSetsNoRate) {
    LearnedRate rate;
    for (int i = 0; i < 40; ++i) rate.sent(rate_start + milliseconds(i));
    rate.refused(rate_start + milliseconds(40), rate_start + milliseconds(40), rate_start + milliseconds(60));
    EXPECT_EQ(rate.per_second(rate_start + milliseconds(60)), 0);
    EXPECT_EQ(rate.available_at(rate_start + milliseconds(41)), rate_start + milliseconds(41));
}

TEST(LearnedRate, RefusalsOfCallsSentTogetherAreOne) {
    LearnedRate rate;
    for (int i = 0; i < 40; ++i) rate.sent(rate_start + milliseconds(i));
    for (int i = 0; i < 8; ++i)
        rate.refused(rate_start + milliseconds(40), rate_start + milliseconds(60 + i),
                     rate_start + milliseconds(1'060 + i));
    EXPECT_NEAR(rate.per_second(rate_start + milliseconds(1'067)), 40 * 0.98 * 0.97, 0.5);
    EXPECT_EQ(rate.available_at(rate_start + milliseconds(100)), rate_start + milliseconds(1'067))
        << "the longest pause";
}

TEST(LearnedRate, ALimitThatNoLongerHoldsIsForgotten) {
    LearnedRate rate;
    for (int i = 0; i < 10; ++i) rate.sent(rate_start + milliseconds(i));
    rate.refused(rate_start + milliseconds(10), rate_start + milliseconds(10), rate_start + seconds(1));
    Steady now = rate_start + seconds(1);
    std::size_t sent = 0;
    while (rate.per_second(now) > 0 && now < rate_start + seconds(600)) {
        now = std::max(rate.available_at(now), now + milliseconds(1));
        rate.sent(now);
        ++sent;
    }
    EXPECT_LE(now, rate_start + seconds(120));
    EXPECT_GT(sent, 10U * 60U);
}

TEST(LearnedRate, ARefusalSoonAfterTheLastLowersItFurther) {
    // A token bucket of 100 that gains 10 per second: what is accepted at first says little about the rate.
    LearnedRate rate;
    double bucket = 100;
    Steady paused_until = rate_start;
    std::size_t refusals = 0;
    std::size_t through = 0;
    for (Steady now = rate_start; now < rate_start + seconds(120); now += milliseconds(2)) {
        bucket = std::min(100.0, bucket + 0.02);
        if (now < paused_until || rate.available_at(now) > now) continue;
        rate.sent(now);
        if (bucket >= 1) {
            --bucket;
            ++through;
            continue;
        }
        ++refusals;
        paused_until = now + seconds(1);
        rate.refused(now, now, paused_until);
    }
    EXPECT_GE(through, 1'300U * 90 / 100);
    EXPECT_LE(refusals, 20U);
}

TEST(LearnedRate, AThreadThatWakesUpLateCatchesUpByOneCall) {
    LearnedRate rate;
    for (int i = 0; i < 50; ++i) rate.sent(rate_start + milliseconds(i));
    rate.refused(rate_start + milliseconds(50), rate_start + milliseconds(50), rate_start + seconds(1));
    const Steady late = rate_start + seconds(3);
    int immediate = 0;
    while (rate.available_at(late) == late) {
        rate.sent(late);
        ++immediate;
    }
    EXPECT_EQ(immediate, 2);
}

}  // namespace
}  // namespace embedq::endpoints
