#include "http/vector_fields.h"

#include <algorithm>
#include <array>

#include "http/json_text.h"

namespace embedq::http {
namespace {

// Who asks, how urgent it is, and on what a server computes: of OpenAI, LiteLLM, vLLM and Ollama.
constexpr std::array<std::string_view, 17> kSayNothingOfVectors = {
    "user",       "safety_identifier", "metadata", "tags",     "service_tier", "priority", "request_id", "timeout", "num_retries",
    "keep_alive", "num_thread",        "num_gpu",  "main_gpu", "low_vram",     "use_mmap", "use_mlock",  "numa",
};

}  // namespace

std::string with_part(std::string digest, std::string_view part) {
    if (part.empty()) return digest;
    if (!digest.empty()) digest += ' ';
    return digest.append(part);
}

std::string vector_part(std::string_view name, std::string_view json) {
    if (std::ranges::find(kSayNothingOfVectors, name) != kSayNothingOfVectors.end()) return {};
    return std::string(name) + "=" + std::string(json);
}

std::string published(const std::map<std::string, std::string>& texts) {
    std::string object;
    for (const auto& [name, text] : texts) object += (object.empty() ? "{" : ", ") + json_string(name) + ": " + json_string(text);
    return object + (object.empty() ? "{}" : "}");
}

}  // namespace embedq::http
