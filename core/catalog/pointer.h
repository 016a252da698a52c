// JSON pointers in `$ref`s: "#/paths/~1pets~1%7Bid%7D" is the two keys "paths" and "/pets/{id}".
//
// Internal to core/catalog. Thread-safety: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedq::catalog {

using JsonPointer = std::vector<std::string>;

// Each "%7B" replaced by its byte.
[[nodiscard]] std::string percent_decoded(std::string_view text);

// The keys of a local reference; nothing if it points outside the document or is not a pointer. `self` is the
// document's own URI, behind which a reference is local, too; empty for none.
[[nodiscard]] std::optional<JsonPointer> local_pointer(std::string_view ref, std::string_view self = {});

}  // namespace embedq::catalog
