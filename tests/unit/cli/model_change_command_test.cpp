// What people see while a catalog's model changes, and the estimate of a change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"
#include "cli/present.h"
#include "endpoints/lost_calls.h"
#include "fake_engine.h"
#include "scheduler/calls_in_flight.h"

namespace embedq::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Stage;

Profile profile(std::uint8_t id, const std::string& model, const std::string& digest, std::size_t dimension) {
    Profile made;
    made.id[0] = std::byte{id};
    made.plugin = "ollama";
    made.model = model;
    made.model_digest = digest;
    made.dimension = dimension;
    return made;
}

// `pets` is ranked by one model and being embedded for another; `cats` is not changing.
void begin_change(Stage& stage) {
    testing::FakeEngine& engine = stage.world.engine;
    const Profile before =
        profile(1, "nomic-embed-text", "sha256:0a109f422b47e3a30ba2b10eca18548e944e8a23073ee3f3e947efcf3c45e59f", 768);
    const Profile after =
        profile(2, "bge-m3", "7907646426070047a77226ac3e684fbbe8410524f7b4a74d02837e43f2146bab", 1024);
    for (const Profile& each : {before, after}) engine.profile_list[each.id] = each;
    CatalogInfo pets;
    pets.catalog_id = "pets";
    pets.provider = "ollama";
    pets.target_profile = after.id;
    pets.serving_profile = before.id;
    CatalogInfo cats = pets;
    cats.catalog_id = "cats";
    cats.target_profile = before.id;
    engine.catalog_list = {cats, pets};
    engine.health_list = {{"cats", 1, 1, 0, 0, 0, 2, 2}, {"pets", 1, 0, 1, 0, 0, 577, 120}};
    Settlement settlement;
    settlement.distinct_texts = 577;
    settlement.vectors = 118;
    settlement.refusals = 2;
    engine.settlements = {settlement};
}

TEST(StatusDuringAChange, BothModelsAreShownWithTheProgress) {
    Stage stage;
    begin_change(stage);
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_THAT(
        stage.out.str(),
        HasSubstr("changing to ollama, model 'bge-m3' (digest 790764642607, 1024 dimensions): 120 of 577 texts\n"
                  "ranked until then by ollama, model 'nomic-embed-text' (digest 0a109f422b47, 768 dimensions)\n"));
    EXPECT_THAT(stage.out.str().substr(0, stage.out.str().find("pets:")), Not(HasSubstr("changing")));
}

TEST(StatusDuringAChange, JsonHasBothOnlyWhileTheyDiffer) {
    Stage stage(true);
    begin_change(stage);
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    const Json json = Json::parse(stage.out.str());
    EXPECT_FALSE(json["catalogs"][0].contains("model_change"));
    const Json& change = json["catalogs"][1]["model_change"];
    EXPECT_EQ(change["target"]["model"], "bge-m3");
    EXPECT_EQ(change["target"]["dimension"], 1024);
    EXPECT_EQ(change["serving"]["model"], "nomic-embed-text");
    EXPECT_EQ(change["serving"]["model_digest"],
              "sha256:0a109f422b47e3a30ba2b10eca18548e944e8a23073ee3f3e947efcf3c45e59f");
    EXPECT_EQ(change["texts"], 577);
    EXPECT_EQ(change["settled"], 120);
}

TEST(CatalogsDuringAChange, ListAndShowPrintBoth) {
    Stage stage;
    begin_change(stage);
    ASSERT_EQ(run_catalogs_list(stage.context), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("nomic-embed-text -> bge-m3, 120 of 577 texts"));
    stage.out.str("");
    ASSERT_EQ(run_catalogs_show(stage.context, "pets"), exit_done);
    EXPECT_THAT(stage.out.str(),
                HasSubstr("embedded for  ollama, model 'bge-m3' (digest 790764642607, 1024 dimensions)\n"));
    EXPECT_THAT(stage.out.str(),
                HasSubstr("changing      120 of 577 texts; ranked by the old model until all are embedded\n"));
    stage.out.str("");
    ASSERT_EQ(run_catalogs_show(stage.context, "cats"), exit_done);
    EXPECT_THAT(stage.out.str(), Not(HasSubstr("changing")));
    stage.context.json = true;
    stage.out.str("");
    ASSERT_EQ(run_catalogs_list(stage.context), exit_done);
    const Json json = Json::parse(stage.out.str());
    EXPECT_FALSE(json["catalogs"][0].contains("model_change"));
    EXPECT_EQ(json["catalogs"][1]["model_change"]["settled"], 120);
}

EmbeddingEstimate work(const std::string& model, std::size_t settled, bool changes) {
    EmbeddingEstimate made;
    made.provider = "ollama";
    made.profile = profile(3, model, "", 768);
    made.changes_target = changes;
    made.texts = 1'337;
    made.settled_texts = settled;
    made.bytes = 1'234'567;
    made.tokens = 308'642;
    made.calls = 21;
    return made;
}

TEST(CatalogsReembed, ADryRunShowsTheEstimateAndChangesNothing) {
    Stage stage;
    stage.world.engine.reembedding = work("model", 0, true);
    stage.world.engine.configured = work("model", 1'337, false);
    ASSERT_EQ(run_catalogs_reembed(stage.context, {.catalog = "pets", .dry_run = true}), exit_done);
    EXPECT_EQ(stage.out.str(),
              "re-embedding with ollama, model 'model' (768 dimensions): 1,337 texts, 0 of them embedded already; "
              "1,337 to embed: 1,234,567 bytes, about 308,642 tokens, 21 calls to 'ollama'\n"
              "nothing was changed\n");
    EXPECT_EQ(stage.world.engine.reembedded, 0U);
    ASSERT_EQ(run_catalogs_reembed(stage.context, {.catalog = "pets"}), exit_done);
    EXPECT_EQ(stage.world.engine.reembedded, 1U);
}

TEST(CatalogsReembed, ADryRunShowsWhatTheConfigurationWouldChange) {
    Stage stage;
    stage.world.engine.reembedding = work("model", 0, true);
    stage.world.engine.configured = work("other", 1'000, true);
    ASSERT_EQ(run_catalogs_reembed(stage.context, {.catalog = "pets", .dry_run = true}), exit_done);
    EXPECT_THAT(stage.out.str(),
                HasSubstr("the configuration asks for ollama, model 'other' (768 dimensions): 1,337 texts, 1,000 of "
                          "them embedded already; 337 to embed: "));
    stage.context.json = true;
    stage.out.str("");
    ASSERT_EQ(run_catalogs_reembed(stage.context, {.catalog = "pets", .dry_run = true}), exit_done);
    const Json json = Json::parse(stage.out.str());
    EXPECT_EQ(json["reembed"]["to_embed"], 1'337);
    EXPECT_EQ(json["configuration"]["to_embed"], 337);
    EXPECT_EQ(json["configuration"]["profile"]["model"], "other");
    EXPECT_EQ(json["reembed"]["tokens"], 308'642);
    EXPECT_EQ(json["reembed"]["calls"], 21);
}

TEST(CatalogsReembed, ADryRunWithoutAnEstimateFails) {
    Stage stage;
    stage.world.engine.estimate_error = Error{ErrorKind::unavailable, "provider 'ollama': connection refused"};
    EXPECT_EQ(run_catalogs_reembed(stage.context, {.catalog = "pets", .dry_run = true}), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("connection refused"));
}

// A stage whose configuration asks for another model for both catalogs.
void ask_for_another_model(Stage& stage) {
    begin_change(stage);
    stage.world.engine.configured = work("bge-m3", 1'000, true);
}

TEST(ConfigApply, ShowsTheEstimatesAndChangesNothingWithoutAYes) {
    Stage stage;
    ask_for_another_model(stage);
    EXPECT_EQ(run_config_apply(stage.context, {}), exit_usage);
    EXPECT_THAT(
        stage.out.str(),
        HasSubstr("pets to ollama, model 'bge-m3' (768 dimensions): 1,337 texts, 1,000 of them embedded already; 337 "
                  "to embed: 1,234,567 bytes, about 308,642 tokens, 21 calls to 'ollama'\n"));
    EXPECT_THAT(stage.err.str(), HasSubstr("would change 2 catalogs; nothing was changed; --yes confirms it"));
    EXPECT_EQ(stage.world.configurations_applied, 0U);
    EXPECT_EQ(run_config_apply(stage.context, {.yes = true}), exit_done);
    EXPECT_EQ(stage.world.configurations_applied, 1U);
    EXPECT_THAT(stage.out.str(), HasSubstr("2 catalogs changed"));
}

TEST(ConfigApply, AsksOnATerminal) {
    Stage stage;
    ask_for_another_model(stage);
    stage.context.input_is_terminal = true;
    std::istringstream no("n\n");
    stage.context.input = &no;
    EXPECT_EQ(run_config_apply(stage.context, {}), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("Change 2 catalogs? [y/N]"));
    EXPECT_EQ(stage.world.configurations_applied, 0U);
    std::istringstream yes("y\n");
    stage.context.input = &yes;
    EXPECT_EQ(run_config_apply(stage.context, {}), exit_done);
    EXPECT_EQ(stage.world.configurations_applied, 1U);
}

TEST(ConfigApply, JsonHasTheEstimates) {
    Stage stage(true);
    ask_for_another_model(stage);
    EXPECT_EQ(run_config_apply(stage.context, {.yes = true}), exit_done);
    const Json json = Json::parse(stage.out.str());
    EXPECT_EQ(json["applied"], true);
    EXPECT_EQ(json["changes"][1]["catalog_id"], "pets");
    EXPECT_EQ(json["changes"][1]["estimate"]["calls"], 21);
}

TEST(ConfigApply, WhatTheConfigurationAsksForIsNotChanged) {
    Stage stage;
    begin_change(stage);
    EXPECT_EQ(run_config_apply(stage.context, {}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("nothing to change"));
    EXPECT_EQ(stage.world.configurations_applied, 0U);
}

TEST(StatusOfAPause, IsShownOnceWithTheTimeAndNotForEachSpec) {
    Stage stage;
    begin_change(stage);
    for (const char* spec : {"one", "two"}) {
        SpecStatus status{spec, 2, 0, 0, Job{}};
        status.job->status = JobStatus::pending;
        status.job->last_error = "provider 'ollama' is paused";
        stage.world.engine.status_lists["cats"].push_back(status);
    }
    stage.world.endpoint_states = {
        {Sha256{}, "http://gpu", PauseKind::throttled, std::chrono::seconds(42), "too many requests"}};
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("provider 'ollama', endpoint 'http://gpu', is paused for another 42.0 s: "
                                           "throttled: too many requests\n"));
    EXPECT_THAT(stage.out.str(), Not(HasSubstr("provider 'ollama' is paused"))) << "not for each spec";
    stage.context.json = true;
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    const Json json = Json::parse(stage.out.str());
    ASSERT_EQ(json["pauses"].size(), 1U);
    EXPECT_EQ(json["pauses"][0]["provider"], "ollama");
    EXPECT_EQ(json["pauses"][0]["kind"], "throttled");
    EXPECT_EQ(json["pauses"][0]["seconds"], 42.0);
}

TEST(StatusOfANewCatalog, NamesTheProviderThatItWaitsFor) {
    Stage stage;
    begin_change(stage);
    stage.world.engine.catalog_list[0].target_profile.reset();
    stage.world.engine.catalog_list[0].serving_profile.reset();
    stage.world.provider.name = "p";
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("waits for provider 'p', which has not answered yet"));
    stage.context.json = true;
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_EQ(Json::parse(stage.out.str())["catalogs"][0]["waits_for_provider"], "p");
}

TEST(JobsShow, APendingJobSaysWhatItWaitsFor) {
    Stage stage;
    begin_change(stage);
    Job job;
    job.id = 7;
    job.catalog_id = "cats";
    job.spec_name = "one";
    stage.world.engine.job_list = {job};
    const auto shown = [&] {
        stage.out.str("");
        EXPECT_EQ(run_jobs_show(stage.context, 7), exit_done) << stage.err.str();
        return stage.out.str();
    };
    EXPECT_THAT(shown(), HasSubstr("waits_for         a worker\n"));
    stage.world.engine.job_list[0].attempts = 1;
    stage.world.engine.job_list[0].next_run_at = Time(std::chrono::hours(1));
    EXPECT_THAT(shown(), HasSubstr("waits_for         its next attempt at 1970-01-01T01:00:00Z\n"));
    stage.world.endpoint_states = {
        {Sha256{}, "ollama", PauseKind::misconfigured, std::chrono::seconds(42), "the quota is spent"}};
    EXPECT_THAT(shown(),
                HasSubstr("waits_for         provider 'ollama' is paused for another 42.0 s: misconfigured: the "
                          "quota is spent\n"));
    stage.context.json = true;
    EXPECT_EQ(Json::parse(shown())["pause"]["reason"], "the quota is spent");
    stage.world.engine.job_list[0].status = JobStatus::running;
    EXPECT_FALSE(Json::parse(shown()).contains("pause"));
}

TEST(StatusCommand, AnEndpointThatLosesCallsIsShownAndNothingWaitsForIt) {
    Stage stage;
    begin_change(stage);
    Job job;
    job.id = 7;
    job.catalog_id = "cats";
    stage.world.engine.job_list = {job};
    stage.world.endpoint_states = {{Sha256{}, "http://gpu" + std::string(endpoints::lost_calls_suffix),
                                    PauseKind::unavailable, std::chrono::seconds(15), "6 of the last 30 calls: reset"}};
    ASSERT_EQ(run_status(stage.context, {}), exit_done) << stage.err.str();
    EXPECT_THAT(stage.out.str(), HasSubstr("provider 'ollama', endpoint 'http://gpu', loses calls, and the work goes "
                                           "on: 6 of the last 30 calls: reset\n"));
    stage.out.str("");
    ASSERT_EQ(run_jobs_show(stage.context, 7), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("waits_for         a worker\n"));
    stage.context.json = true;
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    const Json shown = Json::parse(stage.out.str());
    ASSERT_TRUE(shown.contains("losses"));
    EXPECT_EQ(
        shown["losses"],
        (Json{{{"provider", "ollama"}, {"endpoint", "http://gpu"}, {"reason", "6 of the last 30 calls: reset"}}}));
    EXPECT_FALSE(shown.contains("pauses"));
}

TEST(JobsShow, ARunningJobNamesTheOverdueCallOfItsProvider) {
    Stage stage;
    begin_change(stage);
    Job job;
    job.id = 7;
    job.catalog_id = "cats";
    job.status = JobStatus::running;
    stage.world.engine.job_list = {job};
    const EndpointState overdue{Sha256{}, "http://gpu" + std::string(scheduler::overdue_call_suffix),
                                PauseKind::unavailable, std::chrono::seconds(15), "not answered since noon"};
    stage.world.endpoint_states = {overdue};
    ASSERT_EQ(run_jobs_show(stage.context, 7), exit_done) << stage.err.str();
    const std::string words =
        "provider 'ollama', endpoint 'http://gpu', has an overdue call: not answered since noon\n";
    EXPECT_THAT(stage.out.str(), HasSubstr("waits_for         " + words));
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr(words));
    stage.context.json = true;
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    const Json shown = Json::parse(stage.out.str())["pauses"][0];
    EXPECT_EQ(shown["endpoint"], "http://gpu");
    EXPECT_TRUE(shown.value("overdue_call", false));
}

TEST(SearchCommand, AnswersEachLineOfStandardInput) {
    Stage stage(true);
    std::istringstream lines("first question\n\n  \nsecond question\n");
    stage.context.input = &lines;
    stage.world.engine.search_response.fallback_reason = "provider_unavailable";
    stage.world.engine.search_response.fallback_detail = "connection refused";
    ASSERT_EQ(run_search(stage.context, {.query = "-", .catalog = "pets"}), exit_done);
    std::istringstream answers(stage.out.str());
    std::string line;
    std::vector<std::string> queries;
    while (std::getline(answers, line)) {
        const Json json = Json::parse(line);
        queries.push_back(json["query"]);
        EXPECT_EQ(json["fallback_detail"], "connection refused");
    }
    EXPECT_EQ(queries, (std::vector<std::string>{"first question", "second question"}));
    EXPECT_EQ(stage.world.engine.last_search.catalog_id, "pets");
}

TEST(ServeAndWorker, OnlyAWorkerLeavesTheTargetsAlone) {
    Stage serving;
    ASSERT_EQ(run_serve(serving.context), exit_done);
    EXPECT_TRUE(serving.world.follows_providers);
    Stage working;
    ASSERT_EQ(run_worker(working.context), exit_done);
    EXPECT_TRUE(working.world.started);
    EXPECT_FALSE(working.world.follows_providers);
}

}  // namespace
}  // namespace embedq::cli
