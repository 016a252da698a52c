#include "server.h"

#include <chrono>
#include <thread>

namespace embedq::postgres::testing {
namespace {

constexpr std::chrono::seconds patience{60};

std::string name_of_this_test() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = "t_" + std::string(info->name());
    constexpr std::size_t longest = 60;
    return name.substr(0, longest);
}

}  // namespace

const support::PostgresServer& server() {
    static const support::PostgresServer made;
    return made;
}

const std::string& pooled_url() {
    static const std::string made = server().control("pooler");
    return made;
}

std::string url_as(const std::string& role, const std::string& database) {
    std::string text = url();
    text.replace(text.find("embedq@"), 6, role);
    text.replace(text.rfind("/embedq"), 7, "/" + database);
    return text;
}

Rows sql(const std::string& statements) {
    return Connection(settings_for(superuser_url())).execute(statements);
}

std::string value(const std::string& statement) {
    const Rows rows = sql(statement);
    return rows.size() == 0 ? "" : rows.text(0, 0);
}

void wait_until(const std::string& statement) {
    const auto end = std::chrono::steady_clock::now() + patience;
    Connection connection(settings_for(superuser_url()));
    while (true) {
        const Rows rows = connection.execute(statement);
        if (rows.size() > 0 && rows.boolean(0, 0)) return;
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("never became true: " + statement);
        std::this_thread::yield();
    }
}

ConnectionSettings settings_for(const std::string& url, const std::string& quoted_schema) {
    return {.url = url, .schema = quoted_schema};
}

namespace {
Options options_for(const std::string& url, const std::string& schema, std::int64_t pool) {
    Options options;
    options.set("url", url);
    options.set("schema", schema);
    options.set("pool", pool);
    return options;
}
}  // namespace

std::unique_ptr<Store> open_store(const std::string& url, const std::string& schema, Context& context,
                                  std::int64_t pool) {
    return must(make_store(options_for(url, schema, pool), context));
}

std::unique_ptr<Store> open_read_only(const std::string& url, const std::string& schema, Context& context) {
    Options options = options_for(url, schema, 2);
    options.set("read_only", true);
    return must(make_store(options, context));
}

PostgresTest::PostgresTest() : schema(name_of_this_test()) {}

PostgresTest::~PostgresTest() {
    try {
        static_cast<void>(sql("DROP SCHEMA IF EXISTS " + quoted_schema() + " CASCADE"));
    } catch (const Failure& caught) {
        ADD_FAILURE() << "the test's schema cannot be dropped: " << to_string(caught.error);
    }
}

std::unique_ptr<Store> PostgresTest::fresh_store() {
    auto store = open_store(url(), schema, context);
    must(store->migrate());
    return store;
}

}  // namespace embedq::postgres::testing

// libpqxx 6 leaks an answer whose connection is gone.
extern "C" const char* __lsan_default_suppressions();   // NOLINT(bugprone-reserved-identifier): the sanitizer's name
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
    return "leak:libpqxx\n";
}
