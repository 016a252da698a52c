#include "openai/openai_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>

#include "unit/openai/support.h"

namespace embedq::openai {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string error_body(const char* message) {
    return std::string("{\"error\":{\"message\":\"") + message + "\"}}";
}

// A server like TEI: /info with a digest, and vectors.
FakeServer::Reply tei(std::string digest, std::size_t dimension) {
    return [digest = std::move(digest), dimension](const SentRequest& request) {
        if (request.head.starts_with("GET /info "))
            return http::answer("{\"model_id\":\"e5\",\"model_sha\":\"" + digest + "\",\"max_client_batch_size\":16}");
        return vectors(texts_in(request), dimension);
    };
}

TEST(OpenaiProvider, EmbedsInTheOrderOfTheTexts) {
    FakeServer server(vectors_of(2));
    Made made({{"base_url", server.url()}, {"api_key", "the-key"}, {"headers", "{X-Org: o}"}});
    const auto result = made.embed({"a", "b"});
    ASSERT_TRUE(result.has_value()) << to_string(result.error());
    EXPECT_THAT(result->matrix, ElementsAre(1, 0.5F, 2, 0.5F));
    EXPECT_EQ(result->dimension, 2U);
    EXPECT_EQ(result->tokens, 7U);
    const SentRequest request = server.requests().at(0);
    EXPECT_THAT(request.head,
                AllOf(StartsWith("POST /v1/embeddings HTTP/1.1"), HasSubstr("Authorization: Bearer the-key\r\n"),
                      HasSubstr("X-Org: o\r\n"), HasSubstr("Content-Type: application/json\r\n")));
    EXPECT_EQ(request.body, R"({"model":"m","encoding_format":"base64","input":["a","b"]})");
}

TEST(OpenaiProvider, ConfiguredDimensionsNeedNoRequest) {
    FakeServer server(vectors_of(3));
    Made made({{"base_url", server.url()}, {"dimensions", "3"}});
    EXPECT_EQ(made.provider->info({})->dimension, 3U);
    EXPECT_TRUE(server.requests().empty());
    ASSERT_TRUE(made.embed({"a"}).has_value());
    EXPECT_THAT(server.requests().at(0).body, HasSubstr("\"dimensions\":3"));
}

TEST(OpenaiProvider, AnotherDimensionIsNoticedAndLearnedByTheNextInfo) {
    FakeServer server(vectors_of(3));
    Made made({{"base_url", server.url()}});
    ASSERT_EQ(made.provider->info({})->dimension, 3U);
    ASSERT_TRUE(made.embed({"a"}).has_value());
    server.reply(vectors_of(4));
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    EXPECT_EQ(made.provider->info({})->dimension, 4U);
    EXPECT_TRUE(made.embed({"a"}).has_value());
}

TEST(OpenaiProvider, VectorsAreCutAndNormalisedWhereConfigured) {
    FakeServer server(
        [](const SentRequest&) { return http::answer(R"({"data":[{"index":0,"embedding":[3,4,12,84]}]})"); });
    Made made({{"base_url", server.url()}, {"dimensions", "2"}, {"truncate_dimensions", "true"}});
    EXPECT_EQ(made.provider->info({})->dimension, 2U);
    const auto result = made.embed({"a"});
    ASSERT_TRUE(result.has_value()) << to_string(result.error());
    EXPECT_EQ(result->dimension, 2U);
    EXPECT_THAT(result->matrix, ElementsAre(testing::FloatEq(0.6F), testing::FloatEq(0.8F)));
}

TEST(OpenaiProvider, VectorsShorterThanTheCutAreRefused) {
    FakeServer server(vectors_of(2));
    Made made({{"base_url", server.url()}, {"dimensions", "8"}, {"truncate_dimensions", "true"}});
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(result.error()), HasSubstr("cannot be cut to the option dimensions, 8"));
}

TEST(OpenaiProvider, Base64IsDecodedWhateverWasRequested) {
    FakeServer server([](const SentRequest&) {
        return http::answer(R"({"data":[{"index":0,"embedding":"AACAPwAAAEA="}]})");  // 1, 2
    });
    Made made({{"base_url", server.url()}, {"encoding_format", "float"}});
    const auto result = made.embed({"a"});
    ASSERT_TRUE(result.has_value()) << to_string(result.error());
    EXPECT_THAT(result->matrix, ElementsAre(1, 2));
}

TEST(OpenaiProvider, RefusedBase64IsRequestedOnce) {
    FakeServer server([](const SentRequest& request) {
        if (request.body.contains("base64"))
            return http::answer(R"({"object":"error","message":"base64 encoding is not currently supported"})",
                                "400 Bad Request");
        return vectors(texts_in(request), 2);
    });
    Made made({{"base_url", server.url()}});
    ASSERT_TRUE(made.embed({"a"}).has_value());
    ASSERT_TRUE(made.embed({"b"}).has_value());
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_THAT(requests[1].body, HasSubstr("\"encoding_format\":\"float\""));
    EXPECT_THAT(requests[2].body, HasSubstr("\"encoding_format\":\"float\""));
}

// OpenRouter's answers for models that do not have base64, and those of gateways that lose it.
TEST(OpenaiProvider, Base64ThatIsAnsweredWithoutVectorsIsRequestedOnce) {
    for (const char* without :
         {R"({"object":"list","data":[],"model":"m"})", R"({"object":"list","model":"m"})",
          R"({"data":[{"index":0,"embedding":null}]})", R"({"data":[{"index":0,"embedding":""}]})",
          R"({"data":[{"index":0,"embedding":[]}]})", R"({"data":[{"index":0,"embedding":{"bytes":"AACAPwAAAEA="}}]})",
          R"({"data":[{"index":0,"embedding":"not base64!!"}]})",
          R"({"data":[{"index":0,"embedding":["AACAPwAAAEA="]}]})",
          R"({"error":{"message":"base64 is not supported","code":400}})"}) {
        FakeServer server([&](const SentRequest& request) {
            return request.body.contains("base64") ? http::answer(without) : vectors(texts_in(request), 2);
        });
        Made made({{"base_url", server.url()}});
        const auto first = made.embed({"a"});
        ASSERT_TRUE(first.has_value()) << without << ": " << to_string(first.error());
        EXPECT_TRUE(first->errors.empty()) << without;
        EXPECT_THAT(first->matrix, ElementsAre(1, 0.5F));
        ASSERT_TRUE(made.embed({"b"}).has_value());
        const auto requests = server.requests();
        ASSERT_EQ(requests.size(), 3U) << without;
        EXPECT_THAT(requests[1].body, HasSubstr("\"encoding_format\":\"float\""));
        EXPECT_THAT(requests[2].body, HasSubstr("\"encoding_format\":\"float\""));
    }
}

TEST(OpenaiProvider, NumbersThatAreNoBetterAreNotRemembered) {
    FakeServer server([](const SentRequest&) { return http::answer(R"({"object":"list","data":[]})"); });
    Made made({{"base_url", server.url()}, {"dimensions", "2"}});
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::internal);
    EXPECT_THAT(result.error().message, HasSubstr("0 vectors for 1 text"));
    server.reply(vectors_of(2));
    ASSERT_TRUE(made.embed({"a"}).has_value());
    EXPECT_EQ(server.requests().size(), 3U);
    EXPECT_THAT(server.requests().back().body, HasSubstr("base64"));
}

TEST(OpenaiProvider, StatedLimitsAreInTheError) {
    FakeServer server([](const SentRequest&) {
        return http::answer(R"({"message":"batch size 66 > maximum allowed batch size 64"})", "422 Unprocessable");
    });
    Made made({{"base_url", server.url()}});
    const auto result = made.embed({"a", "b"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::too_large);
    EXPECT_EQ(result.error().limits.max_inputs, 64U);
}

TEST(OpenaiProvider, SecretsAreNotShown) {
    FakeServer server([](const SentRequest&) {
        return http::answer(error_body("Incorrect API key provided: the-key-itself and header-value"),
                            "401 Unauthorized");
    });
    const std::string url = "http://user:password@" + server.url().substr(7);
    Made made({{"base_url", url},
               {"api_key", "the-key-itself"},
               {"headers", "{X-Key: header-value}"},
               {"query", "{code: query-secret-0123456789}"}});
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    std::string shown = to_string(result.error()) + result.error().detail;
    const auto info = made.provider->info({});
    ASSERT_FALSE(info.has_value());
    shown += to_string(info.error()) + info.error().detail;
    for (const auto& [level, line] : made.context.logger().lines()) shown += line;
    EXPECT_THAT(shown,
                AllOf(HasSubstr("check the option api_key"), Not(HasSubstr("the-key-itself")),
                      Not(HasSubstr("header-value")), Not(HasSubstr("password")), Not(HasSubstr("query-secret"))));
}

TEST(OpenaiProvider, AnHtmlPageIsMisconfigured) {
    FakeServer server([](const SentRequest&) { return http::answer("<!DOCTYPE html><title>Sign in</title>"); });
    Made made({{"base_url", server.url()}});
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(result.error()), HasSubstr("an HTML page"));
}

TEST(OpenaiProvider, AnErrorInsideASuccessIsClassified) {
    FakeServer server([](const SentRequest&) {
        return http::answer(R"({"error":{"message":"Rate limited, try again in 2s","code":429}})");
    });
    Made made({{"base_url", server.url()}});
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::throttled);
    EXPECT_EQ(result.error().retry_after, std::chrono::milliseconds(2000));
}

TEST(OpenaiProvider, AWrongPathHasAHint) {
    FakeServer server([](const SentRequest&) { return http::answer("not here", "404 Not Found"); });
    Made made({{"base_url", server.url("")}, {"query", "{sig: a-signature-of-some-length}"}});
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(result.error()),
                HasSubstr("base_url usually ends with /v1, and /embeddings is appended to it"));
    EXPECT_THAT(to_string(result.error()), testing::Not(HasSubstr("signature")));
}

TEST(OpenaiProvider, AHangingServerIsAbandonedAfterTheTimeout) {
    http::ScriptedServer server([](http::Connection& connection) { connection.wait_until_closed(); });
    Made made({{"base_url", server.url("/v1")}, {"timeout", "50ms"}});
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(to_string(result.error()), HasSubstr("before the deadline"));
    EXPECT_TRUE(result.error().deadline_reached);
}

TEST(OpenaiProvider, AnAnswerBeyondTheLimitDoesNotRefuseASingleText) {
    FakeServer server([](const SentRequest&) { return http::answer(std::string(5000, ' ')); });
    Made made({{"base_url", server.url()}, {"max_response_bytes", "1KiB"}});
    EXPECT_EQ(made.embed({"a", "b"}).error().kind, ErrorKind::too_large);
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::internal);
    EXPECT_THAT(to_string(result.error()),
                AllOf(HasSubstr("longer than 1024 bytes"), HasSubstr("check which server answers at base_url")));
}

TEST(OpenaiProvider, AnUnknownEndpointIsRefused) {
    FakeServer server(vectors_of(2));
    Made made({{"base_url", server.url()}});
    const auto result = made.embed({"a"}, TextKind::document, 1);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::invalid_argument);
}

TEST(Tei, ReportsModelDigestAndLimits) {
    FakeServer server(tei("sha1", 2));
    Made made({{"dialect", "tei"}, {"base_url", server.url()}, {"model", ""}});
    const auto info = made.provider->info({});
    ASSERT_TRUE(info.has_value()) << to_string(info.error());
    EXPECT_EQ(info->model, "e5");
    EXPECT_EQ(info->model_digest, "sha1");
    EXPECT_EQ(info->limits.max_inputs, 16U);
}

TEST(Tei, ALowerConfiguredLimitIsKept) {
    FakeServer server(tei("sha1", 2));
    Made made({{"dialect", "tei"}, {"base_url", server.url()}, {"max_inputs", "4"}});
    EXPECT_EQ(made.provider->info({})->limits.max_inputs, 4U);
}

TEST(Tei, AnotherDigestIsNoticedByTheNextInfo) {
    FakeServer server(tei("sha1", 2));
    Made made({{"dialect", "tei"}, {"base_url", server.url()}});
    EXPECT_EQ(made.provider->info({})->model_digest, "sha1");
    server.reply(tei("sha2", 2));
    EXPECT_EQ(made.provider->info({})->model_digest, "sha2");
}

TEST(Tei, EachInfoChecksTheModelButOnlyANewModelCostsAVector) {
    FakeServer server(tei("sha1", 2));
    Made made({{"dialect", "tei"}, {"base_url", server.url()}});
    const auto posts = [&] {
        const auto requests = server.requests();
        return std::ranges::count_if(requests, [](const SentRequest& one) { return one.head.starts_with("POST"); });
    };
    for (int idle_minute = 0; idle_minute < 3; ++idle_minute) {
        EXPECT_EQ(made.provider->info({})->dimension, 2U);
        made.context.manual_clock().advance(std::chrono::minutes(1));
    }
    EXPECT_EQ(posts(), 1);
    EXPECT_EQ(server.requests().size(), 4U);
    server.reply(tei("sha2", 3));
    EXPECT_EQ(made.provider->info({})->dimension, 3U);
    EXPECT_EQ(made.provider->info({})->dimension, 3U);
    EXPECT_EQ(posts(), 2);
}

TEST(Tei, VectorsOfARestartedServerWithAnotherModelAreNotMixed) {
    bool hang_up = false;
    auto reply = tei("sha1", 2);
    FakeServer server(
        [&](const SentRequest& request) { return std::exchange(hang_up, false) ? std::string() : reply(request); });
    Made made({{"dialect", "tei"}, {"base_url", server.url()}});
    ASSERT_TRUE(made.provider->info({}).has_value());
    ASSERT_TRUE(made.embed({"a"}).has_value());
    server.reply([&](const SentRequest& request) {
        return std::exchange(hang_up, false) ? std::string() : tei("sha2", 2)(request);
    });
    hang_up = true;  // the kept-alive connection is gone, and the same address accepts a new one
    const auto result = made.embed({"a"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(result.error()), AllOf(HasSubstr("now has the model 'sha2'"), HasSubstr("'sha1'")));
    ASSERT_EQ(made.provider->info({})->model_digest, "sha2");
    EXPECT_TRUE(made.embed({"a"}).has_value());
}

TEST(Tei, AProxyThatHidesInfoIsAccepted) {
    FakeServer server([](const SentRequest& request) {
        return request.head.starts_with("GET") ? http::answer("", "404 Not Found") : vectors(texts_in(request), 2);
    });
    Made made({{"dialect", "tei"}, {"base_url", server.url()}});
    const auto info = made.provider->info({});
    ASSERT_TRUE(info.has_value()) << to_string(info.error());
    EXPECT_EQ(info->dimension, 2U);
    EXPECT_EQ(info->model_digest, "");
}

TEST(Endpoints, AreSelectedByTheirIndex) {
    FakeServer first(tei("sha1", 2));
    FakeServer second(tei("sha1", 2));
    Made made({{"dialect", "tei"}, {"endpoints", "[\"" + first.url() + "\", \"" + second.url() + "\"]"}});
    const auto info = made.provider->info({});
    ASSERT_TRUE(info.has_value()) << to_string(info.error());
    EXPECT_THAT(info->endpoints, ElementsAre(first.url(), second.url()));
    const std::size_t before = first.requests().size();
    ASSERT_TRUE(made.embed({"a"}, TextKind::document, 1).has_value());
    EXPECT_EQ(first.requests().size(), before);
}

TEST(Endpoints, OfDifferentModelsAreRefused) {
    FakeServer first(tei("sha1", 2));
    FakeServer second(tei("sha2", 2));
    FakeServer third(tei("sha1", 3));
    for (FakeServer* other : {&second, &third}) {
        Made made({{"dialect", "tei"}, {"endpoints", "[\"" + first.url() + "\", \"" + other->url() + "\"]"}});
        const auto info = made.provider->info({});
        ASSERT_FALSE(info.has_value());
        EXPECT_EQ(info.error().kind, ErrorKind::misconfigured);
        EXPECT_THAT(to_string(info.error()), HasSubstr("the endpoints have different models"));
    }
}

TEST(Endpoints, OneThatHangsDoesNotHoldUpTheOthers) {
    FakeServer healthy(vectors_of(2));
    std::promise<bool> healthy_was_asked;
    // Accepts the connection and never answers.
    const http::ScriptedServer frozen([&](http::Connection& connection) {
        connection.wait_until_closed();
        if (connection.number() == 0) healthy_was_asked.set_value(!healthy.requests().empty());
    });
    Made made({{"endpoints", "[\"" + frozen.url("/v1") + "\", \"" + healthy.url() + "\"]"}});
    const auto info = made.provider->info({});
    ASSERT_TRUE(info.has_value()) << to_string(info.error());
    EXPECT_EQ(info->dimension, 2U);
    EXPECT_TRUE(healthy_was_asked.get_future().get()) << "before the other was given up";
    EXPECT_TRUE(made.embed({"a"}, TextKind::document, 1).has_value());
}

TEST(Endpoints, AnUnreachableOneIsCheckedBeforeItIsUsed) {
    FakeServer first(tei("sha1", 2));
    FakeServer second([](const SentRequest&) { return std::string(); });
    Made made({{"dialect", "tei"}, {"endpoints", "[\"" + first.url() + "\", \"" + second.url() + "\"]"}});
    ASSERT_TRUE(made.provider->info({}).has_value());
    second.reply(tei("sha2", 2));
    const auto result = made.embed({"a"}, TextKind::document, 1);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    second.reply(tei("sha1", 2));
    EXPECT_TRUE(made.embed({"a"}, TextKind::document, 1).has_value());
}

TEST(LlamaCpp, ReportsTheDimensionWithoutEmbedding) {
    FakeServer server(
        [](const SentRequest&) { return http::answer(R"({"data":[{"id":"x.gguf","meta":{"n_embd":5,"size":9}}]})"); });
    Made made({{"dialect", "llama_cpp"}, {"base_url", server.url()}});
    const auto info = made.provider->info({});
    ASSERT_TRUE(info.has_value()) << to_string(info.error());
    EXPECT_EQ(info->dimension, 5U);
    EXPECT_EQ(info->model_digest, "x.gguf size=9");
    EXPECT_THAT(server.requests().at(0).head, StartsWith("GET /v1/models "));
}

}  // namespace
}  // namespace embedq::openai
