#include "openai/request_body.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "http/json_text.h"

namespace embedq::openai {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

void set(Fields& fields, std::string_view name, std::string json) {
    const auto found = std::ranges::find(fields, name, &Fields::value_type::first);
    if (found != fields.end()) {
        found->second = std::move(json);
    } else {
        fields.emplace_back(std::string(name), std::move(json));
    }
}

Fields fields_of(const OpenAiSettings& settings, TextKind kind, Encoding encoding) {
    Fields fields;
    if (settings.send_model && !settings.model.empty()) set(fields, "model", http::json_string(settings.model));
    if (settings.asks_dimensions()) set(fields, settings.dimensions_field, std::to_string(settings.dimensions));
    if (encoding == Encoding::base64) set(fields, settings.encoding_field, "\"base64\"");
    if (encoding == Encoding::floats && !settings.dialect.float_value.empty()) {
        set(fields, settings.encoding_field, http::json_string(settings.dialect.float_value));
    }
    if (!settings.input_type(kind).empty())
        set(fields, settings.input_type_field, http::json_string(settings.input_type(kind)));
    if (!settings.truncate.empty()) set(fields, settings.dialect.truncate_field, settings.truncate);
    if (!settings.user.empty()) set(fields, "user", http::json_string(settings.user));
    for (const auto& [name, json] : settings.extra_body) set(fields, name, json);  // replaces the fields above
    return fields;
}

}  // namespace

std::string request_body(const OpenAiSettings& settings, std::span<const std::string_view> texts, TextKind kind,
                         Encoding encoding) {
    std::string body = "{";
    for (const auto& [name, json] : fields_of(settings, kind, encoding)) {
        http::append_json_string(body, name);
        body += ':';
        body += json;
        body += ',';
    }
    body += "\"input\":";
    http::append_json_strings(body, texts, settings.prefix(kind));
    return body += '}';
}

}  // namespace embedq::openai
