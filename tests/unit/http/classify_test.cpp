#include "http/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace embedq::http {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Wall fixed_now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
const Call test_call{.where = "https://host/v1/embeddings",
                     .model = "m",
                     .missing_model_hint = "pull it",
                     .credentials_hint = "check api_key"};

Response answered(int status, std::string body, std::vector<Header> headers = {}) {
    Response response{.status = status, .body = std::move(body)};
    for (auto& header : headers) response.headers.add(std::move(header.name), std::move(header.value));
    return response;
}

Error classified(int status, std::string body, std::vector<Header> headers = {}) {
    return classify(answered(status, std::move(body), std::move(headers)), test_call, Secrets({"the-secret-key"}),
                    fixed_now);
}

struct Case {
    const char* server;
    int status;
    const char* body;
    ErrorKind kind;
    StatedLimits limits = {};
};

void PrintTo(const Case& row, std::ostream* out) {
    *out << row.server << " " << row.status << " " << row.body;
}

// Error answers of real servers.
const Case case_table[] = {
    // Ollama's own protocol
    {"Ollama", 404, R"j({"error":"model 'nomic' not found"})j", ErrorKind::misconfigured},
    {"Ollama", 404, R"j({"error":"model \"nomic\" not found, try pulling it first"})j", ErrorKind::misconfigured},
    {"Ollama", 404, "404 page not found", ErrorKind::misconfigured},
    {"Ollama", 503, R"j({"error":"server busy, please try again.  maximum pending requests exceeded"})j",
     ErrorKind::throttled},
    {"Ollama", 499, R"j({"error":"context canceled"})j", ErrorKind::unavailable},
    {"Ollama", 500, R"j({"error":"llama runner process has terminated: error loading model"})j",
     ErrorKind::unavailable},
    {"Ollama", 400, R"j({"error":"the input length exceeds the context length"})j", ErrorKind::invalid_input},
    {"Ollama", 400, R"j({"error":"input length exceeds maximum context length"})j", ErrorKind::invalid_input},
    {"Ollama", 400, R"j({"error":"embedding contains NaN or Inf values"})j", ErrorKind::invalid_input},
    {"Ollama", 500, R"j({"error":"failed to encode response: json: unsupported value: NaN"})j",
     ErrorKind::invalid_input},
    {"Ollama", 400, R"j({"error":"do embedding request: EOF"})j", ErrorKind::invalid_input},
    {"Ollama", 400, R"j({"error":"invalid input type"})j", ErrorKind::invalid_input},
    {"Ollama", 400, R"j({"error":"\"llama3\" does not support embeddings"})j", ErrorKind::misconfigured},
    {"Ollama /v1", 400,
     R"j({"error":{"message":"invalid input","type":"invalid_request_error","param":null,"code":null}})j",
     ErrorKind::invalid_input},
    {"Ollama /v1", 404,
     R"j({"error":{"message":"model \"x\" not found","type":"not_found_error","param":null,"code":null}})j",
     ErrorKind::misconfigured},

    // OpenAI
    {"OpenAI",
     400,
     R"j({"error":{"message":"This model's maximum context length is 8192 tokens, however you requested )j"
     R"j(9001 tokens (9001 in your prompt; 0 for the completion). Please reduce your prompt.",)j"
     R"j("type":"invalid_request_error","param":null,"code":null}})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 8192}},
    {"OpenAI",
     400,
     R"j({"error":{"message":"Requested 453357 tokens, max 300000 tokens per request",)j"
     R"j("type":"max_tokens_per_request","param":null,"code":"max_tokens_per_request"}})j",
     ErrorKind::too_large,
     {.max_request_tokens = 300000}},
    {"OpenAI",
     400,
     R"j({"error":{"message":"Invalid 'input': array too long. Expected an array with maximum length 2048, )j"
     R"j(but got an array with length 2049 instead.","type":"invalid_request_error","param":"input",)j"
     R"j("code":"array_above_max_length"}})j",
     ErrorKind::too_large,
     {.max_inputs = 2048}},
    {"OpenAI", 400,
     R"j({"error":{"message":"'$.input' is invalid. Please check the API reference.",)j"
     R"j("type":"invalid_request_error","param":null,"code":null}})j",
     ErrorKind::invalid_input},
    {"OpenAI", 400,
     R"j({"error":{"message":"input cannot be an empty string.","type":"invalid_request_error",)j"
     R"j("param":"input","code":"empty_string"}})j",
     ErrorKind::invalid_input},
    {"OpenAI", 400,
     R"j({"error":{"message":"This model does not support specifying dimensions.",)j"
     R"j("type":"invalid_request_error","param":null,"code":null}})j",
     ErrorKind::misconfigured},
    {"OpenAI", 400,
     R"j({"error":{"message":"Invalid value for 'dimensions' = 5000. Must be less than or equal to 1536.",)j"
     R"j("type":"invalid_request_error","param":"dimensions","code":null}})j",
     ErrorKind::misconfigured},
    {"OpenAI", 401,
     R"j({"error":{"message":"Incorrect API key provided: sk-abcdefgh.","type":"invalid_request_error",)j"
     R"j("param":null,"code":"invalid_api_key"}})j",
     ErrorKind::misconfigured},
    {"OpenAI", 403,
     R"j({"error":{"message":"Country, region, or territory not supported","type":"request_forbidden",)j"
     R"j("param":null,"code":"unsupported_country_region_territory"}})j",
     ErrorKind::misconfigured},
    {"OpenAI", 404,
     R"j({"error":{"message":"The model `m` does not exist or you do not have access to it.",)j"
     R"j("type":"invalid_request_error","param":null,"code":"model_not_found"}})j",
     ErrorKind::misconfigured},
    {"OpenAI", 408, "", ErrorKind::unavailable},
    {"OpenAI", 409, R"j({"error":{"message":"conflict"}})j", ErrorKind::unavailable},
    {"OpenAI", 413, "", ErrorKind::too_large},
    {"OpenAI", 429,
     R"j({"error":{"message":"Rate limit reached for m in organization o on tokens per min (TPM): Limit )j"
     R"j(1000000, Used 999000, Requested 4000. Please try again in 41.724s.","type":"tokens","param":null,)j"
     R"j("code":"rate_limit_exceeded"}})j",
     ErrorKind::throttled},
    {"OpenAI",
     429,
     R"j({"error":{"message":"Request too large for m in organization o on tokens per min (TPM): Limit )j"
     R"j(40000, Requested 50000. The input or output tokens must be reduced in order to run )j"
     R"j(successfully.","type":"tokens","param":null,"code":"rate_limit_exceeded"}})j",
     ErrorKind::too_large,
     {.max_request_tokens = 40000}},
    {"OpenAI", 429,
     R"j({"error":{"message":"You exceeded your current quota, please check your plan and billing )j"
     R"j(details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}})j",
     ErrorKind::misconfigured},
    {"OpenAI", 503,
     R"j({"error":{"message":"The model `m` is not available right now.","type":"server_error",)j"
     R"j("code":null}})j",
     ErrorKind::throttled},
    {"OpenAI", 500,
     R"j({"error":{"message":"The server had an error while processing your request. Sorry about that!",)j"
     R"j("type":"server_error","param":null,"code":null}})j",
     ErrorKind::unavailable},
    {"OpenAI", 502, "", ErrorKind::unavailable},
    {"OpenAI", 503,
     R"j({"error":{"message":"The engine is currently overloaded, please try again later",)j"
     R"j("type":"server_error","param":null,"code":null}})j",
     ErrorKind::throttled},
    {"OpenAI", 504, "", ErrorKind::unavailable},

    // Azure
    {"Azure", 429,
     R"j({"error":{"code":"429","message":"Requests to the Embeddings_Create Operation under Azure OpenAI )j"
     R"j(API have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 55 )j"
     R"j(seconds."}})j",
     ErrorKind::throttled},
    {"Azure", 404,
     R"j({"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not )j"
     R"j(exist."}})j",
     ErrorKind::misconfigured},
    {"Azure", 401,
     R"j({"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API )j"
     R"j(endpoint."}})j",
     ErrorKind::misconfigured},

    // llama.cpp's server
    {"llama.cpp",
     500,
     R"j({"error":{"code":500,"message":"input (1361 tokens) is too large to process. increase the )j"
     R"j(physical batch size (current batch size: 512)","type":"server_error"}})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 512}},
    {"llama.cpp", 500,
     R"j({"error":{"code":500,"message":"input is too large to process. increase the physical batch size",)j"
     R"j("type":"server_error"}})j",
     ErrorKind::invalid_input},
    {"llama.cpp",
     400,
     R"j({"error":{"code":400,"message":"the request exceeds the available context size, try increasing )j"
     R"j(it","type":"exceed_context_size_error","n_prompt_tokens":900,"n_ctx":512}})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 512}},
    {"llama.cpp", 503, R"j({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})j",
     ErrorKind::throttled},
    {"llama.cpp", 501,
     R"j({"error":{"code":501,"message":"This server does not support embeddings. Start it with )j"
     R"j(`--embeddings`","type":"not_supported_error"}})j",
     ErrorKind::misconfigured},

    // vLLM, with the older and the newer shape
    {"vLLM",
     400,
     R"j({"object":"error","message":"This model's maximum context length is 512 tokens. However, you )j"
     R"j(requested 600 tokens in the input for embedding generation. Please reduce the length of the )j"
     R"j(input.","type":"BadRequestError","param":null,"code":400})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 512}},
    {"vLLM",
     400,
     R"j({"error":{"message":"This model's maximum context length is 512 tokens.",)j"
     R"j("type":"BadRequestError","param":null,"code":400}})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 512}},
    {"vLLM", 404,
     R"j({"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,)j"
     R"j("code":404})j",
     ErrorKind::misconfigured},
    {"vLLM", 400,
     R"j({"object":"error","message":"Model \"x\" does not support matryoshka representation, changing )j"
     R"j(output dimensions will lead to poor results.","type":"BadRequestError","param":null,"code":400})j",
     ErrorKind::misconfigured},
    {"vLLM", 400,
     R"j({"object":"error","message":"base64 encoding is not currently supported",)j"
     R"j("type":"BadRequestError","param":null,"code":400})j",
     ErrorKind::misconfigured},
    {"vLLM", 401, R"j({"error":"Unauthorized"})j", ErrorKind::misconfigured},

    // SGLang: QwenLM/Qwen3#1321
    {"SGLang",
     400,
     R"j({"object":"error","message":"The input (61709 tokens) is longer than the model's context length )j"
     R"j((40960 tokens).","type":"BadRequestError","param":null,"code":400})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 40960}},

    // Servers that show what PyTorch says: infiniflow/ragflow#8798, xorbitsai/inference#1639, weaviate#2909
    {"FastChat",
     400,
     R"j({"object":"error","message":"**NETWORK ERROR**\n\n(The expanded size of the tensor (513) must match the )j"
     R"j(existing size (512) at non-singleton dimension 1. Target sizes: [3, 513]. Tensor sizes: [1, 512])",)j"
     R"j("code":50001})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 512}},
    {"Xinference",
     500,
     R"j({"detail":"[address=0.0.0.0:33341, pid=464586] The expanded size of the tensor (913) must match the )j"
     R"j(existing size (514) at non-singleton dimension 1. Target sizes: [3, 913]. Tensor sizes: [1, 514]"})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 514}},
    {"CLIP for Weaviate",
     500,
     R"j({"error":"The size of tensor a (589) must match the size of tensor b (77) at non-singleton dimension 1"})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 77}},
    // open-webui/open-webui#16357: a race between two requests
    {"anyone", 500,
     R"j({"error":"The size of tensor a (13) must match the size of tensor b (12) at non-singleton dimension 1"})j",
     ErrorKind::unavailable},

    // TEI, on OpenAI's path and on its own
    {"TEI",
     422,
     R"j({"message":"batch size 66 > maximum allowed batch size 64","code":422,"type":"validation"})j",
     ErrorKind::too_large,
     {.max_inputs = 64}},
    {"TEI",
     422,
     R"j({"error":"batch size 66 > maximum allowed batch size 64","error_type":"Validation"})j",
     ErrorKind::too_large,
     {.max_inputs = 64}},
    {"TEI",
     413,
     R"j({"message":"Input validation error: `inputs` must have less than 512 tokens. Given: 600",)j"
     R"j("code":413,"type":"Validation"})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 512}},
    {"TEI", 422, R"j({"message":"tokenizer error","code":422,"type":"tokenizer"})j", ErrorKind::invalid_input},
    {"TEI", 424, R"j({"message":"inference failed","code":424,"type":"backend"})j", ErrorKind::unavailable},
    {"TEI", 429, R"j({"error":"Model is overloaded","error_type":"overloaded"})j", ErrorKind::throttled},
    {"TEI", 400, R"j({"message":"`input` cannot be empty","code":400,"type":"empty"})j", ErrorKind::invalid_input},
    {"TEI", 401, "", ErrorKind::misconfigured},
    {"TEI", 413, "length limit exceeded", ErrorKind::too_large},

    // LiteLLM's proxy repeats the message of its upstream
    {"LiteLLM", 422,
     R"j({"error":{"message":"litellm.UnprocessableEntityError: Error code: 422 - {'code': )j"
     R"j('array_above_max_length', 'max': 1024}","type":null,"param":null,"code":"422"}})j",
     ErrorKind::too_large},
    {"LiteLLM", 400,
     R"j({"error":{"message":"Budget has been exceeded! Current cost: 1.2, Max budget: 1.0",)j"
     R"j("type":"budget_exceeded","param":null,"code":"400"}})j",
     ErrorKind::misconfigured},
    {"LiteLLM", 400,
     R"j({"error":{"message":"/embeddings: Invalid model name passed in model=x. Call `/v1/models` to view )j"
     R"j(available models for your key.","type":"None","param":"None","code":"400"}})j",
     ErrorKind::misconfigured},
    {"LiteLLM", 429,
     R"j({"error":{"message":"No deployments available for selected model, Try again in 60 seconds.",)j"
     R"j("type":"None","param":"None","code":"429"}})j",
     ErrorKind::throttled},

    // Mistral
    {"Mistral", 400,
     R"j({"object":"error","message":"Too many inputs in request, split into more batches.",)j"
     R"j("type":"invalid_request_prompt","param":null,"code":"3210"})j",
     ErrorKind::too_large},
    {"Mistral",
     400,
     R"j({"object":"error","message":"Too many tokens in batch. Max is 16384 got 17555",)j"
     R"j("type":"invalid_request_error","param":null,"code":null})j",
     ErrorKind::too_large,
     {.max_request_tokens = 16384}},
    {"Mistral", 400,
     R"j({"object":"error","message":"Too many tokens overall, split into more batches.",)j"
     R"j("type":"invalid_request_prompt","param":null,"code":"3210"})j",
     ErrorKind::too_large},
    {"Mistral",
     400,
     R"j({"object":"error","message":"Input id 0 has 10000 tokens, exceeding max 8192 tokens.",)j"
     R"j("type":"invalid_request_prompt","param":null,"code":"3210"})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 8192}},
    {"Mistral", 422,
     R"j({"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","user"],)j"
     R"j("msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error","param":null,"code":null})j",
     ErrorKind::misconfigured},
    {"Mistral", 401, R"j({"message":"Unauthorized","request_id":"r"})j", ErrorKind::misconfigured},

    // Voyage
    {"Voyage",
     400,
     R"j({"detail":"Request to model 'voyage-3-large' failed. The max allowed tokens per submitted batch )j"
     R"j(is 120000. Your batch has 124302 tokens after truncation. Please lower the number of tokens in )j"
     R"j(the batch."})j",
     ErrorKind::too_large,
     {.max_request_tokens = 120000}},
    {"Voyage",
     400,
     R"j({"detail":"The batch size limit is 1000. Your batch size is 1001."})j",
     ErrorKind::too_large,
     {.max_inputs = 1000}},
    {"Voyage",
     400,
     R"j({"detail":"Request to model 'voyage-3' failed. The example at index 0 in your batch has too many )j"
     R"j(tokens and does not fit into the model's context window of 32000 tokens."})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 32000}},
    {"Voyage", 401, R"j({"detail":"Provided API key is invalid."})j", ErrorKind::misconfigured},
    {"Voyage", 429,
     R"j({"detail":"You have not yet added your payment method in the billing page and will have reduced )j"
     R"j(rate limits of 3 RPM and 10K TPM."})j",
     ErrorKind::throttled},

    // Jina
    {"Jina",
     400,
     R"j({"detail":"input length is larger than the largest allowed size 2048"})j",
     ErrorKind::too_large,
     {.max_inputs = 2048}},
    {"Jina",
     400,
     R"j({"detail":"Single text cannot exceed 8192 tokens. 8300 tokens given."})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 8192}},
    {"Jina", 402,
     R"j({"detail":"Insufficient account balance. Please recharge your account to continue using the )j"
     R"j(service."})j",
     ErrorKind::misconfigured},
    {"Jina", 422, R"j({"detail":[{"loc":["body","task"],"msg":"unexpected value"}]})j", ErrorKind::invalid_input},

    // Cohere
    {"Cohere",
     400,
     R"j({"message":"invalid request: total number of texts must be at most 96 - received 131"})j",
     ErrorKind::too_large,
     {.max_inputs = 96}},
    {"Cohere", 400, R"j({"message":"too many texts: max is 96, found 97"})j", ErrorKind::too_large, {.max_inputs = 96}},
    {"Cohere", 401, R"j({"message":"invalid api token"})j", ErrorKind::misconfigured},
    {"Cohere", 429, R"j({"message":"You are using a Trial key, which is limited to 100 API calls / minute."})j",
     ErrorKind::throttled},

    // DashScope
    {"DashScope",
     400,
     R"j({"error":{"message":"<400> InternalError.Algo.InvalidParameter: Value error, batch size is )j"
     R"j(invalid, it should not be larger than 10.: input.contents","type":"InvalidParameter",)j"
     R"j("param":null,"code":"InvalidParameter"}})j",
     ErrorKind::too_large,
     {.max_inputs = 10}},
    {"DashScope",
     400,
     R"j({"error":{"message":"Range of input length should be [1, 8192]","type":"invalid_request_error",)j"
     R"j("param":null,"code":"invalid_parameter_error"}})j",
     ErrorKind::invalid_input,
     {.max_text_tokens = 8192}},
    {"DashScope", 400,
     R"j({"error":{"message":"Access denied, please make sure your account is in good standing.",)j"
     R"j("type":"Arrearage","param":null,"code":"Arrearage"}})j",
     ErrorKind::misconfigured},

    // Together
    {"Together", 404,
     R"j({"error":{"message":"Unable to access model m. Please visit https://api.together.ai/models to )j"
     R"j(view the list of supported models.","type":"invalid_request_error","param":"model",)j"
     R"j("code":"model_not_available"}})j",
     ErrorKind::misconfigured},
    {"Together", 429,
     R"j({"error":{"message":"Request was rejected due to rate limiting.","type":"rate_limit",)j"
     R"j("param":null,"code":null}})j",
     ErrorKind::throttled},

    // Google's compatible paths
    {"Vertex",
     400,
     R"j([{"error":{"code":400,"message":"250 instance(s) is allowed per prediction. Actual: 251",)j"
     R"j("status":"INVALID_ARGUMENT"}}])j",
     ErrorKind::too_large,
     {.max_inputs = 250}},
    {"Gemini",
     400,
     R"j({"error":{"code":400,"message":"at most 100 requests can be in one batch",)j"
     R"j("status":"INVALID_ARGUMENT"}})j",
     ErrorKind::too_large,
     {.max_inputs = 100}},
    {"Gemini", 400,
     R"j({"error":{"code":400,"message":"API key not valid. Please pass a valid API key.",)j"
     R"j("status":"INVALID_ARGUMENT"}})j",
     ErrorKind::misconfigured},
    {"Gemini", 429,
     R"j({"error":{"code":429,"message":"You exceeded your current quota, please check your plan and )j"
     R"j(billing details. Please retry in 34.07s.","status":"RESOURCE_EXHAUSTED"}})j",
     ErrorKind::throttled},
    {"Gemini", 400,
     R"j({"error":{"code":400,"message":"API key expired. Please renew the API key.",)j"
     R"j("status":"INVALID_ARGUMENT"}})j",
     ErrorKind::misconfigured},
    {"Gemini", 400,
     R"j({"error":{"code":400,"message":"User location is not supported for the API use.",)j"
     R"j("status":"FAILED_PRECONDITION"}})j",
     ErrorKind::misconfigured},

    // zylon-ai/private-gpt#2009, quarkus-langchain4j#1705
    {"Gemini", 400,
     R"j({"error":{"code":400,"message":"Request payload size exceeds the limit: 10000 bytes.",)j"
     R"j("status":"INVALID_ARGUMENT"}})j",
     ErrorKind::too_large},

    // GitHub Models: nlweb-ai/NLWeb#164
    {"GitHub Models",
     413,
     R"j({"error":{"code":"tokens_limit_reached","message":"Request body too large for )j"
     R"j(text-embedding-3-small model. Max size: 64000 tokens.","details":"Request body too large for )j"
     R"j(text-embedding-3-small model. Max size: 64000 tokens."}})j",
     ErrorKind::too_large,
     {.max_request_tokens = 64000}},

    // Proxies and gateways
    {"a proxy", 502, "<html><head><title>502 Bad Gateway</title></head><body></body></html>", ErrorKind::unavailable},
    {"a proxy", 403, "<!DOCTYPE html><title>Attention Required!</title>", ErrorKind::misconfigured},
    {"a proxy", 400, "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>",
     ErrorKind::misconfigured},
    {"a proxy", 413, "<html><title>413 Request Entity Too Large</title></html>", ErrorKind::too_large},
    {"a proxy", 503, "<html><title>503 Service Temporarily Unavailable</title></html>", ErrorKind::throttled},
    {"a proxy", 407, "", ErrorKind::misconfigured},
    {"Cloudflare", 529, "", ErrorKind::throttled},
    {"Cloudflare", 524, "error code: 524", ErrorKind::unavailable},
    {"a gateway", 200, R"j({"error":{"message":"Rate limited","code":429}})j", ErrorKind::throttled},
    {"a gateway", 200, R"j({"error":{"message":"Provider returned error"}})j", ErrorKind::unavailable},
    {"a gateway", 200, R"j({"error":{"message":"Rate limit exceeded: at most 60 requests per minute","code":429}})j",
     ErrorKind::throttled},
    {"a gateway",
     200,
     R"j({"error":{"message":"the batch size limit is 8","code":400}})j",
     ErrorKind::too_large,
     {.max_inputs = 8}},
    {"anyone", 429, R"j({"error":"Rate limit exceeded: at most 60 requests per minute"})j", ErrorKind::throttled},
    {"anyone", 429, R"j({"error":"Too many items in this minute: maximum 100 items"})j", ErrorKind::throttled},
    {"anyone", 429, R"j({"error":"No API key given, so the limit is 3 requests a minute"})j", ErrorKind::throttled},
    {"anyone", 429, R"j({"error":"request body too large for this minute's budget"})j", ErrorKind::throttled},
    {"anyone", 429, R"j({"error":"insufficient balance"})j", ErrorKind::misconfigured},
    {"anyone", 503, R"j({"error":"The model m is not available right now"})j", ErrorKind::throttled},
    {"anyone", 503, R"j({"error":"model 'm' not found, it is being loaded"})j", ErrorKind::throttled},
    {"anyone", 503, R"j({"error":"at most 8 requests are taken at a time, max tokens per batch: 512"})j",
     ErrorKind::throttled},
    {"anyone", 529, R"j({"error":"at most 8 requests are taken at a time"})j", ErrorKind::throttled},
    {"anyone", 405, "", ErrorKind::misconfigured},
    {"anyone", 410, "", ErrorKind::misconfigured},
    {"anyone", 304, "", ErrorKind::misconfigured},
    {"anyone", 400, "", ErrorKind::invalid_input},
    {"anyone", 422, "{", ErrorKind::invalid_input},
    {"anyone",
     400,
     R"j({"error":{"message":"The maximum number of items is 64"}})j",
     ErrorKind::too_large,
     {.max_inputs = 64}},
    {"anyone",
     400,
     R"j({"error":"Too many inputs: maximum 64 inputs allowed"})j",
     ErrorKind::too_large,
     {.max_inputs = 64}},
    {"anyone", 400, R"j({"error":"max batch size: 1,024"})j", ErrorKind::too_large, {.max_inputs = 1024}},
};

class ServerMessages : public testing::TestWithParam<Case> {};

TEST(Classify, MarksATextThatIsTooLongWithOrWithoutALimit) {
    for (const char* message : {"This model's maximum context length is 8192 tokens, however you requested 9000 tokens",
                                "the input length exceeds the context length",
                                "input (1200 tokens) is too large to process. increase the physical batch size",
                                "`inputs` must have less than 512 tokens. Given: 700",
                                "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
                                "the sequence is longer than the maximum sequence length of this model"}) {
        const std::string body = std::string(R"j({"error":")j") + message + R"j("})j";
        EXPECT_TRUE(classified(400, body).text_too_long) << message;
    }
    EXPECT_FALSE(classified(400, R"j({"error":"embedding contains NaN or Inf values"})j").text_too_long);
    EXPECT_FALSE(classified(504, R"j({"error":"the upstream took too long"})j").text_too_long);
}

TEST_P(ServerMessages, BecomesTheKindOfItsCause) {
    const Case& row = GetParam();
    const Error error = classified(row.status, row.body);
    EXPECT_EQ(to_string(error.kind), to_string(row.kind)) << to_string(error);
    EXPECT_EQ(error.limits.max_inputs, row.limits.max_inputs);
    EXPECT_EQ(error.limits.max_request_tokens, row.limits.max_request_tokens);
    EXPECT_EQ(error.limits.max_text_tokens, row.limits.max_text_tokens);
    EXPECT_THAT(to_string(error),
                HasSubstr("https://host/v1/embeddings answered with status " + std::to_string(row.status)));
}

INSTANTIATE_TEST_SUITE_P(Servers, ServerMessages, testing::ValuesIn(case_table));

TEST(Classify, GivesAHint) {
    const Error missing = classified(404, R"j({"error":"model 'nomic' not found"})j");
    EXPECT_THAT(missing.message, testing::EndsWith("model 'nomic' not found"));
    EXPECT_EQ(missing.hint, "pull it");
    EXPECT_THAT(to_string(classified(401, "")), HasSubstr("status 401 and no message; check api_key"));
    EXPECT_THAT(to_string(classified(404, "404 page not found")), HasSubstr("404 page not found; check the address"));
    EXPECT_THAT(classified(400, R"j({"error":"Pooling type 'none' is not OAI compatible."})j").hint,
                HasSubstr("--pooling mean"));
    EXPECT_THAT(classified(400, R"j({"error":"'input_type' parameter is required for asymmetric models"})j").hint,
                HasSubstr("the option that the server requires"));
    const Error page = classified(502, "<html><title>Bad\r\n Gateway</title>");
    EXPECT_THAT(page.message, HasSubstr("an HTML page, \"Bad Gateway\""));
    EXPECT_EQ(page.hint, "");
}

TEST(Classify, ARateLimitHasARetryAfterButNoLimitOfTexts) {
    const Error error = classified(429, R"j({"error":"Rate limit exceeded: at most 60 requests per minute"})j",
                                   {{"Retry-After", "600"}});
    EXPECT_EQ(error.kind, ErrorKind::throttled);
    EXPECT_EQ(error.limits.max_inputs, 0U);
    EXPECT_EQ(error.retry_after, std::chrono::minutes(10));
}

TEST(Classify, NeverShowsASecret) {
    const Error error = classified(
        401,
        R"j({"error":{"message":"Incorrect API key provided: the-secret-key, or sk-proj-abcdefgh12345; Bearer )j"
        R"j(abcdefgh12345.","code":"the-secret-key"}})j",
        {{"x-request-id", "the-secret-key"}});
    EXPECT_THAT(to_string(error) + error.detail,
                AllOf(HasSubstr("***"), Not(HasSubstr("the-secret-key")), Not(HasSubstr("abcdefgh"))));
}

TEST(Classify, TheDetailNamesTheRequest) {
    const Error error = classified(500, R"j({"error":{"message":"oops","type":"server_error","code":"x"}})j",
                                   {{"X-Request-Id", "req_1"}});
    EXPECT_EQ(error.detail, "status 500, type server_error, code x, x-request-id req_1");
}

TEST(Classify, ALongBodyBecomesOneBoundedLineOfUtf8) {
    const Error error = classified(500, "line\r\n\tone\xFF\x01 " + std::string(100'000, 'x'));
    EXPECT_LT(to_string(error).size(), 500U);
    EXPECT_THAT(to_string(error), HasSubstr("line one? xxx"));
    EXPECT_LT(classified(500, "{\"error\":\"" + std::string(60'000, 'a') + " tokens max\"}").message.size(), 500U);
}

TEST(Classify, XShouldRetryIsNotARefusal) {
    EXPECT_EQ(classified(400, "", {{"x-should-retry", "true"}}).kind, ErrorKind::unavailable);
    EXPECT_EQ(classified(400, R"j({"error":{"code":"invalid_api_key"}})j", {{"x-should-retry", "true"}}).kind,
              ErrorKind::misconfigured);
}

TEST(Classify, OnlyThrottledAndUnavailableHaveARetryAfter) {
    const std::vector<Header> headers = {{"Retry-After", "7"}};
    EXPECT_EQ(classified(429, "", headers).retry_after, milliseconds(7000));
    EXPECT_EQ(classified(502, "", headers).retry_after, milliseconds(7000));
    EXPECT_EQ(classified(400, "", headers).retry_after, std::nullopt);
}

TEST(RefusesBase64, RecognisesTheRefusal) {
    EXPECT_TRUE(refuses_base64(
        answered(400, R"j({"object":"error","message":"base64 encoding is not currently supported"})j")));
    EXPECT_TRUE(refuses_base64(
        answered(422, R"j({"detail":[{"loc":["body","encoding_format"],"msg":"Input should be 'float'"}]})j")));
    EXPECT_TRUE(refuses_base64(answered(400, R"j({"error":{"message":"Invalid value","param":"encoding_format"}})j")));
    EXPECT_FALSE(refuses_base64(answered(400, R"j({"error":{"message":"input too long"}})j")));
    EXPECT_FALSE(refuses_base64(answered(503, "base64")));
    EXPECT_FALSE(refuses_base64(answered(200, "base64")));
}

}  // namespace
}  // namespace embedq::http
