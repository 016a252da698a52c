// Several notifiers in one process, what is left when they are gone, and whether their notifications reach one another.
#include "kit/notifier/kit.h"
#include "kit/residue.h"

namespace embedq::conformance {
namespace {

constexpr Steady::duration probe_time = 400ms;

// One instance without a publish may also be woken, by an interval of its own; only what comes with each publish and
// never without one is a notification.
std::string unless_it_crosses(NotifierKit& kit) {
    std::string reason = unless_it_notifies(kit);
    if (!reason.empty()) return reason;
    constexpr int round_count = 2;
    const NotifierPtr other = kit.another();
    for (int round = 0; round < round_count; ++round) {
        kit.publish();
        if (NotifierKit::wait(other, probe_time) != Wake::notified) {
            return "a publish on one instance did not end a wait on another of the same configuration within " +
                   in_words(probe_time) + ": its notifications stay within the instance, and other processes poll";
        }
        if (NotifierKit::wait(other, probe_time) == Wake::notified) {
            return "another instance is woken within " + in_words(probe_time) +
                   " without a publish, so what wakes it is an interval of its own";
        }
    }
    return {};
}

void a_publish_reaches_the_other(NotifierKit& kit) {
    constexpr int round_count = 10;
    const NotifierPtr other = kit.another();
    for (int round = 0; round < round_count; ++round) {
        auto wait = NotifierKit::begin_wait(other, Steady::now() + arrival);
        if (round % 2 == 0) (void)wait.done_within(5ms);
        kit.publish();
        EXPECT_EQ(text_of(wait.result(arrival + promptly)), text_of(Wake::notified)) << "in round " << round;
    }
}

void one_outlives_the_other(NotifierKit& kit) {
    NotifierPtr other = kit.another();
    NotifierKit::publish(other);
    (void)NotifierKit::wait(other, 1ms);
    other.reset();
    kit.publish();
    const Wake wake = kit.wait(arrival);
    if (kit.notifier()->degraded().empty()) {
        EXPECT_EQ(text_of(wake), text_of(Wake::notified)) << "after another instance was destroyed";
    }
}

void live(NotifierKit& kit) {
    const NotifierPtr notifier = kit.another();
    std::stop_source stop;
    auto wait = NotifierKit::begin_wait(notifier, Steady::now() + 60s, stop.get_token());
    NotifierKit::publish(notifier);
    stop.request_stop();
    (void)wait.result(promptly);
}

void one_that_was_not_used_is_destroyed(NotifierKit& kit) {
    (void)kit.another();
}

void no_thread_is_left(NotifierKit& kit) {
    expect_nothing_left("thread", threads_now, [&] { live(kit); });
}

void no_descriptor_is_left(NotifierKit& kit) {
    expect_nothing_left("file descriptor", descriptors_now, [&] { live(kit); });
}

}  // namespace

std::vector<NotifierCase> notifier_instance_cases() {
    return {
        {"two_instances", "a_publish_reaches_the_other", a_publish_reaches_the_other, unless_it_crosses},
        {"two_instances", "one_outlives_the_other", one_outlives_the_other},
        {"two_instances", "one_that_was_not_used_is_destroyed", one_that_was_not_used_is_destroyed},
        {"no_thread_left", "after_a_stop_and_destruction", no_thread_is_left},
        {"no_descriptor_left", "after_a_stop_and_destruction", no_descriptor_is_left},
    };
}

}  // namespace embedq::conformance
