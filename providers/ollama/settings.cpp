#include "ollama/settings.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <string_view>

#include "http/json_text.h"

namespace embedq::ollama {
namespace {

using Texts = std::vector<std::string>;
using Map = std::map<std::string, std::string>;

std::size_t count_of(const Options& options, const char* name) {
    return static_cast<std::size_t>(options.find<std::int64_t>(name).value_or(0));
}

Result<std::vector<http::Endpoint>> read_endpoints(const Options& options) {
    std::vector<http::Endpoint> endpoints;
    for (const std::string& text : options.get<Texts>("endpoints")) {
        auto endpoint = http::parse_endpoint(text);
        if (!endpoint) return std::unexpected(std::move(endpoint.error()));
        for (const std::string_view path : {"/v1", "/api", "/api/embed"}) {
            if (!endpoint->url.ends_with(path)) continue;
            return fail(ErrorKind::misconfigured, "the endpoint " + endpoint->name + " ends with " + std::string(path) +
                                                      ", but Ollama's own API is wanted, whose paths are put behind it; take it off");
        }
        if (std::ranges::find(endpoints, endpoint->name, &http::Endpoint::name) != endpoints.end()) {
            return fail(ErrorKind::misconfigured, "the endpoint " + endpoint->name + " is there twice; each is a lane of its own");
        }
        endpoints.push_back(std::move(*endpoint));
    }
    if (endpoints.empty()) return fail(ErrorKind::misconfigured, "endpoints is empty; name at least one, like http://127.0.0.1:11434");
    return endpoints;
}

void read_client(const Options& options, Settings& settings) {
    http::ClientOptions& client = settings.client;
    client.proxy = options.find<std::string>("proxy").value_or("");
    client.ca_file = options.find<std::string>("ca_file").value_or("");
    client.verify_tls = options.get<bool>("verify_tls");
    client.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    std::vector<std::string> secrets;
    if (const auto key = options.find<std::string>("api_key"); key && !key->empty()) {
        client.headers.push_back({"Authorization", "Bearer " + *key});
        secrets.push_back(*key);
    }
    for (const auto& [name, value] : options.find<Map>("headers").value_or(Map{})) {
        client.headers.push_back({name, value});
        secrets.push_back(value);
    }
    settings.secrets = http::Secrets(std::move(secrets));
}

void read_model_parameters(const Options& options, Settings& settings) {
    for (const auto& [name, value] : options.find<Map>("options").value_or(Map{})) {
        settings.options += (settings.options.empty() ? "{" : ",") + http::json_string(name) + ":" + http::json_value(value);
        if (name == "num_ctx") (void)std::from_chars(value.data(), value.data() + value.size(), settings.context);
    }
    if (!settings.options.empty()) settings.options += '}';
    // The server reads a number as seconds (-1: for ever) and a text as Go's duration, which "-1" is not.
    if (const auto keep_alive = options.find<std::string>("keep_alive"); keep_alive && !keep_alive->empty()) {
        settings.keep_alive = http::json_value(*keep_alive);
    }
}

// Written as they would be in YAML; a list and a map in their JSON form, which YAML takes.
void publish(Settings& settings) {
    const auto add = [&](const char* name, std::string value) { settings.public_options.emplace_back(name, std::move(value)); };
    std::string endpoints;
    for (const http::Endpoint& endpoint : settings.endpoints) {
        endpoints += (endpoints.empty() ? "" : ", ") + http::json_string(endpoint.name);
    }
    add("endpoints", "[" + endpoints + "]");
    add("model", settings.model);
    if (settings.dimensions > 0) add("dimensions", std::to_string(settings.dimensions));
    if (settings.truncate) add("truncate", "true");
    if (!settings.options.empty()) add("options", settings.options);
    if (settings.any_model) add("any_model", "true");
}

}  // namespace

Result<Settings> read_settings(const Options& options) {
    Settings settings;
    auto endpoints = read_endpoints(options);
    if (!endpoints) return std::unexpected(std::move(endpoints.error()));
    settings.endpoints = std::move(*endpoints);
    settings.model = options.get<std::string>("model");
    if (settings.model.empty()) return fail(ErrorKind::misconfigured, "model is empty; name the model that makes the vectors");
    settings.truncate = options.get<bool>("truncate");
    settings.dimensions = count_of(options, "dimensions");
    settings.pull = options.get<bool>("pull");
    settings.warm_up = options.get<bool>("warm_up");
    settings.any_model = options.get<bool>("any_model");
    settings.document_prefix = options.get<std::string>("document_prefix");
    settings.query_prefix = options.get<std::string>("query_prefix");
    settings.limits.concurrency = count_of(options, "concurrency");
    settings.limits.max_inputs = count_of(options, "max_inputs");
    settings.timeout = options.get<std::chrono::milliseconds>("timeout");
    settings.max_response_bytes = count_of(options, "max_response_bytes");
    read_model_parameters(options, settings);
    read_client(options, settings);
    publish(settings);
    return settings;
}

}  // namespace embedq::ollama
