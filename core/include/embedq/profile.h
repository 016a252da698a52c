// Profiles: what makes two vectors comparable.
//
// Plain values. Times are by the store's clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "embedq/values.h"

namespace embedq {

// `fingerprint` is SHA-256 over plugin, model, model digest, dimension, prefixes, canonical-text version and length
// bound; `id` is the fingerprint for epoch 0, else SHA-256 over fingerprint and epoch.
struct Profile {
    Sha256 id{};
    Sha256 fingerprint{};
    std::uint32_t epoch = 0;  // grows when a whole catalog is embedded again by request
    std::string plugin;
    std::string model;
    std::string model_digest;
    std::size_t dimension = 0;
    std::string document_prefix;
    std::string query_prefix;
    std::uint32_t text_version = 0;
    std::size_t max_text_bytes = 0;  // 0: no bound
    double semantic_weight = 0.6;
    std::vector<std::pair<std::string, std::string>> public_options;

    friend bool operator==(const Profile&, const Profile&) = default;
};

// What a catalog is to be embedded by; no profile turns embedding off.
struct CatalogTarget {
    std::string catalog_id;
    std::string provider;
    std::optional<Profile> profile;
};

// How far the distinct texts of a set of specs are settled under their catalog's target profile.
struct Settlement {
    std::size_t specs = 0;
    std::size_t operations = 0;
    std::size_t distinct_texts = 0;
    std::size_t vectors = 0;   // texts with a vector that counts
    std::size_t refusals = 0;  // texts refused for good
    std::size_t cut = 0;       // of the vectors, those of a text of which only the beginning was embedded
    [[nodiscard]] std::size_t missing() const noexcept { return distinct_texts - vectors - refusals; }
};

// How much text a catalog has, and how much of it is settled under a profile.
struct Workload {
    std::size_t texts = 0;          // distinct
    std::size_t bytes = 0;          // of them, UTF-8
    std::size_t settled_texts = 0;  // of them: with a vector or a refusal that counts
    std::size_t settled_bytes = 0;
};

}  // namespace embedq
