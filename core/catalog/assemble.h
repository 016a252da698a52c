// Makes the document from what a reader found: dialect, references of path items, ids, canonical texts.
//
// Internal to core/catalog. Thread-safety: a pure function of its arguments.
#pragma once

#include "catalog/document.h"
#include "catalog/raw_document.h"
#include "catalog/work.h"

namespace embedq::catalog {

[[nodiscard]] Result<Document> assemble(RawDocument raw, DocumentReader& reader, const Limits& limits, Work& work);

}  // namespace embedq::catalog
