// What each of PostgreSQL's errors means, as the table says and as the server raises it.
#include "failure.h"

#include <array>
#include <ostream>

#include "names.h"
#include "server.h"

namespace embedq::postgres::testing {
namespace {

struct Expected {
    const char* state;
    ErrorKind kind;
    bool again;
    bool disconnected;
    const char* hint;  // what its sentence ends with; nothing: there is no hint
};

std::ostream& operator<<(std::ostream& out, const Expected& expected) {
    return out << expected.state;
}

constexpr std::array expectations{
    Expected{"EQ404", ErrorKind::not_found, false, false, ""},
    Expected{"EQ409", ErrorKind::conflict, false, false, ""},
    Expected{"EQ400", ErrorKind::invalid_argument, false, false, ""},
    Expected{"40000", ErrorKind::unavailable, true, false, ""},
    Expected{"40001", ErrorKind::unavailable, true, false, ""},
    Expected{"40P01", ErrorKind::unavailable, true, false, ""},
    Expected{"23503", ErrorKind::unavailable, true, false, ""},
    Expected{"23505", ErrorKind::unavailable, true, false, ""},
    Expected{"08006", ErrorKind::unavailable, false, true, ""},
    Expected{"57P01", ErrorKind::unavailable, false, true, ""},
    Expected{"57P03", ErrorKind::unavailable, false, true, ""},
    Expected{"25006", ErrorKind::unavailable, false, true,
             "; the server is read-only, a standby perhaps; name the primary in 'url', or all "
             "hosts with target_session_attrs=read-write"},
    Expected{"53100", ErrorKind::unavailable, false, false,
             "; the server's disk is full; make room there, work goes on by itself"},
    Expected{"53200", ErrorKind::unavailable, false, false, ""},
    Expected{"53300", ErrorKind::unavailable, false, true,
             "; raise max_connections, lower 'pool', or put a pooler in front"},
    Expected{"55P03", ErrorKind::unavailable, false, false, ""},
    Expected{"57014", ErrorKind::unavailable, false, false,
             "; it took longer than 'statement_timeout', or somebody cancelled it"},
    Expected{"25P03", ErrorKind::unavailable, false, true, ""},
    Expected{"58030", ErrorKind::unavailable, false, false, "; the server could not read or write its disk"},
    Expected{"42501", ErrorKind::misconfigured, false, false, "; grant it; docs/deploying.md has the list of grants"},
    Expected{"42P01", ErrorKind::misconfigured, false, false, "; the schema is not whole; run `embedq migrate up`"},
    Expected{"42883", ErrorKind::misconfigured, false, false,
             "; the schema is not this build's; run `embedq migrate up`"},
    Expected{"3F000", ErrorKind::misconfigured, false, false, "; there is no schema yet; run `embedq migrate up`"},
    Expected{"26000", ErrorKind::unavailable, true, true, ""},
    Expected{"22021", ErrorKind::invalid_argument, false, false, "; PostgreSQL cannot store this text"},
    Expected{"22P05", ErrorKind::invalid_argument, false, false, "; PostgreSQL cannot store this text"},
    // What nothing is known of.
    Expected{"22012", ErrorKind::internal, false, false, ""},
    Expected{"23514", ErrorKind::internal, false, false, ""},
    Expected{"42601", ErrorKind::internal, false, false, ""},
    Expected{"XX000", ErrorKind::internal, false, false, ""},
};

class Failures : public ::testing::TestWithParam<Expected> {
protected:
    static void expect(const Failure& failure, const std::string& text) {
        const Expected& expected = GetParam();
        EXPECT_EQ(to_string(failure.error.kind), to_string(expected.kind));
        EXPECT_EQ(failure.again, expected.again);
        EXPECT_EQ(failure.disconnected, expected.disconnected);
        EXPECT_TRUE(to_string(failure.error).ends_with(text + expected.hint)) << to_string(failure.error);
        EXPECT_EQ(to_string(failure.error).find('\n'), std::string::npos);
    }
};

TEST_P(Failures, mean_what_the_table_says) {
    const Failure failure =
        failure_of(GetParam().state, "ERROR:  it went wrong\nCONTEXT:  PL/pgSQL function f()\n", "db:5432/shop");
    expect(failure, "it went wrong");
    EXPECT_EQ(failure.sql_state, GetParam().state);
    EXPECT_EQ(failure.error.detail.substr(0, 14), "SQLSTATE " + std::string(GetParam().state));
    const bool whole_sentence = std::string_view(GetParam().state).starts_with("EQ");
    EXPECT_EQ(to_string(failure.error).find("db:5432/shop") == std::string::npos, whole_sentence);
}

// libpqxx turns some codes into types.
TEST_P(Failures, arrive_from_the_server) {
    Connection connection(settings_for(url()));
    const std::string_view state = GetParam().state;
    try {
        connection.execute("DO $$ BEGIN RAISE EXCEPTION 'it went wrong' USING ERRCODE = " + literal(state) +
                           "; END $$");
        FAIL() << "nothing was raised";
    } catch (const Failure& caught) {
        if (state.starts_with("08")) {
            EXPECT_EQ(caught.error.kind, ErrorKind::unavailable);
            EXPECT_TRUE(caught.disconnected);
        } else {
            expect(caught, "it went wrong");
            EXPECT_EQ(caught.sql_state, state);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, Failures, ::testing::ValuesIn(expectations),
                         [](const auto& param) { return std::string(param.param.state); });

TEST(FailureToConnect, is_for_good_or_may_pass) {
    const auto kind = [](std::string_view message) { return failure_to_connect(message, "db").error.kind; };
    for (const std::string_view wrong :
         {"FATAL:  password authentication failed for user \"u\"", "fe_sendauth: no password supplied",
          "FATAL:  no pg_hba.conf entry for host \"10.0.0.1\"", "FATAL:  database \"shop\" does not exist",
          "FATAL:  role \"u\" does not exist", "SSL error: certificate verify failed"}) {
        EXPECT_EQ(to_string(kind(wrong)), to_string(ErrorKind::misconfigured)) << wrong;
    }
    for (const std::string_view passing :
         {"Connection refused", "FATAL:  the database system is starting up", "FATAL:  sorry, too many clients already",
          "timeout expired", "could not translate host name \"db\" to address: Name or service not known",
          "session is read-only"}) {
        EXPECT_EQ(to_string(kind(passing)), to_string(ErrorKind::unavailable)) << passing;
    }
    EXPECT_TRUE(failure_to_connect("x", "db").disconnected);
}

TEST(FailureToConnect, has_its_hint) {
    EXPECT_EQ(failure_to_connect("connection to server failed:\nsession is read-only\n", "db").error.message,
              "cannot connect to PostgreSQL at db: connection to server failed: session is read-only; embedq writes, "
              "so it needs the "
              "primary: name it in 'url', or name all hosts of the cluster");
    EXPECT_TRUE(failure_to_connect("Connection refused", "db")
                    .error.message.ends_with("; is the server running, and reachable from here?"));
    EXPECT_TRUE(
        failure_to_connect("FATAL:  too many connections for role \"u\"", "db")
            .error.message.ends_with(
                "; raise max_connections or the role's CONNECTION LIMIT, lower 'pool', or put a pooler in front"));
}

}  // namespace
}  // namespace embedq::postgres::testing
