#include "responder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "embedding_answer.h"

namespace protocol_server {
namespace {

// Ollama's old endpoint does not normalise vectors.
constexpr float legacy_length = 3.0F;

bool is_transport(FaultAction action) {
    return action >= FaultAction::wrong_type;
}

std::string go_duration(Microseconds time) {
    const double seconds = static_cast<double>(time.count()) / 1e6;
    if (seconds < 1) return fmt::format("{}ms", time.count() / 1000);
    if (seconds < 60) return fmt::format("{:.3g}s", seconds);
    return fmt::format("{}m{}s", static_cast<int>(seconds) / 60, static_cast<int>(seconds) % 60);
}

// States in a header how long the client should wait; returns what must be appended to the message instead.
std::string state_wait(Reply& reply, RetryFormat format, Microseconds wait) {
    const double seconds = static_cast<double>(wait.count()) / 1e6;
    const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
    switch (format) {
        case RetryFormat::seconds: reply.headers.emplace_back("Retry-After", std::to_string(whole)); break;
        case RetryFormat::decimal: reply.headers.emplace_back("Retry-After", fmt::format("{:.3f}", seconds)); break;
        case RetryFormat::milliseconds:
            reply.headers.emplace_back("retry-after-ms",
                                       std::to_string(static_cast<std::int64_t>(std::ceil(seconds * 1000))));
            break;
        case RetryFormat::date:
            // Dates have whole seconds. One more is added, so that the date is not before the intended time.
            reply.headers.emplace_back("Retry-After", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                                                                  fmt::gmtime(std::time(nullptr) + whole + 1)));
            break;
        case RetryFormat::text: return fmt::format(" Please try again in {:.3f}s.", seconds);
        case RetryFormat::none: break;
    }
    return {};
}

}  // namespace

Reply Responder::answer(const HttpRequest& request, Now now) {
    if (request.path.starts_with("/control")) return control(request);
    if (!request.authorization.empty() || !request.api_key.empty()) tally_.authorization_seen = true;
    if (const auto route = embedding_route(request)) {
        Reply reply = embed(request, *route, now);
        add_rate_headers(reply, now);
        return reply;
    }
    ++tally_.other_requests;
    tally_.other_routes.push_back(request.method + " " + request.path);
    const Fault* fault = next_fault(request.path, nullptr);
    if (fault != nullptr) {
        if (auto reply = scripted({Protocol::ollama}, *fault)) return *reply;
    }
    if (!authorized(request)) {
        return refusal({script_.dialect == Dialect::ollama ? Protocol::ollama : Protocol::openai},
                       Refusal::unauthorized, {});
    }
    Reply reply = discover(request);
    if (fault != nullptr) reply.transport = *fault;
    return reply;
}

std::optional<Responder::Route> Responder::embedding_route(const HttpRequest& request) const {
    if (request.method != "POST") return std::nullopt;
    if (script_.dialect == Dialect::ollama) {
        if (request.path == "/api/embed" && !script_.legacy) return Route{Protocol::ollama};
        if (request.path == "/api/embeddings") return Route{Protocol::ollama, "prompt", true};
    }
    if (script_.dialect == Dialect::tei && request.path == "/embed") return Route{Protocol::tei_native, "inputs"};
    if (script_.dialect == Dialect::gemini && !gemini_model(request.path).empty())
        return Route{Protocol::gemini, "requests"};
    if (is_openai_path(script_.dialect, request.path) && !script_.legacy) return Route{Protocol::openai};
    return std::nullopt;
}

Reply Responder::embed(const HttpRequest& request, const Route& route, Now now) {
    if (request.body.size() > script_.max_body) return refusal(route, Refusal::body_too_large, {});
    auto [asked, problem] = read_embedding_request(request.body, route.input_field);
    if (asked.model.empty()) asked.model = azure_deployment(request.path);
    if (asked.model.empty()) asked.model = gemini_model(request.path);
    const std::size_t index = tally_.calls.size();
    CallRecord call{.at = now,
                    .route = request.path,
                    .model = asked.model,
                    .inputs = asked.texts.size(),
                    .connection = request.connection};
    for (const std::string& text : asked.texts) call.tokens += tokens(text);
    if (script_.keep_texts) call.texts = asked.texts;
    Reply reply;
    if (!authorized(request)) {
        reply = refusal(route, Refusal::unauthorized, {});
    } else if (!problem.empty()) {
        reply = {.status = 400, .body = error_body(script_.dialect, route.protocol, 400, problem)};
    } else {
        reply = checked(request, route, std::move(asked), call, now);
    }
    call.status = reply.serves ? 0 : reply.status;
    reply.call = index;
    tally_.calls.push_back(std::move(call));
    return reply;
}

Reply Responder::checked(const HttpRequest& request, const Route& route, EmbeddingRequest asked, CallRecord& call,
                         Now now) {
    const Fault* fault = next_fault(request.path, &asked);
    if (script_.refusing) {
        return {
            .status = script_.refusing->status,
            .body = error_body(script_.dialect, route.protocol, script_.refusing->status, script_.refusing->message)};
    }
    if (auto reply = over_rate(route, call, now)) return *reply;
    if (fault != nullptr) {
        call.fault = fault->name;
        if (auto reply = scripted(route, *fault)) return *reply;
    }
    const Model* const asked_model = model(asked.model);
    if (asked_model == nullptr || !asked_model->present)
        return refusal(route, Refusal::model_missing, {.name = asked.model});
    if (!asked_model->embeds) return refusal(route, Refusal::not_embedding, {});
    if (auto reply = over_limits(route, asked, *asked_model, call)) return *reply;
    return served(route, std::move(asked), *asked_model, call, fault);
}

std::optional<Reply> Responder::over_limits(const Route& route, const EmbeddingRequest& asked, const Model& model,
                                            CallRecord& call) const {
    const Limits own = limits_of(script_.dialect);
    const std::size_t inputs = script_.max_inputs.value_or(own.max_inputs);
    const std::size_t of_text = script_.max_text_tokens.value_or(
        own.max_text_tokens > 0 ? std::min(own.max_text_tokens, model.context) : model.context);
    const std::size_t of_request = script_.max_request_tokens.value_or(own.max_request_tokens);
    if (inputs > 0 && asked.texts.size() > inputs)
        return refusal(route, Refusal::too_many_inputs, {asked.texts.size(), inputs, {}});
    if (route.protocol != Protocol::ollama) {
        const bool empty =
            asked.nothing || std::ranges::any_of(asked.texts, [](const std::string& text) { return text.empty(); });
        if (empty && script_.dialect != Dialect::ollama) return refusal(route, Refusal::empty_text, {});
    }
    // Ollama cuts texts unless it is asked not to, also on its OpenAI route.
    const bool cuts =
        script_.dialect == Dialect::ollama && (route.protocol == Protocol::openai || route.legacy || asked.truncate);
    for (const std::string& text : asked.texts) {
        const std::size_t found = tokens(text);
        if (of_text > 0 && found > of_text && !cuts)
            return refusal(route, Refusal::text_too_long, {found, of_text, {}});
    }
    if (of_request > 0 && call.tokens > of_request)
        return refusal(route, Refusal::request_too_long, {call.tokens, of_request, {}});
    if (asked.base64 && script_.base64 == Base64::rejected) return refusal(route, Refusal::base64, {});
    const bool shortens = asked.dimensions && *asked.dimensions != model.dimension;
    if (asked.dimensions && script_.dimensions == Dimensions::rejected) return refusal(route, Refusal::dimensions, {});
    if (shortens && !model.matryoshka && script_.dialect != Dialect::ollama)
        return refusal(route, Refusal::dimensions, {});
    return std::nullopt;
}

std::optional<Reply> Responder::over_rate(const Route& route, CallRecord& call, Now now) {
    const Rate& rate = script_.rate;
    if (rate.requests == 0 && rate.tokens == 0) return std::nullopt;
    while (!window_.empty() && window_.front().first <= now - rate.per.count()) window_.pop_front();
    std::size_t used = 0;
    for (const auto& [at, spent] : window_) used += spent;
    const bool requests = rate.requests > 0 && window_.size() >= rate.requests;
    const bool spent = rate.tokens > 0 && used + call.tokens > rate.tokens;
    if (!requests && !spent) {
        window_.emplace_back(now, call.tokens);
        return std::nullopt;
    }
    const Microseconds until_free(window_.empty() ? rate.per.count() : window_.front().first + rate.per.count() - now);
    Reply reply;
    const std::string hint = state_wait(reply, rate.format, rate.retry_after.value_or(until_free));
    ErrorAnswer answer =
        refuse(script_.dialect, route.protocol, Refusal::rate,
               {requests ? window_.size() : used, requests ? rate.requests : rate.tokens, call.model}, hint);
    reply.status = answer.status;
    reply.body = std::move(answer.body);
    return reply;
}

void Responder::add_rate_headers(Reply& reply, Now now) const {
    if (script_.rate_headers == RateHeaders::none || script_.rate.requests == 0) return;
    const Rate& rate = script_.rate;
    const Microseconds reset(window_.empty() ? 0 : window_.front().first + rate.per.count() - now);
    const std::string reset_text = script_.rate_headers == RateHeaders::go
                                       ? go_duration(reset)
                                       : std::to_string(std::chrono::ceil<std::chrono::seconds>(reset).count());
    reply.headers.emplace_back("x-ratelimit-limit-requests", std::to_string(rate.requests));
    reply.headers.emplace_back("x-ratelimit-remaining-requests",
                               std::to_string(rate.requests - std::min(rate.requests, window_.size())));
    reply.headers.emplace_back("x-ratelimit-reset-requests", reset_text);
    if (rate.tokens == 0) return;
    std::size_t used = 0;
    for (const auto& [at, spent] : window_) used += spent;
    reply.headers.emplace_back("x-ratelimit-limit-tokens", std::to_string(rate.tokens));
    reply.headers.emplace_back("x-ratelimit-remaining-tokens",
                               std::to_string(rate.tokens - std::min(rate.tokens, used)));
    reply.headers.emplace_back("x-ratelimit-reset-tokens", reset_text);
}

std::optional<Reply> Responder::scripted(const Route& route, const Fault& fault) const {
    Reply reply;
    switch (fault.action) {
        case FaultAction::poison: return refusal(route, Refusal::poisoned, {});
        case FaultAction::quota: return refusal(route, Refusal::quota, {});
        case FaultAction::error:
            reply.status = fault.status == 0 ? 500 : fault.status;
            reply.body = fault.body.empty() ? error_body(script_.dialect, route.protocol, reply.status, fault.message,
                                                         fault.type, fault.code)
                                            : fault.body;
            if (!fault.content_type.empty()) reply.content_type = fault.content_type;
            break;
        case FaultAction::html:
            reply.status = fault.status == 0 ? 502 : fault.status;
            reply.content_type = "text/html";
            reply.body =
                "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad "
                "Gateway</h1></center></body></html>\r\n";
            break;
        case FaultAction::not_json: reply.body = fault.body.empty() ? "upstream connect error" : fault.body; break;
        default: return std::nullopt;
    }
    for (const auto& header : fault.headers) reply.headers.emplace_back(header);
    return reply;
}

Reply Responder::served(const Route& route, EmbeddingRequest asked, const Model& model, CallRecord& call,
                        const Fault* fault) {
    Reply reply{.serves = true,
                .cost = script_.latency + script_.latency_per_input * static_cast<std::int64_t>(asked.texts.size())};
    if (fault != nullptr && fault->action == FaultAction::slow)
        reply.cost += fault->every.value_or(std::chrono::seconds(1));
    if (fault != nullptr && is_transport(fault->action)) reply.transport = *fault;
    if (fault != nullptr && fault->action == FaultAction::wrong_type) reply.content_type = "text/plain";
    if (fault != nullptr) {
        for (const auto& header : fault->headers) reply.headers.emplace_back(header);
    }
    if (route.legacy) {
        reply.body =
            legacy_answer(table(model, true), asked.texts.empty() ? std::string() : asked.texts.front(), fault);
        return reply;
    }
    if (asked.nothing && route.protocol == Protocol::ollama) asked.texts.clear();  // loads the model
    if (route.protocol == Protocol::ollama && asked.truncate) {
        const auto max_bytes = static_cast<std::size_t>(static_cast<double>(model.context) * script_.bytes_per_token);
        for (std::string& text : asked.texts) text.resize(std::min(text.size(), max_bytes));
    }
    AnswerPlan plan{.protocol = route.protocol,
                    .model = call.model,
                    .texts = std::move(asked.texts),
                    .dimension = {},
                    .base64 = asked.base64 && script_.base64 == Base64::sent && route.protocol == Protocol::openai,
                    .index = script_.index,
                    .tokens = {},
                    .total_tokens_only = script_.dialect == Dialect::voyage,
                    .fault = fault};
    if (script_.usage) plan.tokens = call.tokens;
    if (asked.dimensions && *asked.dimensions < model.dimension && script_.dimensions == Dimensions::supported)
        plan.dimension = asked.dimensions;
    reply.body = embedding_answer(table(model, false), plan);
    return reply;
}

Reply Responder::busy(const HttpRequest& request) const {
    const auto route = embedding_route(request);
    return refusal(route.value_or(Route{Protocol::openai}), Refusal::busy, {});
}

Reply Responder::refusal(const Route& route, Refusal reason, const Numbers& numbers, std::string_view hint) const {
    ErrorAnswer answer = refuse(script_.dialect, route.protocol, reason, numbers, hint);
    return {.status = answer.status, .body = std::move(answer.body)};
}

bool Responder::authorized(const HttpRequest& request) const {
    if (script_.authorization.empty() || request.authorization == "Bearer " + script_.authorization) return true;
    const bool by_key = script_.dialect == Dialect::azure || script_.dialect == Dialect::gemini;
    return by_key && request.api_key == script_.authorization;
}

const Model* Responder::model(const std::string& name) const {
    if (script_.dialect == Dialect::tei) {
        // It serves its only model, whatever the name.
        const auto sole = std::ranges::find_if(script_.models, [](const auto& one) { return one.second.present; });
        return sole == script_.models.end() ? nullptr : &sole->second;
    }
    auto found = script_.models.find(name);
    if (found == script_.models.end() && script_.dialect == Dialect::ollama) {
        // A name without a tag means the tag `latest`.
        constexpr std::string_view latest = ":latest";
        found = script_.models.find(name.ends_with(latest) ? name.substr(0, name.size() - latest.size())
                                                           : name + std::string(latest));
    }
    return found == script_.models.end() ? nullptr : &found->second;
}

namespace {

// Whether the request meets the fault's conditions. `asked` is null for discovery, which has no texts.
bool matches(const Fault& fault, const std::string& path, const EmbeddingRequest* asked) {
    if (fault.route.empty() ? asked == nullptr : fault.route != path) return false;
    if (asked == nullptr) return fault.text.empty() && fault.model.empty();
    const auto holds = [&](const std::string& text) { return text.contains(fault.text); };
    if (!fault.text.empty() && std::ranges::none_of(asked->texts, holds)) return false;
    if (!fault.unless.empty() && std::ranges::find(asked->texts, fault.unless) != asked->texts.end()) return false;
    if (!fault.model.empty() && fault.model != asked->model) return false;
    return fault.above_inputs == 0 || asked->texts.size() > fault.above_inputs;
}

}  // namespace

const Fault* Responder::next_fault(const std::string& path, const EmbeddingRequest* asked) {
    if (faults_known_ != script_.faults_set) {
        faults_known_ = script_.faults_set;
        numbered_ = 0;
    }
    if (asked != nullptr) ++numbered_;
    for (Fault& fault : script_.faults) {
        if (!matches(fault, path, asked) || fault.happened >= fault.times) continue;
        // Discovery requests are not numbered; only `times` limits their faults.
        if (asked != nullptr && (numbered_ < fault.first_call || numbered_ > fault.last_call)) continue;
        // The golden ratio spreads the faults evenly, and always in the same way.
        if (fault.rate < 1 && std::fmod(static_cast<double>(numbered_) * 0.6180339887498949, 1.0) >= fault.rate)
            continue;
        ++fault.happened;
        return &fault;
    }
    return nullptr;
}

const VectorTable& Responder::table(const Model& model, bool legacy) {
    auto& table = tables_[{model.digest + (legacy ? "|legacy" : ""), model.dimension}];
    if (!table) table = std::make_unique<VectorTable>(model.digest, model.dimension, legacy ? legacy_length : 1.0F);
    return *table;
}

std::size_t Responder::tokens(std::string_view text) const {
    return static_cast<std::size_t>(std::ceil(static_cast<double>(text.size()) / script_.bytes_per_token));
}

void Responder::change(std::string_view yaml) {
    apply_script(script_, yaml);
}

void Responder::reset() {
    const std::size_t connections = tally_.connections;
    const std::size_t in_flight = tally_.in_flight;
    const std::size_t serving = tally_.serving;
    tally_ = {};
    tally_.connections = connections;
    tally_.in_flight = in_flight;
    tally_.serving = serving;
    window_.clear();
}

}  // namespace protocol_server
