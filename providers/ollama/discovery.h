// Reads what a server reports about its models: /api/show and /api/tags.
//
// Thread-safety: functions without state.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace embedq::ollama {

struct Identity {
    std::string digest;          // of the model's manifest; empty where the server does not report it
    std::size_t dimension = 0;   // 0 where the server does not report it
    std::size_t context = 0;     // tokens of one text; 0 where the server does not report it
    std::optional<bool> embeds;  // whether it is an embedding model; nothing where the server does not report it
};

// POST /api/show: model_info's "<architecture>.embedding_length" and ".context_length", and `capabilities`. The digest
// is not in it.
[[nodiscard]] Identity read_show(std::string_view body);

// GET /api/tags: the digest of the model with that name, with or without the tag `latest`; empty when it is not in the
// list.
[[nodiscard]] std::string digest_in_tags(std::string_view body, std::string_view model);

// True for a body that is a JSON object. A server answers with "404 page not found" for a path that it does not have,
// and with JSON for a missing model.
[[nodiscard]] bool is_json(std::string_view body);

}  // namespace embedq::ollama
