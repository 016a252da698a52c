#include "endpoints/rate_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace embedq::endpoints {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = RateLimit::Steady;

const Steady start{seconds(1'000)};

TEST(RateLimit, WithoutARateLimitEverythingIsAllowedImmediately) {
    RateLimit rate_limit(0);
    EXPECT_TRUE(rate_limit.unlimited());
    EXPECT_EQ(rate_limit.available_at(start), start);
    rate_limit.take(1e9);
    EXPECT_EQ(rate_limit.available_at(start), start);
    EXPECT_EQ(rate_limit.reserve_at(start, seconds(1)), Steady::max());
}

TEST(RateLimit, NothingIsAllowedBeforeASlotIsReserved) {
    RateLimit rate_limit(600);
    EXPECT_EQ(rate_limit.available_at(start), Steady::max());
    EXPECT_EQ(rate_limit.reserve_at(start, milliseconds(50)), start);
    EXPECT_EQ(rate_limit.reserve_amount(), 3) << "a quarter of a second at 10 per second, in whole requests";
    EXPECT_EQ(RateLimit(60).reserve_amount(), 1) << "or a single one";
}

TEST(RateLimit, ASlotAllowsItsRequestsEvenly) {
    RateLimit rate_limit(600);
    rate_limit.add_slot(start + milliseconds(300), 2);
    EXPECT_EQ(rate_limit.available_at(start), start + milliseconds(300));
    rate_limit.take(1);
    EXPECT_EQ(rate_limit.available_at(start + milliseconds(300)), start + milliseconds(400));
    rate_limit.take(1);
    EXPECT_EQ(rate_limit.available_at(start + milliseconds(400)), Steady::max());
}

TEST(RateLimit, APermitIsValidForHalfASecond) {
    RateLimit rate_limit(600);
    rate_limit.add_slot(start, 3);
    EXPECT_EQ(rate_limit.available_at(start + milliseconds(500)), start + milliseconds(500)) << "all three";
    EXPECT_EQ(rate_limit.available_at(start + milliseconds(501)), start + milliseconds(501)) << "the second";
    rate_limit.take(1);
    rate_limit.take(1);
    EXPECT_EQ(rate_limit.available_at(start + milliseconds(501)), Steady::max()) << "the first was dropped";
}

TEST(RateLimit, TheNextSlotIsReservedBeforeThePresentOneEnds) {
    RateLimit rate_limit(600);
    rate_limit.add_slot(start, 3);
    EXPECT_EQ(rate_limit.reserve_at(start, milliseconds(40)), start + milliseconds(260));
    rate_limit.add_slot(start + milliseconds(300), 3);
    EXPECT_EQ(rate_limit.reserve_at(start, milliseconds(40)), start + milliseconds(560));
}

TEST(RateLimit, ABatchMayTakeMoreThanIsHeldAndTheDebtIsPaid) {
    RateLimit rate_limit(60'000);  // tokens: a thousand a second
    rate_limit.add_slot(start, 250);
    rate_limit.take(2'250);
    EXPECT_EQ(rate_limit.available_at(start), Steady::max());
    EXPECT_EQ(rate_limit.reserve_amount(), 2'250);
    rate_limit.add_slot(start + milliseconds(250), 2'250);
    EXPECT_EQ(rate_limit.available_at(start), start + milliseconds(2'250));
}

// The store's schedule: slots follow one another, whichever process reserves them.
class Schedule {
public:
    explicit Schedule(double per_minute) : per_second_(per_minute / 60) {}
    Steady reserve(double amount, Steady now) {
        next_ = std::max(next_, now);
        const Steady given = next_;
        next_ += std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(amount / per_second_));
        ++calls;
        return given;
    }
    int calls = 0;

private:
    double per_second_;
    Steady next_{};
};

// Several processes that wake up at irregular times, as threads do, and reserve only while they have something to send.
struct Sent {
    std::vector<Steady> times;
    int store_calls = 0;
};
Sent send(double per_minute, std::size_t processes, seconds time, milliseconds max_delay) {
    Schedule schedule(per_minute);
    std::mt19937 random(7);
    std::uniform_int_distribution<long> delay(0, max_delay.count());
    struct Process {
        RateLimit rate_limit;
        Steady looks_at;
        Steady answer_at = Steady::max();
        Steady given{};
        double asked = 0;
    };
    std::vector<Process> all(processes, Process{RateLimit(per_minute), start});
    Sent sent;
    for (Steady now = start; now < start + time; now += milliseconds(1)) {
        for (Process& one : all) {
            if (one.answer_at <= now) {
                one.rate_limit.add_slot(one.given, one.asked);
                one.answer_at = Steady::max();
            }
            if (one.answer_at == Steady::max() && one.rate_limit.reserve_at(now, milliseconds(30)) <= now) {
                one.asked = one.rate_limit.reserve_amount();
                one.given = schedule.reserve(one.asked, now);
                one.answer_at = now + milliseconds(5);
            }
            if (now < one.looks_at || one.rate_limit.available_at(now) > now) continue;
            one.rate_limit.take(1);
            sent.times.push_back(now);
            one.looks_at = now + milliseconds(delay(random));
        }
    }
    sent.store_calls = schedule.calls;
    return sent;
}

std::size_t most_in_a_minute(const std::vector<Steady>& times) {
    std::size_t most = 0;
    for (std::size_t first = 0, last = 0; last < times.size(); ++last) {
        while (times[first] <= times[last] - seconds(60)) ++first;
        most = std::max(most, last - first + 1);
    }
    return most;
}

TEST(RateLimit, FourProcessesTogetherKeepToTheLimitAndUseIt) {
    const Sent sent = send(600, 4, seconds(180), milliseconds(80));
    EXPECT_LE(most_in_a_minute(sent.times), 612U);
    EXPECT_GE(sent.times.size(), 1'710U) << "95 %";
    EXPECT_LE(sent.store_calls, 4 * 180) << "four calls a second, whatever the number of processes";
}

TEST(RateLimit, WhatIsUsedOfALimitNeverPutsMoreThanTheLimitIntoAMinute) {
    for (const std::size_t per_minute : {3U, 30U, 600U}) {
        const Sent sent = send(RateLimit::usable * static_cast<double>(per_minute), 1, seconds(600), milliseconds(200));
        EXPECT_LE(most_in_a_minute(sent.times), per_minute);
    }
}

TEST(RateLimit, LimitsThatAreOutOfStepAllowCallsTogether) {
    RateLimit one(3);
    RateLimit two(3);
    Schedule first(3);
    Schedule second(3);
    static_cast<void>(second.reserve(0.4, start));
    std::vector<Steady> calls;
    for (Steady now = start; now < start + seconds(600); now += milliseconds(50)) {
        for (const auto& [limit, schedule] : {std::pair(&one, &first), std::pair(&two, &second)}) {
            if (limit->reserve_at(now, milliseconds(30)) <= now) {
                const double amount = limit->reserve_amount();
                limit->add_slot(schedule->reserve(amount, now), amount);
            }
        }
        const bool allowed = one.available_at(now) <= now && two.available_at(now) <= now;
        one.hold(now);
        two.hold(now);
        if (!allowed) continue;
        one.take(1);
        two.take(1);
        calls.push_back(now);
    }
    EXPECT_GE(calls.size(), 28U);
    EXPECT_LE(most_in_a_minute(calls), 4U);
}

TEST(RateLimit, AHeldPermitDoesNotStayForEver) {
    RateLimit rate_limit(60);
    rate_limit.add_slot(start, 1);
    rate_limit.hold(start);
    EXPECT_EQ(rate_limit.available_at(start + seconds(2)), start + seconds(2));
    EXPECT_EQ(rate_limit.available_at(start + seconds(3)), Steady::max());
}

TEST(RateLimit, ALowRateLimitIsSharedToo) {
    const Sent sent = send(30, 4, seconds(600), milliseconds(200));
    EXPECT_LE(most_in_a_minute(sent.times), 31U);
    EXPECT_GE(sent.times.size(), 285U);
}

}  // namespace
}  // namespace embedq::endpoints
