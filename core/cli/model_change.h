// A catalog whose model is changing: the profile it is being embedded for, the one it is ranked by until then, and the
// progress.
//
// Thread-safety: functions without state; `model_change_of` calls the engine.
#pragma once

#include <optional>
#include <string>

#include "cli/present.h"
#include "embedq/engine.h"

namespace embedq::cli {

struct ModelChange {
    Profile target;
    Profile serving;
    Settlement progress;  // of the target
};

// Nothing if the catalog is ranked by the profile it is embedded for.
[[nodiscard]] Result<std::optional<ModelChange>> model_change_of(Engine& engine, const CatalogInfo& catalog);

// "ollama, model 'nomic-embed-text' (digest 0a6109f2, 768 dimensions)"
[[nodiscard]] std::string in_words(const Profile& profile);
// What a change would take: texts, bytes, tokens, calls.
[[nodiscard]] std::string in_words(const EmbeddingEstimate& work);
// "120 of 577 texts"
[[nodiscard]] std::string progress_of(const ModelChange& change);

[[nodiscard]] Json json_of(const Profile& profile);
[[nodiscard]] Json json_of(const ModelChange& change);
[[nodiscard]] Json json_of(const EmbeddingEstimate& work);

}  // namespace embedq::cli
