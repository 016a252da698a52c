// The servers of one provider: makes requests to them and reads their answers.
//
// Thread-safety: every member may be called from several threads at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "embedq/context.h"
#include "embedq/provider.h"
#include "http/client.h"
#include "http/decode.h"
#include "http/settings.h"

namespace embedq::http {

// When a request must have ended, and what ends it earlier.
struct Bounds {
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    std::stop_token stop = {};
};

class Servers {
public:
    // `context` outlives the servers. `misconfigured` when the client's options name a file that does not exist.
    [[nodiscard]] static Result<Servers> make(const HttpSettings& settings, Context& context);

    // What the options set: model, prefixes, limits, names of endpoints, public options. The dimension is 0 where they
    // do not set it.
    [[nodiscard]] ProviderInfo info() const;

    // The bounds of the host's request, at most the option `timeout` long. `invalid_argument` where the endpoint does
    // not exist, `unavailable` when the request is already stopped.
    [[nodiscard]] Result<Bounds> admit(const EmbedRequest& request) const;

    // A POST to the endpoint's address followed by `path`, which begins with a slash.
    [[nodiscard]] Request request_to(std::size_t endpoint, std::string_view path, const Bounds& bounds) const;

    // Like Client::send, but an answer that is too long for a request of one text, or of none, is `internal`: the text
    // is not the cause, and the host would refuse it permanently. Portkey's status 246, a success, becomes 200.
    [[nodiscard]] Result<Response> send(const Request& request, std::size_t texts = 1) const;

    // GET `request` for what a server reports about itself: the body, or nothing where the path does not exist or is
    // forbidden, since a proxy may let only embedding requests through. Any other status but 200 is an error, from
    // `refusal`.
    [[nodiscard]] Result<std::optional<std::string>> look_up(Request request) const;

    // The error for an answer that is not a success; see classify.h.
    [[nodiscard]] Error refusal(const Response& response, const std::string& url) const;

    // The vectors of an answer with status 200; see decode_embeddings, also for `flaw`. `misconfigured` for an HTML
    // page, and the error of `refusal` for an error inside a success.
    [[nodiscard]] Result<EmbedResult> vectors(Response response, const Expected& expected, const std::string& url,
                                              Flaw* flaw = nullptr) const;

private:
    Servers(const HttpSettings& settings, Context& context, std::unique_ptr<Client> client)
        : settings_(settings), context_(&context), client_(std::move(client)) {}

    HttpSettings settings_;
    Context* context_;
    std::unique_ptr<Client> client_;
};

}  // namespace embedq::http
