// Errors of the server keep their meaning on the way through libpqxx, which drops the code of some. Needs a server, as
// the kit does.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "connection.h"

namespace embedq::postgres {
namespace {

Failure raised(const std::string& code) {
    Connection connection({.url = std::getenv("EMBEDQ_TEST_POSTGRES"), .schema = {}});
    try {
        connection.execute("DO $$ BEGIN RAISE EXCEPTION 'as expected' USING ERRCODE = '" + code + "'; END $$");
    } catch (const Failure& caught) {
        return caught;
    }
    return failure(ErrorKind::internal, "nothing was raised");
}

TEST(Failures, WhatMetAnotherTransactionIsBegunAgainOnTheSameConnection) {
    for (const std::string code : {"40001", "40P01", "23503", "23505"}) {
        const Failure failure = raised(code);
        EXPECT_EQ(failure.sql_state, code);
        EXPECT_TRUE(failure.again) << code;
        EXPECT_FALSE(failure.disconnected) << code;
    }
}

TEST(Failures, AMissingRightHasItsHint) {
    const Failure failure = raised("42501");
    EXPECT_EQ(failure.error.kind, ErrorKind::misconfigured);
    EXPECT_TRUE(to_string(failure.error).ends_with(": as expected; grant it; docs/deploying.md has the list of grants"))
        << to_string(failure.error);
    EXPECT_FALSE(failure.disconnected);
}

TEST(Failures, AFullServerIsUnavailable) {
    for (const std::string code : {"53300", "53100", "57P01", "25006"})
        EXPECT_EQ(raised(code).error.kind, ErrorKind::unavailable) << code;
    EXPECT_EQ(raised("53300").error.hint, "raise max_connections, lower 'pool', or put a pooler in front");
}

}  // namespace
}  // namespace embedq::postgres
