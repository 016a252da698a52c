#include "endpoints/query_admission.h"

#include <future>
#include <thread>

#include "shared_limits_fixture.h"

namespace embedq::endpoints {
namespace {

// Fixtures of the scheduler's tests.
using scheduler::probed_provider;
using scheduler::SharedLimitsStore;
using std::chrono::milliseconds;
using std::chrono::seconds;

class QueryAdmissionTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(store.migrate()); }

    Result<QueryAdmission::Permit> admit(const ProbedProvider& provider, QueryAdmission& by, std::size_t bytes = 40) {
        return by.admit_query(store, provider, bytes, context.clock(), {});
    }
    Result<QueryAdmission::Permit> admit(const ProbedProvider& provider) { return admit(provider, query_admission); }
    QueryAdmission::Steady now() { return context.clock().now(); }
    milliseconds next_free(const ProbedProvider& provider, RateUnit unit, double per_minute) {
        const std::vector<RateRequest> request{{provider.profile.fingerprint, unit, per_minute, 1}};
        const auto slots = query_admission.reserve(store, request, now());
        return std::chrono::duration_cast<milliseconds>(slots.value().at(0).starts_in);
    }

    conformance::TestContext context{"test"};
    SharedLimitsStore store{context};
    QueryAdmission query_admission;
};

TEST_F(QueryAdmissionTest, WithoutARateLimitAQueryIsAdmittedAndNothingIsReserved) {
    const auto provider = probed_provider({});
    EXPECT_TRUE(admit(*provider));
    EXPECT_EQ(store.reservations, 0);
}

TEST_F(QueryAdmissionTest, AQueryGoesImmediatelyAlthoughDocumentsHaveReservedAhead) {
    const auto provider = probed_provider({.requests_per_minute = 600});
    const std::vector<RateRequest> documents{{provider->profile.fingerprint, RateUnit::requests, 600, 50}};
    ASSERT_TRUE(store.reserve(documents));
    EXPECT_TRUE(admit(*provider));
    EXPECT_EQ(next_free(*provider, RateUnit::requests, 600), milliseconds(5'100)) << "documents wait instead";
}

TEST_F(QueryAdmissionTest, QueriesHaveATenthOfTheRateLimit) {
    const auto provider = probed_provider({.requests_per_minute = 600});
    int passed = 0;
    for (int i = 0; i < 60 * 20; ++i) {
        if (admit(*provider)) ++passed;
        context.manual_clock().advance(milliseconds(50));
    }
    EXPECT_GE(passed, 59);
    EXPECT_LE(passed, 60 + 4);
    const auto refused = admit(*provider);
    if (!refused) {
        EXPECT_EQ(refused.error().kind, ErrorKind::throttled);
        EXPECT_NE(to_string(refused.error()).find("their tenth"), std::string::npos);
    }
}

TEST_F(QueryAdmissionTest, TheShareIsSharedByAllProcesses) {
    const auto provider = probed_provider({.requests_per_minute = 600});
    QueryAdmission other;
    int passed = 0;
    for (int i = 0; i < 60 * 10; ++i) {
        if (admit(*provider)) ++passed;
        if (admit(*provider, other)) ++passed;
        context.manual_clock().advance(milliseconds(100));
    }
    EXPECT_GE(passed, 57);
    EXPECT_LE(passed, 60 + 4 + 2);
}

TEST_F(QueryAdmissionTest, TokensCountToo) {
    const auto provider = probed_provider({.tokens_per_minute = 6'000});
    EXPECT_TRUE(admit(*provider, query_admission, 400));
    EXPECT_EQ(next_free(*provider, RateUnit::tokens, 6'000), milliseconds(1'000)) << "100 tokens at 100 per second";
}

TEST_F(QueryAdmissionTest, IfTheStoreDoesNotShareRateLimitsTheyHoldForThisProcess) {
    store.shares_rate_limits = false;
    const auto provider = probed_provider({.requests_per_minute = 600});
    EXPECT_TRUE(admit(*provider));
    EXPECT_EQ(next_free(*provider, RateUnit::requests, 600), milliseconds(100));
    EXPECT_EQ(next_free(*provider, RateUnit::requests, 600), milliseconds(200));
}

TEST_F(QueryAdmissionTest, AnUnavailableStoreRefusesQueries) {
    store.unavailable = true;
    const auto refused = admit(*probed_provider({.requests_per_minute = 600}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(to_string(refused.error()), "the store is unavailable");
}

TEST_F(QueryAdmissionTest, APausedEndpointRefusesImmediatelyWithTheReason) {
    const auto provider = probed_provider({});
    query_admission.set_pauses(provider->profile.fingerprint,
                               {{now() + seconds(7), PauseKind::throttled, "slow down"}});
    const auto refused = admit(*provider);
    ASSERT_FALSE(refused);
    EXPECT_EQ(to_string(refused.error()), "it is paused for 7 s: throttled: slow down");
    context.manual_clock().advance(seconds(7));
    EXPECT_TRUE(admit(*provider));
}

TEST_F(QueryAdmissionTest, AnotherProcessesPauseCountsExceptForAWrongKey) {
    const auto provider = probed_provider({});
    std::vector<EndpointState> states{
        {provider->profile.fingerprint, "one", PauseKind::misconfigured, seconds(5), "a wrong key"}};
    ASSERT_TRUE(store.put_endpoint_states(states));
    EXPECT_TRUE(admit(*provider)) << "only the other process may have the wrong key";
    states.front().kind = PauseKind::unavailable;
    states.front().reason = "connection refused";
    ASSERT_TRUE(store.put_endpoint_states(states));
    EXPECT_FALSE(admit(*provider));
}

TEST_F(QueryAdmissionTest, AQueryTakesAnEndpointThatIsNotPaused) {
    const auto provider = probed_provider({}, {"one", "two"});
    query_admission.set_pauses(provider->profile.fingerprint,
                               {{now() + seconds(7), PauseKind::unavailable, "gone"}, {}});
    EXPECT_EQ(admit(*provider)->endpoints(), std::vector<std::size_t>{1});
}

TEST_F(QueryAdmissionTest, AnEndpointAtWhichAQueryFailedIsAskedLast) {
    const auto provider = probed_provider({}, {"one", "two", "three"});
    EXPECT_EQ(admit(*provider)->endpoints(), (std::vector<std::size_t>{0, 1, 2}));
    query_admission.query_failed(store, *provider, 0, {ErrorKind::unavailable, "no answer"}, now());
    EXPECT_EQ(admit(*provider)->endpoints(), (std::vector<std::size_t>{1, 2, 0}));
    context.manual_clock().advance(QueryAdmission::avoided_for);
    EXPECT_EQ(admit(*provider)->endpoints(), (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_TRUE(store.published.empty()) << "it binds no other process";
}

TEST_F(QueryAdmissionTest, AProcessMakesOneMoreCallForQueriesAndTheNextQueryWaits) {
    const auto provider = probed_provider({});
    auto first = std::make_unique<Result<QueryAdmission::Permit>>(admit(*provider));
    ASSERT_TRUE(*first);
    std::promise<bool> passed;
    std::jthread second([&] { passed.set_value(admit(*provider).has_value()); });
    first.reset();
    EXPECT_TRUE(passed.get_future().get());
}

TEST_F(QueryAdmissionTest, AStopEndsTheWaitForAnotherQuery) {
    const auto provider = probed_provider({});
    const auto first = admit(*provider);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(query_admission.admit_query(store, *provider, 10, context.clock(), stop.get_token()));
}

TEST_F(QueryAdmissionTest, ThrottlingOfAQueryIsPublishedInTheStore) {
    const auto provider = probed_provider({});
    const Error error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = seconds(3)};
    query_admission.query_failed(store, *provider, 0, error, now());
    ASSERT_EQ(store.published.size(), 1U);
    EXPECT_EQ(store.published.front().cool_down, seconds(3));
    EXPECT_EQ(to_string(store.published.front()), "throttled: slow down");
    EXPECT_FALSE(admit(*provider));
    context.manual_clock().advance(seconds(3));
    EXPECT_TRUE(admit(*provider));
}

TEST_F(QueryAdmissionTest, ThrottlingForADayPausesForTenMinutes) {
    const auto provider = probed_provider({});
    query_admission.query_failed(
        store, *provider, 0,
        Error{.kind = ErrorKind::throttled, .message = "slow down", .retry_after = std::chrono::hours(24)}, now());
    ASSERT_EQ(store.published.size(), 1U);
    EXPECT_EQ(store.published.front().cool_down, std::chrono::minutes(10));
    EXPECT_FALSE(admit(*provider));
    context.manual_clock().advance(std::chrono::minutes(10));
    EXPECT_TRUE(admit(*provider));
}

}  // namespace
}  // namespace embedq::endpoints
