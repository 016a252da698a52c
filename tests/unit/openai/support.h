// An embedding server that a test scripts, and options as from a YAML file.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "conformance/test_context.h"
#include "openai/openai_provider.h"
#include "openai/options.h"
#include "openai/settings.h"
#include "unit/http/scripted_server.h"

namespace embedq::openai {

inline Options options_of(std::map<std::string, std::string> texts) {
    auto options = config::options_from_text(option_table, texts);
    if (!options) throw std::runtime_error(to_string(options.error()));
    return std::move(*options);
}

struct SentRequest {
    std::string head;  // the request line and the headers
    std::string body;
};

// Passes each request to `reply`, which returns the bytes of the whole answer; empty closes the connection.
class FakeServer {
public:
    using Reply = std::function<std::string(const SentRequest&)>;

    explicit FakeServer(Reply reply)
        : reply_(std::move(reply)), server_([this](http::Connection& connection) {
              while (true) {
                  const std::string request = connection.read_request();
                  if (request.empty()) return;
                  const auto end = request.find("\r\n\r\n") + 4;
                  const SentRequest sent{request.substr(0, end), request.substr(end)};
                  std::string bytes;
                  {
                      const std::scoped_lock lock(mutex_);
                      requests_.push_back(sent);
                      bytes = reply_(sent);
                  }
                  if (bytes.empty() || !connection.write(bytes)) return;
              }
          }) {}

    [[nodiscard]] std::string url(std::string_view path = "/v1") const { return server_.url(path); }
    [[nodiscard]] std::vector<SentRequest> requests() {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }
    void reply(Reply reply) {
        const std::scoped_lock lock(mutex_);
        reply_ = std::move(reply);
    }

private:
    std::mutex mutex_;
    Reply reply_;                        // guarded by mutex_
    std::vector<SentRequest> requests_;  // guarded by mutex_
    http::ScriptedServer server_;
};

// An answer with a vector of `dimension` for each text, in reverse order.
inline std::string vectors(std::size_t texts, std::size_t dimension) {
    std::string data;
    for (std::size_t i = texts; i-- > 0;) {
        data += (data.empty() ? "" : ",") + std::string("{\"object\":\"embedding\",\"index\":") + std::to_string(i) +
                ",\"embedding\":[" + std::to_string(i + 1);
        for (std::size_t d = 1; d < dimension; ++d) data += ",0.5";
        data += "]}";
    }
    return http::answer("{\"object\":\"list\",\"data\":[" + data +
                        "],\"model\":\"m\",\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}}");
}

// The number of texts in a request, none of which may contain a quote.
inline std::size_t texts_in(const SentRequest& request) {
    const auto input = request.body.find("\"input\":[") + 9;
    std::size_t quotes = 0;
    for (auto i = input; i < request.body.size(); ++i) quotes += request.body[i] == '"' ? 1 : 0;
    return quotes / 2;
}

inline FakeServer::Reply vectors_of(std::size_t dimension) {
    return [dimension](const SentRequest& request) { return vectors(texts_in(request), dimension); };
}

// A provider with its context.
struct Made {
    explicit Made(std::map<std::string, std::string> texts) {
        texts.try_emplace("proxy", "none");
        texts.try_emplace("model", "m");
        auto settings = read_settings(options_of(std::move(texts)));
        if (!settings) throw std::runtime_error(to_string(settings.error()));
        auto made = OpenaiProvider::make(std::move(*settings), context);
        if (!made) throw std::runtime_error(to_string(made.error()));
        provider = std::move(*made);
    }
    Result<EmbedResult> embed(const std::vector<std::string_view>& texts, TextKind kind = TextKind::document,
                              std::size_t endpoint = 0) {
        return provider->embed({.texts = texts, .kind = kind, .endpoint = endpoint});
    }

    conformance::TestContext context{"openai"};
    std::unique_ptr<Provider> provider;
};

}  // namespace embedq::openai
