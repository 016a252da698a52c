// How the dialects differ: paths, limits, and error answers, after the vendors' documents and sources
// (docs/providers.md).
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "script.h"

namespace protocol_server {

struct Limits {
    std::size_t max_inputs = 0;  // 0: any number
    std::size_t max_text_tokens = 0;
    std::size_t max_request_tokens = 0;
};
[[nodiscard]] Limits limits_of(Dialect dialect);

// Which protocol a request speaks, whatever server answers it.
enum class Protocol : std::uint8_t { ollama, openai, tei_native, gemini };

enum class Refusal : std::uint8_t {
    bad_request,  // not JSON, or a wrong type
    unauthorized,
    model_missing,
    not_embedding,  // a model that does not embed
    too_many_inputs,
    text_too_long,
    request_too_long,
    body_too_large,
    empty_text,
    base64,      // not supported
    dimensions,  // not supported
    poisoned,    // a text that the model rejects
    rate,
    quota,
    busy,  // the queue is full
};

struct Numbers {
    std::size_t found = 0;
    std::size_t limit = 0;
    std::string name;  // of the model
};

struct ErrorAnswer {
    int status = 400;
    std::string body;
};

// A refusal with the dialect's status and message.
[[nodiscard]] ErrorAnswer refuse(Dialect dialect, Protocol protocol, Refusal refusal, const Numbers& numbers,
                                 std::string_view hint = {});
// Any error, in the dialect's shape. An empty type or code means the dialect's usual one for that status.
[[nodiscard]] std::string error_body(Dialect dialect, Protocol protocol, int status, std::string_view message,
                                     std::string_view type = {}, std::string_view code = {});

// True when the dialect embeds by OpenAI's protocol on this path.
[[nodiscard]] bool is_openai_path(Dialect dialect, std::string_view path);
// The model in the path of Gemini's own protocol; empty in any other.
[[nodiscard]] std::string gemini_model(std::string_view path);
// The deployment in azure's classic path; empty in any other.
[[nodiscard]] std::string azure_deployment(std::string_view path);

}  // namespace protocol_server
