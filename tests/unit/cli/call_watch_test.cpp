// What a command says while a call keeps it waiting, and when it waits no longer.
#include "cli/call_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace embedq::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class CallWatchTest : public ::testing::Test {
protected:
    explicit CallWatchTest(Patience patience = Patience::reads) {
        watch_.use(patience);
        watch_.add("store 'sqlite'", [this] { return calls_; });
    }

    // Looks four times a second, as the thread does.
    void pass(std::chrono::milliseconds time) {
        for (const auto end = now_ + time; now_ < end; now_ += 250ms) watch_.look(now_);
    }
    WatchedCall& begins(std::string what) {
        return calls_.emplace_back(WatchedCall{.what = std::move(what), .running = 1, .since = now_});
    }
    void ends(std::size_t call, bool success) {
        calls_[call].running = 0;
        calls_[call].since.reset();
        calls_[call].succeeded += success ? 1 : 0;
    }
    std::string said() {
        std::string text = err_.str();
        err_.str("");
        return text;
    }

    std::ostringstream out_;
    std::ostringstream err_;
    Console console_{out_, err_, Terminal{}};
    std::vector<std::string> given_up_;
    std::vector<WatchedCall> calls_;
    CallWatch::Steady now_{1h};
    CallWatch watch_{console_, [this](const std::string& message) { given_up_.push_back(message); }};
};

class WorkingCallWatch : public CallWatchTest {
protected:
    WorkingCallWatch() : CallWatchTest(Patience::works) {}
};

TEST_F(CallWatchTest, SaysAfterThreeSecondsWhatIsWaitedForAndWhenItIsOver) {
    begins("statuses");
    pass(3s);
    EXPECT_EQ(said(), "");
    pass(2s);
    EXPECT_EQ(said(), "embedq: waiting: store 'sqlite': statuses (not done for 3.0 s)\n");
    ends(0, true);
    pass(1s);
    EXPECT_EQ(said(), "embedq: continuing after 2.0 s\n");
    EXPECT_TRUE(given_up_.empty());
}

TEST_F(CallWatchTest, ShortCallsAreNotMentionedHoweverMany) {
    begins("statuses");
    for (int i = 0; i < 100; ++i) {
        calls_[0].since = now_;
        pass(2s);
        ++calls_[0].succeeded;
    }
    EXPECT_EQ(said(), "");
}

TEST_F(CallWatchTest, ACommandThatReadsEndsAtItsBound) {
    begins("statuses");
    pass(30s);
    EXPECT_TRUE(given_up_.empty());
    pass(250ms);
    ASSERT_EQ(given_up_.size(), 1U);
    EXPECT_THAT(given_up_[0],
                HasSubstr("store 'sqlite': statuses has not returned for 30.0 s; a command that only reads"));
}

TEST_F(CallWatchTest, ACommandThatWritesGoesOnAndSaysSoOnceAMinute) {
    watch_.use(Patience::writes);
    begins("put_specs");
    pass(5min);
    EXPECT_TRUE(given_up_.empty());
    const std::string text = said();
    EXPECT_EQ(std::ranges::count(text, '\n'), 5) << text;
}

// A call that fails and is made again is one wait.
TEST_F(CallWatchTest, AFailureIsNotTheEndOfAWait) {
    watch_.use(Patience::writes);
    begins("put_specs");
    pass(10s);
    ends(0, false);
    pass(6s);
    calls_[0] = {.what = "put_specs", .running = 1, .since = now_};
    pass(10s);
    EXPECT_EQ(said(), "embedq: waiting: store 'sqlite': put_specs (not done for 3.0 s)\n");
    ends(0, true);
    pass(1s);
    EXPECT_THAT(said(), HasSubstr("continuing after "));
}

TEST_F(CallWatchTest, AFailureThatIsNotTriedAgainIsForgotten) {
    watch_.use(Patience::writes);
    begins("put_specs");
    pass(10s);
    ends(0, false);
    pass(15s);
    calls_[0].succeeded = 1;
    pass(1s);
    EXPECT_EQ(said(), "embedq: waiting: store 'sqlite': put_specs (not done for 3.0 s)\n");
}

TEST_F(WorkingCallWatch, AProviderMayTakeItsTime) {
    begins("embed").embeds = true;
    pass(30s);
    EXPECT_EQ(said(), "");
    pass(1s);
    EXPECT_THAT(said(), HasSubstr("waiting: store 'sqlite': embed"));
}

TEST_F(CallWatchTest, StepsAndTheEndOfThePluginsAreWatched) {
    const auto begin = std::chrono::steady_clock::now();
    {
        const CallWatch::Step step(watch_, "store 'sqlite': reading its secrets");
        begins("claim");
        EXPECT_EQ(watch_.running(), "store 'sqlite': reading its secrets; store 'sqlite': claim");
    }
    EXPECT_EQ(watch_.running(), "store 'sqlite': claim");
    watch_.clear();
    EXPECT_EQ(watch_.running(), "a plugin that is being closed");
    watch_.look(begin + 1h);
    ASSERT_EQ(given_up_.size(), 1U);
    EXPECT_THAT(given_up_[0], HasSubstr("a plugin that is being closed has not returned"));
}

TEST_F(CallWatchTest, AServiceHasALog) {
    watch_.use(Patience::services);
    begins("claim");
    pass(1min);
    EXPECT_EQ(said(), "");
    EXPECT_TRUE(given_up_.empty());
}

}  // namespace
}  // namespace embedq::cli
