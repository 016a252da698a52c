#include "scheduler/budget.h"

#include <gtest/gtest.h>

#include <deque>

namespace embedq::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Budget, NoBudgetGrantsEverythingAtOnce) {
    Budget budget(0);
    const Budget::Steady now{seconds(100)};
    EXPECT_EQ(budget.available_at(1e9, now), now);
}

TEST(Budget, NoWindowOfAMinuteExceedsTheBudgetByMoreThanASixtieth) {
    Budget budget(600);
    Budget::Steady now{seconds(100)};
    std::deque<Budget::Steady> taken;
    std::size_t most = 0;
    std::size_t total = 0;
    const auto end = now + seconds(180);
    while (now < end) {
        if (budget.available_at(1, now) == now) {
            budget.take(1, now);
            taken.push_back(now);
            ++total;
            while (taken.front() <= now - seconds(60)) taken.pop_front();
            most = std::max(most, taken.size());
        } else {
            now += milliseconds(7);
        }
    }
    EXPECT_LE(most, 610U);
    EXPECT_GE(total, 1'710U) << "at least 95 % of it is used";
}

TEST(Budget, MoreThanItEverHoldsIsGrantedWhenFullAndPaidOffAfterwards) {
    Budget budget(60);  // one a second, and it holds one
    Budget::Steady now{seconds(100)};
    ASSERT_EQ(budget.available_at(10, now), now);
    budget.take(10, now);
    EXPECT_GT(budget.available_at(1, now + seconds(8)), now + seconds(8));
    EXPECT_EQ(budget.available_at(1, now + seconds(11)), now + seconds(11));
}

}  // namespace
}  // namespace embedq::scheduler
