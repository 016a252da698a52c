#include "ollama/request_body.h"

#include "http/json_text.h"

namespace embedq::ollama {
namespace {

// {"model":…, and what else each request says, up to the comma before the texts.
std::string beginning(const Settings& settings) {
    std::string body = "{\"model\":" + http::json_string(settings.model) + ",";
    if (!settings.keep_alive.empty()) body += "\"keep_alive\":" + settings.keep_alive + ",";
    if (!settings.options.empty()) body += "\"options\":" + settings.options + ",";
    return body;
}

void append_text(std::string& body, const std::string& prefix, std::string_view text, std::string& prefixed) {
    if (prefix.empty()) return http::append_json_string(body, text);
    prefixed.assign(prefix).append(text);
    http::append_json_string(body, prefixed);
}

}  // namespace

std::string embed_body(const Settings& settings, std::span<const std::string_view> texts, TextKind kind) {
    const std::string& prefix = settings.prefix(kind);
    std::string body = beginning(settings);
    body += settings.truncate ? "\"truncate\":true," : "\"truncate\":false,";
    if (settings.dimensions > 0) body += "\"dimensions\":" + std::to_string(settings.dimensions) + ",";
    std::size_t bytes = 0;
    for (const std::string_view text : texts) bytes += text.size() + prefix.size() + 3;
    body.reserve(body.size() + bytes + bytes / 16 + 16);
    body += "\"input\":[";
    std::string prefixed;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) body += ',';
        append_text(body, prefix, texts[i], prefixed);
    }
    return body += "]}";
}

std::string legacy_body(const Settings& settings, std::string_view text, TextKind kind) {
    std::string body = beginning(settings) + "\"prompt\":";
    std::string prefixed;
    append_text(body, settings.prefix(kind), text, prefixed);
    return body += '}';
}

std::string loading_body(const Settings& settings) {
    return beginning(settings) + "\"input\":\"\"}";
}

std::string model_body(const Settings& settings) {
    const std::string name = http::json_string(settings.model);
    return "{\"model\":" + name + ",\"name\":" + name + "}";
}

}  // namespace embedq::ollama
