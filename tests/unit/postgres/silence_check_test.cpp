// Which calls are ended, as the server answers about their sessions. Without a server.
#include "silence_check.h"

#include <gtest/gtest.h>

namespace embedq::postgres::testing {
namespace {

using std::chrono::hours;
using Answer = Sessions::Answer;

class SilenceCheckTest : public ::testing::Test {
protected:
    // An hour later: the check's own thread does not look meanwhile.
    void look() { EXPECT_TRUE(check.look(now += hours(1))); }
    SilenceCheck::Call call(int session) {
        return {.session = session, .progress = [this] { return progress; }, .end = [this] { ++ends; }};
    }
    Sessions sessions{.answer = Answer::given};
    std::uint64_t progress = 0;
    int ends = 0;
    int asked = 0;
    SilenceCheck::Steady now = std::chrono::steady_clock::now() + hours(1);
    SilenceCheck check{hours(1), [this] {
                           ++asked;
                           return sessions;
                       }};
};

TEST_F(SilenceCheckTest, ends_a_call_of_a_session_that_is_idle_at_two_looks_in_a_row) {
    const SilenceCheck::Watch watch(check, call(7));
    look();
    sessions.working = {7};
    look();
    sessions.working = {8};
    look();
    EXPECT_FALSE(watch.ended());
    look();
    EXPECT_TRUE(watch.ended());
    EXPECT_EQ(ends, 1);
    EXPECT_FALSE(check.look(now + hours(9))) << "it is not looked at again";
}

TEST_F(SilenceCheckTest, ends_calls_of_a_server_that_does_not_answer) {
    const SilenceCheck::Watch pooled(check, call(0));
    const SilenceCheck::Watch watch(check, call(7));
    look();
    look();
    EXPECT_FALSE(pooled.ended()) << "behind a pooler its session is not known";
    EXPECT_TRUE(watch.ended());
    sessions.answer = Answer::none;
    look();
    look();
    EXPECT_TRUE(pooled.ended());
}

TEST_F(SilenceCheckTest, leaves_calls_alone_that_work_or_move_or_of_which_nothing_is_known) {
    const SilenceCheck::Watch watch(check, call(7));
    sessions.working = {7};
    for (int i = 0; i < 5; ++i) look();
    sessions.working = {};
    for (int i = 0; i < 5; ++i) {
        ++progress;  // a large answer over a slow line: the session is idle already
        look();
    }
    sessions.answer = Answer::refused;
    for (int i = 0; i < 5; ++i) look();
    EXPECT_FALSE(watch.ended());
}

TEST_F(SilenceCheckTest, asks_once_for_all_calls_and_not_about_those_that_are_over) {
    {
        const SilenceCheck::Watch one(check, call(1));
        const SilenceCheck::Watch two(check, call(2));
        look();
        EXPECT_EQ(asked, 1);
    }
    EXPECT_FALSE(check.look(now + hours(9)));
    EXPECT_EQ(asked, 1) << "short calls cost nothing";
}

}  // namespace
}  // namespace embedq::postgres::testing
