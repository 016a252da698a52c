// The body of one request.
//
// Thread-safety: a function without state.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "openai/settings.h"

namespace embedq::openai {

// JSON for `texts`, each with its kind's prefix. `encoding` replaces that of the settings, which a server may have
// refused.
[[nodiscard]] std::string request_body(const OpenAiSettings& settings, std::span<const std::string_view> texts,
                                       TextKind kind, Encoding encoding);

}  // namespace embedq::openai
