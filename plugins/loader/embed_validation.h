// What a provider's answers must satisfy before anything of them is used.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>

#include "embedq/error.h"
#include "embedq/provider.h"

namespace embedq::plugins {

// `misconfigured` when the dimension is 0, no endpoint is named, or the semantic weight is not in [0, 1].
[[nodiscard]] Status validate_info(const ProviderInfo& info);

// Checks the answer to a request of `texts` texts by a provider whose info says `dimension`.
// - Another dimension is `misconfigured`: the name now stands for another model.
// - A number of rows other than `texts`, broken rows, or an error for a text that is not in the request is `internal`.
// - A row with a value that is not finite, or of zeros only, becomes an `internal` error of its text; the other rows
//   remain valid. The errors are returned in the order of the texts, one per text. If every text has an error, the
//   rows may be missing.
[[nodiscard]] Result<EmbedResult> validate_embed_result(EmbedResult result, std::size_t texts, std::size_t dimension);

}  // namespace embedq::plugins
