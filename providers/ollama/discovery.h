// What a server tells of its models: /api/show and /api/tags.
//
// Thread-safety: functions without state.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace embedq::ollama {

struct Identity {
    std::string digest;          // of the model's manifest; empty where the server does not say
    std::size_t dimension = 0;   // 0 where the server does not say
    std::size_t context = 0;     // tokens of one text; 0 where the server does not say
    std::optional<bool> embeds;  // whether it is a model for embeddings; nothing where the server does not say
};

// POST /api/show: model_info's "<architecture>.embedding_length" and ".context_length", and `capabilities`. The digest
// is not in it.
[[nodiscard]] Identity read_show(std::string_view body);

// GET /api/tags: the digest of the model of that name, with or without the tag `latest`; empty when it is not in the
// list.
[[nodiscard]] std::string digest_in_tags(std::string_view body, std::string_view model);

// True for a body that is JSON. A route that a server does not have is answered with "404 page not found", a missing
// model with JSON.
[[nodiscard]] bool is_json(std::string_view body);

}  // namespace embedq::ollama
