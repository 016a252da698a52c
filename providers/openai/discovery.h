// Reads what a server reports about itself: TEI's /info, and the list of models of vLLM and llama.cpp.
//
// Thread-safety: functions without state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "embedq/error.h"
#include "embedq/provider.h"

namespace embedq::openai {

struct Identity {
    std::string model;          // empty where the server does not report it
    std::string digest;         // changes when the model does; empty where the server does not report it
    std::size_t dimension = 0;  // 0 where the server does not report it
    ProviderLimits limits{.concurrency = 0};
    bool truncates = false;  // texts that are too long are cut silently
};

// TEI's GET /info: model_id, model_sha, max_client_batch_size, max_input_length, max_batch_tokens. Empty for any other
// document.
[[nodiscard]] Identity read_tei_info(std::string_view body);

// GET /v1/models: vLLM's `root` and `max_model_len`, llama.cpp's `meta` with n_embd, n_params and size. `misconfigured`
// where the list has models but not `model`, and the server checks the name (it has `root`). Empty for any other
// document.
[[nodiscard]] Result<Identity> read_models(std::string_view body, std::string_view model);

}  // namespace embedq::openai
