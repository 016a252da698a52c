#include "engine_fixture.h"
#include "faults/store/faulty_store.h"

namespace embedq::engine {
namespace {

TEST_F(EngineTest, PuttingADocumentMakesItsCatalogAndEnqueues) {
    const auto engine = engine_with("one");
    const auto result = put(*engine, document("spec", {"List things", "Get a thing"}));
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->outcome, PutOutcome::created);
    EXPECT_EQ(result->enqueued, EnqueueOutcome::created);
    EXPECT_EQ(result->operation_count, 2U);
    EXPECT_EQ(engine->catalog("c")->provider, "one");
    EXPECT_EQ(engine->spec("c", "spec")->title, "spec");
}

TEST_F(EngineTest, ADocumentThatDoesNotParseChangesNothingAndDoesNotHoldUpTheOthers) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    SpecInput broken = document("spec", {"Something else"});
    broken.content.resize(broken.content.size() - 5);
    const SpecInput inputs[] = {broken, document("other", {"List others"})};
    const auto results = engine->put_specs(inputs);
    ASSERT_TRUE(results);
    EXPECT_EQ((*results)[0].error().kind, ErrorKind::invalid_argument);
    EXPECT_TRUE((*results)[1]);
    EXPECT_EQ(engine->spec("c", "spec")->generation, 1U);
    EXPECT_EQ(engine->spec_operations("c", "spec")->front().summary, "List things");
}

TEST_F(EngineTest, AStopOfTheProcessEndsTheReadingOfDocuments) {
    std::stop_source stop;
    const auto engine = make_engine(*store, notifier, providers, {"one", {}}, context, stop.get_token());
    ASSERT_TRUE(put(*engine, document("before", {"x"})));
    stop.request_stop();
    // Long enough that the reading looks at the stop.
    const auto stopped = put(*engine, document("spec", std::vector<std::string>(1'000, "List things")));
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(engine->spec("c", "spec"));
}

TEST_F(EngineTest, InvalidNamesAreReportedPerDocument) {
    const auto engine = engine_with("one");
    const SpecInput inputs[] = {document("Spec With Spaces", {"x"}), document("fine", {"x"}, "Not A Catalog"),
                                document("fine", {"x"})};
    const auto results = engine->put_specs(inputs);
    ASSERT_TRUE(results);
    EXPECT_EQ((*results)[0].error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ((*results)[1].error().kind, ErrorKind::invalid_argument);
    EXPECT_TRUE((*results)[2]);
}

TEST_F(EngineTest, AnUnchangedDocumentEnqueuesOnlyWhereThereIsAGap) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    auto again = put(*engine, document("spec", {"List things"}));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->outcome, PutOutcome::unchanged);
    EXPECT_EQ(again->enqueued, EnqueueOutcome::collapsed) << "its vectors do not exist yet";
    work(providers);
    again = put(*engine, document("spec", {"List things"}));
    EXPECT_EQ(again->enqueued, EnqueueOutcome::none);
    EXPECT_EQ(again->generation, 1U);
}

TEST_F(EngineTest, WhatIsLeftOutIsStoredWithItsPlaces) {
    const auto engine = engine_with("none");
    SpecInput input = document("pets", {"list pets"});
    input.content =
        R"({"openapi":"3.0.0","info":{"title":"x","version":"1"},"paths":{"/a":{"get":null},"/c":{"get":{}}}})";
    input.notes = {{"paths./b", "its file was not found"}};
    const auto first = put(*engine, input);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->operations_left_out, 1U);
    ASSERT_GE(first->notes.size(), 2U);
    EXPECT_EQ(first->notes[0], input.notes[0]);
    EXPECT_EQ(first->notes[1].where, "paths./a.get");
    const SpecInfo info = *engine->spec("c", "pets");
    EXPECT_EQ(info.record.notes, first->notes);
    EXPECT_EQ(info.record.operations_left_out, 1U);
    const auto again = put(*engine, input);
    EXPECT_EQ(again->outcome, PutOutcome::unchanged);
    EXPECT_EQ(again->notes, first->notes) << "they are told each time";
    EXPECT_EQ(again->operations_left_out, 1U);
    input.notes[0].reason = "its file is too long";
    EXPECT_EQ(put(*engine, input)->outcome, PutOutcome::changed);
    input.notes[0].reason.assign(10'000, 'x');
    EXPECT_LT(put(*engine, input)->notes[0].reason.size(), 400U);
    input.notes.clear();
    for (int i = 0; i < 200; ++i) input.notes.push_back({std::to_string(i), "b"});
    EXPECT_EQ(put(*engine, input)->notes.size(), most_notes);
}

TEST_F(EngineTest, AnotherFolderOrIntervalIsAChangeWithoutAJob) {
    const auto engine = engine_with("one");
    work(providers);
    SpecInput input = document("pets", {"list pets"});
    input.root = "/srv/apis";
    input.path = "pets.json";
    input.refresh = std::chrono::hours(1);
    ASSERT_TRUE(put(*engine, input));
    work(providers);
    EXPECT_EQ(put(*engine, input)->outcome, PutOutcome::unchanged);
    input.refresh.reset();
    EXPECT_EQ(put(*engine, input)->outcome, PutOutcome::unchanged);
    input.path = "old/pets.json";
    const auto moved = put(*engine, input);
    EXPECT_EQ(moved->outcome, PutOutcome::changed);
    EXPECT_EQ(moved->enqueued, EnqueueOutcome::none);
    EXPECT_EQ(engine->spec("c", "pets")->record.refresh, std::chrono::hours(1)) << "it stays as it was";
    input.renamed_from = std::exchange(input.spec_name, "animals");
    EXPECT_EQ(put(*engine, input)->outcome, PutOutcome::changed);
    EXPECT_FALSE(engine->spec("c", "pets"));
    EXPECT_EQ(open_jobs(), 0U);
}

TEST_F(EngineTest, TheSameSpecTwiceInOneCallEndsAsTheSecond) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"Present"})));
    const SpecInput inputs[] = {document("spec", {"Between"}), document("spec", {"Present"})};
    ASSERT_TRUE(engine->put_specs(inputs));
    EXPECT_EQ(engine->spec_operations("c", "spec")->front().summary, "Present");
}

TEST_F(EngineTest, absence_is_said) {
    const auto engine = engine_with("none");
    EXPECT_EQ(engine->catalog("nowhere").error().kind, ErrorKind::not_found);
    EXPECT_EQ(engine->statuses("nowhere", {}).error().kind, ErrorKind::not_found);
    EXPECT_EQ(engine->health("nowhere").error().kind, ErrorKind::not_found);
    EXPECT_EQ(engine->retry_job(77).error().kind, ErrorKind::not_found);
    const auto result = put(*engine, document("spec", {"List things"}));
    ASSERT_TRUE(result) << "writes succeed without a provider";
    EXPECT_EQ(result->enqueued, EnqueueOutcome::none);
    SearchRequest request;
    request.query = "list things";
    const auto found = engine->search(request);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->ranking, RankingMode::lexical);
    EXPECT_EQ(found->fallback_reason, "embeddings_not_indexed");
    ASSERT_FALSE(found->hits.empty()) << "and ranking falls back to lexical";
}

TEST_F(EngineTest, AProviderConfiguredLaterFillsTheGap) {
    ASSERT_TRUE(put(*engine_with("none"), document("spec", {"List things"})));
    const auto engine = engine_with("one");
    ASSERT_TRUE(engine->apply_targets(TargetScope::all, {}));
    work(providers);
    EXPECT_EQ(engine->settlement("c", {})->vectors, 1U);
}

TEST_F(EngineTest, ExceptionsAndNoneAreApplied) {
    const auto before = engine_with("one");
    ASSERT_TRUE(put(*before, document("spec", {"x"}, "a")));
    ASSERT_TRUE(put(*before, document("spec", {"x"}, "b")));
    const auto engine = engine_with("none", {{"b", "two"}});
    ASSERT_TRUE(engine->apply_targets(TargetScope::all, {}));
    EXPECT_EQ(engine->catalog("a")->provider, "");
    EXPECT_FALSE(engine->catalog("a")->target_profile);
    EXPECT_EQ(engine->catalog("b")->provider, "two");
}

TEST_F(EngineTest, ApplyingTheSameTargetsTwiceChangesNothing) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    work(providers);
    ASSERT_TRUE(engine->apply_targets(TargetScope::all, {}));
    EXPECT_EQ(open_jobs(), 0U);
    ASSERT_TRUE(engine->reembed_catalog("c"));
    const auto target = engine->catalog("c")->target_profile;
    ASSERT_TRUE(engine->apply_targets(TargetScope::all, {}));
    EXPECT_EQ(engine->catalog("c")->target_profile, target)
        << "a later epoch of the same provider is what the configuration asks for";
}

TEST_F(EngineTest, ReembeddingACatalogAsksForEverythingAgainAndServesTheOldUntilThen) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"List things", "Get a thing"})));
    work(providers);
    const int calls = first->calls();
    const auto serving = engine->catalog("c")->serving_profile;
    ASSERT_EQ(engine->reembed_catalog("c").value(), 1U);
    EXPECT_EQ(to_string(engine->jobs({}).value().front().kind), "reembed") << "not the reconciler's";
    EXPECT_EQ(engine->catalog("c")->serving_profile, serving);
    EXPECT_NE(engine->catalog("c")->target_profile, serving);
    work(providers);
    EXPECT_GT(first->calls(), calls);
    EXPECT_EQ(engine->catalog("c")->serving_profile, engine->catalog("c")->target_profile);
}

TEST_F(EngineTest, OnlyAFinishedJobIsRetriedAndItIsANewJob) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    const JobId id = store->jobs({})->front().id;
    EXPECT_EQ(engine->retry_job(id).error().kind, ErrorKind::conflict);
    work(providers);
    EXPECT_EQ(engine->retry_job(id).value(), EnqueueOutcome::created);
    EXPECT_GT(store->jobs({})->front().id, id);
    work(providers);
    EXPECT_EQ(first->calls(), 2);
}

TEST_F(EngineTest, ACatalogDeletedMeanwhileIsCreatedAgain) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    ASSERT_TRUE(engine->delete_catalog("c"));
    const auto again = put(*engine, document("spec", {"List things"}));
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(engine->catalog("c")->provider, "one");
}

// A store with a hook just before jobs are enqueued or statuses are read, in which tests delete.
class DeletingStore : public conformance::FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<EnqueueOutcome>> enqueue(std::span<const EnqueueRequest> requests) override {
        if (const auto deletes = std::exchange(before_enqueue, {})) deletes();
        return FaultyStore::enqueue(requests);
    }
    Result<std::vector<SpecStatus>> statuses(std::string_view catalog_id,
                                             std::span<const std::string> spec_names) override {
        if (const auto deletes = std::exchange(before_statuses, {})) deletes();
        return FaultyStore::statuses(catalog_id, spec_names);
    }
    std::function<void()> before_enqueue;
    std::function<void()> before_statuses;
};

class DeletedMeanwhile : public EngineTest {
protected:
    void SetUp() override {
        auto made = std::make_unique<DeletingStore>(context);
        deleting = made.get();
        store = std::move(made);
        engine = engine_with("one");
        // Texts without vectors, and no jobs for them.
        for (const SpecInput& input : {gone, there, elsewhere}) ASSERT_TRUE(put(*engine, input));
        const auto queued = store->jobs({}).value();
        for (const Job& job : queued) ASSERT_TRUE(store->cancel(std::span(&job.id, 1)));
    }
    void put_and_expect_but_one() {
        const SpecInput inputs[] = {gone, there, fresh};
        const auto results = engine->put_specs(inputs);
        ASSERT_TRUE(results) << to_string(results.error());
        ASSERT_FALSE((*results)[0]);
        EXPECT_EQ((*results)[0].error().kind, ErrorKind::not_found);
        EXPECT_EQ((*results)[1]->outcome, PutOutcome::unchanged);
        EXPECT_EQ((*results)[1]->enqueued, EnqueueOutcome::created);
        EXPECT_EQ((*results)[2]->outcome, PutOutcome::created);
    }

    const SpecInput gone = document("gone", {"List things"});
    const SpecInput there = document("there", {"Get a thing"}, "d");
    const SpecInput elsewhere = document("elsewhere", {"Get a thing"}, "e");
    const SpecInput fresh = document("fresh", {"Something new"}, "e");
    DeletingStore* deleting = nullptr;
    std::unique_ptr<HostEngine> engine;
};

TEST_F(DeletedMeanwhile, ADeletedSpecFailsOnlyItsOwnDocument) {
    deleting->before_enqueue = [&] { ASSERT_TRUE(store->delete_spec("c", "gone")); };
    put_and_expect_but_one();
}

TEST_F(DeletedMeanwhile, ADeletedCatalogFailsOnlyItsOwnDocument) {
    deleting->before_statuses = [&] { ASSERT_TRUE(store->delete_catalog("c")); };
    put_and_expect_but_one();
}

// A store with a hook after the catalogs are read, in which another process sets a target.
class HookedStore : public conformance::FaultyStore {
public:
    using FaultyStore::FaultyStore;
    Result<std::vector<CatalogInfo>> catalogs() override {
        auto seen = FaultyStore::catalogs();
        if (meanwhile) std::exchange(meanwhile, nullptr)();
        return seen;
    }
    std::function<void()> meanwhile;
};

TEST_F(EngineTest, ATargetSetByAnotherProcessMeanwhileEnqueuesNoSecondJob) {
    HookedStore late(context);
    ASSERT_TRUE(late.migrate());
    const auto engine = make_engine(late, notifier, providers, {"one", {}}, context);
    ASSERT_TRUE(providers.known_or_probe("one"));
    ASSERT_TRUE(late.put_catalog({"c", {}, {}, {}, {}}));
    const auto beside = make_engine(late, notifier, providers, {"one", {}}, context);
    late.meanwhile = [&] {
        ASSERT_TRUE(beside->apply_known_targets(TargetScope::all));
        ASSERT_TRUE(put(*beside, document("spec", {"A thing"})));
        ClaimRequest request;
        request.worker_id = "a worker";
        request.fingerprints = {providers.known("one")->profile.fingerprint};
        ASSERT_EQ(late.claim(request).value().size(), 1U);
    };
    ASSERT_TRUE(engine->apply_known_targets(TargetScope::all));
    EXPECT_EQ(late.jobs({}).value().size(), 1U) << "the spec's job runs, and no second one is pending";
}

}  // namespace
}  // namespace embedq::engine
