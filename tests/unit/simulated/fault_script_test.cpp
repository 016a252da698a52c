#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "simulated/faults.h"

namespace embedq::simulated {
namespace {

using namespace std::chrono_literals;

class FaultScriptTest : public ::testing::Test {
protected:
    static std::vector<Fault> faults(std::vector<std::string> lines) { return parse_faults(lines).value(); }
    // The action of the next call as a letter, '.' for none.
    char next(FaultScript& script, std::vector<std::string_view> texts = {"text"}) {
        const Fault* fault = script.next(now, texts);
        return fault == nullptr ? '.' : "tfhmlncdp"[static_cast<std::size_t>(fault->action)];
    }
    std::string next(FaultScript& script, int calls) {
        std::string letters;
        for (int i = 0; i < calls; ++i) letters += next(script);
        return letters;
    }

    std::chrono::steady_clock::time_point now{1h};
};

TEST_F(FaultScriptTest, CallsAreCountedFromOne) {
    FaultScript script(faults({"fail calls=2..3", "hang calls=3..4", "nan calls=6.."}), 1);
    EXPECT_EQ(next(script, 7), ".ffh.nn") << "the first line that applies";
}

TEST_F(FaultScriptTest, RatesAreExactAndRepeatable) {
    FaultScript script(faults({"fail rate=0.1"}), 1);
    FaultScript same(faults({"fail rate=0.1"}), 1);
    FaultScript other(faults({"fail rate=0.1"}), 2);
    const std::string calls = next(script, 10000);
    EXPECT_NEAR(static_cast<double>(std::ranges::count(calls, 'f')), 1000, 100);
    EXPECT_EQ(next(same, 10000), calls);
    EXPECT_NE(next(other, 10000), calls);
}

TEST_F(FaultScriptTest, LinesWithTheSameRateAffectDifferentCalls) {
    FaultScript script(faults({"fail rate=0.1", "nan rate=0.1"}), 1);
    EXPECT_NEAR(static_cast<double>(std::ranges::count(next(script, 10000), 'n')), 900, 100);
}

TEST_F(FaultScriptTest, ThrottlesAboveARateWithinAnyWindow) {
    FaultScript script(faults({"throttle above=3/s"}), 1);
    EXPECT_EQ(next(script, 2), "..");
    now += 600ms;
    EXPECT_EQ(next(script, 3), ".tt");
    now += 399ms;
    EXPECT_EQ(next(script, 1), "t");
    now += 1ms;
    EXPECT_EQ(next(script, 3), "..t") << "accepted calls leave the window, throttled calls were never in it";
}

TEST_F(FaultScriptTest, TwoRateLimitsHoldTogether) {
    FaultScript script(faults({"throttle above=2/s", "throttle above=3/m"}), 1);
    EXPECT_EQ(next(script, 3), "..t");
    now += 1s;
    EXPECT_EQ(next(script, 2), ".t");
    now += 59s;
    EXPECT_EQ(next(script, 3), "..t");
}

TEST_F(FaultScriptTest, ConditionsOnTextsApplyToTheWholeCall) {
    FaultScript script(faults({"too_large above_inputs=2", "too_large above_bytes=8", "poison text=bad"}), 1);
    EXPECT_EQ(next(script, {"a", "b", "c"}), 'l');
    EXPECT_EQ(next(script, {"a", "b"}), '.');
    EXPECT_EQ(next(script, {"12345678"}), '.');
    EXPECT_EQ(next(script, {"123456789"}), 'l');
    EXPECT_EQ(next(script, {"x", "a bad y"}), 'p');
}

TEST_F(FaultScriptTest, AllConditionsOfALineMustHold) {
    FaultScript script(faults({"poison calls=2 text=bad"}), 1);
    EXPECT_EQ(next(script, {"bad"}), '.');
    EXPECT_EQ(next(script, {"bad"}), 'p');
    EXPECT_EQ(next(script, {"bad"}), '.');
}

}  // namespace
}  // namespace embedq::simulated
