// Servers that stop, hang, or lose the LISTEN: the notifier logs it once, polls, and reconnects by itself.
#include <gmock/gmock.h>

#include <csignal>

#include "instance.h"
#include "proxy.h"

namespace embedq::notifiers {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PostgresListenFaults : public PostgresListenTest {
protected:
    static int port_of(const std::string& address) {
        const std::size_t colon = address.rfind(':');
        return std::stoi(address.substr(colon + 1));
    }
    static std::string at_port(std::string address, int port) {
        const std::size_t colon = address.rfind(':');
        return address.replace(colon + 1, address.find('/', colon) - colon - 1, std::to_string(port));
    }

    // It polls at its interval, whatever the server does.
    static void expect_polling(Instance& one) {
        for (int i = 0; i < 3; ++i) EXPECT_EQ(one.wait(patience), Wake::notified);
    }
    static void expect_notification(Instance& one, Instance& other) {
        one.drain();
        other.publish();
        EXPECT_EQ(one.wait(patience), Wake::notified);
    }
};

TEST_F(PostgresListenFaults, ATerminatedSessionReconnectsAndWakesTheProcess) {
    Instance one(with_parameter(url, "application_name=victim"));
    Instance other(url);
    other.wait_until_it_listens();
    one.wait_until_it_listens();
    for (std::size_t times = 1; times <= 3; ++times) {
        const std::string pid = backend("victim");
        EXPECT_EQ(server.value("select pg_terminate_backend(" + pid + ")"), "t");
        one.until([&] { return one.logged(LogLevel::info).size() == times; },
                  "it logs that notifications arrive again");
        EXPECT_NE(backend("victim"), pid);
        EXPECT_EQ(one.degraded(), "");
        expect_notification(one, other);
    }
    EXPECT_THAT(one.logged(LogLevel::warn), ::testing::SizeIs(3));
    EXPECT_THAT(one.logged(LogLevel::warn).front(), HasSubstr("terminating connection due to administrator command"));
}

TEST_F(PostgresListenFaults, AReconnectWakesTheProcess) {
    Instance one(url, "a channel", {{"interval", 1h}});
    one.wait_until_it_listens();
    (void)server.control("stop fast");
    EXPECT_EQ(one.wait(patience), Wake::notified) << "notifications have stopped";
    EXPECT_EQ(one.wait(50ms), Wake::timeout);
    (void)server.control("start");
    EXPECT_EQ(one.wait(patience), Wake::notified) << "they arrive again";
    EXPECT_EQ(one.degraded(), "");
    EXPECT_EQ(one.wait(50ms), Wake::timeout) << "only once";
}

TEST_F(PostgresListenFaults, ASessionThatHangsIsReplaced) {
    Instance one(with_parameter(url, "application_name=hanging"), "a channel",
                 {{"probe_interval", 50ms}, {"probe_timeout", 500ms}});
    Instance other(url);
    other.wait_until_it_listens();
    one.wait_until_it_listens();
    const std::string pid = backend("hanging");
    (void)server.control("signal " + pid + " " + std::to_string(SIGSTOP));
    one.until([&] { return one.logged(LogLevel::info).size() == 1; }, "it logs that notifications arrive again");
    EXPECT_THAT(one.logged(LogLevel::warn), ElementsAre(HasSubstr("the server has not answered for 500 ms")));
    (void)server.control("signal " + pid + " " + std::to_string(SIGCONT));
    expect_notification(one, other);
}

TEST_F(PostgresListenFaults, AHalfOpenConnectionIsNoticed) {
    Proxy proxy(port_of(url));
    Instance one(at_port(url, proxy.port()), "a channel", {{"probe_interval", 50ms}, {"probe_timeout", 500ms}});
    Instance other(url);
    other.wait_until_it_listens();
    one.wait_until_it_listens();
    proxy.freeze();
    one.until([&] { return one.logged(LogLevel::info).size() == 1; }, "it logs that notifications arrive again");
    EXPECT_EQ(proxy.connected(), 2);
    expect_notification(one, other);
}

TEST_F(PostgresListenFaults, ASessionThatLostItsListenIsNoticed) {
    Proxy proxy(port_of(url));
    proxy.drop_next_listen();
    Instance one(at_port(url, proxy.port()), "a channel", {{"probe_interval", 50ms}});
    one.until([&] { return !one.logged(LogLevel::info).empty(); }, "it logs that notifications arrive again");
    EXPECT_THAT(one.logged(LogLevel::warn), ElementsAre(HasSubstr("the session no longer listened")));
    Instance other(url);
    expect_notification(one, other);
}

TEST_F(PostgresListenFaults, AHangingServerDoesNotBlockTheShutdown) {
    Proxy proxy(port_of(url));
    const auto begin = Steady::now();
    {
        Instance one(at_port(url, proxy.port()));
        one.wait_until_it_listens();
        proxy.freeze();
        one.publish();
        std::stop_source stop;
        stop.request_stop();
        EXPECT_EQ((*one).wait(Steady::time_point::max(), stop.get_token()), Wake::stopped);
    }
    EXPECT_LT(Steady::now() - begin, 20s) << "it waits a second for the notification, and not until the server answers";
}

TEST_F(PostgresListenFaults, ReconnectsAfterAServerCrash) {
    Instance one(url);
    Instance other(url);
    one.wait_until_it_listens();
    other.wait_until_it_listens();
    (void)server.control("stop immediate");
    one.wait_until_it_polls();
    EXPECT_THAT(one.degraded(), HasSubstr("127.0.0.1:"));
    expect_polling(one);
    other.publish();  // is sent when the server is back
    (void)server.control("start");
    for (Instance* each : {&one, &other}) {
        each->until([&] { return each->logged(LogLevel::info).size() == 1; },
                    "it logs that notifications arrive again");
        EXPECT_THAT(each->logged(LogLevel::warn), ::testing::SizeIs(1));
        each->drain();
    }
    expect_notification(one, other);
    expect_notification(other, one);
}

TEST_F(PostgresListenFaults, WithoutAServerItOnlyPolls) {
    Instance one("postgresql://me:s3cret@127.0.0.1:1/nothing");
    const std::string why = one.degraded();
    EXPECT_THAT(why,
                AllOf(HasSubstr("127.0.0.1:1/nothing: "), HasSubstr("Connection refused"), Not(HasSubstr("s3cret"))));
    expect_polling(one);
    one.publish();
    EXPECT_EQ(one.wait(0ms), Wake::notified) << "its own process is woken nevertheless";
    EXPECT_THAT(one.logged(LogLevel::warn), ElementsAre(Not(HasSubstr("s3cret"))));
    EXPECT_THAT(one.logged(LogLevel::info), IsEmpty());
}

TEST_F(PostgresListenFaults, WithoutTheRightToConnectItPolls) {
    Instance one(at_port("postgresql://nobody_of_this_name:s3cret@127.0.0.1:1/embedq", port_of(url)));
    one.wait_until_it_polls();
    EXPECT_THAT(one.degraded(),
                AllOf(HasSubstr("role \"nobody_of_this_name\" does not exist"), Not(HasSubstr("s3cret"))));
    expect_polling(one);
}

TEST_F(PostgresListenFaults, BehindAPoolerInTransactionModeItPollsAndStillNotifies) {
    Instance one(server.control("pooler"));
    Instance direct(url);
    direct.wait_until_it_listens();
    one.wait_until_it_polls();
    EXPECT_THAT(one.degraded(), HasSubstr("a pooler in front of the server does not deliver notifications"));
    expect_polling(one);
    for (int i = 0; i < 3; ++i) expect_notification(direct, one);
    one.until([&] { return one.logged(LogLevel::debug).size() >= 2; }, "it tries to reconnect");
    EXPECT_THAT(one.logged(LogLevel::warn), ::testing::SizeIs(1));
    (void)server.control("drop pooler");
}

TEST_F(PostgresListenFaults, BehindAPoolerInSessionModeItListens) {
    {
        Instance one(server.control("pooler session"));
        Instance direct(url);
        direct.wait_until_it_listens();
        one.wait_until_it_listens();
        expect_notification(one, direct);
        expect_notification(direct, one);
        one.drain();
        one.publish();
        EXPECT_EQ(one.wait(0ms), Wake::notified);
        EXPECT_EQ(one.wait(100ms), Wake::timeout) << "its own notification does not wake it";
    }
    (void)server.control("drop pooler");
}

TEST_F(PostgresListenFaults, PollsAStandbyUntilItIsPromoted) {
    const std::string standby = server.control("standby");
    {
        Instance one(standby);
        one.wait_until_it_polls();
        EXPECT_THAT(one.degraded(), HasSubstr("it is a standby, where LISTEN is not possible"));
        expect_polling(one);
        one.publish();
        Instance several(at_port(url, port_of(url))
                             .replace(url.find("127.0.0.1"), 0, "127.0.0.1:" + std::to_string(port_of(standby)) + ","));
        several.wait_until_it_listens();
        (void)server.control("promote standby");
        one.until([&] { return one.logged(LogLevel::info).size() == 1; }, "it logs that notifications arrive again");
        EXPECT_THAT(one.logged(LogLevel::warn), ::testing::SizeIs(1));
        Instance other(standby);
        expect_notification(one, other);
    }
    (void)server.control("drop standby");
}

}  // namespace
}  // namespace embedq::notifiers
