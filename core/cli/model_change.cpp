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

}  // namespace embedq::cli
