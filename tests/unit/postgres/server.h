// The server of these tests (tests/support/with_postgres.py), a schema of its own for each test, and helpers to fill
// it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/test_context.h"
#include "connection.h"
#include "embedq/values.h"
#include "store.h"
#include "support/postgres_server.h"

namespace embedq::postgres::testing {

template <class T>
T must(Result<T> result) {
    if (!result)
        throw std::runtime_error(std::string(to_string(result.error().kind)) + ": " + to_string(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

[[nodiscard]] inline Sha256 filled(unsigned byte) {
    Sha256 hash;
    hash.fill(static_cast<std::byte>(byte));
    return hash;
}

[[nodiscard]] const support::PostgresServer& server();
[[nodiscard]] inline const std::string& url() {
    return server().url();
}
[[nodiscard]] inline const std::string& superuser_url() {
    return server().superuser_url();
}
// Through a PgBouncer in transaction mode.
[[nodiscard]] const std::string& pooled_url();
// The same server as another role, or another database of it.
[[nodiscard]] std::string url_as(const std::string& role, const std::string& database = "embedq");

// Runs the statements as the superuser, on a connection of their own.
[[nodiscard]] Rows sql(const std::string& statements);
[[nodiscard]] std::string value(const std::string& statement);
// Repeats the statement until its first value is "t".
void wait_until(const std::string& statement);

[[nodiscard]] ConnectionSettings settings_for(const std::string& url, const std::string& quoted_schema = "\"embedq\"");
[[nodiscard]] std::unique_ptr<Store> open_store(const std::string& url, const std::string& schema, Context& context,
                                                std::int64_t pool = 4);

[[nodiscard]] std::unique_ptr<Store> open_read_only(const std::string& url, const std::string& schema,
                                                    Context& context);

// A schema that is dropped after the test.
class PostgresTest : public ::testing::Test {
protected:
    PostgresTest();
    ~PostgresTest() override;

    [[nodiscard]] std::string quoted_schema() const { return "\"" + schema + "\""; }
    [[nodiscard]] std::unique_ptr<Store> fresh_store();

    const std::string schema;
    conformance::TestContext context{"postgres"};
};

}  // namespace embedq::postgres::testing
