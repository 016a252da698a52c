// The bodies of embedding requests.
//
// Thread-safety: functions without state.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ollama/settings.h"

namespace embedq::ollama {

// For /api/embed: `texts`, each with its kind's prefix.
[[nodiscard]] std::string embed_body(const OllamaSettings& settings, std::span<const std::string_view> texts,
                                     TextKind kind);
// For /api/embeddings, which servers before 0.3 have: one text.
[[nodiscard]] std::string legacy_body(const OllamaSettings& settings, std::string_view text, TextKind kind);
// For /api/embed: loads the model and embeds nothing.
[[nodiscard]] std::string loading_body(const OllamaSettings& settings);
// For /api/show and /api/pull. Servers before 0.1.45 know only the member `name`.
[[nodiscard]] std::string model_body(const OllamaSettings& settings);

}  // namespace embedq::ollama
