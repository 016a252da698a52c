// What a server, a database or a role sets does not matter, directly or through a pooler.
#include "every_verb.h"
#include "names.h"
#include "server.h"

namespace embedq::postgres::testing {
namespace {

// Legal settings, each of which changes what statements do, what they return or how long they may take.
constexpr std::pair<const char*, const char*> hostile[] = {{"bytea_output", "escape"},
                                                           {"DateStyle", "'SQL, DMY'"},
                                                           {"IntervalStyle", "sql_standard"},
                                                           {"TimeZone", "'Asia/Kolkata'"},
                                                           {"extra_float_digits", "-15"},
                                                           {"standard_conforming_strings", "off"},
                                                           {"array_nulls", "off"},
                                                           {"transform_null_equals", "on"},
                                                           {"row_security", "off"},
                                                           {"default_transaction_isolation", "serializable"},
                                                           {"default_transaction_deferrable", "on"},
                                                           {"lock_timeout", "1"},
                                                           {"idle_in_transaction_session_timeout", "1"},
                                                           {"client_encoding", "LATIN1"},
                                                           {"search_path", "nowhere"},
                                                           {"jit", "on"},
                                                           {"jit_above_cost", "0"}};

class Settings : public PostgresTest, public ::testing::WithParamInterface<bool> {
protected:
    Settings() {
        for (const auto& [name, value] : hostile)
            static_cast<void>(sql("ALTER ROLE embedq SET " + std::string(name) + " = " + value));
        end_sessions();
    }
    ~Settings() override {
        static_cast<void>(sql("ALTER ROLE embedq RESET ALL"));
        end_sessions();
    }
    // A pooler's too: sessions that were there before have other settings.
    static void end_sessions() {
        static_cast<void>(sql(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = 'embedq'"));
        wait_until("SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE usename = 'embedq')");
    }
};

TEST_P(Settings, of_the_role_do_not_matter) {
    fresh_store().reset();
    const auto store = open_store(GetParam() ? pooled_url() : url(), schema, context);
    call_every_verb(*store);
}

INSTANTIATE_TEST_SUITE_P(Connections, Settings, ::testing::Values(false, true),
                         [](const auto& instance) { return instance.param ? "pooled" : "direct"; });

TEST(SettingsOfASession, replace_those_of_its_role) {
    static_cast<void>(sql("ALTER ROLE embedq SET bytea_output = escape"));
    Connection direct(settings_for(url(), "pg_catalog"));
    EXPECT_EQ(direct.execute("SELECT current_setting('bytea_output')").text(0, 0), "hex");
    EXPECT_EQ(direct.execute("SELECT reset_val FROM pg_settings WHERE name = 'bytea_output'").text(0, 0), "escape");
    static_cast<void>(sql("ALTER ROLE embedq RESET ALL"));
}

}  // namespace
}  // namespace embedq::postgres::testing
