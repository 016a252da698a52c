#include "dialect.h"

#include <fmt/format.h>

#include "request.h"

namespace protocol_server {
namespace {

// The shapes of error bodies.
enum class Shape : std::uint8_t {
    openai,    // {"error":{"message","type","param","code"}}, the code a text or null
    azure,     // {"error":{"code","message"}}
    numbered,  // {"error":{"message","type","param","code":400}}
    flat,      // {"object":"error","message","type","param","code":400}
    tei,       // {"message","code":422,"type"}
    native,    // {"error","error_type"}
    ollama,    // {"error":"…"}
    detail,    // {"detail":"…"}
    message,   // {"message":"…"}
    google,    // {"error":{"code":400,"message","status"}}
    listed,    // [{"error":{"code":400,"message","status"}}]
};

Shape shape_of(Dialect dialect, Protocol protocol) {
    if (protocol == Protocol::ollama) return Shape::ollama;
    if (protocol == Protocol::tei_native) return Shape::native;
    if (protocol == Protocol::gemini) return Shape::google;
    switch (dialect) {
        case Dialect::azure: return Shape::azure;
        case Dialect::vllm:
        case Dialect::llama_cpp: return Shape::numbered;
        case Dialect::vllm_old:
        case Dialect::mistral: return Shape::flat;
        case Dialect::tei: return Shape::tei;
        case Dialect::voyage:
        case Dialect::jina: return Shape::detail;
        case Dialect::cohere: return Shape::message;
        case Dialect::gemini: return Shape::listed;
        default: return Shape::openai;
    }
}

std::string_view usual_type(Dialect dialect, int status) {
    if (dialect == Dialect::tei) {
        if (status == 429) return "overloaded";
        if (status == 424) return "backend";
        return status == 400 ? "empty" : "validation";
    }
    if (dialect == Dialect::llama_cpp)
        return status == 503 ? "unavailable_error" : status < 500 ? "invalid_request_error" : "server_error";
    if (dialect == Dialect::vllm || dialect == Dialect::vllm_old)
        return status == 404 ? "NotFoundError" : "BadRequestError";
    if (dialect == Dialect::ollama)
        return status == 404 ? "not_found_error" : status < 500 ? "invalid_request_error" : "api_error";
    if (status == 429) return "requests";
    return status < 500 ? "invalid_request_error" : "server_error";
}

std::string openai_message(Refusal refusal, const Numbers& numbers) {
    using enum Refusal;
    switch (refusal) {
        case bad_request:
            return "'$.input' is invalid. Please check the API reference: "
                   "https://platform.openai.com/docs/api-reference.";
        case unauthorized:
            return "Incorrect API key provided. You can find your API key at "
                   "https://platform.openai.com/account/api-keys.";
        case model_missing:
            return fmt::format("The model `{}` does not exist or you do not have access to it.", numbers.name);
        case not_embedding: return "You are not allowed to generate embeddings from this model";
        case too_many_inputs:
            return fmt::format(
                "Invalid 'input': array too long. Expected an array with maximum length {}, but got an array with "
                "length {} instead.",
                numbers.limit, numbers.found);
        case text_too_long:
            return fmt::format(
                "This model's maximum context length is {} tokens, however you requested {} tokens ({} in your prompt; "
                "0 for the completion). Please reduce your prompt; or completion length.",
                numbers.limit, numbers.found, numbers.found);
        case request_too_long:
            return fmt::format("Requested {} tokens, max {} tokens per request", numbers.found, numbers.limit);
        case body_too_large: return "Request entity too large";
        case empty_text: return "'$.input' is invalid: input cannot be an empty string.";
        case base64: return "base64 encoding is not currently supported";
        case dimensions: return "This model does not support specifying dimensions.";
        case poisoned: return "Invalid 'input': the text cannot be embedded.";
        case rate:
            return fmt::format("Rate limit reached for {}: Limit {}, Used {}.", numbers.name, numbers.limit,
                               numbers.found);
        case quota: return "You exceeded your current quota, please check your plan and billing details.";
        case busy: return "The server is overloaded, please try again later.";
    }
    return {};
}

// The dialect's message where it differs from OpenAI's; empty where it does not.
std::string own_message(Dialect dialect, Refusal refusal, const Numbers& numbers) {
    using enum Refusal;
    const auto many = refusal == too_many_inputs;
    switch (dialect) {
        case Dialect::tei:
            if (many) return fmt::format("batch size {} > maximum allowed batch size {}", numbers.found, numbers.limit);
            if (refusal == text_too_long)
                return fmt::format("Input validation error: `inputs` must have less than {} tokens. Given: {}",
                                   numbers.limit, numbers.found);
            if (refusal == empty_text) return "Input validation error: `inputs` cannot be empty";
            if (refusal == busy) return "Model is overloaded";
            break;
        case Dialect::llama_cpp:
            if (refusal == text_too_long)
                return fmt::format(
                    "input ({} tokens) is too large to process. increase the physical batch size (current batch size: "
                    "{})",
                    numbers.found, numbers.limit);
            if (refusal == unauthorized) return "Invalid API Key";
            break;
        case Dialect::mistral:
            if (many) return "Too many inputs in request, split into more batches.";
            if (refusal == request_too_long) return "Too many tokens in batch, split into more batches.";
            break;
        case Dialect::voyage:
            if (many)
                return fmt::format("The batch size limit is {}. Your batch size is {}.", numbers.limit, numbers.found);
            if (refusal == request_too_long)
                return fmt::format(
                    "The max allowed tokens per submitted batch is {}. Your batch has {} tokens after truncation.",
                    numbers.limit, numbers.found);
            break;
        case Dialect::cohere:
            if (many) return fmt::format("too many texts: max is {}, found {}", numbers.limit, numbers.found);
            break;
        case Dialect::dashscope:
            if (many)
                return fmt::format(
                    "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it should not be "
                    "larger than {}.: input.contents",
                    numbers.limit);
            break;
        case Dialect::gemini:
            if (many)
                return fmt::format("{} instance(s) is allowed per prediction. Actual: {}", numbers.limit,
                                   numbers.found);
            if (refusal == base64) return "Invalid value at 'encoding_format'";
            break;
        default: break;
    }
    return {};
}

std::string ollama_message(Refusal refusal, const Numbers& numbers) {
    using enum Refusal;
    switch (refusal) {
        case bad_request: return "invalid input type";
        case unauthorized: return "unauthorized";
        case model_missing: return fmt::format("model \"{}\" not found, try pulling it first", numbers.name);
        case not_embedding: return "this model does not support embeddings";
        case text_too_long: return "the input length exceeds the context length";
        case busy: return "server busy, please try again.  maximum pending requests exceeded";
        case poisoned: return "embedding contains NaN or Inf values";
        default: return openai_message(refusal, numbers);
    }
}

std::string gemini_message(Refusal refusal, const Numbers& numbers) {
    using enum Refusal;
    switch (refusal) {
        case unauthorized: return "API key not valid. Please pass a valid API key.";
        case model_missing:
            return fmt::format(
                "models/{} is not found for API version v1beta, or is not supported for embedContent. Call ListModels "
                "to "
                "see the list of available models and their supported methods.",
                numbers.name);
        case too_many_inputs:
            return fmt::format("* BatchEmbedContentsRequest.requests: at most {} requests can be in one batch",
                               numbers.limit);
        case rate: return "Resource has been exhausted (e.g. check quota).";
        default: return openai_message(refusal, numbers);
    }
}

std::string_view google_status(int status) {
    switch (status) {
        case 404: return "NOT_FOUND";
        case 429: return "RESOURCE_EXHAUSTED";
        case 503: return "UNAVAILABLE";
        default: return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
    }
}

int status_of(Dialect dialect, Protocol protocol, Refusal refusal) {
    using enum Refusal;
    if (protocol == Protocol::gemini && refusal == unauthorized) return 400;
    switch (refusal) {
        case unauthorized: return 401;
        case model_missing: return 404;
        case body_too_large: return 413;
        case rate:
        case quota: return 429;
        case busy: return protocol == Protocol::ollama ? 503 : dialect == Dialect::tei ? 429 : 503;
        case too_many_inputs:
        case poisoned: return dialect == Dialect::tei || dialect == Dialect::litellm ? 422 : 400;
        case text_too_long: return dialect == Dialect::tei ? 413 : dialect == Dialect::llama_cpp ? 500 : 400;
        default: return 400;
    }
}

std::string_view code_of(Refusal refusal) {
    using enum Refusal;
    switch (refusal) {
        case unauthorized: return "invalid_api_key";
        case model_missing: return "model_not_found";
        case too_many_inputs: return "array_above_max_length";
        case request_too_long: return "max_tokens_per_request";
        case rate: return "rate_limit_exceeded";
        case quota: return "insufficient_quota";
        default: return {};
    }
}

}  // namespace

Limits limits_of(Dialect dialect) {
    switch (dialect) {
        case Dialect::openai:
        case Dialect::azure: return {2048, 8192, 300'000};
        case Dialect::tei: return {32, 512, 0};
        case Dialect::llama_cpp: return {0, 512, 0};
        case Dialect::mistral: return {256, 8192, 16'384};
        case Dialect::voyage: return {1000, 0, 120'000};
        case Dialect::jina: return {2048, 8192, 0};
        case Dialect::cohere: return {96, 0, 0};
        case Dialect::together: return {100, 0, 0};
        case Dialect::dashscope: return {10, 8192, 0};
        case Dialect::litellm: return {1024, 0, 0};
        case Dialect::gemini: return {100, 0, 20'000};
        default: return {};
    }
}

std::string error_body(Dialect dialect, Protocol protocol, int status, std::string_view message, std::string_view type,
                       std::string_view code) {
    const std::string json_message = json_text(message);
    const std::string kind = json_text(type.empty() ? usual_type(dialect, status) : type);
    const std::string text_code = code.empty() ? "null" : json_text(code);
    switch (shape_of(dialect, protocol)) {
        case Shape::azure:
            return fmt::format(R"({{"error":{{"code":{},"message":{}}}}})",
                               json_text(code.empty() ? std::to_string(status) : code), json_message);
        case Shape::numbered:
            return fmt::format(R"({{"error":{{"message":{},"type":{},"param":null,"code":{}}}}})", json_message, kind,
                               status);
        case Shape::flat:
            return fmt::format(R"({{"object":"error","message":{},"type":{},"param":null,"code":{}}})", json_message,
                               kind, status);
        case Shape::tei: return fmt::format(R"({{"message":{},"code":{},"type":{}}})", json_message, status, kind);
        case Shape::native: return fmt::format(R"({{"error":{},"error_type":{}}})", json_message, kind);
        case Shape::ollama: return fmt::format(R"({{"error":{}}})", json_message);
        case Shape::detail: return fmt::format(R"({{"detail":{}}})", json_message);
        case Shape::message: return fmt::format(R"({{"id":"1","message":{}}})", json_message);
        case Shape::google:
            return fmt::format(R"({{"error":{{"code":{},"message":{},"status":"{}"}}}})", status, json_message,
                               google_status(status));
        case Shape::listed:
            return fmt::format(R"([{{"error":{{"code":{},"message":{},"status":"{}"}}}}])", status, json_message,
                               google_status(status));
        case Shape::openai: break;
    }
    if (dialect == Dialect::litellm) {
        return fmt::format(R"({{"error":{{"message":{},"type":{},"param":null,"code":"{}"}}}})", json_message, kind,
                           status);
    }
    return fmt::format(R"({{"error":{{"message":{},"type":{},"param":null,"code":{}}}}})", json_message, kind,
                       text_code);
}

ErrorAnswer refuse(Dialect dialect, Protocol protocol, Refusal refusal, const Numbers& numbers, std::string_view hint) {
    const int status = status_of(dialect, protocol, refusal);
    std::string message = protocol == Protocol::ollama   ? ollama_message(refusal, numbers)
                          : protocol == Protocol::gemini ? gemini_message(refusal, numbers)
                                                         : own_message(dialect, refusal, numbers);
    if (message.empty()) message = openai_message(refusal, numbers);
    message += hint;
    const std::string_view type = refusal == Refusal::quota ? "insufficient_quota" : std::string_view{};
    return {status, error_body(dialect, protocol, status, message, type, code_of(refusal))};
}

namespace {

// What is between the beginning and the end of a path; empty where it has others.
std::string between(std::string_view path, std::string_view begin, std::string_view end) {
    if (!path.starts_with(begin) || !path.ends_with(end) || path.size() <= begin.size() + end.size()) return {};
    return std::string(path.substr(begin.size(), path.size() - begin.size() - end.size()));
}

}  // namespace

std::string azure_deployment(std::string_view path) {
    return between(path, "/openai/deployments/", "/embeddings");
}

std::string gemini_model(std::string_view path) {
    return between(path, "/v1beta/models/", ":batchEmbedContents");
}

bool is_openai_path(Dialect dialect, std::string_view path) {
    switch (dialect) {
        case Dialect::azure: return path == "/openai/v1/embeddings" || !azure_deployment(path).empty();
        case Dialect::cohere: return path == "/compatibility/v1/embeddings" || path == "/v1/embeddings";
        case Dialect::dashscope: return path == "/compatible-mode/v1/embeddings" || path == "/v1/embeddings";
        case Dialect::gemini: return path == "/v1beta/openai/embeddings" || path == "/v1/embeddings";
        default: return path == "/v1/embeddings";
    }
}

}  // namespace protocol_server
