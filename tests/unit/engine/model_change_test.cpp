#include "changing_provider.h"
#include "engine_fixture.h"
#include "hanging_provider.h"
#include "sync/sleep.h"

namespace embedq::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ModelChangeTest : public EngineTest {
protected:
    void SetUp() override {
        EngineTest::SetUp();
        engine = make_engine(*store, notifier, changing, {"p", {}}, context);
        for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(*engine, document("spec" + std::to_string(i), summaries(i))));
        settings.heartbeat = milliseconds(50);
    }
    // Twenty per document, of different lengths.
    static std::vector<std::string> summaries(int spec) {
        std::vector<std::string> texts;
        for (int i = 0; i < 20; ++i) texts.push_back("Thing " + std::to_string(i) + " of " + std::to_string(spec));
        return texts;
    }
    // A worker has the scope of new catalogs.
    std::unique_ptr<scheduler::Scheduler> start(TargetScope scope) {
        const endpoints::ModelListener listener = [this, scope] { return engine->apply_known_targets(scope); };
        auto scheduler =
            std::make_unique<scheduler::Scheduler>(*store, notifier, changing, settings, context, listener);
        EXPECT_TRUE(scheduler->start());
        return scheduler;
    }
    static bool eventually(const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + seconds(60);
        while (std::chrono::steady_clock::now() < end) {
            if (holds()) return true;
            sync::sleep_for(milliseconds(2), {});
        }
        return false;
    }
    CatalogInfo info() { return engine->catalog("c").value(); }
    bool settled_under(const std::string& digest) {
        const CatalogInfo now = info();
        return now.target_profile == now.serving_profile &&
               engine->profile(*now.target_profile)->model_digest == digest &&
               engine->settlement("c", {})->missing() == 0 && open_jobs() == 0;
    }
    // The first number of each vector of the catalog under a profile: ChangingProvider writes the length of its digest
    // there.
    std::set<float> digest_lengths(const Sha256& profile) {
        std::vector<Sha256> hashes;
        EXPECT_TRUE(store->operations(
            "c", {}, [&](std::string_view, const Operation& each) { hashes.push_back(each.text_hash); }));
        std::set<float> found;
        EXPECT_TRUE(store->vectors(profile, hashes,
                                   [&](std::size_t, std::span<const float> values) { found.insert(values.front()); }));
        return found;
    }
    std::vector<Job> history() { return store->jobs({.limit = 500}).value(); }
    bool logged(std::string_view words) {
        return std::ranges::any_of(context.logged(), [&](const std::string& line) { return line.contains(words); });
    }
    static SearchRequest query(RankingMode mode = RankingMode::hybrid) {
        SearchRequest request;
        request.query = "thing";
        request.mode = mode;
        return request;
    }

    std::shared_ptr<scheduler::ChangingProvider> model = std::make_shared<scheduler::ChangingProvider>("one");
    endpoints::ProviderDirectory changing{{{"p", "scripted", model, {}}}};
    std::vector<std::unique_ptr<endpoints::ProviderDirectory>> directories;  // of further processes
    std::unique_ptr<HostEngine> engine;
};

TEST_F(ModelChangeTest, AModelReplacedUnderItsNameIsNoticedAndNeverMixed) {
    const auto scheduler = start(TargetScope::new_models);
    ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    const Sha256 old = *info().serving_profile;
    model->replace("another");
    // The next call of any kind notices it.
    ASSERT_TRUE(put(*engine, document("new", {"Something new"})));
    ASSERT_TRUE(eventually([&] { return settled_under("another"); }));
    EXPECT_EQ(digest_lengths(*info().serving_profile), std::set<float>{7}) << "'another' has seven letters";
    EXPECT_EQ(digest_lengths(old), std::set<float>{3}) << "and 'one' three";
    for (const Job& job : history()) EXPECT_EQ(job.attempts, 0U) << job.last_error;
    EXPECT_TRUE(
        logged("was model 'model' (digest one, 3 dimensions), is model 'model' (digest another, 3 dimensions)"));
    EXPECT_TRUE(
        logged("catalog 'c' is now embedded by 'p', model 'model' (digest another, 3 dimensions), before by model "
               "'model' (digest "
               "one, 3 dimensions): "));
}

TEST_F(ModelChangeTest, AModelReplacedWhileItEmbedsIsNeverMixed) {
    std::atomic<int> calls = 0;
    // During a call: the answer is of the old model, and arrives when the new one is there.
    model->on_embed([&] {
        if (++calls == 3) model->replace("another");
    });
    const auto scheduler = start(TargetScope::new_models);
    ASSERT_TRUE(eventually([&] { return settled_under("another"); }));
    EXPECT_EQ(digest_lengths(*info().serving_profile), std::set<float>{7});
    for (const Job& job : history()) EXPECT_EQ(job.attempts, 0U) << job.last_error;
}

TEST_F(ModelChangeTest, AWorkerKeepsTheTargetAndContinuesWhenTheModelIsBack) {
    settings.probe = milliseconds(100);
    const auto scheduler = start(TargetScope::new_catalogs);
    ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    const auto target = info().target_profile;
    model->replace("another");
    ASSERT_TRUE(put(*engine, document("new", {"Something new"})));
    ASSERT_TRUE(eventually([&] { return logged("claims nothing for "); }));
    EXPECT_EQ(info().target_profile, target);
    ASSERT_TRUE(eventually([&] { return store->jobs({.status = JobStatus::pending})->size() == 1; }))
        << "the job is left to other workers";
    EXPECT_EQ(store->jobs({})->front().attempts, 0U);
    model->replace("one");
    EXPECT_TRUE(eventually([&] { return settled_under("one"); }));
}

TEST_F(ModelChangeTest, AProviderThatAnswersLateGivesItsCatalogsTheirTarget) {
    model->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    endpoints::ProviderDirectory late{{{"p", "scripted", model, {}}}};
    const auto other = make_engine(*store, notifier, late, {"p", {}}, context);
    ASSERT_TRUE(put(*other, document("spec", {"A thing"}, "late")));
    EXPECT_FALSE(other->catalog("late")->target_profile);
    EXPECT_EQ(other->provider_of("late")->failure->message, "connection refused");
    EXPECT_FALSE(other->apply_targets(TargetScope::all, {}));
    scheduler::Scheduler scheduler(*store, notifier, late, settings, context,
                                   [&] { return other->apply_known_targets(TargetScope::new_catalogs); });
    ASSERT_TRUE(scheduler.start());
    model->fail_with(std::nullopt);
    EXPECT_TRUE(eventually([&] { return other->settlement("late", {})->vectors == 1; }));
}

TEST_F(ModelChangeTest, AWorkerGivesACatalogThatItDidNotCreateItsTarget) {
    // The process that created it never reached the provider, and has ended.
    ASSERT_TRUE(store->put_catalog({"orphan", {}, {}, {}, {}}));
    ASSERT_TRUE(put(*engine, document("spec", {"A thing"}, "orphan")));
    ASSERT_FALSE(engine->catalog("orphan")->target_profile);
    settings.poll = milliseconds(50);
    const auto scheduler = start(TargetScope::new_catalogs);
    EXPECT_TRUE(eventually([&] { return engine->settlement("orphan", {})->vectors == 1; }));
    // The same later, though the provider is known by then.
    ASSERT_TRUE(store->put_catalog({"later", {}, {}, {}, {}}));
    ASSERT_TRUE(put(*engine, document("spec", {"Another thing"}, "later")));
    EXPECT_TRUE(eventually([&] { return engine->settlement("later", {})->vectors == 1; }));
}

TEST_F(ModelChangeTest, AReplacedModelWaitsUntilItIsApplied) {
    settings.poll = milliseconds(50);
    const auto scheduler = start(TargetScope::new_catalogs);
    ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    const auto target = info().target_profile;
    model->replace("another");
    ASSERT_TRUE(put(*engine, document("new", {"Something new"})));
    const auto fingerprint = engine->profile(*target)->fingerprint;
    const auto shown = [&] {
        const auto states = store->endpoint_states().value();
        return std::ranges::any_of(states, [&](const EndpointState& state) {
            return state.fingerprint == fingerprint && state.endpoint == "p" &&
                   state.kind == PauseKind::misconfigured && state.reason.contains("digest another");
        });
    };
    EXPECT_TRUE(eventually(shown)) << "all processes see why the job waits";
    EXPECT_EQ(info().target_profile, target);
    EXPECT_EQ(info().serving_profile, target);
    const auto provider = engine->provider_of("c");
    ASSERT_TRUE(provider->failure);
    EXPECT_EQ(provider->failure->kind, ErrorKind::misconfigured);
    EXPECT_TRUE(provider->failure->hint.contains("embedq config apply"));
    ASSERT_TRUE(engine->apply_targets(TargetScope::all, {}));
    EXPECT_TRUE(eventually([&] { return settled_under("another"); }));
    EXPECT_TRUE(eventually([&] { return !shown(); })) << "the reason ends with the wait";
    EXPECT_FALSE(engine->provider_of("c")->failure);
}

TEST_F(ModelChangeTest, AModelIsAppliedByItselfOnlyOnce) {
    const auto scheduler = start(TargetScope::new_models);
    ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    model->replace("another");
    ASSERT_TRUE(put(*engine, document("new", {"Something new"})));
    ASSERT_TRUE(eventually([&] { return settled_under("another"); }));
    const auto target = info().target_profile;
    // A process with the former configuration, such as a replica that starts again during a rollout.
    const auto former = std::make_shared<scheduler::ChangingProvider>("one");
    endpoints::ProviderDirectory before{{{"p", "scripted", former, {}}}};
    const auto replica = make_engine(*store, notifier, before, {"p", {}}, context);
    ASSERT_TRUE(replica->apply_targets(TargetScope::new_models, {}));
    EXPECT_EQ(info().target_profile, target) << "the catalog is not changed to and fro";
    ASSERT_TRUE(replica->apply_targets(TargetScope::all, {})) << "people may change it back";
    EXPECT_EQ(engine->profile(*info().target_profile)->model_digest, "one");
}

TEST_F(ModelChangeTest, AConfigurationWithAnotherModelIsReportedOnceAndChangesNothing) {
    {
        const auto scheduler = start(TargetScope::new_catalogs);
        ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    }
    const auto target = info().target_profile;
    const auto reports = [&] {
        return std::ranges::count_if(context.logged(), [](const std::string& line) {
            return line.contains("nothing is changed until `embedq config apply`");
        });
    };
    for (const char* provider : {"two", "none"}) {
        const auto before = reports();
        const auto other = engine_with(provider);
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(other->apply_targets(TargetScope::new_catalogs, {}));
        EXPECT_EQ(info().target_profile, target) << provider;
        EXPECT_EQ(reports(), before + 1) << provider;
    }
}

// Two pods of a rollout, each with its own YAML and `model_change: apply`, whatever starts again and in which order.
TEST_F(ModelChangeTest, TwoConfigurationsThatApplyNeverFlipACatalog) {
    const auto pod = [&](const std::string& model) {
        directories.push_back(std::make_unique<endpoints::ProviderDirectory>(std::vector<endpoints::ProviderBinding>{
            {"p", "scripted", std::make_shared<scheduler::ChangingProvider>(model), {}}}));
        return make_engine(*store, notifier, *directories.back(), {"p", {}}, context);
    };
    const auto former = pod("one");
    const auto latter = pod("another");
    ASSERT_TRUE(former->apply_targets(TargetScope::new_models, {}));
    ASSERT_TRUE(latter->apply_targets(TargetScope::new_models, {}));
    const auto target = info().target_profile;
    EXPECT_EQ(engine->profile(*target)->model_digest, "another");
    for (int i = 0; i < 3; ++i) {
        for (const std::string model : {"one", "another"}) {
            ASSERT_TRUE(pod(model)->apply_targets(TargetScope::new_models, {}));
            EXPECT_EQ(info().target_profile, target);
        }
        for (auto* running : {latter.get(), former.get()}) {
            ASSERT_TRUE(running->apply_known_targets(TargetScope::new_models));
            EXPECT_EQ(info().target_profile, target);
        }
    }
    ASSERT_TRUE(pod("third")->apply_targets(TargetScope::new_models, {}));
    EXPECT_EQ(engine->profile(*info().target_profile)->model_digest, "third") << "a changed YAML acts again, once";
}

TEST_F(ModelChangeTest, AProcessSaysAgainThatItsConfigurationDiffersWhenTheTargetMoves) {
    const auto worker = engine_with("two");
    const auto reports = [&] {
        return std::ranges::count_if(context.logged(), [](const std::string& line) {
            return line.contains("nothing is changed until `embedq config apply`");
        });
    };
    const auto look = [&] { ASSERT_TRUE(worker->apply_targets(TargetScope::new_catalogs, {})); };
    ASSERT_TRUE(engine->apply_targets(TargetScope::all, {}));
    for (int i = 0; i < 3; ++i) look();
    EXPECT_EQ(reports(), 1);
    ASSERT_TRUE(worker->apply_targets(TargetScope::all, {}));
    for (int i = 0; i < 3; ++i) look();
    EXPECT_EQ(reports(), 1) << "now it is what the configuration asks for";
    ASSERT_TRUE(engine->apply_targets(TargetScope::all, {}));
    for (int i = 0; i < 3; ++i) look();
    EXPECT_EQ(reports(), 2) << "somebody has moved it";
}

TEST_F(ModelChangeTest, EmbeddingThatWasTurnedOffIsNotTurnedOnByAWorker) {
    ASSERT_TRUE(engine_with("none")->apply_targets(TargetScope::all, {}));
    ASSERT_FALSE(info().target_profile);
    EXPECT_TRUE(engine->apply_targets(TargetScope::new_models, {}));
    EXPECT_FALSE(info().target_profile);
    EXPECT_TRUE(engine->apply_targets(TargetScope::all, {}));
    EXPECT_TRUE(info().target_profile);
}

TEST_F(ModelChangeTest, ATextThatTheNewModelRefusesDoesNotDelayTheSwitch) {
    {
        const auto scheduler = start(TargetScope::new_models);
        ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    }
    first->script([](const EmbedRequest& request, int) -> std::optional<Error> {
        const auto bad = [](std::string_view text) { return text.contains("Thing 7 of 3"); };
        if (std::ranges::none_of(request.texts, bad)) return std::nullopt;
        return Error{ErrorKind::invalid_input, "a forbidden word"};
    });
    const auto after = engine_with("one");
    ASSERT_TRUE(after->apply_targets(TargetScope::all, {}));
    work(providers);
    EXPECT_EQ(after->settlement("c", {})->refusals, 1U);
    EXPECT_EQ(after->catalog("c")->serving_profile, after->catalog("c")->target_profile);
    EXPECT_EQ(after->profile(*after->catalog("c")->serving_profile)->model, "first model");
}

TEST_F(ModelChangeTest, AnEstimateCountsTheWorkAndChangesNothing) {
    {
        const auto scheduler = start(TargetScope::new_models);
        ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    }
    const auto target = info().target_profile;
    const auto reembedding = engine->estimate("c", EstimateFor::reembedding);
    ASSERT_TRUE(reembedding) << to_string(reembedding.error());
    EXPECT_TRUE(reembedding->changes_target);
    EXPECT_EQ(reembedding->texts, 100U);
    EXPECT_EQ(reembedding->to_embed(), 100U);
    EXPECT_EQ(reembedding->calls, 7U) << "16 per call";
    std::size_t bytes = 0;
    EXPECT_TRUE(
        store->operations("c", {}, [&](std::string_view, const Operation& each) { bytes += each.text.size(); }));
    EXPECT_EQ(reembedding->bytes, bytes);
    EXPECT_EQ(reembedding->tokens, (bytes + 3) / 4);
    EXPECT_EQ(reembedding->provider, "p");

    const auto same = engine->estimate("c", EstimateFor::configuration);
    EXPECT_FALSE(same->changes_target);
    EXPECT_EQ(same->to_embed(), 0U);

    const auto other = engine_with("two");
    const auto configured = other->estimate("c", EstimateFor::configuration);
    EXPECT_TRUE(configured->changes_target);
    EXPECT_EQ(configured->profile.model, "second model");
    EXPECT_EQ(configured->to_embed(), 100U);
    EXPECT_EQ(info().target_profile, target);
    EXPECT_EQ(open_jobs(), 0U);

    EXPECT_EQ(engine->estimate("nowhere", EstimateFor::reembedding).error().kind, ErrorKind::not_found);
    EXPECT_EQ(engine_with("none")->estimate("c", EstimateFor::configuration).error().kind, ErrorKind::conflict);
}

TEST_F(ModelChangeTest, AnEstimateCountsExistingVectors) {
    {
        const auto scheduler = start(TargetScope::new_models);
        ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    }
    const auto other = engine_with("one");
    ASSERT_TRUE(other->apply_targets(TargetScope::all, {}));
    work(providers);
    ASSERT_TRUE(put(*other, document("new", {"Something new"})));
    const auto back = engine->estimate("c", EstimateFor::configuration);
    EXPECT_TRUE(back->changes_target);
    EXPECT_EQ(back->texts, 101U);
    EXPECT_EQ(back->settled_texts, 100U);
    EXPECT_EQ(back->calls, 1U);
    EXPECT_LT(back->bytes, 200U);
}

TEST_F(ModelChangeTest, AQueryThatWaitsForItsVectorDelaysNoOther) {
    {
        const auto scheduler = start(TargetScope::new_models);
        ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    }
    scheduler::Gate gate;
    model->on_embed([&] { gate.wait(); });
    std::optional<Result<SearchResponse>> slow;
    std::jthread waiting([&] { slow = engine->search(query()); });
    gate.wait_until_reached();
    // Now the catalog must be read again, for which no reader may hold its lock.
    ASSERT_TRUE(put(*engine, document("new", {"Another thing"})));
    const auto quick = engine->search(query(RankingMode::lexical));
    ASSERT_TRUE(quick);
    EXPECT_FALSE(quick->hits.empty());
    gate.open();
    waiting.join();
    ASSERT_TRUE(*slow);
    EXPECT_EQ((*slow)->ranking, RankingMode::hybrid);
}

TEST_F(ModelChangeTest, SearchRanksByWordsImmediatelyWhileTheServerIsDown) {
    {
        const auto scheduler = start(TargetScope::new_models);
        ASSERT_TRUE(eventually([&] { return settled_under("one"); }));
    }
    model->fail_with(Error{ErrorKind::unavailable, "connection refused"});
    for (int i = 0; i < 20; ++i) {
        const auto found = engine->search(query());
        ASSERT_TRUE(found);
        EXPECT_EQ(found->ranking, RankingMode::lexical);
        EXPECT_EQ(found->fallback_reason, "provider_unavailable");
        EXPECT_TRUE(found->fallback_detail.contains("connection refused")) << found->fallback_detail;
        EXPECT_FALSE(found->hits.empty());
    }
}

// An engine where the provider of all catalogs but one hangs.
class HangingTest : public EngineTest {
protected:
    void SetUp() override {
        EngineTest::SetUp();
        for (int i = 0; i < 100; ++i) ASSERT_TRUE(store->put_catalog({"c" + std::to_string(i), {}, {}, {}, {}}));
        ASSERT_TRUE(store->put_catalog({"fine", {}, {}, {}, {}}));
    }
    std::unique_ptr<HostEngine> engine_with_timeout(milliseconds timeout) {
        return make_engine(*store, notifier, both, {"hangs", {{"fine", "one"}}, timeout}, context);
    }
    bool fine() { return store->catalogs()->back().target_profile.has_value(); }

    std::shared_ptr<scheduler::HangingProvider> hanging = std::make_shared<scheduler::HangingProvider>("hanging");
    endpoints::ProviderDirectory both{{{"hangs", "scripted", hanging, {}}, {"one", "scripted", first, {}}}};
};

TEST_F(HangingTest, IsAskedOnceForAllItsCatalogsAndOnlyForTheTimeout) {
    const auto engine = engine_with_timeout(milliseconds(50));
    const Status applied = engine->apply_targets(TargetScope::all, {});
    ASSERT_FALSE(applied);
    EXPECT_EQ(to_string(applied.error()), "provider 'hangs' did not answer within 1 s");
    EXPECT_TRUE(fine()) << "the others have their targets";
    EXPECT_EQ(hanging->probes(), 1);
}

TEST_F(HangingTest, AStopEndsTheWait) {
    const auto engine = engine_with_timeout(seconds(60));
    std::stop_source stop;
    const std::jthread stopper([&] {
        hanging->wait_until_probed();
        stop.request_stop();
    });
    const auto began = std::chrono::steady_clock::now();
    EXPECT_FALSE(engine->apply_targets(TargetScope::all, stop.get_token()));
    EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(10));
}

TEST_F(HangingTest, ASchedulerThatSetsTargetsStopsWithinASecond) {
    const auto engine = engine_with_timeout(seconds(60));
    std::atomic<int> calls = 0;
    scheduler::Scheduler scheduler(*store, notifier, both, settings, context, [&] {
        const Status applied = engine->apply_known_targets(TargetScope::all);
        ++calls;
        return applied;
    });
    ASSERT_TRUE(scheduler.start());
    hanging->wait_until_probed();
    const auto end = std::chrono::steady_clock::now() + seconds(30);
    while (!fine() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_TRUE(fine()) << "after " << calls << " calls";
    const auto asked_to_stop = std::chrono::steady_clock::now();
    scheduler.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - asked_to_stop, seconds(1));
}

TEST_F(HangingTest, PuttingCatalogsWaitsForItOnce) {
    const auto engine = engine_with_timeout(milliseconds(50));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(engine->put_catalog({"new" + std::to_string(i), {}, {}, {}, {}}));
    EXPECT_EQ(hanging->probes(), 1);
    hanging->answer();
    EXPECT_TRUE(engine->apply_targets(TargetScope::all, {}));
    EXPECT_TRUE(engine->catalog("new0")->target_profile);
}

}  // namespace
}  // namespace embedq::engine
