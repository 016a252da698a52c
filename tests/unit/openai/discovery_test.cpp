#include "openai/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embedq::openai {
namespace {

using testing::HasSubstr;

TEST(TeiInfo, ReportsModelAndLimits) {
    const Identity identity = read_tei_info(
        R"({"model_id":"BAAI/bge-m3","model_sha":"5617a9f6","model_dtype":"float16","model_type":{"embedding":{"pooling":"cls"}},)"
        R"("max_concurrent_requests":512,"max_input_length":8192,"max_batch_tokens":4096,"max_batch_requests":null,)"
        R"("max_client_batch_size":64,"auto_truncate":true,"version":"1.8.0"})");
    EXPECT_EQ(identity.model, "BAAI/bge-m3");
    EXPECT_EQ(identity.digest, "5617a9f6");
    EXPECT_EQ(identity.limits.max_inputs, 64U);
    EXPECT_EQ(identity.limits.max_text_tokens, 4096U);
    EXPECT_TRUE(identity.truncates);
}

TEST(TeiInfo, OtherDocumentsAreEmpty) {
    for (const char* body : {"", "[]", "<html>", R"({"model_sha":null,"max_input_length":"512"})"}) {
        const Identity identity = read_tei_info(body);
        EXPECT_EQ(identity.model + identity.digest, "") << body;
        EXPECT_EQ(identity.limits.max_text_tokens, 0U) << body;
    }
}

TEST(Models, OfVllm) {
    const auto identity = read_models(
        R"({"object":"list","data":[{"id":"other","root":"x"},{"id":"m","object":"model","owned_by":"vllm","root":"intfloat/e5","max_model_len":512}]})",
        "m");
    ASSERT_TRUE(identity.has_value());
    EXPECT_EQ(identity->digest, "intfloat/e5");
    EXPECT_EQ(identity->limits.max_text_tokens, 512U);
}

TEST(Models, OfVllmWithoutTheModelNamesTheOthers) {
    const auto identity = read_models(R"({"data":[{"id":"a","root":"x"},{"id":"b","root":"y"}]})", "m");
    ASSERT_FALSE(identity.has_value());
    EXPECT_EQ(identity.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(to_string(identity.error()), HasSubstr("does not have the model 'm', but a, b"));
}

TEST(Models, OfLlamaCppWhateverTheName) {
    const auto identity = read_models(
        R"({"object":"list","data":[{"id":"/models/nomic.gguf","meta":{"n_ctx_train":2048,"n_embd":768,"n_params":136727040,"size":145379328}}]})",
        "m");
    ASSERT_TRUE(identity.has_value());
    EXPECT_EQ(identity->dimension, 768U);
    EXPECT_EQ(identity->digest, "/models/nomic.gguf n_params=136727040 size=145379328");
}

TEST(Models, OfOtherServersAreEmpty) {
    for (const char* body : {"", "{}", R"({"data":[]})", R"({"data":[{"id":"a"}]})", R"({"data":[7]})",
                             R"({"data":[{"id":"a","meta":null}]})"}) {
        const auto identity = read_models(body, "m");
        ASSERT_TRUE(identity.has_value()) << body;
        EXPECT_EQ(identity->dimension, 0U) << body;
    }
}

}  // namespace
}  // namespace embedq::openai
