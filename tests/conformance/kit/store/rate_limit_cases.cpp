// The rate limits per minute that processes share. Reservations follow each other in time, by the store's clock.
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <thread>

#include "kit.h"

namespace embedq::conformance {
namespace {

using std::chrono::microseconds;

RateRequest request(double amount, double per_minute = 60, RateUnit unit = RateUnit::requests,
                    const std::string& model = "first") {
    return {make_profile(model).fingerprint, unit, per_minute, amount};
}

std::vector<microseconds> starts(Store& store, const std::vector<RateRequest>& requests) {
    std::vector<microseconds> all;
    for (const RateSlot& slot : patiently([&] { return store.reserve(requests); })) all.push_back(slot.starts_in);
    return all;
}

microseconds starts_in(Kit& kit, const RateRequest& request) {
    return starts(kit.store(), {request}).at(0);
}

void stretches_follow_each_other(Kit& kit) {
    kit.advance(0s);  // durations from now are compared, so the clock must stand still
    EXPECT_EQ(starts_in(kit, request(1)), 0s) << "a rate limit that was never used begins now";
    EXPECT_EQ(starts_in(kit, request(2.5)), 1s);
    EXPECT_EQ(starts_in(kit, request(0.25)), 3500ms);
    EXPECT_EQ(starts_in(kit, request(1)), 3750ms);
    kit.advance(4s);
    EXPECT_EQ(starts_in(kit, request(1)), 750ms) << "time passes, and the reservations stay where they are";
}

void the_rate_is_each_callers_own(Kit& kit) {
    kit.advance(0s);
    static_cast<void>(starts_in(kit, request(1, 60)));
    EXPECT_EQ(starts_in(kit, request(100, 6'000)), 1s);
    EXPECT_EQ(starts_in(kit, request(1, 30)), 2s);
    EXPECT_EQ(starts_in(kit, request(1, 60)), 4s);
}

void fine_stretches_add_up(Kit& kit) {
    kit.advance(0s);
    // A seventh of a second is not a whole number of microseconds: rounding must neither exceed the rate limit nor
    // waste it.
    for (int i = 0; i < 70; ++i) static_cast<void>(starts_in(kit, request(1, 420)));
    const auto begins = starts_in(kit, request(1, 420));
    EXPECT_GE(begins, 10s);
    EXPECT_LE(begins, 10s + 70us);
    for (int i = 0; i < 10; ++i) static_cast<void>(starts_in(kit, request(1, 1e9, RateUnit::tokens)));
    const auto tiny = starts_in(kit, request(1, 1e9, RateUnit::tokens));
    EXPECT_GE(tiny, 1us);
    EXPECT_LE(tiny, 10us);
}

void an_idle_rate_limit_begins_now(Kit& kit) {
    kit.advance(0s);
    static_cast<void>(starts_in(kit, request(1)));
    kit.advance(10min);
    EXPECT_EQ(starts_in(kit, request(1)), 0s) << "never in the past";
    EXPECT_EQ(starts_in(kit, request(1)), 1s) << "idle time is not saved up";
    EXPECT_EQ(starts_in(kit, request(1)), 2s);
}

void other_rate_limits_do_not_matter(Kit& kit) {
    kit.advance(0s);
    static_cast<void>(starts_in(kit, request(10)));
    EXPECT_EQ(starts_in(kit, request(5, 60, RateUnit::tokens)), 0s) << "another unit";
    EXPECT_EQ(starts_in(kit, request(3, 60, RateUnit::requests, "second")), 0s) << "another provider";
    EXPECT_EQ(starts_in(kit, request(1)), 10s);
    EXPECT_EQ(starts_in(kit, request(1, 60, RateUnit::tokens)), 5s);
    EXPECT_EQ(starts_in(kit, request(1, 60, RateUnit::requests, "second")), 3s);
}

void answers_come_in_order(Kit& kit) {
    kit.advance(0s);
    // In no order that a store could keep its rows in.
    const std::vector<RateRequest> mixed{
        request(1, 60, RateUnit::tokens, "second"),  request(2, 60, RateUnit::requests, "first"),
        request(4, 60, RateUnit::tokens, "first"),   request(8, 60, RateUnit::tokens, "second"),
        request(1, 60, RateUnit::requests, "third"), request(1, 60, RateUnit::requests, "first"),
        request(1, 60, RateUnit::tokens, "second"),
    };
    EXPECT_EQ(starts(kit.store(), mixed), (std::vector<microseconds>{0s, 0s, 0s, 1s, 0s, 2s, 9s}));
    EXPECT_EQ(starts(kit.store(), mixed), (std::vector<microseconds>{10s, 3s, 4s, 11s, 1s, 5s, 19s}));
    EXPECT_TRUE(starts(kit.store(), {}).empty());
}

void bad_amounts_are_refused(Kit& kit) {
    kit.advance(0s);
    constexpr double infinite = std::numeric_limits<double>::infinity();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    for (const double bad : {0.0, -1.0, infinite, nan}) {
        expect_error(kit.store().reserve(std::vector{request(bad)}), ErrorKind::invalid_argument);
        expect_error(kit.store().reserve(std::vector{request(1, bad)}), ErrorKind::invalid_argument);
    }
    expect_error(kit.store().reserve(std::vector{request(1e12, 60)}), ErrorKind::invalid_argument, "more than a year");
    expect_error(kit.store().reserve(std::vector{request(1), request(-1, 60, RateUnit::tokens)}),
                 ErrorKind::invalid_argument, "rate request 1");
    EXPECT_EQ(starts_in(kit, request(1)), 0s) << "a call that is refused reserves nothing";
}

void reserved_time_is_not_forgotten(Kit& kit) {
    kit.advance(0s);
    static_cast<void>(starts_in(kit, request(150, 1)));
    kit.advance(2h);
    must(kit.store().prune({1h, 1000}));
    EXPECT_EQ(starts_in(kit, request(1, 1)), 30min) << "it is reserved beyond now, however long it was not used";
    kit.advance(3h);
    must(kit.store().prune({1h, 1000}));
    EXPECT_EQ(starts_in(kit, request(1, 1)), 0s);
}

void rate_limits_outlive_the_process(Kit& kit) {
    kit.advance(0s);
    static_cast<void>(starts_in(kit, request(30)));
    kit.reopen();
    EXPECT_EQ(starts_in(kit, request(1)), 30s);
}

// Each call is for two rate limits, in one order or the other.
void threads_share_a_rate_limit(Kit& kit) {
    constexpr int thread_count = 4;
    constexpr int call_count = 50;
    kit.advance(0s);
    std::mutex mutex;
    std::vector<microseconds> requests;
    std::vector<microseconds> tokens;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < thread_count; ++i) {
            threads.emplace_back([&, i, store = kit.another()] {
                std::vector<RateRequest> asked{request(1), request(2, 60, RateUnit::tokens)};
                if (i % 2 == 1) std::ranges::reverse(asked);
                try {
                    for (int call = 0; call < call_count; ++call) {
                        const auto given = starts(*store, asked);
                        const std::lock_guard lock(mutex);
                        requests.push_back(given.at(i % 2 == 1 ? 1 : 0));
                        tokens.push_back(given.at(i % 2 == 1 ? 0 : 1));
                    }
                } catch (const std::exception& error) {
                    ADD_FAILURE() << error.what();
                }
            });
        }
    }
    std::ranges::sort(requests);
    std::ranges::sort(tokens);
    ASSERT_EQ(requests.size(), static_cast<std::size_t>(thread_count * call_count));
    for (std::size_t i = 0; i < requests.size(); ++i) {
        EXPECT_EQ(requests[i], i * 1s) << "stretches overlap, or leave a gap";
        EXPECT_EQ(tokens[i], i * 2s) << "stretches overlap, or leave a gap";
    }
}

}  // namespace

std::vector<Case> rate_limit_cases() {
    return {
        {"rate_limits", "stretches_follow_each_other", stretches_follow_each_other},
        {"rate_limits", "the_rate_is_each_callers_own", the_rate_is_each_callers_own},
        {"rate_limits", "fine_stretches_add_up", fine_stretches_add_up},
        {"rate_limits", "an_idle_rate_limit_begins_now", an_idle_rate_limit_begins_now},
        {"rate_limits", "other_rate_limits_do_not_matter", other_rate_limits_do_not_matter},
        {"rate_limits", "answers_come_in_order", answers_come_in_order},
        {"rate_limits", "bad_amounts_are_refused", bad_amounts_are_refused},
        {"rate_limits", "reserved_time_is_not_forgotten", reserved_time_is_not_forgotten},
        {"rate_limits", "rate_limits_outlive_the_process", rate_limits_outlive_the_process, unless_persistent},
        {"threads", "a_rate_limit_is_shared_by_all", threads_share_a_rate_limit},
    };
}

}  // namespace embedq::conformance
