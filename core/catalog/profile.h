// Makes a profile from what a provider reports.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "embedq/profile.h"
#include "embedq/provider.h"

namespace embedq::catalog {

// The profile of `plugin` as configured. The fingerprint is SHA-256 over, in this order: plugin, model, model digest,
// dimension, document prefix, query prefix, text version, length bound (`info.limits.max_text_bytes`). Each field is
// its length in bytes as a 64-bit little-endian number, then its bytes; a number is a field of 8 little-endian bytes.
// `text_version` is the form of the canonical text, `text_form` (catalog/document.h).
[[nodiscard]] Profile make_profile(std::string_view plugin, const ProviderInfo& info, std::uint32_t text_version,
                                   std::uint32_t epoch = 0);

// The same profile in another epoch, under which vectors are kept that were made again on request. The id is the
// fingerprint in epoch 0, else SHA-256 over the fields fingerprint and epoch.
[[nodiscard]] Profile with_epoch(Profile profile, std::uint32_t epoch);

// For people: "model 'm' (digest 0a6109f2, 768 dimensions)". The digest is cut to 12 characters, and omitted if
// there is none.
[[nodiscard]] std::string in_words(const Profile& profile);

}  // namespace embedq::catalog
