// The values of the shared options (http/options.h), read and checked. A provider's own settings derive from it.
//
// Thread-safety: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "embedq/options.h"
#include "embedq/provider.h"
#include "http/client.h"
#include "http/redact.h"
#include "http/url.h"

namespace embedq::http {

// Hints for errors, where the provider knows better than "check the address".
struct Hints {
    std::string missing_model = {};     // "run `ollama pull NAME`"; empty: a general hint
    std::string missing_path = {};      // added where the server does not have the path
    std::string address = "endpoints";  // the option that names the server
};

struct HttpSettings {
    std::vector<Endpoint> endpoints;  // at least one, no two alike
    std::string model;
    std::size_t dimensions = 0;  // 0: the model's own
    std::string document_prefix;
    std::string query_prefix;
    ProviderLimits limits;
    std::chrono::milliseconds timeout{0};
    std::size_t max_response_bytes = 0;
    ClientOptions client;
    Secrets secrets;
    Hints hints;
    // The options that another process needs to embed queries for these vectors.
    std::vector<std::pair<std::string, std::string>> public_options;

    [[nodiscard]] const std::string& prefix(TextKind kind) const {
        return kind == TextKind::query ? query_prefix : document_prefix;
    }
    // `value` as it would be written in YAML; a list or a map in its JSON form, which YAML accepts.
    void publish(std::string name, std::string value) {
        public_options.emplace_back(std::move(name), std::move(value));
    }
};

// A path that an endpoint must not end with, since the provider appends its own.
struct RejectedSuffix {
    std::string_view path;
    std::string_view reason;  // "which the option path adds"
};

// How providers differ that read the same options.
struct Protocol {
    std::string auth_header = "Authorization";  // the header of api_key
    std::string auth_scheme = "Bearer";         // before the key; empty: nothing
    // The server reports which model it has, so that the option may be left out.
    bool reports_model = false;
    std::string_view example = "https://HOST";  // an address, for the hint
    std::vector<RejectedSuffix> rejected_suffixes = {};
    std::vector<std::string> secrets = {};  // of the provider's own options
};

// `options`: validated against a table_of(). `misconfigured` where an endpoint is not the address of a server, has a
// rejected suffix or is given twice, and where there is no endpoint or no model. Publishes endpoints, model, dimensions
// and what the connection needs, but no secret.
[[nodiscard]] Result<HttpSettings> read_settings(const Options& options, Protocol protocol = {});

// The value of an integer or a size, and of a text; 0 and "" where the option has none.
[[nodiscard]] std::size_t count_of(const Options& options, std::string_view name);
[[nodiscard]] std::string text_of(const Options& options, std::string_view name);

}  // namespace embedq::http
