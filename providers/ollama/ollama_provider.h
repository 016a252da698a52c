// A provider that asks Ollama by its own API, on one server or several that have the same model.
//
// What it learns (which model is where, that a server is old) is learned again after a restart.
// Thread-safety: as Provider.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "embedq/context.h"
#include "embedq/provider.h"
#include "http/servers.h"
#include "ollama/discovery.h"
#include "ollama/settings.h"
#include "sync/mutex.h"

namespace embedq::ollama {

class OllamaProvider final : public Provider {
public:
    // `context` outlives the provider. `misconfigured` when the client's options name what is not there.
    [[nodiscard]] static Result<std::unique_ptr<Provider>> make(OllamaSettings settings, Context& context);

    // The first endpoint that answers decides which model it is. With the option `pull`, those that lack it are told to
    // pull it by a thread of the provider's, for hours if need be, while the others are of use; only where every
    // endpoint lacks it does `info` wait for it.
    [[nodiscard]] Result<ProviderInfo> info(std::stop_token stop) override;
    // The digest of the model is looked at behind each answer: the server changes its list before it loads another
    // model, so vectors of one that `info` did not name last are never returned. A single text that is refused by a
    // bare 400 is asked once more, since the server says so, too, when the model's process failed for a moment.
    [[nodiscard]] Result<EmbedResult> embed(const EmbedRequest& request) override;

private:
    // What has been learned of an endpoint.
    struct Learned {
        bool old = false;      // has /api/embeddings alone
        bool missing = false;  // did not have the model when it was asked last
    };

    OllamaProvider(OllamaSettings settings, Context& context, http::Servers servers);

    // --- what the servers have
    [[nodiscard]] Result<Identity> survey(const http::Bounds& bounds);
    // The first endpoint's that answers, as it is.
    [[nodiscard]] Result<Identity> find(const http::Bounds& bounds);
    // The first endpoint's that has pulled the model; `none` where no endpoint was without it.
    [[nodiscard]] Result<Identity> find_after_pull(const http::Bounds& bounds, Error none);
    [[nodiscard]] Result<Identity> describe(std::size_t endpoint, const http::Bounds& bounds);
    [[nodiscard]] Result<http::Response> show(std::size_t endpoint, const http::Bounds& bounds);
    [[nodiscard]] Result<std::string> digest(std::size_t endpoint, const http::Bounds& bounds);
    // The dimension of the vectors, by embedding a word.
    [[nodiscard]] Result<std::size_t> probe(std::size_t endpoint, const http::Bounds& bounds);
    [[nodiscard]] Status pull(std::size_t endpoint, const std::stop_token& stop);
    // Whether the endpoint did not have the model when it was asked last; forgotten by the question.
    [[nodiscard]] bool take_missing(std::size_t endpoint);
    void pull_where_missing(const std::stop_token& stop);
    [[nodiscard]] bool missing_everywhere();
    // Begins puller_ where an endpoint lacks the model, unless it is at it.
    void pull_meanwhile();
    void warm_up(std::size_t endpoint, const std::string& digest, const http::Bounds& bounds);
    [[nodiscard]] Status check_model(const Identity& identity, std::size_t endpoint) const;
    [[nodiscard]] Status check_digest(std::size_t endpoint, const std::string& expected, const http::Bounds& bounds);
    [[nodiscard]] Error other_model(std::size_t endpoint, const std::string& found, const std::string& expected) const;
    [[nodiscard]] ProviderInfo info_of(const Identity& identity) const;
    [[nodiscard]] std::size_t longest_text(const Identity& identity) const;

    // --- requests (ollama_requests.cpp). `dimension` 0: the first vector decides.
    [[nodiscard]] Result<EmbedResult> ask(const EmbedRequest& request, std::size_t dimension,
                                          const http::Bounds& bounds);
    [[nodiscard]] Result<EmbedResult> ask_old(const EmbedRequest& request, std::size_t dimension,
                                              const http::Bounds& bounds);
    [[nodiscard]] Result<EmbedResult> ask_old_once(const EmbedRequest& request, std::string_view text,
                                                   std::size_t dimension, const http::Bounds& bounds);
    [[nodiscard]] Result<EmbedResult> read_answer(http::Response response, std::size_t texts, std::size_t dimension,
                                                  const std::string& url);
    [[nodiscard]] Error refused(const http::Response& response, std::size_t endpoint, const std::string& url);

    const OllamaSettings settings_;
    Context& context_;
    const http::Servers servers_;

    sync::Mutex mutex_;
    std::optional<Identity> known_ EMBEDQ_GUARDED_BY(mutex_);    // what `info` named last
    std::vector<Learned> learned_ EMBEDQ_GUARDED_BY(mutex_);     // by endpoint
    bool dimension_refuted_ EMBEDQ_GUARDED_BY(mutex_) = false;   // vectors came that are not as long as the server says
    std::optional<std::string> warm_ EMBEDQ_GUARDED_BY(mutex_);  // the digest of the model that was loaded beforehand
    bool pulling_ EMBEDQ_GUARDED_BY(mutex_) = false;             // puller_ is at work
    std::jthread puller_ EMBEDQ_GUARDED_BY(mutex_);              // the last member, since it ends before the others go
};

}  // namespace embedq::ollama
