// What info() finds out, and its errors.
#include "unit/ollama/support.h"

namespace embedq::ollama {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST_F(OllamaTest, InfoReportsTheModelWithoutEmbedding) {
    auto info = make({{"document_prefix", "d: "}}).info({});
    ASSERT_TRUE(info) << to_string(info.error());
    EXPECT_EQ(info->model, "nomic");
    EXPECT_EQ(info->model_digest, "sha256:1");
    EXPECT_EQ(info->dimension, 8U);
    EXPECT_EQ(info->limits.max_text_tokens, 64U);
    EXPECT_EQ(info->document_prefix, "d: ");
    EXPECT_EQ(info->endpoints, std::vector<std::string>{server.url()});
    EXPECT_TRUE(server.tally().calls.empty());
}

TEST_F(OllamaTest, OptionsThatChangeVectorsArePartOfTheDigest) {
    const auto digest = [&](std::map<std::string, std::string> texts) {
        auto info = make(std::move(texts)).info({});
        return info ? info->model_digest : to_string(info.error());
    };
    EXPECT_EQ(digest({}), "sha256:1");
    EXPECT_EQ(digest({{"truncate", "false"}, {"keep_alive", "24h"}, {"options", "{ num_gpu: 1, num_thread: 4 }"}}),
              "sha256:1");
    EXPECT_EQ(digest({{"truncate", "true"}}), "sha256:1 truncate");
    EXPECT_EQ(digest({{"options", "{ num_gpu: 1, num_ctx: 32, unheard_of: x }"}}),
              "sha256:1 num_ctx=32 unheard_of=\"x\"");
    // Answers are still checked against the digest in the server's list.
    auto& provider = make({{"truncate", "true"}});
    ASSERT_TRUE(provider.info({}));
    EXPECT_TRUE(embed(provider, {"a"}));
}

TEST_F(OllamaTest, ASmallerContextInTheOptionsLimitsTexts) {
    auto info = make({{"options", "{ num_ctx: 32 }"}}).info({});
    ASSERT_TRUE(info);
    EXPECT_EQ(info->limits.max_text_tokens, 32U);
}

TEST_F(OllamaTest, FewerDimensionsAreRequestedAndMoreAreRefused) {
    auto& fewer = make({{"dimensions", "4"}});
    ASSERT_TRUE(fewer.info({}));
    EXPECT_EQ(fewer.info({})->dimension, 4U);
    auto result = embed(fewer, {"text"});
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->dimension, 4U);
    auto more = make({{"dimensions", "9"}}).info({});
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(more.error()), AllOf(HasSubstr("dimensions is 9"), HasSubstr("has 8")));
}

TEST_F(OllamaTest, AMissingModelHasAHint) {
    auto info = make({{"model", "absent"}}).info({});
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(info.error()), AllOf(HasSubstr("absent"), HasSubstr("ollama pull absent")));
}

TEST_F(OllamaTest, PullFetchesAMissingModelAndLogsTheProgress) {
    server.change("models: { absent: { present: false, dimension: 16 } }");
    auto info = make({{"model", "absent"}, {"pull", "true"}}).info({});
    ASSERT_TRUE(info) << to_string(info.error());
    EXPECT_EQ(info->dimension, 16U);
    std::string log;
    for (const auto& [level, line] : context.logger().lines()) log += line + "\n";
    EXPECT_THAT(log, AllOf(HasSubstr("does not have the model 'absent'"), HasSubstr("pulling manifest"),
                           HasSubstr("1 MB of 1 MB")));
}

TEST_F(OllamaTest, AModelThatCannotBePulledIsMisconfigured) {
    auto info = make({{"model", "nowhere"}, {"pull", "true"}}).info({});
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(info.error()), HasSubstr("file does not exist"));
}

TEST_F(OllamaTest, AChatModelIsRefusedUnlessAllowed) {
    server.change("models: { llama: { embeds: false } }");
    auto info = make({{"model", "llama"}}).info({});
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(info.error()), HasSubstr("is not an embedding model"));
    EXPECT_TRUE(make({{"model", "llama"}, {"any_model", "true"}}).info({}));
}

TEST_F(OllamaTest, AReplacedModelHasAnotherDigest) {
    auto& provider = make();
    ASSERT_TRUE(provider.info({}));
    server.change("models: { nomic: { digest: 'sha256:2', dimension: 16 } }");
    auto info = provider.info({});
    ASSERT_TRUE(info);
    EXPECT_EQ(info->model_digest, "sha256:2");
    EXPECT_EQ(info->dimension, 16U);
}

TEST_F(OllamaTest, WarmingUpLoadsTheModelOnce) {
    auto& provider = make({{"warm_up", "true"}});
    ASSERT_TRUE(provider.info({}));
    ASSERT_TRUE(provider.info({}));
    ASSERT_EQ(server.tally().calls.size(), 1U);
    EXPECT_EQ(server.tally().calls[0].texts, std::vector<std::string>{""});
}

TEST_F(OllamaTest, AServerThatReportsNoDimensionIsAskedForAVector) {
    server.change("faults: [ { do: error, status: 200, body: '{}', route: /api/show } ]");
    auto info = make().info({});
    ASSERT_TRUE(info) << to_string(info.error());
    EXPECT_EQ(info->dimension, 8U);
}

TEST_F(OllamaTest, ABusyOrBrokenServerIsUnavailable) {
    server.change("faults: [ { do: error, status: 503, route: /api/show } ]");
    EXPECT_EQ(make().info({}).error().kind, ErrorKind::unavailable);
    server.change("faults: [ { do: error, status: 500, route: /api/tags } ]");
    EXPECT_EQ(make().info({}).error().kind, ErrorKind::unavailable);
}

TEST_F(OllamaTest, AServerThatIsNotOllamaIsMisconfigured) {
    ProtocolServer other("dialect: openai\nmodels: { nomic: {} }");
    auto info = make({{"endpoints", "[" + other.url() + "]"}}).info({});
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::misconfigured);
}

}  // namespace
}  // namespace embedq::ollama
