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
    if (settings.send_model && !settings.model.empty())
        set(fields, "model",
            http::json_string(settings.dialect.body == Body::gemini ? "models/" + settings.model_name()
                                                                    : settings.model));
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

std::string json_members(const Fields& fields) {
    std::string members;
    for (const auto& [name, json] : fields) {
        http::append_json_string(members, name);
        members += ':';
        members += json;
        members += ',';
    }
    return members;
}

// Each text is a request of its own, with all fields.
std::string gemini_body(const std::string& members, std::span<const std::string_view> texts,
                        const std::string& prefix) {
    std::string body;
    std::string prefixed;
    for (const std::string_view text : texts) {
        body += body.empty() ? R"({"requests":[{)" : ",{";
        body += members;
        body += R"("content":{"parts":[{"text":)";
        http::append_json_string(body, prefixed.assign(prefix).append(text));
        body += "}]}}";
    }
    return body += "]}";
}

}  // namespace

std::string request_body(const OpenAiSettings& settings, std::span<const std::string_view> texts, TextKind kind,
                         Encoding encoding) {
    const std::string members = json_members(fields_of(settings, kind, encoding));
    if (settings.dialect.body == Body::gemini) return gemini_body(members, texts, settings.prefix(kind));
    std::string body = "{" + members + "\"input\":";
    http::append_json_strings(body, texts, settings.prefix(kind));
    return body += '}';
}

}  // namespace embedq::openai
