// What is read from a URL, and what is never shown of it.
#include "notifiers/postgres_listen/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embedq::notifiers {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

TEST(Address, ItsNameHoldsNoSecret) {
    const auto address = parse_address("postgresql://me:s3cret@db.example:5433/jobs?sslmode=require");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->name, "db.example:5433/jobs");
    ASSERT_EQ(address->hosts.size(), 1U);
    EXPECT_THAT(address->hosts[0], Contains(Pair("password", "s3cret")));
    EXPECT_THAT(address->hosts[0], Contains(Pair("sslmode", "require")));
    EXPECT_THAT(address->hosts[0], Not(Contains(Pair("target_session_attrs", ::testing::_))));
}

TEST(Address, KeywordsAreAlsoRead) {
    const auto address = parse_address("host=/run/postgresql dbname=jobs");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->name, "/run/postgresql/jobs");
}

TEST(Address, WithoutAHostTheServerIsLocal) {
    const auto address = parse_address("postgresql:///jobs");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->name, "localhost/jobs");
    EXPECT_EQ(address->hosts.size(), 1U);
}

TEST(Address, SeveralHostsAreTriedInTurnAndMustBePrimary) {
    const auto address = parse_address("postgresql://me@one:5433,two:5434/jobs");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->name, "one:5433,two:5434/jobs");
    ASSERT_EQ(address->hosts.size(), 2U);
    EXPECT_THAT(address->hosts[0], Contains(Pair("host", "one")));
    EXPECT_THAT(address->hosts[0], Contains(Pair("port", "5433")));
    EXPECT_THAT(address->hosts[1], Contains(Pair("host", "two")));
    EXPECT_THAT(address->hosts[1], Contains(Pair("port", "5434")));
    EXPECT_THAT(address->hosts[1], Contains(Pair("target_session_attrs", "primary")));
}

TEST(Address, OnePortAppliesToAllHosts) {
    const auto address = parse_address("host=one,two port=5433 target_session_attrs=read-write");
    ASSERT_TRUE(address);
    ASSERT_EQ(address->hosts.size(), 2U);
    EXPECT_THAT(address->hosts[1], Contains(Pair("port", "5433")));
    EXPECT_THAT(address->hosts[1], Contains(Pair("target_session_attrs", "read-write")));
}

TEST(Address, KeepalivesAreSetUnlessTheUrlSetsThem) {
    const auto plain = parse_address("postgresql://db/jobs");
    const auto own = parse_address("postgresql://db/jobs?keepalives_idle=60");
    ASSERT_TRUE(plain && own);
    EXPECT_THAT(plain->hosts[0], Contains(Pair("keepalives_idle", "10")));
    EXPECT_THAT(plain->hosts[0], Contains(Pair("tcp_user_timeout", "15000")));
    EXPECT_THAT(own->hosts[0], Contains(Pair("keepalives_idle", "60")));
}

TEST(Address, AnUnreadableUrlIsNotRepeated) {
    for (const char* url : {
             "postgresql://me:s3cret@db:port/jobs",
             "postgresql://me:s3%zzcret@db/jobs",
             "postgresql://me:s3cret/more@db/jobs",
             "postgresql://me:s3cret/s3cret@db:5432/jobs",
             "postgresql://me:x@s3cret@db/jobs",
             "postgresql://me:x?@s3cret@db/jobs",
             "postgresql://me:x/y?@s3cret@db/jobs",
             "postgresql://me:s3cret@[::1/jobs",
             "postgresql://me:s3cret@db/jobs?s3cret=1",
             "host=db password=s3cret port=one",
             "host=db s3cret",
             "host=a,b,c port=1,2 password=s3cret",
         }) {
        const auto address = parse_address(url);
        ASSERT_FALSE(address) << url;
        EXPECT_EQ(address.error().kind, ErrorKind::misconfigured);
        EXPECT_THAT(to_string(address.error()), Not(HasSubstr("s3"))) << url;
        EXPECT_THAT(to_string(address.error()),
                    AnyOf(HasSubstr("expected postgresql://"), HasSubstr("write '/' and '@' in a password as")));
    }
}

TEST(Address, AnAbstractSocketIsAHost) {
    const auto address = parse_address("host=@embedq dbname=jobs");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->name, "@embedq/jobs");
}

TEST(Address, ASlashInThePasswordIsExplained) {
    const auto address = parse_address("postgresql://me:1234/5@db/jobs");
    ASSERT_FALSE(address);
    EXPECT_EQ(to_string(address.error()),
              "postgres_listen: the URL cannot be read: there is an '@' in the host or in the database; write '/' and "
              "'@' in a password as %2F and %40");
}

}  // namespace
}  // namespace embedq::notifiers
