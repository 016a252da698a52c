#include "migrations.h"

#include <atomic>
#include <future>
#include <stop_token>
#include <thread>

#include "sandbox.h"
#include "schema.h"

namespace embedq::sqlite::testing {
namespace {

using conformance::TestContext;

TEST(Migrations, of_a_fresh_file_are_applied_and_recorded) {
    TestContext context("sqlite");
    Sandbox sandbox;
    auto store = open_store(sandbox.path(), context);
    const auto before = must(store->migration_state());
    EXPECT_EQ(before.current, 0U);
    EXPECT_EQ(before.newest, newest_schema());
    EXPECT_EQ(before.waiting.size(), newest_schema());
    const auto after = must(store->migrate());
    EXPECT_EQ(after.current, newest_schema());
    EXPECT_TRUE(after.waiting.empty());
    auto connection = raw(sandbox.path());
    EXPECT_EQ(value_of(*connection, "SELECT count(*) FROM migrations"), newest_schema());
    EXPECT_EQ(value_of(*connection, "PRAGMA application_id"), application_id);
    sqlite::Run mode(*connection, "PRAGMA journal_mode");
    ASSERT_TRUE(mode.next());
    EXPECT_EQ(mode.view(0), "wal");
}

TEST(Migrations, applied_twice_change_nothing) {
    TestContext context("sqlite");
    Sandbox sandbox;
    auto store = fresh_store(sandbox.path(), context);
    make_catalog(*store, profile_of("m"));
    must(store->migrate());
    EXPECT_EQ(must(store->catalogs()).size(), 1U);
    EXPECT_EQ(value_of(*raw(sandbox.path()), "SELECT count(*) FROM migrations"), newest_schema());
}

// What the first schema has is kept, with empty records.
TEST(Migrations, of_an_older_file_keep_its_specs) {
    TestContext context("sqlite");
    Sandbox sandbox;
    {
        const auto older = raw(sandbox.path());
        older->execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL");
        older->execute(migrations[0].sql);
        older->execute(
            "INSERT INTO migrations VALUES (1, 'first schema', 0);"
            "INSERT INTO catalogs VALUES (1, 'shop', '', '', '', '', '', NULL, NULL, 0, 0, 0, 0);"
            "INSERT INTO specs VALUES (1, 1, 'pets', 2, '/apis/pets.yaml', '', '', 'Pets', '', zeroblob(32), 1, 5, 0,"
            " NULL, 0, NULL, 0, 7, 8);"
            "PRAGMA user_version = 1");
        older->execute(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
    }
    const auto store = open_store(sandbox.path(), context);
    EXPECT_EQ(store->spec("shop", "pets").error().kind, ErrorKind::misconfigured);
    EXPECT_EQ(must(store->migrate()).current, newest_schema());
    const SpecInfo info = must(store->spec("shop", "pets"));
    EXPECT_EQ(info.source, "/apis/pets.yaml");
    EXPECT_EQ(info.generation, 5U);
    EXPECT_EQ(info.record, SpecRecord{});
    EXPECT_FALSE(info.checked_at.has_value());
    EXPECT_TRUE(must(store->due_refreshes(10, std::chrono::minutes(5), std::chrono::milliseconds(0))).empty());
    must(store->checked(std::vector{SpecRef{"shop", "pets"}}));
    EXPECT_TRUE(must(store->spec("shop", "pets")).checked_at.has_value());
}

TEST(Migrations, of_a_newer_build_are_refused_with_both_versions) {
    TestContext context("sqlite");
    Sandbox sandbox;
    auto store = fresh_store(sandbox.path(), context);
    raw(sandbox.path())->execute("PRAGMA user_version = 4711");
    for (const Error& error :
         {store->migrate().error(), store->catalogs().error(), store->put_catalog({"a", "", "", "", ""}).error()}) {
        EXPECT_EQ(error.kind, ErrorKind::misconfigured);
        EXPECT_NE(to_string(error).find("4711"), std::string::npos) << to_string(error);
        EXPECT_NE(to_string(error).find(std::to_string(newest_schema())), std::string::npos) << to_string(error);
    }
    EXPECT_EQ(must(store->migration_state()).current, 4711U);
}

TEST(Migrations, that_wait_stop_every_verb) {
    TestContext context("sqlite");
    Sandbox sandbox;
    raw(sandbox.path())->execute("PRAGMA journal_mode = WAL");
    auto store = open_store(sandbox.path(), context);
    const auto error = store->catalogs().error();
    EXPECT_EQ(error.kind, ErrorKind::misconfigured);
    EXPECT_NE(to_string(error).find("embedq migrate up"), std::string::npos) << to_string(error);
}

TEST(Migrations, from_many_threads_in_parallel_all_succeed) {
    TestContext context("sqlite");
    for (int round = 0; round < 5; ++round) {
        Sandbox sandbox;
        std::vector<std::jthread> threads;
        std::atomic<int> done = 0;
        for (int i = 0; i < 6; ++i) {
            threads.emplace_back([&] {
                auto state = open_store(sandbox.path(), context)->migrate();
                if (state && state->waiting.empty()) ++done;
                if (!state) ADD_FAILURE() << to_string(state.error()) << " " << state.error().detail;
            });
        }
        threads.clear();
        EXPECT_EQ(done, 6);
        EXPECT_EQ(value_of(*raw(sandbox.path()), "SELECT count(*) FROM migrations"), newest_schema());
    }
}

TEST(Migrations, end_at_a_stop_while_another_process_has_the_file) {
    TestContext context("sqlite");
    Sandbox sandbox;
    fresh_store(sandbox.path(), context).reset();
    auto other = raw(sandbox.path());
    other->execute("BEGIN IMMEDIATE");
    auto store = must(make_store(options_for(sandbox.path(), std::chrono::hours(1)), context));
    std::stop_source stop;
    auto migrating = std::async(std::launch::async, [&] { return store->migrate(stop.get_token()); });
    stop.request_stop();
    const auto stopped = migrating.get();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(to_string(stopped.error()).ends_with(": stopped while another process had it locked"))
        << to_string(stopped.error());
    other->execute("COMMIT");
    EXPECT_TRUE(must(store->migrate()).waiting.empty());
}

}  // namespace
}  // namespace embedq::sqlite::testing
