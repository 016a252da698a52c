// Whether a text that could not be read as an API document says that it is one.
//
// Thread-safety: a pure function.
#pragma once

#include <string_view>

namespace embedq::catalog {

// True if one of the keys `openapi` and `swagger` stands where the outermost keys do, in JSON or YAML, whether or not
// the rest can be read, and whether or not there are characters in it that cannot be seen; also in UTF-16 and UTF-32.
[[nodiscard]] bool claims_to_be_document(std::string_view content);

}  // namespace embedq::catalog
