// What is said of a catalog or a spec that does not exist: the nearest name that does, and the command that lists all.
//
// Thread-safety: the engine's.
#pragma once

#include <optional>
#include <string>

#include "embedq/engine.h"
#include "embedq/error.h"

namespace embedq::cli {

// `error`, or another one in its place if it is `not_found`, and the catalog or the spec that were named does not
// exist. Without a catalog the spec may be in any.
[[nodiscard]] Error with_nearest_name(Engine& engine, const Error& error, const std::optional<std::string>& catalog,
                                      const std::optional<std::string>& spec = std::nullopt);

}  // namespace embedq::cli
