#include "http/servers.h"

#include <algorithm>
#include <utility>

#include "http/classify.h"
#include "http/error_body.h"

namespace embedq::http {
namespace {

constexpr std::size_t max_document_bytes = std::size_t{16} << 20;  // a list may name every model of a service

// Portkey: a guardrail of the gateway's found something, and let the answer through.
constexpr int status_let_through = 246;

}  // namespace

Result<Servers> Servers::make(const HttpSettings& settings, Context& context) {
    auto client = Client::make(settings.client);
    if (!client) return std::unexpected(std::move(client.error()));
    return Servers(settings, context, std::move(*client));
}

ProviderInfo Servers::info() const {
    ProviderInfo info;
    info.model = settings_.model;
    info.dimension = settings_.dimensions;
    info.document_prefix = settings_.document_prefix;
    info.query_prefix = settings_.query_prefix;
    info.limits = settings_.limits;
    info.endpoints.clear();
    for (const Endpoint& endpoint : settings_.endpoints) info.endpoints.push_back(endpoint.name);
    info.public_options = settings_.public_options;
    info.call_timeout = settings_.timeout;
    return info;
}

Result<Bounds> Servers::admit(const EmbedRequest& request) const {
    if (request.endpoint >= settings_.endpoints.size()) {
        return fail(ErrorKind::invalid_argument, "endpoint " + std::to_string(request.endpoint) +
                                                     " does not exist: the options name " +
                                                     std::to_string(settings_.endpoints.size()));
    }
    if (request.stop.stop_requested()) return fail(ErrorKind::unavailable, "the request was stopped");
    return Bounds{std::min(request.deadline, std::chrono::steady_clock::now() + settings_.timeout), request.stop};
}

Request Servers::request_to(std::size_t endpoint, std::string_view path, const Bounds& bounds) const {
    Request request;
    request.url = settings_.endpoints[endpoint].url + std::string(path);
    request.unix_socket = settings_.endpoints[endpoint].unix_socket;
    request.deadline = bounds.deadline;
    request.stop = bounds.stop;
    request.max_response_bytes = settings_.max_response_bytes;
    return request;
}

Result<Response> Servers::send(const Request& request, std::size_t texts) const {
    auto response = client_->send(request);
    if (response && response->status == status_let_through) response->status = 200;
    if (!response && response.error().kind == ErrorKind::too_large && texts <= 1) {
        response.error().kind = ErrorKind::internal;
        response.error().message = "the answer from " + shown(request.url) + " is longer than " +
                                   std::to_string(request.max_response_bytes) +
                                   " bytes, though no more than one text was sent";
        response.error().hint =
            "check which server answers at " + settings_.hints.address + ", or raise max_response_bytes";
    }
    return response;
}

Result<std::optional<std::string>> Servers::look_up(Request request) const {
    request.method = "GET";
    request.max_response_bytes = max_document_bytes;
    auto response = send(request);
    if (!response) return std::unexpected(std::move(response.error()));
    if (response->status == 403 || response->status == 404 || response->status == 405) return std::nullopt;
    if (response->status != 200) return std::unexpected(refusal(*response, request.url));
    return std::move(response->body);
}

Error Servers::refusal(const Response& response, const std::string& url) const {
    return classify(response,
                    {.where = shown(url),
                     .model = settings_.model,
                     .missing_model_hint = settings_.hints.missing_model,
                     .missing_path_hint = settings_.hints.missing_path,
                     .credentials_hint = "check the option api_key"},
                    settings_.secrets, context_->clock().wall());
}

Result<EmbedResult> Servers::vectors(Response response, const Expected& expected, const std::string& url,
                                     Flaw* flaw) const {
    if (looks_like_html(response.body)) {
        return fail(ErrorKind::misconfigured, shown(url) + " answered with an HTML page where vectors were expected",
                    "check " + settings_.hints.address, excerpt(settings_.secrets.hide(response.body.substr(0, 1000))));
    }
    // An error inside a success is short, so that a long answer is not copied.
    constexpr std::size_t max_error_bytes = 16 << 10;
    const Response short_answer = response.body.size() <= max_error_bytes ? response : Response{};
    Flaw found;
    auto answer = decode_embeddings(std::move(response.body), expected, &found);
    const bool tells_error = !answer && read_error_body(short_answer.body).tells_error;
    if (tells_error) found.no_vector = refuses_base64(short_answer);
    if (flaw != nullptr) *flaw = found;
    if (tells_error) return std::unexpected(refusal(short_answer, url));
    if (answer) return std::move(answer->result);
    Error error = std::move(answer.error());
    error.message = shown(url) + ": " + settings_.secrets.hide(std::move(error.message));
    error.detail = settings_.secrets.hide(std::move(error.detail));
    return std::unexpected(std::move(error));
}

}  // namespace embedq::http
