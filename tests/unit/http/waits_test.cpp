#include "http/waits.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedq::http {
namespace {

using std::chrono::milliseconds;

const Wall received_at = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);

TEST(Waits, AreReadInEveryForm) {
    EXPECT_EQ(parse_wait("12ms"), milliseconds(12));
    EXPECT_EQ(parse_wait("1s"), milliseconds(1000));
    EXPECT_EQ(parse_wait("1m30.5s"), milliseconds(90'500));
    EXPECT_EQ(parse_wait("6m0s"), milliseconds(360'000));
    EXPECT_EQ(parse_wait("1h2m3s"), milliseconds(3'723'000));
    EXPECT_EQ(parse_wait("55 seconds"), milliseconds(55'000));
    EXPECT_EQ(parse_wait(" 3 "), milliseconds(3000));
    EXPECT_EQ(parse_wait("0.5"), milliseconds(500));
    EXPECT_EQ(parse_wait("0"), milliseconds(0));
    for (const char* text : {"", "-1", "soon", "inf", "nan", "1x", "1s later", "Sun"})
        EXPECT_EQ(parse_wait(text), std::nullopt) << text;
}

TEST(Waits, HttpDatesAreRead) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Wall(std::chrono::seconds(784'111'777)));
    for (const char* text : {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 40 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"}) {
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
    }
}

std::optional<milliseconds> requested(std::vector<Header> list, std::string_view message = "") {
    Headers headers;
    for (auto& header : list) headers.add(std::move(header.name), std::move(header.value));
    return requested_wait(headers, {.message = std::string(message)}, received_at);
}

TEST(Waits, RetryAfterTakesPrecedence) {
    EXPECT_EQ(requested({{"retry-after-ms", "250"}, {"Retry-After", "1"}}), milliseconds(250));
    EXPECT_EQ(requested({{"Retry-After", "1.5"}}, "try again in 9s"), milliseconds(1500));
    EXPECT_EQ(requested({{"Retry-After", "Sun, 01 Mar 2026 00:02:00 GMT"}}), milliseconds(120'000));
    EXPECT_EQ(requested({{"Retry-After", "Sun, 01 Mar 2020 00:02:00 GMT"}}), std::nullopt);
    EXPECT_EQ(requested({{"Retry-After", "-1"}}), std::nullopt);
    EXPECT_EQ(requested({{"Retry-After", "0"}}), std::nullopt);
    EXPECT_EQ(requested({{"Retry-After", "99999999999999999999"}}), milliseconds(86'400'000));
}

TEST(Waits, MessagesAreRead) {
    EXPECT_EQ(requested({}, "Please try again in 41.724s. Visit us"), milliseconds(41'724));
    EXPECT_EQ(requested({}, "Please retry after 55 seconds."), milliseconds(55'000));
    EXPECT_EQ(requested({}, "Try again in 1m12s"), milliseconds(72'000));
    EXPECT_EQ(requested({}, "Please try again in 6ms."), milliseconds(6));
    EXPECT_EQ(requested({}, "Limit reached. Please wait 6 seconds."), milliseconds(6000));
    EXPECT_EQ(requested({}, "please wait for about 1 minute and 20 seconds"), milliseconds(80'000));
    EXPECT_EQ(requested({}, "before you try again, wait at least another 2 min"), milliseconds(120'000));
    EXPECT_EQ(requested({}, "Your limit will reset in 1m12s"), milliseconds(72'000));
    EXPECT_EQ(requested({}, "Retry-After: 5"), milliseconds(5000));
    EXPECT_EQ(requested({}, "retry after 55"), milliseconds(55'000));
    EXPECT_EQ(requested({}, "Out of call volume quota. Quota will be replenished in 01:02:03."),
              milliseconds(3'723'000));
    EXPECT_EQ(requested({}, "Quota will be replenished in 5.03:23:11."), milliseconds(86'400'000));  // at most a day
    EXPECT_EQ(requested({}, "Quota will be replenished in 30 seconds"), milliseconds(30'000));
    for (const char* none :
         {"please try again in a moment", "you may retry 3 times", "try again at 12:30", "resets at 2026-03-02",
          "wait 6", "wait for 6 more requests", "waited 6 seconds", "try again with at most 5 texts",
          "resets at 12:30:00", "replenished in 1:2", "replenished in 1.2", "replenished in .1:2:3", "replenished"}) {
        EXPECT_EQ(requested({}, none), std::nullopt) << none;
    }
    EXPECT_EQ(requested({{"x-ratelimit-remaining-tokens", "0"}, {"x-ratelimit-reset-tokens", "9s"}}, "try again in 2s"),
              milliseconds(2000));
}

TEST(Waits, UsedUpRateLimitsCount) {
    EXPECT_EQ(requested({{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "1m30s"}}),
              milliseconds(90'000));
    EXPECT_EQ(requested({{"x-ratelimit-remaining-requests", "5"}, {"x-ratelimit-reset-requests", "1m30s"}}),
              std::nullopt);
    EXPECT_EQ(requested({{"x-ratelimit-remaining-requests", "-1"}, {"x-ratelimit-reset-requests", "60"}}),
              std::nullopt);
    EXPECT_EQ(requested({{"x-ratelimit-remaining-requests", "0"},
                         {"x-ratelimit-reset-requests", "12ms"},
                         {"x-ratelimit-remaining-tokens", "0"},
                         {"x-ratelimit-reset-tokens", "3"}}),
              milliseconds(3000));
    EXPECT_EQ(requested({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1772323260"}}), milliseconds(60'000));
    EXPECT_EQ(requested({{"x-ratelimit-remaining-requests", "0"}}), std::nullopt);
}

// Hugging Face, docs/hub/rate-limits: the header of the IETF's draft.
TEST(Waits, TheRateLimitHeaderCountsWhereNothingRemains) {
    const auto limited = [](std::string field) { return requested({{"RateLimit", std::move(field)}}); };
    EXPECT_EQ(limited(R"("api";r=0;t=55)"), milliseconds(55'000));
    EXPECT_EQ(limited(R"("api|pages|resolvers" ; r=0 ; t=55)"), milliseconds(55'000));
    EXPECT_EQ(limited(R"("minute";r=0;t=20, "day";r=0;t=600, "hour";r=5;t=3600)"), milliseconds(600'000));
    EXPECT_EQ(limited(R"("api";r=0;t=999999999)"), milliseconds(86'400'000));
    for (const char* nothing : {R"("api";r=3;t=55)", R"("api";r=0)", R"("api";t=55)", R"("api";r=0;t=0)",
                                R"("api";r=;t=)", ";;", ",", "", "r=0", "r=0;t=-5", "100"}) {
        EXPECT_EQ(limited(nothing), std::nullopt) << nothing;
    }
    EXPECT_EQ(requested({{"RateLimit", R"("api";r=0;t=55)"}, {"Retry-After", "7"}}), milliseconds(7000));
}

TEST(Waits, AResetTimeIsInSecondsOrMillisecondsAndOfAnySize) {
    const auto reset = [](std::string at) {
        return requested({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", std::move(at)}});
    };
    constexpr milliseconds day = std::chrono::hours(24);
    EXPECT_EQ(reset("1772323260.25"), milliseconds(60'250));
    EXPECT_EQ(reset("1772323260000"), milliseconds(60'000));
    EXPECT_EQ(reset("1764288030000"), std::nullopt);  // over for months
    EXPECT_EQ(reset("1764288030000000"), std::nullopt);
    EXPECT_EQ(reset("1772323260000000"), milliseconds(60'000));
    EXPECT_EQ(reset("99999999999"), day);
    EXPECT_EQ(reset("10000000000000000000"), day);
    EXPECT_EQ(reset(std::string(300, '9')), day);
    EXPECT_EQ(reset(std::string(400, '9')), std::nullopt);  // not a double
}

}  // namespace
}  // namespace embedq::http
