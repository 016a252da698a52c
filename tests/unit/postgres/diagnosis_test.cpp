// What a PostgreSQL store reports to `embedq doctor` about its schema: each finding is provoked on a real server, and
// if its hint is a statement, that statement fixes it.
#include <future>

#include "diagnosis_fixture.h"
#include "schema_objects.h"

namespace embedq::postgres::testing {
namespace {

TEST_F(DiagnosisTest, of_a_sound_server_has_no_fault) {
    const auto store = fresh_store();
    const auto findings = diagnose();
    for (const Finding& each : findings) EXPECT_NE(each.level, FindingLevel::fault) << all_of({each});
    expect(findings, "server", FindingLevel::good, "PostgreSQL 1");
    expect(findings, "server", FindingLevel::good, "as role 'embedq'");
    expect(findings, "pooler", FindingLevel::good, "none");
    expect(findings, "clock", FindingLevel::good, "agree");
    expect(findings, "connections", FindingLevel::good, "whose pool takes up to 8");
    expect(findings, "standbys", FindingLevel::good, "none");
    expect(findings, "rights", FindingLevel::good, "and may migrate");
    expect(findings, "tables and indexes", FindingLevel::good, "all ");
    expect(findings, "invalid indexes", FindingLevel::good, "none");
    expect(findings, "size", FindingLevel::good, "tables: ");
    expect_only_good(findings, "dead rows");
    expect_only_good(findings, "oldest transaction");
    EXPECT_FALSE(must(store->diagnose()).empty()) << "through the contract";
}

TEST_F(DiagnosisTest, of_a_missing_schema_creates_nothing) {
    const auto findings = diagnose();
    for (const Finding& each : findings) EXPECT_NE(each.level, FindingLevel::fault) << all_of({each});
    expect(findings, "rights", FindingLevel::good, "may create the schema");
    EXPECT_EQ(value("SELECT to_regnamespace(" + literal(quoted_schema()) + ") IS NULL"), "t");
}

TEST_F(DiagnosisTest, works_while_the_schema_is_newer_or_older) {
    fresh_store().reset();
    Migrations newer = migrations();
    newer.push_back({.name = "more", .sql = "CREATE TABLE embedq.more (id integer)", .afterwards = {}});
    expect_only_good(diagnose(url(), newer), "tables and indexes");
    static_cast<void>(sql("INSERT INTO " + table("migrations") + " (number, name) VALUES (9, 'to come')"));
    const auto findings = diagnose();
    EXPECT_TRUE(of_subject(findings, "tables and indexes").empty()) << "the objects of a newer schema are not known";
    expect_only_good(findings, "invalid indexes");
}

// The migrations' text is read by its layout.
TEST_F(DiagnosisTest, knows_each_object_that_migrations_create) {
    fresh_store().reset();
    const auto expected = objects_of(migrations(), migrations().size(), quoted_schema());
    std::vector<std::string> kinds;
    for (const auto& [name, statement] : expected) kinds.push_back(name.substr(0, name.find(' ')));
    EXPECT_GT(std::ranges::count(kinds, "table"), 14);
    EXPECT_GT(std::ranges::count(kinds, "index"), 30);
    EXPECT_GT(std::ranges::count(kinds, "function"), 50);
    EXPECT_GT(std::ranges::count(kinds, "constraint"), 4);
    EXPECT_TRUE(expected.contains("type job_row")) << "a composite type";
    EXPECT_TRUE(expected.contains("type job_outcome")) << "an enumeration";
    EXPECT_TRUE(expected.contains("function parking_time")) << "a function that is written by migrations.cpp";
    const auto of = of_subject(diagnose(), "tables and indexes");
    ASSERT_EQ(of.size(), 1U) << all_of(of);
    EXPECT_EQ(of[0].level, FindingLevel::good) << all_of(of);
}

TEST_F(DiagnosisTest, names_what_is_missing_with_the_statement_that_creates_it_again) {
    fresh_store().reset();
    const std::vector<std::string> drops{
        "DROP INDEX " + table("jobs_due"),
        "DROP INDEX " + table("operations_by_spec"),
        "ALTER TABLE " + table("jobs_ready") + " DROP CONSTRAINT jobs_ready_ref_key",
        "ALTER TABLE " + table("specs") + " DROP CONSTRAINT specs_catalog_spec_name_key",
        "ALTER TABLE " + table("specs") + " DROP CONSTRAINT specs_ref_fkey",
        "ALTER TABLE " + table("vectors") + " DROP CONSTRAINT vectors_pkey"};
    for (const std::string& drop : drops) {
        static_cast<void>(sql(drop));
        const auto of = of_subject(diagnose(), "tables and indexes");
        ASSERT_EQ(of.size(), 1U) << drop << "\n" << all_of(of);
        EXPECT_EQ(of[0].level, FindingLevel::fault);
        const std::string name = drop.substr(drop.find_last_of(" .") + 1);
        EXPECT_NE(of[0].found.find(name + " is missing"), std::string::npos) << all_of(of);
        ASSERT_TRUE(of[0].hint.starts_with("run ")) << all_of(of);
        static_cast<void>(sql(of[0].hint.substr(4)));
        expect(diagnose(), "tables and indexes", FindingLevel::good, "all ");
    }
    EXPECT_TRUE(value("SELECT pg_get_indexdef(" + literal(table("jobs_due")) + "::regclass)")
                    .ends_with(" WHERE (expiries < 2)"));
    static_cast<void>(sql("DROP FUNCTION " + table("next_due") + "; ALTER TYPE " + table("job_outcome") +
                          " RENAME TO outcome_of_a_job; CREATE TABLE " + table("theirs") + " (x integer)"));
    const auto findings = diagnose();
    expect(findings, "tables and indexes", FindingLevel::fault, "missing: function next_due, type job_outcome",
           "backup");
    expect(findings, "tables and indexes", FindingLevel::note, "table theirs", "schema of its own");
}

TEST_F(DiagnosisTest, names_an_index_that_is_not_built_yet) {
    const Migrations steps{
        {.name = "things",
         .sql = "CREATE TABLE embedq.things (id integer)",
         .afterwards = {{"things_once", "CREATE UNIQUE INDEX CONCURRENTLY things_once ON embedq.things (id)"}}}};
    Connection connection(settings_for(url(), quoted_schema()));
    apply_migrations(connection, quoted_schema(), context.logger(),
                     {{.name = "things", .sql = steps[0].sql, .afterwards = {}}});
    expect(diagnose(url(), steps), "tables and indexes", FindingLevel::note, "index things_once is not built yet",
           "embedq migrate up");
}

TEST_F(DiagnosisTest, finds_what_an_interrupted_build_left) {
    fresh_store().reset();
    static_cast<void>(sql("INSERT INTO " + table("workers") +
                          " SELECT 'w' || i, 'host', 1, '', 0, '{}', now(), now() FROM generate_series(1, 2) i"));
    EXPECT_THROW(static_cast<void>(sql("CREATE UNIQUE INDEX CONCURRENTLY broken ON " + table("workers") + " (host)")),
                 Failure);
    const auto of = of_subject(diagnose(), "invalid indexes");
    ASSERT_EQ(of.size(), 1U) << all_of(of);
    EXPECT_EQ(of[0].level, FindingLevel::fault);
    EXPECT_NE(of[0].found.find("broken was left by an interrupted build"), std::string::npos) << all_of(of);
    static_cast<void>(sql("DELETE FROM " + table("workers") + " WHERE worker_id = 'w1'"));
    static_cast<void>(sql(of[0].hint));
    expect(diagnose(), "invalid indexes", FindingLevel::good, "none");
}

TEST_F(DiagnosisTest, finds_what_an_interrupted_reindex_left) {
    fresh_store().reset();
    Connection holder(settings_for(url()));
    holder.begin();
    holder.execute("INSERT INTO " + table("endpoint_states") + " VALUES (sha256('x'), 'e', 0, now(), '')");
    auto building = std::async(std::launch::async, [&] {
        try {
            static_cast<void>(sql("REINDEX INDEX CONCURRENTLY " + table("endpoint_states_pkey")));
        } catch (const Failure&) {  // NOLINT(bugprone-empty-catch): it is cut off
        }
    });
    const std::string building_now =
        "FROM pg_stat_activity WHERE query LIKE 'REINDEX INDEX CONC%endpoint_states_pkey' AND pid <> pg_backend_pid()";
    wait_until("SELECT coalesce(bool_or(wait_event_type = 'Lock'), false) " + building_now);
    expect(diagnose(), "invalid indexes", FindingLevel::good, "endpoint_states_pkey_ccnew is being built");
    static_cast<void>(sql("SELECT pg_terminate_backend(pid) " + building_now));
    building.get();
    holder.rollback();
    const auto findings = diagnose();
    const auto of = of_subject(findings, "invalid indexes");
    ASSERT_EQ(of.size(), 1U) << all_of(of);
    EXPECT_NE(of[0].found.find("endpoint_states_pkey_ccnew was left by an interrupted REINDEX"), std::string::npos)
        << all_of(of);
    expect_only_good(findings, "tables and indexes");
    static_cast<void>(sql(of[0].hint));
    expect(diagnose(), "invalid indexes", FindingLevel::good, "none");
}

TEST_F(DiagnosisTest, finds_dead_rows) {
    fresh_store().reset();
    static_cast<void>(sql("ALTER TABLE " + table("job_progress") + " SET (autovacuum_enabled = off)"));
    static_cast<void>(
        sql("INSERT INTO " + table("job_progress") + " SELECT i, 0, 0, '' FROM generate_series(1, 2000) i"));
    static_cast<void>(sql("DELETE FROM " + table("job_progress")));
    wait_until("SELECT pg_stat_get_dead_tuples(" + literal(table("job_progress")) + "::regclass) >= 2000");
    limits.dead_rows = 1'000;
    const auto of = of_subject(diagnose(), "dead rows");
    expect(of, "dead rows", FindingLevel::note, "job_progress has 2,000 beside 0 live ones, never vacuumed",
           "VACUUM (ANALYZE) " + quoted_schema() + ".\"job_progress\"");
    static_cast<void>(sql("VACUUM (ANALYZE) " + table("job_progress")));
    wait_until("SELECT pg_stat_get_dead_tuples(" + literal(table("job_progress")) + "::regclass) = 0");
    expect_only_good(diagnose(), "dead rows");
}

TEST_F(DiagnosisTest, finds_a_long_feed_and_one_that_does_not_settle) {
    auto store = fresh_store();
    must(store->put_catalog({.catalog_id = "shop"}));
    Connection holder(settings_for(superuser_url()));
    holder.begin();
    holder.execute("CREATE TABLE " + table("holds") + " (x integer)");
    static_cast<void>(sql("INSERT INTO " + table("changes") +
                          " (catalog, spec_name, at) SELECT catalog, 'x' || i, now() FROM " + table("catalogs") +
                          ", generate_series(1, 500) i"));
    limits.unsettled_changes = 500;
    expect(diagnose(), "change feed", FindingLevel::note, "changes of a catalog are counted again by each reader",
           "end the oldest transaction that writes");
    holder.rollback();
    EXPECT_TRUE(of_subject(diagnose(), "change feed").empty());
    wait_until("SELECT pg_stat_get_live_tuples(" + literal(table("changes")) + "::regclass) >= 500");
    limits.changes = 500;
    expect(diagnose(), "change feed", FindingLevel::note, "changes are kept", "scheduler.retention");
}

TEST_F(DiagnosisTest, names_the_rights_that_a_role_lacks_until_it_has_them) {
    fresh_store().reset();
    static_cast<void>(sql("DROP ROLE IF EXISTS no_rights; CREATE ROLE no_rights LOGIN"));
    const std::string by = url_as("no_rights");
    std::vector<std::string> hints;
    for (int i = 0; i < 10; ++i) {
        const auto of = of_subject(diagnose(by), "rights");
        if (of.at(0).level == FindingLevel::good) break;
        EXPECT_EQ(of[0].level, FindingLevel::fault) << all_of(of);
        hints.push_back(of[0].hint.substr(0, of[0].hint.find(", and the other")));
        static_cast<void>(sql(hints.back()));
    }
    EXPECT_EQ(hints, (std::vector<std::string>{
                         "GRANT USAGE ON SCHEMA " + quoted_schema() + " TO \"no_rights\"",
                         "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + quoted_schema() +
                             " TO \"no_rights\"",
                         "GRANT USAGE ON ALL SEQUENCES IN SCHEMA " + quoted_schema() + " TO \"no_rights\"",
                         "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA " + quoted_schema() + " TO \"no_rights\"",
                     }));
    expect(diagnose(by), "rights", FindingLevel::good,
           "has all rights that the store needs; migrations need another role");
    static_cast<void>(sql("REVOKE EXECUTE ON FUNCTION " + table("reap") + " FROM PUBLIC, no_rights"));
    expect(diagnose(by), "rights", FindingLevel::fault, "lacks rights on each function of: reap",
           "GRANT EXECUTE ON ALL FUNCTIONS");
    static_cast<void>(sql("DROP OWNED BY no_rights; DROP ROLE no_rights"));
}

TEST_F(DiagnosisTest, names_who_else_may_create_functions_in_the_schema) {
    fresh_store().reset();
    EXPECT_TRUE(of_subject(diagnose(), "creators").empty());
    static_cast<void>(sql("DROP ROLE IF EXISTS \"a creator\"; CREATE ROLE \"a creator\"; GRANT CREATE ON SCHEMA " +
                          quoted_schema() + " TO PUBLIC, \"a creator\""));
    expect(diagnose(), "creators", FindingLevel::fault, "\"a creator\", PUBLIC",
           "REVOKE CREATE ON SCHEMA " + quoted_schema() + " FROM \"a creator\", PUBLIC");
    static_cast<void>(sql("REVOKE CREATE ON SCHEMA " + quoted_schema() + " FROM PUBLIC, \"a creator\""));
    EXPECT_TRUE(of_subject(diagnose(), "creators").empty());
    static_cast<void>(sql("DROP ROLE \"a creator\""));
}

TEST_F(DiagnosisTest, reports_that_a_role_cannot_create_the_schema) {
    static_cast<void>(sql("DROP ROLE IF EXISTS no_maker; CREATE ROLE no_maker LOGIN"));
    expect(diagnose(url_as("no_maker")), "rights", FindingLevel::note, "role 'no_maker' may not create the schema",
           "CREATE SCHEMA " + quoted_schema() + " AUTHORIZATION \"no_maker\"");
    static_cast<void>(sql("DROP ROLE no_maker"));
}

TEST_F(DiagnosisTest, takes_bounded_time_and_hides_nothing) {
    fresh_store().reset();
    Connection locker(settings_for(superuser_url()));
    locker.begin();
    locker.execute("LOCK TABLE " + table("changes") + ", " + table("migrations") + ", " + table("specs") +
                   " IN ACCESS EXCLUSIVE MODE");
    limits = {.one_check = std::chrono::milliseconds(200)};
    const auto before = std::chrono::steady_clock::now();
    const auto findings = diagnose();
    EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(10));
    expect(findings, "tables and indexes", FindingLevel::note, "could not be checked: ");
    expect_only_good(findings, "invalid indexes");
    limits = {.all_checks = std::chrono::milliseconds(0)};
    expect(diagnose(), "diagnosis", FindingLevel::note, "no time for: server, connections");
    locker.rollback();
}

}  // namespace
}  // namespace embedq::postgres::testing
