// Required of every notifier, also of one that only polls: a wait ends at its deadline and on a stop request, and does
// not spin.
#include <atomic>

#include "kit/notifier/kit.h"

namespace embedq::conformance {
namespace {

constexpr Steady::duration soon_over = 100ms;
constexpr Steady::duration long_time = 60s;

// A notifier that polls may return `notified` at any time; the expected result comes within a few such hints.
[[nodiscard]] Wake wait_past_hints(NotifierKit& kit, Steady::duration at_most, const std::stop_token& stop) {
    constexpr int hint_count = 100;
    const Steady::time_point deadline = Steady::now() + at_most;
    Wake wake = Wake::notified;
    for (int i = 0; i < hint_count && wake == Wake::notified; ++i) wake = kit.wait(deadline - Steady::now(), stop);
    return wake;
}

void a_wait_ends_at_its_deadline(NotifierKit& kit) {
    const Steady::time_point deadline = Steady::now() + soon_over;
    auto wait = NotifierKit::begin_wait(kit.notifier(), deadline);
    const Wake wake = wait.result(soon_over + promptly);
    if (wake == Wake::notified) return;  // it polled
    EXPECT_EQ(text_of(wake), text_of(Wake::timeout)) << "no stop was requested";
    EXPECT_GE(wait.finished(), deadline - 5ms) << "it timed out before its deadline, so an idle worker would spin";
}

void a_passed_deadline_returns_at_once(NotifierKit& kit) {
    EXPECT_EQ(text_of(wait_past_hints(kit, -1s, {})), text_of(Wake::timeout));
}

void waiting_does_not_spin(NotifierKit& kit) {
    constexpr int most_waits = 60;  // the shortest interval of a poll that makes sense is about 10 ms
    const Steady::time_point end = Steady::now() + 300ms;
    int returns = 0;
    while (Steady::now() < end && returns <= most_waits) {
        if (kit.wait(end - Steady::now()) == Wake::notified) ++returns;
    }
    EXPECT_LE(returns, most_waits)
        << "wait() returned notified again and again though nothing was published, so an idle worker would spin";
}

void a_stop_requested_before_ends_it(NotifierKit& kit) {
    std::stop_source stop;
    stop.request_stop();
    auto wait = NotifierKit::begin_wait(kit.notifier(), Steady::now() + long_time, stop.get_token());
    (void)wait.result(promptly);
    EXPECT_EQ(text_of(wait_past_hints(kit, long_time, stop.get_token())), text_of(Wake::stopped));
}

// The stop comes immediately, while the wait starts, and when it is certainly waiting.
void a_stop_ends_a_wait(NotifierKit& kit) {
    for (const Steady::duration into : {Steady::duration(0ms), Steady::duration(1ms), soon_over}) {
        const testing::ScopedTrace trace(__FILE__, __LINE__, "stopped after " + in_words(into));
        std::stop_source stop;
        auto wait = NotifierKit::begin_wait(kit.notifier(), Steady::now() + long_time, stop.get_token());
        (void)wait.done_within(into);
        stop.request_stop();
        if (wait.result(promptly) == Wake::notified) continue;  // it polled just before
        EXPECT_EQ(text_of(wait_past_hints(kit, long_time, stop.get_token())), text_of(Wake::stopped));
    }
}

void a_stop_ends_a_wait_without_a_deadline(NotifierKit& kit) {
    std::stop_source stop;
    auto wait = NotifierKit::begin_wait(kit.notifier(), Steady::time_point::max(), stop.get_token());
    const bool early = wait.done_within(soon_over);
    stop.request_stop();
    const Wake wake = wait.result(promptly);
    if (early && wake == Wake::notified) return;  // it polled
    EXPECT_NE(text_of(wake), text_of(Wake::timeout)) << "there is no deadline that could have passed";
}

void a_stop_ends_only_its_own_wait(NotifierKit& kit) {
    std::stop_source stop;
    auto stopped = NotifierKit::begin_wait(kit.notifier(), Steady::now() + long_time, stop.get_token());
    auto other = NotifierKit::begin_wait(kit.notifier(), Steady::now() + 4 * soon_over);
    (void)other.done_within(soon_over);  // both wait by now
    stop.request_stop();
    (void)stopped.result(promptly);
    EXPECT_NE(text_of(other.result(4 * soon_over + promptly)), text_of(Wake::stopped))
        << "the stop request belongs to another wait";
}

void several_threads_may_wait(NotifierKit& kit) {
    constexpr int thread_count = 4;
    std::vector<Call<Wake>> waits;
    for (int i = 0; i < thread_count; ++i)
        waits.push_back(NotifierKit::begin_wait(kit.notifier(), Steady::now() + soon_over));
    for (auto& wait : waits) EXPECT_NE(text_of(wait.result(soon_over + promptly)), text_of(Wake::stopped));
}

void publishing_never_blocks(NotifierKit& kit) {
    constexpr int publication_count = 500;
    Call<Done> call("publish() " + std::to_string(publication_count) + " times while nobody waits",
                    [notifier = kit.notifier()] {
                        for (int i = 0; i < publication_count; ++i) notifier->publish();
                        return Done{};
                    });
    (void)call.result(promptly);
}

void several_threads_may_publish(NotifierKit& kit) {
    constexpr int thread_count = 4;
    constexpr int publication_count = 100;
    std::stop_source stop;
    auto waiter = Call<Done>("a thread of waits", [notifier = kit.notifier(), token = stop.get_token()] {
        while (!token.stop_requested()) (void)notifier->wait(Steady::now() + 1s, token);
        return Done{};
    });
    std::vector<Call<Done>> threads;
    for (int thread = 0; thread < thread_count; ++thread) {
        threads.emplace_back("publish() in one of several threads", [notifier = kit.notifier()] {
            for (int i = 0; i < publication_count; ++i) {
                notifier->publish();
                (void)notifier->degraded();
            }
            return Done{};
        });
    }
    for (auto& thread : threads) (void)thread.result(arrival);
    stop.request_stop();
    (void)waiter.result(promptly);
}

void degraded_may_be_asked_at_any_time(NotifierKit& kit) {
    std::stop_source stop;
    auto wait = NotifierKit::begin_wait(kit.notifier(), Steady::now() + long_time, stop.get_token());
    // Repeatedly, since one cannot see whether the other thread waits already.
    Call<std::string> degraded("degraded() while a thread waits", [notifier = kit.notifier()] {
        const auto end = Steady::now() + 100ms;
        std::string said;
        do said = notifier->degraded();
        while (Steady::now() < end);
        return said;
    });
    (void)degraded.result(promptly);
    stop.request_stop();
    (void)wait.result(promptly);
}

}  // namespace

std::vector<NotifierCase> wait_cases() {
    return {
        {"bounded_wait", "ends_at_its_deadline", a_wait_ends_at_its_deadline},
        {"bounded_wait", "a_passed_deadline_returns_at_once", a_passed_deadline_returns_at_once},
        {"bounded_wait", "does_not_spin", waiting_does_not_spin},
        {"bounded_wait", "several_threads_may_wait", several_threads_may_wait},
        {"stop", "one_requested_before_ends_a_wait", a_stop_requested_before_ends_it},
        {"stop", "ends_a_wait", a_stop_ends_a_wait},
        {"stop", "ends_a_wait_without_a_deadline", a_stop_ends_a_wait_without_a_deadline},
        {"stop", "ends_only_its_own_wait", a_stop_ends_only_its_own_wait},
        {"publish", "never_blocks", publishing_never_blocks},
        {"publish", "several_threads_may_publish", several_threads_may_publish},
        {"degraded", "may_be_asked_at_any_time", degraded_may_be_asked_at_any_time},
    };
}

}  // namespace embedq::conformance
