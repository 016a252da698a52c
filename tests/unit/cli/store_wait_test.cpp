// Commands that start while their store is unavailable.
#include "cli/store_wait.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "cli/commands.h"
#include "cli/present.h"
#include "fake_engine.h"
#include "folder.h"

namespace embedq::cli {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Error unavailable(const std::string& message = "cannot connect to PostgreSQL at db:5432") {
    return {ErrorKind::unavailable, message};
}

std::chrono::milliseconds waited(const Stage& stage) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(stage.world.time.time_since_epoch());
}

TEST(StoreWait, PausesGrow) {
    Stage stage;
    FakeInterruption interruption(stage.world);
    StoreWait wait(stage.console, interruption);
    std::chrono::milliseconds expected{0};
    for (const auto pause : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 5000ms, 5000ms}) {
        EXPECT_TRUE(wait(unavailable()));
        EXPECT_EQ(waited(stage), expected += pause);
    }
}

TEST(StoreWait, ShowsTheFirstErrorOnly) {
    Stage stage;
    FakeInterruption interruption(stage.world);
    StoreWait wait(stage.console, interruption);
    EXPECT_TRUE(wait(unavailable("the first\nerror")));
    EXPECT_TRUE(wait(unavailable("the second")));
    EXPECT_EQ(stage.err.str(), "embedq: warning: the first error; waiting for it\n");
}

TEST(StoreWait, SaysWhenItIsOver) {
    Stage stage;
    FakeInterruption interruption(stage.world);
    StoreWait wait(stage.console, interruption);
    wait.available();
    EXPECT_EQ(stage.err.str(), "");
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(wait(unavailable()));
    wait.available();
    wait.available();
    EXPECT_THAT(stage.err.str(), EndsWith("waiting for it\nembedq: the store answers again after 3.8 s\n"));
    EXPECT_TRUE(wait(unavailable("the next")));
    EXPECT_THAT(stage.err.str(), EndsWith("embedq: warning: the next; waiting for it\n"));
}

TEST(StoreWait, GivesUpAtItsLimit) {
    Stage stage;
    FakeInterruption interruption(stage.world);
    StoreWait wait(stage.console, interruption, 5s);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(wait(unavailable()));
    EXPECT_FALSE(wait(unavailable()));
    EXPECT_EQ(waited(stage), 5s);
}

TEST(StoreWait, StopsWithTheInterruption) {
    Stage stage;
    FakeInterruption interruption(stage.world);
    StoreWait wait(stage.console, interruption);
    stage.world.waits_until_stop = 1;
    EXPECT_FALSE(wait(unavailable()));
    EXPECT_FALSE(wait(unavailable()));
    EXPECT_EQ(waited(stage), 250ms) << "after the stop it does not wait";
}

TEST(StoreWait, WorkersStartOnceTheStoreIsAvailable) {
    for (const auto run : {run_worker, run_serve}) {
        Stage stage;
        stage.world.store_errors.assign(20, unavailable());
        EXPECT_EQ(run(stage.context), exit_done);
        EXPECT_EQ(stage.world.store_asked, 21U);
        EXPECT_TRUE(stage.world.started);
        EXPECT_THAT(stage.err.str(), StartsWith("embedq: warning: cannot connect to PostgreSQL at db:5432; waiting for "
                                                "it\nembedq: the store answers again after "));
    }
}

TEST(StoreWait, AWorkerThatIsStoppedWhileItWaitsExits0) {
    Stage stage;
    stage.world.store_errors.assign(20, unavailable());
    stage.world.waits_until_stop = 3;
    EXPECT_EQ(run_worker(stage.context), exit_done);
    EXPECT_EQ(stage.world.store_asked, 3U);
    EXPECT_FALSE(stage.world.started);
}

TEST(StoreWait, ServeAppliesTheTargetsOnceTheStoreIsBack) {
    Stage stage;
    stage.world.apply_errors.assign(3, unavailable());
    stage.world.migration_errors.assign(3, unavailable());
    EXPECT_EQ(run_serve(stage.context), exit_done);
    EXPECT_TRUE(stage.world.apply_errors.empty());
    EXPECT_EQ(stage.err.str(),
              "embedq: warning: cannot connect to PostgreSQL at db:5432; waiting for it\n"
              "embedq: the store answers again after 1.8 s\n");
}

TEST(StoreWait, ServeDoesNotWaitForProviders) {
    Stage stage;
    stage.world.apply_errors.assign(3, unavailable("the provider 'ollama' does not answer"));
    EXPECT_EQ(run_serve(stage.context), exit_done);
    EXPECT_EQ(stage.world.apply_errors.size(), 2U) << "asked once";
    EXPECT_EQ(stage.err.str(), "embedq: the provider 'ollama' does not answer\n");
    EXPECT_TRUE(stage.world.started);
}

TEST(StoreWait, IndexWaitsAFewSecondsAndThenFailsWithTheReason) {
    Folder folder;
    folder.write("a.yaml", "openapi: +");
    {
        Stage stage;
        stage.world.store_errors.assign(3, unavailable());
        stage.world.store_errors.back().message = "the last";
        static_cast<void>(run_index(stage.context, {.paths = {folder.path()}, .catalog = "shop"}));
        EXPECT_TRUE(stage.world.started);
    }
    Stage stage;
    stage.world.store_errors.assign(100, unavailable());
    EXPECT_EQ(run_index(stage.context, {.paths = {folder.path()}, .catalog = "shop"}), exit_failed);
    EXPECT_EQ(waited(stage), 5s);
    EXPECT_THAT(stage.err.str(), HasSubstr("embedq: cannot connect to PostgreSQL at db:5432\n"));
    EXPECT_FALSE(stage.world.started);
}

// A catalog with one document to embed, and one whose file is gone.
void furnish(World& world, const Folder& folder) {
    CatalogInfo catalog;
    catalog.catalog_id = "shop";
    catalog.target_profile = Sha256{};
    catalog.spec_count = 1;
    world.engine.catalog_list = {catalog};
    world.engine.health_list = {{"shop", 1, 1, 0, 0, 0, 2, 2}};
    world.engine.settlements = {{1, 2, 2, 0, 0}, {1, 2, 2, 1, 0}, {1, 2, 2, 2, 0}};
    SpecStatus running{"a", 2, 0, 0, Job{}};
    running.job->status = JobStatus::running;
    world.engine.status_lists["shop"] = {running};
    SpecInfo& gone = world.engine.spec_list["gone"];
    gone.spec_name = "gone";
    gone.source_kind = SourceKind::file;
    gone.record.root = std::filesystem::canonical(folder.path()).string();
    gone.record.path = "gone.yaml";
}

TEST(StoreWait, IndexWaitsForAStoreThatGoesAwayAtAnyCall) {
    Folder folder;
    folder.write("a.yaml", "openapi: ++");
    for (const bool no_work : {false, true}) {
        std::string whole;
        std::size_t calls = 0;
        std::vector<std::chrono::milliseconds> times;
        for (bool went_away = true; went_away; ++calls) {
            Stage stage(true);
            furnish(stage.world, folder);
            stage.world.engine.calls_before_outage = calls;
            stage.world.engine.outage.assign(4, unavailable());
            const int status =
                run_index(stage.context, {.paths = {folder.path().string()}, .catalog = "shop", .no_work = no_work});
            ASSERT_EQ(status, exit_done) << "call " << calls << ": " << stage.err.str();
            went_away = stage.world.engine.outage.empty();
            EXPECT_EQ(stage.err.str().contains("; waiting for it\n"), went_away) << stage.err.str();
            times.push_back(waited(stage));
            Json answer = Json::parse(stage.out.str());
            answer.erase("seconds");
            if (whole.empty()) whole = dump(answer);
            EXPECT_EQ(dump(answer), whole) << "call " << calls;
            EXPECT_FALSE(stage.world.engine.spec_list.contains("gone"));
        }
        EXPECT_GE(calls, 6U);
        // The last run had no outage. The others took its time and that of four pauses.
        EXPECT_LT(*std::ranges::max_element(times), times.back() + 5s);
    }
}

TEST(StoreWait, IndexThatCannotStoreEndsAfterFiveMinutesAndSaysHowToContinue) {
    Folder folder;
    folder.write("a.yaml", "openapi: ++");
    Stage stage;
    furnish(stage.world, folder);
    stage.world.engine.put_errors.assign(1'000, unavailable("the disk is full"));
    EXPECT_EQ(run_index(stage.context, {.paths = {folder.path().string()}, .catalog = "shop"}), exit_failed);
    EXPECT_EQ(waited(stage), 5min);
    EXPECT_THAT(stage.err.str(), HasSubstr("embedq: warning: the disk is full; waiting for it\n"));
    EXPECT_THAT(stage.err.str(), HasSubstr("stored 0 of 1 document; run the same command again for the others\n"));
}

}  // namespace
}  // namespace embedq::cli
