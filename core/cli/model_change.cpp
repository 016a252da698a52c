#include "cli/model_change.h"

#include <fmt/format.h>

#include "catalog/profile.h"

namespace embedq::cli {

Result<std::optional<ModelChange>> model_change_of(Engine& engine, const CatalogInfo& catalog) {
    if (!catalog.target_profile || !catalog.serving_profile || catalog.target_profile == catalog.serving_profile)
        return std::nullopt;
    auto target = engine.profile(*catalog.target_profile);
    if (!target) return std::unexpected(target.error());
    auto serving = engine.profile(*catalog.serving_profile);
    if (!serving) return std::unexpected(serving.error());
    const auto progress = engine.settlement(catalog.catalog_id, {});
    if (!progress) return std::unexpected(progress.error());
    return ModelChange{std::move(*target), std::move(*serving), *progress};
}

std::string in_words(const Profile& profile) {
    return fmt::format("{}, {}{}", profile.plugin, catalog::in_words(profile),
                       profile.epoch > 0 ? fmt::format(", epoch {}", profile.epoch) : "");
}

std::string in_words(const EmbeddingEstimate& work) {
    return fmt::format("{}, {} of them embedded already; {} to embed: {} bytes, about {} tokens, {} to '{}'",
                       counted(work.texts, "text"), count_of(work.settled_texts), count_of(work.to_embed()),
                       count_of(work.bytes), count_of(work.tokens), counted(work.calls, "call"), work.provider);
}

std::string progress_of(const ModelChange& change) {
    return fmt::format("{} of {}", count_of(change.progress.vectors + change.progress.refusals),
                       counted(change.progress.distinct_texts, "text"));
}

Json json_of(const Profile& profile) {
    Json json{{"id", hex_of(profile.id)}, {"plugin", profile.plugin}, {"model", profile.model}};
    if (!profile.model_digest.empty()) json["model_digest"] = profile.model_digest;
    json["dimension"] = profile.dimension;
    json["epoch"] = profile.epoch;
    return json;
}

Json json_of(const ModelChange& change) {
    return {{"target", json_of(change.target)},
            {"serving", json_of(change.serving)},
            {"texts", change.progress.distinct_texts},
            {"settled", change.progress.vectors + change.progress.refusals}};
}

Json json_of(const EmbeddingEstimate& work) {
    return {{"provider", work.provider},
            {"profile", json_of(work.profile)},
            {"changes_target", work.changes_target},
            {"texts", work.texts},
            {"settled_texts", work.settled_texts},
            {"to_embed", work.to_embed()},
            {"bytes", work.bytes},
            {"tokens", work.tokens},
            {"calls", work.calls}};
}

}  // namespace embedq::cli
