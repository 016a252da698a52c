// The compiled-in tables of the lexical provider. A change of any of them needs a new `weights_version`.
//
// Thread-safety: pure functions.
#pragma once

#include <string_view>

namespace embedq::lexical {

// The class of a verb ("get", "list" and "fetch" are all "read"), or empty.
[[nodiscard]] std::string_view verb_class(std::string_view word);

}  // namespace embedq::lexical
