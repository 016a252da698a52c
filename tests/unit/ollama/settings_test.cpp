#include <gmock/gmock.h>

#include "ollama/request_body.h"
#include "unit/ollama/support.h"

namespace embedq::ollama {
namespace {

using testing::HasSubstr;
using testing::Not;

OllamaSettings settings_of(std::map<std::string, std::string> texts) {
    texts.try_emplace("model", "nomic");
    auto settings = read_settings(options_of(std::move(texts)));
    if (!settings) throw std::runtime_error(to_string(settings.error()));
    return std::move(*settings);
}

Error refusal_of(std::map<std::string, std::string> texts) {
    texts.try_emplace("model", "nomic");
    auto settings = read_settings(options_of(std::move(texts)));
    if (settings) throw std::runtime_error("the options were accepted");
    return settings.error();
}

std::string body_of(const OllamaSettings& settings, TextKind kind = TextKind::document) {
    const std::vector<std::string_view> texts = {"one", "a \"second\""};
    return embed_body(settings, texts, kind);
}

TEST(OllamaSettings, WithOnlyAModelTheServerIsLocalAndTextsAreNotCut) {
    const OllamaSettings settings = settings_of({});
    ASSERT_EQ(settings.endpoints.size(), 1U);
    EXPECT_EQ(settings.endpoints[0].name, "http://127.0.0.1:11434");
    EXPECT_EQ(body_of(settings), R"({"model":"nomic","truncate":false,"input":["one","a \"second\""]})");
    EXPECT_EQ(settings.limits.concurrency, 2U);
}

TEST(OllamaSettings, ConfiguredOptionsAreSent) {
    const OllamaSettings settings = settings_of({{"truncate", "true"},
                                                 {"keep_alive", "24h"},
                                                 {"options", "{ num_ctx: 2048, mirostat: true }"},
                                                 {"dimensions", "256"},
                                                 {"document_prefix", "search_document: "},
                                                 {"query_prefix", "search_query: "}});
    EXPECT_EQ(body_of(settings),
              R"({"model":"nomic","keep_alive":"24h","options":{"mirostat":true,"num_ctx":2048},"truncate":true,)"
              R"("dimensions":256,"input":["search_document: one","search_document: a \"second\""]})");
    EXPECT_THAT(body_of(settings, TextKind::query), HasSubstr("\"search_query: one\""));
    EXPECT_EQ(legacy_body(settings, "one", TextKind::query),
              R"({"model":"nomic","keep_alive":"24h","options":{"mirostat":true,"num_ctx":2048},)"
              R"("prompt":"search_query: one"})");
    EXPECT_EQ(settings.context, 2048U);
}

TEST(OllamaSettings, ANumericKeepAliveIsSentAsANumber) {
    EXPECT_THAT(body_of(settings_of({{"keep_alive", "-1"}})), HasSubstr("\"keep_alive\":-1,"));
}

TEST(OllamaSettings, PublicOptionsMakeTheSameVectorsAndHoldNoSecret) {
    const OllamaSettings settings = settings_of({{"endpoints", "['http://user:word@one:11434', 'http://two:11434']"},
                                                 {"api_key", "hidden-key"},
                                                 {"dimensions", "4"},
                                                 {"truncate", "true"},
                                                 {"options", "{ num_ctx: 2048, stop: '[\"a\"]' }"}});
    EXPECT_THAT(body_of(settings), HasSubstr(R"("options":{"num_ctx":2048,"stop":["a"]},"truncate":true)"));
    std::map<std::string, std::string> texts;
    for (const auto& [name, value] : settings.public_options) {
        texts[name] = value;
        EXPECT_THAT(value, Not(HasSubstr("word")));
        EXPECT_THAT(value, Not(HasSubstr("hidden-key")));
    }
    EXPECT_EQ(body_of(settings_of(texts)), body_of(settings));
    EXPECT_EQ(settings_of(texts).endpoints[1].url, "http://two:11434");
}

TEST(OllamaSettings, InvalidSettingsAreRefused) {
    EXPECT_THAT(refusal_of({{"endpoints", "['http://host:11434/v1']"}}).message, HasSubstr("ends with /v1"));
    EXPECT_THAT(refusal_of({{"endpoints", "['http://host:1', 'http://host:1']"}}).message, HasSubstr("given twice"));
    EXPECT_THAT(refusal_of({{"endpoints", "[]"}}).message, HasSubstr("endpoints is empty"));
    EXPECT_THAT(refusal_of({{"model", ""}}).message, HasSubstr("model is empty"));
    EXPECT_EQ(refusal_of({{"endpoints", "['ftp://host']"}}).kind, ErrorKind::misconfigured);
}

}  // namespace
}  // namespace embedq::ollama
