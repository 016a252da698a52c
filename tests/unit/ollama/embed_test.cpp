// How answers to embedding requests are handled.
#include <cmath>
#include <numeric>

#include "unit/ollama/support.h"

namespace embedq::ollama {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

double squares(std::span<const float> row) {
    return std::inner_product(row.begin(), row.end(), row.begin(), 0.0);
}

class Embed : public OllamaTest {
protected:
    // The error of a call with two texts, under one fault.
    Error error_under(const std::string& fault, std::vector<std::string_view> texts = {"a", "b"}) {
        server.change("faults: [ " + fault + " ]");
        auto result = embed(make(), std::move(texts));
        if (result && !result->errors.empty()) return result->errors.front().error;
        if (result) throw std::runtime_error("the answer was accepted");
        return result.error();
    }
};

TEST_F(Embed, ARowForEachTextInOrderWithTheTokens) {
    auto result = embed(make(), {"first text", "second"});
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->dimension, 8U);
    ASSERT_EQ(result->matrix.size(), 16U);
    EXPECT_EQ(result->tokens, 5U);
    auto second = embed(make(), {"second"});
    ASSERT_TRUE(second);
    EXPECT_TRUE(std::equal(second->matrix.begin(), second->matrix.end(), result->matrix.begin() + 8));
}

TEST_F(Embed, AnUnknownEndpointIsRefused) {
    EXPECT_EQ(embed(make(), {"a"}, 1).error().kind, ErrorKind::invalid_argument);
}

TEST_F(Embed, ATextThatIsTooLongIsRefusedWithTheLimit) {
    const std::string text(4UL * 65, 'x');
    auto result = embed(make(), {text});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(result.error().limits.max_text_tokens, 64U);
    EXPECT_EQ(server.tally().calls.size(), 1U);  // a retry would change nothing
    EXPECT_TRUE(embed(make({{"truncate", "true"}}), {text}));
}

TEST_F(Embed, APlain400ForOneTextIsRetriedOnce) {
    server.change("faults: [ { do: error, status: 400, message: 'EOF', calls: 1 } ]");
    EXPECT_TRUE(embed(make(), {"a"}));
    EXPECT_EQ(server.tally().calls.size(), 2U);
    server.reset();
    // The host halves a batch of several texts.
    const Error error = error_under("{ do: error, status: 400, message: 'EOF' }");
    EXPECT_EQ(error.kind, ErrorKind::invalid_input);
    EXPECT_EQ(server.tally().calls.size(), 1U);
    server.reset();
    EXPECT_EQ(error_under("{ do: poison, text: bad }", {"bad"}).kind, ErrorKind::invalid_input);
    EXPECT_EQ(server.tally().calls.size(), 2U);
}

TEST_F(Embed, ServerErrorsGetTheKindOfTheirCause) {
    EXPECT_EQ(
        error_under(
            "{ do: error, status: 503, message: 'server busy, please try again.  maximum pending requests exceeded' }")
            .kind,
        ErrorKind::throttled);
    EXPECT_EQ(error_under("{ do: error, status: 500, message: 'model runner has unexpectedly stopped' }").kind,
              ErrorKind::unavailable);
    // Servers before 0.14 answer like this when a vector is invalid.
    EXPECT_EQ(
        error_under("{ do: error, status: 500, message: 'failed to encode response: json: unsupported value: NaN' }")
            .kind,
        ErrorKind::invalid_input);
    EXPECT_EQ(error_under("{ do: error, status: 200, body: '{\"error\":\"server busy, please try again\"}' }").kind,
              ErrorKind::throttled);
    EXPECT_EQ(error_under("{ do: html }").kind, ErrorKind::unavailable);
    EXPECT_EQ(error_under("{ do: html, status: 200 }").kind, ErrorKind::misconfigured);
    EXPECT_EQ(error_under("{ do: reset }").kind, ErrorKind::unavailable);
    EXPECT_EQ(error_under("{ do: cut }").kind, ErrorKind::unavailable);
    EXPECT_EQ(error_under("{ do: not_json }").kind, ErrorKind::internal);
}

TEST_F(Embed, InvalidVectorsAreNeverAccepted) {
    for (const char* fault : {"nan", "infinity", "'null'", "zero", "empty_vector", "wrong_dimension", "short_count",
                              "long_count", "no_vectors"}) {
        EXPECT_EQ(error_under("{ do: " + std::string(fault) + " }", {"a", "b", "c"}).kind, ErrorKind::internal)
            << fault;
    }
}

TEST_F(Embed, AnswersInOtherFormsAreRead) {
    for (const char* fault : {"chunked", "gzip", "http_1_0", "wrong_type", "stale", "drip, bytes: 500, every: 1ms",
                              "huge, bytes: 1000000"}) {
        server.change("faults: [ { do: " + std::string(fault) + " } ]");
        auto& provider = make();
        for (int i = 0; i < 3; ++i) {
            auto result = embed(provider, {"a", "b"});
            EXPECT_TRUE(result) << fault << ": " << to_string(result.error());
        }
    }
}

TEST_F(Embed, AnAnswerBeyondTheLimitIsRefused) {
    server.change("faults: [ { do: huge } ]");  // 100 MB
    auto result = embed(make({{"max_response_bytes", "1MiB"}}), {"a", "b"});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::too_large);
}

TEST_F(Embed, AnAnswerBeyondTheLimitDoesNotRefuseASingleText) {
    auto& provider = make({{"max_response_bytes", "1MiB"}});
    for (const char* route : {"legacy: false", "legacy: true"}) {
        server.change(std::string(route) + "\nfaults: [ { do: huge } ]");  // 100 MB
        auto result = embed(provider, {"a"});
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, ErrorKind::internal);
        EXPECT_THAT(to_string(result.error()), AllOf(HasSubstr("longer than 1048576 bytes"),
                                                     HasSubstr("check which server answers at endpoints")));
    }
}

TEST_F(Embed, ACallThatTimesOutIsMarkedAndTheTimeoutIsReported) {
    auto& provider = make({{"timeout", "1s"}});
    auto info = provider.info({});
    ASSERT_TRUE(info) << to_string(info.error());
    EXPECT_EQ(info->call_timeout, 1s);
    server.change("faults: [ { do: hang } ]");
    auto result = embed(provider, {"a"});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(result.error().deadline_reached);
    server.change("faults: [ { do: error, status: 500, message: oops } ]");
    result = embed(provider, {"a"});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(result.error().deadline_reached);
}

TEST_F(Embed, AKeyIsSentAndNeverShown) {
    server.change("authorization: sesame-open");
    EXPECT_TRUE(embed(make({{"api_key", "sesame-open"}}), {"a"}));
    auto refused = make({{"api_key", "sesame-shut"}}).info({});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(refused.error()) + refused.error().detail, Not(HasSubstr("sesame-shut")));
}

// --- servers before 0.3

TEST_F(Embed, AnOldServerGetsOneRequestPerTextAndItsVectorsAreNormalised) {
    server.change("legacy: true");
    auto& provider = make();
    auto result = embed(provider, {"a", "b", "c"});
    ASSERT_TRUE(result) << to_string(result.error());
    ASSERT_EQ(result->matrix.size(), 24U);
    for (std::size_t row = 0; row < 3; ++row)
        EXPECT_NEAR(squares(std::span(result->matrix).subspan(row * 8, 8)), 1, 1e-5);
    EXPECT_EQ(server.tally().calls.size(), 3U);
    ASSERT_TRUE(embed(provider, {"a"}));
    EXPECT_EQ(requests_to(server, "POST /api/embed"), 1U) << "the provider remembers that the server is old";
    // The direction is the same as from a new server.
    server.change("legacy: false");
    auto newer = embed(make(), {"a"});
    ASSERT_TRUE(newer);
    for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(newer->matrix[i], result->matrix[i], 1e-5);
}

TEST_F(Embed, ARefusalByAnOldServerConcernsOneText) {
    server.change("legacy: true\nfaults: [ { do: error, status: 400, message: bad text, text: bad } ]");
    auto result = embed(make(), {"a", "bad", "c"});
    ASSERT_TRUE(result) << to_string(result.error());
    ASSERT_EQ(result->errors.size(), 1U);
    EXPECT_EQ(result->errors[0].index, 1U);
    EXPECT_EQ(result->matrix.size(), 24U);
}

TEST_F(Embed, AMissingModelIsNotAMissingRoute) {
    auto& provider = make();
    ASSERT_TRUE(provider.info({}));
    server.change("models: { nomic: { present: false } }");
    auto result = embed(provider, {"a"});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(result.error()), HasSubstr("ollama pull nomic"));
    EXPECT_EQ(server.tally().calls.size(), 1U);
}

}  // namespace
}  // namespace embedq::ollama
