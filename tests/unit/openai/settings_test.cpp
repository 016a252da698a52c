// What is sent for each dialect, and what is refused before any request.
#include "openai/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openai/request_body.h"
#include "unit/openai/support.h"

namespace embedq::openai {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string body_of(std::map<std::string, std::string> texts, TextKind kind = TextKind::document) {
    texts.try_emplace("model", "m");
    const auto settings = read_settings(options_of(std::move(texts)));
    if (!settings) return to_string(settings.error());
    const std::vector<std::string_view> input = {"a", "b"};
    return request_body(*settings, input, kind, settings->encoding);
}

struct Preset {
    const char* name;
    const char* document;  // the body of a request for two documents
    const char* query;
    const char* url;     // of the request
    const char* header;  // of the key
};

void PrintTo(const Preset& preset, std::ostream* out) {
    *out << preset.name;
}

const Preset preset_table[] = {
    {"openai", R"({"model":"m","encoding_format":"base64","input":["a","b"]})",
     R"({"model":"m","encoding_format":"base64","input":["a","b"]})", "https://api.openai.com/v1/embeddings",
     "Authorization: Bearer the-key"},
    {"azure", R"({"encoding_format":"base64","input":["a","b"]})", R"({"encoding_format":"base64","input":["a","b"]})",
     "https://default/base/embeddings?api-version=2024-10-21", "api-key: the-key"},
    {"vllm", R"({"model":"m","encoding_format":"base64","input":["a","b"]})",
     R"({"model":"m","encoding_format":"base64","input":["a","b"]})", "http://localhost:8000/v1/embeddings",
     "Authorization: Bearer the-key"},
    {"tei", R"({"model":"m","encoding_format":"base64","input":["a","b"]})",
     R"({"model":"m","encoding_format":"base64","input":["a","b"]})", "http://localhost:8080/v1/embeddings",
     "Authorization: Bearer the-key"},
    {"llama_cpp", R"({"model":"m","encoding_format":"base64","input":["a","b"]})",
     R"({"model":"m","encoding_format":"base64","input":["a","b"]})", "http://localhost:8080/v1/embeddings",
     "Authorization: Bearer the-key"},
    {"mistral", R"({"model":"m","encoding_format":"base64","input":["a","b"]})",
     R"({"model":"m","encoding_format":"base64","input":["a","b"]})", "https://api.mistral.ai/v1/embeddings",
     "Authorization: Bearer the-key"},
    {"voyage",
     R"({"model":"m","encoding_format":"base64","input_type":"document","truncation":false,"input":["a","b"]})",
     R"({"model":"m","encoding_format":"base64","input_type":"query","truncation":false,"input":["a","b"]})",
     "https://api.voyageai.com/v1/embeddings", "Authorization: Bearer the-key"},
    {"jina", R"({"model":"m","embedding_type":"base64","task":"retrieval.passage","truncate":false,"input":["a","b"]})",
     R"({"model":"m","embedding_type":"base64","task":"retrieval.query","truncate":false,"input":["a","b"]})",
     "https://api.jina.ai/v1/embeddings", "Authorization: Bearer the-key"},
    {"cohere", R"({"model":"m","encoding_format":"base64","input":["a","b"]})",
     R"({"model":"m","encoding_format":"base64","input":["a","b"]})",
     "https://api.cohere.ai/compatibility/v1/embeddings", "Authorization: Bearer the-key"},
    {"together", R"({"model":"m","input":["a","b"]})", R"({"model":"m","input":["a","b"]})",
     "https://api.together.xyz/v1/embeddings", "Authorization: Bearer the-key"},
    {"dashscope", R"({"model":"m","encoding_format":"float","input":["a","b"]})",
     R"({"model":"m","encoding_format":"float","input":["a","b"]})",
     "https://dashscope-intl.aliyuncs.com/compatible-mode/v1/embeddings", "Authorization: Bearer the-key"},
    {"gemini",
     R"({"requests":[{"model":"models/m","taskType":"RETRIEVAL_DOCUMENT","content":{"parts":[{"text":"a"}]}},)"
     R"({"model":"models/m","taskType":"RETRIEVAL_DOCUMENT","content":{"parts":[{"text":"b"}]}}]})",
     R"({"requests":[{"model":"models/m","taskType":"RETRIEVAL_QUERY","content":{"parts":[{"text":"a"}]}},)"
     R"({"model":"models/m","taskType":"RETRIEVAL_QUERY","content":{"parts":[{"text":"b"}]}}]})",
     "https://generativelanguage.googleapis.com/v1beta/models/m:batchEmbedContents", "x-goog-api-key: the-key"},
    {"litellm", R"({"model":"m","encoding_format":"float","input":["a","b"]})",
     R"({"model":"m","encoding_format":"float","input":["a","b"]})", "http://localhost:4000/v1/embeddings",
     "Authorization: Bearer the-key"},
    {"generic", R"({"model":"m","input":["a","b"]})", R"({"model":"m","input":["a","b"]})",
     "https://default/base/embeddings", "Authorization: Bearer the-key"},
};

class Presets : public testing::TestWithParam<Preset> {};

TEST_P(Presets, MakeTheRequestsOfTheirServers) {
    const Preset& preset = GetParam();
    std::map<std::string, std::string> texts = {{"dialect", preset.name}, {"model", "m"}, {"api_key", "the-key"}};
    if (find_dialect(preset.name)->base_url.empty()) texts["base_url"] = "https://default/base/";
    EXPECT_EQ(body_of(texts, TextKind::document), preset.document);
    EXPECT_EQ(body_of(texts, TextKind::query), preset.query);
    const auto settings = read_settings(options_of(texts));
    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->endpoints.at(0).url + settings->path, preset.url);
    const http::Header& key = settings->client.headers.back();
    EXPECT_EQ(key.name + ": " + key.value, preset.header);
}

INSTANTIATE_TEST_SUITE_P(Dialects, Presets, testing::ValuesIn(preset_table),
                         [](const auto& preset) { return std::string(preset.param.name); });

TEST(Dialects, AreAllTestedAndAllChoices) {
    std::string choices;
    for (const Dialect& dialect : dialects()) {
        choices += (choices.empty() ? "" : "|") + std::string(dialect.name);
        EXPECT_TRUE(std::ranges::any_of(preset_table, [&](const Preset& preset) {
            return preset.name == dialect.name;
        })) << dialect.name;
    }
    EXPECT_EQ(choices, option_table[0].choices);
}

TEST(RequestBody, EachFieldIsAnOption) {
    EXPECT_EQ(
        body_of(
            {{"dialect", "generic"},
             {"base_url", "http://h"},
             {"encoding_format", "float"},
             {"encoding_field", "format"},
             {"dimensions", "256"},
             {"dimensions_field", "dims"},
             {"document_input_type", "doc"},
             {"user", "u"},
             {"extra_body",
              "{normalized: true, task: x, model: other, late_chunking: \"false\", n: 7, nested: '{\"a\": [1]}'}"}}),
        R"({"model":"other","dims":256,"format":"float","input_type":"doc","user":"u","late_chunking":false,"n":7,"nested":{"a":[1]},"normalized":true,"task":"x","input":["a","b"]})");
    EXPECT_EQ(body_of({{"send_model", "false"}, {"encoding_format", "omit"}}), R"({"input":["a","b"]})");
    EXPECT_EQ(body_of({{"dialect", "voyage"}, {"encoding_format", "float"}, {"truncate", "true"}}),
              R"({"model":"m","input_type":"document","truncation":true,"input":["a","b"]})");
    EXPECT_EQ(body_of({{"dialect", "vllm"}, {"truncate", "true"}, {"encoding_format", "omit"}}),
              R"({"model":"m","truncate_prompt_tokens":-1,"input":["a","b"]})");
    EXPECT_EQ(body_of({{"dialect", "mistral"}, {"dimensions", "512"}, {"encoding_format", "omit"}}),
              R"({"model":"m","output_dimension":512,"input":["a","b"]})");
    EXPECT_EQ(body_of({{"dialect", "voyage"}, {"document_input_type", ""}, {"encoding_format", "omit"}}),
              R"({"model":"m","truncation":false,"input":["a","b"]})");
}

TEST(RequestBody, EachOfGeminisRequestsHasAllFields) {
    EXPECT_EQ(body_of({{"dialect", "gemini"},
                       {"model", "models/gemini-embedding-001"},
                       {"dimensions", "768"},
                       {"encoding_format", "base64"},
                       {"document_prefix", "p \""},
                       {"extra_body", "{title: t}"}}),
              R"({"requests":[{"model":"models/gemini-embedding-001","outputDimensionality":768,)"
              R"("taskType":"RETRIEVAL_DOCUMENT","title":"t","content":{"parts":[{"text":"p \"a"}]}},)"
              R"({"model":"models/gemini-embedding-001","outputDimensionality":768,)"
              R"("taskType":"RETRIEVAL_DOCUMENT","title":"t","content":{"parts":[{"text":"p \"b"}]}}]})");
}

TEST(RequestBody, PrefixesComeBeforeTheTexts) {
    const std::map<std::string, std::string> texts = {
        {"encoding_format", "omit"}, {"document_prefix", "passage: \""}, {"query_prefix", "query: "}};
    EXPECT_EQ(body_of(texts, TextKind::document), R"({"model":"m","input":["passage: \"a","passage: \"b"]})");
    EXPECT_EQ(body_of(texts, TextKind::query), R"({"model":"m","input":["query: a","query: b"]})");
}

TEST(RequestBody, DimensionsThatAreCutLocallyAreNotRequested) {
    EXPECT_EQ(body_of({{"dimensions", "256"}, {"truncate_dimensions", "true"}, {"encoding_format", "omit"}}),
              R"({"model":"m","input":["a","b"]})");
}

TEST(OpenAiSettings, TheAddressIsJoined) {
    const auto url = [](std::map<std::string, std::string> texts) {
        texts.try_emplace("model", "m");
        const auto settings = read_settings(options_of(std::move(texts)));
        return settings ? settings->endpoints.at(0).url + settings->path : to_string(settings.error());
    };
    EXPECT_EQ(url({{"base_url", "http://h:1/v1/"}, {"path", "embed"}}), "http://h:1/v1/embed");
    EXPECT_EQ(url({{"dialect", "azure"}, {"base_url", "https://r/openai/v1"}, {"query", "{}"}}),
              "https://r/openai/v1/embeddings");
    EXPECT_EQ(url({{"base_url", "http://h"}, {"query", "{a b: \"c&d\"}"}}), "http://h/embeddings?a%20b=c%26d");
    EXPECT_EQ(url({{"base_url", "unix:///run/s.sock:/v1"}}), "http://localhost/v1/embeddings");
    EXPECT_EQ(url({{"dialect", "gemini"}, {"base_url", "http://h/v1beta"}, {"model", "models/a b"}}),
              "http://h/v1beta/models/a%20b:batchEmbedContents");
}

TEST(OpenAiSettings, LimitsComeFromThePresetOrTheOptions) {
    const auto preset = read_settings(options_of({{"model", "m"}}));
    ASSERT_TRUE(preset.has_value());
    EXPECT_EQ(preset->limits.max_inputs, 2048U);
    EXPECT_EQ(preset->limits.max_request_tokens, 300'000U);
    const auto own = read_settings(
        options_of({{"model", "m"}, {"max_inputs", "7"}, {"max_text_tokens", "0"}, {"concurrency", "3"}}));
    ASSERT_TRUE(own.has_value());
    EXPECT_EQ(own->limits.max_inputs, 7U);
    EXPECT_EQ(own->limits.max_text_tokens, 0U);
    EXPECT_EQ(own->limits.concurrency, 3U);
}

TEST(OpenAiSettings, AzureTakesATokenInPlaceOfAKey) {
    const auto settings = read_settings(options_of({{"dialect", "azure"},
                                                    {"base_url", "https://n.openai.azure.com/openai/deployments/d"},
                                                    {"model", "m"},
                                                    {"auth_header", "Authorization"},
                                                    {"auth_scheme", "Bearer"},
                                                    {"api_key", "eyJ0eXAi.eyJhdWQi"}}));
    ASSERT_TRUE(settings.has_value());
    EXPECT_EQ(settings->client.headers.back().name, "Authorization");
    EXPECT_EQ(settings->client.headers.back().value, "Bearer eyJ0eXAi.eyJhdWQi");
    EXPECT_EQ(settings->secrets.hide("eyJ0eXAi.eyJhdWQi"), "***");
}

TEST(OpenAiSettings, AConfiguredHeaderWins) {
    const auto settings = read_settings(
        options_of({{"model", "m"}, {"api_key", "k"}, {"headers", "{authorization: Basic x, accept: y}"}}));
    ASSERT_TRUE(settings.has_value());
    std::vector<std::string> headers;
    for (const http::Header& header : settings->client.headers) headers.push_back(header.name + ": " + header.value);
    EXPECT_THAT(headers,
                testing::UnorderedElementsAre("Content-Type: application/json", "authorization: Basic x", "accept: y"));
}

TEST(OpenAiSettings, ContradictionsAreRefusedWithAHint) {
    const auto refused = [](std::map<std::string, std::string> texts) {
        const auto settings = read_settings(options_of(std::move(texts)));
        return settings ? std::string("accepted")
                        : std::string(to_string(settings.error().kind)) + ": " + to_string(settings.error());
    };
    EXPECT_THAT(refused({}), HasSubstr("misconfigured: model is not given"));
    EXPECT_EQ(refused({{"dialect", "tei"}}), "accepted");
    EXPECT_THAT(refused({{"dialect", "generic"}, {"model", "m"}}),
                HasSubstr("base_url is not given, and the dialect generic has no default"));
    EXPECT_THAT(refused({{"model", "m"}, {"base_url", "http://a"}, {"endpoints", "[http://b]"}}),
                HasSubstr("both given"));
    EXPECT_THAT(refused({{"model", "m"}, {"endpoints", "[http://b, http://b/]"}}),
                HasSubstr("http://b is given twice"));
    EXPECT_THAT(refused({{"model", "m"}, {"base_url", "https://h/v1/embeddings"}}), HasSubstr("remove /embeddings"));
    EXPECT_THAT(refused({{"model", "m"}, {"base_url", "h:80"}}), HasSubstr("expected http://HOST"));
    EXPECT_THAT(refused({{"dialect", "cohere"}, {"model", "m"}, {"dimensions", "8"}}),
                HasSubstr("the dialect cohere has no field for it"));
    EXPECT_THAT(refused({{"model", "m"}, {"truncate_dimensions", "true"}}), HasSubstr("but dimensions is not given"));
    EXPECT_THAT(refused({{"model", "m"}, {"truncate", "true"}}), HasSubstr("the dialect openai has no field for it"));
    EXPECT_THAT(refused({{"model", "m"}, {"extra_body", "{input: x}"}}), HasSubstr("remove it"));
    EXPECT_THAT(refused({{"dialect", "gemini"}, {"model", "m"}, {"extra_body", "{content: x}"}}),
                HasSubstr("extra_body has a field content"));
    EXPECT_THAT(
        refused({{"dialect", "gemini"}, {"model", "m"}, {"base_url", "https://h/v1beta/models/m:batchEmbedContents"}}),
        HasSubstr("remove :batchEmbedContents"));
}

TEST(OpenAiSettings, PublicOptionsMakeTheSameProviderAndHoldNoSecret) {
    std::map<std::string, std::string> texts = {
        {"dialect", "voyage"},
        {"model", "m"},
        {"api_key", "secret1"},
        {"headers", "{X: secret2}"},
        {"dimensions", "256"},
        {"path", "/other"},
        {"proxy", "http://u:secret3@p:1"},
        {"query_input_type", "q"},
        {"truncate", "true"},
        {"extra_body", "{late_chunking: true, task: 'a \"b\": c', n: '\"7\"', list: '[1, {\"a\": 2}]'}"},
        {"endpoints", "[\"http://u:secret4@a/v1\", \"unix:///run/b.sock\"]"}};
    const auto settings = read_settings(options_of(texts));
    ASSERT_TRUE(settings.has_value()) << to_string(settings.error());
    std::string all;
    for (const auto& [name, value] : settings->public_options) all += name + "=" + value + "\n";
    EXPECT_THAT(all, AllOf(HasSubstr("endpoints=[\"http://a/v1\", \"unix:///run/b.sock\"]"), Not(HasSubstr("secret"))));
    const std::map<std::string, std::string> again(settings->public_options.begin(), settings->public_options.end());
    const auto second = read_settings(options_of(again));
    ASSERT_TRUE(second.has_value()) << to_string(second.error());
    const std::vector<std::string_view> input = {"a"};
    EXPECT_EQ(request_body(*second, input, TextKind::query, second->encoding),
              request_body(*settings, input, TextKind::query, settings->encoding));
    EXPECT_THAT(request_body(*second, input, TextKind::query, second->encoding),
                HasSubstr(R"("truncation":true,"late_chunking":true,"list":[1,{"a":2}],"n":"7","task":"a \"b\": c",)"));
    EXPECT_EQ(second->path, settings->path);
    EXPECT_EQ(second->endpoints.at(1).unix_socket, "/run/b.sock");
}

}  // namespace
}  // namespace embedq::openai
