#include "ollama/request_body.h"

#include "http/json_text.h"

namespace embedq::ollama {
namespace {

// {"model":…, and what else each request contains, up to the comma before the texts.
std::string beginning(const OllamaSettings& settings) {
    std::string body = "{\"model\":" + http::json_string(settings.model) + ",";
    if (!settings.keep_alive.empty()) body += "\"keep_alive\":" + settings.keep_alive + ",";
    if (!settings.options.empty()) body += "\"options\":" + settings.options + ",";
    return body;
}

}  // namespace

std::string embed_body(const OllamaSettings& settings, std::span<const std::string_view> texts, TextKind kind) {
    std::string body = beginning(settings);
    body += settings.truncate ? "\"truncate\":true," : "\"truncate\":false,";
    if (settings.dimensions > 0) body += "\"dimensions\":" + std::to_string(settings.dimensions) + ",";
    body += "\"input\":";
    http::append_json_strings(body, texts, settings.prefix(kind));
    return body += '}';
}

std::string legacy_body(const OllamaSettings& settings, std::string_view text, TextKind kind) {
    return beginning(settings) + "\"prompt\":" + http::json_string(settings.prefix(kind) + std::string(text)) + "}";
}

std::string loading_body(const OllamaSettings& settings) {
    return beginning(settings) + "\"input\":\"\"}";
}

std::string model_body(const OllamaSettings& settings) {
    const std::string name = http::json_string(settings.model);
    return "{\"model\":" + name + ",\"name\":" + name + "}";
}

}  // namespace embedq::ollama
