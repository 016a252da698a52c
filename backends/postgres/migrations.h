// The schema, as numbered steps that are never edited once released, and how they are applied.
//
// The table `migrations` of the schema has a row for each step that was applied, with how many of its later indexes are
// built. A schema is usable as soon as all steps are applied; an index that is still to be built makes it slow at most.
// Thread-safety: plain functions on a connection that the caller holds. They throw Failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "connection.h"
#include "embedq/context.h"
#include "embedq/store.h"

namespace embedq::postgres {

// An index on a table that may be large already.
struct LaterIndex {
    std::string name;
    std::string statement;  // CREATE INDEX CONCURRENTLY, which blocks no writer
};

struct Migration {
    const char* name;
    std::string sql;                          // one transaction
    std::vector<LaterIndex> afterwards = {};  // each by itself, outside a transaction, once all steps are applied
};
using Migrations = std::vector<Migration>;

// How a step waits for a lock that somebody holds. All who come later stand behind the one who waits for a strong lock,
// whatever little they want: so it gives up soon, lets them pass, and comes again.
struct LockPatience {
    std::chrono::milliseconds each{2'000};
    std::chrono::milliseconds between{3'000};
    int tries = 10;
};

[[nodiscard]] const Migrations& migrations();
// `waiting` names what is not applied, and the indexes of applied steps that are not built.
[[nodiscard]] MigrationState read_migration_state(Connection& connection, const std::string& schema,
                                                  const Migrations& steps = migrations());
// Throws (misconfigured) unless the schema is exactly this build's.
void require_schema(Connection& connection, const std::string& schema, const Migrations& steps = migrations());
// Applies what waits. Any number of processes may do it at once: one works, the others wait without holding anything
// until the schema can be used; they do not wait for indexes. A process that dies, or a connection that breaks, leaves
// nothing half done that the next call does not finish. A step that gets no lock is `unavailable`, with who holds it.
// Waiting ends at a stop, as `unavailable`. `connection` must not be pooled, and has other settings afterwards: close
// it.
void apply_migrations(Connection& connection, const std::string& schema, Logger& logger,
                      const Migrations& steps = migrations(), const LockPatience& patience = {},
                      const std::stop_token& stop = {});

}  // namespace embedq::postgres
