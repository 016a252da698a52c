// Shapes of error bodies: where servers put the message, the wait, and what a gateway has from its own server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "http/classify.h"
#include "http/error_body.h"

namespace embedq::http {
namespace {

using namespace std::chrono_literals;  // NOLINT: for tests only
using std::chrono::milliseconds;
using testing::HasSubstr;

struct Shape {
    const char* source;  // who reported or documents it
    int status;
    const char* body;
    ErrorKind kind;
    std::optional<milliseconds> wait = std::nullopt;
    const char* message = "";  // a part of what is shown
};

void PrintTo(const Shape& row, std::ostream* out) {
    *out << row.source << " " << row.status << " " << row.body;
}

const Shape shape_table[] = {
    // --- where the message is
    {"watsonx.ai, API reference", 400,
     R"j({"errors":[{"code":"invalid_request_entity","message":"Missing either space_id or project_id",)j"
     R"j("more_info":"https://cloud.ibm.com/apidocs/watsonx-ai"}],"trace":"t","status_code":400})j",
     ErrorKind::invalid_input, std::nullopt, "Missing either space_id or project_id"},
    {"watsonx.ai, quarkus-langchain4j#1226", 403,
     R"j({"errors":[{"code":"token_quota_reached","message":"You exceeded your token quota"}],"status_code":403})j",
     ErrorKind::misconfigured, std::nullopt, "You exceeded your token quota"},
    {"watsonx.ai, quarkus-langchain4j#1226", 429,
     R"j({"errors":[{"code":"rate_limit_reached_requests","message":"Too many requests"}],"status_code":429})j",
     ErrorKind::throttled, std::nullopt, "Too many requests"},
    {"Cloudflare Workers AI, API reference", 429,
     R"j({"result":null,"success":false,"errors":[{"code":3040,"message":"Capacity temporarily exceeded, please )j"
     R"j(try again."}],"messages":[]})j",
     ErrorKind::throttled, std::nullopt, "Capacity temporarily exceeded"},
    {"ASP.NET, problem details", 400,
     R"j({"title":"One or more validation errors occurred.","status":400,"errors":{"input":["is required"]}})j",
     ErrorKind::invalid_input, std::nullopt, "One or more validation errors occurred.: input: is required"},
    {"RFC 9457", 404, R"j({"type":"about:blank","title":"Not Found","status":404})j", ErrorKind::misconfigured,
     std::nullopt, "Not Found"},
    {"Hugging Face, older pipelines", 400, R"j({"error":["the first","the second"]})j", ErrorKind::invalid_input,
     std::nullopt, "the first; the second"},
    {"Apigee, fault reference", 429,
     R"j({"fault":{"faultstring":"Rate limit quota violation. Quota limit exceeded.","detail":{"errorcode":)j"
     R"j("policies.ratelimit.QuotaViolation"}}})j",
     ErrorKind::throttled, std::nullopt, "Rate limit quota violation"},
    {"OAuth 2, RFC 6749", 401, R"j({"error":"invalid_token","error_description":"The access token expired"})j",
     ErrorKind::misconfigured, std::nullopt, "The access token expired"},
    {"Databricks, REST reference", 429,
     R"j({"error_code":"REQUEST_LIMIT_EXCEEDED","message":"REQUEST_LIMIT_EXCEEDED: Exceeded workspace output rate"})j",
     ErrorKind::throttled, std::nullopt, "Exceeded workspace"},

    // --- errors within a success
    {"Baidu, WENXINWORKSHOP error codes", 200,
     R"j({"error_code":18,"error_msg":"Open api qps request limit reached"})j", ErrorKind::throttled, std::nullopt,
     "Open api qps request limit reached"},
    {"Baidu, WENXINWORKSHOP error codes", 200,
     R"j({"error_code":17,"error_msg":"Open api daily request limit reached"})j", ErrorKind::throttled},
    {"Baidu, WENXINWORKSHOP error codes", 200,
     R"j({"error_code":19,"error_msg":"Open api total request limit reached"})j", ErrorKind::misconfigured},
    {"Baidu, WENXINWORKSHOP error codes", 200,
     R"j({"error_code":110,"error_msg":"Access token invalid or no longer valid"})j", ErrorKind::misconfigured},
    {"MiniMax, dify-official-plugins#3632", 200,
     R"j({"vectors":null,"base_resp":{"status_code":1002,"status_msg":"rate limit exceeded(RPM)"}})j",
     ErrorKind::throttled, std::nullopt, "rate limit exceeded(RPM)"},
    {"MiniMax, MiniMax-M2#111", 200,
     R"j({"vectors":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}})j",
     ErrorKind::misconfigured},

    // --- what a gateway has from its own server
    {"OpenRouter, open-webui/computer#293", 429,
     R"j({"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"m is temporarily rate-limited )j"
     R"j(upstream. Please retry shortly","provider_name":"BaseTen"}}})j",
     ErrorKind::throttled, std::nullopt, "Provider returned error: m is temporarily rate-limited upstream"},
    {"OpenRouter, OmniRoute#3044", 400,
     R"j({"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":)j"
     R"j(\"This model's maximum context length is 512 tokens\",\"code\":\"context_length_exceeded\"}}"}}})j",
     ErrorKind::invalid_input, std::nullopt, "maximum context length is 512 tokens"},
    {"OpenRouter, OmniRoute#3044", 429,
     R"j({"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":)j"
     R"j(\"no\",\"code\":\"insufficient_quota\"}}"}}})j",
     ErrorKind::misconfigured},
    {"OpenRouter, Gitlawb/openclaude#936", 429,
     R"j({"error":{"message":"Rate limit exceeded: free-models-per-day.","code":429,"metadata":{"headers":)j"
     R"j({"X-RateLimit-Limit":"50","X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1772323260000"}}}})j",
     ErrorKind::throttled, 60s},
    {"Azure behind a proxy, Lapis0x0/obsidian-yolo#297", 200,
     R"j({"error":{"message":"HTTP 429: {\"error\":{\"code\":\"RateLimitReached\",\"message\": \"Your requests have )j"
     R"j(exceeded the call rate limit. Please retry after 2 seconds.\"}}","code":429}})j",
     ErrorKind::throttled, 2s},
    {"a gateway that repeats the headers", 429,
     R"j({"error":{"message":"upstream","metadata":{"headers":{"Retry-After":"9","X-RateLimit-Remaining":"0"}}}})j",
     ErrorKind::throttled, 9s},
    {"OpenAI, usage limits", 429,
     R"j({"error":{"type":"usage_limit_reached","message":"The usage limit has been reached",)j"
     R"j("resets_in_seconds":3600}})j",
     ErrorKind::throttled, 3600s},
    {"AWS, Bedrock reference", 400,
     R"j({"__type":"com.amazon.coral.service#ThrottlingException","message":"Too many requests, please wait"})j",
     ErrorKind::throttled},

    // --- how long to wait
    {"Gemini, discuss.ai.google.dev/96899", 429,
     R"j({"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing )j"
     R"j(details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},)j"
     R"j({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"22.5s"}]}})j",
     ErrorKind::throttled, 22'500ms},
    {"Hugging Face, transformers#23793", 503, R"j({"error":"Model m is currently loading","estimated_time":300.25})j",
     ErrorKind::throttled, 300'250ms},
    {"Cloudflare, changelog of 2026-03-12", 429,
     R"j({"title":"Error 1015: You are being rate limited","status":429,"retryable":true,"retry_after":30})j",
     ErrorKind::throttled, 30s, "You are being rate limited"},
    {"Replicate, Django's framework", 429, R"j({"detail":"Request was throttled. Expected available in 6 seconds."})j",
     ErrorKind::throttled, 6s},
    {"one-api", 429, R"j({"error":{"message":"too many requests, please wait 7 seconds before retrying"}})j",
     ErrorKind::throttled, 7s},

    // --- a bill that is told as throttling
    {"LiteLLM, BerriAI/litellm#5983", 429,
     R"j({"error":{"message":"litellm.RateLimitError: RateLimitError: OpenAIException - You exceeded your current )j"
     R"j(quota, please check your plan and billing details.","type":"throttling_error","code":"429"}})j",
     ErrorKind::misconfigured},
    {"ModelScope, modelscope#1691", 429,
     R"j({"error":{"http_code":"429","message":"insufficient balance (1008)","type":"insufficient_balance_error"}})j",
     ErrorKind::misconfigured},
    {"MiniMax, MiniMax-M2#62", 500,
     R"j({"type":"error","error":{"type":"api_error","message":"insufficient balance (1008)"},"request_id":"r"})j",
     ErrorKind::misconfigured},
    {"Moonshot, error reference", 429,
     R"j({"error":{"message":"Your account is suspended, please check your plan and billing details","type":)j"
     R"j("exceeded_current_quota_error"}})j",
     ErrorKind::misconfigured},
    {"Cohere, trial keys", 429,
     R"j({"message":"You are using a Trial key, which is limited to 1000 API calls / month."})j",
     ErrorKind::misconfigured},
    {"OpenRouter, forall#76", 402,
     R"j({"error":{"message":"This request requires more credits, or fewer max_tokens.","code":402}})j",
     ErrorKind::misconfigured},
    {"xAI, error reference", 429,
     R"j({"code":"Some resource has been exhausted","error":"Your team has either used all available credits or )j"
     R"j(reached its monthly spending limit."})j",
     ErrorKind::misconfigured},

    {"DashScope, 666ghj/BettaFish#609", 403,
     R"j({"error":{"message":"The free tier of the model has been exhausted. If you wish to continue access the )j"
     R"j(model on a paid basis, please disable the \"use free tier only\" mode in the management console.",)j"
     R"j("type":"AllocationQuota.FreeTierOnly","param":null,"code":"AllocationQuota.FreeTierOnly"}})j",
     ErrorKind::misconfigured},
    {"DashScope through a gateway, APIParkLab/APIPark#394", 400,
     R"j({"error":{"message":"The free tier of the model has been exhausted. If you wish to continue access the )j"
     R"j(model on a paid basis, please disable the \"use free tier only\" mode in the management console."}})j",
     ErrorKind::misconfigured},
    {"Zhipu, HKUDS/LightRAG#490", 429, R"j({"error":{"code":"1113","message":"您的账户已欠费，请充值后重试。"}})j",
     ErrorKind::misconfigured},
    {"Zhipu, continuedev/continue#11823", 429,
     R"j({"error":{"code":"1113","message":"余额不足或无可用资源包,请充值。"}})j", ErrorKind::misconfigured},

    // --- a limit that passes with time, told as if it were refused for good
    {"Azure API Management, MicrosoftDocs/azure-docs#16282", 403,
     R"j({"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 5.03:23:11."})j",
     ErrorKind::throttled, 24h},
    {"Ollama's cloud, OmniRoute#3709", 429,
     R"j({"error":"you (x) have reached your weekly usage limit, upgrade for higher limits: )j"
     R"j(https://ollama.com/upgrade"})j",
     ErrorKind::throttled},
    {"Cloudflare Workers AI, get-engram/engram#34", 429,
     R"j({"errors":[{"message":"AiError: you have used up your daily free allocation of 10,000 neurons",)j"
     R"j("code":4006}],"success":false,"result":{},"messages":[]})j",
     ErrorKind::throttled},
    {"Azure, assafelovic/gpt-researcher#936", 429,
     R"j({"error":{"code":"429","message":"Requests to the Embeddings_Create Operation under Azure OpenAI API )j"
     R"j(version 2024-02-15-preview have exceeded call rate limit of your current OpenAI S0 pricing tier. Please )j"
     R"j(retry after 86400 seconds."}})j",
     ErrorKind::throttled, 24h},

    // --- the server's model is at fault, not the text
    {"LM Studio, lmstudio-python#171", 400,
     R"j({"error":"The model has crashed without additional information. (Exit code: 18446744072635812000)."})j",
     ErrorKind::unavailable},
    {"LM Studio, neomjs/neo#11395", 400, R"j({"error":"Model was unloaded while the request was still in queue.."})j",
     ErrorKind::unavailable},
    {"LM Studio, neomjs/neo#11395", 400,
     R"j({"error":"Failed to load model \"text-embedding-qwen3-embedding-8b\". Error: Operation canceled."})j",
     ErrorKind::unavailable},
    {"LM Studio, tinyhumansai/openhuman#3687", 400,
     R"j({"error":"No models loaded. Please load a model in the developer page or use the 'lms load' command."})j",
     ErrorKind::misconfigured},

    // --- statuses of their own
    {"Portkey, Portkey-AI/gateway#1740", 446,
     R"j({"error":{"message":"The guardrail checks defined in the config failed. You can find more information in )j"
     R"j(the `hook_results` object.","type":"hooks_failed","param":null,"code":null}})j",
     ErrorKind::invalid_input},
    {"WSO2 AI Gateway, guardrail error response", 446,
     R"j({"code":"900514","type":"REGEX_GUARDRAIL","message":{"interveningGuardrail":"regex","action":)j"
     R"j("GUARDRAIL_INTERVENED","actionReason":"Violation of a regular expression","direction":"REQUEST"}})j",
     ErrorKind::invalid_input, std::nullopt, "Violation of a regular expression"},
    {"Cohere, cohere-developer-experience#189", 498, R"j({"message":"Unsafe request"})j", ErrorKind::invalid_input},

    // --- no text would do
    {"llama.cpp, docker/for-mac#7670", 400,
     R"j({"error":{"code":400,"message":"Pooling type 'none' is not OAI compatible. Please use a different pooling )j"
     R"j(type","type":"invalid_request_error"}})j",
     ErrorKind::misconfigured},
    {"NVIDIA, CherryHQ/cherry-studio#16818", 400,
     R"j({"error":"'input_type' parameter is required for asymmetric models"})j", ErrorKind::misconfigured},

    // --- texts about the same things, which a server repeats when it refuses them, are only texts
    {"anyone", 400, R"j({"error":"cannot embed 'The rate limit of the API is 5, throttled after that'"})j",
     ErrorKind::invalid_input},
    {"anyone", 400, R"j({"error":"cannot embed 'After an hour the model has crashed'"})j", ErrorKind::invalid_input},
};

constexpr Wall shapes_now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);

Error error_after(int status, std::string body, milliseconds elapsed = 0ms) {
    return classify({.status = status, .body = std::move(body), .elapsed = elapsed}, {.where = "https://host"}, {},
                    shapes_now);
}

class ErrorShapes : public testing::TestWithParam<Shape> {};

TEST_P(ErrorShapes, AreReadAsTheirServersMeanThem) {
    const Shape& row = GetParam();
    const Error error = error_after(row.status, row.body);
    EXPECT_EQ(to_string(error.kind), to_string(row.kind)) << error.message;
    EXPECT_EQ(error.retry_after, row.wait);
    EXPECT_THAT(error.message, HasSubstr(row.message));
    EXPECT_TRUE(read_error_body(row.body).tells_error);
}

INSTANTIATE_TEST_SUITE_P(Servers, ErrorShapes, testing::ValuesIn(shape_table));

TEST(ErrorShape, AnAnswerWithVectorsTellsNoError) {
    for (const char* body :
         {R"({"object":"list","data":[{"index":0,"embedding":[1]}],"model":"m","usage":{"prompt_tokens":1}})",
          R"({"data":[],"model":"m"})", R"({"embeddings":[[1]],"message":"ok","errors":[]})",
          R"({"error":null,"data":[1]})", R"({"vectors":[[1]],"base_resp":{"status_code":0,"status_msg":"success"}})",
          "[[1,2]]", "{", ""}) {
        EXPECT_FALSE(read_error_body(body).tells_error) << body;
    }
}

TEST(ErrorShape, AnUnknownOneIsShownAsItIs) {
    const Error error = error_after(429, R"({"problem": {"text": "slow down, wait 6 seconds"}})");
    EXPECT_THAT(error.message, HasSubstr(R"(status 429: {"problem":{"text":"slow down, wait 6 seconds"}})"));
    EXPECT_EQ(error.retry_after, 6s);
    EXPECT_THAT(error_after(400, "{}").message, HasSubstr("status 400 and no message"));
    EXPECT_FALSE(read_error_body(R"({"what": 1})").tells_error);
}

TEST(ErrorShape, NestingIsBounded) {
    std::string deep = R"({"message":"inner"})";
    for (int i = 0; i < 500; ++i) deep = R"({"error":)" + deep + "}";
    EXPECT_EQ(error_after(500, deep).kind, ErrorKind::unavailable);
    std::string lists = "1";
    for (int i = 0; i < 500; ++i) lists = "[" + lists + "]";
    EXPECT_EQ(error_after(500, R"({"detail":)" + lists + "}").kind, ErrorKind::unavailable);
}

TEST(ErrorShape, ALongListOfMessagesIsCut) {
    std::string list = "\"0\"";
    for (int i = 1; i < 8000; ++i) list += ",\"" + std::to_string(i) + "\"";
    const std::string message = read_error_body(R"({"errors":[)" + list + "]}").message;
    EXPECT_TRUE(message.starts_with("0; 1; 2; 3")) << message.substr(0, 20);
    EXPECT_LT(message.size(), 8192U);
}

struct LateAnswer {
    int status;
    const char* body;
    bool late;
};

// Cases of a gateway that did not wait for its server. "late" after more than a second.
const LateAnswer late_table[] = {
    {408, R"({"error":{"message":"litellm.Timeout: APITimeoutError - Request timed out.","code":"408"}})", true},
    {504, "<html><title>504 Gateway Time-out</title></html>", true},  // nginx
    {504, R"({"message":"Endpoint request timed out"})", true},       // AWS
    {524, "error code: 524", true},                                   // Cloudflare
    {200, R"({"error":{"message":"Provider timed out","code":504}})", true},
    {500, R"({"error":{"message":"litellm.APIConnectionError: APITimeoutError - Request timed out"}})", true},
    {502, "upstream request timeout", true},
    {500, R"({"error":"out of memory"})", false},
    {502, "", false},
    {503, "upstream request timeout", false},  // asks to wait, whatever the reason
    {429, R"({"error":"Request timed out"})", false},
};

TEST(GatewayTimeout, IsACallWhoseTimeWasOverUnlessItComesAtOnce) {
    for (const LateAnswer& row : late_table) {
        const Error error = error_after(row.status, row.body, 1500ms);
        EXPECT_EQ(error.deadline_reached, row.late) << row.status << " " << row.body;
        if (row.late) EXPECT_EQ(error.kind, ErrorKind::unavailable);
        EXPECT_FALSE(error_after(row.status, row.body, 900ms).deadline_reached) << row.status;
    }
}

}  // namespace
}  // namespace embedq::http
