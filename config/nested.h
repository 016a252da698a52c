// Nested values of an option that is a mapping of texts, such as { encoding: { type: float } }: the plugin gets JSON.
// Pure functions.
#pragma once

#include "config/document.h"
#include "config/files.h"

namespace embedq::config {

// The mapping with each nested value as a text, its JSON. A scalar in it that is JSON itself (true, 7) is taken as
// that, as one that is not nested is. Variables are expanded; one that is not set stays as it is written.
[[nodiscard]] Node with_nested_as_json(const Node& mapping, const Environment& environment);

}  // namespace embedq::config
