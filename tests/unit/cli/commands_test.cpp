#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <istream>
#include <sstream>
#include <streambuf>
#include <utility>

#include "cli/present.h"
#include "fake_engine.h"

namespace embedq::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Stage;
using ::testing::StartsWith;
using testing::World;

void add_catalog(Stage& stage, std::size_t specs) {
    stage.world.engine.health_list.push_back({"pets", specs, specs, 0, 0, 0, 2 * specs, 2 * specs});
    for (std::size_t i = 0; i < specs; ++i) {
        stage.world.engine.status_lists["pets"].push_back({"spec-" + std::to_string(i), 2, 2, 0, std::nullopt});
    }
}

TEST(StatusCommand, JsonHasTheShapeForScripts) {
    Stage stage(true);
    add_catalog(stage, 1);
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_EQ(
        stage.out.str(),
        R"({"catalogs":[{"catalog_id":"pets","specs_total":1,"specs_indexed":1,"specs_pending":0,"specs_running":0,"specs_failed":0,"specs_not_indexed":0,)"
        R"("operation_count":2,"embedding_count":2,"operations_left_out":0}]})"
        "\n");
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {.catalog = "pets"}), exit_done);
    const Json json = Json::parse(stage.out.str());
    ASSERT_EQ(json["specs"].size(), 1);
    EXPECT_EQ(json["specs"][0]["badge"], "2/2 indexed");
}

TEST(StatusCommand, ManySpecsAreListedOnlyWhenTheirCatalogIsNamed) {
    Stage stage;
    add_catalog(stage, 60);
    stage.world.engine.status_lists["pets"][7].embedding_count = 0;
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("spec-7  not indexed"));
    EXPECT_THAT(stage.out.str(), Not(HasSubstr("spec-8 ")));
    EXPECT_THAT(stage.out.str(), HasSubstr("59 more up to date"));
    EXPECT_THAT(stage.out.str(), HasSubstr("All 60 specs indexed"));
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {.catalog = "pets"}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("spec-8 "));
}

TEST(StatusCommand, ManySpecsThatAreAllUpToDateAreNotMoreThanOthers) {
    Stage stage;
    add_catalog(stage, 60);
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("\n60 specs up to date (embedq status pets lists all)\n"));
}

TEST(StatusCommand, SaysThatSpecsWaitWhileNoWorkerRuns) {
    using std::chrono::seconds;
    Stage stage;
    add_catalog(stage, 3);
    CatalogHealth& health = stage.world.engine.health_list[0];
    health.specs_indexed = 1;
    health.specs_pending = 2;
    stage.world.engine.worker_list = {{{}, {}, stage.world.wall - seconds(21)}};  // longer ago than a lease
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_THAT(stage.out.str(), StartsWith("no worker is running, and 2 specs wait: embedq worker or embedq serve "
                                            "starts one\n\npets: "));
    stage.context.json = true;
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_EQ(Json::parse(stage.out.str())["specs_without_worker"], 2);

    stage.world.engine.worker_list.push_back({{}, {}, stage.world.wall - seconds(19)});
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_FALSE(Json::parse(stage.out.str()).contains("specs_without_worker"));
    stage.world.engine.worker_list.clear();
    health.specs_running = std::exchange(health.specs_pending, 0);
    stage.out.str("");
    ASSERT_EQ(run_status(stage.context, {}), exit_done);
    EXPECT_FALSE(Json::parse(stage.out.str()).contains("specs_without_worker")) << "a worker has them";
}

TEST(CatalogsCommand, ACatalogThatWaitsForItsProviderNamesIt) {
    Stage stage;
    stage.world.engine.catalog_list.emplace_back().catalog_id = "pets";
    stage.world.provider.name = "hosted";
    stage.world.engine.health_list = {{"pets", 1, 0, 0, 0, 0, 2, 0}};
    ASSERT_EQ(run_catalogs_show(stage.context, "pets"), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("provider      hosted (has not answered yet)\n"));
    ASSERT_EQ(run_catalogs_list(stage.context), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("pets     0      hosted (has not answered yet)"));
    stage.context.json = true;
    stage.out.str("");
    ASSERT_EQ(run_catalogs_list(stage.context), exit_done);
    EXPECT_EQ(Json::parse(stage.out.str())["catalogs"][0]["waits_for_provider"], "hosted");
    stage.world.engine.catalog_list[0].serving_profile = Sha256{};  // embedding was turned off
    stage.out.str("");
    ASSERT_EQ(run_catalogs_list(stage.context), exit_done);
    EXPECT_FALSE(Json::parse(stage.out.str())["catalogs"][0].contains("waits_for_provider"));
}

// Every command that takes the name of a catalog or of a spec.
TEST(UnknownNames, AreAnsweredByTheNearestNameAndTheCommandThatListsAll) {
    Stage stage;
    stage.world.engine.catalog_list.emplace_back().catalog_id = "pets";
    add_catalog(stage, 1);
    stage.world.engine.spec_list["orders"].spec_name = "orders";
    const auto answer = [&](int status) {
        EXPECT_EQ(status, exit_failed);
        const std::string said = stage.err.str();
        stage.err.str("");
        return said;
    };
    const std::string catalog =
        "embedq: there is no catalog 'pest', did you mean 'pets'?; embedq catalogs list shows all catalogs\n";
    const std::string spec =
        "embedq: catalog 'pets' has no spec 'oders', did you mean 'orders'?; "
        "embedq specs list --catalog pets shows all specs\n";
    EXPECT_EQ(answer(run_status(stage.context, {.catalog = "pest"})), catalog);
    EXPECT_EQ(answer(run_catalogs_show(stage.context, "pest")), catalog);
    EXPECT_EQ(answer(run_catalogs_delete(stage.context, {.catalog = "pest", .yes = true})), catalog);
    EXPECT_EQ(answer(run_specs_show(stage.context, {.catalog = "pest", .spec = "oders"})), catalog);
    EXPECT_EQ(answer(run_specs_refresh(stage.context, {.catalog = "pest"})), catalog);
    EXPECT_EQ(answer(run_specs_show(stage.context, {.catalog = "pets", .spec = "oders"})), spec);
    EXPECT_EQ(answer(run_specs_delete(stage.context, {.catalog = "pets", .spec = "oders", .yes = true})), spec);
    EXPECT_EQ(answer(run_specs_show(stage.context, {.catalog = "pets", .spec = "invoices"})),
              "embedq: catalog 'pets' has no spec 'invoices'; embedq specs list --catalog pets shows all specs\n");
}

TEST(StatusCommand, AnUnknownCatalogFails) {
    Stage stage(true);
    EXPECT_EQ(run_status(stage.context, {.catalog = "cats"}), exit_failed);
    EXPECT_EQ(stage.err.str(), "embedq: there is no catalog 'cats'; embedq catalogs list shows all catalogs\n");
    EXPECT_EQ(stage.out.str(), "");
}

TEST(StatusCommand, WatchPrintsOnlyChangesAndEndsOnTheSignal) {
    Stage stage(true);
    add_catalog(stage, 1);
    stage.world.waits_until_stop = 5;
    ASSERT_EQ(run_status(stage.context, {.watch = true}), exit_done);
    const std::string text = stage.out.str();
    EXPECT_EQ(std::ranges::count(text, '\n'), 1);
}

// A catalog in which something happens before each look.
void add_work(Stage& stage) {
    auto& engine = stage.world.engine;
    engine.health_list.push_back({"pets", 3, 0, 2, 1, 0, 3'000, 1'000});
    const auto add = [&](const char* name, JobStatus status) {
        engine.status_lists["pets"].push_back({name, 1'000, 0, 0, Job{}});
        engine.status_lists["pets"].back().job->status = status;
    };
    add("a", JobStatus::pending);
    add("b", JobStatus::pending);
    add("c", JobStatus::running);
}

TEST(StatusCommand, WatchWithoutATerminalPrintsWhatChanged) {
    Stage stage;
    add_work(stage);
    stage.world.waits_until_stop = 3;
    int looks = 0;
    stage.world.engine.when_health_is_read = [&] {
        auto& engine = stage.world.engine;
        if (++looks != 2) return;
        engine.health_list[0] = {"pets", 3, 0, 1, 1, 1, 3'000, 1'000};
        engine.status_lists["pets"][0].job->status = JobStatus::failed;
        engine.status_lists["pets"][0].job->last_error = "no";
    };
    ASSERT_EQ(run_status(stage.context, {.watch = true}), exit_done);
    EXPECT_EQ(stage.out.str(),
              "no worker is running, and 2 specs wait: embedq worker or embedq serve starts one\n"
              "pets: 0/3 specs indexed (1 running, 2 pending, 0 failed, 0 not indexed), 1,000/3,000 operations "
              "embedded\n"
              "pets/a: failed: no\n"
              "pets: 0/3 specs indexed (1 running, 1 pending, 1 failed, 0 not indexed), 1,000/3,000 operations "
              "embedded\n");
}

TEST(StatusCommand, WatchOnATerminalHasAScreenOfItsOwnAndLeavesIt) {
    Stage stage(false, {.out = true, .columns = 60});
    add_work(stage);
    stage.world.waits_until_stop = 2;
    stage.world.engine.when_health_is_read = [&] {
        // 500 a second: the fake's second passes between the looks.
        stage.world.engine.health_list[0].embedding_count += 500;
    };
    ASSERT_EQ(run_status(stage.context, {.watch = true}), exit_done);
    const std::string text = stage.out.str();
    EXPECT_TRUE(text.starts_with("\x1b[?1049h\x1b[?25l\x1b[H")) << text;
    EXPECT_TRUE(text.ends_with("\x1b[J\x1b[?25h\x1b[?1049l")) << text;
    const auto second = text.substr(text.rfind("\x1b[H"));
    const auto totals = second.find("pets: 0/3 specs");
    const auto rate = second.find("500/s, ");
    const auto running = second.find("pets/c");
    const auto pending = second.find("pets/a");
    EXPECT_LT(totals, rate) << second;
    EXPECT_LT(rate, running) << second;
    EXPECT_LT(running, pending) << second;
    EXPECT_LT(pending, second.size()) << second;
}

TEST(SearchCommand, JsonHasTheShapeForScripts) {
    Stage stage(true);
    stage.world.engine.search_response.ranking = RankingMode::lexical;
    stage.world.engine.search_response.fallback_reason = "embeddings_not_indexed";
    stage.world.engine.search_response.hits.push_back({"pets", "store", "listPets", "GET", "/pets", "Lists pets", 0.5});
    ASSERT_EQ(run_search(stage.context, {.query = "pets"}), exit_done);
    EXPECT_EQ(
        stage.out.str(),
        R"({"ranking":"lexical","fallback_reason":"embeddings_not_indexed","results":[{"catalog_id":"pets","spec_name":"store",)"
        R"("operation_id":"listPets","method":"GET","path":"/pets","summary":"Lists pets","score":0.5}]})"
        "\n");
}

TEST(SearchCommand, TextSaysWhichRankingRanAndWhy) {
    Stage stage;
    stage.world.engine.search_response.fallback_reason = "embeddings_not_indexed";
    stage.world.engine.search_response.fallback_detail = "no operation has a vector yet";
    stage.world.engine.search_response.hits.push_back(
        {"pets", "store", "listPets", "GET", "/pets", "Lists\x1b[2J pets", 0.5});
    ASSERT_EQ(run_search(stage.context, {.query = "pets"}), exit_done);
    EXPECT_THAT(stage.err.str(),
                HasSubstr("lexical instead of hybrid: no operation has a vector yet (embeddings_not_indexed)"));
    EXPECT_THAT(stage.out.str(), HasSubstr("GET /pets"));
    EXPECT_THAT(stage.out.str(), Not(HasSubstr("\x1b")));
}

TEST(JobsCommand, ListPagesByCursor) {
    Stage stage(true);
    for (JobId id = 5; id >= 1; --id) {
        Job job;
        job.id = id;
        stage.world.engine.job_list.push_back(job);
    }
    std::vector<JobId> seen;
    std::optional<JobId> cursor;
    do {
        stage.out.str("");
        ASSERT_EQ(run_jobs_list(stage.context, {.cursor = cursor, .limit = 2}), exit_done);
        const Json page = Json::parse(stage.out.str());
        for (const Json& job : page["jobs"]) seen.push_back(job["id"]);
        cursor.reset();
        if (!page["next_cursor"].is_null()) cursor = std::stoll(page["next_cursor"].get<std::string>());
    } while (cursor);
    EXPECT_EQ(seen, (std::vector<JobId>{5, 4, 3, 2, 1}));
}

TEST(JobsCommand, TheCommandOfTheNextPageHasTheSameFilters) {
    Stage stage;
    for (JobId id = 5; id >= 1; --id) {
        Job& job = stage.world.engine.job_list.emplace_back();
        job.id = id;
        job.catalog_id = "pets";
        job.spec_name = "cats";
        job.status = JobStatus::failed;
    }
    ASSERT_EQ(
        run_jobs_list(stage.context, {.catalog = "pets", .spec = "cats", .status = JobStatus::failed, .limit = 2}),
        exit_done);
    EXPECT_EQ(stage.err.str(),
              "more: embedq jobs list --catalog pets --spec cats --status failed --limit 2 --cursor 4\n");
}

TEST(JobsCommand, AFullLastPageHasNoCursor) {
    Stage stage(true);
    stage.world.engine.job_list.resize(1);
    ASSERT_EQ(run_jobs_list(stage.context, {.limit = 1}), exit_done);
    EXPECT_TRUE(Json::parse(stage.out.str())["next_cursor"].is_null());
}

Job job_of(JobId id, std::string catalog, std::string spec) {
    Job job;
    job.id = id;
    job.catalog_id = std::move(catalog);
    job.spec_name = std::move(spec);
    return job;
}

TEST(JobsCommand, AnUnknownCatalogFails) {
    Stage stage;
    EXPECT_EQ(run_jobs_list(stage.context, {.catalog = "nosuch"}), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("there is no catalog 'nosuch'"));
    EXPECT_THAT(stage.err.str(), HasSubstr("embedq catalogs list"));
    EXPECT_EQ(stage.out.str(), "");
}

TEST(JobsCommand, AnUnknownSpecFails) {
    Stage stage;
    stage.world.engine.catalog_list.emplace_back().catalog_id = "pets";
    add_catalog(stage, 1);
    EXPECT_EQ(run_jobs_list(stage.context, {.catalog = "pets", .spec = "nope"}), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("there is no spec 'nope' in catalog 'pets'"));
    EXPECT_EQ(run_jobs_list(stage.context, {.catalog = "pets", .spec = "spec-0"}), exit_done);
    EXPECT_EQ(stage.out.str(), "No jobs\n");
}

TEST(JobsCommand, TheHistoryOfADeletedCatalogStays) {
    Stage stage;
    stage.world.engine.job_list = {job_of(2, "gone", "spec")};
    EXPECT_EQ(run_jobs_list(stage.context, {.catalog = "gone"}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("gone/spec"));
    stage.out.str("");
    // No job matches the filter, but the catalog did exist.
    EXPECT_EQ(run_jobs_list(stage.context, {.catalog = "gone", .status = JobStatus::failed}), exit_done);
    EXPECT_EQ(stage.out.str(), "No jobs\n");
}

TEST(JobsCommand, AnUnknownSpecIsAnErrorAlsoWithoutACatalog) {
    Stage stage;
    stage.world.engine.catalog_list = {{.catalog_id = "pets"}, {.catalog_id = "shop"}};
    stage.world.engine.status_lists["shop"].push_back({"known", 2, 2, 0, std::nullopt});
    EXPECT_EQ(run_jobs_list(stage.context, {.spec = "nope"}), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("there is no spec 'nope' in any catalog, and no job for it"));
    EXPECT_EQ(stage.out.str(), "");
    EXPECT_EQ(run_jobs_list(stage.context, {.spec = "known"}), exit_done);
    EXPECT_EQ(stage.out.str(), "No jobs\n");
}

TEST(SpecsCommand, ListsOneState) {
    Stage stage;
    for (const char* name : {"a", "b"}) stage.world.engine.spec_list[name].spec_name = name;
    stage.world.engine.status_lists["default"] = {{"a", 2, 2, 0, std::nullopt}, {"b", 2, 1, 0, std::nullopt}};
    ASSERT_EQ(run_specs_list(stage.context, {.state = SpecState::indexed}), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("a     2/2 indexed"));
    EXPECT_THAT(stage.out.str(), Not(HasSubstr("not indexed")));
    stage.out.str("");
    ASSERT_EQ(run_specs_list(stage.context, {.state = SpecState::failed}), exit_done);
    EXPECT_EQ(stage.out.str(), "No specs in this state\n");
}

TEST(SearchCommand, HitsThatAreTheSameAreOneRow) {
    Stage stage;
    for (const char* spec : {"a", "b", "c"})
        stage.world.engine.search_response.hits.push_back({"pets", spec, "list", "GET", "/pets", "Lists pets", 0.5});
    stage.world.engine.search_response.hits.push_back({"pets", "d", "drop", "DELETE", "/pets", "Drops pets", 0.25});
    ASSERT_EQ(run_search(stage.context, {.query = "pets", .limit = 2}), exit_done);
    EXPECT_EQ(stage.out.str(),
              "#  SCORE  OPERATION     SPEC    ALSO IN       SUMMARY\n"
              "1  0.500  GET /pets     pets/a  2 more specs  Lists pets\n"
              "2  0.250  DELETE /pets  pets/d                Drops pets\n");
}

TEST(SearchCommand, AnswersStandBehindTheirQuestions) {
    Stage stage;
    std::istringstream questions("first\n\nsecond\n");
    stage.context.input = &questions;
    ASSERT_EQ(run_search(stage.context, {.query = "-"}), exit_done);
    EXPECT_EQ(stage.out.str(), "first\nno operation matches\nsecond\nno operation matches\n");
}

// Each command that deletes or cancels, with what it counts before it asks.
struct Destructive {
    const char* name;
    std::function<int(CommandContext&, bool)> run;
    const char* act;
};

const std::vector<Destructive>& destructive_commands() {
    static const std::vector<Destructive> all{
        {"catalogs delete",
         [](CommandContext& context, bool yes) {
             return run_catalogs_delete(context, {.catalog = "pets", .yes = yes});
         },
         "delete the catalog 'pets' with 3 specs and 6 operations"},
        {"specs delete",
         [](CommandContext& context, bool yes) {
             return run_specs_delete(context, {.catalog = "pets", .spec = "spec-1", .yes = yes});
         },
         "delete the spec 'spec-1' of the catalog 'pets' with 0 operations"},
        {"jobs cancel",
         [](CommandContext& context, bool yes) { return run_jobs_cancel(context, {.jobs = {1, 2, 3}, .yes = yes}); },
         "cancel 2 jobs"},
        {"jobs prune", [](CommandContext& context, bool yes) { return run_jobs_prune(context, {.yes = yes}); },
         "delete 1 finished job that ended more than 336h 00m ago"},
    };
    return all;
}

void add_jobs(Stage& stage) {
    for (const JobId id : {3, 2, 1}) {
        Job job;
        job.id = id;
        job.status = id == 3 ? JobStatus::succeeded : JobStatus::pending;
        if (id == 3) job.completed_at = Time{std::chrono::seconds(1)};
        stage.world.engine.job_list.push_back(job);
    }
}

TEST(DestructiveCommand, WithNobodyToAskItIsRefusedWithTheCount) {
    for (const auto& [name, run, act] : destructive_commands()) {
        Stage stage;
        add_catalog(stage, 3);
        add_jobs(stage);
        EXPECT_EQ(run(stage.context, false), exit_usage) << name;
        EXPECT_EQ(stage.err.str(), "embedq: would " + std::string(act) + "; nothing was changed; --yes confirms it\n");
        EXPECT_EQ(stage.world.engine.destroyed + stage.world.engine.cancelled.size(), 0U) << name;
        EXPECT_EQ(run(stage.context, true), exit_done) << name;
        EXPECT_GT(stage.world.engine.destroyed + stage.world.engine.cancelled.size(), 0U) << name;
    }
}

// Reads a yes, after another process has written.
class LateAnswer : public std::streambuf {
public:
    explicit LateAnswer(std::function<void()> before) : before_(std::move(before)) {}

protected:
    int_type underflow() override {
        if (const auto before = std::exchange(before_, {})) before();
        setg(answer_.data(), answer_.data(), answer_.data() + answer_.size());
        return traits_type::to_int_type(answer_.front());
    }

private:
    std::function<void()> before_;
    std::string answer_ = "y\n";
};

TEST(DestructiveCommand, WhatIsWrittenDuringTheQuestionIsNotDeleted) {
    for (const bool whole : {true, false}) {
        Stage stage;
        add_catalog(stage, 3);
        SpecInfo info;
        info.spec_name = "spec-1";
        info.generation = 1;
        stage.world.engine.spec_list["spec-1"] = info;
        stage.world.engine.catalog_version = {.specs = 1};
        LateAnswer answer([&] {
            stage.world.engine.spec_list["spec-1"].generation = 2;
            stage.world.engine.catalog_version.written_at += std::chrono::seconds(1);
        });
        std::istream input(&answer);
        stage.context.input = &input;
        stage.context.input_is_terminal = true;
        const int status = whole ? run_catalogs_delete(stage.context, {.catalog = "pets"})
                                 : run_specs_delete(stage.context, {.catalog = "pets", .spec = "spec-1"});
        EXPECT_EQ(status, exit_failed);
        EXPECT_EQ(stage.world.engine.destroyed, 0U);
        EXPECT_THAT(stage.err.str(), HasSubstr("was written since it was looked at"));
    }
}

TEST(DestructiveCommand, AtATerminalItAsks) {
    for (const auto& [name, run, act] : destructive_commands()) {
        for (const std::string answer : {"y", "yes", "n", "", "please"}) {
            Stage stage;
            add_catalog(stage, 3);
            add_jobs(stage);
            std::istringstream input(answer + "\n");
            stage.context.input = &input;
            stage.context.input_is_terminal = true;
            const bool agreed = answer.starts_with('y');
            EXPECT_EQ(run(stage.context, false), agreed ? exit_done : exit_failed) << name << answer;
            EXPECT_THAT(stage.err.str(), HasSubstr(std::string(act).substr(1) + "? [y/N]")) << name;
            EXPECT_EQ(stage.world.engine.destroyed + stage.world.engine.cancelled.size() > 0, agreed) << name;
        }
    }
}

TEST(SearchCommand, AnEmptyQuestionIsBadUsage) {
    for (const char* query : {"", "   ", "\t\n"}) {
        Stage stage;
        EXPECT_EQ(run_search(stage.context, {.query = query}), exit_usage);
        EXPECT_THAT(stage.err.str(), HasSubstr("the question is empty"));
    }
}

TEST(JobsCommand, AnUnknownJobFailsAndCancelsNothing) {
    Stage stage;
    EXPECT_EQ(run_jobs_show(stage.context, 9), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("there is no job 9"));
    EXPECT_EQ(run_jobs_cancel(stage.context, {.jobs = {9}}), exit_failed);
    EXPECT_TRUE(stage.world.engine.cancelled.empty());
}

TEST(JobsCommand, RetriesEachJob) {
    Stage stage;
    ASSERT_EQ(run_jobs_retry(stage.context, {3, 4}), exit_done);
    EXPECT_EQ(stage.world.engine.retried, (std::vector<JobId>{3, 4}));
    EXPECT_EQ(stage.out.str(), "job 3: a new job is queued\njob 4: a new job is queued\n");
}

TEST(ConfigCommand, CheckReportsEveryFaultAndExits2) {
    Stage stage;
    stage.world.checked.errors = {"f.yaml:1:2: error: first", "f.yaml:3:4: error: second"};
    EXPECT_EQ(run_config_check(stage.context), exit_usage);
    EXPECT_EQ(stage.err.str(), "embedq: f.yaml:1:2: error: first\nembedq: f.yaml:3:4: error: second\n");
    EXPECT_EQ(stage.out.str(), "");
}

TEST(AnyCommand, AConfigurationThatDoesNotLoadExits2) {
    Stage stage;
    stage.world.open_failure = Failure{exit_usage, {"f.yaml:1:2: error: first"}};
    EXPECT_EQ(run_status(stage.context, {}), exit_usage);
    EXPECT_EQ(stage.err.str(), "embedq: f.yaml:1:2: error: first\n");
}

// What a command does with the store decides whether the store may be read-only, and whether the schema is migrated.
TEST(AnyCommand, ReadsUnlessItSaysThatItWrites) {
    using Run = std::function<int(CommandContext&)>;
    const auto use_of = [](const Run& run) {
        Stage stage;
        stage.world.open_failure = Failure{exit_failed, {"no"}};
        EXPECT_EQ(run(stage.context), exit_failed);
        EXPECT_EQ(stage.world.uses.size(), 1U);
        return stage.world.uses.at(0);
    };
    const std::vector<Run> reads{[](auto& c) { return run_status(c, {}); },
                                 [](auto& c) { return run_search(c, {.query = "q"}); },
                                 [](auto& c) { return run_jobs_list(c, {}); },
                                 [](auto& c) { return run_jobs_show(c, 1); },
                                 run_catalogs_list,
                                 [](auto& c) { return run_catalogs_show(c, "pets"); },
                                 [](auto& c) { return run_catalogs_reembed(c, {"pets", true}); },
                                 [](auto& c) { return run_specs_list(c, {}); },
                                 [](auto& c) { return run_specs_show(c, {}); },
                                 [](auto& c) { return run_index(c, {.check = true}); },
                                 run_workers_list};
    const std::vector<Run> writes{[](auto& c) { return run_jobs_retry(c, {}); },
                                  [](auto& c) { return run_jobs_cancel(c, {}); },
                                  [](auto& c) { return run_jobs_prune(c, {}); },
                                  [](auto& c) { return run_catalogs_reembed(c, {"pets", false}); },
                                  [](auto& c) { return run_catalogs_clone(c, {}); },
                                  [](auto& c) { return run_catalogs_delete(c, {.catalog = "pets"}); },
                                  [](auto& c) { return run_specs_refresh(c, {}); },
                                  [](auto& c) { return run_specs_reembed(c, {}); },
                                  [](auto& c) { return run_specs_delete(c, {}); },
                                  [](auto& c) { return run_config_apply(c, {}); }};
    for (const Run& run : reads) EXPECT_EQ(use_of(run), StoreUse::read);
    for (const Run& run : writes) EXPECT_EQ(use_of(run), StoreUse::write);
    for (const Run& run : {Run(run_worker), Run(run_serve), Run([](auto& c) { return run_index(c, {}); }),
                           Run([](auto& c) { return run_index(c, {.watch = true}); })})
        EXPECT_EQ(use_of(run), StoreUse::work);
    EXPECT_EQ(use_of(run_migrate_up), StoreUse::migrate);
    EXPECT_EQ(use_of(run_migrate_status), StoreUse::inspect);
}

WorkerInfo worker(const World& world, const std::string& id, std::chrono::seconds silent_for) {
    return {.report = {id, "host", 7, "1.2", 3, {"lexical", "hosted"}},
            .started_at = world.wall - std::chrono::hours(1),
            .seen_at = world.wall - silent_for};
}

TEST(WorkersCommand, ListsWhoIsAliveAndWhoIsSilent) {
    Stage stage;
    EXPECT_EQ(run_workers_list(stage.context), exit_done);
    EXPECT_EQ(stage.out.str(), "No workers: embedq worker and embedq serve start one\n");
    stage.world.engine.worker_list = {worker(stage.world, "w2", std::chrono::seconds(70)),
                                      worker(stage.world, "w1", std::chrono::seconds(3))};
    stage.out.str("");
    EXPECT_EQ(run_workers_list(stage.context), exit_done);
    EXPECT_EQ(stage.out.str(),
              "WORKER  HOST  VERSION  PROVIDERS        JOBS  SINCE                 HEARTBEAT\n"
              "w1      host  1.2      lexical, hosted  3     1970-02-11T15:00:00Z  3.0 s ago\n"
              "w2      host  1.2      lexical, hosted  3     1970-02-11T15:00:00Z  1m 10s ago: silent\n");
}

TEST(WorkersCommand, JsonHasTheShapeForScripts) {
    Stage stage(true);
    stage.world.engine.worker_list = {worker(stage.world, "w1", std::chrono::seconds(3))};
    EXPECT_EQ(run_workers_list(stage.context), exit_done);
    EXPECT_EQ(stage.out.str(),
              R"({"workers":[{"worker_id":"w1","host":"host","pid":7,"version":"1.2","providers":["lexical","hosted"],)"
              R"("jobs_held":3,"started_at":"1970-02-11T15:00:00Z","seen_at":"1970-02-11T15:59:57Z","silent":false}]})"
              "\n");
}

TEST(PluginsCommand, AnUnknownPluginNamesTheNearest) {
    Stage stage;
    stage.world.plugins.plugins.push_back({"store", "sqlite", "1", "A file", "/p/libembedq_store_sqlite.so", {}});
    EXPECT_EQ(run_plugins_show(stage.context, "sqlit"), exit_failed);
    EXPECT_THAT(stage.err.str(), HasSubstr("did you mean 'sqlite'?"));
    EXPECT_EQ(run_plugins_show(stage.context, "sqlite"), exit_done);
}

TEST(WorkerCommand, WorksUntilStoppedAndExits0) {
    Stage stage;
    EXPECT_EQ(run_worker(stage.context), exit_done);
    EXPECT_TRUE(stage.world.started);
    EXPECT_TRUE(stage.world.stopped);
}

TEST(WorkerCommand, SaysAtTheStartThatItCannotFetch) {
    Stage stage;
    stage.world.fetcher_error = Error{ErrorKind::invalid_argument, "fetch.ca_file: '/nowhere.pem' does not exist"};
    EXPECT_EQ(run_worker(stage.context), exit_usage);
    EXPECT_THAT(stage.err.str(), HasSubstr("'/nowhere.pem' does not exist"));
}

TEST(MigrateCommand, ANewerSchemaFails) {
    Stage stage(true);
    stage.world.migration = {5, 3, {}};
    EXPECT_EQ(run_migrate_status(stage.context), exit_failed);
    EXPECT_EQ(stage.out.str(), "{\"current\":5,\"newest\":3,\"pending\":[]}\n");
}

TEST(MigrateCommand, JsonHasTheWordsOfTheText) {
    Stage stage(true);
    stage.world.migration = {1, 2, {"folders"}};
    EXPECT_EQ(run_migrate_status(stage.context), exit_done);
    EXPECT_EQ(stage.out.str(), "{\"current\":1,\"newest\":2,\"pending\":[\"folders\"]}\n");
    stage.context.json = false;
    EXPECT_EQ(run_migrate_status(stage.context), exit_done);
    EXPECT_THAT(stage.out.str(), HasSubstr("schema 1 of 2, pending:\n  folders\n"));
}

}  // namespace
}  // namespace embedq::cli
