// The requests of an OllamaProvider, and how it reads the answers.
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include "http/error_body.h"
#include "http/rules.h"
#include "ollama/ollama_provider.h"
#include "ollama/request_body.h"
#include "sync/mutex.h"

namespace embedq::ollama {
namespace {

// A 400 without a known reason. The server also sends it when a model's process failed briefly.
bool may_be_transient(const http::Response& response, const Error& error) {
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

Error OllamaProvider::refused(const http::Response& response, std::size_t endpoint, const std::string& url) {
    if (response.status == 404 && is_json(response.body)) {
        const sync::Lock lock(mutex_);
        learned_[endpoint].missing = true;
    }
    return servers_.refusal(response, url);
}

Result<EmbedResult> OllamaProvider::ask(const EmbedRequest& request, std::size_t dimension,
                                        const http::Bounds& bounds) {
    bool old = false;
    {
        const sync::Lock lock(mutex_);
        old = learned_[request.endpoint].old;
    }
    if (old) return ask_old(request, dimension, bounds);
    auto message = servers_.request_to(request.endpoint, "/api/embed", bounds);
    message.body = embed_body(settings_, request.texts, request.kind);
    auto response = servers_.send(message, request.texts.size());
    if (!response) return std::unexpected(std::move(response.error()));
    if (response->status == 404 && !is_json(response->body)) {
        // The server does not have this path: it is older than 0.3, or not Ollama, which the older path shows.
        auto result = ask_old(request, dimension, bounds);
        if (!result) return result;
        bool known = false;
        {
            const sync::Lock lock(mutex_);
            known = std::exchange(learned_[request.endpoint].old, true);
        }
        if (!known) {
            context_.logger().info(
                settings_.endpoints[request.endpoint].name +
                " has no /api/embed, so each text is a request of its own; update Ollama to make it faster");
        }
        return result;
    }
    if (response->status != 200) {
        Error error = refused(*response, request.endpoint, message.url);
        if (request.texts.size() > 1 || !may_be_transient(*response, error)) return std::unexpected(std::move(error));
        response = servers_.send(message);
        if (!response) return std::unexpected(std::move(response.error()));
        if (response->status != 200) return std::unexpected(refused(*response, request.endpoint, message.url));
    }
    return read_answer(std::move(*response), request.texts.size(), dimension, message.url);
}

Result<EmbedResult> OllamaProvider::read_answer(http::Response response, std::size_t texts, std::size_t dimension,
                                                const std::string& url) {
    http::Flaw flaw;
    auto result = servers_.vectors(std::move(response), {.texts = texts, .dimension = dimension}, url, &flaw);
    if (flaw.other_dimension) {
        const sync::Lock lock(mutex_);
        dimension_refuted_ = true;
    }
    return result;
}

Result<EmbedResult> OllamaProvider::ask_old(const EmbedRequest& request, std::size_t dimension,
                                            const http::Bounds& bounds) {
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

Result<EmbedResult> OllamaProvider::ask_old_once(const EmbedRequest& request, std::string_view text,
                                                 std::size_t dimension, const http::Bounds& bounds) {
    auto message = servers_.request_to(request.endpoint, "/api/embeddings", bounds);
    message.body = legacy_body(settings_, text, request.kind);
    auto response = servers_.send(message);
    if (!response) return std::unexpected(std::move(response.error()));
    if (response->status == 404 && !is_json(response->body)) {
        return fail(ErrorKind::misconfigured,
                    settings_.endpoints[request.endpoint].name +
                        " has neither /api/embed nor /api/embeddings, so it is not Ollama",
                    "check endpoints");
    }
    if (response->status != 200) return std::unexpected(refused(*response, request.endpoint, message.url));
    return read_answer(std::move(*response), 1, dimension, message.url);
}

}  // namespace embedq::ollama
