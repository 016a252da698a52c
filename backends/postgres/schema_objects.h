// The objects that the migrations of this build create, read from their text: to find what is missing from a schema
// without creating another one.
//
// Thread-safety: pure functions.
#pragma once

#include <map>
#include <string>

#include "migrations.h"

namespace embedq::postgres {

// "table specs", "index jobs_due", "constraint specs_ref_fkey", "function claim", … with the statement that creates it
// again; empty if only a backup has what is missing.
using SchemaObjects = std::map<std::string, std::string>;

// The objects of the first `count` steps. `schema` is quoted, for the statements.
[[nodiscard]] SchemaObjects objects_of(const Migrations& steps, std::size_t count, const std::string& schema);

}  // namespace embedq::postgres
