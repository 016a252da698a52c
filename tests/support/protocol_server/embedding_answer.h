// The bodies of answers to embedding requests: valid ones, and those with a fault in their vectors, order or count.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dialect.h"
#include "script.h"
#include "vectors.h"

namespace protocol_server {

struct AnswerPlan {
    Protocol protocol = Protocol::openai;
    std::string model;
    std::vector<std::string> texts;
    std::optional<std::size_t> dimension;  // shorter than the model's own
    bool base64 = false;
    bool index = true;
    std::optional<std::size_t> tokens;  // of `usage`
    bool total_tokens_only = false;     // as Voyage's usage
    const Fault* fault = nullptr;
};

[[nodiscard]] std::string embedding_answer(const VectorTable& table, const AnswerPlan& plan);
// Ollama's {"embedding":[…]} for one text; [] for an empty one.
[[nodiscard]] std::string legacy_answer(const VectorTable& table, const std::string& text, const Fault* fault);

}  // namespace protocol_server
