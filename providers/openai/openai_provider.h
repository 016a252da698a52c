// A provider that asks servers that speak OpenAI's protocol, POST /v1/embeddings.
//
// What it learns (the dimension, a server's identity, that base64 is refused) is learned again after a restart.
// Thread-safety: as Provider.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embedq/context.h"
#include "embedq/provider.h"
#include "http/servers.h"
#include "openai/discovery.h"
#include "openai/settings.h"
#include "sync/mutex.h"

namespace embedq::openai {

class OpenaiProvider final : public Provider {
public:
    // `context` outlives the provider. `misconfigured` when the client's options name what is not there.
    [[nodiscard]] static Result<std::unique_ptr<Provider>> make(OpenAiSettings settings, Context& context);

    [[nodiscard]] Result<ProviderInfo> info(std::stop_token stop) override;
    [[nodiscard]] Result<EmbedResult> embed(const EmbedRequest& request) override;

private:
    // What the endpoints have been found to be. All that `info` named last is one model.
    struct Known {
        Identity identity;
        std::size_t dimension = 0;  // as the server returns vectors, before they are cut; 0 until it is known
        bool refuted = false;       // an answer was of another dimension, or said that the model is not as it was
        std::vector<bool> asked;    // by endpoint: its identity is the one above
    };

    // Why an endpoint is not probed, and until when.
    struct Rest {
        Clock::Steady end = {};
        Error reason = {};
    };

    struct Answer {
        EmbedResult result;
        bool new_connection = false;  // which another server may have accepted than the one asked before
    };

    OpenaiProvider(OpenAiSettings settings, Context& context, http::Servers servers);

    // What one endpoint says of itself; empty where its dialect has no way to ask.
    [[nodiscard]] Result<Identity> discover(std::size_t endpoint, const http::Bounds& bounds);
    // Discovers every endpoint, and fails where two differ; those that cannot be reached are left for later if another
    // one can be.
    [[nodiscard]] Result<Known> survey(const std::stop_token& stop);
    // The dimension of the vectors of an endpoint, by embedding a word, which may have to be paid for: it is done where
    // nothing else tells the dimension, and not while the endpoint asks to be left alone.
    [[nodiscard]] Result<std::size_t> probe(std::size_t endpoint, const http::Bounds& bounds);
    // Fails when an endpoint that was out of reach, or has been connected to anew, has another model than `info` named
    // last.
    [[nodiscard]] Status check_identity(std::size_t endpoint, const http::Bounds& bounds);
    [[nodiscard]] Result<Answer> ask(const EmbedRequest& request, std::size_t dimension, const http::Bounds& bounds);
    [[nodiscard]] Result<http::Response> post(const EmbedRequest& request, const http::Bounds& bounds);
    [[nodiscard]] Status cut(EmbedResult& result) const;
    [[nodiscard]] ProviderInfo info_of(const Known& known) const;

    const OpenAiSettings settings_;
    Context& context_;
    const http::Servers servers_;

    std::atomic<bool> base64_refused_ = false;
    std::atomic<bool> truncation_told_ = false;

    sync::Mutex mutex_;
    std::optional<Known> known_ EMBEDQ_GUARDED_BY(mutex_);
    std::vector<Rest> rests_ EMBEDQ_GUARDED_BY(mutex_);  // by endpoint
};

}  // namespace embedq::openai
