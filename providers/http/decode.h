// Answers of embedding servers, decoded straight into the row-major matrix of an EmbedResult.
//
// What came back decides, not what was asked for, since servers ignore what they do not know:
//   OpenAI     {"data": [{"index": 0, "embedding": [0.1, …] | "base64"}, …], "usage": {"prompt_tokens": 7},
//               "model": "…"}
//   Ollama     {"embeddings": [[0.1, …], …], "prompt_eval_count": 7, "model": "…"}, and {"embedding": [0.1, …]} of its
//              first protocol
//   llama.cpp  [{"index": 0, "embedding": [[0.1, …]]}, …], and TEI's [[0.1, …], …], of their own paths
// A vector is an array of numbers or base64 (http/base64.h), each by itself.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>

#include "embedq/error.h"
#include "embedq/provider.h"

namespace embedq::http {

// A body that has this many bytes of capacity behind its end is decoded where it lies; another one is copied first.
inline constexpr std::size_t body_padding = 64;

// What the request was about.
struct Asked {
    std::size_t texts = 0;      // at least one
    std::size_t dimension = 0;  // 0 where it is not known yet: the first vector decides, and all must agree
};

struct EmbeddingAnswer {
    EmbedResult result;   // a row for each text, in the order of the texts
    std::string model;    // as the server calls it; empty when it does not say
    bool base64 = false;  // a vector came as base64
};

// Decodes the body of an answer with status 200.
//
// Vectors are placed by `index`; by their position only where none of them has one. Tokens are usage.prompt_tokens,
// else usage.total_tokens, else prompt_eval_count, else 0. Values are read as double and rounded to float32.
//
// One error for the call:
// - `internal`, with an excerpt of the body in `detail`: no JSON, or none of the shapes above; cut off; more or fewer
//   vectors than texts; an index that is missing from some, stands twice or is out of range; vectors of unlike
//   dimensions where none of them has the right one.
// - `misconfigured`: all vectors have one dimension, and it is not the asked one: the model behind the name is another
//   one.
//
// One `internal` error for a text, while the other rows stand: its vector is missing or empty, has another dimension
// than the rest, has a value that is not finite (NaN, null, 1e400, 1e39) or is no number, is broken base64, or is all
// zero.
[[nodiscard]] Result<EmbeddingAnswer> decode_embeddings(std::string body, const Asked& asked);

}  // namespace embedq::http
