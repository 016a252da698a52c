#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "simulated/faults.h"

namespace embedq::simulated {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::string refusal(std::string_view line) {
    const auto fault = parse_fault(line);
    if (fault) return "";
    EXPECT_EQ(fault.error().kind, ErrorKind::invalid_argument);
    EXPECT_THAT(to_string(fault.error()), HasSubstr("fault '" + std::string(line) + "': "));
    return to_string(fault.error());
}

TEST(FaultParser, Throttle) {
    const auto fault = parse_fault("throttle above=50/s retry_after=1s").value();
    EXPECT_EQ(fault.action, Action::throttle);
    EXPECT_EQ(fault.above->calls, 50U);
    EXPECT_EQ(fault.above->window, 1s);
    EXPECT_EQ(fault.retry_after, 1s);
    EXPECT_EQ(parse_fault("throttle above=3000/m")->above->window, 60s);
}

TEST(FaultParser, CallsAndRates) {
    const auto fault = parse_fault("  fail   calls=3..5  rate=0.25 retry_after=250ms ").value();
    EXPECT_EQ(fault.action, Action::fail);
    EXPECT_EQ(fault.first_call, 3U);
    EXPECT_EQ(fault.last_call, 5U);
    EXPECT_EQ(fault.rate, 0.25);
    EXPECT_EQ(fault.retry_after, 250ms);
    EXPECT_EQ(parse_fault("nan calls=7")->last_call, 7U);
    EXPECT_EQ(parse_fault("hang calls=7..")->last_call, std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(parse_fault("misconfigured")->first_call, 1U);
    EXPECT_EQ(parse_fault("wrong_count")->action, Action::wrong_count);
    EXPECT_EQ(parse_fault("wrong_dimension rate=1")->action, Action::wrong_dimension);
}

TEST(FaultParser, PoisonTakesTheRestOfTheLine) {
    const auto fault = parse_fault("poison per_text calls=2.. text=drop  table text=x ").value();
    EXPECT_EQ(fault.action, Action::poison);
    EXPECT_TRUE(fault.per_text);
    EXPECT_EQ(fault.first_call, 2U);
    EXPECT_EQ(fault.text, "drop  table text=x ");
    EXPECT_FALSE(parse_fault("poison text=x")->per_text);
}

TEST(FaultParser, Sizes) {
    const auto fault = parse_fault("too_large above_inputs=16 above_bytes=8192").value();
    EXPECT_EQ(fault.above_inputs, 16U);
    EXPECT_EQ(fault.above_bytes, 8192U);
}

TEST(FaultParser, ErrorsNameTheLineAndWhatWasExpected) {
    EXPECT_THAT(refusal("explode rate=1"), HasSubstr("the action is 'explode', expected throttle, fail, hang, "));
    EXPECT_THAT(refusal(""), HasSubstr("the action is '', expected"));
    EXPECT_THAT(refusal("fail rate=2"), HasSubstr("found 'rate=2', expected a number above 0 and at most 1"));
    EXPECT_THAT(refusal("fail rate=0"), HasSubstr("found 'rate=0'"));
    EXPECT_THAT(refusal("fail rate=nan"), HasSubstr("found 'rate=nan'"));
    EXPECT_THAT(refusal("fail rate"), HasSubstr("found 'rate', expected"));
    EXPECT_THAT(refusal("fail calls=0"), HasSubstr("call numbers from 1"));
    EXPECT_THAT(refusal("fail calls=5..3"), HasSubstr("call numbers from 1"));
    EXPECT_THAT(refusal("fail calls=..3"), HasSubstr("call numbers from 1"));
    EXPECT_THAT(refusal("throttle above=50"), HasSubstr("calls per second or minute"));
    EXPECT_THAT(refusal("throttle above=0/s"), HasSubstr("calls per second or minute"));
    EXPECT_THAT(refusal("throttle above=1000001/s"), HasSubstr("from 1 to 1000000"));
    EXPECT_THAT(refusal("throttle retry_after=1"), HasSubstr("a duration, such as"));
    EXPECT_THAT(refusal("throttle retry_after=-1s"), HasSubstr("a duration, such as"));
    EXPECT_THAT(refusal("hang above=1/s"), HasSubstr("'above=1/s' is not a key of hang; expected rate=, calls="));
    EXPECT_THAT(refusal("fail loudly"),
                HasSubstr("'loudly' is not a key of fail; expected rate=, calls=, retry_after="));
    EXPECT_THAT(refusal("nan per_text"), HasSubstr("'per_text' is not a key of nan"));
    EXPECT_THAT(refusal("poison rate=0.1"), HasSubstr("poison needs the text"));
    EXPECT_THAT(refusal("poison text="), HasSubstr("poison needs the text"));
    EXPECT_THAT(refusal("too_large"), HasSubstr("too_large needs a limit"));
    EXPECT_THAT(refusal("too_large above_inputs=0"), HasSubstr("a number of texts from 1"));
    EXPECT_THAT(refusal("too_large above_bytes=x"), HasSubstr("a number of bytes from 1"));
}

TEST(FaultParser, AListStopsAtTheFirstBadLine) {
    const std::vector<std::string> lines = {"fail calls=1", "fial calls=2"};
    EXPECT_THAT(to_string(parse_faults(lines).error()), HasSubstr("'fial calls=2'"));
    EXPECT_EQ(parse_faults(std::span(lines).first(1))->size(), 1U);
}

}  // namespace
}  // namespace embedq::simulated
