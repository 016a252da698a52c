// PostgreSQL under the store's kit: each case has a schema that is as after its migration, and the kit controls the
// store's clock, which is the server's. The owner migrates; the store under test works as a role with the rights that
// docs/deploying.md grants to workers, and no others, and its settings are the least helpful ones that a role may have.
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

// Keeps the rows of a schema that was just migrated in the schema NAME_initial.
std::string keep_initial_rows(const std::string& schema) {
    return replaced(R"(
        DO $$
        DECLARE
            v_table name;
            v_has_rows boolean;
        BEGIN
            CREATE SCHEMA kit_name_initial;
            FOR v_table IN SELECT tablename FROM pg_tables WHERE schemaname = 'kit_name' LOOP
                EXECUTE format('SELECT EXISTS (SELECT FROM kit_name.%I)', v_table) INTO v_has_rows;
                IF v_has_rows THEN
                    EXECUTE format('CREATE TABLE kit_name_initial.%1$I AS TABLE kit_name.%1$I', v_table);
                END IF;
            END LOOP;
        END $$)",
                    "kit_name", schema);
}

// Makes a schema as it was at keep_initial_rows; takes a tenth of the time of a migration.
std::string restore_initial_rows(const std::string& schema) {
    return replaced(R"(
        DO $$
        DECLARE
            v_table name;
        BEGIN
            EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('kit_name.%I', tablename), ', ') || ' RESTART IDENTITY'
                     FROM pg_tables WHERE schemaname = 'kit_name');
            PERFORM setval(format('kit_name.%I', sequencename)::regclass, start_value, false)
            FROM pg_sequences WHERE schemaname = 'kit_name';
            FOR v_table IN SELECT tablename FROM pg_tables WHERE schemaname = 'kit_name_initial' LOOP
                EXECUTE format('INSERT INTO kit_name.%1$I OVERRIDING SYSTEM VALUE TABLE kit_name_initial.%1$I',
                               v_table);
            END LOOP;
        END $$)",
                    "kit_name", schema);
}

class PostgresUnderTest final : public StoreUnderTest {
public:
    PostgresUnderTest() : context_("postgres"), worker_url_(worker_url()), admin_({.url = url(), .schema = {}}) {
        // A session that a case left behind with locks costs its schema, not the time of the test.
        admin_.execute("SET lock_timeout = '5s'");
        if (!restored_schema().empty()) {
            schema_ = std::exchange(restored_schema(), {});
            prepared_ = true;
            return;
        }
        static std::atomic<int> schemas{0};
        schema_ = "kit_" + std::to_string(++schemas);
    }

    ~PostgresUnderTest() override {
        if (prepared_ && !testing::Test::HasFailure() && restored()) {
            restored_schema() = schema_;
            return;
        }
        try {
            admin_.execute("DROP SCHEMA IF EXISTS " + schema_ + ", " + schema_ + "_initial CASCADE");
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
                admin_.execute(keep_initial_rows(schema_));
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
    // The schema of the case before, for the next one; empty when there is none.
    static std::string& restored_schema() {
        static std::string schema;
        return schema;
    }

    bool restored() {
        try {
            admin_.execute(restore_initial_rows(schema_));
            return true;
        } catch (const Failure&) {
            return false;
        }
    }

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
