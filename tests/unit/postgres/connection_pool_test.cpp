// The pool: it survives restarts of the server, is shared by more threads than it has connections, and fails quickly
// while the server does not answer.
#include "connection_pool.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <future>
#include <thread>

#include "server.h"

namespace embedq::postgres::testing {
namespace {

using std::chrono::steady_clock;

class ConnectionPoolTest : public PostgresTest {
protected:
    ConnectionPoolTest() { fresh_store().reset(); }

    std::unique_ptr<Store> store_{open_store(url(), schema, context, 2)};
};

TEST_F(ConnectionPoolTest, continues_after_a_restart_of_the_server) {
    EXPECT_TRUE(must(store_->catalogs()).empty());
    for (const char* how : {"stop fast", "stop immediate", "kill"}) {
        server().control(how);
        server().control("start");
        EXPECT_TRUE(store_->catalogs().has_value()) << how;
    }
}

TEST_F(ConnectionPoolTest, continues_when_all_its_sessions_were_ended) {
    std::barrier both(2);
    const auto use = [&] {
        both.arrive_and_wait();
        must(store_->catalogs());
    };
    {
        const std::jthread one(use);
        const std::jthread another(use);
    }
    static_cast<void>(
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'embedq' AND usename = "
            "'embedq'"));
    EXPECT_TRUE(store_->catalogs().has_value());
    EXPECT_TRUE(store_->put_catalog({.catalog_id = "shop"}).has_value()) << "a write, too";
}

// The backend of the store's connection, frozen: their kernel goes on to acknowledge what is sent to them.
class Frozen {
public:
    Frozen() {
        const std::string of_silence = " FROM pg_stat_activity WHERE application_name = 'silence'";
        wait_until("SELECT count(*) = 1" + of_silence);
        const Rows rows = sql("SELECT pid" + of_silence);
        for (std::size_t i = 0; i < rows.size(); ++i) pids_.push_back(static_cast<pid_t>(rows.integer(i, 0)));
        for (const pid_t pid : pids_) EXPECT_EQ(::kill(pid, SIGSTOP), 0);
    }
    ~Frozen() {
        for (const pid_t pid : pids_) ::kill(pid, SIGCONT);
    }
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;

private:
    std::vector<pid_t> pids_;
};

// A port that accepts connections, by its kernel, and never answers.
class Listening {
public:
    Listening() {
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
        EXPECT_EQ(::listen(socket_, 8), 0);
        socklen_t size = sizeof address_;
        EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &size), 0);
    }
    ~Listening() { ::close(socket_); }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    [[nodiscard]] int port() const { return ntohs(address_.sin_port); }

private:
    const int socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address_{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
};

class SilenceTest : public ConnectionPoolTest {
protected:
    SilenceTest() {
        store_ = must(make_store(options(), context));
        must(store_->next_due({}));
    }
    [[nodiscard]] static ConnectionSettings settings() {
        ConnectionSettings settings = settings_for(url() + "?application_name=silence");
        settings.call_timeout = std::chrono::milliseconds(1'000);
        settings.statement_timeout = std::chrono::hours(1);
        return settings;
    }
    [[nodiscard]] Options options() const {
        return Options({{"url", url() + "?application_name=silence"},
                        {"schema", schema},
                        {"pool", std::int64_t{2}},
                        {"call_timeout", std::chrono::milliseconds(1'000)},
                        {"statement_timeout", std::chrono::milliseconds(3'600'000)}});
    }
};

TEST_F(SilenceTest, a_connection_that_falls_silent_costs_a_call_its_time_and_no_more) {
    const Frozen frozen;
    const auto before = steady_clock::now();
    EXPECT_TRUE(store_->next_due({}).has_value()) << "over a new connection";
    const auto took = steady_clock::now() - before;
    EXPECT_GE(took, std::chrono::milliseconds(1'000));
    EXPECT_LT(took, std::chrono::seconds(5));
}

TEST_F(SilenceTest, a_long_call_does_not_wait_for_its_statements_time) {
    ConnectionPool pool(settings(), 1, context);
    const auto sleep = [&](const std::string& seconds) {
        return pool.with_connection([&](Connection& connection) -> Status {
            connection.execute("SELECT pg_catalog.pg_sleep(" + seconds + ")");
            return {};
        });
    };
    ASSERT_TRUE(sleep("3.5")) << "one on which the server works is left alone";
    store_.reset();
    const Frozen frozen;
    const auto before = steady_clock::now();
    EXPECT_TRUE(sleep("0")) << "over a new connection";
    EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(30));
}

TEST_F(SilenceTest, the_check_of_an_idle_connection_has_that_time_too) {
    store_ = must(make_store(options(), context));
    must(store_->migration_state());  // opens a connection without the check of the schema
    const Frozen frozen;
    const auto before = steady_clock::now();
    EXPECT_TRUE(store_->catalogs().has_value()) << "over a new connection";
    EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(5));
}

TEST_F(SilenceTest, a_call_behind_a_locked_table_ends_here_and_on_the_server) {
    ConnectionSettings settings = settings_for(superuser_url());
    settings.statement_timeout = std::chrono::hours(1);
    Connection lock(settings);
    lock.begin();
    lock.execute("LOCK TABLE " + schema + ".jobs_ready IN ACCESS EXCLUSIVE MODE");
    const auto refused = store_->next_due({});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable) << to_string(refused.error());
    wait_until(
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'silence' AND wait_event_type = 'Lock'");
}

TEST_F(SilenceTest, a_server_that_accepts_and_says_nothing_is_not_waited_for_forever) {
    const Listening silent;
    Options options;
    options.set("url", "postgresql://embedq@127.0.0.1:" + std::to_string(silent.port()) + "/embedq?connect_timeout=0");
    const auto before = steady_clock::now();
    const auto refused = must(make_store(options, context))->migration_state();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable) << to_string(refused.error());
    EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(30));
}

TEST_F(SilenceTest, an_interrupt_ends_the_wait_for_a_connection) {
    const Listening silent;
    Options options;
    options.set("url", "postgresql://embedq@127.0.0.1:" + std::to_string(silent.port()) + "/embedq?connect_timeout=60");
    const auto store = must(make_store(options, context));
    const auto before = steady_clock::now();
    auto connecting = std::async(std::launch::async, [&] { return store->migration_state(); });
    ASSERT_EQ(connecting.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    store->interrupt();
    const auto refused = connecting.get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable) << to_string(refused.error());
    EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(30));
}

TEST_F(SilenceTest, an_interrupt_ends_the_calls_and_refuses_later_ones) {
    const Frozen frozen;
    auto hanging = std::async(std::launch::async, [&] { return store_->health(""); });
    ASSERT_EQ(hanging.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
    const auto before = steady_clock::now();
    store_->interrupt();
    const auto answer = hanging.get();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(store_->catalogs());
    EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(2));
}

TEST_F(ConnectionPoolTest, of_two_connections_serves_more_threads) {
    constexpr int threads = 6;
    constexpr int calls = 20;
    std::atomic<int> done = 0;
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i) {
            all.emplace_back([&] {
                for (int j = 0; j < calls; ++j) done += store_->catalogs().has_value() ? 1 : 0;
            });
        }
    }
    EXPECT_EQ(done, threads * calls);
    EXPECT_LE(value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'embedq'"), "2");
}

TEST_F(ConnectionPoolTest, fails_quickly_while_the_server_is_down_and_works_when_it_is_back) {
    must(store_->catalogs());
    server().control("stop fast");
    const auto before = steady_clock::now();
    for (int i = 0; i < 50; ++i) {
        const auto answer = store_->catalogs();
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, ErrorKind::unavailable) << to_string(answer.error());
    }
    EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(5));
    EXPECT_EQ(store_->catalogs().error().hint, "check that the server is running and reachable from here");
    server().control("start");
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (!store_->catalogs() && steady_clock::now() < end) std::this_thread::yield();
    EXPECT_TRUE(store_->catalogs().has_value());
}

TEST_F(ConnectionPoolTest, works_through_a_pooler) {
    auto pooled = open_store(pooled_url(), schema, context, 3);
    EXPECT_TRUE(must(pooled->put_catalog({.catalog_id = "shop"})));
    EXPECT_EQ(must(pooled->catalogs()).size(), 1U);
    server().control("stop fast");
    server().control("start");
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    while (!pooled->catalogs() && steady_clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(must(pooled->catalogs()).size(), 1U);
}

// Two transactions that lock the same rows in opposite order: the server rolls one back, and the pool starts it again.
TEST_F(ConnectionPoolTest, starts_again_after_a_deadlock) {
    static_cast<void>(sql("CREATE TABLE " + quoted_schema() +
                          ".pair (id integer PRIMARY KEY, n integer); INSERT INTO " + quoted_schema() +
                          ".pair VALUES (1, 0), (2, 0); GRANT ALL ON ALL TABLES IN SCHEMA " + quoted_schema() +
                          " TO embedq"));
    ConnectionPool pool(settings_for(url(), quoted_schema()), 2, context);
    std::barrier first_rows(2);
    std::atomic<int> attempts = 0;
    const auto update = [&](int first, int second) {
        bool met = false;
        const Status done = pool.transaction([&](Connection& connection) -> Status {
            ++attempts;
            const auto one = [&](int id) {
                connection.execute("UPDATE " + quoted_schema() +
                                   ".pair SET n = n + 1 WHERE id = " + std::to_string(id));
            };
            one(first);
            if (!std::exchange(met, true)) first_rows.arrive_and_wait();
            one(second);
            return {};
        });
        EXPECT_TRUE(done.has_value()) << to_string(done.error());
    };
    {
        const std::jthread forth([&] { update(1, 2); });
        const std::jthread back([&] { update(2, 1); });
    }
    // More than three, if what starts again locks its first row before the other one wakes up.
    EXPECT_GE(attempts, 3);
    EXPECT_EQ(value("SELECT string_agg(n::text, ' ') FROM " + quoted_schema() + ".pair"), "2 2");
}

}  // namespace
}  // namespace embedq::postgres::testing
