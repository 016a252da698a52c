#include "scheduler/budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = Budget::Steady;

const Steady start{seconds(1'000)};

TEST(Budget, NoBudgetGrantsEverythingAtOnce) {
    Budget budget(0);
    EXPECT_TRUE(budget.unlimited());
    EXPECT_EQ(budget.available_at(start), start);
    budget.take(1e9);
    EXPECT_EQ(budget.available_at(start), start);
    EXPECT_EQ(budget.wanted_at(start, seconds(1)), Steady::max());
}

TEST(Budget, NothingIsAllowedBeforeSomethingIsLeased) {
    Budget budget(600);
    EXPECT_EQ(budget.available_at(start), Steady::max());
    EXPECT_EQ(budget.wanted_at(start, milliseconds(50)), start);
    EXPECT_EQ(budget.wanted(), 3) << "a quarter of a second of ten a second, in whole requests";
    EXPECT_EQ(Budget(60).wanted(), 1) << "or a single one";
}

TEST(Budget, ASliceAllowsItsRequestsEvenly) {
    Budget budget(600);
    budget.lease(start + milliseconds(300), 2);
    EXPECT_EQ(budget.available_at(start), start + milliseconds(300));
    budget.take(1);
    EXPECT_EQ(budget.available_at(start + milliseconds(300)), start + milliseconds(400));
    budget.take(1);
    EXPECT_EQ(budget.available_at(start + milliseconds(400)), Steady::max());
}

TEST(Budget, APermitIsGoodForHalfASecondAndThenGone) {
    Budget budget(600);
    budget.lease(start, 3);
    EXPECT_EQ(budget.available_at(start + milliseconds(500)), start + milliseconds(500)) << "all three";
    EXPECT_EQ(budget.available_at(start + milliseconds(501)), start + milliseconds(501)) << "the second";
    budget.take(1);
    budget.take(1);
    EXPECT_EQ(budget.available_at(start + milliseconds(501)), Steady::max()) << "the first was dropped";
}

TEST(Budget, TheNextSliceIsAskedForBeforeThePresentOneEnds) {
    Budget budget(600);
    budget.lease(start, 3);
    EXPECT_EQ(budget.wanted_at(start, milliseconds(40)), start + milliseconds(260));
    budget.lease(start + milliseconds(300), 3);
    EXPECT_EQ(budget.wanted_at(start, milliseconds(40)), start + milliseconds(560));
}

TEST(Budget, ABatchMayTakeMoreThanIsHeldAndThatIsPaidOff) {
    Budget budget(60'000);  // tokens: a thousand a second
    budget.lease(start, 250);
    budget.take(2'250);
    EXPECT_EQ(budget.available_at(start), Steady::max());
    EXPECT_EQ(budget.wanted(), 2'250);
    budget.lease(start + milliseconds(250), 2'250);
    EXPECT_EQ(budget.available_at(start), start + milliseconds(2'250));
}

// The store's line: stretches follow each other, whoever asks.
class Line {
public:
    explicit Line(double per_minute) : per_second_(per_minute / 60) {}
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

// Several processes that look at irregular times, as threads do, and ask the store only while they have something to
// send.
struct Sent {
    std::vector<Steady> times;
    int store_calls = 0;
};
Sent send(double per_minute, std::size_t processes, seconds time, milliseconds sloppiness) {
    Line line(per_minute);
    std::mt19937 random(7);
    std::uniform_int_distribution<long> sloppy(0, sloppiness.count());
    struct Process {
        Budget budget;
        Steady looks_at;
        Steady answer_at = Steady::max();
        Steady given{};
        double asked = 0;
    };
    std::vector<Process> all(processes, Process{Budget(per_minute), start});
    Sent sent;
    for (Steady now = start; now < start + time; now += milliseconds(1)) {
        for (Process& one : all) {
            if (one.answer_at <= now) {
                one.budget.lease(one.given, one.asked);
                one.answer_at = Steady::max();
            }
            if (one.answer_at == Steady::max() && one.budget.wanted_at(now, milliseconds(30)) <= now) {
                one.asked = one.budget.wanted();
                one.given = line.reserve(one.asked, now);
                one.answer_at = now + milliseconds(5);
            }
            if (now < one.looks_at || one.budget.available_at(now) > now) continue;
            one.budget.take(1);
            sent.times.push_back(now);
            one.looks_at = now + milliseconds(sloppy(random));
        }
    }
    sent.store_calls = line.calls;
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

TEST(Budget, FourProcessesTogetherKeepToItAndUseIt) {
    const Sent sent = send(600, 4, seconds(180), milliseconds(80));
    EXPECT_LE(most_in_a_minute(sent.times), 612U);
    EXPECT_GE(sent.times.size(), 1'710U) << "95 %";
    EXPECT_LE(sent.store_calls, 4 * 180) << "four calls a second, whatever the number of processes";
}

TEST(Budget, FewRequestsAMinuteAreSharedToo) {
    const Sent sent = send(30, 4, seconds(600), milliseconds(200));
    EXPECT_LE(most_in_a_minute(sent.times), 31U);
    EXPECT_GE(sent.times.size(), 285U);
}

}  // namespace
}  // namespace embedq::scheduler
