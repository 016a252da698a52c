// What an OllamaProvider sends, and what it makes of the answers.
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include "http/decode.h"
#include "http/error_body.h"
#include "http/rules.h"
#include "ollama/ollama_provider.h"
#include "ollama/request_body.h"

namespace embedq::ollama {
namespace {

bool looks_like_html(std::string_view body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && body[first] == '<';
}

// A 400 for a text that nothing is said to be wrong with: the server also gives it when a model's process failed for a moment.
bool may_pass(const http::Response& response, const Error& error) {
    if (response.status != 400 || error.kind != ErrorKind::invalid_input) return false;
    const auto finding = http::find_meaning(http::read_error_body(response.body));
    return !finding || finding->meaning != http::Meaning::text_too_long;
}

void normalise(std::span<float> row) {
    double squares = 0;
    for (const float value : row) squares += static_cast<double>(value) * value;
    if (squares <= 0) return;
    const double length = std::sqrt(squares);
    for (float& value : row) value = static_cast<float>(value / length);
}

}  // namespace

http::Request OllamaProvider::request_to(std::size_t endpoint, std::string_view path, const Bounds& bounds) const {
    http::Request request;
    request.url = settings_.endpoints[endpoint].url + std::string(path);
    request.unix_socket = settings_.endpoints[endpoint].unix_socket;
    request.deadline = bounds.deadline;
    request.stop = bounds.stop;
    request.max_response_bytes = settings_.max_response_bytes;
    return request;
}

Error OllamaProvider::classified(const http::Response& response, const std::string& url) const {
    return http::classify(response,
                          {.where = http::shown(url),
                           .model = settings_.model,
                           .missing_model_mend = "run `ollama pull " + settings_.model + "` there, or set pull: true",
                           .credentials_mend = "check the option api_key"},
                          settings_.secrets, context_.clock().wall());
}

Error OllamaProvider::refused(const http::Response& response, std::size_t endpoint, const std::string& url) {
    if (response.status == 404 && is_json(response.body)) {
        const std::scoped_lock lock(mutex_);
        learned_[endpoint].missing = true;
    }
    return classified(response, url);
}

Result<EmbedResult> OllamaProvider::ask(const EmbedRequest& request, std::size_t dimension, const Bounds& bounds) {
    bool old = false;
    {
        const std::scoped_lock lock(mutex_);
        old = learned_[request.endpoint].old;
    }
    if (old) return ask_old(request, dimension, bounds);
    auto message = request_to(request.endpoint, "/api/embed", bounds);
    message.body = embed_body(settings_, request.texts, request.kind);
    auto response = client_->send(message);
    if (!response) return std::unexpected(std::move(response.error()));
    if (response->status == 404 && !is_json(response->body)) {
        // No route of that name: a server before 0.3, or none of Ollama's at all, which the older route tells.
        auto result = ask_old(request, dimension, bounds);
        if (!result) return result;
        const std::scoped_lock lock(mutex_);
        if (!std::exchange(learned_[request.endpoint].old, true)) {
            context_.logger().info(settings_.endpoints[request.endpoint].name +
                                   " has no /api/embed, so each text is a request of its own; a newer Ollama is faster");
        }
        return result;
    }
    if (response->status != 200) {
        Error error = refused(*response, request.endpoint, message.url);
        if (request.texts.size() > 1 || !may_pass(*response, error)) return std::unexpected(std::move(error));
        response = client_->send(message);
        if (!response) return std::unexpected(std::move(response.error()));
        if (response->status != 200) return std::unexpected(refused(*response, request.endpoint, message.url));
    }
    return read_answer(std::move(*response), request.texts.size(), dimension, message.url);
}

Result<EmbedResult> OllamaProvider::read_answer(http::Response response, std::size_t texts, std::size_t dimension, const std::string& url) {
    if (looks_like_html(response.body)) {
        return fail(ErrorKind::misconfigured,
                    http::shown(url) + " answered with a page of HTML where vectors were expected; check endpoints",
                    http::excerpt(settings_.secrets.hide(response.body.substr(0, 1000))));
    }
    // An error within a success is short; a long answer is not copied for it.
    constexpr std::size_t longest_error = 16 << 10;
    const http::Response short_answer = response.body.size() <= longest_error ? response : http::Response{};
    auto answer = http::decode_embeddings(std::move(response.body), {.texts = texts, .dimension = dimension});
    if (answer) return std::move(answer->result);
    if (short_answer.body.contains("\"error\"")) return std::unexpected(classified(short_answer, url));
    Error error = std::move(answer.error());
    if (error.kind == ErrorKind::misconfigured) {
        const std::scoped_lock lock(mutex_);
        dimension_refuted_ = true;
    }
    error.message = http::shown(url) + ": " + settings_.secrets.hide(std::move(error.message));
    error.detail = settings_.secrets.hide(std::move(error.detail));
    return std::unexpected(std::move(error));
}

Result<EmbedResult> OllamaProvider::ask_old(const EmbedRequest& request, std::size_t dimension, const Bounds& bounds) {
    EmbedResult all;
    all.dimension = dimension;
    for (std::size_t i = 0; i < request.texts.size(); ++i) {
        auto one = ask_old_once(request, request.texts[i], all.dimension, bounds);
        if (!one) {
            if (one.error().kind != ErrorKind::invalid_input || request.texts.size() == 1) return one;
            all.errors.push_back({i, std::move(one.error())});
            all.matrix.resize(all.matrix.size() + all.dimension);
            continue;
        }
        all.dimension = one->dimension;
        all.tokens += one->tokens;
        for (TextError& error : one->errors) all.errors.push_back({i, std::move(error.error)});
        normalise(one->matrix);
        all.matrix.insert(all.matrix.end(), one->matrix.begin(), one->matrix.end());
    }
    return all;
}

Result<EmbedResult> OllamaProvider::ask_old_once(const EmbedRequest& request, std::string_view text, std::size_t dimension,
                                                 const Bounds& bounds) {
    auto message = request_to(request.endpoint, "/api/embeddings", bounds);
    message.body = legacy_body(settings_, text, request.kind);
    auto response = client_->send(message);
    if (!response) return std::unexpected(std::move(response.error()));
    if (response->status == 404 && !is_json(response->body)) {
        return fail(ErrorKind::misconfigured, settings_.endpoints[request.endpoint].name +
                                                  " has neither /api/embed nor /api/embeddings, so it is no Ollama; check endpoints");
    }
    if (response->status != 200) return std::unexpected(refused(*response, request.endpoint, message.url));
    return read_answer(std::move(*response), 1, dimension, message.url);
}

}  // namespace embedq::ollama
