// A provider for servers that speak OpenAI's protocol, POST /v1/embeddings.
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
#include "http/side_by_side.h"
#include "openai/discovery.h"
#include "openai/settings.h"
#include "sync/mutex.h"

namespace embedq::openai {

class OpenaiProvider final : public Provider {
public:
    // `context` outlives the provider. `misconfigured` when the client's options name a file that does not exist.
    [[nodiscard]] static Result<std::unique_ptr<Provider>> make(OpenAiSettings settings, Context& context);

    [[nodiscard]] Result<ProviderInfo> info(std::stop_token stop) override;
    [[nodiscard]] Result<EmbedResult> embed(const EmbedRequest& request) override;

private:
    // The model that `info` named last; it is the same on all endpoints.
    struct Known {
        Identity identity;
        std::size_t dimension = 0;  // of the server's vectors, before they are cut; 0 until it is known
        bool refuted = false;       // an answer had another dimension, or reported that the model changed
        std::vector<bool> checked;  // by endpoint: it has been found to have this identity
    };

    // The time in which an endpoint's dimension is not measured, and the error that is returned instead.
    struct CoolDown {
        Clock::Steady end = {};
        Error reason = {};
    };

    // What one endpoint is.
    struct Description {
        Identity identity;
        std::size_t dimension = 0;
    };

    struct Answer {
        EmbedResult result;
        bool new_connection = false;  // another server may have accepted it than answered before
    };

    OpenaiProvider(OpenAiSettings settings, Context& context, http::Servers servers);

    [[nodiscard]] Result<EmbedResult> embed_within(const EmbedRequest& request, const http::Bounds& bounds);

    // What one endpoint reports about itself; empty where its dialect has no discovery.
    [[nodiscard]] Result<Identity> discover(std::size_t endpoint, const http::Bounds& bounds);
    // What the endpoint reports, with the dimension measured if neither that, the options nor `before` give it.
    [[nodiscard]] Result<Description> describe(std::size_t endpoint, const std::optional<Known>& before,
                                               const http::Bounds& bounds);
    // Describes every endpoint, side by side, and fails where two differ. Endpoints that do not answer in time are left
    // for later if another one does.
    [[nodiscard]] Result<Known> discover_all(const std::stop_token& stop);
    // The dimension of an endpoint's vectors, found by embedding one word. This may cost money, so it is done only
    // where nothing else gives the dimension, and not during a cool-down of the endpoint.
    [[nodiscard]] Result<std::size_t> measure_dimension(std::size_t endpoint, const http::Bounds& bounds);
    // Fails when an endpoint that was unreachable, or has a new connection, has another model than `info` named last.
    [[nodiscard]] Status check_identity(std::size_t endpoint, const http::Bounds& bounds);
    // Where the server does not know base64, asks for numbers in the same call, and from then on.
    [[nodiscard]] Result<Answer> ask(const EmbedRequest& request, std::size_t dimension, const http::Bounds& bounds);
    // Asks in this encoding. `flaw` tells what is wrong with an answer with status 200.
    [[nodiscard]] Result<Answer> ask_in(Encoding encoding, const EmbedRequest& request, std::size_t dimension,
                                        const http::Bounds& bounds, http::Flaw& flaw);
    [[nodiscard]] Status cut(EmbedResult& result) const;
    [[nodiscard]] ProviderInfo info_of(const Known& known) const;

    const OpenAiSettings settings_;
    Context& context_;
    const http::Servers servers_;
    http::SideBySide side_by_side_;

    std::atomic<bool> base64_refused_ = false;
    std::atomic<bool> truncation_warned_ = false;

    sync::Mutex mutex_;
    std::optional<Known> known_ EMBEDQ_GUARDED_BY(mutex_);
    std::vector<CoolDown> cool_downs_ EMBEDQ_GUARDED_BY(mutex_);  // by endpoint
};

}  // namespace embedq::openai
