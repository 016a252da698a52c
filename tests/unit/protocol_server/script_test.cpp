#include "protocol_server/script.h"

#include <gmock/gmock.h>

#include <stdexcept>

namespace protocol_server {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

std::string refusal_of(std::string_view yaml) {
    Script script;
    try {
        apply_script(script, yaml);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return {};
}

TEST(Script, OnlyTheKeysThatAreGivenChange) {
    Script script;
    apply_script(script,
                 "dialect: tei\nlatency: 20ms\nmodels: { a: { dimension: 8 }, b: {} }\nfaults: [ { do: nan } ]");
    apply_script(script, "latency_per_input: 250us\nmodels: { a: { digest: 'sha256:2' } }");
    EXPECT_EQ(script.dialect, Dialect::tei);
    EXPECT_EQ(script.latency, 20ms);
    EXPECT_EQ(script.latency_per_input, 250us);
    EXPECT_EQ(script.models.at("a").dimension, 8U);
    EXPECT_EQ(script.models.at("a").digest, "sha256:2");
    EXPECT_EQ(script.models.size(), 2U);
    EXPECT_EQ(script.faults.size(), 1U);
    apply_script(script, "faults: []");
    EXPECT_TRUE(script.faults.empty());
    EXPECT_EQ(script.faults_set, 2U);
}

TEST(Script, CallsAreOneOrARangeOrOpenEnded) {
    Script script;
    apply_script(script, "faults: [ { do: hang, calls: 7 }, { do: hang, calls: 3..5 }, { do: hang, calls: 9.. } ]");
    EXPECT_EQ(script.faults[0].first_call, 7U);
    EXPECT_EQ(script.faults[0].last_call, 7U);
    EXPECT_EQ(script.faults[1].last_call, 5U);
    EXPECT_EQ(script.faults[2].first_call, 9U);
    EXPECT_EQ(script.faults[2].last_call, UINT64_MAX);
}

TEST(Script, RefusingCanBeTurnedOff) {
    Script script;
    apply_script(script, "refusing: { status: 503, message: Loading model }");
    ASSERT_TRUE(script.refusing);
    EXPECT_EQ(script.refusing->message, "Loading model");
    apply_script(script, "refusing: false");
    EXPECT_FALSE(script.refusing);
}

TEST(Script, AMistakeNamesLineFoundAndExpectedAndChangesNothing) {
    EXPECT_THAT(refusal_of("dialect: openai\nlatencies: 3ms"), HasSubstr("line 2: a script has no key 'latencies'"));
    EXPECT_THAT(refusal_of("dialect: opanai"), HasSubstr("found 'opanai', expected one of ollama, openai"));
    EXPECT_THAT(refusal_of("latency: 20"), HasSubstr("expected a duration"));
    EXPECT_THAT(refusal_of("faults: [ { calls: 3 } ]"), HasSubstr("needs `do`"));
    EXPECT_THAT(refusal_of("faults: [ { do: nan, calls: 3-5 } ]"), HasSubstr("expected 3, 3..5 or 3.."));
    EXPECT_THAT(refusal_of("models: { a: { dimension: 0 } }"), HasSubstr("at least 1"));
    EXPECT_THAT(refusal_of("{"), HasSubstr("script: "));
    Script script;
    EXPECT_THROW(apply_script(script, "latency: 1s\nqueue: many"), std::runtime_error);
    EXPECT_EQ(script.latency, 0ms);
}

TEST(Script, EveryDialectHasAName) {
    for (const char* name : {"ollama", "openai", "azure", "vllm", "vllm_old", "tei", "llama_cpp", "mistral", "voyage",
                             "jina", "cohere", "together", "dashscope", "litellm", "gemini", "generic"}) {
        Script script;
        apply_script(script, std::string("dialect: ") + name);
        EXPECT_EQ(to_string(script.dialect), name);
    }
}

}  // namespace
}  // namespace protocol_server
