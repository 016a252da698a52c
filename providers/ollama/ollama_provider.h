// A provider that uses Ollama's own API, on one server or several that have the same model.
//
// What it learns (which server has the model, which server is old) is learned again after a restart.
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
#include "http/side_by_side.h"
#include "ollama/discovery.h"
#include "ollama/settings.h"
#include "sync/mutex.h"

namespace embedq::ollama {

class OllamaProvider final : public Provider {
public:
    // `context` outlives the provider. `misconfigured` when the client's options name a file that does not exist.
    [[nodiscard]] static Result<std::unique_ptr<Provider>> make(OllamaSettings settings, Context& context);

    // All endpoints are asked side by side; the first in their order that answers decides which model it is. With the
    // option `pull`, a thread of the provider makes
    // those that lack the model pull it, for hours if necessary, while the others are used. `info` waits for a pull
    // only where every endpoint lacks the model.
    [[nodiscard]] Result<ProviderInfo> info(std::stop_token stop) override;
    // Checks the digest of the model after each answer: the server changes its list before it loads another model, so
    // vectors of a model that `info` did not name last are never returned. A single text that is refused with a plain
    // 400 is sent once more, since the server also answers so when the model's process failed briefly.
    [[nodiscard]] Result<EmbedResult> embed(const EmbedRequest& request) override;

private:
    // What has been learned about an endpoint.
    struct Learned {
        bool old = false;      // has only /api/embeddings
        bool missing = false;  // did not have the model at the last request
    };

    OllamaProvider(OllamaSettings settings, Context& context, http::Servers servers);

    [[nodiscard]] Result<EmbedResult> embed_within(const EmbedRequest& request, const http::Bounds& bounds);

    // --- discovery
    [[nodiscard]] Result<Identity> discover(const http::Bounds& bounds);
    // The identity from the first endpoint, in their order, of those that answer in time.
    [[nodiscard]] Result<Identity> find(const http::Bounds& bounds);
    // The identity from the first endpoint that has pulled the model; `error` where no endpoint lacked it.
    [[nodiscard]] Result<Identity> find_after_pull(const http::Bounds& bounds, Error error);
    [[nodiscard]] Result<Identity> describe(std::size_t endpoint, const http::Bounds& bounds);
    [[nodiscard]] Result<http::Response> show(std::size_t endpoint, const http::Bounds& bounds);
    [[nodiscard]] Result<std::string> digest(std::size_t endpoint, const http::Bounds& bounds);
    // The dimension of the vectors, found by embedding one word.
    [[nodiscard]] Result<std::size_t> measure_dimension(std::size_t endpoint, const http::Bounds& bounds);
    [[nodiscard]] Status pull(std::size_t endpoint, const std::stop_token& stop);
    // Clears Learned::missing and returns what it was.
    [[nodiscard]] bool take_missing(std::size_t endpoint);
    void pull_where_missing(const std::stop_token& stop);
    [[nodiscard]] bool missing_everywhere();
    // Starts puller_ where an endpoint lacks the model, unless it is running.
    void pull_in_background();
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
    http::SideBySide side_by_side_;

    sync::Mutex mutex_;
    std::optional<Identity> known_ EMBEDQ_GUARDED_BY(mutex_);    // what `info` named last
    std::vector<Learned> learned_ EMBEDQ_GUARDED_BY(mutex_);     // by endpoint
    bool dimension_refuted_ EMBEDQ_GUARDED_BY(mutex_) = false;   // vectors had another dimension than reported
    std::optional<std::string> warm_ EMBEDQ_GUARDED_BY(mutex_);  // the digest of the model that was warmed up
    bool pulling_ EMBEDQ_GUARDED_BY(mutex_) = false;             // puller_ is running
    std::jthread puller_ EMBEDQ_GUARDED_BY(mutex_);              // the last member: joined before the others go
};

}  // namespace embedq::ollama
