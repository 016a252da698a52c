// Decodes answers of embedding servers directly into the row-major matrix of an EmbedResult.
//
// The shape of the answer decides how it is read, not the request, since servers ignore what they do not know:
//   OpenAI     {"data": [{"index": 0, "embedding": [0.1, …] | "base64"}, …], "usage": {"prompt_tokens": 7},
//               "model": "…"}
//   Ollama     {"embeddings": [[0.1, …], …], "prompt_eval_count": 7, "model": "…"}, and {"embedding": [0.1, …]} in its
//              first protocol
//   Gemini     {"embeddings": [{"values": [0.1, …]}, …], "usageMetadata": {"promptTokenCount": 7}}
//   llama.cpp  [{"index": 0, "embedding": [[0.1, …]]}, …] on a path of its own
//   TEI        [[0.1, …], …] on a path of its own
// Each vector is an array of numbers or base64 (http/base64.h).
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <string>

#include "embedq/error.h"
#include "embedq/provider.h"

namespace embedq::http {

// A body with this many bytes of capacity behind its end is decoded in place; any other is copied first.
inline constexpr std::size_t body_padding = 64;

// What the answer must contain.
struct Expected {
    std::size_t texts = 0;      // at least one
    std::size_t dimension = 0;  // 0 where it is not known yet: the first vector decides, and all must agree
};

struct EmbeddingAnswer {
    EmbedResult result;   // a row for each text, in the order of the texts
    std::string model;    // as the server calls it; empty when it gives none
    bool base64 = false;  // at least one vector was base64
};

// What is wrong with an answer with status 200, for those who then ask in another way.
struct Flaw {
    bool other_dimension = false;  // all vectors have the same dimension, but not the expected one
    bool no_vector = false;        // it is complete, but has no vector in a form that can be read
};

// Decodes the body of an answer with status 200. `flaw`, where given, is set also where only texts have errors.
//
// Vectors are ordered by `index`, or by position where none of them has one. Tokens are usage.prompt_tokens, else
// usage.total_tokens, else usageMetadata.promptTokenCount, else prompt_eval_count, else 0. Values are
// read as double and rounded to float32.
//
// One error for the call:
// - `internal`, with an excerpt of the body in `detail`: not JSON, or none of the shapes above; cut off; more or fewer
//   vectors than texts; an index that is missing from some vectors, repeated or out of range; vectors of different
//   dimensions where none of them has the expected one.
// - `misconfigured`: all vectors have the same dimension, but not the expected one, so the name now stands for another
//   model.
//
// One `internal` error for a text, while the other rows are kept: its vector is missing or empty, has another dimension
// than the rest, has a value that is not a number or not finite (NaN, null, 1e400, 1e39), is invalid base64, or is all
// zero.
[[nodiscard]] Result<EmbeddingAnswer> decode_embeddings(std::string body, const Expected& expected,
                                                        Flaw* flaw = nullptr);

}  // namespace embedq::http
