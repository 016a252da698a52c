// The script of a protocol server: dialect, models, times, limits and faults, in YAML.
//
//   dialect: openai                  # ollama openai azure vllm vllm_old tei llama_cpp mistral voyage jina cohere
//                                    # together dashscope litellm gemini generic
//   models: { small: { dimension: 256, digest: "sha256:1", context: 512, present: true, embeds: true,
//                      matryoshka: false } }
//   latency: 20ms                    # of each request; also 1s, 250us, 2m
//   latency_per_input: 1ms
//   concurrency: 4                   # requests served at a time; 0: any number
//   queue: 512                       # requests that wait; any more get the dialect's busy error
//   max_inputs: 32                   # default: the dialect's; 0: any number
//   max_text_tokens: 512             # default: the dialect's, or the model's context
//   max_request_tokens: 300000
//   bytes_per_token: 4
//   max_body: 2000000                # bytes of a request; longer ones get 413
//   authorization: secret            # required as `Authorization: Bearer secret`, by azure also as `api-key: secret`,
//                                    # by gemini as `x-goog-api-key: secret`; other requests get 401
//   rate: { requests: 50, tokens: 0, per: 1s, retry_after: 1s, format: seconds }
//                                    # format: seconds decimal date milliseconds text none; without retry_after: until
//                                    # the window allows a request
//   rate_headers: go                 # x-ratelimit-*: go ("1m30s"), seconds, none
//   base64: sent                     # when requested: sent, ignored (floats are sent), rejected
//   dimensions: supported            # rejected, ignored
//   usage: true                      # false: omits `usage` (Ollama: prompt_eval_count)
//   index: true                      # false: omits `index` from every item
//   legacy: false                    # Ollama before 0.3: only /api/embeddings, one text each, not normalised
//   refusing: { status: 503, message: "Loading model" }     # every embedding request, in the dialect's shape
//   keep_texts: false                # the log holds the texts of each call
//   faults: [ { do: nan, calls: 3..5 }, { do: poison, text: bad } ]
//
// A fault happens to embedding requests that meet all its conditions: `calls` (3, 3..5, 3..; counted since the faults
// were set), `text` (a substring of any of the texts), `unless` (no text is equal to this), `model` (the requested
// one), `above_inputs`, `rate` (a share, decided by the call's number), `times` (at most this often), `route` (a path;
// the fault then applies to requests for that path instead). The first fault that matches happens. FaultAction lists
// what each does.
//
// Thread-safety: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace protocol_server {

using Microseconds = std::chrono::microseconds;

enum class Dialect : std::uint8_t {
    ollama,
    openai,
    azure,
    vllm,
    vllm_old,
    tei,
    llama_cpp,
    mistral,
    voyage,
    jina,
    cohere,
    together,
    dashscope,
    litellm,
    gemini,
    generic
};

struct Model {
    std::size_t dimension = 64;
    std::string digest = "sha256:1";  // together with the text it decides the vector
    std::size_t context = 8192;       // tokens
    bool present = true;
    bool pullable = true;        // an absent one that /api/pull fetches
    bool embeds = true;          // false: a chat model
    bool matryoshka = true;      // supports `dimensions`
    bool reports_digest = true;  // false: /api/tags omits it
    std::string architecture = "bert";
};

enum class FaultAction : std::uint8_t {
    // `status` (500), `message`, `type`, `code` in the dialect's shape; or `body` and `content_type` as they are;
    // `headers`.
    error,
    poison,           // the dialect's answer to a text that it rejects
    quota,            // 429 insufficient_quota
    nan,              // a row holds NaN, at `position` (default: the middle one; -1: all)
    infinity,         // the same with 1e999
    null_value,       // the same with null
    zero,             // the row is all zeros
    empty_vector,     // the row is []
    wrong_dimension,  // the row has one number more, or `dimension` of them
    // Items in reverse order, with their right indices (Ollama: rows in reverse order, which no client can detect).
    out_of_order,
    missing_index,    // one item without index
    duplicate_index,  // one item with its neighbour's index
    beyond_index,     // one item with an index beyond the texts
    short_count,      // one row too few
    long_count,       // one row too many
    no_vectors,       // 200 with an empty list
    html,             // an HTML page with `status` (502), as proxies send it
    wrong_type,       // a valid answer with Content-Type text/plain
    not_json,         // 200, application/json, and a body that is not JSON
    cut,              // the connection ends after `at` (0.5) of the body
    drip,             // `bytes` (1) each `every` (10ms)
    hang,             // no answer, until the client disconnects
    stall,            // half of the answer, then nothing
    chunked,          // chunked transfer, in pieces of `bytes` (1000)
    gzip,             // Content-Encoding: gzip
    http_1_0,         // HTTP/1.0, which ends with the connection
    huge,             // a valid answer with `bytes` (100 MB) of white space in it
    reset,            // the connection is reset instead of an answer
    close,            // the connection ends instead of an answer
    stale,            // a valid answer; the next request on the connection is read, and the connection ends
    slow,             // `every` (1s) longer than other requests
};

struct Fault {
    FaultAction action = FaultAction::error;
    std::string name;  // of the action, as written
    // Conditions.
    std::uint64_t first_call = 1;
    std::uint64_t last_call = UINT64_MAX;
    std::string text;
    std::string unless;
    std::string model;
    std::size_t above_inputs = 0;
    double rate = 1;
    std::uint64_t times = UINT64_MAX;
    std::string route;
    // Details.
    int status = 0;  // 0: the action's default
    std::string message = "scripted fault";
    std::string type;
    std::string code;
    std::string body;
    std::string content_type;
    std::map<std::string, std::string> headers;
    std::optional<std::int64_t> position;
    std::size_t dimension = 0;
    std::size_t bytes = 0;
    double at = 0.5;
    std::optional<Microseconds> every;

    std::uint64_t happened = 0;
};

enum class RetryFormat : std::uint8_t { seconds, decimal, date, milliseconds, text, none };

struct Rate {
    std::size_t requests = 0;  // 0: no limit
    std::size_t tokens = 0;
    Microseconds per = std::chrono::seconds(60);
    std::optional<Microseconds> retry_after;
    RetryFormat format = RetryFormat::seconds;
};

enum class RateHeaders : std::uint8_t { none, go, seconds };
enum class Base64 : std::uint8_t { sent, ignored, rejected };
enum class Dimensions : std::uint8_t { supported, ignored, rejected };

struct Refusing {
    int status = 503;
    std::string message;
};

struct Script {
    Dialect dialect = Dialect::openai;
    std::map<std::string, Model> models;
    Microseconds latency{0};
    Microseconds latency_per_input{0};
    std::size_t concurrency = 0;
    std::size_t queue = 512;
    std::optional<std::size_t> max_inputs;
    std::optional<std::size_t> max_text_tokens;
    std::optional<std::size_t> max_request_tokens;
    double bytes_per_token = 4;
    std::size_t max_body = std::size_t{256} << 20U;
    std::string authorization;
    Rate rate;
    RateHeaders rate_headers = RateHeaders::none;
    Base64 base64 = Base64::sent;
    Dimensions dimensions = Dimensions::supported;
    bool usage = true;
    bool index = true;
    bool legacy = false;
    std::optional<Refusing> refusing;
    bool keep_texts = false;
    std::vector<Fault> faults;
    std::uint64_t faults_set = 0;  // incremented each time `faults` is set
};

// Changes only the keys that the YAML has. Models are changed one by one, and `faults` replaces all faults. Throws
// std::runtime_error, which names the line, what was found and what was expected; the script is then unchanged.
void apply_script(Script& script, std::string_view yaml);

[[nodiscard]] std::string_view to_string(Dialect dialect);

}  // namespace protocol_server
