#include "simulated/simulated_provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "simulated/text_vector.h"
#include "sync/mutex.h"
#include "sync/sleep.h"

namespace embedq::simulated {
namespace {

constexpr std::chrono::seconds info_timeout{10};  // like that of providers with a network
constexpr auto unending = std::chrono::milliseconds::max();
// Adding more than this to the current time could overflow.
constexpr std::chrono::steady_clock::duration max_pause = std::chrono::hours(24 * 365);

std::unexpected<Error> refuse(ErrorKind kind, std::string message,
                              std::optional<std::chrono::milliseconds> retry_after = std::nullopt) {
    return std::unexpected(Error{.kind = kind, .message = std::move(message), .retry_after = retry_after});
}

// The error of a fault that happens before the latency; nothing for the other faults.
std::optional<Error> immediate_error(const Fault& fault, std::size_t texts) {
    switch (fault.action) {
        case Action::throttle:
            return Error{
                .kind = ErrorKind::throttled, .message = "simulated throttling", .retry_after = fault.retry_after};
        case Action::misconfigured:
            return Error{ErrorKind::misconfigured, "simulated wrong configuration", "remove the fault from the script"};
        case Action::too_large:
            return Error{ErrorKind::too_large,
                         fmt::format("simulated refusal of a request with {} texts as too large", texts)};
        default: return std::nullopt;
    }
}

}  // namespace

SimulatedProvider::SimulatedProvider(SimulatedSettings settings, const Clock& clock)
    : settings_(std::move(settings)), clock_(clock), script_(settings_.faults, settings_.seed) {}

Result<ServerState> SimulatedProvider::state() const {
    ServerState now;
    if (!settings_.state_file.empty()) {
        auto read = read_state(settings_.state_file);
        if (!read) return read;
        now = std::move(*read);
    }
    if (now.down) return refuse(ErrorKind::unavailable, "the simulated server is down");
    if (now.digest.empty()) now.digest = settings_.digest;
    return now;
}

Result<ProviderInfo> SimulatedProvider::info(std::stop_token stop) {
    const auto server = state();
    if (!server) return std::unexpected(server.error());
    if (server->hangs) {
        EmbedRequest until;
        until.deadline = clock_.now() + info_timeout;
        until.stop = std::move(stop);
        auto waited = wait(unending, until);
        return std::unexpected(std::move(waited.error()));
    }
    {
        const sync::Lock lock(digest_mutex_);
        digest_ = server->digest;
    }
    ProviderInfo info;
    info.model = settings_.model;
    info.model_digest = server->digest;
    info.dimension = settings_.dimension;
    info.document_prefix = settings_.document_prefix;
    info.query_prefix = settings_.query_prefix;
    info.limits.concurrency = settings_.concurrency;
    info.limits.max_inputs = settings_.max_inputs;
    info.semantic_weight = 0;  // the vectors carry no meaning
    info.public_options = {
        {"dimension", std::to_string(settings_.dimension)}, {"model", settings_.model}, {"digest", settings_.digest}};
    if (!settings_.state_file.empty()) info.public_options.emplace_back("state_file", settings_.state_file);
    return info;
}

Result<EmbedResult> SimulatedProvider::embed(const EmbedRequest& request) {
    const std::size_t others = running_.fetch_add(1);
    auto result = others < settings_.concurrency
                      ? answer(request)
                      : Result<EmbedResult>(refuse(ErrorKind::throttled,
                                                   fmt::format("{} calls are running and the option concurrency is {}",
                                                               others, settings_.concurrency)));
    running_.fetch_sub(1);
    return result;
}

Result<EmbedResult> SimulatedProvider::answer(const EmbedRequest& request) {
    const std::size_t texts = request.texts.size();
    if (request.endpoint != 0) {
        return refuse(
            ErrorKind::invalid_argument,
            fmt::format("endpoint {} does not exist: the provider simulated has only endpoint 0", request.endpoint));
    }
    if (settings_.max_inputs > 0 && texts > settings_.max_inputs) {
        return refuse(ErrorKind::too_large, fmt::format("the request has {} texts and the option max_inputs is {}",
                                                        texts, settings_.max_inputs));
    }
    const auto server = state();
    if (!server) return std::unexpected(server.error());
    {
        const sync::Lock lock(digest_mutex_);
        if (!digest_.empty() && digest_ != server->digest) {
            return refuse(ErrorKind::misconfigured, fmt::format("the digest of the model '{}' was '{}' and is now '{}'",
                                                                settings_.model, digest_, server->digest));
        }
    }
    const Fault* fault = script_.next(clock_.now(), request.texts);
    if (fault != nullptr) {
        if (auto error = immediate_error(*fault, texts)) return std::unexpected(std::move(*error));
    }
    if (fault != nullptr && fault->action == Action::never_returns) sync::sleep_until_stopped({});
    const bool hangs = server->hangs || (fault != nullptr && fault->action == Action::hang);
    const auto latency = settings_.latency + settings_.latency_per_input * static_cast<std::int64_t>(texts);
    if (auto waited = wait(hangs ? unending : latency, request); !waited)
        return std::unexpected(std::move(waited.error()));
    if (fault == nullptr) return vectors(request, texts, settings_.dimension, server->digest);

    switch (fault->action) {
        case Action::fail: return refuse(ErrorKind::unavailable, "simulated failure", fault->retry_after);
        case Action::wrong_count: return vectors(request, texts - 1, settings_.dimension, server->digest);
        case Action::wrong_dimension: return vectors(request, texts, settings_.dimension + 1, server->digest);
        case Action::nan: {
            auto result = vectors(request, texts, settings_.dimension, server->digest);
            result.matrix[(texts / 2) * settings_.dimension] = std::numeric_limits<float>::quiet_NaN();
            return result;
        }
        case Action::poison: {
            if (!fault->per_text) {
                return refuse(ErrorKind::invalid_input,
                              fmt::format("simulated refusal of a text that holds '{}'", fault->text));
            }
            auto result = vectors(request, texts, settings_.dimension, server->digest);
            for (std::size_t i = 0; i < texts; ++i) {
                if (!request.texts[i].contains(fault->text)) continue;
                result.errors.push_back({i, Error{ErrorKind::invalid_input,
                                                  fmt::format("simulated refusal: the text holds '{}'", fault->text)}});
            }
            return result;
        }
        default: return vectors(request, texts, settings_.dimension, server->digest);
    }
}

EmbedResult SimulatedProvider::vectors(const EmbedRequest& request, std::size_t rows, std::size_t dimension,
                                       std::string_view digest) const {
    const std::string& prefix = request.kind == TextKind::query ? settings_.query_prefix : settings_.document_prefix;
    // Another model makes other vectors. The default model has no salt, so that its vectors stay the same.
    std::string salt;
    if (settings_.model != SimulatedSettings{}.model || digest != SimulatedSettings{}.digest)
        salt = fmt::format("{}@{}\n", settings_.model, digest);
    EmbedResult result;
    result.dimension = dimension;
    result.matrix.resize(rows * dimension);
    for (std::size_t i = 0; i < rows; ++i) {
        fill_text_vector(salt + prefix, request.texts[i], std::span(result.matrix).subspan(i * dimension, dimension));
    }
    // A common estimate for real tokenizers: four bytes a token.
    for (const std::string_view text : request.texts) result.tokens += (prefix.size() + text.size() + 3) / 4;
    return result;
}

Status SimulatedProvider::wait(std::chrono::milliseconds time, const EmbedRequest& request) {
    using std::chrono::steady_clock;
    constexpr const char* stopped = "the request was stopped";
    if (request.stop.stop_requested()) return refuse(ErrorKind::unavailable, stopped);
    const bool no_deadline = request.deadline == steady_clock::time_point::max();
    if (no_deadline && time == unending) {
        sync::sleep_until_stopped(request.stop);
        return refuse(ErrorKind::unavailable, stopped);
    }
    const steady_clock::duration left = no_deadline ? steady_clock::duration::max() : request.deadline - clock_.now();
    const bool late = time == unending || left < time;
    const steady_clock::duration pause = std::min(late ? left : steady_clock::duration(time), max_pause);
    if (pause > steady_clock::duration::zero()) sync::sleep_for(pause, request.stop);
    if (request.stop.stop_requested()) return refuse(ErrorKind::unavailable, stopped);
    if (late) return refuse(ErrorKind::unavailable, "no answer before the deadline");
    return {};
}

}  // namespace embedq::simulated
