// `embedq doctor` on a sound deployment, of which each test breaks a part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"
#include "cli/present.h"
#include "fake_engine.h"

namespace embedq::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Stage;
using ::testing::StartsWith;

Sha256 hash(unsigned char first) {
    Sha256 all{};
    all[0] = std::byte{first};
    return all;
}

class DoctorTest : public ::testing::Test {
protected:
    DoctorTest() {
        world.plugins.plugins.push_back({.kind = "store", .name = "fake", .build_tag = "gcc-12 api=1"});
        ProviderInfo info;
        info.model = "words";
        info.dimension = 64;
        world.answers.push_back({"lexical", "lexical", info, hash(1), 3ms});
        CatalogInfo catalog;
        catalog.catalog_id = "pets";
        catalog.provider = "lexical";
        catalog.target_profile = hash(1);
        world.engine.catalog_list.push_back(catalog);
        world.engine.health_list.push_back({"pets", 4, 4, 0, 0, 0, 8, 8});
        Profile profile;
        profile.fingerprint = hash(1);
        profile.plugin = "lexical";
        profile.model = "words";
        profile.dimension = 64;
        world.engine.known_profile = profile;
        world.engine.worker_list.push_back({{"w1", "host-1", 42, "1", 2}, world.wall - 1h, world.wall - 5s});
    }

    std::string run(int expected) {
        stage.out.str("");
        EXPECT_EQ(run_doctor(stage.context), expected) << stage.out.str();
        EXPECT_EQ(stage.err.str(), "");
        return stage.out.str();
    }

    Stage stage;
    testing::World& world = stage.world;
};

TEST_F(DoctorTest, ASoundDeploymentInAlignedLines) {
    EXPECT_EQ(run(exit_done),
              "ok     configuration     embedq.yaml\n"
              "ok     plugins           1 plugin: store fake (gcc-12 api=1)\n"
              "ok     store             fake, persistent, may be shared by processes\n"
              "ok     schema            version 3, up to date\n"
              "ok     notifier          bell\n"
              "ok     provider lexical  lexical, model 'words', dimension 64, 1 endpoint, answered in 3 ms\n"
              "ok     catalogs          1 catalog with a configured provider\n"
              "ok     specs             All 4 specs indexed\n"
              "ok     endpoints         none is paused\n"
              "ok     workers           1 worker with a fresh heartbeat\n"
              "\n"
              "0 faults, 0 notes\n");
}

TEST_F(DoctorTest, AProvidersAddressAndLimitsAreThoseInEffect) {
    ProviderInfo& info = *world.answers.front().info;
    info.endpoints = {"https://api.openai.com/v1"};
    info.limits = {.concurrency = 8, .max_inputs = 2048, .max_request_tokens = 300'000, .max_text_tokens = 8191};
    EXPECT_THAT(run(exit_done),
                HasSubstr("dimension 64, https://api.openai.com/v1, 8 calls at a time, at most 2,048 texts, "
                          "300,000 tokens in a request, 8,191 tokens in a text, answered in 3 ms\n"));
    info.endpoints = {"http://a", "http://b", "http://c", "http://d"};
    info.limits = {};
    EXPECT_THAT(run(exit_done), HasSubstr("dimension 64, 4 endpoints, answered in 3 ms\n"));
}

TEST_F(DoctorTest, ABrokenConfigurationIsAFaultForEachLineAndPluginsAreStillChecked) {
    world.examine_failure =
        Failure{exit_usage, {"embedq.yaml:1:1: error: one", "embedq.yaml:2:1: error: two; did you mean 'x'?"}};
    const std::string out = run(exit_failed);
    EXPECT_THAT(out, HasSubstr("fault  configuration  embedq.yaml:1:1: error: one\n"
                               "       hint: correct it, then run `embedq config check`\n"));
    EXPECT_THAT(out, HasSubstr("fault  configuration  embedq.yaml:2:1: error: two; did you mean 'x'?\n"));
    EXPECT_THAT(out, HasSubstr("ok     plugins "));
    EXPECT_THAT(out, HasSubstr("\n2 faults, 0 notes\n"));
}

TEST_F(DoctorTest, WarningsOfTheConfigurationAreNotes) {
    world.warnings = {"embedq.yaml:3:9: warning: a secret is written out"};
    EXPECT_THAT(run(exit_done),
                HasSubstr("note   configuration     embedq.yaml:3:9: warning: a secret is written out\n"));
}

TEST_F(DoctorTest, ARefusedPluginIsAFaultWithTheLoadersHint) {
    world.plugins.refused = {{ErrorKind::misconfigured,
                              "'/p/libembedq_store_x.so' was built by gcc-11, this embedq by gcc-12",
                              "build both alike"}};
    EXPECT_THAT(
        run(exit_failed),
        HasSubstr("fault  plugins           '/p/libembedq_store_x.so' was built by gcc-11, this embedq by gcc-12\n"
                  "       hint: build both alike\n"));
}

TEST_F(DoctorTest, AStoreThatCannotBeMadeDoesNotHideTheRest) {
    world.store_error = Error{ErrorKind::misconfigured, "the store has no 'url'", "give it one"};
    const std::string out = run(exit_failed);
    EXPECT_THAT(out, HasSubstr("fault  store             the store has no 'url'\n       hint: give it one\n"));
    EXPECT_THAT(out, HasSubstr("ok     notifier"));
    EXPECT_THAT(out, HasSubstr("ok     provider lexical"));
    EXPECT_THAT(out, Not(HasSubstr("catalogs")));
}

TEST_F(DoctorTest, AnUnreachableStoreGetsADefaultHint) {
    world.store_findings = fail(ErrorKind::unavailable, "connection refused");
    world.examined_migration = fail(ErrorKind::unavailable, "connection refused");
    const std::string out = run(exit_failed);
    EXPECT_THAT(out, HasSubstr("fault  store             connection refused\n       hint: see that it runs and can be "
                               "reached from here\n"));
    EXPECT_THAT(out, Not(HasSubstr("schema"))) << "the same fault is reported once";
    EXPECT_THAT(out, HasSubstr("1 fault, 0 notes"));
}

TEST_F(DoctorTest, FindingsOfTheStoreAreReported) {
    world.store_findings = std::vector{Finding{FindingLevel::good, "space", "enough"},
                                       Finding{FindingLevel::note, "index", "is bloated", "REINDEX"},
                                       Finding{FindingLevel::fault, "clock", "is an hour\noff", "set it"}};
    const std::string out = run(exit_failed);
    EXPECT_THAT(out, HasSubstr("ok     space             enough\n"
                               "note   index             is bloated\n"
                               "       hint: REINDEX\n"
                               "fault  clock             is an hour off\n"
                               "       hint: set it\n"));
}

TEST_F(DoctorTest, AMissingOlderOrNewerSchemaIsAFaultAndTheStoreIsNotReadFurther) {
    world.examined_migration = MigrationState{0, 3, {"a", "b", "c"}};
    std::string out = run(exit_failed);
    EXPECT_THAT(out, HasSubstr("fault  schema            there is none yet, and this build needs 3\n       hint: run "
                               "`embedq migrate up`"));
    EXPECT_THAT(out, Not(HasSubstr("specs")));
    world.examined_migration = MigrationState{2, 3, {"c"}};
    EXPECT_THAT(run(exit_failed), HasSubstr("version 2, and this build needs 3"));
    world.examined_migration = MigrationState{4, 3, {}};
    EXPECT_THAT(run(exit_failed),
                HasSubstr("version 4, newer than the 3 of this build\n       hint: use the embedq that made it"));
}

TEST_F(DoctorTest, ANotifierThatOnlyPollsIsANote) {
    world.notifier_degraded = std::string("the pooler keeps no sessions");
    EXPECT_THAT(run(exit_done),
                HasSubstr("note   notifier          bell only polls: the pooler keeps no sessions\n       hint: "));
}

TEST_F(DoctorTest, AProviderThatDoesNotAnswerIsAFaultAndItsCatalogsAreNotJudged) {
    world.answers[0].info =
        fail(ErrorKind::unavailable, "provider 'lexical' did not answer within 5.0 s", "see that it runs");
    const std::string out = run(exit_failed);
    EXPECT_THAT(out, HasSubstr("fault  provider lexical  provider 'lexical' did not answer within 5.0 s\n       hint: "
                               "see that it runs\n"));
    EXPECT_THAT(
        out, HasSubstr(
                 "note   catalogs          whether pets can be embedded is not known while lexical does not answer\n"));
}

TEST_F(DoctorTest, ACatalogWithoutAMatchingProviderIsAFault) {
    world.answers[0].fingerprint = hash(2);
    EXPECT_THAT(
        run(exit_failed),
        HasSubstr("fault  catalog pets      its target is plugin 'lexical', model 'words', dimension 64, for which no "
                  "provider is configured\n       hint: configure that provider, or run `embedq config apply`"));
}

TEST_F(DoctorTest, CatalogsWithoutATargetAreNamedWhileEmbeddingIsOn) {
    world.engine.catalog_list[0].target_profile.reset();
    EXPECT_THAT(run(exit_done), HasSubstr("note   catalogs          not embedded: pets\n"));
    world.default_provider = "none";
    const std::string out = run(exit_done);
    EXPECT_THAT(out, Not(HasSubstr("not embedded")));
    EXPECT_THAT(out, HasSubstr("note   embedding         off by default"));
}

TEST_F(DoctorTest, GapsFailedAndParkedSpecsAreCounted) {
    world.engine.health_list[0] = {"pets", 4, 1, 2, 0, 1, 8, 2};
    world.engine.spec_list["a"].spec_name = "a";
    world.engine.spec_list["a"].parked_until = world.wall + 1h;
    world.engine.spec_list["b"].spec_name = "b";
    world.engine.spec_list["b"].parked_until = world.wall - 1h;
    world.engine.spec_page = 1;
    const std::string out = run(exit_done);
    EXPECT_THAT(out, HasSubstr("note   specs             3 specs with texts that are not embedded: 1/4 specs indexed "
                               "(0 running, 2 pending, 1 failed, 0 not indexed)\n"));
    EXPECT_THAT(
        out, HasSubstr("note   failed specs      1 spec\n       hint: `embedq jobs list --status failed` shows why"));
    EXPECT_THAT(out, HasSubstr("note   parked specs      1 spec that"));
}

TEST_F(DoctorTest, OnlySpecsWithoutAJobNeedAWorkerThatStarts) {
    const auto hint = [&](const CatalogHealth& health) {
        world.engine.health_list[0] = health;
        stage.context.json = true;
        for (const Json& each : Json::parse(run(exit_done))["findings"]) {
            if (each["subject"] == "specs") return each.value("hint", "");
        }
        return std::string("no finding");
    };
    EXPECT_THAT(hint({"pets", 4, 1, 1, 1, 0, 8, 2}),
                HasSubstr("when it starts, it enqueues the jobs that are missing"));
    EXPECT_EQ(hint({"pets", 4, 1, 1, 1, 1, 8, 2}),
              "workers embed what has a job; `embedq status --watch` follows them");
    EXPECT_EQ(hint({"pets", 4, 1, 0, 0, 3, 8, 2}), "") << "failed specs have a hint of their own";
}

TEST_F(DoctorTest, APausedEndpointIsNamedWithItsProvider) {
    world.endpoint_states = {{hash(1), "http://one", PauseKind::throttled, 12s, "429 Too Many Requests"},
                             {hash(9), "http://two", PauseKind::unavailable, 1s, ""}};
    const std::string out = run(exit_done);
    EXPECT_THAT(out,
                HasSubstr("note   endpoints         endpoint 'http://one' of provider lexical is paused for another "
                          "12.0 s: throttled: 429 Too Many Requests\n       hint: calls resume by themselves"));
    EXPECT_THAT(out, HasSubstr("endpoint 'http://two' is paused for another 1.0 s: unavailable\n"));
}

TEST_F(DoctorTest, WorkersThatStoppedHeartbeatsWithJobsAreNamed) {
    auto& workers = world.engine.worker_list;
    workers.push_back({{"w2", "host-2", 43, "1", 3}, world.wall - 1h, world.wall - 90s});
    workers.push_back({{"w3", "host-3", 44, "1", 0}, world.wall - 1h, world.wall - 90s});
    workers.push_back({{"w4", "host-4", 45, "1", 3}, world.wall - 96h, world.wall - 72h});
    const std::string out = run(exit_done);
    EXPECT_THAT(
        out,
        HasSubstr(
            "note   workers           w2 (process 43 on host-2) has sent no heartbeat for 1m 30s; it held 3 jobs\n"));
    EXPECT_THAT(out, Not(HasSubstr("w3"))) << "it released its jobs";
    EXPECT_THAT(out, Not(HasSubstr("w4"))) << "long ago";
}

TEST_F(DoctorTest, WhatEndsAPauseDependsOnItsKind) {
    const auto hint = [&](PauseKind kind) {
        world.endpoint_states = {{hash(1), "http://one", kind, 12s, "a reason"}};
        const std::string out = run(exit_done);
        const auto at = out.find("hint: ", out.find("a reason"));
        return out.substr(at, out.find('\n', at) - at);
    };
    EXPECT_THAT(hint(PauseKind::throttled), HasSubstr("resume by themselves"));
    EXPECT_THAT(hint(PauseKind::unavailable), HasSubstr("resume by themselves"));
    EXPECT_THAT(hint(PauseKind::misconfigured), Not(HasSubstr("by themselves")));
    EXPECT_THAT(hint(PauseKind::misconfigured), HasSubstr("somebody must correct"));
}

TEST_F(DoctorTest, JobsThatWaitWhileNoWorkerRunsAreANote) {
    world.engine.worker_list.clear();
    EXPECT_THAT(run(exit_done), HasSubstr("ok     workers           none is running, and no job waits\n"));
    world.engine.health_list[0] = {"pets", 4, 3, 1, 0, 0, 8, 6};
    EXPECT_THAT(
        run(exit_done),
        HasSubstr("note   workers           none is running, and 1 job waits\n       hint: start `embedq worker`"));
}

TEST_F(DoctorTest, JsonHasTheShapeForScripts) {
    stage.context.json = true;
    world.store_findings = std::vector{Finding{FindingLevel::note, "index", "is bloated", "REINDEX"}};
    world.examined_migration = MigrationState{2, 3, {"c"}};
    const Json json = Json::parse(run(exit_failed));
    EXPECT_EQ(json["faults"], 1);
    EXPECT_EQ(json["notes"], 1);
    EXPECT_EQ(json["findings"][0], (Json{{"level", "ok"}, {"subject", "configuration"}, {"found", "embedq.yaml"}}));
    EXPECT_EQ(json["findings"][3],
              (Json{{"level", "note"}, {"subject", "index"}, {"found", "is bloated"}, {"hint", "REINDEX"}}));
    EXPECT_EQ(json["findings"][4]["level"], "fault");
    EXPECT_THAT(json["findings"][4]["hint"].get<std::string>(), StartsWith("run `embedq migrate up`"));
}

}  // namespace
}  // namespace embedq::cli
