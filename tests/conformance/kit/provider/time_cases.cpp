// Deadlines and stop requests: a call returns soon after either, and no other call does.
#include "kit/provider/kit.h"

namespace embedq::conformance {
namespace {

// Short compared to "far later than any deadline", long compared to the way to an endpoint.
constexpr Steady::duration short_time = 150ms;

[[nodiscard]] Steady::time_point from_now(Steady::duration time) {
    return Steady::now() + time;
}

[[nodiscard]] std::stop_token already_stopped() {
    std::stop_source source;
    source.request_stop();
    return source.get_token();
}

void expect_unavailable(const Result<EmbedResult>& answer, const std::string& what) {
    if (answer) throw CaseEnded(what + " gave vectors, but the slow variant must answer far later than any deadline");
    EXPECT_EQ(to_string(answer.error().kind), to_string(ErrorKind::unavailable))
        << what << ": " << to_string(answer.error());
    EXPECT_FALSE(to_string(answer.error()).empty()) << what << " has an error without a message";
}

// --- every provider

void a_passed_deadline_returns_soon(ProviderKit& kit) {
    const auto answer = ProviderKit::ask(kit.provider(), {.texts = kit.texts(), .deadline = from_now(-1s)});
    if (!answer) expect_unavailable(answer, "a call whose deadline had passed");
    EXPECT_EQ(kit.rows(kit.texts(1)).size(), 1U) << "the call after it";
}

// Adding to the largest time overflows.
void no_deadline_is_no_deadline(ProviderKit& kit) {
    EXPECT_EQ(kit.rows({.texts = kit.texts(), .deadline = Steady::time_point::max()}).size(), kit.texts().size());
}

void a_requested_stop_returns_soon(ProviderKit& kit) {
    auto call = ProviderKit::begin(kit.provider(), {.texts = kit.texts(), .stop = already_stopped()});
    (void)call.result(soon);  // the host ignores the result
    EXPECT_EQ(kit.rows(kit.texts(1)).size(), 1U) << "the call after it";
}

// --- late answers

void a_late_answer_ends_at_the_deadline(ProviderKit& kit) {
    const Steady::time_point deadline = from_now(short_time);
    auto call = ProviderKit::begin(kit.slow(), {.texts = kit.texts(1), .deadline = deadline});
    const auto answer = call.result(short_time + soon);
    expect_unavailable(answer, "a call that reached its deadline");
    // The clock that wakes the call may differ from this one by a tick.
    constexpr auto tick = 5ms;
    EXPECT_GE(call.finished(), deadline - tick)
        << "it returned before its deadline, so it was not slow; its error: " << to_string(answer.error());
}

void the_instance_stays_usable_after_a_deadline(ProviderKit& kit) {
    const ProviderPtr slow = kit.slow();
    for (int i = 0; i < 3; ++i) {
        expect_unavailable(ProviderKit::ask(slow, {.texts = kit.texts(1), .deadline = from_now(short_time)}),
                           "call " + std::to_string(i + 1));
    }
}

void a_stop_requested_before_ends_a_late_answer(ProviderKit& kit) {
    auto call =
        ProviderKit::begin(kit.slow(), {.texts = kit.texts(1), .deadline = from_now(ample), .stop = already_stopped()});
    (void)call.result(soon);
}

// The stop comes immediately, while the call starts, and when it is certainly waiting.
void a_stop_in_mid_call_ends_it(ProviderKit& kit) {
    const ProviderPtr slow = kit.slow();
    for (const Steady::duration into : {Steady::duration(0ms), Steady::duration(1ms), Steady::duration(short_time)}) {
        const testing::ScopedTrace trace(__FILE__, __LINE__, "stopped after " + in_words(into));
        std::stop_source stop;
        auto call =
            ProviderKit::begin(slow, {.texts = kit.texts(1), .deadline = from_now(ample), .stop = stop.get_token()});
        EXPECT_FALSE(call.done_within(into)) << "the slow variant returned before anything was to end it";
        stop.request_stop();
        (void)call.result(soon);
    }
}

void a_stop_ends_a_call_without_a_deadline(ProviderKit& kit) {
    std::stop_source stop;
    auto call = ProviderKit::begin(
        kit.slow(), {.texts = kit.texts(1), .deadline = Steady::time_point::max(), .stop = stop.get_token()});
    EXPECT_FALSE(call.done_within(short_time)) << "the slow variant returned before anything was to end it";
    stop.request_stop();
    (void)call.result(soon);
}

void a_stop_ends_only_its_own_call(ProviderKit& kit) {
    const ProviderPtr slow = kit.slow();
    std::stop_source stop;
    auto stopped =
        ProviderKit::begin(slow, {.texts = kit.texts(1), .deadline = from_now(ample), .stop = stop.get_token()});
    const Steady::time_point deadline = from_now(4 * short_time);
    auto other = ProviderKit::begin(slow, {.texts = kit.texts(1), .deadline = deadline});
    (void)other.done_within(short_time);  // both wait by now
    stop.request_stop();
    (void)stopped.result(soon);
    expect_unavailable(other.result(4 * short_time + soon), "the other call");
    EXPECT_GE(other.finished(), deadline - 5ms) << "a stop request ended a call that it does not belong to";
}

std::string unless_slow_twice(ProviderKit& kit) {
    std::string reason = unless_slow(kit);
    if (!reason.empty()) return reason;
    return kit.info().limits.concurrency == 1 ? "the provider takes one call at a time" : "";
}

}  // namespace

std::vector<ProviderCase> time_cases() {
    return {
        {"deadline", "one_that_passed_returns_soon", a_passed_deadline_returns_soon},
        {"deadline", "none_is_no_deadline", no_deadline_is_no_deadline},
        {"deadline", "ends_a_late_answer", a_late_answer_ends_at_the_deadline, unless_slow},
        {"deadline", "leaves_the_instance_usable", the_instance_stays_usable_after_a_deadline, unless_slow},
        {"stop", "one_requested_before_returns_soon", a_requested_stop_returns_soon},
        {"stop", "one_requested_before_ends_a_late_answer", a_stop_requested_before_ends_a_late_answer, unless_slow},
        {"stop", "ends_a_call_midway", a_stop_in_mid_call_ends_it, unless_slow},
        {"stop", "ends_a_call_without_a_deadline", a_stop_ends_a_call_without_a_deadline, unless_slow},
        {"stop", "ends_only_its_own_call", a_stop_ends_only_its_own_call, unless_slow_twice},
    };
}

}  // namespace embedq::conformance
