#include "ollama/settings.h"

#include <charconv>
#include <map>
#include <string_view>
#include <utility>

#include "http/json_text.h"
#include "http/vector_fields.h"

namespace embedq::ollama {
namespace {

using Map = std::map<std::string, std::string>;

void read_model_parameters(const Options& options, OllamaSettings& settings) {
    if (settings.truncate) settings.vector_part = "truncate";
    for (const auto& [name, value] : options.find<Map>("options").value_or(Map{})) {
        settings.options +=
            (settings.options.empty() ? "{" : ",") + http::json_string(name) + ":" + http::json_value(value);
        settings.vector_part =
            http::with_part(std::move(settings.vector_part), http::vector_part(name, http::json_value(value)));
        if (name == "num_ctx") (void)std::from_chars(value.data(), value.data() + value.size(), settings.context);
    }
    if (!settings.options.empty()) settings.options += '}';
    // The server reads a number as seconds (-1: forever) and a text as a Go duration, which "-1" is not.
    if (const auto keep_alive = options.find<std::string>("keep_alive"); keep_alive && !keep_alive->empty()) {
        settings.keep_alive = http::json_value(*keep_alive);
    }
}

}  // namespace

Result<OllamaSettings> read_settings(const Options& options) {
    constexpr std::string_view reason = "but the paths of Ollama's own API are appended to it";
    auto shared = http::read_settings(
        options, {.example = "http://127.0.0.1:11434",
                  .rejected_suffixes = {{"/v1", reason}, {"/api", reason}, {"/api/embed", reason}}});
    if (!shared) return std::unexpected(std::move(shared.error()));
    OllamaSettings settings{std::move(*shared)};
    settings.truncate = options.get<bool>("truncate");
    settings.pull = options.get<bool>("pull");
    settings.hints.missing_model = settings.pull ? "wait until the server has pulled it"
                                                 : "run `ollama pull " + settings.model + "` there, or set pull: true";
    settings.warm_up = options.get<bool>("warm_up");
    settings.any_model = options.get<bool>("any_model");
    read_model_parameters(options, settings);
    if (settings.truncate) settings.publish("truncate", "true");
    if (!settings.options.empty()) settings.publish("options", http::published(options.get<Map>("options")));
    if (settings.any_model) settings.publish("any_model", "true");
    return settings;
}

}  // namespace embedq::ollama
