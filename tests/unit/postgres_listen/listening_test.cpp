// Notifications that arrive: how soon, how many, and from where.
#include <gmock/gmock.h>

#include "instance.h"

namespace embedq::notifiers {
namespace {

using ::testing::HasSubstr;

TEST_F(PostgresListenTest, AnotherInstanceIsWokenWithinMilliseconds) {
    constexpr int round_count = 100;
    Instance one(url);
    Instance other(url);
    one.wait_until_it_listens();
    other.wait_until_it_listens();
    std::vector<double> took;
    for (int round = 0; round < round_count; ++round) {
        const auto begin = Steady::now();
        one.publish();
        ASSERT_EQ(other.wait(patience), Wake::notified);
        took.push_back(std::chrono::duration<double, std::milli>(Steady::now() - begin).count());
        // A publish within 50 ms would be merged with it.
        ASSERT_EQ(other.wait(60ms), Wake::timeout) << "one publish wakes once";
    }
    std::ranges::sort(took);
    const double median = took[round_count / 2];
    std::cout << "publish to wake-up in another instance: median " << median << " ms, p99 "
              << took[(round_count * 99 / 100) - 1] << " ms, most " << took.back() << " ms\n";
    EXPECT_LT(median, 50) << "hundreds of times what it takes on an idle machine";
}

TEST_F(PostgresListenTest, ItsOwnWaiterIsWokenOnceByAPublish) {
    Instance one(url);
    one.wait_until_it_listens();
    one.publish();
    EXPECT_EQ(one.wait(0ms), Wake::notified) << "without the server";
    EXPECT_EQ(one.wait(100ms), Wake::timeout) << "its own notification is not a second one";
}

TEST_F(PostgresListenTest, ANotificationFromAnotherProgramWakes) {
    Instance one(url);
    one.wait_until_it_listens();
    (void)server.value("select pg_notify('a channel', 'a payload')");
    EXPECT_EQ(one.wait(patience), Wake::notified);
}

TEST_F(PostgresListenTest, OtherChannelsDoNotWake) {
    Instance one(url, "one \"channel\"");
    Instance other(url, "another");
    one.wait_until_it_listens();
    other.wait_until_it_listens();
    other.publish();
    EXPECT_EQ(one.wait(100ms), Wake::timeout);
    (void)server.value("select pg_notify('one \"channel\"', '')");
    EXPECT_EQ(one.wait(patience), Wake::notified);
}

TEST_F(PostgresListenTest, ManyPublishesAreMergedAndTheLastOneArrives) {
    Instance one(url);
    Instance other(url);
    one.wait_until_it_listens();
    other.wait_until_it_listens();
    const auto begin = Steady::now();
    auto last = begin;
    for (int i = 0; i < 1000; ++i) {
        one.publish();
        last = Steady::now();
    }
    int woken = 0;
    auto heard = begin;
    while (other.wait(500ms) == Wake::notified) {
        ++woken;
        heard = Steady::now();
    }
    EXPECT_GE(heard, last);
    EXPECT_LE(woken, 2 + (heard - begin) / 50ms);
}

// A listener that does not read fills the socket, and what it has not read stays in the server's queue.
TEST_F(PostgresListenTest, TheSocketIsReadWithoutAWaiter) {
    Instance one(url);
    one.wait_until_it_listens();
    EXPECT_EQ(
        server.value("select count(pg_notify('a channel', n || repeat('x', 7000))) from generate_series(1, 5000) n"),
        "5000");
    const auto end = Steady::now() + patience;
    while (server.value("select pg_notification_queue_usage()") != "0") ASSERT_LT(Steady::now(), end);
    EXPECT_EQ(one.wait(0ms), Wake::notified);
    EXPECT_EQ(one.degraded(), "");
}

TEST_F(PostgresListenTest, APublishRightBeforeTheEndArrives) {
    Instance other(url);
    other.wait_until_it_listens();
    {
        Instance brief(url);
        brief.publish();
    }
    EXPECT_EQ(other.wait(patience), Wake::notified);
}

TEST_F(PostgresListenTest, AnUnusedInstanceDoesNotConnect) {
    {
        const Instance unused(with_parameter(url, "application_name=unused"));
        EXPECT_EQ(server.value("select count(*) from pg_stat_activity where application_name = 'unused'"), "0");
    }
    Instance used(with_parameter(url, "application_name=used"));
    used.wait_until_it_listens();
    EXPECT_EQ(server.value("select count(*) from pg_stat_activity where application_name = 'used'"), "1");
}

TEST_F(PostgresListenTest, TheUrlDefaultsToTheStores) {
    conformance::TestContext context("postgres_listen");
    Options options;
    options.set("channel", "a channel");
    for (const char* name : {"interval", "probe_interval", "probe_timeout", "connect_timeout", "retry_max"})
        options.set(name, milliseconds(1s));
    const auto without = make_postgres_listen(options, context);
    ASSERT_FALSE(without);
    EXPECT_EQ(to_string(without.error()),
              "postgres_listen has no URL to listen at, since the store has no option 'url'; set the notifier's option "
              "'url', or use the notifier 'poll'");
    context.set_store_option("url", url);
    const auto with = make_postgres_listen(options, context);
    ASSERT_TRUE(with);
    EXPECT_EQ((*with)->degraded(), "");
}

TEST_F(PostgresListenTest, AChannelNameThatIsTooLongIsRefused) {
    EXPECT_THROW(
        {
            try {
                const Instance one(url, std::string(64, 'x'));
            } catch (const std::exception& error) {
                EXPECT_THAT(error.what(), HasSubstr("the option 'channel' has 64 bytes, but must have 1 to 63"));
                throw;
            }
        },
        std::runtime_error);
}

}  // namespace
}  // namespace embedq::notifiers
