// Required of a notifier that notifies (its degraded() is empty): a publish wakes a waiter of the same instance, and
// none is lost.
#include "kit/notifier/kit.h"

namespace embedq::conformance {
namespace {

constexpr Steady::duration a_moment = 50ms;

void expect_notified(Wake wake, const std::string& what) {
    if (wake == Wake::notified) return;
    throw CaseEnded("wait() returned " + text_of(wake) + ", but must return notified " + what);
}

void a_publish_wakes_a_waiter(NotifierKit& kit) {
    auto wait = NotifierKit::begin_wait(kit.notifier(), Steady::now() + arrival);
    (void)wait.done_within(a_moment);
    kit.publish();
    expect_notified(wait.result(arrival + promptly), "after a publish while it waited");
}

void a_publish_wakes_a_wait_without_a_deadline(NotifierKit& kit) {
    auto wait = NotifierKit::begin_wait(kit.notifier(), Steady::time_point::max());
    (void)wait.done_within(a_moment);
    kit.publish();
    expect_notified(wait.result(arrival), "after a publish while it waited");
}

// The notifier may choose how many waiters one publish wakes, but none may be passed over forever.
void every_waiter_is_woken_in_the_end(NotifierKit& kit) {
    constexpr std::size_t thread_count = 4;
    std::vector<Call<Wake>> waits;
    for (std::size_t i = 0; i < thread_count; ++i)
        waits.push_back(NotifierKit::begin_wait(kit.notifier(), Steady::time_point::max()));
    for (std::size_t i = 0; i < thread_count; ++i) kit.publish();
    for (auto& wait : waits) {
        if (!wait.done_within(a_moment)) kit.publish();  // it may have begun after the others were published
        expect_notified(wait.result(arrival), "after as many publications as there are waiters");
    }
}

void a_publish_before_the_wait_ends_it(NotifierKit& kit) {
    kit.publish();
    expect_notified(kit.wait(arrival), "after a publish that came before it");
}

void many_before_the_wait_end_it(NotifierKit& kit) {
    for (int i = 0; i < 20; ++i) kit.publish();
    expect_notified(kit.wait(arrival), "after twenty publications that came before it");
}

void a_wait_that_timed_out_loses_none(NotifierKit& kit) {
    for (int round = 0; round < 3; ++round) {
        (void)kit.wait(5ms);
        kit.publish();
        expect_notified(kit.wait(arrival), "after a publish that followed a wait that timed out");
    }
}

void a_wait_that_was_stopped_loses_none(NotifierKit& kit) {
    std::stop_source stop;
    stop.request_stop();
    (void)kit.wait(arrival, stop.get_token());
    kit.publish();
    expect_notified(kit.wait(arrival), "after a publish that followed a wait that was stopped");
}

// Publications that race with the beginning of a wait: before it, after it, or during it.
void none_is_lost_between_two_waits(NotifierKit& kit) {
    constexpr int round_count = 100;
    const NotifierPtr notifier = kit.notifier();
    for (int round = 0; round < round_count; ++round) {
        auto wait = NotifierKit::begin_wait(notifier, Steady::now() + arrival);
        notifier->publish();
        expect_notified(wait.result(arrival + promptly),
                        "in round " + std::to_string(round) + " of publish and wait in parallel");
    }
}

}  // namespace

std::vector<NotifierCase> notify_cases() {
    return {
        {"wake_up", "a_publish_wakes_a_waiter", a_publish_wakes_a_waiter, unless_it_notifies},
        {"wake_up", "a_publish_wakes_a_wait_without_a_deadline", a_publish_wakes_a_wait_without_a_deadline,
         unless_it_notifies},
        {"wake_up", "every_waiter_is_woken_in_the_end", every_waiter_is_woken_in_the_end, unless_it_notifies},
        {"lost_notification", "a_publish_before_the_wait_ends_it", a_publish_before_the_wait_ends_it,
         unless_it_notifies},
        {"lost_notification", "many_before_the_wait_end_it", many_before_the_wait_end_it, unless_it_notifies},
        {"lost_notification", "a_wait_that_timed_out_loses_none", a_wait_that_timed_out_loses_none, unless_it_notifies},
        {"lost_notification", "a_wait_that_was_stopped_loses_none", a_wait_that_was_stopped_loses_none,
         unless_it_notifies},
        {"lost_notification", "none_is_lost_between_two_waits", none_is_lost_between_two_waits, unless_it_notifies},
    };
}

}  // namespace embedq::conformance
