// The options of one instance, with the preset of its dialect filled in.
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
#include "openai/dialects.h"

namespace embedq::openai {

struct Settings {
    Dialect dialect;  // the preset's row
    std::vector<http::Endpoint> endpoints;
    std::string path;   // with the query
    std::string model;  // may be empty where the server says it (tei)
    std::string model_digest;
    bool send_model = true;
    std::string user;
    std::size_t dimensions = 0;  // 0: as the model has them
    std::string dimensions_field;
    bool truncate_dimensions = false;
    Encoding encoding = Encoding::floats;
    std::string encoding_field;
    std::string input_type_field;
    std::string document_input_type;
    std::string query_input_type;
    std::string truncate;                                         // as JSON; empty: left out
    std::vector<std::pair<std::string, std::string>> extra_body;  // name and JSON
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
    [[nodiscard]] const std::string& input_type(TextKind kind) const {
        return kind == TextKind::query ? query_input_type : document_input_type;
    }
    // The dimension asked of the server by name.
    [[nodiscard]] bool asks_dimensions() const { return dimensions > 0 && !truncate_dimensions && !dimensions_field.empty(); }
};

// `misconfigured` where options contradict each other or the dialect lacks one.
[[nodiscard]] Result<Settings> read_settings(const Options& options);

}  // namespace embedq::openai
