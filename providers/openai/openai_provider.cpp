#include "openai/openai_provider.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <utility>

#include "http/classify.h"
#include "http/vector_fields.h"
#include "openai/request_body.h"
#include "sync/mutex.h"

namespace embedq::openai {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds discovery_time{30};
constexpr std::chrono::minutes longest_rest{10};  // as the host keeps to with its endpoints

std::string ends_without(std::string text, std::string_view end) {
    if (text.ends_with(end)) text.resize(text.size() - end.size());
    return text;
}

}  // namespace

OpenaiProvider::OpenaiProvider(OpenAiSettings settings, Context& context, http::Servers servers)
    : settings_(std::move(settings)),
      context_(context),
      servers_(std::move(servers)),
      rests_(settings_.endpoints.size()) {}

Result<std::unique_ptr<Provider>> OpenaiProvider::make(OpenAiSettings settings, Context& context) {
    auto servers = http::Servers::make(settings, context);
    if (!servers) return std::unexpected(std::move(servers.error()));
    return std::unique_ptr<Provider>(new OpenaiProvider(std::move(settings), context, std::move(*servers)));
}

Result<Identity> OpenaiProvider::discover(std::size_t endpoint, const http::Bounds& bounds) {
    if (settings_.dialect.discovery == Discovery::none) return Identity{};
    const bool tei = settings_.dialect.discovery == Discovery::tei_info;
    auto request = servers_.request_to(endpoint, tei ? "" : "/models", bounds);
    if (tei) request.url = ends_without(request.url, "/v1") + "/info";
    auto told = servers_.look_up(request);
    if (!told) return std::unexpected(std::move(told.error()));
    if (!*told) return Identity{};
    if (tei) return read_tei_info(**told);
    auto identity = read_models(**told, settings_.model);
    if (!identity)
        identity.error().message = http::shown(request.url) + " " + settings_.secrets.hide(to_string(identity.error()));
    return identity;
}

Result<std::size_t> OpenaiProvider::probe(std::size_t endpoint, const http::Bounds& bounds) {
    {
        const sync::Lock lock(mutex_);
        Rest& rest = rests_[endpoint];
        if (const auto now = context_.clock().now(); now < rest.end) {
            rest.reason.retry_after = std::chrono::ceil<std::chrono::milliseconds>(rest.end - now);
            return std::unexpected(rest.reason);
        }
    }
    constexpr std::string_view word = "dimension";
    auto answer = ask({.texts = std::span(&word, 1), .endpoint = endpoint}, 0, bounds);
    if (!answer) {
        if (const auto wait = answer.error().retry_after) {
            const sync::Lock lock(mutex_);
            rests_[endpoint] = {context_.clock().now() + std::min<Clock::Steady::duration>(*wait, longest_rest),
                                answer.error()};
        }
        return std::unexpected(std::move(answer.error()));
    }
    if (!answer->result.errors.empty()) return std::unexpected(std::move(answer->result.errors.front().error));
    return answer->result.dimension;
}

Result<OpenaiProvider::Known> OpenaiProvider::survey(const std::stop_token& stop) {
    const std::size_t endpoints = settings_.endpoints.size();
    std::optional<Known> before;
    {
        const sync::Lock lock(mutex_);
        if (known_ && !known_->refuted) before = known_;
    }
    Known found{.asked = std::vector<bool>(endpoints, false)};
    std::optional<Error> unreachable;
    std::string first;
    for (std::size_t i = 0; i < endpoints; ++i) {
        const http::Bounds bounds{
            steady_clock::now() + std::min<steady_clock::duration>(discovery_time, settings_.timeout), stop};
        auto identity = discover(i, bounds);
        std::size_t dimension = identity ? identity->dimension : 0;
        if (identity && settings_.asks_dimensions()) dimension = settings_.dimensions;
        const bool same = identity && before && before->identity.model == identity->model &&
                          before->identity.digest == identity->digest;
        if (same && dimension == 0) dimension = before->dimension;
        Error error = identity ? Error{} : std::move(identity.error());
        bool reached = identity.has_value();
        if (reached && dimension == 0) {
            auto probed = probe(i, bounds);
            reached = probed.has_value();
            if (reached) dimension = *probed;
            if (!reached) error = std::move(probed.error());
        }
        if (!reached) {
            if (error.kind != ErrorKind::unavailable && error.kind != ErrorKind::throttled)
                return std::unexpected(std::move(error));
            unreachable = std::move(error);
            continue;
        }
        if (first.empty()) {
            first = settings_.endpoints[i].name;
            found.identity = std::move(*identity);
            found.dimension = dimension;
        } else if (dimension != found.dimension || identity->digest != found.identity.digest) {
            return fail(ErrorKind::misconfigured, "the endpoints have different models: " + first + " has dimension " +
                                                      std::to_string(found.dimension) + " and model '" +
                                                      found.identity.digest + "', " + settings_.endpoints[i].name +
                                                      " has dimension " + std::to_string(dimension) + " and model '" +
                                                      identity->digest + "'; let all serve the same one");
        }
        found.asked[i] = true;
    }
    if (first.empty()) return std::unexpected(std::move(*unreachable));
    return found;
}

Result<ProviderInfo> OpenaiProvider::info(std::stop_token stop) {
    {
        // Where nothing but the dimension can be known, the server need not be asked again until an answer has refuted
        // it.
        const sync::Lock lock(mutex_);
        if (known_ && !known_->refuted && settings_.dialect.discovery == Discovery::none) return info_of(*known_);
    }
    auto found = survey(stop);
    if (found && found->identity.truncates && !truncation_told_.exchange(true)) {
        context_.logger().warn("the server cuts texts that are too long without saying so (auto_truncate)");
    }
    const sync::Lock lock(mutex_);
    if (!found) {
        if (found.error().kind != ErrorKind::throttled) return std::unexpected(std::move(found.error()));
        if (known_) return info_of(*known_);  // it is there, and what it is has not been refuted
        found.error().kind = ErrorKind::unavailable;
        return std::unexpected(std::move(found.error()));
    }
    known_ = std::move(*found);
    return info_of(*known_);
}

ProviderInfo OpenaiProvider::info_of(const Known& known) const {
    ProviderInfo info = servers_.info();
    if (info.model.empty()) info.model = known.identity.model;
    info.model_digest = settings_.model_digest.empty() ? known.identity.digest : settings_.model_digest;
    // These change what a vector is, as another model would.
    const auto tell = [&](std::string_view part) {
        info.model_digest = http::with_part(std::move(info.model_digest), part);
    };
    tell(settings_.document_input_type);
    tell(settings_.query_input_type);
    if (settings_.truncate == settings_.dialect.truncate_on) tell("truncate");
    for (const auto& [name, json] : settings_.extra_body) tell(http::vector_part(name, json));
    info.dimension = settings_.truncate_dimensions ? settings_.dimensions : known.dimension;
    // What the server says of itself is truer than the preset's default, but a limit that is configured stays where it
    // is lower.
    const auto lower = [](std::size_t& limit, std::size_t said) {
        if (said > 0) limit = limit == 0 ? said : std::min(limit, said);
    };
    lower(info.limits.max_text_tokens, known.identity.limits.max_text_tokens);
    if (known.identity.limits.max_inputs > 0) {
        const bool configured = settings_.limits.max_inputs != settings_.dialect.max_inputs;
        if (!configured) info.limits.max_inputs = known.identity.limits.max_inputs;
        lower(info.limits.max_inputs, known.identity.limits.max_inputs);
    }
    return info;
}

Status OpenaiProvider::check_identity(std::size_t endpoint, const http::Bounds& bounds) {
    if (settings_.dialect.discovery == Discovery::none) return {};
    std::string expected;
    {
        const sync::Lock lock(mutex_);
        if (!known_ || known_->asked[endpoint]) return {};
        expected = known_->identity.digest;
    }
    auto identity = discover(endpoint, bounds);
    if (!identity) return std::unexpected(std::move(identity.error()));
    if (identity->digest != expected) {
        return fail(ErrorKind::misconfigured, settings_.endpoints[endpoint].name + " has the model '" +
                                                  identity->digest + "' now, but vectors of '" + expected +
                                                  "' are expected; let it serve that one again, or " +
                                                  "re-embed the catalogs for the new one");
    }
    const sync::Lock lock(mutex_);
    if (known_ && known_->identity.digest == expected) known_->asked[endpoint] = true;
    return {};
}

Result<EmbedResult> OpenaiProvider::embed(const EmbedRequest& request) {
    const auto bounds = servers_.admit(request);
    if (!bounds) return std::unexpected(bounds.error());
    if (auto same = check_identity(request.endpoint, *bounds); !same) return std::unexpected(std::move(same.error()));
    std::size_t dimension = settings_.asks_dimensions() ? settings_.dimensions : 0;
    {
        const sync::Lock lock(mutex_);
        if (known_) dimension = known_->dimension;
    }
    auto answer = ask(request, dimension, *bounds);
    {
        const sync::Lock lock(mutex_);
        if (known_ && !answer && answer.error().kind == ErrorKind::misconfigured) known_->refuted = true;
        // Another model may stand behind the address after an outage; and a server that was restarted shows by a new
        // connection alone, since the client makes one where the old one is gone.
        const bool doubtful = answer ? answer->new_connection : answer.error().kind == ErrorKind::unavailable;
        if (known_ && doubtful) known_->asked[request.endpoint] = false;
    }
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (auto same = check_identity(request.endpoint, *bounds); !same) return std::unexpected(std::move(same.error()));
    if (auto made = cut(answer->result); !made) return std::unexpected(std::move(made.error()));
    return std::move(answer->result);
}

Result<http::Response> OpenaiProvider::post(const EmbedRequest& request, const http::Bounds& bounds) {
    const bool refused = base64_refused_;
    const Encoding encoding = refused && settings_.encoding == Encoding::base64 ? Encoding::floats : settings_.encoding;
    auto message = servers_.request_to(request.endpoint, settings_.path, bounds);
    message.body = request_body(settings_, request.texts, request.kind, encoding);
    auto response = servers_.send(message, request.texts.size());
    if (!response || encoding != Encoding::base64 || !http::refuses_base64(*response)) return response;
    if (!base64_refused_.exchange(true))
        context_.logger().info("the server refuses base64; it is asked for numbers from now on");
    message.body = request_body(settings_, request.texts, request.kind, Encoding::floats);
    return servers_.send(message, request.texts.size());
}

Result<OpenaiProvider::Answer> OpenaiProvider::ask(const EmbedRequest& request, std::size_t dimension,
                                                   const http::Bounds& bounds) {
    const std::string url = settings_.endpoints[request.endpoint].url + settings_.path;
    auto response = post(request, bounds);
    if (!response) return std::unexpected(std::move(response.error()));
    if (response->status != 200) return std::unexpected(servers_.refusal(*response, url));
    const bool new_connection = !response->reused_connection;
    auto result = servers_.vectors(std::move(*response), {.texts = request.texts.size(), .dimension = dimension}, url);
    if (!result) return std::unexpected(std::move(result.error()));
    return Answer{std::move(*result), new_connection};
}

Status OpenaiProvider::cut(EmbedResult& result) const {
    if (!settings_.truncate_dimensions) return {};
    const std::size_t native = result.dimension;
    const std::size_t wanted = settings_.dimensions;
    if (native < wanted) {
        return fail(ErrorKind::misconfigured, "the model's vectors have dimension " + std::to_string(native) +
                                                  ", which cannot be cut to the option dimensions, " +
                                                  std::to_string(wanted));
    }
    const std::size_t rows = result.matrix.size() / native;
    for (std::size_t row = 0; row < rows; ++row) {
        const auto from = std::span(result.matrix).subspan(row * native, wanted);
        const auto to = std::span(result.matrix).subspan(row * wanted, wanted);
        double squares = 0;
        for (const float value : from) squares += static_cast<double>(value) * static_cast<double>(value);
        const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;  // the host refuses what is all zero
        std::ranges::transform(from, to.begin(),
                               [&](float value) { return static_cast<float>(static_cast<double>(value) * scale); });
    }
    result.matrix.resize(rows * wanted);
    result.dimension = wanted;
    return {};
}

}  // namespace embedq::openai
