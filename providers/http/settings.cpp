#include "http/settings.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "http/json_text.h"

namespace embedq::http {
namespace {

using Texts = std::vector<std::string>;
using Map = std::map<std::string, std::string>;

std::unexpected<Error> refuse(std::string message, std::string hint) {
    return fail(ErrorKind::misconfigured, std::move(message), std::move(hint));
}

Result<std::vector<Endpoint>> read_endpoints(const Options& options, const Protocol& protocol) {
    std::vector<Endpoint> endpoints;
    for (const std::string& text : options.get<Texts>("endpoints")) {
        auto endpoint = parse_endpoint(text);
        if (!endpoint) return std::unexpected(std::move(endpoint.error()));
        for (const auto& [path, reason] : protocol.rejected_suffixes) {
            if (!endpoint->url.ends_with(path)) continue;
            return refuse(
                "the endpoint " + endpoint->name + " ends with " + std::string(path) + ", " + std::string(reason),
                "remove " + std::string(path));
        }
        if (std::ranges::find(endpoints, endpoint->name, &Endpoint::name) != endpoints.end()) {
            return refuse("the endpoint " + endpoint->name + " is given twice", "name each endpoint once");
        }
        endpoints.push_back(std::move(*endpoint));
    }
    if (endpoints.empty())
        return refuse("endpoints is empty", "name at least one, like " + std::string(protocol.example));
    return endpoints;
}

void read_client(const Options& options, Protocol& protocol, HttpSettings& settings) {
    ClientOptions& client = settings.client;
    client.proxy = text_of(options, "proxy");
    client.ca_file = text_of(options, "ca_file");
    client.verify_tls = options.get<bool>("verify_tls");
    client.client_cert = text_of(options, "client_cert");
    client.client_key = text_of(options, "client_key");
    client.client_key_password = text_of(options, "client_key_password");
    client.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    std::vector<std::string> secrets = std::move(protocol.secrets);
    secrets.push_back(client.client_key_password);
    if (const std::string key = text_of(options, "api_key"); !key.empty()) {
        client.headers.push_back(
            {protocol.auth_header, protocol.auth_scheme.empty() ? key : protocol.auth_scheme + " " + key});
        secrets.push_back(key);
    }
    for (const auto& [name, value] : options.find<Map>("headers").value_or(Map{})) {
        // A configured header wins over the default.
        std::erase_if(client.headers, [&](const Header& header) { return same_header(header.name, name); });
        client.headers.push_back({name, value});
        if (!is_public_header(name)) secrets.push_back(value);
    }
    settings.secrets = Secrets(std::move(secrets));
}

void publish(HttpSettings& settings) {
    std::string endpoints;
    for (const Endpoint& endpoint : settings.endpoints)
        endpoints += (endpoints.empty() ? "" : ", ") + json_string(endpoint.name);
    settings.publish("endpoints", "[" + endpoints + "]");
    if (!settings.model.empty()) settings.publish("model", settings.model);
    if (settings.dimensions > 0) settings.publish("dimensions", std::to_string(settings.dimensions));
    const ClientOptions& client = settings.client;
    if (!client.ca_file.empty()) settings.publish("ca_file", client.ca_file);
    if (!client.client_cert.empty()) settings.publish("client_cert", client.client_cert);
    if (!client.client_key.empty()) settings.publish("client_key", client.client_key);
    if (!client.verify_tls) settings.publish("verify_tls", "false");
    // An address without user information is not a secret, and queries need it where there is no other way out.
    if (!client.proxy.empty() && !client.proxy.contains('@')) settings.publish("proxy", client.proxy);
}

}  // namespace

std::size_t count_of(const Options& options, std::string_view name) {
    return static_cast<std::size_t>(options.find<std::int64_t>(name).value_or(0));
}

std::string text_of(const Options& options, std::string_view name) {
    return options.find<std::string>(name).value_or("");
}

Result<HttpSettings> read_settings(const Options& options, Protocol protocol) {
    HttpSettings settings;
    auto endpoints = read_endpoints(options, protocol);
    if (!endpoints) return std::unexpected(std::move(endpoints.error()));
    settings.endpoints = std::move(*endpoints);
    settings.model = text_of(options, "model");
    if (settings.model.empty() && !protocol.reports_model) {
        return refuse(std::string("model is ") + (options.has("model") ? "empty" : "not given"),
                      "name the model that makes the vectors");
    }
    settings.dimensions = count_of(options, "dimensions");
    settings.document_prefix = text_of(options, "document_prefix");
    settings.query_prefix = text_of(options, "query_prefix");
    settings.limits.concurrency = count_of(options, "concurrency");
    settings.limits.max_inputs = count_of(options, "max_inputs");
    settings.timeout = options.get<std::chrono::milliseconds>("timeout");
    settings.max_response_bytes = count_of(options, "max_response_bytes");
    read_client(options, protocol, settings);
    publish(settings);
    return settings;
}

}  // namespace embedq::http
