#include "openai/settings.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <map>
#include <optional>

#include "http/json_text.h"

namespace embedq::openai {
namespace {

using Texts = std::vector<std::string>;
using Map = std::map<std::string, std::string>;

std::string text_or(const Options& options, const char* name, std::string_view otherwise) {
    return options.find<std::string>(name).value_or(std::string(otherwise));
}

std::size_t count_or(const Options& options, const char* name, std::size_t otherwise) {
    const auto value = options.find<std::int64_t>(name);
    return value ? static_cast<std::size_t>(*value) : otherwise;
}

std::unexpected<Error> refuse(std::string message) {
    return fail(ErrorKind::misconfigured, std::move(message));
}

Result<std::vector<http::Endpoint>> read_endpoints(const Options& options, const Dialect& dialect) {
    auto texts = options.find<Texts>("endpoints").value_or(Texts{});
    const auto base_url = options.find<std::string>("base_url");
    if (base_url && !texts.empty()) return refuse("base_url and endpoints are both given; write several servers in endpoints alone");
    if (texts.empty()) texts.push_back(base_url.value_or(std::string(dialect.base_url)));
    if (texts.front().empty()) {
        return refuse("base_url is not given, and the dialect " + std::string(dialect.name) +
                      " has no default; write the server's address with what stands before " + std::string(dialect.path) +
                      ", like https://HOST/v1");
    }
    std::vector<http::Endpoint> endpoints;
    for (const std::string& text : texts) {
        auto endpoint = http::parse_endpoint(text);
        if (!endpoint) return std::unexpected(std::move(endpoint.error()));
        if (endpoint->url.ends_with("/embeddings")) {
            return refuse("the address " + endpoint->name + " ends with the path /embeddings, which the option path adds; take it off");
        }
        if (std::ranges::find(endpoints, endpoint->name, &http::Endpoint::name) != endpoints.end()) {
            return refuse("the endpoint " + endpoint->name + " is there twice; each is a lane of its own");
        }
        endpoints.push_back(std::move(*endpoint));
    }
    return endpoints;
}

// RFC 3986 §2.3: what need not be encoded.
std::string url_encoded(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) || std::string_view("-._~").contains(c)) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

std::string with_query(std::string path, const Map& query) {
    if (!path.starts_with('/')) path.insert(0, "/");
    char separator = path.contains('?') ? '&' : '?';
    for (const auto& [name, value] : query) {
        path += separator + url_encoded(name) + '=' + url_encoded(value);
        separator = '&';
    }
    return path;
}

Encoding encoding_of(const std::string& name, const Dialect& dialect) {
    if (name == "float") return Encoding::floats;
    if (name == "base64") return Encoding::base64;
    if (name == "omit") return Encoding::omit;
    return dialect.encoding;
}

void read_limits(const Options& options, const Dialect& dialect, ProviderLimits& limits) {
    limits.concurrency = count_or(options, "concurrency", dialect.concurrency);
    limits.max_inputs = count_or(options, "max_inputs", dialect.max_inputs);
    limits.max_text_tokens = count_or(options, "max_text_tokens", dialect.max_text_tokens);
    limits.max_request_tokens = count_or(options, "max_request_tokens", dialect.max_request_tokens);
    limits.max_request_bytes = count_or(options, "max_request_bytes", dialect.max_request_bytes);
}

void read_client(const Options& options, const Dialect& dialect, Settings& settings) {
    http::ClientOptions& client = settings.client;
    client.proxy = text_or(options, "proxy", "");
    client.ca_file = text_or(options, "ca_file", "");
    client.verify_tls = options.get<bool>("verify_tls");
    client.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    std::vector<std::string> secrets;
    if (const auto key = options.find<std::string>("api_key"); key && !key->empty()) {
        const std::string header = text_or(options, "auth_header", dialect.auth_header);
        const std::string scheme = text_or(options, "auth_scheme", dialect.auth_scheme);
        client.headers.push_back({header, scheme.empty() ? *key : scheme + " " + *key});
        secrets.push_back(*key);
    }
    for (const auto& [name, value] : options.find<Map>("headers").value_or(Map{})) {
        std::erase_if(client.headers, [&](const http::Header& header) { return http::same_header(header.name, name); });
        client.headers.push_back({name, value});
        secrets.push_back(value);
    }
    // What is as long as a key may be one.
    for (const auto& [name, value] : options.find<Map>("query").value_or(Map{})) {
        if (value.size() >= 16) secrets.push_back(value);
    }
    settings.secrets = http::Secrets(std::move(secrets));
}

void read_body(const Options& options, const Dialect& dialect, Settings& settings) {
    settings.send_model = options.find<bool>("send_model").value_or(dialect.send_model);
    settings.user = text_or(options, "user", "");
    settings.dimensions_field = text_or(options, "dimensions_field", dialect.dimensions_field);
    settings.encoding = encoding_of(options.get<std::string>("encoding_format"), dialect);
    settings.encoding_field = text_or(options, "encoding_field", dialect.encoding_field);
    settings.input_type_field = text_or(options, "input_type_field", dialect.input_type_field);
    settings.document_input_type = text_or(options, "document_input_type", dialect.document_input_type);
    settings.query_input_type = text_or(options, "query_input_type", dialect.query_input_type);
    if (settings.input_type_field.empty() && !(settings.document_input_type + settings.query_input_type).empty()) {
        settings.input_type_field = "input_type";
    }
    if (const std::string field(dialect.truncate_field); !field.empty()) {
        settings.truncate = options.get<bool>("truncate") ? dialect.truncate_on : dialect.truncate_off;
    }
    for (const auto& [name, value] : options.find<Map>("extra_body").value_or(Map{})) {
        settings.extra_body.emplace_back(name, http::json_value(value));
    }
}

Status check(const Options& options, const Settings& settings) {
    if (settings.model.empty() && settings.dialect.discovery != Discovery::tei_info) {
        return refuse("model is not given; name the model that makes the vectors");
    }
    if (settings.dimensions > 0 && !settings.truncate_dimensions && settings.dimensions_field.empty()) {
        return refuse("dimensions is " + std::to_string(settings.dimensions) + ", but the dialect " + std::string(settings.dialect.name) +
                      " has no field for it; leave it out, name the field in dimensions_field, or, for a model whose vectors may be cut, "
                      "set truncate_dimensions: true");
    }
    if (settings.truncate_dimensions && settings.dimensions == 0) {
        return refuse("truncate_dimensions is true, but dimensions does not say to how many");
    }
    if (options.get<bool>("truncate") && settings.dialect.truncate_field.empty()) {
        return refuse("truncate is true, but the dialect " + std::string(settings.dialect.name) +
                      " has no field for it; leave it out, or write the server's field in extra_body");
    }
    for (const auto& [name, value] : settings.extra_body) {
        if (name == "input") return refuse("extra_body has a field input, which holds the texts; take it out");
    }
    return {};
}

// Written as they would be in YAML; lists and maps in their JSON form, which YAML takes.
void publish(const Options& options, Settings& settings) {
    const auto add = [&](const char* name, std::string value) { settings.public_options.emplace_back(name, std::move(value)); };
    add("dialect", std::string(settings.dialect.name));
    if (!settings.model.empty()) add("model", settings.model);
    if (settings.dimensions > 0) add("dimensions", std::to_string(settings.dimensions));
    if (settings.truncate_dimensions) add("truncate_dimensions", "true");
    std::string endpoints;
    for (const http::Endpoint& endpoint : settings.endpoints) {
        endpoints += (endpoints.empty() ? "" : ", ") + http::json_string(endpoint.name);
    }
    add("endpoints", "[" + endpoints + "]");
    for (const char* name : {"path", "encoding_format", "dimensions_field", "input_type_field", "document_input_type", "query_input_type",
                             "ca_file", "model_digest"}) {
        if (const auto value = options.find<std::string>(name); value && !(value->empty() || *value == "auto")) add(name, *value);
    }
    if (!settings.client.verify_tls) add("verify_tls", "false");
    if (!settings.client.proxy.empty() && !settings.client.proxy.contains('@')) add("proxy", settings.client.proxy);
    if (const auto sends = options.find<bool>("send_model")) add("send_model", *sends ? "true" : "false");
}

}  // namespace

Result<Settings> read_settings(const Options& options) {
    const Dialect* dialect = find_dialect(options.get<std::string>("dialect"));
    if (dialect == nullptr) return refuse("there is no dialect '" + options.get<std::string>("dialect") + "'");
    Settings settings;
    settings.dialect = *dialect;
    auto endpoints = read_endpoints(options, *dialect);
    if (!endpoints) return std::unexpected(std::move(endpoints.error()));
    settings.endpoints = std::move(*endpoints);
    Map query =
        options.find<Map>("query").value_or(dialect->api_version.empty() ? Map{} : Map{{"api-version", std::string(dialect->api_version)}});
    settings.path = with_query(text_or(options, "path", dialect->path), query);
    settings.model = text_or(options, "model", "");
    settings.model_digest = text_or(options, "model_digest", "");
    settings.dimensions = count_or(options, "dimensions", 0);
    settings.truncate_dimensions = options.get<bool>("truncate_dimensions");
    settings.document_prefix = text_or(options, "document_prefix", "");
    settings.query_prefix = text_or(options, "query_prefix", "");
    settings.timeout = options.get<std::chrono::milliseconds>("timeout");
    settings.max_response_bytes = count_or(options, "max_response_bytes", 0);
    read_body(options, *dialect, settings);
    read_limits(options, *dialect, settings.limits);
    read_client(options, *dialect, settings);
    if (auto sound = check(options, settings); !sound) return std::unexpected(std::move(sound.error()));
    publish(options, settings);
    return settings;
}

}  // namespace embedq::openai
