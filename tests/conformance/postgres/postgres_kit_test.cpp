// PostgreSQL under the store's kit: each case in a schema of its own, with the store's clock, which is the server's, in the hand of the kit.
//
// Needs a server: EMBEDQ_TEST_POSTGRES (tests/support/with_postgres.py sets it).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "conformance/store_kit.h"
#include "connection.h"
#include "store.h"

namespace embedq::postgres {
namespace {

using conformance::StoreUnderTest;

std::string url() {
    const char* value = std::getenv("EMBEDQ_TEST_POSTGRES");
    if (value == nullptr) throw std::runtime_error("EMBEDQ_TEST_POSTGRES is not set: run this by tests/support/with_postgres.py");
    return value;
}

class PostgresUnderTest final : public StoreUnderTest {
public:
    PostgresUnderTest() : context_("postgres"), admin_({.url = url(), .schema = {}}) {
        static std::atomic<int> cases{0};
        schema_ = "kit_" + std::to_string(++cases);
    }

    ~PostgresUnderTest() override {
        try {
            admin_.execute("DROP SCHEMA IF EXISTS " + schema_ + " CASCADE");
        } catch (const Failure& caught) {
            ADD_FAILURE() << "the case's schema cannot be dropped: " << caught.error.message;
        }
    }

    Result<std::shared_ptr<Store>> open() override {
        Options options;
        options.set("url", url());
        options.set("schema", schema_);
        auto store = make_store(options, context_);
        if (!store) return std::unexpected(store.error());
        if (!std::exchange(prepared_, true)) {
            if (const auto migrated = (*store)->migrate(); !migrated) return std::unexpected(migrated.error());
            take_clock();
        }
        return std::shared_ptr<Store>(std::move(*store));
    }

    conformance::TestContext& context() override { return context_; }

    // The host's clock stays where it is: the store must not look at it.
    void advance(std::chrono::microseconds by) override {
        admin_.execute("UPDATE " + schema_ + ".kit_clock SET at = at + interval '1 microsecond' * " + std::to_string(by.count()));
    }

    Time now() override { return admin_.execute("SELECT " + schema_ + ".to_us(" + schema_ + ".store_now())").time(0, 0); }

private:
    void take_clock() {
        admin_.execute("CREATE TABLE " + schema_ + ".kit_clock AS SELECT now() AS at");
        admin_.execute("CREATE OR REPLACE FUNCTION " + schema_ + ".store_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM " +
                       schema_ + ".kit_clock'");
    }

    conformance::TestContext context_;
    Connection admin_;
    std::string schema_;
    bool prepared_ = false;
};

const bool kit = conformance::register_store_kit("postgres", [] { return std::make_unique<PostgresUnderTest>(); });

}  // namespace
}  // namespace embedq::postgres
