// The options of one instance.
//
// Thread-safety: plain values.
#pragma once

#include <cstddef>
#include <string>

#include "http/settings.h"

namespace embedq::ollama {

struct OllamaSettings : http::HttpSettings {
    bool truncate = false;
    std::string keep_alive;   // as JSON; empty: left out
    std::string options;      // a JSON object; empty: left out
    std::string vector_part;  // of truncate and options, what vectors depend on; part of the model's digest
    std::size_t context = 0;  // num_ctx of the options; 0: the model's own
    bool pull = false;
    bool warm_up = false;
    bool any_model = false;
};

// `misconfigured` as http::read_settings.
[[nodiscard]] Result<OllamaSettings> read_settings(const Options& options);

}  // namespace embedq::ollama
