// PostgreSQL under the store's kit: each case has a schema of its own, and the kit controls the store's clock, which is
// the server's. The owner migrates; the store under test works as a role with the rights that docs/deploying.md grants
// to workers, and no others, and its settings are the least helpful ones that a role may have.
//
// Needs a server: EMBEDQ_TEST_POSTGRES and EMBEDQ_TEST_POSTGRES_SUPERUSER (tests/support/with_postgres.py sets them).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "conformance/store_kit.h"
#include "connection.h"
#include "store.h"

namespace embedq::postgres {
namespace {

using conformance::StoreUnderTest;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr)
        throw std::runtime_error(std::string(name) + " is not set: run this by tests/support/with_postgres.py");
    return value;
}

std::string url() {
    return environment("EMBEDQ_TEST_POSTGRES");
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

// The same database as the role that the page grants rights to. Created once; the server is this test's own.
std::string worker_url() {
    static const bool made = [] {
        Connection admin({.url = environment("EMBEDQ_TEST_POSTGRES_SUPERUSER"), .schema = {}});
        admin.execute("CREATE ROLE embedq_worker LOGIN");
        for (const char* setting :
             {"bytea_output = escape", "DateStyle = 'SQL, DMY'", "IntervalStyle = sql_standard",
              "TimeZone = 'Asia/Kolkata'", "extra_float_digits = -15", "standard_conforming_strings = off",
              "array_nulls = off", "transform_null_equals = on", "default_transaction_isolation = serializable",
              "lock_timeout = 1", "client_encoding = LATIN1", "search_path = nowhere"})
            admin.execute("ALTER ROLE embedq_worker SET " + std::string(setting));
        return true;
    }();
    static_cast<void>(made);
    return replaced(url(), "//embedq@", "//embedq_worker@");
}

// The page's statements for workers, for another schema.
std::string grants(const std::string& schema) {
    std::ifstream file(EMBEDQ_SOURCE_DIR "/docs/deploying.md");
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    const auto begin = page.find("GRANT USAGE ON SCHEMA embedq TO embedq_worker;");
    if (begin == std::string::npos)
        throw std::runtime_error("docs/deploying.md no longer has grants for embedq_worker");
    const std::string block = page.substr(begin, page.find("```", begin) - begin);
    return replaced(replaced(block, "SCHEMA embedq ", "SCHEMA " + schema + " "), "embedq.", schema + ".");
}

class PostgresUnderTest final : public StoreUnderTest {
public:
    PostgresUnderTest() : context_("postgres"), worker_url_(worker_url()), admin_({.url = url(), .schema = {}}) {
        static std::atomic<int> cases{0};
        schema_ = "kit_" + std::to_string(++cases);
    }

    ~PostgresUnderTest() override {
        try {
            admin_.execute("DROP SCHEMA IF EXISTS " + schema_ + " CASCADE");
        } catch (const Failure& caught) {
            ADD_FAILURE() << "the case's schema cannot be dropped: " << to_string(caught.error);
        }
    }

    Result<std::shared_ptr<Store>> open() override {
        if (!std::exchange(prepared_, true)) {
            auto owners = make(url());
            if (!owners) return owners;
            if (const auto migrated = (*owners)->migrate(); !migrated) return std::unexpected(migrated.error());
            take_clock();
            try {
                // The role gets no rights through PUBLIC.
                admin_.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA " + schema_ + " FROM PUBLIC");
                admin_.execute(grants(schema_));
            } catch (const Failure& caught) {
                return std::unexpected(caught.error);
            }
        }
        return make(worker_url_);
    }

    conformance::TestContext& context() override { return context_; }

    // The host's clock does not move: the store must not use it.
    void advance(std::chrono::microseconds by) override {
        admin_.execute("UPDATE " + schema_ + ".kit_clock SET at = at + interval '1 microsecond' * " +
                       std::to_string(by.count()));
    }

    void set_clock_back(std::chrono::microseconds by) override { advance(-by); }

    Time now() override {
        return admin_.execute("SELECT " + schema_ + ".to_us(" + schema_ + ".store_now())").time(0, 0);
    }

private:
    Result<std::shared_ptr<Store>> make(const std::string& as) {
        Options options;
        options.set("url", as);
        options.set("schema", schema_);
        auto store = make_store(options, context_);
        if (!store) return std::unexpected(store.error());
        return std::shared_ptr<Store>(std::move(*store));
    }

    void take_clock() {
        admin_.execute("CREATE TABLE " + schema_ + ".kit_clock AS SELECT timestamptz '2026-05-17 12:00:00+00' AS at");
        for (const char* clock : {".store_now() RETURNS timestamptz LANGUAGE sql STABLE",
                                  ".store_clock() RETURNS timestamptz LANGUAGE sql"}) {
            admin_.execute("CREATE OR REPLACE FUNCTION " + schema_ + clock + " AS 'SELECT at FROM " + schema_ +
                           ".kit_clock'");
        }
    }

    conformance::TestContext context_;
    const std::string worker_url_;
    Connection admin_;
    std::string schema_;
    bool prepared_ = false;
};

const bool kit = conformance::register_store_kit("postgres", [] { return std::make_unique<PostgresUnderTest>(); });

}  // namespace
}  // namespace embedq::postgres
