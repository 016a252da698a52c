#include "engine_fixture.h"

namespace embedq::engine {
namespace {

class SearchTest : public EngineTest {
protected:
    static SearchRequest query(const std::string& text, RankingMode mode = RankingMode::hybrid) {
        SearchRequest request;
        request.query = text;
        request.mode = mode;
        return request;
    }
};

TEST_F(SearchTest, RanksAndSaysHow) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"Delete a repository", "List invoices of a customer"})));
    work(providers);
    const auto found = engine->search(query("list invoices"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->ranking, RankingMode::hybrid);
    EXPECT_TRUE(found->fallback_reason.empty());
    ASSERT_FALSE(found->hits.empty());
    EXPECT_EQ(found->hits.front().operation_id, "op1");
    EXPECT_EQ(found->hits.front().catalog_id, "c");
    EXPECT_EQ(found->hits.front().path, "/thing1");
}

TEST_F(SearchTest, OneSpecAlone) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("first", {"List invoices", "List invoices of a customer"})));
    ASSERT_TRUE(put(*engine, document("second", {"Delete a repository", "List customers"})));
    SearchRequest request = query("list invoices", RankingMode::lexical);
    request.limit = 1;
    request.spec_name = "second";
    auto found = engine->search(request);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->hits.size(), 1U) << "those of other specs do not use up the limit";
    EXPECT_EQ(found->hits.front().spec_name, "second");
    request.query = "";
    found = engine->search(request);
    ASSERT_EQ(found->hits.size(), 1U);
    EXPECT_EQ(found->hits.front().spec_name, "second");
    request.spec_name = "third";
    EXPECT_EQ(engine->search(request).error().kind, ErrorKind::not_found);
    request.catalog_id = "c";
    EXPECT_EQ(engine->search(request).error().kind, ErrorKind::not_found);
}

TEST_F(SearchTest, every_replica_sees_new_vectors) {
    const auto writer = engine_with("one");
    const auto reader = engine_with("one");
    ASSERT_TRUE(put(*writer, document("spec", {"List things"})));
    EXPECT_EQ(reader->search(query("things"))->ranking, RankingMode::lexical) << "before there are vectors";
    work(providers);
    EXPECT_EQ(reader->search(query("things"))->ranking, RankingMode::hybrid) << "at the next query";
    ASSERT_TRUE(put(*writer, document("spec", {"List widgets"})));
    const auto found = reader->search(query("widgets", RankingMode::lexical));
    ASSERT_EQ(found->hits.size(), 1U);
    EXPECT_EQ(found->hits.front().summary, "List widgets");
    ASSERT_TRUE(writer->delete_spec("c", "spec"));
    EXPECT_TRUE(reader->search(query("widgets"))->hits.empty());
}

TEST_F(SearchTest, profiles_do_not_mix) {
    const auto before = engine_with("one");
    ASSERT_TRUE(put(*before, document("spec", {"List things"})));
    work(providers);
    const auto after = engine_with("two");
    ASSERT_TRUE(after->apply_targets(TargetScope::all, {}));
    ASSERT_TRUE(after->search(query("things")));
    EXPECT_EQ(second->calls(), 0) << "the query is embedded for what the catalog is ranked by";
    EXPECT_EQ(after->search(query("things"))->ranking, RankingMode::hybrid);
    work(providers);
    const int calls = first->calls();
    EXPECT_EQ(after->search(query("things"))->ranking, RankingMode::hybrid);
    EXPECT_EQ(first->calls(), calls);
    EXPECT_GT(second->calls(), 1);
}

TEST_F(SearchTest, AProviderThatDoesNotAnswerMeansLexicalWithTheReason) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    work(providers);
    first->script(
        [](const EmbedRequest&, int) { return std::optional(Error{ErrorKind::unavailable, "connection refused"}); });
    const auto found = engine->search(query("things"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->ranking, RankingMode::lexical);
    EXPECT_EQ(found->fallback_reason, "provider_unavailable");
    EXPECT_NE(found->fallback_detail.find("connection refused"), std::string::npos);
    EXPECT_EQ(found->hits.size(), 1U);
}

TEST_F(SearchTest, WhereTheFirstEndpointFailsTheNextIsAskedInTheTimeThatIsLeft) {
    const auto two = std::make_shared<Provider>("model", 1, 16, std::vector<std::string>{"broken", "healthy"});
    endpoints::ProviderDirectory directory({{"one", "scripted", two, {}}});
    const auto engine = make_engine(*store, notifier, directory, {"one", {}}, context);
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    work(directory);
    std::vector<std::size_t> asked;
    two->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        asked.push_back(request.endpoint);
        if (request.endpoint == 0) return Error{ErrorKind::unavailable, "no answer"};
        return std::nullopt;
    });
    EXPECT_EQ(engine->search(query("things"))->ranking, RankingMode::hybrid);
    EXPECT_EQ(engine->search(query("things"))->ranking, RankingMode::hybrid);
    EXPECT_EQ(asked, (std::vector<std::size_t>{0, 1, 1})) << "the second search asks the healthy one first";
}

TEST_F(SearchTest, ASearchOfSeveralProfilesWaitsNoLongerThanOneOfOne) {
    const auto engine = engine_with("one", {{"other", "two"}});
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    ASSERT_TRUE(put(*engine, document("spec", {"List things"}, "other")));
    work(providers);
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::chrono::steady_clock::time_point> deadlines;
    for (const auto& each : {first, second}) {
        each->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
            deadlines.push_back(request.deadline);
            return std::nullopt;
        });
    }
    EXPECT_EQ(engine->search(query("things"))->ranking, RankingMode::hybrid);
    const auto took = std::chrono::steady_clock::now() - began;
    ASSERT_EQ(deadlines.size(), 2U);
    EXPECT_LE(deadlines[0] - began, std::chrono::seconds(5) + took);
    EXPECT_LE(deadlines[1] - began, std::chrono::seconds(10) + took);
}

TEST_F(SearchTest, APausedEndpointMeansLexicalImmediatelyWithTheReason) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    work(providers);
    const int calls = first->calls();
    const EndpointState paused{providers.known_or_probe("one").value()->profile.fingerprint, "default",
                               PauseKind::throttled, std::chrono::seconds(60), "slow down"};
    ASSERT_TRUE(store->put_endpoint_states(std::span(&paused, 1)));
    const auto found = engine->search(query("things"));
    EXPECT_EQ(found->ranking, RankingMode::lexical);
    EXPECT_EQ(found->fallback_reason, "provider_unavailable");
    EXPECT_NE(found->fallback_detail.find("throttled: slow down"), std::string::npos) << found->fallback_detail;
    EXPECT_EQ(first->calls(), calls) << "it is not asked";
}

TEST_F(SearchTest, QueriesDoNotWaitBehindDocuments) {
    const auto one_at_a_time = std::make_shared<Provider>("slow model", 1, 4);
    endpoints::ProviderDirectory slow({{"slow", "scripted", one_at_a_time, {}}});
    const auto engine = make_engine(*store, notifier, slow, {"slow", {}}, context);
    ASSERT_TRUE(put(*engine, document("first", {"List things"})));
    work(slow);
    scheduler::Gate gate;
    one_at_a_time->script([&](const EmbedRequest& request, int) -> std::optional<Error> {
        if (request.kind == TextKind::document) gate.wait();
        return std::nullopt;
    });
    ASSERT_TRUE(put(*engine, document("second", {"Delete users", "List users"})));
    scheduler::Scheduler scheduler(*store, notifier, slow, settings, context);
    ASSERT_TRUE(scheduler.start());
    gate.wait_until_reached();
    EXPECT_EQ(engine->search(query("things"))->ranking, RankingMode::hybrid) << "while the only endpoint is busy";
    gate.open();
    scheduler.stop();
}

TEST_F(SearchTest, AQueryBeyondTheShareOfQueriesIsRankedByWords) {
    endpoints::ProviderDirectory limited({{"one", "scripted", first, {.requests_per_minute = 600}}});
    const auto engine = make_engine(*store, notifier, limited, {"one", {}}, context);
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    work(limited);
    std::size_t semantic = 0;
    std::string detail;
    for (int i = 0; i < 20; ++i) {
        const auto found = engine->search(query("things"));
        if (found->ranking == RankingMode::hybrid)
            ++semantic;
        else
            detail = found->fallback_detail;
    }
    EXPECT_GE(semantic, 4U);
    EXPECT_LT(semantic, 20U);
    EXPECT_NE(detail.find("their tenth of the rate limit"), std::string::npos) << detail;
}

TEST_F(SearchTest, AProfileWithoutAProviderMeansLexicalWithTheReason) {
    ASSERT_TRUE(put(*engine_with("one"), document("spec", {"List things"})));
    work(providers);
    endpoints::ProviderDirectory others({{"two", "scripted", second, {}}});
    const auto engine = make_engine(*store, notifier, others, {"two", {}}, context);
    const auto found = engine->search(query("things"));
    EXPECT_EQ(found->ranking, RankingMode::lexical);
    EXPECT_EQ(found->fallback_reason, "provider_not_configured");
}

TEST_F(SearchTest, ACatalogThatWaitsForItsProviderDoesNotLackOne) {
    ASSERT_TRUE(put(*engine_with("none"), document("spec", {"List things"})));
    const auto detail = [&](const std::string& provider) {
        return engine_with(provider)->search(query("things"))->fallback_detail;
    };
    EXPECT_EQ(detail("one"),
              "catalog 'c' waits for provider 'one', which has not answered a process that works yet; "
              "`embedq doctor` asks it");
    EXPECT_EQ(detail("none"), "catalog 'c' has no provider; name one under `embedding:` in the configuration");
}

TEST_F(SearchTest, EmbeddingTurnedOffMeansLexicalThoughVectorsAreThere) {
    ASSERT_TRUE(put(*engine_with("one"), document("spec", {"List things"})));
    work(providers);
    const auto engine = engine_with("none");
    ASSERT_TRUE(engine->apply_targets(TargetScope::all, {}));
    const auto found = engine->search(query("things"));
    EXPECT_EQ(found->ranking, RankingMode::lexical);
    EXPECT_EQ(found->fallback_reason, "embeddings_not_indexed");
    EXPECT_EQ(found->hits.size(), 1U);
}

TEST_F(SearchTest, CatalogsOfDifferentProfilesAreMergedByRank) {
    const auto engine = engine_with("one", {{"b", "two"}});
    ASSERT_TRUE(put(*engine, document("spec", {"List things", "Delete users"}, "a")));
    ASSERT_TRUE(put(*engine, document("spec", {"List things", "Delete users"}, "b")));
    work(providers);
    const auto found = engine->search(query("list things"));
    ASSERT_GE(found->hits.size(), 2U);
    EXPECT_EQ(found->hits[0].summary, "List things");
    EXPECT_EQ(found->hits[1].summary, "List things");
    EXPECT_NE(found->hits[0].catalog_id, found->hits[1].catalog_id);
    auto one = query("list things");
    one.catalog_id = "b";
    const auto only = engine->search(one);
    for (const SearchHit& hit : only->hits) EXPECT_EQ(hit.catalog_id, "b");
}

TEST_F(SearchTest, BadRequestsAreRefused) {
    const auto engine = engine_with("one");
    auto request = query("x");
    request.limit = 0;
    EXPECT_EQ(engine->search(request).error().kind, ErrorKind::invalid_argument);
    request.limit = 501;
    EXPECT_EQ(engine->search(request).error().kind, ErrorKind::invalid_argument);
    request.limit = 10;
    request.catalog_id = "nowhere";
    EXPECT_EQ(engine->search(request).error().kind, ErrorKind::not_found);
    request.catalog_id.reset();
    EXPECT_EQ(engine->search(request)->fallback_reason, "embeddings_not_indexed") << "an empty store";
}

TEST_F(SearchTest, AForcedVectorReplacesTheOneInMemory) {
    const auto engine = engine_with("one");
    ASSERT_TRUE(put(*engine, document("spec", {"List things"})));
    work(providers);
    ASSERT_TRUE(engine->search(query("things", RankingMode::semantic)));
    const auto before = engine->catalog("c")->revision;
    ASSERT_EQ(engine->reembed_spec("c", "spec").value(), EnqueueOutcome::created);
    work(providers);
    EXPECT_GT(engine->catalog("c")->revision, before);
    EXPECT_EQ(engine->search(query("things", RankingMode::semantic))->hits.size(), 1U);
}

}  // namespace
}  // namespace embedq::engine
