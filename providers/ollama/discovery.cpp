#include "ollama/discovery.h"

#include <simdjson.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace embedq::ollama {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::string text_at(const element& object, const char* key) {
    std::string_view text;
    return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::size_t count_at(const element& object, const std::string& key) {
    std::uint64_t number = 0;
    return object[key].get(number) == simdjson::SUCCESS ? number : 0;
}

// As the server compares names: without case, and with the tag that it puts where there is none.
std::string full_name(std::string_view name) {
    std::string full(name);
    std::ranges::transform(full, full.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    // A colon before the last slash is that of a registry's port.
    const std::size_t slash = full.rfind('/');
    const std::size_t colon = full.rfind(':');
    if (colon == std::string::npos || (slash != std::string::npos && colon < slash)) full += ":latest";
    return full;
}

}  // namespace

Identity read_show(std::string_view body) {
    simdjson::dom::parser parser;
    element document;
    Identity identity;
    if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS || !document.is_object()) return identity;
    element info;
    if (document["model_info"].get(info) == simdjson::SUCCESS && info.is_object()) {
        const std::string architecture = text_at(info, "general.architecture");
        identity.dimension = count_at(info, architecture + ".embedding_length");
        identity.context = count_at(info, architecture + ".context_length");
    }
    array capabilities;
    if (document["capabilities"].get(capabilities) == simdjson::SUCCESS && capabilities.size() > 0) {
        identity.embeds = std::any_of(capabilities.begin(), capabilities.end(), [](const element& capability) {
            std::string_view name;
            return capability.get(name) == simdjson::SUCCESS && name == "embedding";
        });
    }
    return identity;
}

std::string digest_in_tags(std::string_view body, std::string_view model) {
    simdjson::dom::parser parser;
    element document;
    array models;
    if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS) return {};
    if (document["models"].get(models) != simdjson::SUCCESS) return {};
    const std::string wanted = full_name(model);
    for (const element one : models) {
        if (full_name(text_at(one, "name")) == wanted || full_name(text_at(one, "model")) == wanted) return text_at(one, "digest");
    }
    return {};
}

bool is_json(std::string_view body) {
    simdjson::dom::parser parser;
    element document;
    return parser.parse(body.data(), body.size()).get(document) == simdjson::SUCCESS && document.is_object();
}

}  // namespace embedq::ollama
