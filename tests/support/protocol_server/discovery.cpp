// How a Responder reports its models, and the control endpoint.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "responder.h"

namespace protocol_server {
namespace {

Reply text_reply(int status, std::string body) {
    return {.status = status, .content_type = "text/plain", .body = std::move(body)};
}

}  // namespace

Reply Responder::discover(const HttpRequest& request) {
    if (script_.dialect == Dialect::ollama && !request.path.starts_with("/v1/models")) return ollama(request);
    const Route route{Protocol::openai};
    if (request.method == "GET" && (request.path == "/v1/models" || request.path == "/openai/v1/models")) {
        std::string list;
        for (const auto& [name, model] : script_.models) {
            if (!model.present) continue;
            fmt::format_to(
                std::back_inserter(list),
                R"({}{{"id":{},"object":"model","created":1677610602,"owned_by":"embedq"{}}})", list.empty() ? "" : ",",
                json_text(name),
                script_.dialect == Dialect::vllm ? fmt::format(R"(,"max_model_len":{})", model.context) : "");
        }
        return {.body = fmt::format(R"({{"object":"list","data":[{}]}})", list)};
    }
    if (script_.dialect == Dialect::tei && request.path == "/info" && model({}) != nullptr) {
        const auto& [name, model] =
            *std::ranges::find_if(script_.models, [](const auto& one) { return one.second.present; });
        const Limits own = limits_of(Dialect::tei);
        return {.body = fmt::format(R"({{"model_id":{},"model_sha":{},"model_dtype":"float32",)"
                                    R"("model_type":{{"embedding":{{"pooling":"mean"}}}},)"
                                    R"("max_concurrent_requests":512,"max_input_length":{},"max_batch_tokens":16384,)"
                                    R"("max_batch_requests":null,"max_client_batch_size":{},"auto_truncate":false,)"
                                    R"("tokenization_workers":2,"version":"1.8.0","sha":null,"docker_label":null}})",
                                    json_text(name), json_text(model.digest),
                                    script_.max_text_tokens.value_or(std::min(own.max_text_tokens, model.context)),
                                    script_.max_inputs.value_or(own.max_inputs))};
    }
    if (request.path == "/health") return {.body = R"({"status":"ok"})"};
    return {.status = 404, .body = error_body(script_.dialect, route.protocol, 404, "Not Found")};
}

Reply Responder::ollama(const HttpRequest& request) {
    if (request.path == "/api/version")
        return {.body = script_.legacy ? R"({"version":"0.1.48"})" : R"({"version":"0.12.6"})"};
    if (request.path == "/api/tags" || request.path == "/api/ps") {
        std::string list;
        for (const auto& [name, model] : script_.models) {
            if (!model.present) continue;
            const std::string full = name.contains(':') ? name : name + ":latest";
            fmt::format_to(std::back_inserter(list),
                           R"({}{{"name":{},"model":{},"modified_at":"2026-01-02T03:04:05Z","size":274302450,)",
                           list.empty() ? "" : ",", json_text(full), json_text(full));
            if (model.reports_digest)
                fmt::format_to(std::back_inserter(list), R"("digest":{},)", json_text(model.digest));
            fmt::format_to(std::back_inserter(list), R"("details":{{"family":{}}}}})", json_text(model.architecture));
        }
        return {.body = fmt::format(R"({{"models":[{}]}})", list)};
    }
    if (request.path == "/api/show" && request.method == "POST") return show(request);
    if (request.path == "/api/pull" && request.method == "POST") return pull(request);
    return text_reply(404, "404 page not found");
}

Reply Responder::show(const HttpRequest& request) const {
    std::string name = text_member(request.body, "model");
    if (name.empty()) name = text_member(request.body, "name");  // before 0.1.45
    const Model* found = model(name);
    if (found == nullptr || !found->present) {
        return {.status = 404, .body = fmt::format(R"({{"error":{}}})", json_text("model '" + name + "' not found"))};
    }
    const std::string& kind = found->architecture;
    return {.body = fmt::format(
                R"({{"details":{{"family":"{0}","parameter_size":"137M","quantization_level":"F16"}},)"
                R"("model_info":{{"general.architecture":"{0}","{0}.context_length":{1},"{0}.embedding_length":{2}}},)"
                R"("capabilities":["{3}"],"modified_at":"2026-01-02T03:04:05Z"}})",
                kind, found->context, found->dimension, found->embeds ? "embedding" : "completion")};
}

Reply Responder::pull(const HttpRequest& request) {
    std::string name = text_member(request.body, "model");
    if (name.empty()) name = text_member(request.body, "name");
    const Model* const found = model(name);
    Reply reply{.content_type = "application/x-ndjson", .body = "{\"status\":\"pulling manifest\"}\n"};
    if (found == nullptr || !found->pullable) {
        reply.body += R"({"error":"pull model manifest: file does not exist"})"
                      "\n";
        return reply;
    }
    for (const int percent : {10, 55, 100}) {
        reply.body += fmt::format(R"({{"status":"pulling {0}","digest":{1},"total":1000000,"completed":{2}}})",
                                  "970aa74c0a90", json_text(found->digest), percent * 10000);
        reply.body += '\n';
    }
    reply.body +=
        "{\"status\":\"verifying sha256 digest\"}\n{\"status\":\"writing manifest\"}\n{\"status\":\"success\"}\n";
    for (auto& [known, one] : script_.models) one.present = one.present || &one == found;
    return reply;
}

Reply Responder::control(const HttpRequest& request) {
    if (request.method == "GET" && request.path == "/control/calls") return {.body = tally_.json()};
    if (request.method == "POST" && request.path == "/control/reset") {
        reset();
        return {.body = "{}"};
    }
    if (request.method == "POST" && request.path == "/control") {
        try {
            change(request.body);
            return {.body = "{}"};
        } catch (const std::runtime_error& error) {
            return text_reply(400, error.what());
        }
    }
    return text_reply(404, "expected POST /control (YAML), POST /control/reset or GET /control/calls");
}

}  // namespace protocol_server
