// How a PostgreSQL schema is created: by many processes in parallel, by one that dies, by roles without rights, and
// with indexes that are built later.
#include "migrations.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <future>
#include <map>
#include <stop_token>
#include <string_view>

#include "names.h"
#include "server.h"

namespace embedq::postgres::testing {
namespace {

// A process that runs `body` and exits with its result.
class Child {
public:
    explicit Child(const std::function<int()>& body) : pid_(::fork()) {
        if (pid_ != 0) return;
        int status = 99;
        try {
            status = body();
        } catch (...) {  // NOLINT(bugprone-empty-catch): the status shows it
        }
        ::_exit(status);
    }
    ~Child() {
        if (!ended_) static_cast<void>(kill());
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // The exit status, or the negative number of the signal that ended it.
    [[nodiscard]] int wait() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        ended_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    [[nodiscard]] int kill() {
        ::kill(pid_, SIGKILL);
        return wait();
    }

private:
    pid_t pid_;
    bool ended_ = false;
};

class MigrationsTest : public PostgresTest {
protected:
    void apply(const Migrations& steps) {
        Connection connection(settings());
        apply_migrations(connection, quoted_schema(), context.logger(), steps);
    }
    MigrationState state(const Migrations& steps) {
        Connection connection(settings());
        return read_migration_state(connection, quoted_schema(), steps);
    }
    [[nodiscard]] ConnectionSettings settings() const { return settings_for(url(), quoted_schema()); }
    // "valid", "invalid" or nothing
    [[nodiscard]] std::string index(const std::string& name) const {
        return value(
            "SELECT CASE WHEN i.indisvalid THEN 'valid' ELSE 'invalid' END FROM pg_index i JOIN pg_class c ON c.oid = "
            "i.indexrelid "
            "WHERE c.relnamespace = to_regnamespace(" +
            literal(quoted_schema()) + ") AND c.relname = " + literal(name));
    }
    [[nodiscard]] std::string objects() const {
        return value("SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(" + literal(quoted_schema()) +
                     ")");
    }
    std::string schema_exists() {
        return value("SELECT to_regnamespace(" + literal(quoted_schema()) + ") IS NOT NULL");
    }

    const Migrations with_index{
        {.name = "things", .sql = "CREATE TABLE embedq.things (id integer, name text)"},
        {.name = "things by name",
         .sql = "ALTER TABLE embedq.things ADD seen boolean",
         .afterwards = {{"things_by_name", "CREATE INDEX CONCURRENTLY things_by_name ON embedq.things (name)"},
                        {"things_once", "CREATE UNIQUE INDEX CONCURRENTLY things_once ON embedq.things (id)"}}},
    };
    const Migrations without_index{with_index[0], {.name = with_index[1].name, .sql = with_index[1].sql}};
};

std::string error_of(const std::function<void()>& body) {
    try {
        body();
    } catch (const Failure& caught) {
        return to_string(caught.error);
    }
    return "nothing";
}

// The cluster of the tests takes 200 connections; each process has one.
TEST_F(MigrationsTest, of_fifty_processes_in_parallel_create_one_schema) {
    constexpr int processes = 50;
    const std::string started = "SELECT count(*) >= 50 FROM pg_stat_activity WHERE application_name = 'fifty'";
    Connection gate(settings());
    gate.execute("SELECT pg_advisory_lock(50)");
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < processes; ++i) {
        children.push_back(std::make_unique<Child>([&] {
            ConnectionSettings mine = settings();
            mine.url += "?application_name=fifty";
            Connection connection(mine);
            connection.execute("SELECT pg_advisory_lock_shared(50)");
            apply_migrations(connection, quoted_schema(), context.logger());
            require_schema(connection, quoted_schema());
            return read_migration_state(connection, quoted_schema()).waiting.empty() ? 0 : 1;
        }));
    }
    wait_until(started);
    gate.execute("SELECT pg_advisory_unlock(50)");
    for (auto& child : children) EXPECT_EQ(child->wait(), 0);
    EXPECT_EQ(
        value("SELECT string_agg(number || ' ' || name, ', ' ORDER BY number) FROM " + quoted_schema() + ".migrations"),
        "1 first schema, 2 folders, notes and refreshes, 3 deletions of what was seen");
}

// If the server has too few connections for all, those that are refused report why, and the schema is still complete.
TEST_F(MigrationsTest, of_more_processes_than_the_server_takes_are_complete) {
    static_cast<void>(sql("ALTER ROLE embedq CONNECTION LIMIT 5"));
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < 50; ++i) {
        children.push_back(std::make_unique<Child>([&] {
            const auto migrated = open_store(url(), schema, context)->migrate();
            if (migrated) return 0;
            const bool has_reason = migrated.error().kind == ErrorKind::unavailable &&
                                    migrated.error().message.find("too many connections for role") != std::string::npos;
            return has_reason ? 1 : 2;
        }));
    }
    std::map<int, int> ends;
    for (auto& child : children) ++ends[child->wait()];
    static_cast<void>(sql("ALTER ROLE embedq CONNECTION LIMIT -1"));
    EXPECT_GE(ends[0], 1);
    EXPECT_EQ(ends[0] + ends[1], 50) << "some ended otherwise";
    EXPECT_TRUE(must(fresh_store()->migration_state()).waiting.empty());
}

TEST_F(MigrationsTest, of_a_killed_process_leave_nothing_half_done) {
    const Migrations slow{
        {.name = "slow",
         .sql =
             "CREATE TABLE embedq.things (id integer); SELECT pg_sleep(600); CREATE TABLE embedq.others (id integer)"}};
    Child child([&] {
        apply(slow);
        return 0;
    });
    wait_until(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600); CREATE TABLE %others%' AND pid "
        "<> pg_backend_pid())");
    EXPECT_EQ(child.kill(), -SIGKILL);
    // The server notices by itself, and releases the lock that the next process waits for.
    apply(with_index);
    EXPECT_EQ(state(with_index).current, 2U);
    EXPECT_EQ(value("SELECT to_regclass(" + literal(quoted_schema() + ".others") + ") IS NULL"), "t");
}

TEST_F(MigrationsTest, of_a_cut_connection_leave_nothing_half_done) {
    const Migrations slow{{.name = "slow", .sql = "CREATE TABLE embedq.things (id integer); SELECT pg_sleep(600)"}};
    auto migrating = std::async(std::launch::async, [&] { return error_of([&] { apply(slow); }); });
    wait_until(
        "SELECT coalesce(bool_or(pg_terminate_backend(pid)), false) FROM pg_stat_activity "
        "WHERE query LIKE 'CREATE TABLE %things%pg_sleep(600)' AND pid <> pg_backend_pid()");
    const std::string message = migrating.get();
    EXPECT_TRUE(message.ends_with(" broke")) << message;
    EXPECT_EQ(schema_exists(), "f");
}

TEST_F(MigrationsTest, that_fail_leave_the_steps_before_them) {
    Migrations steps = with_index;
    steps.push_back(
        {.name = "wrong",
         .sql = "ALTER TABLE embedq.things ADD colour text; ALTER TABLE embedq.nothing_of_this_name ADD colour text"});
    EXPECT_NE(error_of([&] { apply(steps); }).find("nothing_of_this_name"), std::string::npos);
    EXPECT_EQ(state(steps).current, 2U);
    EXPECT_EQ(value("SELECT count(*) FROM information_schema.columns WHERE table_schema = " + literal(schema) +
                    " AND column_name = 'colour'"),
              "0");
}

// What the first schema has is kept, with empty records.
TEST_F(MigrationsTest, of_an_older_schema_keep_its_specs) {
    apply({migrations().front()});
    const std::string name = quoted_schema() + ".";
    static_cast<void>(sql("SET ROLE embedq; SELECT " + name + "put_catalog('shop', '', '', '', ''); SELECT " + name +
                          "put_texts(ARRAY[sha256('text')], ARRAY['text']); SELECT * FROM " + name +
                          "put_changed('shop', 'pets', 2::smallint, '/apis/pets.yaml', '', '', 'Pets', '', "
                          "sha256('pets'), 1, 4, 'pets', ARRAY['get'], ARRAY['GET'], ARRAY['/pets'], ARRAY['text'], "
                          "ARRAY[''], ARRAY[0::bigint], ARRAY[sha256('text')])"));
    const auto store = open_store(url(), schema, context);
    EXPECT_EQ(must(store->migrate()).current, migrations().size());
    const SpecInfo info = must(store->spec("shop", "pets"));
    EXPECT_EQ(info.source, "/apis/pets.yaml");
    EXPECT_EQ(info.operation_count, 1U);
    EXPECT_EQ(info.record, SpecRecord{});
    EXPECT_FALSE(info.checked_at.has_value());
    EXPECT_TRUE(must(store->due_refreshes(10, std::chrono::minutes(5), std::chrono::milliseconds(0))).empty());
    must(store->checked(std::vector{SpecRef{"shop", "pets"}}));
    EXPECT_TRUE(must(store->spec("shop", "pets")).checked_at.has_value());
}

TEST_F(MigrationsTest, of_a_newer_build_are_refused_by_every_verb) {
    auto store = fresh_store();
    static_cast<void>(sql("INSERT INTO " + quoted_schema() + ".migrations (number, name) VALUES (7, 'to come')"));
    for (const std::string& message : {to_string(open_store(url(), schema, context)->migrate().error()),
                                       to_string(open_store(url(), schema, context)->catalogs().error())}) {
        EXPECT_NE(message.find("schema \"" + schema +
                               "\": version 7, and this build needs 3; a newer embedq made it: use that one"),
                  std::string::npos)
            << message;
    }
    EXPECT_EQ(must(store->migration_state()).current, 7U);
}

TEST_F(MigrationsTest, that_are_missing_are_reported_with_the_hint) {
    const auto catalogs = open_store(url(), schema, context)->catalogs();
    EXPECT_EQ(catalogs.error().kind, ErrorKind::misconfigured);
    EXPECT_NE(to_string(catalogs.error()).find("version 0, and this build needs 3; run `embedq migrate up`"),
              std::string::npos)
        << to_string(catalogs.error());
    EXPECT_EQ(schema_exists(), "f") << "a verb does not create the schema";
    // An older one, as a newer build sees it.
    apply({with_index[0]});
    Connection connection(settings());
    EXPECT_NE(error_of([&] {
                  require_schema(connection, quoted_schema(), with_index);
              }).find("version 1, and this build needs 2; run `embedq migrate up`"),
              std::string::npos);
}

TEST_F(MigrationsTest, through_a_pooler_are_refused_with_the_hint) {
    const auto migrated = open_store(pooled_url(), schema, context)->migrate();
    EXPECT_EQ(migrated.error().kind, ErrorKind::misconfigured);
    EXPECT_NE(to_string(migrated.error()).find("; run `embedq migrate up` once with a 'url' of the server itself"),
              std::string::npos)
        << to_string(migrated.error());
    EXPECT_EQ(schema_exists(), "f");
    fresh_store().reset();
    EXPECT_TRUE(must(open_store(pooled_url(), schema, context)->migrate()).waiting.empty())
        << "with nothing to do a pooler does not matter";
}

TEST_F(MigrationsTest, of_a_role_that_owns_a_schema_need_no_rights_on_the_database) {
    static_cast<void>(sql("DROP ROLE IF EXISTS owner_only; CREATE ROLE owner_only LOGIN; CREATE SCHEMA " +
                          quoted_schema() + " AUTHORIZATION owner_only"));
    EXPECT_TRUE(must(open_store(url_as("owner_only"), schema, context)->migrate()).waiting.empty());
}

TEST_F(MigrationsTest, build_an_index_while_others_write) {
    apply(without_index);
    Connection writer(settings());
    writer.execute("INSERT INTO " + quoted_schema() + ".things SELECT i, 'name ' || i FROM generate_series(1, 1000) i");
    // The build waits for this transaction, and nothing waits for the build.
    Connection reader(settings());
    reader.begin();
    reader.execute("DELETE FROM " + quoted_schema() + ".things WHERE id = 1");
    auto building = std::async(std::launch::async, [&] { return error_of([&] { apply(with_index); }); });
    wait_until(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY things_by_name%' AND "
        "wait_event_type = "
        "'Lock')");
    writer.execute("SET lock_timeout = '2s'; INSERT INTO " + quoted_schema() +
                   ".things SELECT i, 'more' FROM generate_series(2000, 2100) i");
    // Another process starts meanwhile: the schema can be used.
    EXPECT_EQ(error_of([&] { apply(with_index); }), "nothing");
    EXPECT_EQ(state(with_index).current, 2U);
    EXPECT_EQ(state(with_index).waiting, (std::vector<std::string>{"index things_by_name", "index things_once"}));
    reader.commit();
    EXPECT_EQ(building.get(), "nothing");
    EXPECT_EQ(index("things_by_name"), "valid");
    EXPECT_TRUE(state(with_index).waiting.empty());
}

TEST_F(MigrationsTest, build_an_interrupted_index_again) {
    apply({with_index[0]});
    static_cast<void>(sql("INSERT INTO " + quoted_schema() + ".things VALUES (1, 'one'), (1, 'one again')"));
    // There are duplicates, so the second index cannot be built.
    EXPECT_NE(error_of([&] { apply(with_index); }).find("could not create unique index"), std::string::npos);
    EXPECT_EQ(index("things_by_name"), "valid");
    EXPECT_EQ(index("things_once"), "invalid");
    EXPECT_EQ(state(with_index).waiting, std::vector<std::string>{"index things_once"});
    static_cast<void>(sql("DELETE FROM " + quoted_schema() + ".things WHERE name = 'one again'"));
    apply(with_index);
    EXPECT_EQ(index("things_once"), "valid");
    EXPECT_TRUE(state(with_index).waiting.empty());
}

TEST_F(MigrationsTest, of_a_process_that_is_killed_while_it_builds_an_index_continue_in_the_next) {
    apply(without_index);
    Connection reader(settings());
    reader.begin();
    reader.execute("INSERT INTO " + quoted_schema() + ".things VALUES (5, 'five')");
    Child child([&] {
        apply(with_index);
        return 0;
    });
    wait_until(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY things_by_name%' AND "
        "wait_event_type = "
        "'Lock')");
    EXPECT_EQ(child.kill(), -SIGKILL);
    wait_until(
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY things_by_name%' "
        "AND pid <> "
        "pg_backend_pid())");
    EXPECT_EQ(index("things_by_name"), "invalid");
    reader.commit();
    apply(with_index);
    EXPECT_EQ(index("things_by_name"), "valid");
    EXPECT_EQ(index("things_once"), "valid");
}

TEST_F(MigrationsTest, count_an_index_that_was_built_but_not_noted) {
    apply(with_index);
    static_cast<void>(sql("UPDATE " + quoted_schema() + ".migrations SET indexes_built = 0"));
    const std::string before = value("SELECT " + literal(quoted_schema() + ".things_by_name") + "::regclass::oid");
    apply(with_index);
    EXPECT_TRUE(state(with_index).waiting.empty());
    EXPECT_EQ(value("SELECT " + literal(quoted_schema() + ".things_by_name") + "::regclass::oid"), before);
}

TEST_F(MigrationsTest, leave_an_index_that_this_role_may_not_build) {
    apply(without_index);
    static_cast<void>(sql("DROP ROLE IF EXISTS no_owner; CREATE ROLE no_owner LOGIN; GRANT USAGE ON SCHEMA " +
                          quoted_schema() + " TO no_owner; GRANT SELECT ON ALL TABLES IN SCHEMA " + quoted_schema() +
                          " TO no_owner"));
    Connection connection(settings_for(url_as("no_owner"), quoted_schema()));
    EXPECT_EQ(error_of([&] { apply_migrations(connection, quoted_schema(), context.logger(), with_index); }),
              "nothing");
    EXPECT_NE(context.logger().lines().back().second.find("the index things_by_name is not built: "),
              std::string::npos);
    static_cast<void>(sql("DROP OWNED BY no_owner; DROP ROLE no_owner"));
}

class BehindALock : public MigrationsTest {
protected:
    BehindALock() : holder_(settings()) {
        apply({with_index[0]});
        holder_.begin();
        holder_.execute("SELECT count(*) FROM " + quoted_schema() + ".things");
        pid_ = holder_.execute("SELECT pg_backend_pid()").text(0, 0);
    }
    std::string migrate(const LockPatience& patience) {
        return error_of([&] {
            Connection connection(settings());
            apply_migrations(connection, quoted_schema(), context.logger(), with_index, patience);
        });
    }
    [[nodiscard]] std::size_t warnings() {
        const auto lines = context.logger().lines();
        return static_cast<std::size_t>(
            std::ranges::count(lines, LogLevel::warn, [](const auto& line) { return line.first; }));
    }

    Connection holder_;
    std::string pid_;
};

// Calls a function when a line contains the words.
class Listener final : public Logger {
public:
    Listener(std::string words, std::function<void()> act) : words_(std::move(words)), act_(std::move(act)) {}
    void log(LogLevel, std::string_view message) override {
        if (message.contains(words_)) act_();
    }
    [[nodiscard]] bool enabled(LogLevel) const noexcept override { return true; }

private:
    const std::string words_;
    const std::function<void()> act_;
};

TEST_F(BehindALock, a_stop_ends_the_wait_of_a_step_and_of_other_processes) {
    const LockPatience patience{.each = std::chrono::milliseconds(20), .between = std::chrono::hours(1), .tries = 2};
    const auto migrate_until = [&](Logger& logger, const std::stop_source& stop) {
        return error_of([&] {
            Connection connection(settings());
            apply_migrations(connection, quoted_schema(), logger, with_index, patience, stop.get_token());
        });
    };
    std::stop_source first_stop;
    std::promise<void> waits;
    Listener of_first("waits for a lock", [&] { waits.set_value(); });
    auto first = std::async(std::launch::async, [&] { return migrate_until(of_first, first_stop); });
    waits.get_future().wait();

    std::stop_source second_stop;
    Listener of_second("another process migrates the schema", [&] { second_stop.request_stop(); });
    const std::string second = migrate_until(of_second, second_stop);
    EXPECT_TRUE(second.ends_with(": stopped while another process migrated the schema")) << second;

    first_stop.request_stop();
    const std::string message = first.get();
    EXPECT_NE(message.find(", was stopped while it waited for a lock: session " + pid_), std::string::npos) << message;
    EXPECT_EQ(state(with_index).current, 1U);
}

TEST_F(BehindALock, a_step_gives_up_and_names_the_holder) {
    const std::string message =
        migrate({.each = std::chrono::milliseconds(20), .between = std::chrono::milliseconds(1), .tries = 3});
    EXPECT_NE(message.find("the migration 'things by name' of PostgreSQL store at "), std::string::npos) << message;
    EXPECT_NE(message.find("waits for a lock: session " + pid_ +
                           " (embedq, 'embedq', idle in transaction, in its transaction for "),
              std::string::npos)
        << message;
    EXPECT_TRUE(message.ends_with(" s) holds one on things; let it finish, or end it: SELECT pg_terminate_backend(" +
                                  pid_ + ")"))
        << message;
    EXPECT_EQ(warnings(), 1U) << "logged once";
    EXPECT_EQ(state(with_index).current, 1U);
    holder_.rollback();
    EXPECT_EQ(migrate({}), "nothing");
    EXPECT_EQ(state(with_index).current, 2U);
}

TEST_F(BehindALock, a_step_lets_others_pass_until_it_can) {
    auto migrating = std::async(std::launch::async, [&] {
        return migrate(
            {.each = std::chrono::milliseconds(20), .between = std::chrono::milliseconds(1), .tries = 1'000'000});
    });
    const std::string waits =
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE %things ADD seen%' AND "
        "wait_event_type = 'Lock')";
    Connection reader(settings());
    reader.execute("SET lock_timeout = '20s'");
    for (int i = 0; i < 5; ++i) {
        wait_until(waits);
        reader.execute("SELECT count(*) FROM " + quoted_schema() + ".things");
    }
    EXPECT_EQ(state(with_index).current, 1U);
    holder_.rollback();
    EXPECT_EQ(migrating.get(), "nothing");
    EXPECT_EQ(state(with_index).current, 2U);
}

class OddSchemaName : public PostgresTest {};

TEST_F(OddSchemaName, is_taken_as_it_is) {
    for (const std::string name : {"With Upper Case", "it's", "a\"quote", "100%s", "dollar$fix$", "größe"}) {
        auto store = open_store(url(), name, context);
        EXPECT_TRUE(must(store->migrate()).waiting.empty()) << name;
        EXPECT_TRUE(must(store->put_catalog({.catalog_id = "shop"}))) << name;
        EXPECT_EQ(must(store->catalogs()).size(), 1U) << name;
        static_cast<void>(sql("DROP SCHEMA " + identifier(name) + " CASCADE"));
    }
}

}  // namespace
}  // namespace embedq::postgres::testing
