// What a stop ends: the wait for a lock, a statement that runs long, and every later call.
#include <chrono>
#include <future>
#include <stop_token>
#include <thread>
#include <vector>

#include "sandbox.h"

namespace embedq::sqlite::testing {
namespace {

using conformance::TestContext;
using std::chrono::steady_clock;

constexpr std::chrono::minutes longer_than_any_test{10};

TEST(Interrupt, ends_the_wait_for_a_locked_file_and_refuses_later_calls) {
    TestContext context("sqlite");
    Sandbox sandbox;
    fresh_store(sandbox.path(), context).reset();
    const auto store = must(make_store(options_for(sandbox.path(), longer_than_any_test), context));
    const auto other = raw(sandbox.path());
    other->execute("BEGIN EXCLUSIVE");
    const auto write = [&] { return store->put_catalog({.catalog_id = "shop"}); };
    // The second waits for the first.
    auto first = std::async(std::launch::async, write);
    auto second = std::async(std::launch::async, write);
    ASSERT_EQ(first.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    store->interrupt();
    for (auto* waiting : {&first, &second}) {
        const auto answer = waiting->get();
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind, ErrorKind::unavailable) << to_string(answer.error());
        EXPECT_NE(answer.error().message.find("ended, since embedq is stopping"), std::string::npos)
            << to_string(answer.error());
    }
    other->execute("ROLLBACK");
    EXPECT_FALSE(store->catalogs());
    EXPECT_FALSE(store->put_catalog({.catalog_id = "shop"}));
    EXPECT_FALSE(store->change_stamp());
}

// Writers wait for each other first, and then for the file: together no longer than `busy_timeout` and a moment each.
TEST(BusyTimeout, holds_for_the_call_and_not_for_each_wait) {
    TestContext context("sqlite");
    Sandbox sandbox;
    fresh_store(sandbox.path(), context).reset();
    const auto store = must(make_store(options_for(sandbox.path(), std::chrono::seconds(1)), context));
    const auto other = raw(sandbox.path());
    other->execute("BEGIN EXCLUSIVE");
    const auto began = steady_clock::now();
    {
        std::vector<std::jthread> writers;
        for (int i = 0; i < 8; ++i)
            writers.emplace_back([&] { EXPECT_FALSE(store->put_catalog({.catalog_id = "shop"})); });
    }
    EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(6));
}

TEST(Interrupt, ends_a_statement_that_runs_long) {
    std::stop_source interrupted;
    Connection connection(ConnectionSettings{.path = ":memory:",
                                             .full_sync = false,
                                             .writes = true,
                                             .create = true,
                                             .interrupted = interrupted.get_token()});
    auto count = std::async(std::launch::async, [&]() -> Error {
        try {
            sqlite::Run run(connection,
                            std::string("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                                        "100000000) SELECT count(*) FROM n"));
            static_cast<void>(run.next());
        } catch (const Failure& caught) {
            return caught.error;
        }
        return {};
    });
    ASSERT_EQ(count.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    interrupted.request_stop();
    const Error error = count.get();
    EXPECT_EQ(error.kind, ErrorKind::unavailable) << to_string(error);
    EXPECT_NE(error.message.find("ended, since embedq is stopping"), std::string::npos) << to_string(error);
}

}  // namespace
}  // namespace embedq::sqlite::testing
