// A role with the rights that docs/deploying.md grants may do everything but migrate.
#include <fstream>
#include <sstream>

#include "names.h"
#include "server.h"

namespace embedq::postgres::testing {
namespace {

// The statements of the page, for this schema and role.
std::string documented_grants(const std::string& quoted_schema, const std::string& role) {
    std::ifstream page(EMBEDQ_SOURCE_DIR "/docs/deploying.md");
    std::string grants;
    for (std::string line; std::getline(page, line);) {
        const auto begin = line.find_first_not_of(' ');
        if (begin == std::string::npos) continue;
        if (line.find("embedq_worker") == std::string::npos || line.find("SCHEMA embedq ") == std::string::npos)
            continue;
        line.replace(line.find("SCHEMA embedq ") + 7, 6, quoted_schema);
        line.replace(line.find("embedq_worker"), 13, role);
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
        const std::string grants = documented_grants(quoted_schema(), "a_worker");
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
    must(store->put_catalog({.catalog_id = "shop"}));
    Profile profile;
    profile.id = profile.fingerprint = filled(1);
    profile.plugin = profile.model = "test";
    profile.dimension = 2;
    profile.text_version = 1;
    const CatalogTarget target{"shop", "test", profile};
    must(store->set_targets({&target, 1}));
    SpecWrite write;
    write.catalog_id = "shop";
    write.spec_name = "pets";
    write.content = "text";
    write.content_hash = filled(2);
    write.text_version = 1;
    write.operations.push_back({"get", "GET", "/", "text", {}, "text", filled(3), 0});
    must(store->put_specs({&write, 1}));
    ClaimRequest request;
    request.worker_id = "w";
    request.fingerprints = {profile.fingerprint};
    request.max_jobs = 1;
    request.max_texts = 10;
    const auto jobs = must(store->claim(request));
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(must(store->extend({"w", "host", 1, "1", 1}, {&jobs[0].ref, 1}, std::chrono::seconds(20))),
              std::vector<bool>{true});
    MissingQuery query{jobs[0].ref};
    query.max_texts = 10;
    const auto missing = must(store->missing_texts({&query, 1}));
    const std::vector<float> values{1, 2};
    Commit commit;
    commit.jobs.push_back(
        {.job = jobs[0].ref, .outcome = JobOutcome::succeeded, .error = {}, .vectors = {0}, .refusals = {}});
    commit.vectors.push_back({missing.at(0)->profile_id, filled(3), missing.at(0)->as_of, values});
    EXPECT_EQ(must(store->commit(commit)), std::vector<bool>{true});
    const EnqueueRequest again{"shop", "pets", JobKind::manual_retry};
    must(store->enqueue({&again, 1}));
    must(store->reap(5));
    must(store->reconcile(""));
    const EndpointState pause{profile.fingerprint, "default", PauseKind::throttled, std::chrono::seconds(60), "why"};
    must(store->put_endpoint_states({&pause, 1}));
    must(store->endpoint_states());
    const RateRequest rate_request{profile.fingerprint, RateUnit::tokens, 60, 1};
    must(store->reserve({&rate_request, 1}));
    must(store->statuses("shop", {}));
    must(store->health(""));
    must(store->jobs({}));
    must(store->workers());
    must(store->changes("shop", 0));
    must(store->clone_catalog("shop", {.catalog_id = "copy"}));
    must(store->delete_spec("shop", "pets"));
    must(store->delete_catalog("shop"));
    must(store->prune({.older_than = std::chrono::hours(0), .limit = 100}));
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
