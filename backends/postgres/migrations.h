// The schema, as numbered steps that are never edited once released, and how they are applied.
//
// The table `migrations` of the schema has a row for each step that was applied. Thread-safety: plain functions on a connection that the
// caller holds. They throw Failure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connection.h"
#include "embedq/context.h"
#include "embedq/store.h"

namespace embedq::postgres {

struct Migration {
    const char* name;
    std::string sql;                           // one transaction
    std::vector<std::string> afterwards = {};  // each by itself, outside a transaction: indexes built without blocking writers
};

[[nodiscard]] const std::vector<Migration>& migrations();
[[nodiscard]] MigrationState read_migration_state(Connection& connection, const std::string& schema);
// Throws (misconfigured) unless the schema is exactly this build's.
void require_schema(Connection& connection, const std::string& schema);
// Applies what waits. Any number of processes may do it at once: one works, the others wait for it without holding anything.
// `connection` must not be pooled.
void apply_migrations(Connection& connection, const std::string& schema, Logger& logger);

}  // namespace embedq::postgres
