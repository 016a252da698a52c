// A role with the rights that docs/deploying.md grants may do everything but migrate.
#include <fstream>
#include <sstream>

#include "every_verb.h"
#include "names.h"
#include "server.h"

namespace embedq::postgres::testing {
namespace {

// The statements of the page for one of its roles, for this schema and role.
std::string documented_grants(const std::string& of, const std::string& quoted_schema, const std::string& role) {
    std::ifstream page(EMBEDQ_SOURCE_DIR "/docs/deploying.md");
    std::string grants;
    for (std::string line; std::getline(page, line);) {
        const auto begin = line.find_first_not_of(' ');
        if (begin == std::string::npos) continue;
        if (line.find(of) == std::string::npos || line.find("SCHEMA embedq ") == std::string::npos) continue;
        line.replace(line.find("SCHEMA embedq ") + 7, 6, quoted_schema);
        line.replace(line.find(of), of.size(), role);
        grants += line.substr(begin);
    }
    return grants;
}

class Rights : public PostgresTest {
protected:
    Rights() {
        static_cast<void>(sql("DROP ROLE IF EXISTS a_worker; CREATE ROLE a_worker LOGIN"));
        fresh_store().reset();
        // By the owner, since the grants also cover tables that the owner creates later.
        Connection owner(settings_for(url()));
        const std::string grants = documented_grants("embedq_worker", quoted_schema(), "a_worker");
        EXPECT_NE(grants.find("GRANT USAGE ON SCHEMA"), std::string::npos) << "docs/deploying.md has no grants";
        owner.execute(grants);
    }
    ~Rights() override {
        static_cast<void>(sql("DROP SCHEMA " + quoted_schema() + " CASCADE"));
        static_cast<void>(sql("DROP OWNED BY a_worker; DROP ROLE a_worker"));
    }
};

TEST_F(Rights, that_are_documented_are_enough_for_every_verb) {
    const auto store = open_store(url_as("a_worker"), schema, context);
    EXPECT_TRUE(must(store->migrate()).waiting.empty()) << "with nothing to do rights do not matter";
    call_every_verb(*store);
    for (const Finding& finding : must(store->diagnose())) {
        EXPECT_NE(finding.level, FindingLevel::fault) << finding.subject << ": " << finding.found;
    }
}

TEST_F(Rights, that_are_documented_do_not_migrate) {
    static_cast<void>(sql("DELETE FROM " + quoted_schema() + ".migrations"));
    const auto migrated = open_store(url_as("a_worker"), schema, context)->migrate();
    ASSERT_FALSE(migrated);
    EXPECT_EQ(migrated.error().kind, ErrorKind::misconfigured);
    EXPECT_NE(to_string(migrated.error()).find("permission denied"), std::string::npos) << to_string(migrated.error());
}

TEST_F(Rights, reach_tables_that_come_later) {
    Connection owner(settings_for(url()));
    owner.execute("CREATE TABLE " + quoted_schema() + ".later (x integer)");
    EXPECT_EQ(value("SELECT has_table_privilege('a_worker', " + literal(quoted_schema() + ".later") + ", 'INSERT')"),
              "t");
}

TEST_F(Rights, to_read_are_enough_for_what_reads_and_for_nothing_else) {
    static_cast<void>(sql("DROP ROLE IF EXISTS a_reader; CREATE ROLE a_reader LOGIN"));
    const auto owner = open_store(url(), schema, context);
    must(owner->put_catalog({.catalog_id = "shop"}));
    Connection(settings_for(url())).execute(documented_grants("embedq_reader", quoted_schema(), "a_reader"));
    // As its owner, the role could write; the store itself must not.
    for (const std::string& role : {"a_reader", "embedq"}) {
        const auto store = open_read_only(url_as(role), schema, context);
        EXPECT_TRUE(must(store->migration_state()).waiting.empty());
        EXPECT_EQ(must(store->catalogs()).size(), 1U);
        EXPECT_TRUE(must(store->specs("shop", "", 10)).empty());
        EXPECT_TRUE(must(store->statuses("shop", {})).empty());
        EXPECT_EQ(must(store->health("")).size(), 1U);
        must(store->settlement("shop", {}));
        must(store->revision("shop"));
        must(store->changes("shop", 0));
        must(store->operations("shop", {}, [](auto, const auto&) {}));
        must(store->jobs({}));
        must(store->workers());
        must(store->endpoint_states());
        must(store->diagnose());
        for (const Error& error : {store->migrate().error(), store->put_catalog({.catalog_id = "other"}).error(),
                                   store->delete_catalog("shop").error(), store->reconcile("").error()}) {
            EXPECT_EQ(error.kind, ErrorKind::unsupported) << role << ": " << to_string(error);
        }
    }
    static_cast<void>(sql("DROP OWNED BY a_reader; DROP ROLE a_reader"));
}

TEST_F(Rights, that_are_missing_are_reported_with_the_page_that_lists_them) {
    static_cast<void>(sql("REVOKE ALL ON SCHEMA " + quoted_schema() + " FROM a_worker"));
    const auto catalogs = open_store(url_as("a_worker"), schema, context)->catalogs();
    ASSERT_FALSE(catalogs);
    EXPECT_EQ(catalogs.error().kind, ErrorKind::misconfigured);
    EXPECT_TRUE(to_string(catalogs.error())
                    .ends_with("permission denied for schema " + schema +
                               "; grant it; docs/deploying.md has the list of grants"))
        << to_string(catalogs.error());
}

}  // namespace
}  // namespace embedq::postgres::testing
