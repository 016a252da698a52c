// Which OpenAPI a document is written in.
//
// Internal to core/catalog. Thread-safety: a pure function.
#pragma once

#include <string>

#include "catalog/raw_document.h"

namespace embedq::catalog {

// "OpenAPI 3.0.1", "Swagger 2.0", or what the document seems to be instead.
[[nodiscard]] Result<std::string> dialect_of(const RawDocument& raw);

}  // namespace embedq::catalog
