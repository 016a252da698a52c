#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/present.h"
#include "fake_engine.h"
#include "folder.h"

namespace embedq::cli {
namespace {

using testing::Folder;
using ::testing::HasSubstr;
using testing::Stage;

class IndexCommand : public ::testing::Test {
protected:
    IndexCommand() {
        CatalogInfo catalog;
        catalog.catalog_id = "default";
        catalog.target_profile = Sha256{};
        catalog.spec_count = 1;
        stage_.world.engine.catalog_list = {catalog};
        stage_.world.engine.health_list = {{"default", 1, 1, 0, 0, 0, 2, 2}};
        folder_.write("api.json", "openapi ++");
    }

    int run(bool no_work = false) {
        return run_index(stage_.context, {.paths = {folder_.path().string()}, .no_work = no_work});
    }

    void set_status(std::size_t embedded, std::size_t refused, JobStatus job, std::string error = {}) {
        SpecStatus status{"api", 2, embedded, refused, Job{}};
        status.job->status = job;
        status.job->last_error = std::move(error);
        stage_.world.engine.status_lists["default"] = {status};
    }

    Folder folder_;
    Stage stage_{true};
};

TEST_F(IndexCommand, WaitsUntilAllIsSettledAndCounts) {
    stage_.world.engine.settlements = {{1, 2, 2, 0, 0}, {1, 2, 2, 1, 0}, {1, 2, 2, 2, 0}};
    stage_.world.counters.texts_embedded = 1;
    set_status(0, 0, JobStatus::running);
    ASSERT_EQ(run(), exit_done) << stage_.err.str();
    EXPECT_TRUE(stage_.world.started);
    EXPECT_TRUE(stage_.world.stopped);
    const Json json = Json::parse(stage_.out.str());
    EXPECT_EQ(json["documents"], 1);
    EXPECT_EQ(json["operations"], 2);
    EXPECT_EQ(json["distinct_texts"], 2);
    EXPECT_EQ(json["embedded"], 1);
    EXPECT_EQ(json["reused"], 1);
    EXPECT_TRUE(json["refused"].empty());
    EXPECT_TRUE(json["seconds"].is_number());
}

TEST_F(IndexCommand, TextsThatWereCutAreCounted) {
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0, 2}};
    set_status(2, 0, JobStatus::succeeded);
    ASSERT_EQ(run(), exit_done) << stage_.err.str();
    EXPECT_EQ(Json::parse(stage_.out.str())["cut"], 2);
    EXPECT_THAT(stage_.err.str(),
                HasSubstr("2 texts are longer than the model takes; only their beginnings are embedded"));
}

TEST_F(IndexCommand, AFailedSpecIsNamedAndFails) {
    stage_.world.engine.settlements = {{1, 2, 2, 1, 0}};
    set_status(1, 0, JobStatus::failed, "the model is gone");
    EXPECT_EQ(run(), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("embedq: api: 1 of 2 operations embedded: the model is gone"));
    EXPECT_EQ(Json::parse(stage_.out.str())["documents"], 1);
}

TEST_F(IndexCommand, ARefusedTextIsReportedThoughAllIsSettled) {
    stage_.world.engine.settlements = {{1, 2, 2, 1, 1}};
    set_status(1, 1, JobStatus::failed, "listPets: too rude");
    EXPECT_EQ(run(), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("listPets: too rude"));
}

TEST_F(IndexCommand, ALostJobIsEnqueuedAgainOnce) {
    stage_.world.engine.settlements = {{1, 2, 2, 1, 0}};
    set_status(1, 0, JobStatus::succeeded);
    EXPECT_EQ(run(), exit_failed);
    EXPECT_EQ(stage_.world.engine.reconciled, 1);
}

TEST_F(IndexCommand, CtrlCStopsCleanly) {
    stage_.world.engine.settlements = {{1, 2, 2, 0, 0}};
    set_status(0, 0, JobStatus::running);
    stage_.world.waits_until_stop = 3;
    EXPECT_EQ(run(), exit_failed);
    EXPECT_TRUE(stage_.world.stopped);
    EXPECT_THAT(stage_.err.str(), HasSubstr("stopped; run the same command again to continue"));
}

TEST_F(IndexCommand, NoOpenApiDocumentFails) {
    const Folder other;
    other.write("package.json", "{}");
    EXPECT_EQ(run_index(stage_.context, {.paths = {other.path().string()}}), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("none of the files is an OpenAPI document"));
    const Json json = Json::parse(stage_.out.str());
    EXPECT_EQ(json["documents"], 0);
    ASSERT_EQ(json["refused"].size(), 1);
    EXPECT_EQ(json["refused"][0]["reason"], "has no 'openapi'");
}

TEST_F(IndexCommand, AnEmptyFolderFailsAndPrintsItsJson) {
    const Folder other;
    EXPECT_EQ(run_index(stage_.context, {.paths = {other.path().string()}}), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("the paths contain no *.json"));
    const Json json = Json::parse(stage_.out.str());
    EXPECT_EQ(json["documents"], 0);
    EXPECT_TRUE(json["refused"].empty());
}

TEST_F(IndexCommand, AMissingPathAloneFailsAndPrintsItsJson) {
    EXPECT_EQ(run_index(stage_.context, {.paths = {"/nowhere/at/all"}}), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("nothing was indexed"));
    const Json json = Json::parse(stage_.out.str());
    ASSERT_EQ(json["refused"].size(), 1);
    EXPECT_EQ(json["refused"][0]["path"], "/nowhere/at/all");
}

TEST_F(IndexCommand, AMissingPathBesideAGoodOneIsNotAFailure) {
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    EXPECT_EQ(run_index(stage_.context, {.paths = {"/nowhere/at/all", folder_.path().string()}}), exit_done);
    const Json json = Json::parse(stage_.out.str());
    EXPECT_EQ(json["documents"], 1);
    EXPECT_EQ(json["refused"].size(), 1);
}

TEST_F(IndexCommand, ABadCatalogIdIsBadUsageReportedOnce) {
    EXPECT_EQ(run_index(stage_.context, {.paths = {folder_.path().string()}, .catalog = "Bad_Id"}), exit_usage);
    const std::string said = stage_.err.str();
    EXPECT_THAT(said, HasSubstr("the catalog id \"Bad_Id\""));
    EXPECT_EQ(std::ranges::count(said, '\n'), 1);
    EXPECT_TRUE(stage_.world.engine.put.empty());
    EXPECT_TRUE(stage_.out.str().empty());
}

TEST_F(IndexCommand, ARefusedDocumentBesideAGoodOneIsNotAFailure) {
    folder_.write("package.json", "{}");
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    EXPECT_EQ(run(), exit_done);
}

TEST_F(IndexCommand, NoWorkNeedsAStoreThatOtherProcessesShare) {
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    EXPECT_EQ(run(true), exit_done);
    EXPECT_FALSE(stage_.world.started);
    stage_.world.capabilities.multi_process = false;
    EXPECT_EQ(run(true), exit_usage);
    EXPECT_THAT(stage_.err.str(), HasSubstr("--no-work"));
}

TEST_F(IndexCommand, WithoutAProviderItDoesNotWait) {
    stage_.world.engine.catalog_list[0].target_profile.reset();
    stage_.world.engine.settlements = {{1, 2, 2, 0, 0}};
    EXPECT_EQ(run(), exit_done);
    EXPECT_THAT(stage_.err.str(), HasSubstr("has no provider"));
}

TEST_F(IndexCommand, APausedEndpointIsReported) {
    stage_.world.engine.settlements = {{1, 2, 2, 0, 0}};
    set_status(0, 0, JobStatus::pending);
    EndpointState endpoint;
    endpoint.endpoint = "http://model";
    endpoint.cool_down = std::chrono::seconds(10);
    endpoint.reason = "the key is wrong";
    stage_.world.endpoint_states = {endpoint};
    stage_.world.waits_until_stop = 100;
    EXPECT_EQ(run(), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("http://model is paused: throttled: the key is wrong"));
}

}  // namespace
}  // namespace embedq::cli
