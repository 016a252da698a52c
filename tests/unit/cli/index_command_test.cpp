#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>

#include "cli/commands.h"
#include "cli/present.h"
#include "cli/waiting.h"
#include "fake_engine.h"
#include "folder.h"

namespace embedq::cli {
namespace {

using testing::Folder;
using ::testing::HasSubstr;
using ::testing::Not;
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

// The store may hang in the call that the command waits for.
TEST_F(IndexCommand, AStopEndsTheWorkWhileTheStoreIsAsked) {
    stage_.world.engine.settlements = {{1, 2, 2, 0, 0}};
    set_status(0, 0, JobStatus::running);
    stage_.world.engine.when_settlement_is_asked = [&] {
        stage_.world.stop.request_stop();
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!stage_.world.stopped && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
        EXPECT_TRUE(stage_.world.stopped);
    };
    EXPECT_EQ(run(), exit_failed);
}

TEST_F(IndexCommand, CtrlCStopsCleanly) {
    stage_.world.engine.settlements = {{1, 2, 2, 0, 0}};
    set_status(0, 0, JobStatus::running);
    stage_.world.waits_until_stop = 3;
    EXPECT_EQ(run(), exit_failed);
    EXPECT_TRUE(stage_.world.stopped);
    EXPECT_THAT(stage_.err.str(), HasSubstr("stopped; run the same command again to continue"));
}

TEST_F(IndexCommand, WatchWaitsForAFolderThatDoesNotExist) {
    stage_.context.json = false;
    stage_.world.engine.stops_before = {"api", stage_.world.stop};  // after one look
    const std::string later = (folder_.path() / "later").string();
    EXPECT_EQ(run_index(stage_.context, {.paths = {folder_.path().string(), later}, .watch = true}), exit_done);
    EXPECT_THAT(stage_.err.str(), HasSubstr("embedq: " + later + " does not exist; it is waited for\n"));
    EXPECT_THAT(stage_.err.str(), Not(HasSubstr("refused")));
}

TEST_F(IndexCommand, ARefreshIntervalWithoutAUrlIsRefused) {
    for (const bool check : {false, true}) {
        stage_.err.str("");
        EXPECT_EQ(run_index(stage_.context,
                            {.paths = {folder_.path().string()}, .check = check, .refresh = std::chrono::hours(1)}),
                  exit_usage);
        EXPECT_EQ(stage_.err.str(),
                  "embedq: --refresh is the interval of URLs, and none is named; name one, or follow "
                  "a folder by --watch\n");
    }
    EXPECT_TRUE(stage_.world.uses.empty()) << "the store was opened";
}

TEST_F(IndexCommand, WhatIsRefusedIsNotCalledAFileWithoutADocument) {
    EXPECT_EQ(run_index(stage_.context, {.paths = {(folder_.path() / "nosuch.yaml").string()}}), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("nothing was indexed: what was named is refused, for the reasons above"));
    const Folder other;
    other.write("package.json", "{}");
    stage_.err.str("");
    EXPECT_EQ(run_index(stage_.context, {.paths = {(other.path() / "package.json").string()}}), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("nothing was indexed: what was named is refused"));
}

TEST_F(IndexCommand, NoOpenApiDocumentFails) {
    const Folder other;
    other.write("package.json", "{}");
    EXPECT_EQ(run_index(stage_.context, {.paths = {other.path().string()}}), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("none of the files is an OpenAPI document"));
    const Json json = Json::parse(stage_.out.str());
    EXPECT_EQ(json["documents"], 0);
    EXPECT_TRUE(json["refused"].empty());
    ASSERT_EQ(json["skipped"].size(), 1);
    EXPECT_EQ(json["skipped"][0]["reason"], "has no 'openapi'");
}

TEST_F(IndexCommand, OtherFilesAreSkippedAndBrokenDocumentsAreRefused) {
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    set_status(2, 0, JobStatus::succeeded);
    folder_.write("package.json", "{}");
    EXPECT_EQ(run(), exit_done);
    EXPECT_THAT(stage_.err.str(), HasSubstr("skipped " + folder_.path().string() + "/package.json: has no 'openapi'"));
    folder_.write("broken.yaml", "swagger: '2.0");
    EXPECT_EQ(run(), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("refused " + folder_.path().string() + "/broken.yaml: "));
}

TEST_F(IndexCommand, WhatIsNotTakenIsSaidEvenWithQuiet) {
    stage_.console.set_quiet();
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    stage_.world.engine.notes_of["api"] = {{"paths./x.get", "is null"}};
    set_status(2, 0, JobStatus::succeeded);
    folder_.write("package.json", "{}");
    folder_.write("broken.yaml", "swagger: '2.0");
    EXPECT_EQ(run(), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("refused " + folder_.path().string() + "/broken.yaml: "));
    EXPECT_THAT(stage_.err.str(), HasSubstr("left out of " + folder_.path().string() + "/api.json: 1 operation"));
    EXPECT_THAT(stage_.err.str(), Not(HasSubstr("skipped")));
}

TEST_F(IndexCommand, AFileThatWasNamedIsNeverSkipped) {
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    set_status(2, 0, JobStatus::succeeded);
    const std::string other = folder_.write("package.json", "{}");
    EXPECT_EQ(run_index(stage_.context, {.paths = {folder_.path().string() + "/api.json", other}}), exit_failed);
    const Json json = Json::parse(stage_.out.str());
    EXPECT_EQ(json["documents"], 1);
    ASSERT_EQ(json["refused"].size(), 1);
    EXPECT_EQ(json["refused"][0]["path"], other);
}

TEST_F(IndexCommand, AMissingPathBesideOthersFails) {
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    set_status(2, 0, JobStatus::succeeded);
    EXPECT_EQ(run_index(stage_.context, {.paths = {folder_.path().string(), "/nowhere/at/all"}}), exit_failed);
    EXPECT_EQ(Json::parse(stage_.out.str())["documents"], 1);
}

TEST_F(IndexCommand, WhatIsLeftOutOfADocumentIsShown) {
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    set_status(2, 0, JobStatus::succeeded);
    stage_.world.engine.notes_of["api"] = {
        {"paths./a.get", "is null"}, {"paths./b", "is remote"}, {"", "c"}, {"d", "e"}};
    EXPECT_EQ(run(), exit_done);
    EXPECT_THAT(stage_.err.str(), HasSubstr("left out of " + folder_.path().string() +
                                            "/api.json: 4 operations: paths./a.get: is null; paths./b: is remote; c; "
                                            "`embedq specs show api` lists all"));
    const Json notes = Json::parse(stage_.out.str())["notes"];
    ASSERT_EQ(notes.size(), 1);
    EXPECT_EQ(notes[0]["operations_left_out"], 4);
    EXPECT_EQ(notes[0]["notes"][0]["where"], "paths./a.get");
}

TEST_F(IndexCommand, AStoreThatFailsSaysHowManyAreNotStored) {
    stage_.world.engine.put_errors = {Error{ErrorKind::misconfigured, "the disk is full"}};
    EXPECT_EQ(run(), exit_usage);
    EXPECT_THAT(stage_.err.str(), HasSubstr("the disk is full"));
    EXPECT_THAT(stage_.err.str(), HasSubstr("stored 0 of 1 document; run the same command again"));
    const Json json = Json::parse(stage_.out.str());
    EXPECT_EQ(json["not_stored"], 1);
}

TEST_F(IndexCommand, ANewCatalogIsSaid) {
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    set_status(2, 0, JobStatus::succeeded);
    static_cast<void>(
        run_index(stage_.context, {.paths = {folder_.path().string()}, .catalog = "defualt", .no_work = true}));
    EXPECT_THAT(stage_.err.str(), HasSubstr("embedq: new catalog 'defualt'; there is one that is called 'default'"));
}

TEST_F(IndexCommand, GoneFilesTakeTheirSpecsAlongAndManyNeedYes) {
    stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    set_status(2, 0, JobStatus::succeeded);
    const auto record = [&](const std::string& name) {
        SpecInfo& spec = stage_.world.engine.spec_list[name];
        spec.spec_name = name;
        spec.source_kind = SourceKind::file;
        spec.record.root = std::filesystem::canonical(folder_.path()).string();
        spec.record.path = name + ".json";
    };
    record("gone");
    EXPECT_EQ(run(), exit_done);
    EXPECT_FALSE(stage_.world.engine.spec_list.contains("gone"));
    EXPECT_EQ(Json::parse(stage_.out.str())["removed"][0]["spec_name"], "gone");
    for (const std::string name : {"a", "b", "c", "d"}) record(name);
    stage_.out.str("");
    EXPECT_EQ(run(), exit_failed);
    EXPECT_THAT(stage_.err.str(), HasSubstr("4 of 5 specs of "));
    EXPECT_THAT(stage_.err.str(), HasSubstr("have no file any more and are kept (a, b, c and 1 more); --yes removes"));
    EXPECT_EQ(Json::parse(stage_.out.str())["missing"].size(), 4);
    stage_.context.json = false;
    stage_.out.str("");
    EXPECT_EQ(run_index(stage_.context, {.paths = {folder_.path().string()}, .check = true}), exit_failed);
    EXPECT_THAT(stage_.out.str(), HasSubstr(" skipped, 4 kept without a file\n"));
    EXPECT_EQ(run_index(stage_.context, {.paths = {folder_.path().string()}, .yes = true}), exit_done);
    EXPECT_EQ(stage_.world.engine.spec_list.size(), 1);
}

TEST_F(IndexCommand, WhatWorkersEmbedIsTheirs) {
    // When the documents were put, and at the end.
    stage_.world.engine.settlements = {{1, 2, 5, 1, 0}, {1, 2, 5, 5, 0}};
    set_status(2, 0, JobStatus::succeeded);
    ASSERT_EQ(run(true), exit_done) << stage_.err.str();
    const Json json = Json::parse(stage_.out.str());
    EXPECT_EQ(json["embedded"], 0);
    EXPECT_EQ(json["embedded_by_workers"], 4);
    EXPECT_EQ(json["reused"], 1);
}

TEST(CatalogsDelete, CountsAndNeedsYes) {
    Stage stage;
    CatalogInfo catalog;
    catalog.catalog_id = "shop";
    catalog.spec_count = 200;
    stage.world.engine.catalog_list = {catalog};
    stage.world.engine.health_list = {{.catalog_id = "shop", .specs_total = 200}};
    EXPECT_EQ(run_catalogs_delete(stage.context, {.catalog = "shop"}), exit_usage);
    EXPECT_THAT(
        stage.err.str(),
        HasSubstr(
            "would delete the catalog 'shop' with 200 specs and 0 operations; nothing was changed; --yes confirms it"));
    std::istringstream answers("n\ny\n");
    stage.context.input = &answers;
    stage.context.input_is_terminal = true;
    EXPECT_EQ(run_catalogs_delete(stage.context, {.catalog = "shop"}), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("Delete the catalog 'shop' with 200 specs and 0 operations? [y/N]"));
    EXPECT_EQ(run_catalogs_delete(stage.context, {.catalog = "shop"}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("shop deleted, with 200 specs"));
}

TEST_F(IndexCommand, CheckChangesNothing) {
    folder_.write("api.json", "openapi: 3.0.0\ninfo: {title: x, version: '1'}\npaths: {}\n");
    EXPECT_EQ(run_index(stage_.context, {.paths = {folder_.path().string()}, .check = true}), exit_failed);
    const Json json = Json::parse(stage_.out.str());
    EXPECT_EQ(json["in_step"], false);
    EXPECT_EQ(json["new"], Json::array({"api"}));
    EXPECT_TRUE(stage_.world.engine.put.empty());
    EXPECT_FALSE(stage_.world.started);
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

TEST_F(IndexCommand, ABadCatalogIdIsBadUsageReportedOnce) {
    EXPECT_EQ(run_index(stage_.context, {.paths = {folder_.path().string()}, .catalog = "Bad_Id"}), exit_usage);
    const std::string said = stage_.err.str();
    EXPECT_THAT(said, HasSubstr("the catalog id \"Bad_Id\""));
    EXPECT_EQ(std::ranges::count(said, '\n'), 1);
    EXPECT_TRUE(stage_.world.engine.put.empty());
    EXPECT_TRUE(stage_.out.str().empty());
}

TEST_F(IndexCommand, AnotherFileBesideADocumentIsNotAFailure) {
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

// What the command waits for. The fake's time passes only while it waits.
class IndexWaits : public IndexCommand {
protected:
    IndexWaits() {
        stage_.world.engine.known_profile = Profile{};
        stage_.world.engine.settlements = {{1, 2, 2, 0, 0}};
        stage_.world.provider = {.name = "p", .endpoints = 1};
        stage_.world.waits_until_stop = 10'000;
        set_status(0, 0, JobStatus::pending);
    }
    void no_target_yet(ErrorKind kind, std::string message) {
        stage_.world.engine.catalog_list[0].target_profile.reset();
        stage_.world.provider.endpoints = 0;
        stage_.world.provider.failure = Error{kind, std::move(message)};
    }
    // The provider answers, and the scheduler sets the target, at this question.
    void answers_at(int question) {
        stage_.world.on_provider_asked = [this, question, asked = 0]() mutable {
            if (++asked != question) return;
            stage_.world.provider.failure.reset();
            stage_.world.engine.catalog_list[0].target_profile = Sha256{};
            stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
        };
    }
    static EndpointState pause(PauseKind kind, std::string reason) {
        return {Sha256{}, "http://model", kind, std::chrono::seconds(10), std::move(reason)};
    }
    int run_for(std::chrono::milliseconds timeout, bool no_work = false) {
        return run_index(stage_.context, {.paths = {folder_.path().string()}, .no_work = no_work, .timeout = timeout});
    }
    std::ptrdiff_t lines(std::string_view words) {
        std::istringstream all(stage_.err.str());
        std::ptrdiff_t found = 0;
        for (std::string line; std::getline(all, line);) found += line.contains(words) ? 1 : 0;
        return found;
    }
};

TEST_F(IndexWaits, ANewCatalogWaitsForItsProviderAndSaysSo) {
    no_target_yet(ErrorKind::unavailable, "connection refused");
    answers_at(30);
    ASSERT_EQ(run(), exit_done) << stage_.err.str();
    EXPECT_EQ(lines("embedq: waiting: provider 'p' makes no vectors yet: connection refused"), 1) << stage_.err.str();
    EXPECT_EQ(lines("embedq: continuing after 15.0 s"), 1) << stage_.err.str();
    EXPECT_EQ(Json::parse(stage_.out.str())["distinct_texts"], 2);
}

TEST_F(IndexWaits, EmbeddingThatWasTurnedOffIsNotWaitedFor) {
    stage_.world.engine.catalog_list[0].target_profile.reset();
    stage_.world.engine.catalog_list[0].serving_profile = Sha256{};
    EXPECT_EQ(run(), exit_done);
    EXPECT_THAT(stage_.err.str(), HasSubstr("embedding was turned off for it; run `embedq config apply`"));
}

TEST_F(IndexWaits, ANewCatalogWhoseProviderRefusesIsForPeople) {
    no_target_yet(ErrorKind::misconfigured, "the key is wrong");
    EXPECT_EQ(run(), exit_needs_people);
    EXPECT_THAT(stage_.err.str(), HasSubstr("embedq: the key is wrong; the documents are stored"));
    EXPECT_FALSE(stage_.world.engine.put.empty());
    EXPECT_EQ(Json::parse(stage_.out.str())["documents"], 1) << "what was stored is reported as usual";
}

TEST_F(IndexWaits, WithoutWorkOthersMayHaveTheRightKey) {
    no_target_yet(ErrorKind::misconfigured, "the key is wrong");
    answers_at(10);
    EXPECT_EQ(run(true), exit_done) << stage_.err.str();
    EXPECT_EQ(lines("embedq: waiting: provider 'p' makes no vectors yet: the key is wrong"), 1);
}

TEST_F(IndexWaits, AKnownCatalogWhoseProviderRefusesIsForPeople) {
    stage_.world.pauses = {pause(PauseKind::misconfigured, "the quota is spent")};
    EXPECT_EQ(run(), exit_needs_people);
    EXPECT_THAT(stage_.err.str(), HasSubstr("the quota is spent"));
    EXPECT_TRUE(stage_.world.stopped);
}

TEST_F(IndexWaits, OneOfTwoEndpointsThatRefusesIsNotForPeople) {
    stage_.world.provider.endpoints = 2;
    stage_.world.pauses = {pause(PauseKind::misconfigured, "the quota is spent")};
    EXPECT_EQ(run_for(std::chrono::minutes(1)), exit_timed_out);
}

TEST_F(IndexWaits, WhatAnotherProcessFoundMisconfiguredIsNotForPeopleHere) {
    stage_.world.endpoint_states = {pause(PauseKind::misconfigured, "the quota was spent")};
    EXPECT_EQ(run_for(std::chrono::minutes(1)), exit_timed_out);
    EXPECT_EQ(lines("the quota was spent"), 0);
    stage_.err.str("");
    EXPECT_EQ(run_for(std::chrono::minutes(2), true), exit_timed_out);
    EXPECT_GE(lines("waiting: provider"), 1) << "without a scheduler here, it is what there is to see";
}

TEST_F(IndexWaits, TheTimeoutBoundsBothWaits) {
    EXPECT_EQ(run_for(std::chrono::minutes(1)), exit_timed_out);
    EXPECT_THAT(stage_.err.str(),
                HasSubstr("embedq: not everything is embedded after 1m 00s; the documents are stored"));
    EXPECT_LT(stage_.world.time - std::chrono::steady_clock::time_point{}, std::chrono::seconds(62));
    no_target_yet(ErrorKind::unavailable, "connection refused");
    EXPECT_EQ(run_for(std::chrono::minutes(1)), exit_timed_out);
    EXPECT_THAT(stage_.err.str(), HasSubstr("not everything is embedded after 1m 00s: connection refused;"));
}

TEST_F(IndexWaits, ATimeoutNamesEvenAShortWait) {
    stage_.world.pauses = {pause(PauseKind::throttled, "too many requests")};
    EXPECT_EQ(run_for(std::chrono::seconds(1)), exit_timed_out);
    EXPECT_EQ(lines("waiting: "), 0);
    EXPECT_EQ(lines("not everything is embedded after 1.0 s: provider '', endpoint 'http://model', is paused"), 1)
        << stage_.err.str();
}

TEST_F(IndexWaits, ATimeoutNamesTheCallsThatTakeLong) {
    set_status(0, 0, JobStatus::running);
    stage_.world.slow_calls = "provider 'p': embed";
    EXPECT_EQ(run_for(std::chrono::minutes(1)), exit_timed_out);
    EXPECT_EQ(lines("not everything is embedded after 1m 00s: not returned: provider 'p': embed; the documents"), 1)
        << stage_.err.str();
}

TEST_F(IndexWaits, TheTimeoutBoundsTheStoringToo) {
    stage_.world.engine.put_errors.assign(100, {ErrorKind::unavailable, "the table is locked"});
    EXPECT_EQ(run_for(std::chrono::seconds(2)), exit_timed_out);
    EXPECT_EQ(lines("not every document is stored after 2.0 s: the table is locked; run the same command again"), 1)
        << stage_.err.str();
    EXPECT_EQ(lines("warning: the table is locked; waiting for it"), 1) << stage_.err.str();
    EXPECT_LT(stage_.world.time - std::chrono::steady_clock::time_point{}, std::chrono::seconds(3));
}

TEST_F(IndexWaits, TheTimeoutBoundsTheOpeningToo) {
    stage_.world.store_errors.assign(100, {ErrorKind::unavailable, "no answer"});
    EXPECT_EQ(run_for(std::chrono::seconds(1)), exit_timed_out);
    EXPECT_EQ(lines("the time of 1.0 s is over"), 1) << stage_.err.str();
    EXPECT_LT(stage_.world.time - std::chrono::steady_clock::time_point{}, std::chrono::seconds(3));
}

TEST_F(IndexWaits, APauseIsReportedWhenItBeginsAndWhenItEnds) {
    stage_.world.pauses = {pause(PauseKind::throttled, "too many requests")};
    stage_.world.on_provider_asked = [this, asked = 0]() mutable {
        if (++asked != 20) return;
        stage_.world.pauses.clear();
        stage_.world.engine.settlements = {{1, 2, 2, 2, 0}};
    };
    ASSERT_EQ(run(), exit_done) << stage_.err.str();
    EXPECT_EQ(lines("waiting: provider '', endpoint 'http://model', is paused for another 10.0 s: throttled: too many"),
              1)
        << stage_.err.str();
    EXPECT_EQ(lines("embedq: continuing after "), 1) << stage_.err.str();
}

TEST_F(IndexWaits, JobsThatWaitForAnotherAttemptAreReportedWithTheirError) {
    set_status(0, 0, JobStatus::pending, "the answer has 0 vectors, expected 2");
    Job& job = *stage_.world.engine.status_lists["default"][0].job;
    job.attempts = 2;
    job.next_run_at = Time(std::chrono::hours(1));
    EXPECT_EQ(run_for(std::chrono::minutes(1)), exit_timed_out);
    EXPECT_EQ(
        lines("waiting: 1 spec waits for another attempt, 'api' at 1970-01-01T01:00:00Z: the answer has 0 vectors, "
              "expected 2"),
        1)
        << stage_.err.str();
}

TEST_F(IndexWaits, AModelThatNobodyHereMakesIsForPeopleUnlessOthersWork) {
    stage_.world.provider.failure = Error{ErrorKind::misconfigured, "it makes others", "run `embedq config apply`"};
    EXPECT_EQ(run(), exit_needs_people);
    EXPECT_THAT(stage_.err.str(), HasSubstr("it makes others; run `embedq config apply`"));
    stage_.world.engine.worker_list.push_back({{"w1", "another-host", 1, "1", 0}, Time{}, Time{}});
    EXPECT_EQ(run_for(std::chrono::minutes(1)), exit_timed_out);
}

TEST(WaitNotice, ALastingWaitCostsALineAMinuteAndAlternatingCausesThree) {
    Stage stage;
    auto now = WaitNotice::Instant{};
    WaitNotice notice(stage.console, [&] { return now; });
    const auto count = [&] {
        const std::string said = stage.err.str();
        stage.err.str("");
        return std::ranges::count(said, '\n');
    };
    for (int i = 0; i < 300; ++i, now += std::chrono::seconds(1)) notice.waits("throttled", std::to_string(i));
    EXPECT_EQ(count(), 5);
    for (int i = 0; i < 300; ++i, now += std::chrono::seconds(1)) {
        notice.waits(i % 2 == 0 ? "throttled" : "unavailable", "reason");
        if (i % 3 == 0) notice.goes_on();
    }
    EXPECT_LE(count(), 30) << "six a minute at most, with those of the ends";
    notice.goes_on();
    notice.goes_on();
    EXPECT_LE(count(), 1);
}

}  // namespace
}  // namespace embedq::cli
