#include "http/classify.h"

#include <charconv>
#include <chrono>
#include <optional>

#include "http/error_body.h"
#include "http/rules.h"

namespace embedq::http {
namespace {

constexpr int status_ok = 200;
constexpr int status_too_many_requests = 429;
// A gateway that gives up earlier did not wait for the server.
constexpr std::chrono::milliseconds shortest_gateway_timeout{1000};

std::string or_else(const std::string& text, std::string_view fallback) {
    return text.empty() ? std::string(fallback) : text;
}

// Whether a finding counts with a status that throttles. A rate limit also mentions "at most 60 requests", and a server
// that is starting says that a model "is not available". Such a state passes with time, so it is neither a wrong
// configuration nor the refusal of a text or a batch.
bool fits_throttling(Meaning meaning, int status) {
    // One request with more tokens than OpenAI allows in a minute.
    if (meaning == Meaning::too_many_tokens) return status == status_too_many_requests;
    return meaning == Meaning::quota_spent || meaning == Meaning::overloaded;
}

ErrorKind kind_of_status(int status, bool is_html) {
    switch (status) {
        case 400: return is_html ? ErrorKind::misconfigured : ErrorKind::invalid_input;
        case 422:
        case 446:  // Portkey, WSO2: a guardrail of the gateway's refuses a text
        case 498:  // Cohere: the text is blocked
            return ErrorKind::invalid_input;
        case 413: return ErrorKind::too_large;
        case 429:
        case 503:
        case 529: return ErrorKind::throttled;
        case 408:
        case 409:
        case 424:
        case 425:
        case 499: return ErrorKind::unavailable;
        case 501: return ErrorKind::misconfigured;
        default: return status >= 500 ? ErrorKind::unavailable : ErrorKind::misconfigured;
    }
}

// Whether a gateway did not wait for the answer. With the same request it would not wait the next time, either.
bool is_gateway_timeout(int status, const ErrorBody& body) {
    switch (status) {
        case 408:
        case 504:
        case 524:  // Cloudflare
        case 598:  // some proxies: the time for reading was over
            return true;
        default: return status >= 500 && !body.is_html && mentions_time_over(body);
    }
}

// The meaning of the body, where it is about the request. An HTML page comes from a proxy and is not.
std::optional<Finding> meaning_of(int status, const ErrorBody& body) {
    if (body.is_html) return std::nullopt;
    auto finding = find_meaning(body);
    if (finding && kind_of_status(status, false) == ErrorKind::throttled && !fits_throttling(finding->meaning, status))
        return std::nullopt;
    return finding;
}

std::string hint_for_status(int status, const Call& call) {
    switch (status) {
        case 401:
        case 403: return or_else(call.credentials_hint, "check the credentials and their rights");
        case 402: return "pay for the account; then work continues by itself";
        case 404:
            return "check the address and its path" +
                   (call.missing_path_hint.empty() ? "" : "; " + call.missing_path_hint);
        case 405:
        case 501: return "check the address and its path";
        case 407: return "check the proxy's credentials";
        case 410: return "name another model or address, since this one has been retired";
        default: return "check the address and the options";
    }
}

std::string hint_for(Meaning meaning, const Call& call) {
    switch (meaning) {
        case Meaning::quota_spent: return "raise the account's quota, which is spent; then work continues by itself";
        case Meaning::key_refused: return or_else(call.credentials_hint, "check the credentials and their rights");
        case Meaning::region_refused:
            return "choose a service that accepts requests from this region, or send them through a proxy";
        case Meaning::model_missing:
            return or_else(call.missing_model_hint, "check the option model, or make the model available");
        case Meaning::no_embedding_model: return "name a model that makes embeddings";
        case Meaning::not_pooled:
            return "name a model that makes embeddings, or let the server pool its vectors (llama.cpp: --pooling mean)";
        case Meaning::option_missing: return "give the option that the server requires";
        case Meaning::option_refused: return "remove or correct the option that the server does not accept";
        default: return {};
    }
}

void set_limits(Error& error, const Finding& finding) {
    switch (finding.meaning) {
        case Meaning::too_many_texts: error.limits.max_inputs = finding.limit; break;
        case Meaning::too_many_tokens: error.limits.max_request_tokens = finding.limit; break;
        case Meaning::text_too_long:
            error.limits.max_text_tokens = finding.limit;
            error.text_too_long = true;
            break;
        default: break;
    }
}

// What the provider's support will ask for.
std::string detail_of(const Response& response, const ErrorBody& body, const Secrets& secrets) {
    std::string detail = "status " + std::to_string(response.status);
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) detail += ", " + std::string(name) + " " + excerpt(secrets.hide(std::string(value)), 100);
    };
    add("type", body.type);
    add("code", body.code);
    add("param", body.param);
    for (const char* name : {"x-request-id", "request-id", "apim-request-id", "mistral-correlation-id"}) {
        add(name, response.headers.find(name).value_or(""));
    }
    return detail;
}

std::string server_answer(const Response& response, const ErrorBody& body, const Secrets& secrets) {
    const std::string message = excerpt(secrets.hide(body.message));
    return "answered with status " + std::to_string(response.status) +
           (message.empty() ? " and no message" : ": " + message);
}

// Some gateways put an error into an answer with status 200.
int status_of(const Response& response, const ErrorBody& body) {
    if (response.status != status_ok) return response.status;
    int code = 0;
    const auto [end, error] = std::from_chars(body.code.data(), body.code.data() + body.code.size(), code);
    const bool whole = error == std::errc{} && end == body.code.data() + body.code.size();
    return whole && code >= 400 && code < 600 ? code : 500;
}

}  // namespace

Error classify(const Response& response, const Call& call, const Secrets& secrets, Wall now) {
    const ErrorBody body = read_error_body(response.body);
    const int status = status_of(response, body);
    Error error;
    if (const auto finding = meaning_of(status, body)) {
        error.kind = kind_of(finding->meaning);
        error.hint = hint_for(finding->meaning, call);
        set_limits(error, *finding);
    } else {
        error.kind = kind_of_status(status, body.is_html);
        if (error.kind == ErrorKind::misconfigured) error.hint = hint_for_status(status, call);
        const auto retry = response.headers.find("x-should-retry");
        if (retry == "true" && (error.kind == ErrorKind::invalid_input || error.kind == ErrorKind::misconfigured)) {
            error.kind = ErrorKind::unavailable;
            error.hint.clear();
        }
        const bool refused = error.kind == ErrorKind::invalid_input || error.kind == ErrorKind::too_large;
        error.text_too_long = refused && mentions_text_length(body);
    }
    error.deadline_reached = error.kind == ErrorKind::unavailable && response.elapsed > shortest_gateway_timeout &&
                             is_gateway_timeout(status, body);
    error.message = call.where + " " + server_answer(response, body, secrets);
    error.detail = detail_of(response, body, secrets);
    if (error.kind == ErrorKind::throttled || error.kind == ErrorKind::unavailable) {
        error.retry_after = requested_wait(response.headers, body, now);
    }
    return error;
}

bool refuses_base64(const Response& response) {
    const ErrorBody body = read_error_body(response.body);
    if (response.status == status_ok && !body.tells_error) return false;
    const int status = status_of(response, body);
    if (status < 400 || status == status_too_many_requests || status >= 503) return false;
    const std::string complaint = body.message + " " + body.param;
    return complaint.contains("base64") || complaint.contains("encoding_format") ||
           complaint.contains("embedding_type");
}

}  // namespace embedq::http
