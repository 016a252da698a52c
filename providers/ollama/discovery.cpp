#include "ollama/discovery.h"

#include <algorithm>
#include <cctype>

#include "http/json_reader.h"

namespace embedq::ollama {
namespace {

// The form in which the server compares names: in lower case, and with its default tag where there is none.
std::string full_name(std::string_view name) {
    std::string full(name);
    std::ranges::transform(full, full.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    // A colon before the last slash belongs to a registry's port.
    const std::size_t slash = full.rfind('/');
    const std::size_t colon = full.rfind(':');
    if (colon == std::string::npos || (slash != std::string::npos && colon < slash)) full += ":latest";
    return full;
}

}  // namespace

Identity read_show(std::string_view body) {
    const auto document = http::Json::parse(body);
    const auto info = document["model_info"];
    const std::string architecture = info["general.architecture"].text();
    Identity identity;
    identity.dimension = info[architecture + ".embedding_length"].count();
    identity.context = info[architecture + ".context_length"].count();
    const auto capabilities = document["capabilities"].items();
    if (!capabilities.empty()) {
        identity.embeds =
            std::ranges::any_of(capabilities, [](const http::Json& name) { return name.text() == "embedding"; });
    }
    return identity;
}

std::string digest_in_tags(std::string_view body, std::string_view model) {
    const std::string wanted = full_name(model);
    for (const auto& one : http::Json::parse(body)["models"].items()) {
        if (full_name(one["name"].text()) == wanted || full_name(one["model"].text()) == wanted)
            return one["digest"].text();
    }
    return {};
}

bool is_json(std::string_view body) {
    return http::Json::parse(body).is_object();
}

}  // namespace embedq::ollama
