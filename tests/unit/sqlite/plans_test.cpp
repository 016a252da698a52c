// The query plans: each frequent statement walks the index that it was written for, and none reads a whole table.
#include <regex>

#include "jobs.h"
#include "sandbox.h"
#include "statements.h"

namespace embedq::sqlite::testing {
namespace {

std::string plan_of(Connection& connection, const std::string& statement) {
    Run row(connection, "EXPLAIN QUERY PLAN " + statement);
    std::string plan;
    while (row.next()) plan += row.text(3) + "\n";
    return plan;
}

class Plans : public ::testing::Test {
protected:
    Plans() {
        conformance::TestContext context("sqlite");
        fresh_store(sandbox_.path(), context).reset();
        connection_ = raw(sandbox_.path());
    }

    void expect(const std::string& statement, const std::vector<std::string>& walks, bool may_sort = false) {
        const std::string plan = plan_of(*connection_, statement);
        for (const std::string& index : walks)
            EXPECT_NE(plan.find(index), std::string::npos) << statement << "\nwalks\n" << plan;
        EXPECT_FALSE(std::regex_search(
            plan, std::regex("SCAN (jobs|j|o|operations|texts|t|w|v|vectors|documents)\\b(?! USING)")))
            << statement << "\nwalks\n"
            << plan;
        if (!may_sort) {
            EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << statement << "\nsorts\n" << plan;
        }
    }

    Sandbox sandbox_;
    std::unique_ptr<Connection> connection_;
};

TEST_F(Plans, of_claiming_walk_due_order) {
    expect(sql::due_jobs, {"SEARCH jobs USING INDEX jobs_due (fingerprint=? AND next_run_at<?)"});
    expect(sql::due_suspects, {"SEARCH jobs USING INDEX jobs_suspect (fingerprint=? AND next_run_at<?)"});
    expect(sql::job_to_claim, {"SEARCH j USING INTEGER PRIMARY KEY", "SEARCH s USING INDEX sqlite_autoindex_specs_1"});
    expect(sql::next_due_job, {"INDEX jobs_due (fingerprint=?)"});
    expect(sql::next_due_suspect, {"INDEX jobs_suspect (fingerprint=?)"});
}

TEST_F(Plans, of_holding_go_by_key) {
    expect(sql::held_job, {"SEARCH j USING INTEGER PRIMARY KEY"});
    expect(sql::extend_lease, {"SEARCH jobs USING INTEGER PRIMARY KEY"});
    expect(sql::claim_job, {"SEARCH jobs USING INTEGER PRIMARY KEY"});
    expect(sql::finish_job, {"SEARCH jobs USING INTEGER PRIMARY KEY"});
    expect(sql::current_refusal,
           {"SEARCH o USING PRIMARY KEY (spec=?)", "SEARCH r USING PRIMARY KEY (profile=? AND text=?)"});
    expect(sql::missing_texts,
           {"SEARCH o USING PRIMARY KEY (spec=? AND position>?)", "SEARCH t USING INTEGER PRIMARY KEY"});
}

TEST_F(Plans, of_producing_use_the_open_jobs) {
    expect(sql::pending_job, {"SEARCH jobs USING INDEX jobs_pending (catalog_id=? AND spec_name=?)"});
    expect(sql::running_job, {"SEARCH jobs USING INDEX jobs_running (catalog_id=? AND spec_name=?)"});
    expect(sql::open_jobs_of_spec,
           {"jobs_pending (catalog_id=? AND spec_name=?)", "jobs_running (catalog_id=? AND spec_name=?)"});
    expect(sql::open_jobs_of_catalog, {"jobs_pending (catalog_id=?)", "jobs_running (catalog_id=?)"});
    expect(sql::move_pending, {"jobs_pending (catalog_id=?)"});
    expect(sql::first_bulk_job, {"SEARCH jobs USING INDEX jobs_bulk (fingerprint=?)"});
    expect(sql::force_spec, {"SEARCH w USING INDEX sqlite_autoindex_vectors_1 (profile=? AND text=?)"});
}

TEST_F(Plans, of_sweeps_read_narrow_indexes_alone) {
    const std::string vectors = "USING INDEX sqlite_autoindex_vectors_1 (profile=? AND text=?)";
    const std::string operations = "SEARCH o USING COVERING INDEX operations_by_spec (spec=?)";
    expect(sql::has_gap, {operations, vectors});
    expect(sql::first_gap, {operations, vectors});
    expect(sql::count_settled, {operations, vectors});
    expect(sql::specs_with_gap, {operations, vectors, "jobs_pending (catalog_id=? AND spec_name=?)",
                                 "jobs_running (catalog_id=? AND spec_name=?)"});
    expect(sql::specs_to_ask_again,
           {"INDEX refusals_due (profile=? AND ask_again_at<?)", "operations_by_text (text=?)"});
    // Grouping sorts the texts of the catalog, once for an estimate.
    expect(sql::workload, {operations, "SEARCH x USING INTEGER PRIMARY KEY", vectors}, true);
    expect(sql::vector_counts, {"SEARCH vectors USING INDEX sqlite_autoindex_vectors_1 (profile=? AND text=?)"});
    expect(sql::vector_is_cut, {"SEARCH vectors USING INDEX vectors_cut (profile=? AND text=?)"});
    expect(sql::texts_of_spec, {"COVERING INDEX operations_by_spec (spec=?)"});
}

TEST_F(Plans, of_maintenance_use_their_partial_indexes) {
    expect(sql::leased_jobs, {"jobs_lease"});
    expect(sql::next_lease_expiry, {"jobs_lease"});
    expect(sql::old_jobs, {"INDEX jobs_finished (completed_at<?)"});
    expect(sql::unreferred_vectors, {"SCAN w USING COVERING INDEX", "COVERING INDEX operations_by_text (text=?)"});
    expect(sql::delete_unreferred_vector,
           {"SEARCH w USING INTEGER PRIMARY KEY", "COVERING INDEX operations_by_text (text=?)"});
    expect(sql::unused_texts,
           {"SCAN t USING COVERING INDEX", "operations_by_text (text=?)", "vectors_by_text (text=?)"});
    expect(sql::specs_to_check, {"SEARCH specs USING INDEX specs_to_check (next_check<?)"});
    expect(sql::specs_by_default, {"SEARCH specs USING INDEX specs_by_default (<expr><?)"});
    expect(sql::rename_jobs, {"SEARCH jobs USING INDEX jobs_history (catalog_id=? AND spec_name=?)"});
    expect(sql::oldest_changes, {"SCAN changes"});
    expect(sql::changes_since, {"INDEX changes_since (catalog=? AND revision>?)"});
    expect(sql::users_of_text, {"operations_by_text (text=?)"}, true);
}

TEST_F(Plans, of_reading_history_find_the_newest_first) {
    expect(sql::newest_job, {"SEARCH jobs USING INDEX jobs_history (catalog_id=? AND spec_name=? AND id>?)"});
    expect(sql::newest_job_status, {"SEARCH jobs USING INDEX jobs_history (catalog_id=? AND spec_name=? AND id>?)"});
    JobQuery query;
    expect(job_list_statement(query), {"SEARCH jobs USING INTEGER PRIMARY KEY (rowid<?)"});
    query.status = JobStatus::failed;
    expect(job_list_statement(query), {"jobs_unsuccessful (status=? AND id<?)"});
    query.catalog_id = "shop";
    expect(job_list_statement(query), {"jobs_unsuccessful (status=? AND id<?)"});
    query.status = JobStatus::pending;
    expect(job_list_statement(query), {"jobs_pending (catalog_id=?)"}, true);
    query.status = JobStatus::running;
    expect(job_list_statement(query), {"jobs_running (catalog_id=?)"}, true);
    query.status = std::nullopt;
    expect(job_list_statement(query), {"jobs_of_catalog (catalog_id=? AND id<?)"});
    query.spec_name = "a";
    expect(job_list_statement(query), {"jobs_history (catalog_id=? AND spec_name=? AND id<?)"});
    query.id = 1;
    expect(job_list_statement(query), {"INTEGER PRIMARY KEY (rowid=?)"});
}

}  // namespace
}  // namespace embedq::sqlite::testing
