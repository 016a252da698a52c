#include "http/side_by_side.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stop_token>

#include "no_threads.h"
#include "sync/sleep.h"

namespace embedq::http {
namespace {

using namespace std::chrono_literals;  // NOLINT: for tests only

Result<int> hang(const Bounds& bounds) {
    sync::sleep_until_stopped(bounds.stop);
    return fail(ErrorKind::unavailable, "stopped");
}

TEST(SideBySide, OneThatNeverAnswersDoesNotHoldUpTheOthers) {
    SideBySide side_by_side(2, {.usual = 0ms, .silent = 0ms});
    const auto answers = side_by_side.ask(
        {}, [](std::size_t endpoint, const Bounds& bounds) { return endpoint == 0 ? hang(bounds) : Result<int>(7); });
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_FALSE(answers[0]);
    EXPECT_EQ(answers[1].value(), 7);
}

TEST(SideBySide, OneThatIsSlowerThanTheOthersIsWaitedFor) {
    SideBySide side_by_side(3, {.usual = 1h, .silent = 1h});
    std::latch others(2);
    const auto answers = side_by_side.ask({}, [&](std::size_t endpoint, const Bounds&) -> Result<int> {
        if (endpoint > 0) others.count_down();
        if (endpoint == 0) others.wait();
        if (endpoint == 1) return fail(ErrorKind::unavailable, "refused");
        return static_cast<int>(endpoint);
    });
    EXPECT_TRUE(answers[0]);
    EXPECT_FALSE(answers[1]);
    EXPECT_TRUE(answers[2]);
}

TEST(SideBySide, OneThatWasSilentTheLastTimeIsHardlyWaitedForUntilItAnswers) {
    SideBySide side_by_side(2, {.usual = 1h, .silent = 0ms});
    // They are stopped after they are given up: a stop of the caller could end one before.
    const auto nobody = side_by_side.ask({.deadline = std::chrono::steady_clock::now()},
                                         [](std::size_t, const Bounds& bounds) { return hang(bounds); });
    EXPECT_FALSE(nobody[0]);
    EXPECT_FALSE(nobody[1]);
    const auto answers = side_by_side.ask(
        {}, [](std::size_t endpoint, const Bounds& bounds) { return endpoint == 0 ? hang(bounds) : Result<int>(7); });
    EXPECT_FALSE(answers[0]);
    EXPECT_TRUE(answers[1]);
}

// The first of two is silent from then on, unless it is busy.
void give_up_the_first(SideBySide& side_by_side) {
    static_cast<void>(side_by_side.ask(
        {}, [](std::size_t endpoint, const Bounds& bounds) { return endpoint == 0 ? hang(bounds) : Result<int>(7); }));
}

Result<int> answer_at_once(const Bounds& /*bounds*/) {
    return 1;
}

constexpr Patience no_patience{.usual = 0ms, .silent = 0ms, .request = 0ms, .busy = 0ms};
const EmbedRequest documents{.kind = TextKind::document, .endpoint = 0};
const EmbedRequest a_query{.kind = TextKind::query, .endpoint = 0};

TEST(SideBySide, ARequestToOneThatWasSilentHasLittleTimeUntilItAnswers) {
    SideBySide side_by_side(2, no_patience);
    give_up_the_first(side_by_side);
    EXPECT_FALSE(side_by_side.send(documents, {}, answer_at_once)) << "the first ones are not sent";
    const auto later = std::chrono::steady_clock::now() + 1h;
    const auto late = side_by_side.send(documents, {.deadline = later}, [&](const Bounds& own) -> Result<int> {
        EXPECT_LT(own.deadline, later);
        Error error{ErrorKind::unavailable, "no answer"};
        error.deadline_reached = true;
        return std::unexpected(error);
    });
    EXPECT_FALSE(late.error().deadline_reached) << "the endpoint is at fault";
    EXPECT_TRUE(side_by_side.send(documents, {.deadline = later}, answer_at_once));
    EXPECT_TRUE(side_by_side.send(documents, {.deadline = later}, [&](const Bounds& own) {
        EXPECT_EQ(own.deadline, later) << "it has answered";
        return Result<int>(1);
    }));
}

TEST(SideBySide, TheFirstDocumentsForASilentOneAreNotSent) {
    SideBySide side_by_side(2, no_patience);
    give_up_the_first(side_by_side);
    const auto not_sent = side_by_side.send(documents, {}, answer_at_once);
    ASSERT_FALSE(not_sent);
    EXPECT_EQ(not_sent.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(not_sent.error().retry_after, no_patience.left_alone) << "then the host tries it with a sample";
    EXPECT_FALSE(not_sent.error().deadline_reached) << "nothing is wrong with them";
    give_up_the_first(side_by_side);
    EXPECT_TRUE(side_by_side.send(documents, {}, answer_at_once)) << "once";
    EXPECT_TRUE(side_by_side.send(documents, {}, answer_at_once));
    give_up_the_first(side_by_side);
    EXPECT_FALSE(side_by_side.send(documents, {}, answer_at_once)) << "it is silent again";
}

TEST(SideBySide, AQueryGoesToASilentOneOnlyIfAllAreSilent) {
    SideBySide side_by_side(2, no_patience);
    give_up_the_first(side_by_side);
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(side_by_side.send(a_query, {}, answer_at_once));
    EXPECT_TRUE(side_by_side.send({.kind = TextKind::query, .endpoint = 1}, {}, answer_at_once));
    static_cast<void>(side_by_side.ask({.deadline = std::chrono::steady_clock::now()},
                                       [](std::size_t, const Bounds& bounds) { return hang(bounds); }));
    EXPECT_TRUE(side_by_side.send(a_query, {}, answer_at_once));
}

TEST(SideBySide, OneThatAnsweredARequestAMomentAgoIsBusyAndNotSilent) {
    SideBySide side_by_side(2, {.usual = 0ms, .silent = 0ms, .request = 0ms, .busy = 1h});
    EXPECT_TRUE(side_by_side.send(documents, {}, answer_at_once));
    give_up_the_first(side_by_side);
    const auto later = std::chrono::steady_clock::now() + 1h;
    EXPECT_TRUE(side_by_side.send(documents, {.deadline = later}, [&](const Bounds& own) {
        EXPECT_EQ(own.deadline, later);
        return Result<int>(1);
    }));
}

TEST(SideBySide, TheDeadlineEndsItWhereNoneAnswers) {
    SideBySide side_by_side(2, {.usual = 1h, .silent = 1h});
    const auto answers = side_by_side.ask({.deadline = std::chrono::steady_clock::now()},
                                          [](std::size_t, const Bounds& bounds) { return hang(bounds); });
    EXPECT_FALSE(answers[0]);
    EXPECT_FALSE(answers[1]);
}

TEST(SideBySide, EndpointsForWhichThereIsNoThreadAreUnavailable) {
    SideBySide side_by_side(2);
    std::atomic<int> asked = 0;
    const auto ask = [&](std::size_t, const Bounds&) -> Result<int> { return ++asked; };
    {
        const NoThreads refused;
        const auto answers = side_by_side.ask({}, ask);
        ASSERT_FALSE(answers[0]);
        EXPECT_EQ(answers[0].error().kind, ErrorKind::unavailable);
        EXPECT_FALSE(answers[1]);
        EXPECT_TRUE(SideBySide(1).ask({}, ask)[0]) << "one endpoint needs no thread";
    }
    EXPECT_TRUE(side_by_side.ask({}, ask)[1]);
}

}  // namespace
}  // namespace embedq::http
