// Several servers, and models that change: vectors of two models are never mixed.
#include <thread>

#include "unit/http/scripted_server.h"
#include "unit/ollama/support.h"

namespace embedq::ollama {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Endpoints : public OllamaTest {
protected:
    OllamaProvider& make_both(std::map<std::string, std::string> texts = {}) {
        texts["endpoints"] = "[" + server.url() + ", " + other.url() + "]";
        return make(std::move(texts));
    }
    // The URL of a port on which no server listens.
    static std::string no_server() { return ProtocolServer("").url(); }

    ProtocolServer other{script_text};
};

TEST_F(Endpoints, EachGivesTheSameAnswer) {
    auto& provider = make_both();
    auto info = provider.info({});
    ASSERT_TRUE(info);
    EXPECT_EQ(info->endpoints.size(), 2U);
    auto first = embed(provider, {"a"}, 0);
    auto second = embed(provider, {"a"}, 1);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->matrix, second->matrix);
    EXPECT_EQ(server.tally().calls.size(), 1U);
    EXPECT_EQ(other.tally().calls.size(), 1U);
}

TEST_F(Endpoints, TheFirstThatAnswersDecides) {
    auto info = make({{"endpoints", "[" + no_server() + ", " + server.url() + "]"}}).info({});
    ASSERT_TRUE(info) << to_string(info.error());
    EXPECT_EQ(info->model_digest, "sha256:1");
    auto none = make({{"endpoints", "[" + no_server() + "]"}}).info({});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::unavailable);
}

TEST_F(Endpoints, OneWithAnotherDigestIsNotUsedAndBothAreNamed) {
    other.change("models: { nomic: { digest: 'sha256:2' } }");
    auto& provider = make_both();
    ASSERT_TRUE(provider.info({}));
    EXPECT_TRUE(embed(provider, {"a"}, 0));
    auto result = embed(provider, {"a"}, 1);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(result.error()), AllOf(HasSubstr(other.url()), HasSubstr("sha256:1"), HasSubstr("sha256:2")));
}

TEST_F(Endpoints, AModelOfAnotherDimensionIsNamedByItsDigest) {
    other.change("models: { nomic: { digest: 'sha256:2', dimension: 9 } }");
    auto& provider = make_both();
    ASSERT_TRUE(provider.info({}));
    auto result = embed(provider, {"a"}, 1);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(result.error()), HasSubstr("sha256:2"));
}

TEST_F(Endpoints, AModelThatIsReplacedDuringARequestIsNoticed) {
    auto& provider = make();
    ASSERT_TRUE(provider.info({}));
    server.change("latency: 300ms");
    Result<EmbedResult> result = fail(ErrorKind::internal, "not sent");
    std::thread call([&] { result = embed(provider, {"a"}); });
    while (server.tally().serving == 0) std::this_thread::yield();
    server.change("models: { nomic: { digest: 'sha256:2' } }");
    call.join();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(result.error()), AllOf(HasSubstr("sha256:1"), HasSubstr("sha256:2")));
    // This continues until the host calls info() again.
    EXPECT_FALSE(embed(provider, {"a"}));
    ASSERT_TRUE(provider.info({}));
    EXPECT_TRUE(embed(provider, {"a"}));
}

TEST_F(Endpoints, AnAnswerWhoseDigestCannotBeCheckedIsRefused) {
    auto& provider = make();
    ASSERT_TRUE(provider.info({}));
    server.change("faults: [ { do: error, status: 500, route: /api/tags } ]");
    EXPECT_EQ(embed(provider, {"a"}).error().kind, ErrorKind::unavailable);
}

TEST_F(Endpoints, AServerThatReportsNoDigestsIsUsedWithoutThem) {
    server.change("models: { nomic: { reports_digest: false } }");
    auto& provider = make();
    auto info = provider.info({});
    ASSERT_TRUE(info);
    EXPECT_EQ(info->model_digest, "");
    EXPECT_TRUE(embed(provider, {"a"}));
    EXPECT_EQ(requests_to(server, "GET /api/tags"), 1U);
}

TEST_F(Endpoints, OneThatHangsDoesNotHoldUpTheOthers) {
    // The first accepts the connection and never answers.
    const http::ScriptedServer frozen([](http::Connection& connection) { connection.wait_until_closed(); });
    auto& provider = make({{"endpoints", "[" + frozen.url("") + ", " + server.url() + "]"}});
    const auto info = provider.info({});
    ASSERT_TRUE(info) << to_string(info.error());
    EXPECT_EQ(info->endpoints.size(), 2U);
    EXPECT_TRUE(embed(provider, {"a"}, 1));
}

TEST_F(Endpoints, AnEndpointThatLacksTheModelPullsIt) {
    other.change("models: { nomic: { present: false } }");
    auto& provider = make_both({{"pull", "true"}});
    ASSERT_TRUE(provider.info({}));
    while (requests_to(other, "POST /api/pull") == 0) std::this_thread::yield();
    auto result = embed(provider, {"a"}, 1);
    EXPECT_TRUE(result) << to_string(result.error());
}

TEST_F(Endpoints, OneThatPullsDoesNotDelayTheOthers) {
    other.change("models: { nomic: { present: false } }\nfaults: [ { do: stall, at: 0.5, route: /api/pull } ]");
    auto& provider = make({{"endpoints", "[" + other.url() + ", " + server.url() + "]"}, {"pull", "true"}});
    for (int round = 0; round < 2; ++round) {
        auto info = provider.info({});
        ASSERT_TRUE(info) << to_string(info.error());
        EXPECT_EQ(info->endpoints.size(), 2U);
        EXPECT_TRUE(embed(provider, {"a"}, 1));
        while (requests_to(other, "POST /api/pull") == 0) std::this_thread::yield();
        other.change("models: { nomic: { present: false } }");
    }
    EXPECT_EQ(requests_to(other, "POST /api/pull"), 1U) << "the first pull is still running";
    discard();  // without waiting for the rest of the pull
}

TEST_F(Endpoints, AnUnreachableOneMayHaveTheModelBeforeAnotherHasPulledIt) {
    other.change("models: { nomic: { present: false } }\nfaults: [ { do: stall, at: 0.5, route: /api/pull } ]");
    auto& provider = make({{"endpoints", "[" + no_server() + ", " + other.url() + "]"}, {"pull", "true"}});
    auto info = provider.info({});
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(info.error()), HasSubstr("wait until the server has pulled it"));
    while (requests_to(other, "POST /api/pull") == 0) std::this_thread::yield();
    EXPECT_TRUE(provider.info({}));
}

TEST_F(Endpoints, InfoWaitsForThePullWhereNoneHasTheModel) {
    server.change("models: { nomic: { present: false, pullable: false } }");
    other.change("models: { nomic: { present: false } }");
    auto& provider = make_both({{"pull", "true"}});
    auto info = provider.info({});
    ASSERT_TRUE(info) << to_string(info.error());
    EXPECT_EQ(info->model_digest, "sha256:1");
    EXPECT_TRUE(embed(provider, {"a"}, 1));
}

TEST_F(Endpoints, AWronglyReportedDimensionIsCorrected) {
    // Some models end in a layer that /api/show does not take into account.
    server.change(
        "faults: [ { do: error, status: 200, route: /api/show, body: "
        R"('{"model_info":{"general.architecture":"a","a.embedding_length":9}}')"
        " } ]");
    auto& provider = make();
    ASSERT_EQ(provider.info({})->dimension, 9U);
    EXPECT_EQ(embed(provider, {"a"}).error().kind, ErrorKind::misconfigured);
    EXPECT_EQ(provider.info({})->dimension, 8U);
    EXPECT_TRUE(embed(provider, {"a"}));
}

}  // namespace
}  // namespace embedq::ollama
