// The servers of one provider: requests to them, and what their answers come to.
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

// How long a request may take, and what ends it earlier.
struct Bounds {
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    std::stop_token stop = {};
};

class Servers {
public:
    // `context` outlives the servers. `misconfigured` when the client's options name what is not there.
    [[nodiscard]] static Result<Servers> make(const HttpSettings& settings, Context& context);

    // What the options say: model, prefixes, limits, names of endpoints, public options. The dimension is 0 where they
    // do not say it.
    [[nodiscard]] ProviderInfo info() const;

    // The bounds of the host's request, at most the option `timeout` long. `invalid_argument` where there is no such
    // endpoint, `unavailable` when it is stopped already.
    [[nodiscard]] Result<Bounds> admit(const EmbedRequest& request) const;

    // A POST to `path`, which begins with a slash, behind the endpoint's address.
    [[nodiscard]] Request request_to(std::size_t endpoint, std::string_view path, const Bounds& bounds) const;

    // As Client::send, but an answer that is too long for a request of one text, or of none, is `internal`: it is no
    // fault of the text, which the host would refuse for good.
    [[nodiscard]] Result<Response> send(const Request& request, std::size_t texts = 1) const;

    // GET `request` for what a server tells of itself: the body, or nothing where there is no such path or it is
    // forbidden, since a proxy may let only what embeds through. Other answers than 200 are errors, as `refusal` says.
    [[nodiscard]] Result<std::optional<std::string>> look_up(Request request) const;

    // An answer that is no success, as classify.h says.
    [[nodiscard]] Error refusal(const Response& response, const std::string& url) const;

    // The vectors of an answer with status 200, as decode_embeddings says; `misconfigured` for a page of HTML, and what
    // `refusal` says for an error in a success. `other_dimension`, where given, is set when all vectors have another
    // dimension than the asked.
    [[nodiscard]] Result<EmbedResult> vectors(Response response, const Asked& asked, const std::string& url,
                                              bool* other_dimension = nullptr) const;

private:
    Servers(const HttpSettings& settings, Context& context, std::unique_ptr<Client> client)
        : settings_(settings), context_(&context), client_(std::move(client)) {}

    HttpSettings settings_;
    Context* context_;
    std::unique_ptr<Client> client_;
};

}  // namespace embedq::http
