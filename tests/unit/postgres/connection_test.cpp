// Where a connection goes, which settings it has, and that no message ever has a password.
#include "connection.h"

#include <array>

#include "names.h"
#include "server.h"

namespace embedq::postgres::testing {
namespace {

TEST(Place, is_for_people_and_without_credentials) {
    EXPECT_EQ(place_of("postgresql://user:hunter2@db.example:5433/shop?sslmode=require"), "db.example:5433/shop");
    EXPECT_EQ(place_of("postgres://user:hunter2@[::1]/shop"), "::1/shop");
    EXPECT_EQ(place_of("host=db.example dbname=shop password='hunter2 and 3'"), "db.example/shop");
    EXPECT_EQ(place_of("postgresql://a:hunter2@one:1,two:2/shop"), "one,two:1,2/shop");
    EXPECT_EQ(place_of("postgresql:///shop?host=/run/postgresql"), "/run/postgresql/shop");
    EXPECT_EQ(place_of("postgresql://"), "localhost");
    EXPECT_EQ(place_of("no url"), "?");
}

// Wrong in ways in which a part of the password is taken for something else.
constexpr std::array wrong_urls{
    "postgresql://user:hunter2@ss@db/shop",
    "postgresql://user:/hunter2@db/shop",
    "postgresql://user:x/hunter2@db/shop",
    "postgresql://user:%hunter2@db/shop",
    "postgresql://user:hunter2@[::1",
    "postgresql://user:hunter2@db:port/shop",
    "postgresql://u:p@db/shop?pasword=hunter2",
    "postgresql://u:p@db/shop?x&password=hunter2",
    "host=db password=a hunter2",
    "host=db password='hunter2",
    "host=db pasword=hunter2",
    "host=db port=hunter2",
    "postgresql://user:#hunter2@db@hunter2/shop",
    "postgresql://u:p@db/shop?hunter2=x",
    "hunter2",
};

TEST(Password, is_never_in_a_problem_with_a_url) {
    conformance::TestContext context("postgres");
    for (const std::string url : wrong_urls) {
        const auto problem = problem_with_url(url);
        ASSERT_TRUE(problem) << url;
        EXPECT_EQ(problem->message.find("hunter2"), std::string::npos) << problem->message;
        EXPECT_EQ(problem->message.find('\n'), std::string::npos) << problem->message;
        EXPECT_EQ(place_of(url), "?") << url;
        Options options;
        options.set("url", url);
        const auto store = make_store(options, context);
        ASSERT_FALSE(store) << url;
        EXPECT_EQ(store.error().kind, ErrorKind::misconfigured);
        EXPECT_EQ(to_string(store.error()).find("hunter2"), std::string::npos) << to_string(store.error());
        try {
            const Connection connection(settings_for(url));
            ADD_FAILURE() << "connected";
        } catch (const Failure& caught) {
            EXPECT_EQ(to_string(caught.error).find("hunter2"), std::string::npos) << to_string(caught.error);
        }
    }
    EXPECT_FALSE(problem_with_url("host=db port=5432 dbname=shop@home")) << "key=value words are unambiguous";
}

TEST(Password, is_never_in_a_failure_to_connect) {
    const std::string secret = "hunter2";
    std::string with_password = url();
    with_password.replace(with_password.find("embedq@"), 7, "nobody_here:" + secret + "@");
    for (const std::string& wrong :
         std::vector<std::string>{with_password, with_password + "?target_session_attrs=read-only",
                                  "postgresql://u:hunter2@127.0.0.1:1/shop", with_password + "?sslmode=require"}) {
        try {
            const Connection connection(settings_for(wrong));
            ADD_FAILURE() << "connected";
        } catch (const Failure& caught) {
            EXPECT_EQ(to_string(caught.error).find(secret), std::string::npos) << to_string(caught.error);
            EXPECT_EQ(caught.error.detail.find(secret), std::string::npos);
        }
    }
}

TEST(Connected, has_defaults_that_the_url_may_change) {
    const auto setting = [](Connection& connection, const std::string& name) {
        return connection.execute("SELECT current_setting(" + literal(name) + ")").text(0, 0);
    };
    Connection plain(settings_for(url()));
    EXPECT_EQ(setting(plain, "application_name"), "embedq");
    EXPECT_EQ(setting(plain, "client_encoding"), "UTF8");
    EXPECT_EQ(setting(plain, "statement_timeout"), "1min");
    EXPECT_FALSE(plain.pooled());
    EXPECT_GE(plain.server_version(), 130000);
    Connection changed(settings_for(url() + "?application_name=it's%20%5C%20mine&options=-c%20work_mem%3D1MB"));
    EXPECT_EQ(setting(changed, "application_name"), "it's \\ mine");
    EXPECT_EQ(setting(changed, "work_mem"), "1MB");
}

TEST(Connected, detects_a_pooler) {
    Connection connection(settings_for(pooled_url(), "pg_catalog"));
    EXPECT_TRUE(connection.pooled());
    // Nothing is prepared, so that any session of the server can answer.
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(connection.call("upper", Parameters().add(std::string_view("x"))).text(0, 0), "X");
    EXPECT_EQ(sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'PREPARE%'").integer(0, 0), 0);
}

TEST(Connected, skips_hosts_that_do_not_answer) {
    std::string several = url();
    several.replace(several.find("@127"), 1, "@127.0.0.1:1,");
    EXPECT_EQ(Connection(settings_for(several)).execute("SELECT 1").integer(0, 0), 1);
}

TEST(Connected, refuses_a_session_that_cannot_write) {
    static_cast<void>(sql("ALTER ROLE embedq SET default_transaction_read_only = on"));
    try {
        const Connection connection(settings_for(url()));
        ADD_FAILURE() << "connected";
    } catch (const Failure& caught) {
        EXPECT_EQ(caught.error.kind, ErrorKind::unavailable);
        EXPECT_TRUE(caught.error.hint.starts_with("embedq writes, so it needs the primary")) << caught.error.hint;
    }
    ConnectionSettings to_read = settings_for(url());
    to_read.read_only = true;
    EXPECT_EQ(Connection(to_read).execute("SELECT 1").integer(0, 0), 1) << "which is enough to read";
    static_cast<void>(sql("ALTER ROLE embedq RESET default_transaction_read_only"));
}

TEST(Identifiers, are_quoted_and_back) {
    for (const std::string name : {"embedq", "With Upper", "a\"b", "\"", "it's"})
        EXPECT_EQ(unquoted(identifier(name)), name);
    EXPECT_EQ(identifier("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(literal("it's"), "'it''s'");
}

}  // namespace
}  // namespace embedq::postgres::testing
