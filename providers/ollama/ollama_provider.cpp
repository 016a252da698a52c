#include "ollama/ollama_provider.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "http/vector_fields.h"
#include "ollama/pull_progress.h"
#include "ollama/request_body.h"
#include "sync/mutex.h"
#include "sync/start_thread.h"

namespace embedq::ollama {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds discovery_timeout{20};
// Other endpoints wait for it. The server may go on loading.
constexpr std::chrono::seconds warm_up_timeout{8};
constexpr std::chrono::hours pull_timeout{12};
constexpr std::size_t max_document_bytes = std::size_t{16} << 20;  // /api/show contains licenses

}  // namespace

OllamaProvider::OllamaProvider(OllamaSettings settings, Context& context, http::Servers servers)
    : settings_(std::move(settings)),
      context_(context),
      servers_(std::move(servers)),
      side_by_side_(settings_.endpoints.size()),
      learned_(settings_.endpoints.size()) {}

Result<std::unique_ptr<Provider>> OllamaProvider::make(OllamaSettings settings, Context& context) {
    auto servers = http::Servers::make(settings, context);
    if (!servers) return std::unexpected(std::move(servers.error()));
    return std::unique_ptr<Provider>(new OllamaProvider(std::move(settings), context, std::move(*servers)));
}

// --- discovery

Result<ProviderInfo> OllamaProvider::info(std::stop_token stop) {
    const auto timeout = std::min<steady_clock::duration>(discovery_timeout, settings_.timeout);
    auto identity = discover({steady_clock::now() + timeout, stop});
    pull_in_background();
    if (!identity) return std::unexpected(std::move(identity.error()));
    return info_of(*identity);
}

Result<Identity> OllamaProvider::discover(const http::Bounds& bounds) {
    auto identity = find(bounds);
    // An unreachable endpoint may have the model, and be back before a pull is done.
    if (!identity && settings_.pull && missing_everywhere())
        identity = find_after_pull(bounds, std::move(identity.error()));
    if (!identity) return identity;
    const sync::Lock lock(mutex_);
    known_ = *identity;
    return identity;
}

Result<Identity> OllamaProvider::find(const http::Bounds& bounds) {
    auto answers = side_by_side_.ask(
        bounds, [this](std::size_t endpoint, const http::Bounds& own) { return describe(endpoint, own); });
    const auto answered = std::ranges::find_if(answers, &Result<Identity>::has_value);
    if (answered != answers.end()) {
        warm_up(static_cast<std::size_t>(answered - answers.begin()), (*answered)->digest, bounds);
        return std::move(*answered);
    }
    // An error that waiting does not end, such as a missing model, is the one to report.
    const auto lasts = [](const Result<Identity>& answer) {
        return answer.error().kind != ErrorKind::unavailable && answer.error().kind != ErrorKind::throttled;
    };
    const auto lasting = std::ranges::find_if(answers, lasts);
    Error error = std::move((lasting == answers.end() ? answers.front() : *lasting).error());
    // A server that is too busy for this cannot make vectors either, and `info` knows no `throttled`.
    if (error.kind == ErrorKind::throttled) error.kind = ErrorKind::unavailable;
    return std::unexpected(std::move(error));
}

Result<Identity> OllamaProvider::find_after_pull(const http::Bounds& bounds, Error error) {
    for (std::size_t i = 0; i < settings_.endpoints.size(); ++i) {
        if (!take_missing(i)) continue;
        const auto pulled = pull(i, bounds.stop);
        if (!pulled) {
            error = pulled.error();
            continue;
        }
        const http::Bounds extended{std::max(bounds.deadline, steady_clock::now() + discovery_timeout), bounds.stop};
        auto identity = describe(i, extended);
        if (identity) {
            warm_up(i, identity->digest, extended);
            return identity;
        }
        error = std::move(identity.error());
    }
    return std::unexpected(std::move(error));
}

Result<Identity> OllamaProvider::describe(std::size_t endpoint, const http::Bounds& bounds) {
    auto response = show(endpoint, bounds);
    if (!response) return std::unexpected(std::move(response.error()));
    const std::string url = settings_.endpoints[endpoint].url + "/api/show";
    if (response->status != 200) return std::unexpected(refused(*response, endpoint, url));
    static_cast<void>(take_missing(endpoint));
    Identity identity = read_show(response->body);
    if (auto usable = check_model(identity, endpoint); !usable) return std::unexpected(std::move(usable.error()));
    auto found = digest(endpoint, bounds);
    if (!found) return std::unexpected(std::move(found.error()));
    identity.digest = std::move(*found);
    bool refuted = false;
    {
        const sync::Lock lock(mutex_);
        refuted = dimension_refuted_;
    }
    if (refuted || identity.dimension == 0) {
        auto dimension = measure_dimension(endpoint, bounds);
        if (!dimension) return std::unexpected(std::move(dimension.error()));
        identity.dimension = *dimension;
    } else if (settings_.dimensions > 0) {
        identity.dimension = settings_.dimensions;
    }
    return identity;
}

Result<http::Response> OllamaProvider::show(std::size_t endpoint, const http::Bounds& bounds) {
    auto request = servers_.request_to(endpoint, "/api/show", bounds);
    request.max_response_bytes = max_document_bytes;
    request.body = model_body(settings_);
    return servers_.send(request);
}

Status OllamaProvider::check_model(const Identity& identity, std::size_t endpoint) const {
    const std::string& where = settings_.endpoints[endpoint].name;
    if (!settings_.any_model && identity.embeds == false) {
        return fail(ErrorKind::misconfigured,
                    where + " reports that the model '" + settings_.model + "' is not an embedding model",
                    "choose one that is, like nomic-embed-text, or set any_model: true");
    }
    // The server would return vectors of the model's own dimension without an error.
    if (identity.dimension > 0 && settings_.dimensions > identity.dimension) {
        return fail(ErrorKind::misconfigured,
                    "the option dimensions is " + std::to_string(settings_.dimensions) + ", but the model '" +
                        settings_.model + "' at " + where + " has " + std::to_string(identity.dimension),
                    "set dimensions to as many or fewer");
    }
    return {};
}

Result<std::string> OllamaProvider::digest(std::size_t endpoint, const http::Bounds& bounds) {
    auto tags = servers_.look_up(servers_.request_to(endpoint, "/api/tags", bounds));
    if (!tags) return std::unexpected(std::move(tags.error()));
    return *tags ? digest_in_tags(**tags, settings_.model) : std::string();
}

Status OllamaProvider::check_digest(std::size_t endpoint, const std::string& expected, const http::Bounds& bounds) {
    if (expected.empty()) return {};  // the server reports none
    auto found = digest(endpoint, bounds);
    if (!found) return std::unexpected(std::move(found.error()));
    if (*found == expected) return {};
    return std::unexpected(other_model(endpoint, *found, expected));
}

Error OllamaProvider::other_model(std::size_t endpoint, const std::string& found, const std::string& expected) const {
    const std::string has = found.empty() ? " lists no digest of the model '" + settings_.model + "' any more"
                                          : " has the model '" + settings_.model + "' with the digest " + found;
    return {ErrorKind::misconfigured,
            settings_.endpoints[endpoint].name + has + ", but vectors of " + expected + " are expected",
            "give all endpoints the same one (`ollama pull " + settings_.model +
                "` on each), or re-embed the catalogs for the new one"};
}

Result<std::size_t> OllamaProvider::measure_dimension(std::size_t endpoint, const http::Bounds& bounds) {
    constexpr std::string_view word = "dimension";
    auto answer = ask({.texts = std::span(&word, 1), .endpoint = endpoint}, 0, bounds);
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (!answer->errors.empty()) return std::unexpected(std::move(answer->errors.front().error));
    return answer->dimension;
}

Status OllamaProvider::pull(std::size_t endpoint, const std::stop_token& stop) {
    const std::string& where = settings_.endpoints[endpoint].name;
    context_.logger().info(where + " does not have the model '" + settings_.model + "' and is asked to pull it");
    PullProgress progress([&](std::string_view step) {
        context_.logger().info(where + " pulls '" + settings_.model +
                               "': " + settings_.secrets.hide(std::string(step)));
    });
    auto request = servers_.request_to(endpoint, "/api/pull", {steady_clock::now() + pull_timeout, stop});
    request.body = model_body(settings_);
    request.on_body = [&](std::string_view piece) { progress.take(piece); };
    auto response = servers_.send(request);
    if (!response) return std::unexpected(std::move(response.error()));
    if (response->status != 200) return std::unexpected(servers_.refusal(*response, request.url));
    if (progress.succeeded()) return {};
    return fail(ErrorKind::misconfigured,
                where + " could not pull the model '" + settings_.model + "': " +
                    (progress.error().empty() ? "its answer ended early" : settings_.secrets.hide(progress.error())),
                "check the name, and that the server reaches its registry");
}

bool OllamaProvider::take_missing(std::size_t endpoint) {
    const sync::Lock lock(mutex_);
    return std::exchange(learned_[endpoint].missing, false);
}

void OllamaProvider::pull_where_missing(const std::stop_token& stop) {
    for (std::size_t i = 0; i < settings_.endpoints.size() && !stop.stop_requested(); ++i) {
        if (!take_missing(i)) continue;
        const auto pulled = pull(i, stop);
        if (pulled) (void)take_missing(i);  // requests during the pull were refused and set it again
        if (!pulled && !stop.stop_requested()) context_.logger().warn(to_string(pulled.error()));
    }
}

bool OllamaProvider::missing_everywhere() {
    const sync::Lock lock(mutex_);
    return std::ranges::all_of(learned_, &Learned::missing);
}

void OllamaProvider::pull_in_background() {
    sync::Lock lock(mutex_);
    if (!settings_.pull || pulling_ || std::ranges::none_of(learned_, &Learned::missing)) return;
    // A previous thread has released the mutex for the last time.
    const Status started = sync::start_thread(puller_, [this](const std::stop_token& stop) {
        try {
            pull_where_missing(stop);
        } catch (const std::exception& error) {  // nothing else would catch it in this thread
            context_.logger().error(std::string("the pull failed: ") + error.what());
        }
        const sync::Lock done(mutex_);
        pulling_ = false;
    });
    pulling_ = started.has_value();
    lock.unlock();
    if (!started) context_.logger().debug("the model is pulled after the next probe: " + to_string(started.error()));
}

void OllamaProvider::warm_up(std::size_t endpoint, const std::string& digest, const http::Bounds& bounds) {
    if (!settings_.warm_up) return;
    {
        const sync::Lock lock(mutex_);
        if (warm_ == digest) return;
        warm_ = digest;
    }
    // A failure to load is seen at the first request.
    const auto timeout = std::min<steady_clock::duration>(warm_up_timeout, settings_.timeout);
    auto request = servers_.request_to(endpoint, "/api/embed", {steady_clock::now() + timeout, bounds.stop});
    request.body = loading_body(settings_);
    auto response = servers_.send(request);
    if (!response) context_.logger().debug("the model was not warmed up: " + to_string(response.error()));
}

std::size_t OllamaProvider::longest_text(const Identity& identity) const {
    if (settings_.context == 0 || identity.context == 0) return std::max(settings_.context, identity.context);
    return std::min(settings_.context, identity.context);
}

ProviderInfo OllamaProvider::info_of(const Identity& identity) const {
    ProviderInfo info = servers_.info();
    info.model_digest = http::with_part(identity.digest, settings_.vector_part);
    info.dimension = identity.dimension;
    info.limits.max_text_tokens = longest_text(identity);
    return info;
}

// --- embedding

Result<EmbedResult> OllamaProvider::embed(const EmbedRequest& request) {
    const auto bounds = servers_.admit(request);
    if (!bounds) return std::unexpected(bounds.error());
    return side_by_side_.send(request, *bounds, [&](const http::Bounds& own) { return embed_within(request, own); });
}

Result<EmbedResult> OllamaProvider::embed_within(const EmbedRequest& request, const http::Bounds& bounds) {
    std::optional<Identity> expected;
    {
        const sync::Lock lock(mutex_);
        expected = known_;
    }
    if (!expected) {
        auto found = discover(bounds);
        if (!found) return std::unexpected(std::move(found.error()));
        expected = std::move(*found);
    }
    auto result = ask(request, expected->dimension, bounds);
    if (!result) {
        // The host cuts the text to the limit, where it knows one.
        Error& error = result.error();
        if (error.text_too_long && error.limits.max_text_tokens == 0)
            error.limits.max_text_tokens = longest_text(*expected);
        if (error.kind != ErrorKind::misconfigured) return result;
        // Another dimension usually means another model, so name it.
        auto found = digest(request.endpoint, bounds);
        if (found && !found->empty() && *found != expected->digest) {
            return std::unexpected(other_model(request.endpoint, *found, expected->digest));
        }
        return result;
    }
    if (auto same = check_digest(request.endpoint, expected->digest, bounds); !same)
        return std::unexpected(std::move(same.error()));
    return result;
}

}  // namespace embedq::ollama
