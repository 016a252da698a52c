// What a PostgreSQL store reports to `embedq doctor` about the server: settings, connections, standbys, clocks, and
// what holds vacuum back.
#include "diagnosis_fixture.h"

namespace embedq::postgres::testing {
namespace {

class ServerDiagnosis : public DiagnosisTest {};

TEST_F(ServerDiagnosis, of_a_server_that_is_down_is_an_error) {
    const auto store = fresh_store();
    server().control("stop fast");
    const auto findings = store->diagnose();
    server().control("start");
    ASSERT_FALSE(findings);
    EXPECT_EQ(findings.error().kind, ErrorKind::unavailable);
}

TEST_F(ServerDiagnosis, names_the_session_whose_snapshot_holds_vacuum_back) {
    fresh_store().reset();
    Connection holder(settings_for(url() + "?application_name=the%20report"));
    const std::string pid = holder.execute("SELECT pg_backend_pid()").text(0, 0);
    holder.begin("BEGIN ISOLATION LEVEL REPEATABLE READ");
    holder.execute("SELECT 'hunter2', $x$hunter2$x$, E'it\\'s hunter2',\n  " + std::string(200, '7'));
    limits.old_transaction = seconds(0);
    const auto findings = diagnose();
    const auto of = of_subject(findings, "oldest transaction");
    expect(findings, "oldest transaction", FindingLevel::note,
           "process " + pid + " of user 'embedq' (the report), idle in transaction for ",
           "SELECT pg_terminate_backend(" + pid + ")");
    expect(findings, "oldest transaction", FindingLevel::note, ": SELECT '…', …, E'…', 777");
    EXPECT_EQ(all_of(findings).find("hunter2"), std::string::npos) << "string literals in a query may be secrets";
    EXPECT_EQ(all_of(of).find(std::string(100, '7')), std::string::npos)
        << "a hundred characters of the query are enough";
    limits.far_too_old_transaction = seconds(0);
    expect(diagnose(), "oldest transaction", FindingLevel::fault, "process " + pid);
    static_cast<void>(sql("SELECT pg_terminate_backend(" + pid + ")"));
    limits = {};
    expect_only_good(diagnose(), "oldest transaction");
}

TEST_F(ServerDiagnosis, reports_that_the_role_may_not_see_what_holds_vacuum_back) {
    fresh_store().reset();
    static_cast<void>(sql("REVOKE pg_read_all_stats FROM embedq"));
    Connection holder(settings_for(superuser_url()));
    holder.begin("BEGIN ISOLATION LEVEL REPEATABLE READ");
    holder.execute("SELECT 'hunter2'");
    limits.old_transaction = seconds(0);
    const auto findings = diagnose();
    expect(findings, "oldest transaction", FindingLevel::good,
           "cannot be seen (GRANT pg_read_all_stats TO \"embedq\" shows them)");
    EXPECT_EQ(all_of(findings).find("hunter2"), std::string::npos);
    holder.rollback();
}

TEST_F(ServerDiagnosis, names_a_prepared_transaction_and_a_slot_and_a_far_standby) {
    fresh_store().reset();
    static_cast<void>(sql("ALTER SYSTEM SET max_prepared_transactions = 3"));
    server().control("stop fast");
    server().control("start");
    {
        Connection preparing(settings_for(url()));
        preparing.begin();
        preparing.execute("INSERT INTO " + table("endpoint_states") + " VALUES (sha256('x'), 'e', 0, now(), '')");
        preparing.execute("PREPARE TRANSACTION 'it''s left'");
    }
    limits.old_transaction = seconds(0);
    const auto findings = diagnose();
    expect(findings, "oldest transaction", FindingLevel::note,
           "the prepared transaction 'it''s left' of user 'embedq' is open for 0 s", "ROLLBACK PREPARED 'it''s left'");
    Connection connection(settings_for(url()));
    connection.execute("ROLLBACK PREPARED 'it''s left'");
    expect_only_good(diagnose(), "oldest transaction");

    static_cast<void>(sql("SELECT pg_create_physical_replication_slot('gone', true)"));
    limits.much_kept_wal = 0;
    expect(diagnose(), "standbys", FindingLevel::note, "nothing reads the replication slot 'gone'",
           "SELECT pg_drop_replication_slot('gone')");
    static_cast<void>(sql("SELECT pg_drop_replication_slot('gone'); "));
    static_cast<void>(sql("ALTER SYSTEM RESET max_prepared_transactions"));
    server().control("stop fast");
    server().control("start");
}

TEST_F(ServerDiagnosis, finds_that_no_standby_confirms_commits) {
    fresh_store().reset();
    const Setting setting("synchronous_standby_names", "nobody");
    expect(diagnose(), "standbys", FindingLevel::fault,
           "every commit waits for a synchronous standby ('nobody'), and none is connected",
           "ALTER SYSTEM SET synchronous_standby_names = ''; SELECT pg_reload_conf()");
}

TEST_F(ServerDiagnosis, finds_settings_that_lose_data) {
    fresh_store().reset();
    for (const std::string name : {"fsync", "full_page_writes"}) {
        const Setting setting(name, "off");
        expect(diagnose(), "settings", FindingLevel::fault, name + " is off",
               "ALTER SYSTEM SET " + name + " = on; SELECT pg_reload_conf()");
    }
    const Setting setting("synchronous_commit", "off");
    expect(diagnose(), "settings", FindingLevel::note, "synchronous_commit is off",
           "ALTER SYSTEM SET synchronous_commit = on");
}

TEST_F(ServerDiagnosis, finds_settings_that_keep_vacuum_away) {
    fresh_store().reset();
    {
        const Setting setting("autovacuum", "off");
        expect(diagnose(), "settings", FindingLevel::fault, "autovacuum is off", "ALTER SYSTEM SET autovacuum = on");
    }
    {
        const Setting setting("track_counts", "off");
        expect(diagnose(), "settings", FindingLevel::fault, "track_counts is off");
    }
    {
        const Setting setting("autovacuum_naptime", "600");
        expect(diagnose(), "settings", FindingLevel::note,
               "autovacuum_naptime is 600: the queue's tables need vacuum every minute");
    }
    expect(diagnose(), "settings", FindingLevel::note, "idle_in_transaction_session_timeout is 0",
           "= '5min'; SELECT pg_reload_conf()");
    const Setting setting("idle_in_transaction_session_timeout", "300000");
    expect_only_good(diagnose(), "settings");
    static_cast<void>(sql("ALTER TABLE " + table("jobs_ready") + " SET (autovacuum_enabled = off)"));
    const auto of = of_subject(diagnose(), "autovacuum");
    expect(of, "autovacuum", FindingLevel::fault, "off for jobs_ready");
    static_cast<void>(sql(of.at(0).hint));
    EXPECT_TRUE(of_subject(diagnose(), "autovacuum").empty());
}

TEST_F(ServerDiagnosis, finds_an_isolation_that_is_not_ours) {
    fresh_store().reset();
    static_cast<void>(sql("ALTER ROLE embedq SET default_transaction_isolation = 'serializable'"));
    const auto findings = diagnose();
    expect(findings, "settings", FindingLevel::fault, "default_transaction_isolation is serializable for this role",
           "ALTER ROLE \"embedq\" SET default_transaction_isolation = 'read committed'");
    static_cast<void>(sql("ALTER ROLE \"embedq\" SET default_transaction_isolation = 'read committed'"));
    for (const Finding& each : diagnose()) EXPECT_NE(each.level, FindingLevel::fault) << all_of({each});
    static_cast<void>(sql("ALTER ROLE embedq RESET default_transaction_isolation"));
}

TEST_F(ServerDiagnosis, finds_too_few_connections) {
    fresh_store().reset();
    static_cast<void>(sql("ALTER ROLE embedq CONNECTION LIMIT 6"));
    expect(diagnose(), "connections", FindingLevel::note, "the role's CONNECTION LIMIT leaves",
           "put a pooler in front");
    static_cast<void>(sql("ALTER ROLE embedq CONNECTION LIMIT -1"));
    expect_only_good(diagnose(), "connections");
}

TEST_F(ServerDiagnosis, finds_buffers_that_are_too_small_for_the_data) {
    fresh_store().reset();
    limits.much_data = 1;
    expect(diagnose(), "settings", FindingLevel::note, "shared_buffers is 67.1 MB, no more than PostgreSQL's default",
           "quarter of the machine");
}

TEST_F(ServerDiagnosis, through_a_pooler_explains_the_consequences) {
    fresh_store().reset();
    const auto findings = diagnose(pooled_url());
    expect(findings, "pooler", FindingLevel::note, "statements are not prepared, sessions cannot LISTEN",
           "name the server itself in 'url'");
    expect_only_good(findings, "tables and indexes");
}

TEST_F(ServerDiagnosis, reports_clocks_that_disagree) {
    // The context's clock is years off.
    expect(must(fresh_store()->diagnose()), "clock", FindingLevel::note,
           "this host's; the store uses only the server's", "NTP");
}

TEST_F(ServerDiagnosis, finds_an_encoding_that_cannot_store_every_text) {
    static_cast<void>(sql("DROP DATABASE IF EXISTS latin"));
    static_cast<void>(sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 OWNER embedq"));
    expect(diagnose(url_as("embedq", "latin")), "encoding", FindingLevel::fault, "the database 'latin' is in LATIN1",
           "ENCODING 'UTF8'");
    static_cast<void>(sql("DROP DATABASE latin"));
}

TEST(DiagnosisTexts, are_for_people) {
    EXPECT_EQ(number_text(0), "0");
    EXPECT_EQ(number_text(999), "999");
    EXPECT_EQ(number_text(1'234'567), "1,234,567");
    EXPECT_EQ(number_text(-123), "-123");
    EXPECT_EQ(duration_text(119), "119 s");
    EXPECT_EQ(duration_text(7'199), "119 min");
    EXPECT_EQ(duration_text(90'000), "25 h");
    EXPECT_EQ(duration_text(1'000'000), "11 days");
}

}  // namespace
}  // namespace embedq::postgres::testing
