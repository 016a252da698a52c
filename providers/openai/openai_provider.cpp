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

constexpr std::chrono::seconds discovery_timeout{30};
constexpr std::chrono::minutes max_cool_down{10};  // the same as the host's for its endpoints

std::string without_suffix(std::string text, std::string_view suffix) {
    if (text.ends_with(suffix)) text.resize(text.size() - suffix.size());
    return text;
}

}  // namespace

OpenaiProvider::OpenaiProvider(OpenAiSettings settings, Context& context, http::Servers servers)
    : settings_(std::move(settings)),
      context_(context),
      servers_(std::move(servers)),
      side_by_side_(settings_.endpoints.size()),
      cool_downs_(settings_.endpoints.size()) {}

Result<std::unique_ptr<Provider>> OpenaiProvider::make(OpenAiSettings settings, Context& context) {
    auto servers = http::Servers::make(settings, context);
    if (!servers) return std::unexpected(std::move(servers.error()));
    return std::unique_ptr<Provider>(new OpenaiProvider(std::move(settings), context, std::move(*servers)));
}

Result<Identity> OpenaiProvider::discover(std::size_t endpoint, const http::Bounds& bounds) {
    if (settings_.dialect.discovery == Discovery::none) return Identity{};
    const bool tei = settings_.dialect.discovery == Discovery::tei_info;
    auto request = servers_.request_to(endpoint, tei ? "" : "/models", bounds);
    if (tei) request.url = without_suffix(request.url, "/v1") + "/info";
    auto reported = servers_.look_up(request);
    if (!reported) return std::unexpected(std::move(reported.error()));
    if (!*reported) return Identity{};
    if (tei) return read_tei_info(**reported);
    auto identity = read_models(**reported, settings_.model);
    if (!identity) {
        std::string& message = identity.error().message;
        message = http::shown(request.url) + " " + settings_.secrets.hide(std::move(message));
    }
    return identity;
}

Result<std::size_t> OpenaiProvider::measure_dimension(std::size_t endpoint, const http::Bounds& bounds) {
    {
        const sync::Lock lock(mutex_);
        CoolDown& cool_down = cool_downs_[endpoint];
        if (const auto now = context_.clock().now(); now < cool_down.end) {
            cool_down.reason.retry_after = std::chrono::ceil<std::chrono::milliseconds>(cool_down.end - now);
            return std::unexpected(cool_down.reason);
        }
    }
    constexpr std::string_view word = "dimension";
    auto answer = ask({.texts = std::span(&word, 1), .endpoint = endpoint}, 0, bounds);
    if (!answer) {
        if (const auto wait = answer.error().retry_after) {
            const sync::Lock lock(mutex_);
            cool_downs_[endpoint] = {context_.clock().now() + std::min<Clock::Steady::duration>(*wait, max_cool_down),
                                     answer.error()};
        }
        return std::unexpected(std::move(answer.error()));
    }
    if (!answer->result.errors.empty()) return std::unexpected(std::move(answer->result.errors.front().error));
    return answer->result.dimension;
}

Result<OpenaiProvider::Description> OpenaiProvider::describe(std::size_t endpoint, const std::optional<Known>& before,
                                                             const http::Bounds& bounds) {
    auto identity = discover(endpoint, bounds);
    if (!identity) return std::unexpected(std::move(identity.error()));
    std::size_t dimension = settings_.asks_dimensions() ? settings_.dimensions : identity->dimension;
    const bool same =
        before && before->identity.model == identity->model && before->identity.digest == identity->digest;
    if (same && dimension == 0) dimension = before->dimension;
    if (dimension == 0) {
        auto measured = measure_dimension(endpoint, bounds);
        if (!measured) return std::unexpected(std::move(measured.error()));
        dimension = *measured;
    }
    return Description{std::move(*identity), dimension};
}

Result<OpenaiProvider::Known> OpenaiProvider::discover_all(const std::stop_token& stop) {
    const std::size_t endpoints = settings_.endpoints.size();
    std::optional<Known> before;
    {
        const sync::Lock lock(mutex_);
        if (known_ && !known_->refuted) before = known_;
    }
    const http::Bounds bounds{
        steady_clock::now() + std::min<steady_clock::duration>(discovery_timeout, settings_.timeout), stop};
    auto descriptions = side_by_side_.ask(
        bounds, [&](std::size_t endpoint, const http::Bounds& own) { return describe(endpoint, before, own); });
    Known found{.checked = std::vector<bool>(endpoints, false)};
    std::optional<Error> unreachable;
    std::string first;
    for (std::size_t i = 0; i < endpoints; ++i) {
        auto& answer = descriptions[i];
        if (!answer) {
            if (answer.error().kind != ErrorKind::unavailable && answer.error().kind != ErrorKind::throttled)
                return std::unexpected(std::move(answer.error()));
            unreachable = std::move(answer.error());
            continue;
        }
        const auto& [identity, dimension] = *answer;
        if (first.empty()) {
            first = settings_.endpoints[i].name;
            found.identity = identity;
            found.dimension = dimension;
        } else if (dimension != found.dimension || identity.digest != found.identity.digest) {
            return fail(ErrorKind::misconfigured,
                        "the endpoints have different models: " + first + " has dimension " +
                            std::to_string(found.dimension) + " and model '" + found.identity.digest + "', " +
                            settings_.endpoints[i].name + " has dimension " + std::to_string(dimension) +
                            " and model '" + identity.digest + "'",
                        "make all of them serve the same model");
        }
        found.checked[i] = true;
    }
    if (first.empty()) return std::unexpected(std::move(*unreachable));
    return found;
}

Result<ProviderInfo> OpenaiProvider::info(std::stop_token stop) {
    {
        // Where the server reports nothing but the dimension, it is not asked again until an answer has refuted that.
        const sync::Lock lock(mutex_);
        if (known_ && !known_->refuted && settings_.dialect.discovery == Discovery::none) return info_of(*known_);
    }
    auto found = discover_all(stop);
    if (found && found->identity.truncates && !truncation_warned_.exchange(true)) {
        context_.logger().warn("the server silently cuts texts that are too long (auto_truncate)");
    }
    const sync::Lock lock(mutex_);
    if (!found) {
        if (found.error().kind != ErrorKind::throttled) return std::unexpected(std::move(found.error()));
        if (known_) return info_of(*known_);  // the server is up, and no answer has refuted what is known
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
    // These change the vectors, as another model would.
    const auto add = [&](std::string_view part) {
        info.model_digest = http::with_part(std::move(info.model_digest), part);
    };
    add(settings_.document_input_type);
    add(settings_.query_input_type);
    if (settings_.truncate == settings_.dialect.truncate_on) add("truncate");
    for (const auto& [name, json] : settings_.extra_body) add(http::vector_part(name, json));
    info.dimension = settings_.truncate_dimensions ? settings_.dimensions : known.dimension;
    // What the server reports replaces the preset's default, but not a configured limit that is lower.
    const auto lower = [](std::size_t& limit, std::size_t reported) {
        if (reported > 0) limit = limit == 0 ? reported : std::min(limit, reported);
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
        if (!known_ || known_->checked[endpoint]) return {};
        expected = known_->identity.digest;
    }
    auto identity = discover(endpoint, bounds);
    if (!identity) return std::unexpected(std::move(identity.error()));
    if (identity->digest != expected) {
        return fail(ErrorKind::misconfigured,
                    settings_.endpoints[endpoint].name + " now has the model '" + identity->digest +
                        "', but vectors of '" + expected + "' are expected",
                    "make it serve the expected model again, or run `embedq config apply` for the new one");
    }
    const sync::Lock lock(mutex_);
    if (known_ && known_->identity.digest == expected) known_->checked[endpoint] = true;
    return {};
}

Result<EmbedResult> OpenaiProvider::embed(const EmbedRequest& request) {
    const auto bounds = servers_.admit(request);
    if (!bounds) return std::unexpected(bounds.error());
    return side_by_side_.send(request, *bounds, [&](const http::Bounds& own) { return embed_within(request, own); });
}

Result<EmbedResult> OpenaiProvider::embed_within(const EmbedRequest& request, const http::Bounds& bounds) {
    if (auto same = check_identity(request.endpoint, bounds); !same) return std::unexpected(std::move(same.error()));
    std::size_t dimension = settings_.asks_dimensions() ? settings_.dimensions : 0;
    {
        const sync::Lock lock(mutex_);
        if (known_) dimension = known_->dimension;
    }
    auto answer = ask(request, dimension, bounds);
    {
        const sync::Lock lock(mutex_);
        if (known_ && !answer && answer.error().kind == ErrorKind::misconfigured) known_->refuted = true;
        // After an outage the address may serve another model. A restarted server is seen only by the new connection
        // that the client makes where the old one is gone.
        const bool recheck = answer ? answer->new_connection : answer.error().kind == ErrorKind::unavailable;
        if (known_ && recheck) known_->checked[request.endpoint] = false;
    }
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (auto same = check_identity(request.endpoint, bounds); !same) return std::unexpected(std::move(same.error()));
    if (auto done = cut(answer->result); !done) return std::unexpected(std::move(done.error()));
    return std::move(answer->result);
}

Result<OpenaiProvider::Answer> OpenaiProvider::ask_in(Encoding encoding, const EmbedRequest& request,
                                                      std::size_t dimension, const http::Bounds& bounds,
                                                      http::Flaw& flaw) {
    auto message = servers_.request_to(request.endpoint, settings_.path, bounds);
    message.body = request_body(settings_, request.texts, request.kind, encoding);
    auto response = servers_.send(message, request.texts.size());
    if (!response) return std::unexpected(std::move(response.error()));
    if (response->status != 200) {
        flaw.no_vector = http::refuses_base64(*response);
        return std::unexpected(servers_.refusal(*response, message.url));
    }
    const bool new_connection = !response->reused_connection;
    auto result = servers_.vectors(std::move(*response), {.texts = request.texts.size(), .dimension = dimension},
                                   message.url, &flaw);
    if (!result) return std::unexpected(std::move(result.error()));
    return Answer{std::move(*result), new_connection};
}

Result<OpenaiProvider::Answer> OpenaiProvider::ask(const EmbedRequest& request, std::size_t dimension,
                                                   const http::Bounds& bounds) {
    Encoding encoding = settings_.encoding;
    if (encoding == Encoding::base64 && base64_refused_) encoding = Encoding::floats;
    http::Flaw flaw;
    auto answer = ask_in(encoding, request, dimension, bounds, flaw);
    if (encoding != Encoding::base64 || !flaw.no_vector) return answer;
    // Some servers refuse base64, and some answer it without vectors (OpenRouter, for models that do not have it).
    auto numbers = ask_in(Encoding::floats, request, dimension, bounds, flaw);
    if (numbers && !flaw.no_vector && !base64_refused_.exchange(true))
        context_.logger().info("the server does not send base64; it is asked for numbers from now on");
    return numbers;
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
        const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;  // the host refuses a row of zeros
        std::ranges::transform(from, to.begin(),
                               [&](float value) { return static_cast<float>(static_cast<double>(value) * scale); });
    }
    result.matrix.resize(rows * wanted);
    result.dimension = wanted;
    return {};
}

}  // namespace embedq::openai
