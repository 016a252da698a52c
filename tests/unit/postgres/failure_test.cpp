// What each of PostgreSQL's errors means, by the table and as the server raises it.
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
    const char* hint;  // empty: there is none
};

std::ostream& operator<<(std::ostream& out, const Expected& expected) {
    return out << expected.state;
}

constexpr std::array expectations{
    Expected{"EQ001", ErrorKind::not_found, false, false, "create it first, or check the id"},
    Expected{"EQ002", ErrorKind::not_found, false, false, "put it first, or check the name"},
    Expected{"EQ003", ErrorKind::not_found, false, false, ""},
    Expected{"EQ004", ErrorKind::conflict, false, false, "choose another id, or delete it first"},
    Expected{"EQ005", ErrorKind::invalid_argument, false, false, ""},
    Expected{"EQ006", ErrorKind::conflict, false, false, "look at it again, then repeat the command"},
    Expected{"40000", ErrorKind::unavailable, true, false, ""},
    Expected{"40001", ErrorKind::unavailable, true, false, ""},
    Expected{"40P01", ErrorKind::unavailable, true, false, ""},
    Expected{"23503", ErrorKind::unavailable, true, false, ""},
    Expected{"23505", ErrorKind::unavailable, true, false, ""},
    Expected{"08006", ErrorKind::unavailable, false, true, ""},
    Expected{"57P01", ErrorKind::unavailable, false, true, ""},
    Expected{"57P03", ErrorKind::unavailable, false, true, ""},
    Expected{"25006", ErrorKind::unavailable, false, true,
             "the server may be a standby: name the primary in 'url', or all hosts with "
             "target_session_attrs=read-write"},
    Expected{"53100", ErrorKind::unavailable, false, false,
             "make room on the server's disk; work then continues by itself"},
    Expected{"53200", ErrorKind::unavailable, false, false, ""},
    Expected{"53300", ErrorKind::unavailable, false, true,
             "raise max_connections, lower 'pool', or put a pooler in front"},
    Expected{"55P03", ErrorKind::unavailable, false, false, ""},
    Expected{"57014", ErrorKind::unavailable, false, false,
             "if nobody cancelled it, it took longer than 'statement_timeout': raise that, or see what it waited for"},
    Expected{"25P03", ErrorKind::unavailable, false, true, ""},
    Expected{"58030", ErrorKind::unavailable, false, false, "check the disk of the server"},
    Expected{"42501", ErrorKind::misconfigured, false, false, "grant it; docs/deploying.md has the list of grants"},
    Expected{"42P01", ErrorKind::misconfigured, false, false, "the schema is incomplete: run `embedq migrate up`"},
    Expected{"42883", ErrorKind::misconfigured, false, false,
             "the schema is not this build's: run `embedq migrate up`"},
    Expected{"3F000", ErrorKind::misconfigured, false, false, "there is no schema yet: run `embedq migrate up`"},
    Expected{"26000", ErrorKind::unavailable, true, true, ""},
    Expected{"22021", ErrorKind::invalid_argument, false, false, "remove what PostgreSQL cannot store from the text"},
    Expected{"22P05", ErrorKind::invalid_argument, false, false, "remove what PostgreSQL cannot store from the text"},
    // Unknown codes.
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
        EXPECT_TRUE(failure.error.message.ends_with(text)) << failure.error.message;
        EXPECT_EQ(failure.error.hint, expected.hint);
        EXPECT_EQ(to_string(failure.error).find('\n'), std::string::npos);
    }
};

TEST_P(Failures, mean_what_the_table_has) {
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

TEST(FailureToConnect, is_permanent_or_may_pass) {
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

TEST(FailureToConnect, is_one_line_without_gaps) {
    const std::string refused =
        "connection to server at \"db\", port 1 failed: Connection refused\n\tIs the server running on that host?\n";
    EXPECT_EQ(failure_to_connect(refused, "db").error.message,
              "cannot connect to PostgreSQL at db: connection to server at \"db\", port 1 failed: Connection refused "
              "Is the server running on that host?");
}

TEST(FailureToConnect, has_its_hint) {
    const Error standby = failure_to_connect("connection to server failed:\nsession is read-only\n", "db").error;
    EXPECT_EQ(standby.message, "cannot connect to PostgreSQL at db: connection to server failed: session is read-only");
    EXPECT_EQ(standby.hint,
              "embedq writes, so it needs the primary: name it in 'url', or name all hosts of the cluster");
    const auto hint = [](std::string_view message) { return failure_to_connect(message, "db").error.hint; };
    EXPECT_EQ(hint("Connection refused"), "check that the server is running and reachable from here");
    EXPECT_EQ(hint("FATAL:  role \"u\" does not exist"), "correct the store's 'url', or the server's access rules");
    EXPECT_EQ(hint("FATAL:  too many connections for role \"u\""),
              "raise max_connections or the role's CONNECTION LIMIT, lower 'pool', or put a pooler in front");
}

}  // namespace
}  // namespace embedq::postgres::testing
