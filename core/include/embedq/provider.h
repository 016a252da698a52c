// A provider turns texts into vectors.
//
// Safe to call from several threads; the host keeps to the concurrency limit of each endpoint. A provider keeps no
// state that a restart would lose, does not retry and does not queue: the host does that.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "embedq/error.h"

namespace embedq {

enum class TextKind : std::uint8_t { document, query };

// What one request to one endpoint may hold. 0 means "no limit known". The YAML's `limits:` can only lower these.
struct ProviderLimits {
    std::size_t concurrency = 1;        // requests at a time, per endpoint
    std::size_t max_inputs = 0;         // texts per request
    std::size_t max_request_bytes = 0;  // UTF-8 bytes of all texts of a request
    // Tokens of all texts of a request; the host estimates them, and fills requests to 95 %.
    std::size_t max_request_tokens = 0;
    // UTF-8 bytes of one text; longer ones are cut by the host at a character boundary.
    std::size_t max_text_bytes = 0;
    // Tokens of one text; a text that is refused as longer is cut by the host, which records it.
    std::size_t max_text_tokens = 0;
};

// What the provider reports about itself as it is configured, and what makes its vectors comparable.
struct ProviderInfo {
    std::string model;         // as the endpoint knows it
    std::string model_digest;  // changes with the model behind the name; empty when the endpoint does not report one
    std::size_t dimension = 0;
    std::string document_prefix;  // put before every document text by the provider itself
    std::string query_prefix;
    ProviderLimits limits;
    // Names for people, never with credentials.
    std::vector<std::string> endpoints = {"default"};
    // How much the cosine counts in hybrid ranking, in [0, 1]; the rest is the lexical score's.
    double semantic_weight = 0.6;
    // Options that are not secret and that another process needs to embed queries for these vectors; key to YAML
    // scalar.
    std::vector<std::pair<std::string, std::string>> public_options = {};
    // How long one call may take, as the provider is configured; the host makes it the deadline of its calls. 0: the
    // host's own limit (120 s). A call that reaches it fails as `unavailable` with Error::deadline_reached.
    std::chrono::milliseconds call_timeout{0};
};

struct EmbedRequest {
    std::span<const std::string_view> texts;  // at least one, each non-empty UTF-8
    TextKind kind = TextKind::document;
    std::size_t endpoint = 0;  // index into ProviderInfo::endpoints; one beyond them is `invalid_argument`
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    std::stop_token stop = {};
};

struct TextError {
    std::size_t index = 0;  // into EmbedRequest::texts
    Error error;
};

struct EmbedResult {
    // Row-major, texts × dimension, in the order of the texts. The row of a text with an error is ignored.
    std::vector<float> matrix;
    std::size_t dimension = 0;
    std::vector<TextError> errors = {};
    std::uint64_t tokens = 0;  // as billed; 0 when the provider does not say
};

class Provider {
public:
    virtual ~Provider() = default;

    // May ask the endpoint, so it can fail with `unavailable` or `misconfigured`. The host probes a provider until it
    // answers, and then from time to time: a model that was replaced under its name has another digest or dimension.
    [[nodiscard]] virtual Result<ProviderInfo> info(std::stop_token stop) = 0;

    // One request to one endpoint. Returns one row per text, or an error per text, or one error for the whole call:
    // `too_large` and `invalid_input` for the whole call make the host halve the batch. Never returns vectors of
    // another model than `info` named last: where the provider notices, the call fails with `misconfigured`.
    // Returns soon after `deadline` (as `unavailable`) and after a stop request (the result is then ignored).
    [[nodiscard]] virtual Result<EmbedResult> embed(const EmbedRequest& request) = 0;
};

}  // namespace embedq
