#include "openai/settings.h"

#include <cctype>
#include <cstdint>
#include <map>
#include <string_view>

#include "http/json_text.h"
#include "http/vector_fields.h"

namespace embedq::openai {
namespace {

using Texts = std::vector<std::string>;
using Map = std::map<std::string, std::string>;

// A value of at least this length in the query may be a key, so it is not shown.
constexpr std::size_t min_key_length = 16;

std::unexpected<Error> refuse(std::string message, std::string hint = {}) {
    return fail(ErrorKind::misconfigured, std::move(message), std::move(hint));
}

// The addresses in the options, or the dialect's.
Result<Texts> read_addresses(const Options& options, const Dialect& dialect) {
    auto texts = options.find<Texts>("endpoints").value_or(Texts{});
    const auto base_url = options.find<std::string>("base_url");
    if (base_url && !texts.empty())
        return refuse("base_url and endpoints are both given", "name several servers in endpoints alone");
    if (texts.empty()) texts.push_back(base_url.value_or(std::string(dialect.base_url)));
    if (texts.front().empty()) {
        return refuse("base_url is not given, and the dialect " + std::string(dialect.name) + " has no default",
                      "give the server's address up to " + std::string(dialect.path) + ", like https://HOST/v1");
    }
    return texts;
}

// Fills the options that are not given from the dialect.
Options with_preset(Options options, const Dialect& dialect) {
    const auto preset = [&](const char* name, OptionValue value) {
        if (!options.has(name)) options.set(name, std::move(value));
    };
    const auto text = [&](const char* name, std::string_view value) { preset(name, std::string(value)); };
    const auto count = [&](const char* name, std::size_t value) { preset(name, static_cast<std::int64_t>(value)); };
    text("path", dialect.path);
    text("auth_header", dialect.auth_header);
    text("auth_scheme", dialect.auth_scheme);
    preset("query", dialect.api_version.empty() ? Map{} : Map{{"api-version", std::string(dialect.api_version)}});
    preset("send_model", dialect.send_model);
    text("dimensions_field", dialect.dimensions_field);
    text("encoding_field", dialect.encoding_field);
    text("input_type_field", dialect.input_type_field);
    text("document_input_type", dialect.document_input_type);
    text("query_input_type", dialect.query_input_type);
    count("concurrency", dialect.concurrency);
    count("max_inputs", dialect.max_inputs);
    count("max_text_tokens", dialect.max_text_tokens);
    count("max_request_tokens", dialect.max_request_tokens);
    count("max_request_bytes", dialect.max_request_bytes);
    return options;
}

// Percent-encodes all but the unreserved characters of RFC 3986 §2.3.
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

std::string with_model(std::string path, const std::string& model) {
    constexpr std::string_view place = "{model}";
    if (const auto at = path.find(place); at != std::string::npos) path.replace(at, place.size(), url_encoded(model));
    return path;
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

http::Protocol protocol_of(const Options& options, const Dialect& dialect) {
    http::Protocol protocol{.auth_header = http::text_of(options, "auth_header"),
                            .auth_scheme = http::text_of(options, "auth_scheme"),
                            .reports_model = dialect.discovery == Discovery::tei_info,
                            .rejected_suffixes = {{"/embeddings", "which the option path adds"},
                                                  {":batchEmbedContents", "which the option path adds"}}};
    for (const auto& [name, value] : options.get<Map>("query")) {
        if (value.size() >= min_key_length) protocol.secrets.push_back(value);
    }
    return protocol;
}

void read_body(const Options& options, const Dialect& dialect, OpenAiSettings& settings) {
    settings.send_model = options.get<bool>("send_model");
    settings.user = http::text_of(options, "user");
    settings.truncate_dimensions = options.get<bool>("truncate_dimensions");
    settings.dimensions_field = http::text_of(options, "dimensions_field");
    settings.encoding_field = http::text_of(options, "encoding_field");
    settings.encoding = settings.encoding_field.empty()
                            ? Encoding::omit
                            : encoding_of(options.get<std::string>("encoding_format"), dialect);
    settings.input_type_field = http::text_of(options, "input_type_field");
    settings.document_input_type = http::text_of(options, "document_input_type");
    settings.query_input_type = http::text_of(options, "query_input_type");
    if (settings.input_type_field.empty() && !(settings.document_input_type + settings.query_input_type).empty()) {
        settings.input_type_field = "input_type";
    }
    if (!dialect.truncate_field.empty())
        settings.truncate = options.get<bool>("truncate") ? dialect.truncate_on : dialect.truncate_off;
    for (const auto& [name, value] : options.find<Map>("extra_body").value_or(Map{})) {
        settings.extra_body.emplace_back(name, http::json_value(value));
    }
}

Status check(const Options& options, const OpenAiSettings& settings) {
    if (settings.dimensions > 0 && !settings.truncate_dimensions && settings.dimensions_field.empty()) {
        return refuse("dimensions is " + std::to_string(settings.dimensions) + ", but the dialect " +
                          std::string(settings.dialect.name) + " has no field for it",
                      "remove it, name the field in dimensions_field, or, for a model whose vectors may be cut, set "
                      "truncate_dimensions: true");
    }
    if (settings.truncate_dimensions && settings.dimensions == 0) {
        return refuse("truncate_dimensions is true, but dimensions is not given", "set dimensions");
    }
    if (options.get<bool>("truncate") && settings.dialect.truncate_field.empty()) {
        return refuse(
            "truncate is true, but the dialect " + std::string(settings.dialect.name) + " has no field for it",
            "remove it, or put the server's field in extra_body");
    }
    const std::string_view texts = settings.dialect.body == Body::gemini ? "content" : "input";
    for (const auto& [name, value] : settings.extra_body) {
        if (name == texts)
            return refuse("extra_body has a field " + name + ", which is where the texts go", "remove it");
    }
    return {};
}

void publish(const Options& written, OpenAiSettings& settings) {
    settings.publish("dialect", std::string(settings.dialect.name));
    if (settings.truncate_dimensions) settings.publish("truncate_dimensions", "true");
    for (const char* name : {"path", "encoding_format", "dimensions_field", "input_type_field", "document_input_type",
                             "query_input_type", "model_digest"}) {
        if (const auto value = http::text_of(written, name); !(value.empty() || value == "auto"))
            settings.publish(name, value);
    }
    if (settings.truncate == settings.dialect.truncate_on) settings.publish("truncate", "true");
    if (!settings.extra_body.empty()) settings.publish("extra_body", http::published(written.get<Map>("extra_body")));
    if (const auto sends = written.find<bool>("send_model")) settings.publish("send_model", *sends ? "true" : "false");
}

}  // namespace

Result<OpenAiSettings> read_settings(const Options& written) {
    const Dialect* dialect = find_dialect(written.get<std::string>("dialect"));
    if (dialect == nullptr) return refuse("the dialect '" + written.get<std::string>("dialect") + "' does not exist");
    auto addresses = read_addresses(written, *dialect);
    if (!addresses) return std::unexpected(std::move(addresses.error()));
    Options options = with_preset(written, *dialect);
    options.set("endpoints", std::move(*addresses));
    auto shared = http::read_settings(options, protocol_of(options, *dialect));
    if (!shared) return std::unexpected(std::move(shared.error()));
    OpenAiSettings settings{std::move(*shared)};
    settings.dialect = *dialect;
    settings.path =
        with_query(with_model(http::text_of(options, "path"), settings.model_name()), options.get<Map>("query"));
    settings.model_digest = http::text_of(options, "model_digest");
    settings.limits.max_text_tokens = http::count_of(options, "max_text_tokens");
    settings.limits.max_request_tokens = http::count_of(options, "max_request_tokens");
    settings.limits.max_request_bytes = http::count_of(options, "max_request_bytes");
    read_body(options, *dialect, settings);
    settings.hints.missing_model =
        std::string("check the option model") + (settings.send_model ? "" : ", or the deployment in base_url");
    // Without the query, which may hold a key.
    settings.hints.missing_path = std::string("base_url usually ends with ") +
                                  (dialect->body == Body::gemini ? "/v1beta" : "/v1") + ", and " +
                                  settings.path.substr(0, settings.path.find('?')) + " is appended to it";
    settings.hints.address = "base_url";
    if (auto valid = check(options, settings); !valid) return std::unexpected(std::move(valid.error()));
    publish(written, settings);
    return settings;
}

}  // namespace embedq::openai
