// The options of one instance.
//
// Thread-safety: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "embedq/options.h"
#include "embedq/provider.h"
#include "http/client.h"
#include "http/redact.h"
#include "http/url.h"

namespace embedq::ollama {

struct Settings {
    std::vector<http::Endpoint> endpoints;
    std::string model;
    bool truncate = false;
    std::string keep_alive;      // as JSON; empty: left out
    std::string options;         // a JSON object; empty: left out
    std::size_t context = 0;     // num_ctx of the options; 0: the model's own
    std::size_t dimensions = 0;  // 0: as the model has them
    bool pull = false;
    bool warm_up = false;
    bool any_model = false;
    std::string document_prefix;
    std::string query_prefix;
    ProviderLimits limits;
    std::chrono::milliseconds timeout{0};
    std::size_t max_response_bytes = 0;
    http::ClientOptions client;
    http::Secrets secrets;
    // What another process needs to embed queries for these vectors.
    std::vector<std::pair<std::string, std::string>> public_options;

    [[nodiscard]] const std::string& prefix(TextKind kind) const { return kind == TextKind::query ? query_prefix : document_prefix; }
};

// `misconfigured` where an endpoint is no address of a server, or stands there twice.
[[nodiscard]] Result<Settings> read_settings(const Options& options);

}  // namespace embedq::ollama
