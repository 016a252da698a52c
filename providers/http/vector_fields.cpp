#include "http/vector_fields.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "http/json_text.h"

namespace embedq::http {
namespace {

// The user, the priority, and the hardware that a server uses: fields of OpenAI, LiteLLM, vLLM and Ollama.
constexpr std::array<std::string_view, 17> unrelated_to_vectors = {
    "user",       "safety_identifier", "metadata",    "tags",       "service_tier", "priority",
    "request_id", "timeout",           "num_retries", "keep_alive", "num_thread",   "num_gpu",
    "main_gpu",   "low_vram",          "use_mmap",    "use_mlock",  "numa",
};

// Compared with the last word of a name, so "max_tokens" does not match.
constexpr std::array<std::string_view, 7> credentials = {"key",      "apikey",      "token",        "secret",
                                                         "password", "credentials", "authorization"};

bool names_credential(std::string_view name) {
    std::string word;
    for (const char c : name.substr(name.find_last_of("_-. ") + 1))
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return std::ranges::any_of(credentials, [&](std::string_view known) { return word == known; });
}

}  // namespace

bool holds_credential(std::string_view name, std::string_view value) {
    if (names_credential(name)) return true;
    // The names of nested fields: quoted texts before a colon.
    for (std::size_t open = value.find('"'); open != std::string_view::npos;) {
        const std::size_t close = value.find('"', open + 1);
        if (close == std::string_view::npos) return false;
        const std::size_t next = value.find_first_not_of(" \t\r\n", close + 1);
        if (next != std::string_view::npos && value[next] == ':' &&
            names_credential(value.substr(open + 1, close - open - 1)))
            return true;
        open = value.find('"', close + 1);
    }
    return false;
}

std::string with_part(std::string digest, std::string_view part) {
    if (part.empty()) return digest;
    if (!digest.empty()) digest += ' ';
    return digest.append(part);
}

std::string vector_part(std::string_view name, std::string_view json) {
    if (std::ranges::find(unrelated_to_vectors, name) != unrelated_to_vectors.end() || holds_credential(name, json))
        return {};
    return std::string(name) + "=" + std::string(json);
}

std::string published(const std::map<std::string, std::string>& texts) {
    std::string object;
    for (const auto& [name, text] : texts) {
        if (holds_credential(name, text)) continue;
        object += (object.empty() ? "{" : ", ") + json_string(name) + ": " + json_string(text);
    }
    return object + (object.empty() ? "{}" : "}");
}

}  // namespace embedq::http
